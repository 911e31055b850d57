"""Hyperliquid: marks by coin; an account's states, fills and ledger by address."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from liqwatch.exchanges.payloads.hyperliquid_market import read_mark_frame
from liqwatch.exchanges.payloads.hyperliquid_stream import UserEar
from liqwatch.exchanges.plumbing.changes import Heard
from liqwatch.exchanges.plumbing.listing import Listing
from liqwatch.testing.contract import VenueContract

NOW = datetime(2026, 11, 1, tzinfo=UTC)
RECORDED_USER = "0x0000000000000000000000000000000000000001"


def read_account(frame: bytes, listing: Listing) -> Heard:
    """As an account that keeps a wallet a dex hears it for the first time."""
    return UserEar(user=RECORDED_USER, keeps_wallets=True).hear(frame, listing, NOW)


def marks_of(document: Any) -> list[tuple[str, float, int]]:
    """The mark of an `activeAssetCtx`; such frames have no time."""
    if not isinstance(document, dict) or document.get("channel") != "activeAssetCtx":
        return []
    return [(document["data"]["coin"], float(document["data"]["ctx"]["markPx"]), 0)]


CONTRACT = VenueContract(
    exchange="hyperliquid",
    wire="hyperliquid",
    read_market=read_mark_frame,
    read_account=read_account,
    market_channels=frozenset({"activeAssetCtx", "control"}),
    account_channels=frozenset(
        {"allDexsClearinghouseState", "clearinghouseState", "userEvents", "userFills", "control"}
    ),
    unclaimed={
        "activeAssetData": "leverage and room to trade of one coin; states tell what is held",
        "allDexsAssetCtxs": "all marks in 96 KB by place in the universe; each coin has a stream of its own",
        "allMids": "mid prices, which liquidate nobody",
        "bbo": "best bid and offer, which liquidate nobody",
        "fastAssetCtxs": "compressed changes of all contexts; each coin has a stream of its own",
        "notification": "news about orders, in words for people",
        "orderUpdates": "orders are asked for over REST",
        "spotState": "moves with every mark in a unified account; REST is asked when money has moved",
        "userFundings": "userEvents tells of funding, and the state holds its effect",
        "webData3": "sums for the venue's own pages",
    },
    marks_of=marks_of,
)
