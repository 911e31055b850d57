"""What is recorded of Binance COIN-M, and what of it is read."""

from __future__ import annotations

from typing import Any

from liqwatch.exchanges._binance import COIN_MARGINED, BinanceMarkDialect
from liqwatch.exchanges._binance_account import BinanceAccountDialect
from liqwatch.exchanges.binance_coinm import LIVE
from liqwatch.testing.contract import VenueContract

UNCLAIMED = {
    "aggTrade": "trades: the last price is not the mark",
    "bookTicker": "the best bid and ask are not the mark",
    "contractInfo": "listings and brackets are read over REST",
    "miniTicker": "last prices are not the mark",
    "miniTicker_arr": "last prices are not the mark",
    "ticker": "last prices are not the mark",
    "ticker_arr": "last prices are not the mark",
}


def marks_of(document: Any) -> list[tuple[str, float, int]]:
    rows = document.get("data", document) if isinstance(document, dict) else document
    return [
        (row["s"], float(row["p"]), int(row["E"]))
        for row in (rows if isinstance(rows, list) else [rows])
        if isinstance(row, dict) and row.get("e") == "markPriceUpdate" and row.get("st", 2) == 2
    ]


CONTRACT = VenueContract(
    exchange="binance_coinm",
    wire="binance-coinm",
    read_market=BinanceMarkDialect("binance_coinm", LIVE, COIN_MARGINED).read,
    read_account=BinanceAccountDialect("binance_coinm", LIVE, COIN_MARGINED).hear,
    market_channels=frozenset({"markPrice", "markPrice_arr", "forceOrder", "control"}),
    account_channels=frozenset(
        {
            "ACCOUNT_CONFIG_UPDATE",
            "ACCOUNT_UPDATE",
            "MARGIN_CALL",
            "ORDER_TRADE_UPDATE",
        }
    ),
    unclaimed=UNCLAIMED,
    marks_of=marks_of,
)
