"""What is recorded of Bybit, and what of it is read."""

from __future__ import annotations

from typing import Any

from liqwatch.exchanges._bybit_account import BybitAccountDialect
from liqwatch.exchanges.bybit import LIVE, BybitMarkDialect
from liqwatch.testing.contract import VenueContract

UNCLAIMED = {
    "greeks": "greeks of options: options are not read",
    "liquidation_OLD": "the topic that allLiquidation has replaced; the venue refuses it now",
    "tickers_spot": "spot tickers have no mark price",
    "v2_instrument_info_OLD": "the second version of the interface, which has ended",
}


def marks_of(document: Any) -> list[tuple[str, float, int]]:
    if not isinstance(document, dict) or not str(document.get("topic", "")).startswith("tickers."):
        return []
    row = document["data"]
    return [(row["symbol"], float(row["markPrice"]), int(document["ts"]))] if "markPrice" in row else []


CONTRACT = VenueContract(
    exchange="bybit",
    wire="bybit",
    read_market=BybitMarkDialect("bybit", LIVE).read,
    read_account=BybitAccountDialect("bybit", LIVE).hear,
    market_channels=frozenset({"tickers", "allLiquidation", "control"}),
    account_channels=frozenset({"position", "wallet", "order", "execution"}),
    unclaimed=UNCLAIMED,
    marks_of=marks_of,
    sessions=("bybit_linear_",),
)
