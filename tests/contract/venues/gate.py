"""What is recorded of Gate, and what of it is read."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from liqwatch.exchanges.payloads.gate_events import hear_frame
from liqwatch.exchanges.payloads.gate_market import read_mark_frame
from liqwatch.testing.contract import VenueContract

UNCLAIMED = {
    "book_ticker": "the best bid and ask are not the mark",
    "contract_stats": "statistics of an interval: their mark is older than the ticker's",
    "usertrades": "own trades: what they change is pushed as a position too",
}


def marks_of(document: Any) -> list[tuple[str, float, int]]:
    if not isinstance(document, dict) or document.get("channel") != "futures.tickers":
        return []
    at_ms = int(document.get("time_ms", 0))
    return [(row["contract"], float(row["mark_price"]), at_ms) for row in rows_in(document.get("result"))]


def rows_in(result: Any) -> Iterator[dict[str, Any]]:
    if isinstance(result, list):
        for each in result:
            yield from rows_in(each)
    elif isinstance(result, dict) and "mark_price" in result:
        yield result


CONTRACT = VenueContract(
    exchange="gate",
    wire="gate",
    read_market=read_mark_frame,
    read_account=hear_frame,
    market_channels=frozenset({"tickers", "public_liquidates", "control", "system"}),
    account_channels=frozenset(
        {
            "auto_deleverages",
            "balances",
            "liquidates",
            "orders",
            "position_adl_rank",
            "position_closes",
            "positions",
            "reduce_risk_limits",
        }
    ),
    unclaimed=UNCLAIMED,
    marks_of=marks_of,
    sessions=("gate_futures_",),
)
