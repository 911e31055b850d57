"""What is recorded of Kraken Futures, and what of it is read."""

from __future__ import annotations

from typing import Any

from liqwatch.clock import SystemClock
from liqwatch.exchanges._kraken_futures_account import KrakenFuturesAccount
from liqwatch.exchanges.payloads.kraken_futures_market import read_market_frame
from liqwatch.testing.contract import VenueContract

UNCLAIMED = {
    "account_balances_and_margins": "the feed of 2021 that balances has replaced",
    "notifications_auth": "announcements to everybody, not about the account",
    "ticker_lite": "the best bid and ask, without a mark",
}


def marks_of(document: Any) -> list[tuple[str, float, int]]:
    if not isinstance(document, dict) or document.get("feed") != "ticker" or "event" in document:
        return []
    return [(document["product_id"], float(document["markPrice"]), int(document["time"]))]


CONTRACT = VenueContract(
    exchange="kraken_futures",
    wire="krakenfutures",
    read_market=read_market_frame,
    read_account=KrakenFuturesAccount("kraken_futures", SystemClock(), "wss://futures.kraken.com").hear,
    market_channels=frozenset({"ticker", "heartbeat", "control"}),
    account_channels=frozenset(
        {"open_positions", "balances_snapshot", "fills", "fills_snapshot", "open_orders", "open_orders_snapshot"}
    ),
    unclaimed=UNCLAIMED,
    marks_of=marks_of,
    sessions=("krakenfutures_2021-",),
)
