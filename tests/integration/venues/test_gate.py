"""The daemon at Gate: isolated and cross positions in two settle families, each family on a stream of its own."""

from __future__ import annotations

from contextlib import aclosing
from pathlib import Path

from liqwatch.exchanges import load_exchange
from liqwatch.model import AccountSnapshot, Side
from liqwatch.ports import AccountOptions
from liqwatch.testing.adapter_options import options_at
from liqwatch.testing.venue import VenueAccount, VenuePosition
from liqwatch.testing.venue.simulator import VenueSimulator
from liqwatch.testing.venue.wires import load_wire
from liqwatch.testing.venue_tale import Closing, Crossing, Found, VenueTale

KEY, SECRET = "gate-key", "gate-secret"
ISOLATED, CROSS, OTHER_FAMILY = "BTC/USDT:USDT", "ETH/USDT:USDT", "BTC/USD1:USD1"
ISOLATED_LIQUIDATION = "liquidation 78,372.2"
"""(117,000 - 39,000) / (1 - 0.004 - 0.00075): the taker fee counts."""
CROSS_LIQUIDATION = "liquidation 6,270.2"
"""(2,000 + 4,300) / (1 + 0.004 + 0.00075), of one ETH."""


def the_account() -> VenueAccount:
    return VenueAccount(
        api_key=KEY,
        secret=SECRET,
        cross_wallets={"USDT": 2_000.0, "USD1": 30.0},
        positions=[
            VenuePosition(
                native_symbol="BTC_USDT",
                side=Side.LONG,
                contracts=10_000.0,
                entry_price=117_000.0,
                leverage=3,
                isolated_wallet=39_000.0,
            ),
            VenuePosition(native_symbol="ETH_USDT", side=Side.SHORT, contracts=100.0, entry_price=4_300.0, leverage=5),
            VenuePosition(native_symbol="BTC_USD1", side=Side.LONG, contracts=4.0, entry_price=117_010.0, leverage=3),
        ],
    )


async def test_positions_of_both_families_are_found_alerted_on_and_watched_through_outages(tmp_path: Path) -> None:
    tale = VenueTale(
        exchange="gate",
        accounts={"main": the_account()},
        found=[
            Found("main", ISOLATED, "long", "isolated"),
            Found("main", CROSS, "short", "cross"),
            Found("main", OTHER_FAMILY, "long", "cross"),
        ],
        crossings=[
            Crossing("BTC_USDT", 84_000.0, 117_000.0, ISOLATED, ISOLATED_LIQUIDATION),
            Crossing("ETH_USDT", 5_900.0, 4_300.0, CROSS, CROSS_LIQUIDATION),
        ],
        closing=Closing(KEY, "BTC_USDT", Side.LONG),
        refusal={"label": "SERVER_ERROR", "message": "Internal server error"},
    )
    told = await tale.play(tmp_path)
    for crossing, message in zip(tale.crossings, told, strict=True):
        assert crossing.words in message
        assert crossing.liquidation in message


async def test_a_liquidation_is_told_as_one_and_every_page_is_read() -> None:
    wire = load_wire("gate")
    async with VenueSimulator(wire, accounts=[the_account()], publish_every_seconds=None, liquidates=True) as venue:
        venue.faults.page_limit = 1
        adapter = load_exchange("gate")
        options = options_at(venue)
        market = adapter.open_market(options)
        key = AccountOptions(account="main", credentials={"api_key": KEY, "secret": SECRET})
        account = adapter.open_account(options, key, market)
        seen: list[AccountSnapshot] = []
        async with aclosing(account.changes()) as changes:  # type: ignore[type-var]  # it is a generator
            async for snapshot in changes:
                seen.append(snapshot)
                if len(seen) == 1:
                    assert len(snapshot.positions) == 3
                    venue.set_price("BTC_USDT", 78_000.0)
                    await venue.publish()
                if len(snapshot.positions) == 2:
                    break
        assert seen[-1].forced == {f"{ISOLATED} long": "liquidated by the venue"}
        await account.close()
        await market.close()
