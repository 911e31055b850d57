"""What the contract suite must know of Deribit."""

from __future__ import annotations

from typing import Any

from liqwatch.exchanges.payloads.deribit_market import read_market_frame
from liqwatch.exchanges.payloads.deribit_pushes import hear_frame
from liqwatch.testing.contract import VenueContract


def marks_of(document: Any) -> list[tuple[str, float, int]]:
    """The mark of a ticker notification. Answers to REST questions among the recordings are no frames of the stream."""
    parameters = document.get("params", {})
    if document.get("method") != "subscription" or not parameters["channel"].startswith("ticker."):
        return []
    data = parameters["data"]
    return [(data["instrument_name"], float(data["mark_price"]), data["timestamp"])]


CONTRACT = VenueContract(
    exchange="deribit",
    wire="deribit",
    read_market=read_market_frame,
    read_account=hear_frame,
    market_channels=frozenset({"ticker", "control"}),
    account_channels=frozenset({"user_portfolio"}),
    unclaimed={
        "perpetual": "funding is asked over REST; the channel has no mark",
        "quote": "best bid and ask are no mark",
    },
    marks_of=marks_of,
    sessions=("deribit_public_",),
)
