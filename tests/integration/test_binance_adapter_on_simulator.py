"""The live adapter, unpatched, against the shipped venue simulator over real sockets."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, aclosing
from datetime import timedelta
from typing import Any

import pytest

from liqwatch.clock import SystemClock
from liqwatch.errors import CredentialsError, ExchangeBlocked, ExchangeUnreachable
from liqwatch.exchanges import load_exchange
from liqwatch.model import AccountSnapshot, MarginMode, Side, SnapshotSource
from liqwatch.ports import AccountData, AccountOptions, Market, VenueOptions
from liqwatch.testing.telemetry import CountingTelemetry
from liqwatch.testing.venue import BinanceVenue, VenueAccount, VenuePosition, banned_body

KEY = "integration-key"
PATIENCE_SECONDS = 10.0


def an_account() -> VenueAccount:
    return VenueAccount(
        api_key=KEY,
        secret="integration-secret",
        cross_wallets={"USDT": 5000.0},
        positions=[
            VenuePosition(
                native_symbol="BTCUSDT",
                side=Side.LONG,
                contracts=0.1,
                entry_price=117_000.0,
                leverage=10,
                isolated_wallet=1200.0,
            ),
            VenuePosition(native_symbol="ETHUSDT", side=Side.SHORT, contracts=2.0, entry_price=4000.0, leverage=5),
        ],
    )


class Stage:
    """A simulated venue with the adapter's two sides opened on it."""

    def __init__(self, venue: BinanceVenue, stack: AsyncExitStack) -> None:
        self.venue = venue
        self.telemetry = CountingTelemetry()
        adapter = load_exchange("binance_usdm")
        options = VenueOptions(
            venue="binance_usdm",
            clock=SystemClock(),
            telemetry=self.telemetry,
            rest_url=venue.rest_url,
            websocket_url=venue.websocket_url,
            silence_limit_seconds=1.0,
        )
        owner = AccountOptions(account="main", credentials={"api_key": KEY, "secret": "integration-secret"})
        self.market: Market = adapter.open_market(options)
        self.account: AccountData = adapter.open_account(options, owner, self.market)
        stack.push_async_callback(self.market.close)
        stack.push_async_callback(self.account.close)


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    async with AsyncExitStack() as stack:
        venue = BinanceVenue(accounts=[an_account()], publish_every_seconds=0.1)
        await stack.enter_async_context(venue)
        yield Stage(venue, stack)


async def next_of(iteration: Any) -> Any:
    return await asyncio.wait_for(anext(iteration), PATIENCE_SECONDS)  # noqa: TID251  # the patience of a test


async def until_source(changes: Any, source: SnapshotSource) -> AccountSnapshot:
    while True:
        snapshot: AccountSnapshot = await next_of(changes)
        if snapshot.source is source:
            return snapshot


async def test_a_snapshot_reads_positions_wallets_and_the_venues_own_figures(stage: Stage) -> None:
    snapshot = await stage.account.snapshot()
    by_symbol = {position.symbol: position for position in snapshot.positions}
    long, short = by_symbol["BTC/USDT:USDT"], by_symbol["ETH/USDT:USDT"]
    assert (long.side, long.margin_mode, long.contracts, long.isolated_wallet) == (
        Side.LONG,
        MarginMode.ISOLATED,
        0.1,
        1200.0,
    )
    assert (short.side, short.margin_mode, short.isolated_wallet) == (Side.SHORT, MarginMode.CROSS, None)
    assert long.reported_liquidation_price is not None
    assert long.leverage == pytest.approx(10, rel=0.02)
    assert snapshot.cross_wallets == {"USDT": 5000.0}
    assert snapshot.source is SnapshotSource.REST


async def test_leverage_tiers_and_permissions_are_read(stage: Stage) -> None:
    tiers = await stage.account.leverage_tiers([])
    assert tiers["BTC/USDT:USDT"][0].notional_floor == 0
    assert tiers["BTC/USDT:USDT"][1].maintenance_deduction > 0
    report = await stage.account.probe()
    assert report.can_withdraw is False
    assert report.clock_skew_ms is not None
    assert abs(report.clock_skew_ms) < 1000


async def test_a_skewed_clock_is_measured_and_signed_with(stage: Stage) -> None:
    stage.venue.faults.clock_skew_ms = 90_000
    snapshot = await stage.account.snapshot()
    assert len(snapshot.positions) == 2
    report = await stage.account.probe()
    assert report.clock_skew_ms == pytest.approx(90_000, abs=1000)


async def test_a_refused_key_and_a_ban_are_told_apart(stage: Stage) -> None:
    stage.venue.faults.reject_keys = True
    with pytest.raises(CredentialsError):
        await stage.account.snapshot()
    stage.venue.faults.reject_keys = False
    until_ms = int((SystemClock().now().timestamp() + 120) * 1000)
    stage.venue.faults.refuse_rest(418, banned_body(until_ms))
    with pytest.raises(ExchangeBlocked) as caught:
        await stage.account.snapshot()
    assert caught.value.retry_after_seconds == pytest.approx(120, abs=5)


