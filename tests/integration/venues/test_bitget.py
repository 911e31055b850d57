"""Bitget on its simulator: the daemon over two product types, and the adapter by itself, classic and unified."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, aclosing
from datetime import timedelta
from pathlib import Path
from typing import cast

import pytest

from liqwatch.clock import SystemClock
from liqwatch.errors import CredentialsError, ExchangeUnreachable
from liqwatch.exchanges import load_exchange
from liqwatch.model import AccountSnapshot, Side
from liqwatch.ports import AccountData, AccountOptions, Market, VenueOptions
from liqwatch.testing.venue import VenueAccount, VenuePosition
from liqwatch.testing.venue.simulator import VenueSimulator
from liqwatch.testing.venue.wires import load_wire
from liqwatch.testing.venue_stage import VenueStage

KEY, SECRET, PASSPHRASE = "bitget-key-000001", "bitget-secret-000001", "bitget-passphrase-1"
BTC, ETH, ETH_USDC = "BTC/USDT:USDT", "ETH/USDT:USDT", "ETH/USDC:USDC"
BTC_LIQUIDATION = "liquidation 155,285.6"
"""(117,000 x 0.1 + 3,900) / (0.1 x (1 + 0.004 + 0.0006)) = 155,285.69, cut to the tick toward the mark."""
PATIENCE_SECONDS = 10.0


def the_account() -> VenueAccount:
    return VenueAccount(
        api_key=KEY,
        secret=SECRET,
        passphrase=PASSPHRASE,
        cross_wallets={"USDT": 15_000.0, "USDC": 1_500.0},
        positions=[
            VenuePosition(
                native_symbol="BTCUSDT",
                side=Side.SHORT,
                contracts=0.1,
                entry_price=117_000.0,
                leverage=3,
                isolated_wallet=3_900.0,
            ),
            VenuePosition(native_symbol="ETHUSDT", side=Side.LONG, contracts=10.0, entry_price=4_300.0, leverage=5),
            VenuePosition(native_symbol="ETHPERP", side=Side.LONG, contracts=1.0, entry_price=4_301.0, leverage=5),
        ],
    )


async def test_positions_are_found_alerted_on_and_watched_through_outages(tmp_path: Path) -> None:
    async with VenueStage("bitget", tmp_path, [the_account()]) as stage:
        stage.write_config(stage.keyed("main", api_key=KEY, secret=SECRET, passphrase=PASSPHRASE))
        async with stage.daemon() as daemon:
            await daemon.until_ready()
            report = await daemon.until_status(lambda report: len(report["positions"]) == 3, "positions are missing")
            found = {(each["symbol"], each["side"], each["margin_mode"]) for each in report["positions"]}
            assert found == {(BTC, "short", "isolated"), (ETH, "long", "cross"), (ETH_USDC, "long", "cross")}

            stage.venue.set_price("BTCUSDT", 146_000.0)
            [told] = await stage.until_posted("CRITICAL", BTC)
            assert BTC_LIQUIDATION in told
            stage.venue.set_price("BTCUSDT", 117_000.0)
            await stage.until_posted("RESOLVED", BTC)

            stage.venue.faults.drop_connections()
            await daemon.until_logged("mark_stream_up")
            await daemon.until_logged("user_stream_up")

            stage.venue.faults.silence_marks = True
            stage.venue.faults.refuse_rest(503, {"code": "45001", "msg": "Service is busy", "data": None})
            await stage.until_posted("WARNING", "mark prices of bitget")
            stage.venue.faults.silence_marks = False
            stage.venue.faults.serve_rest()
            await stage.until_posted("RESOLVED", "mark prices of bitget")

            await stage.venue.close_position(KEY, "BTCUSDT", Side.SHORT)
            await daemon.until_status(lambda report: len(report["positions"]) == 2, "a closed position is watched")
            assert "Traceback" not in daemon.log
            assert all(secret not in daemon.log for secret in (SECRET, PASSPHRASE))
        assert not stage.venue.forbidden_calls


class Uncounted:
    def count(self, name: str, amount: float = 1, **labels: str) -> None:
        pass

    def gauge(self, name: str, value: float, **labels: str) -> None:
        pass

    def observe(self, name: str, value: float, **labels: str) -> None:
        pass


async def opened(
    stack: AsyncExitStack, venue: VenueSimulator, passphrase: str = PASSPHRASE
) -> tuple[Market, AccountData]:
    adapter = load_exchange("bitget")
    options = VenueOptions(
        venue="bitget",
        clock=SystemClock(),
        telemetry=Uncounted(),
        rest_url=venue.rest_url,
        websocket_url=venue.websocket_url,
        silence_limit_seconds=1.0,
    )
    market = adapter.open_market(options)
    stack.push_async_callback(market.close)
    credentials = {"api_key": KEY, "secret": SECRET, "passphrase": passphrase}
    account = adapter.open_account(options, AccountOptions(account="main", credentials=credentials), market)
    stack.push_async_callback(account.close)
    return market, account


async def first_forced(account: AccountData, venue: VenueSimulator) -> AccountSnapshot:
    changes = cast("AsyncGenerator[AccountSnapshot, None]", account.changes())
    async with asyncio.timeout(PATIENCE_SECONDS), aclosing(changes):
        await anext(changes)
        venue.set_price("BTCUSDT", 200_000.0)
        async for changed in changes:
            if changed.forced:
                return changed
    raise AssertionError("the stream has ended")


async def test_the_adapter_reads_a_classic_account_and_tells_a_liquidation() -> None:
    owner = the_account()
    owner.is_hedge_mode = True
    async with AsyncExitStack() as stack:
        venue = VenueSimulator(load_wire("bitget"), accounts=[owner], publish_every_seconds=0.1, liquidates=True)
        await stack.enter_async_context(venue)
        venue.faults.clock_skew_ms = 60_000
        market, account = await opened(stack, venue)
        snapshot = await account.snapshot()
        assert {each.subject for each in snapshot.positions} == {f"{BTC} short", f"{ETH} long", f"{ETH_USDC} long"}
        assert not snapshot.is_multi_asset
        assert snapshot.cross_wallets == {"USDT": pytest.approx(15_000.0), "USDC": pytest.approx(1_500.0)}

        tiers = await account.leverage_tiers([BTC, "BTC/USD:BTC"])
        assert list(tiers) == [BTC]
        assert tiers[BTC][1].maintenance_deduction == pytest.approx(300.0)
        now = SystemClock().now()
        candles = await market.mark_candles(BTC, now - timedelta(hours=5), now)
        assert len(candles) >= 300
        assert sorted({each.opened_at for each in candles}) == [each.opened_at for each in candles]
        rates = {each.symbol: each.interval for each in await market.funding_rates([BTC, ETH_USDC])}
        assert rates == {BTC: timedelta(hours=8), ETH_USDC: timedelta(hours=8)}
        marks = {symbol: price for symbol, price, _ in await market.mark_prices([BTC, ETH, ETH_USDC, "BTC/USD:BTC"])}
        assert marks == {BTC: 117_000.0, ETH: 4_300.0, ETH_USDC: 4_301.0, "BTC/USD:BTC": 117_005.0}
        report = await account.probe()
        assert (report.can_withdraw, report.can_trade, report.is_ip_bound) == (False, False, True)
        assert report.clock_skew_ms == pytest.approx(60_000, abs=500)
        assert await account.resting_orders() == []

        changed = await first_forced(account, venue)
        assert changed.forced == {f"{BTC} short": "liquidated by the venue"}

        _, stranger = await opened(stack, venue, "another-passphrase")
        with pytest.raises(CredentialsError):
            await stranger.snapshot()
    assert not venue.forbidden_calls


async def test_the_adapter_finds_out_that_an_account_is_unified_and_follows_it() -> None:
    owner = the_account()
    owner.is_multi_asset = True
    async with AsyncExitStack() as stack:
        venue = VenueSimulator(load_wire("bitget"), accounts=[owner], publish_every_seconds=0.1)
        await stack.enter_async_context(venue)
        _, account = await opened(stack, venue)
        snapshot = await account.snapshot()
        assert snapshot.is_multi_asset
        assert snapshot.cross_wallets == {"USD": pytest.approx(16_500.0)}
        assert 0 < snapshot.reported_margin_ratios["USD"] < 0.1
        assert venue.rest_calls["GET /api/v3/account/settings"] == 1
        assert (await account.probe()).can_trade is False
        assert await account.resting_orders() == []

        changes = cast("AsyncGenerator[AccountSnapshot, None]", account.changes())
        async with asyncio.timeout(PATIENCE_SECONDS), aclosing(changes):
            await anext(changes)
            await venue.close_position(KEY, "ETHPERP", Side.LONG)
            async for changed in changes:
                if len(changed.positions) == 2:
                    break
        assert f"{ETH_USDC} long" not in {each.subject for each in changed.positions}
    assert not venue.forbidden_calls


async def test_the_adapter_tells_a_liquidation_of_a_unified_account() -> None:
    owner = the_account()
    owner.is_multi_asset = True
    async with AsyncExitStack() as stack:
        venue = VenueSimulator(load_wire("bitget"), accounts=[owner], publish_every_seconds=0.1, liquidates=True)
        await stack.enter_async_context(venue)
        _, account = await opened(stack, venue)
        changed = await first_forced(account, venue)
        assert changed.forced == {f"{BTC} short": "liquidated by the venue"}
    assert not venue.forbidden_calls


async def test_an_account_that_becomes_unified_is_learnt_anew() -> None:
    owner = the_account()
    async with AsyncExitStack() as stack:
        venue = VenueSimulator(load_wire("bitget"), accounts=[owner], publish_every_seconds=0.1)
        await stack.enter_async_context(venue)
        _, account = await opened(stack, venue)
        assert not (await account.snapshot()).is_multi_asset
        owner.is_multi_asset = True
        with pytest.raises(ExchangeUnreachable, match="the account is unified"):
            await account.snapshot()
        assert (await account.snapshot()).is_multi_asset
