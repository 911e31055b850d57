"""OKX on its simulator: the daemon over swaps and an X-Perp, and the adapter by itself."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, aclosing
from datetime import timedelta
from pathlib import Path
from typing import cast

import pytest

from liqwatch.clock import SystemClock
from liqwatch.errors import CredentialsError
from liqwatch.exchanges import load_exchange
from liqwatch.model import AccountSnapshot, Side
from liqwatch.ports import AccountData, AccountOptions, Market
from liqwatch.testing.adapter_options import options_at
from liqwatch.testing.venue import VenueAccount, VenuePosition
from liqwatch.testing.venue.simulator import VenueSimulator
from liqwatch.testing.venue.wires import load_wire
from liqwatch.testing.venue_tale import Closing, Crossing, Found, MarginCall, VenueTale

KEY, SECRET, PASSPHRASE = "okx-key-000001", "okx-secret-000001", "okx-passphrase-1"
BTC, ETH, X_PERP = "BTC/USDT:USDT", "ETH/USDT:USDT", "BTC/USD:USD-310404"
ETH_LIQUIDATION = "liquidation 2,812.66"
"""(4,300 x 10 - 15,000) / (10 x (1 - 0.004 - 0.0005)) = 2,812.66; a hundred contracts of 0.1 are ten ether."""


def the_account() -> VenueAccount:
    return VenueAccount(
        api_key=KEY,
        secret=SECRET,
        passphrase=PASSPHRASE,
        cross_wallets={"USDT": 15_000.0, "USD": 1_000.0},
        positions=[
            VenuePosition(
                native_symbol="BTC-USDT-SWAP",
                side=Side.SHORT,
                contracts=10.0,
                entry_price=117_000.0,
                leverage=3,
                isolated_wallet=3_900.0,
            ),
            VenuePosition(
                native_symbol="ETH-USDT-SWAP", side=Side.LONG, contracts=100.0, entry_price=4_300.0, leverage=5
            ),
            VenuePosition(
                native_symbol="BTC-USD_UM_XPERP-310404",
                side=Side.LONG,
                contracts=10.0,
                entry_price=117_000.0,
                leverage=3,
            ),
        ],
    )


async def test_positions_are_found_alerted_on_and_watched_through_outages(tmp_path: Path) -> None:
    tale = VenueTale(
        exchange="okx",
        accounts={"main": the_account()},
        found=[
            Found("main", BTC, "short", "isolated"),
            Found("main", ETH, "long", "cross"),
            Found("main", X_PERP, "long", "cross"),
        ],
        crossings=[
            Crossing("ETH-USDT-SWAP", 3_010.0, 4_300.0, ETH, ETH_LIQUIDATION),
        ],
        closing=Closing(KEY, "BTC-USDT-SWAP", Side.SHORT),
        refusal={"code": "50001", "msg": "Service temporarily unavailable", "data": []},
        margin_call=MarginCall(KEY, ("liquidation warning",)),
    )
    told = await tale.play(tmp_path)
    for crossing, message in zip(tale.crossings, told, strict=True):
        assert crossing.words in message
        assert crossing.liquidation in message


PATIENCE_SECONDS = 10.0


async def opened(
    stack: AsyncExitStack, venue: VenueSimulator, passphrase: str = PASSPHRASE
) -> tuple[Market, AccountData]:
    adapter = load_exchange("okx")
    options = options_at(venue, silence_limit_seconds=1.0)
    market = adapter.open_market(options)
    stack.push_async_callback(market.close)
    credentials = {"api_key": KEY, "secret": SECRET, "passphrase": passphrase}
    account = adapter.open_account(options, AccountOptions(account="main", credentials=credentials), market)
    stack.push_async_callback(account.close)
    return market, account


async def test_the_adapter_reads_the_venue_in_pages_under_a_skewed_clock_and_tells_a_liquidation() -> None:
    owner = the_account()
    owner.is_hedge_mode = owner.is_multi_asset = True
    async with AsyncExitStack() as stack:
        venue = VenueSimulator(load_wire("okx"), accounts=[owner], publish_every_seconds=0.1, liquidates=True)
        await stack.enter_async_context(venue)
        venue.faults.page_limit = 1
        venue.faults.clock_skew_ms = 60_000
        market, account = await opened(stack, venue)
        snapshot = await account.snapshot()
        assert {each.subject for each in snapshot.positions} == {f"{BTC} short", f"{ETH} long", f"{X_PERP} long"}
        assert snapshot.is_multi_asset
        assert snapshot.cross_wallets == {"USD": pytest.approx(16_000.0)}
        assert 0 < snapshot.reported_margin_ratios["USD"] < 0.1

        tiers = await account.leverage_tiers([BTC, X_PERP])
        assert tiers[BTC][0].notional_cap == pytest.approx(5_000_000, rel=0.001)
        assert tiers[X_PERP][1].maintenance_margin_rate == 0.005
        now = SystemClock().now()
        candles = await market.mark_candles(BTC, now - timedelta(minutes=5), now)
        assert len(candles) >= 5
        rates = {each.symbol: each.interval for each in await market.funding_rates([BTC, X_PERP])}
        assert rates == {BTC: timedelta(hours=8), X_PERP: timedelta(hours=8)}
        report = await account.probe()
        assert (report.can_withdraw, report.can_trade, report.is_ip_bound) == (False, False, False)
        assert report.clock_skew_ms == pytest.approx(60_000, abs=500)
        assert await account.resting_orders() == []

        changes = account.changes()
        async with asyncio.timeout(PATIENCE_SECONDS), aclosing(cast("AsyncGenerator[AccountSnapshot, None]", changes)):
            await anext(changes)
            venue.set_price("BTC-USDT-SWAP", 200_000.0)
            async for changed in changes:
                if changed.forced:
                    break
        assert changed.forced == {f"{BTC} short": "liquidated by the venue"}

        _, stranger = await opened(stack, venue, "another-passphrase")
        with pytest.raises(CredentialsError):
            await stranger.snapshot()
    assert not venue.forbidden_calls
