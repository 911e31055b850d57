"""The daemon at Hyperliquid: an address alone, the venue's own dex and a builder-deployed one."""

from __future__ import annotations

from pathlib import Path

from liqwatch.model import Side
from liqwatch.testing.venue import VenueAccount, VenuePosition
from liqwatch.testing.venue_tale import Closing, Crossing, Found, VenueTale

ADDRESS = "0x" + "aB" * 20
BTC, XYZ100 = "BTC/USDC:USDC", "XYZ-XYZ100/USDC:USDC"
XYZ100_LIQUIDATION = "liquidation 20,746"
"""(30,400 - 500 / 0.05) / (1 - 1/60): the other dex's 1,000 USDC do not help."""


def the_account() -> VenueAccount:
    return VenueAccount(
        api_key=ADDRESS.lower(),
        cross_wallets={"USDC": 1_000.0, "xyz:USDC": 500.0},
        positions=[
            VenuePosition(
                native_symbol="BTC",
                side=Side.SHORT,
                contracts=0.05,
                entry_price=86_000.0,
                leverage=3,
                isolated_wallet=1_433.0,
            ),
            VenuePosition(
                native_symbol="xyz:XYZ100", side=Side.LONG, contracts=0.05, entry_price=30_400.0, leverage=10
            ),
        ],
    )


async def test_positions_of_every_dex_are_found_alerted_on_and_watched_through_outages(tmp_path: Path) -> None:
    tale = VenueTale(
        exchange="hyperliquid",
        accounts={"main": the_account()},
        found=[
            Found("main", BTC, "short", "isolated"),
            Found("main", XYZ100, "long", "cross"),
        ],
        crossings=[
            Crossing("xyz:XYZ100", 22_000.0, 30_400.0, XYZ100, XYZ100_LIQUIDATION),
        ],
        closing=Closing(ADDRESS.lower(), "BTC", Side.SHORT),
        refusal={"error": "busy"},
        credentials_of=lambda _account: {"wallet_address": ADDRESS},
    )
    told = await tale.play(tmp_path)
    for crossing, message in zip(tale.crossings, told, strict=True):
        assert crossing.words in message
        assert crossing.liquidation in message
