"""What is recorded of OKX, and what of it is read."""

from __future__ import annotations

from typing import Any

from liqwatch.exchanges._okx_account import OkxAccountDialect
from liqwatch.exchanges._okx_market import OkxMarkDialect
from liqwatch.exchanges.okx import LIVE
from liqwatch.testing.contract import VenueContract

UNCLAIMED = {
    "funding-rate": "funding is asked over REST",
    "index-tickers": "the index is not the mark",
    "open-interest": "says nothing about a price or an account",
    "price-limit": "limits of order prices are not the mark",
    "status": "announced maintenance; the notice before a cut is read",
    "tickers": "last prices are not the mark",
}


def marks_of(document: Any) -> list[tuple[str, float, int]]:
    if not isinstance(document, dict) or document.get("arg", {}).get("channel") != "mark-price":
        return []
    return [(row["instId"], float(row["markPx"]), int(row["ts"])) for row in document.get("data", [])]


CONTRACT = VenueContract(
    exchange="okx",
    wire="okx",
    read_market=OkxMarkDialect("okx", LIVE).read,
    read_account=OkxAccountDialect("okx", LIVE).hear,
    market_channels=frozenset({"mark-price", "liquidation-orders", "control"}),
    account_channels=frozenset(
        {"account", "adl-warning", "balance_and_position", "liquidation-warning", "orders", "positions"}
    ),
    unclaimed=UNCLAIMED,
    marks_of=marks_of,
    sessions=("okx_public_",),
)