async def test_an_ailing_server_is_unreachable_and_its_error_holds_no_secret(stage: Stage) -> None:
    await stage.account.snapshot()
    stage.venue.faults.refuse_rest(503, {"code": -1008, "msg": "busy"})
    with pytest.raises(ExchangeUnreachable) as caught:
        await stage.account.snapshot()
    assert "signature=" not in str(caught.value)
    assert caught.value.__cause__ is None


async def test_pushed_changes_follow_a_first_snapshot(stage: Stage) -> None:
    async with aclosing(stage.account.changes()) as changes:  # type: ignore[type-var]  # the port promises less
        first = await next_of(changes)
        assert first.source is SnapshotSource.REST
        await stage.venue.close_position(KEY, "ETHUSDT", Side.SHORT)
        snapshot = await until_source(changes, SnapshotSource.STREAM)
        assert [position.symbol for position in snapshot.positions] == ["BTC/USDT:USDT"]
        assert "ETH/USDT:USDT short" in snapshot.closed
        assert snapshot.positions[0].reported_liquidation_price is not None


async def test_a_margin_call_and_a_setting_are_answered_by_a_reread(stage: Stage) -> None:
    async with aclosing(stage.account.changes()) as changes:  # type: ignore[type-var]  # the port promises less
        await next_of(changes)
        await stage.venue.send_margin_call(KEY)
        assert (await next_of(changes)).source is SnapshotSource.REST
        assert stage.telemetry.among("account_events_total") == {"account_events_total margin_call": 1}
        await stage.venue.change_leverage(KEY, "BTCUSDT", 20)
        assert (await next_of(changes)).source is SnapshotSource.REST


async def test_an_expired_listen_key_and_a_cut_socket_lead_to_a_fresh_snapshot(stage: Stage) -> None:
    async with aclosing(stage.account.changes()) as changes:  # type: ignore[type-var]  # the port promises less
        await next_of(changes)
        await stage.venue.expire_listen_key(KEY)
        assert (await next_of(changes)).source is SnapshotSource.REST
        stage.venue.faults.drop_connections()
        assert (await next_of(changes)).source is SnapshotSource.REST
        assert stage.telemetry.counts["stream_restarts_total user_listen_key_expired"] == 1


async def test_marks_survive_silence_garbage_and_a_cut(stage: Stage) -> None:
    await stage.market.instruments()
    stage.market.watch(["BTC/USDT:USDT", "ETH/USDT:USDT"])
    async with aclosing(stage.market.stream()) as stream:  # type: ignore[type-var]  # the port promises less
        symbols: set[str] = set()
        while len(symbols) < 2:
            symbols.update(row[0] for row in (await next_of(stream)).rows)
        stage.venue.faults.garbage_next = True
        stage.venue.set_price("BTCUSDT", 99_999.5)
        while ("BTC/USDT:USDT", 99_999.5) not in [row[:2] for row in (await next_of(stream)).rows]:
            pass
        stage.venue.faults.silence_marks = True
        await asyncio.sleep(1.5)  # noqa: TID251  real sockets, real silence
        stage.venue.faults.silence_marks = False
        stage.venue.set_price("BTCUSDT", 88_888.5)
        while ("BTC/USDT:USDT", 88_888.5) not in [row[:2] for row in (await next_of(stream)).rows]:
            pass
        stage.venue.faults.drop_connections()
        stage.venue.set_price("BTCUSDT", 77_777.5)
        while ("BTC/USDT:USDT", 77_777.5) not in [row[:2] for row in (await next_of(stream)).rows]:
            pass
    assert stage.telemetry.counts["frames_rejected_total undecodable"] >= 1
    assert stage.telemetry.counts["stream_restarts_total silence"] >= 1
    assert stage.telemetry.counts["stream_restarts_total closed"] >= 1


async def test_mark_prices_can_be_asked_over_rest_without_a_key(stage: Stage) -> None:
    stage.venue.set_price("BTCUSDT", 101_234.5)
    rows = await stage.market.mark_prices(["BTC/USDT:USDT"])
    assert [row[:2] for row in rows] == [("BTC/USDT:USDT", 101_234.5)]


async def test_funding_rates_say_how_long_they_hold(stage: Stage) -> None:
    rates = await stage.market.funding_rates(["BTC/USDT:USDT", "BNB/USDT:USDT", "BTC/USDT:USDT-271231"])
    assert {rate.symbol: rate.interval for rate in rates} == {
        "BTC/USDT:USDT": timedelta(hours=8),
        "BNB/USDT:USDT": timedelta(hours=4),
    }


async def test_watching_asks_for_nothing_that_acts(stage: Stage) -> None:
    await stage.account.snapshot()
    await stage.account.leverage_tiers([])
    await stage.account.probe()
    assert stage.venue.forbidden_calls == ()
