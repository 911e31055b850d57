"""What the contract suite must know of Bitget."""

from __future__ import annotations

from typing import Any

from liqwatch.exchanges.payloads.bitget_events import read_account_frame
from liqwatch.exchanges.payloads.bitget_market import read_mark_frame
from liqwatch.testing.contract import VenueContract


def marks_of(document: Any) -> list[tuple[str, float, int]]:
    """The mark of a ticker row: v2 names and dates each row, v3 only the frame."""
    argument = document.get("arg", {})
    if "action" not in document or "ticker" not in (argument.get("channel"), argument.get("topic")):
        return []
    return [
        (
            row.get("instId") or argument.get("instId") or argument["symbol"],
            float(row["markPrice"]),
            int(row.get("ts") or document["ts"]),
        )
        for row in document["data"]
        if row.get("markPrice")
    ]


CONTRACT = VenueContract(
    exchange="bitget",
    wire="bitget",
    read_market=read_mark_frame,
    read_account=read_account_frame,
    market_channels=frozenset({"ticker", "uta_ticker", "control"}),
    account_channels=frozenset({"positions", "account", "orders", "uta_position", "uta_account", "uta_order"})
    | {"uta_adl-notification"},
    unclaimed={
        "equity": "sums over all coins; balances are asked over REST when the account channel speaks",
        "fill": "what a fill changes arrives as a position too",
        "positions-history": "an ended position is absent from the next full list",
        "uta_fill": "what a fill changes arrives as a position too",
        "v1_OLD_ticker": "the old protocol, switched off by the venue",
    },
    marks_of=marks_of,
)
"""The recorded session `bitget_mix_v1_*` speaks the old protocol and is not replayed."""
