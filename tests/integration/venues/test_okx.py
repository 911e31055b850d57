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
from liqwatch.ports import AccountData, AccountOptions, Market, VenueOptions
from liqwatch.testing.venue import VenueAccount, VenuePosition
from liqwatch.testing.venue.simulator import VenueSimulator
from liqwatch.testing.venue.wires import load_wire
from liqwatch.testing.venue_stage import VenueStage

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
    async with VenueStage("okx", tmp_path, [the_account()]) as stage:
        stage.write_config(stage.keyed("main", api_key=KEY, secret=SECRET, passphrase=PASSPHRASE))
        async with stage.daemon() as daemon:
            await daemon.until_ready()
            report = await daemon.until_status(lambda report: len(report["positions"]) == 3, "positions are missing")
            found = {(each["symbol"], each["side"], each["margin_mode"]) for each in report["positions"]}
            assert found == {(BTC, "short", "isolated"), (ETH, "long", "cross"), (X_PERP, "long", "cross")}

            stage.venue.set_price("ETH-USDT-SWAP", 3_010.0)
            [told] = await stage.until_posted("CRITICAL", ETH)
            assert ETH_LIQUIDATION in told
            stage.venue.set_price("ETH-USDT-SWAP", 4_300.0)
            await stage.until_posted("RESOLVED", ETH)

            stage.venue.faults.drop_connections()
            await daemon.until_logged("mark_stream_up")
            await daemon.until_logged("user_stream_up")

            stage.venue.faults.silence_marks = True
            stage.venue.faults.refuse_rest(503, {"code": "50001", "msg": "Service temporarily unavailable", "data": []})
            await stage.until_posted("WARNING", "mark prices of okx")
            stage.venue.faults.silence_marks = False
            stage.venue.faults.serve_rest()
            await stage.until_posted("RESOLVED", "mark prices of okx")

            await stage.venue.close_position(KEY, "BTC-USDT-SWAP", Side.SHORT)
            await daemon.until_status(lambda report: len(report["positions"]) == 2, "a closed position is watched")
            await stage.venue.send_margin_call(KEY)
            await stage.until_posted("liquidation warning")
            assert "Traceback" not in daemon.log
            assert all(secret not in daemon.log for secret in (SECRET, PASSPHRASE))
        assert not stage.venue.forbidden_calls


PATIENCE_SECONDS = 10.0


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
    adapter = load_exchange("okx")
    options = VenueOptions(
        venue="okx",
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
        assert {each.symbol for each in await market.funding_rates([BTC, X_PERP])} == {BTC, X_PERP}
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
