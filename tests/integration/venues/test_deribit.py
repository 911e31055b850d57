"""The daemon at Deribit: a linear and an inverse perpetual, each in the pool of its own currency."""

from __future__ import annotations

from pathlib import Path

from liqwatch.model import Side
from liqwatch.testing.venue import VenueAccount, VenuePosition
from liqwatch.testing.venue_tale import Closing, Crossing, Found, VenueTale

KEY, SECRET = "deribit-key", "deribit-secret"
LINEAR, INVERSE = "BTC/USDC:USDC", "BTC/USD:BTC"
LINEAR_LIQUIDATION = "liquidation 77,778"
"""(0.1 * 117,000 - 4,000) / (0.1 * (1 - 0.01)); the growth of the rate with 0.1 BTC moves it by 30 cents."""
INVERSE_LIQUIDATION = "liquidation 163,71"
"""20,000 (1 - 0.01) / (20,000 / 117,000 - 0.05), less a dollar or two for the growth of the rate."""


def the_account() -> VenueAccount:
    return VenueAccount(
        api_key=KEY,
        secret=SECRET,
        cross_wallets={"USDC": 4_000.0, "BTC": 0.05},
        positions=[
            VenuePosition(
                native_symbol="BTC_USDC-PERPETUAL", side=Side.LONG, contracts=100.0, entry_price=117_000.0, leverage=3
            ),
            VenuePosition(
                native_symbol="BTC-PERPETUAL", side=Side.SHORT, contracts=2_000.0, entry_price=117_000.0, leverage=3
            ),
        ],
    )


async def test_both_kinds_of_contracts_are_found_alerted_on_and_watched_through_outages(tmp_path: Path) -> None:
    tale = VenueTale(
        exchange="deribit",
        accounts={"main": the_account()},
        found=[
            Found("main", LINEAR, "long", "cross"),
            Found("main", INVERSE, "short", "cross"),
        ],
        crossings=[
            Crossing("BTC_USDC-PERPETUAL", 82_500.0, 117_000.0, LINEAR, LINEAR_LIQUIDATION),
            Crossing("BTC-PERPETUAL", 155_000.0, 117_000.0, INVERSE, INVERSE_LIQUIDATION),
        ],
        closing=Closing(KEY, "BTC_USDC-PERPETUAL", Side.LONG),
        refusal={"error": {"code": 11051, "message": "system_maintenance"}},
    )
    told = await tale.play(tmp_path)
    for crossing, message in zip(tale.crossings, told, strict=True):
        assert crossing.words in message
        assert crossing.liquidation in message
