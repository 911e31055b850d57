"""The daemon at Bybit: a unified account in one pool, and one in isolated margin, through outages of every kind."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from datetime import timedelta
from pathlib import Path
from typing import cast

from liqwatch.clock import SystemClock
from liqwatch.errors import CredentialsError
from liqwatch.exchanges import load_exchange
from liqwatch.model import AccountSnapshot, MarginMode, MarkBatch, Side
from liqwatch.ports import AccountOptions, VenueOptions
from liqwatch.testing.adapter_options import options_at
from liqwatch.testing.telemetry import CountingTelemetry
from liqwatch.testing.venue import VenueAccount, VenuePosition
from liqwatch.testing.venue.simulator import VenueSimulator
from liqwatch.testing.venue.wires import load_wire
from liqwatch.testing.venue_tale import Closing, Crossing, Found, VenueTale

POOLED, APART, SECRET = "pooled-key", "apart-key", "bybit-secret"
BTC, ETH, BTC_IN_USDC, INVERSE = "BTC/USDT:USDT", "ETH/USDT:USDT", "BTC/USDC:USDC", "BTC/USD:BTC"
CROSS_LIQUIDATION = "liquidation 77,35"
"""(0.1 * 117,000 - 4,000) / (0.1 * (1 - 0.004 - 0.00055)); the small position in USDC moves it by a dollar or so."""
ISOLATED_LIQUIDATION = "liquidation 2,879.7"
"""The simulated venue's own, with fee: (4,300 - 4,300 / 3) / (1 - 0.004 - 0.00055). Nearer than ours without."""


def pooled() -> VenueAccount:
    return VenueAccount(
        api_key=POOLED,
        secret=SECRET,
        is_multi_asset=True,
        cross_wallets={"USDT": 3_000.0, "USDC": 1_000.0},
        positions=[
            VenuePosition(native_symbol="BTCUSDT", side=Side.LONG, contracts=0.1, entry_price=117_000.0, leverage=5),
            VenuePosition(
                native_symbol="BTCPERP", side=Side.LONG, contracts=0.00001, entry_price=117_010.0, leverage=5
            ),
        ],
    )


def apart() -> VenueAccount:
    return VenueAccount(
        api_key=APART,
        secret=SECRET,
        cross_wallets={"USDT": 100.0},
        positions=[
            VenuePosition(
                native_symbol="ETHUSDT",
                side=Side.LONG,
                contracts=1.0,
                entry_price=4_300.0,
                leverage=3,
                isolated_wallet=4_300.0 / 3,
            )
        ],
    )


async def test_both_kinds_of_accounts_are_found_alerted_on_and_watched_through_outages(tmp_path: Path) -> None:
    tale = VenueTale(
        exchange="bybit",
        accounts={"pooled": pooled(), "apart": apart()},
        found=[
            Found("pooled", BTC, "long", "cross"),
            Found("pooled", BTC_IN_USDC, "long", "cross"),
            Found("apart", ETH, "long", "isolated"),
        ],
        crossings=[
            Crossing("BTCUSDT", 81_000.0, 117_000.0, BTC, CROSS_LIQUIDATION),
            Crossing("ETHUSDT", 3_050.0, 4_300.0, ETH, ISOLATED_LIQUIDATION),
        ],
        closing=Closing(APART, "ETHUSDT", Side.LONG),
        refusal={"retCode": 10016, "retMsg": "Server error."},
    )
    told = await tale.play(tmp_path)
    for crossing, message in zip(tale.crossings, told, strict=True):
        assert crossing.words in message
        assert crossing.liquidation in message


async def test_an_account_is_read_page_by_page_and_its_liquidation_is_told() -> None:
    clock, telemetry, adapter = SystemClock(), CountingTelemetry(), load_exchange("bybit")
    simulator = VenueSimulator(
        load_wire("bybit"), accounts=[pooled(), apart()], publish_every_seconds=0.1, liquidates=True
    )
    async with simulator as venue:
        venue.faults.page_limit = 1
        options = options_at(venue, telemetry)
        market = adapter.open_market(options)
        keyed = AccountOptions(account="a", credentials={"api_key": POOLED, "secret": SECRET})
        account = adapter.open_account(options, keyed, market)
        snapshot = await account.snapshot()
        assert [position.symbol for position in snapshot.positions] == [BTC_IN_USDC, BTC]
        assert set(snapshot.cross_wallets) == {"USD"}
        assert round(snapshot.cross_wallets["USD"], 6) == 4_000.0
        assert 0.01 < snapshot.reported_margin_ratios["USD"] < 0.02
        tiers = await account.leverage_tiers([BTC])
        assert [tier.maintenance_margin_rate for tier in tiers[BTC]][:2] == [0.004, 0.005]
        report = await account.probe()
        assert (report.can_trade, report.can_transfer, report.can_withdraw) == (False, False, False)
        assert not await account.resting_orders()

        async with aclosing(cast("AsyncGenerator[AccountSnapshot, None]", account.changes())) as changes:
            assert len((await anext(changes)).positions) == 2
            venue.set_price("BTCUSDT", 70_000.0)
            async for last in changes:
                if f"{BTC} long" in last.forced and BTC not in {position.symbol for position in last.positions}:
                    break
            assert last.forced[f"{BTC} long"] == "liquidated by the venue"
        await account.close()
        venue.faults.reject_keys = True
        refused = adapter.open_account(options, keyed, market)
        try:
            await refused.snapshot()
        except CredentialsError:
            pass
        else:
            raise AssertionError("a wrong key was taken")
        await refused.close()

        isolated = await read(venue, options, APART)
        assert [position.margin_mode for position in isolated.positions] == [MarginMode.ISOLATED]
        now = clock.now()
        candles = await market.mark_candles(BTC, now - timedelta(minutes=10), now)
        assert len(candles) == 3
        rates = {each.symbol: each.interval for each in await market.funding_rates([BTC, INVERSE])}
        assert rates == {BTC: timedelta(hours=8), INVERSE: timedelta(hours=8)}
        await market.close()
    assert not telemetry.among("frames_rejected_total")


async def read(venue: VenueSimulator, options: VenueOptions, key: str) -> AccountSnapshot:
    adapter = load_exchange("bybit")
    venue.faults.reject_keys = False
    market = adapter.open_market(options)
    keyed = AccountOptions(account="b", credentials={"api_key": key, "secret": SECRET})
    account = adapter.open_account(options, keyed, market)
    try:
        return await account.snapshot()
    finally:
        await account.close()
        await market.close()


async def test_each_family_has_a_connection_and_one_unlisted_market_costs_no_other() -> None:
    telemetry = CountingTelemetry()
    async with VenueSimulator(load_wire("bybit"), publish_every_seconds=0.1) as venue:
        market = load_exchange("bybit").open_market(options_at(venue, telemetry))
        market.watch([BTC, ETH, INVERSE, "GONE/USDT:USDT"])
        seen: set[str] = set()
        async with aclosing(cast("AsyncGenerator[MarkBatch, None]", market.stream())) as stream:
            async for batch in stream:
                seen |= {symbol for symbol, _, _ in batch.rows}
                if seen == {BTC, ETH, INVERSE} and telemetry.counts["frames_rejected_total request_refused"] == 2:
                    break
        assert venue.connections_accepted == 2
        rows = await market.mark_prices([BTC, INVERSE])
        assert {symbol for symbol, _, _ in rows} == {BTC, INVERSE}
        await market.close()
