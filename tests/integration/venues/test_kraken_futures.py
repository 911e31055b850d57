"""The daemon at Kraken Futures: multi-collateral positions, cross and isolated, beside an inverse one."""

from __future__ import annotations

import base64
from contextlib import aclosing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from liqwatch.errors import CredentialsError
from liqwatch.exchanges import load_exchange
from liqwatch.model import AccountSnapshot, Side
from liqwatch.ports import AccountData, AccountOptions, Market
from liqwatch.testing.adapter_options import options_at
from liqwatch.testing.venue import VenueAccount, VenuePosition
from liqwatch.testing.venue.simulator import VenueSimulator
from liqwatch.testing.venue.wires import load_wire
from liqwatch.testing.venue_tale import Closing, Crossing, Found, VenueTale

KEY, SECRET = "kraken-key", base64.b64encode(b"kraken-secret-of-a-test").decode()
CROSS, ISOLATED, INVERSE = "BTC/USD:USD", "ETH/USD:USD", "BTC/USD:BTC"
CROSS_LIQUIDATION = "liquidation 77,778"
"""(117,000 - 40,000) / (1 - 0.01), to the tick."""
INVERSE_LIQUIDATION = 10_000 * 1.01 / (0.05 + 10_000 / 117_000)


def the_account() -> VenueAccount:
    return VenueAccount(
        api_key=KEY,
        secret=SECRET,
        cross_wallets={"USD": 40_000.0, "BTC": 0.05},
        positions=[
            VenuePosition(native_symbol="PF_XBTUSD", side=Side.LONG, contracts=1.0, entry_price=117_000.0, leverage=3),
            VenuePosition(
                native_symbol="PF_ETHUSD",
                side=Side.SHORT,
                contracts=10.0,
                entry_price=4_300.0,
                leverage=2,
                isolated_wallet=21_500.0,
            ),
            VenuePosition(native_symbol="PI_XBTUSD", side=Side.LONG, contracts=10_000.0, entry_price=117_000.0),
        ],
    )


def opened(venue: VenueSimulator, secret: str = SECRET) -> tuple[Market, AccountData]:
    adapter = load_exchange("kraken_futures")
    options = options_at(venue)
    market = adapter.open_market(options)
    key = AccountOptions(account="main", credentials={"api_key": KEY, "secret": secret})
    return market, adapter.open_account(options, key, market)


async def test_positions_of_all_wallets_are_found_alerted_on_and_watched_through_outages(tmp_path: Path) -> None:
    tale = VenueTale(
        exchange="kraken_futures",
        accounts={"main": the_account()},
        found=[
            Found("main", CROSS, "long", "cross"),
            Found("main", ISOLATED, "short", "isolated"),
            Found("main", INVERSE, "long", "cross"),
        ],
        crossings=[
            Crossing("PF_XBTUSD", 84_000.0, 117_000.0, f"{CROSS} long", CROSS_LIQUIDATION),
        ],
        closing=Closing(KEY, "PF_ETHUSD", Side.SHORT),
        refusal={"result": "error", "error": "Unavailable"},
    )
    told = await tale.play(tmp_path)
    for crossing, message in zip(tale.crossings, told, strict=True):
        assert crossing.words in message
        assert crossing.liquidation in message


async def test_a_liquidation_is_told_as_one_and_thresholds_come_by_the_stream() -> None:
    wire = load_wire("kraken_futures")
    async with VenueSimulator(wire, accounts=[the_account()], publish_every_seconds=0.1, liquidates=True) as venue:
        market, account = opened(venue)
        first = await account.snapshot()
        assert first.cross_wallets == pytest.approx({"USD": 40_000.0, "BTC": 0.05})
        assert all(position.reported_liquidation_price is None for position in first.positions)
        seen: list[AccountSnapshot] = []
        async with aclosing(account.changes()) as changes:  # type: ignore[type-var]  # it is a generator
            async for snapshot in changes:
                seen.append(snapshot)
                prices = {each.symbol: each.reported_liquidation_price for each in snapshot.positions}
                if prices.get(INVERSE) is not None and prices.get(ISOLATED) is not None:
                    assert prices[INVERSE] == pytest.approx(INVERSE_LIQUIDATION)
                    assert prices[ISOLATED] == pytest.approx((21_500 + 43_000) / 10.1)
                    venue.set_price("PF_ETHUSD", 6_500.0)
                if len(snapshot.positions) == 2:
                    break
        assert seen[-1].forced == {f"{ISOLATED} short": "liquidated by the venue"}
        await account.close()
        await market.close()


async def test_what_everybody_is_told_and_what_a_key_adds() -> None:
    async with VenueSimulator(load_wire("kraken_futures"), accounts=[the_account()]) as venue:
        market, account = opened(venue)
        instruments = await market.instruments()
        assert {INVERSE, CROSS, "BTC/USD:USD-271231"} <= set(instruments)
        assert [row[:2] for row in await market.mark_prices([INVERSE])] == [(INVERSE, 117_000.0)]
        assert len(await market.mark_prices([INVERSE, CROSS])) == 2
        rates = await market.funding_rates([INVERSE, CROSS, "BTC/USD:USD-271231"])
        assert [rate.rate for rate in rates] == pytest.approx([0.00001, 0.00001])
        until = datetime.now(UTC)  # noqa: TID251  the simulator has the system's clock
        candles = await market.mark_candles(CROSS, until - timedelta(hours=2), until)
        assert 120 <= len(candles) <= 122
        tiers = await account.leverage_tiers([CROSS, INVERSE])
        assert tiers[INVERSE][0].maintenance_margin_rate == 0.01
        assert tiers == await market.public_tiers([CROSS, INVERSE])
        report = await account.probe()
        assert report.clock_skew_ms is not None
        assert abs(report.clock_skew_ms) < 1_000
        assert "read only" in report.note
        assert await account.resting_orders() == []
        await account.close()
        venue.faults.reject_keys = True
        _, refused = opened(venue)
        with pytest.raises(CredentialsError):
            await refused.snapshot()
        await refused.close()
        await market.close()
