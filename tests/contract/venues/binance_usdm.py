"""What is recorded of Binance USDⓈ-M, and what of it is read."""

from __future__ import annotations

from typing import Any

from liqwatch.exchanges._binance import USD_MARGINED, BinanceMarkDialect
from liqwatch.exchanges._binance_account import BinanceAccountDialect
from liqwatch.exchanges.binance_usdm import LIVE
from liqwatch.testing.contract import VenueContract

UNCLAIMED = {
    "aggTrade": "trades: the last price is not the mark",
    "assetIndex": "index prices of collateral: the multi-asset pool is read as a sum over REST",
    "bookTicker": "the best bid and ask are not the mark",
    "contractInfo": "listings and brackets are read over REST",
    "indexPrice": "the index is not the mark",
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
        if isinstance(row, dict) and row.get("e") == "markPriceUpdate" and row.get("st", 1) == 1
    ]


CONTRACT = VenueContract(
    exchange="binance_usdm",
    wire="binance-usdm",
    read_market=BinanceMarkDialect("binance_usdm", LIVE, USD_MARGINED).read,
    read_account=BinanceAccountDialect("binance_usdm", LIVE, USD_MARGINED).hear,
    market_channels=frozenset({"markPrice", "markPrice_arr", "forceOrder", "control"}),
    account_channels=frozenset(
        {
            "ACCOUNT_CONFIG_UPDATE",
            "ACCOUNT_UPDATE",
            "ALGO_UPDATE",
            "CONDITIONAL_ORDER_TRIGGER_REJECT",
            "MARGIN_CALL",
            "ORDER_TRADE_UPDATE",
            "TRADE_LITE",
            "listenKeyExpired",
            "riskLevelChange",
        }
    ),
    unclaimed=UNCLAIMED,
    marks_of=marks_of,
    sessions=("binance-usdm_2026",),
)
