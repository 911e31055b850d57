"""The daemon at Binance USDⓈ-M on the venue-neutral simulator: isolated and cross, through outages of every kind."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from pathlib import Path
from typing import cast

from liqwatch.clock import SystemClock
from liqwatch.exchanges import load_exchange
from liqwatch.model import MarkBatch, Side
from liqwatch.ports import VenueOptions
from liqwatch.testing.venue import VenueAccount, VenuePosition
from liqwatch.testing.venue.simulator import VenueSimulator
from liqwatch.testing.venue.wires import load_wire
from liqwatch.testing.venue_stage import VenueStage

KEY, SECRET = "usdm-key", "usdm-secret"
BTC, ETH = "BTC/USDT:USDT", "ETH/USDT:USDT"
ISOLATED_LIQUIDATION = "liquidation 78,313.3"
"""(117,000 - 39,000) / (1 - 0.004), on the tick that is nearer."""
CROSS_LIQUIDATION = "liquidation 6,274.9"
"""(2,000 + 4,300) / (1 + 0.004)."""


class SilentTelemetry:
    """Counts nothing."""

    def count(self, name: str, amount: float = 1, **labels: str) -> None: ...

    def gauge(self, name: str, value: float, **labels: str) -> None: ...

    def observe(self, name: str, value: float, **labels: str) -> None: ...


def the_account() -> VenueAccount:
    return VenueAccount(
        api_key=KEY,
        secret=SECRET,
        cross_wallets={"USDT": 2_000.0},
        positions=[
            VenuePosition(
                native_symbol="BTCUSDT",
                side=Side.LONG,
                contracts=1.0,
                entry_price=117_000.0,
                leverage=3,
                isolated_wallet=39_000.0,
            ),
            VenuePosition(native_symbol="ETHUSDT", side=Side.SHORT, contracts=1.0, entry_price=4_300.0, leverage=5),
        ],
    )


async def test_positions_are_found_alerted_on_and_watched_through_outages(tmp_path: Path) -> None:
    async with VenueStage("binance_usdm", tmp_path, [the_account()]) as stage:
        stage.write_config(stage.keyed("main", api_key=KEY, secret=SECRET))
        async with stage.daemon() as daemon:
            await daemon.until_ready()
            report = await daemon.until_status(lambda report: len(report["positions"]) == 2, "positions are missing")
            found = {(each["symbol"], each["side"], each["margin_mode"]) for each in report["positions"]}
            assert found == {(BTC, "long", "isolated"), (ETH, "short", "cross")}

            stage.venue.set_price("BTCUSDT", 84_000.0)
            [told] = await stage.until_posted("CRITICAL", BTC)
            assert ISOLATED_LIQUIDATION in told
            stage.venue.set_price("BTCUSDT", 117_000.0)
            await stage.until_posted("RESOLVED", BTC)

            stage.venue.set_price("ETHUSDT", 5_900.0)
            [told] = await stage.until_posted("CRITICAL", ETH)
            assert CROSS_LIQUIDATION in told
            stage.venue.set_price("ETHUSDT", 4_300.0)
            await stage.until_posted("RESOLVED", ETH)

            marks, users = len(daemon.events("mark_stream_up")), len(daemon.events("user_stream_up"))
            stage.venue.faults.drop_connections()
            await daemon.until(
                lambda: len(daemon.events("mark_stream_up")) > marks and len(daemon.events("user_stream_up")) > users,
                "the streams do not come back",
            )

            stage.venue.faults.silence_marks = True
            await stage.until_posted("mark prices of binance_usdm")
            stage.venue.faults.silence_marks = False
            await stage.until_posted("RESOLVED", "mark prices of binance_usdm")

            await stage.venue.close_position(KEY, "BTCUSDT", Side.LONG)
            await daemon.until_status(lambda report: len(report["positions"]) == 1, "a closed position is watched")
            assert "Traceback" not in daemon.log
            assert SECRET not in daemon.log
        assert not stage.venue.forbidden_calls


async def test_a_liquidation_by_the_venue_is_seen_on_the_public_stream() -> None:
    wire = load_wire("binance_usdm")
    async with VenueSimulator(wire, accounts=[the_account()], publish_every_seconds=0.1, liquidates=True) as venue:
        options = VenueOptions(
            venue="binance_usdm",
            clock=SystemClock(),
            telemetry=SilentTelemetry(),
            rest_url=venue.rest_url,
            websocket_url=venue.websocket_url,
        )
        market = load_exchange("binance_usdm").open_market(options)
        market.watch([BTC, ETH])
        async with aclosing(cast("AsyncGenerator[MarkBatch, None]", market.stream())) as stream:
            async for batch in stream:
                venue.set_price("BTCUSDT", 78_000.0)
                if batch.liquidations:
                    break
        [seen] = batch.liquidations
        assert (seen.symbol, seen.side, seen.contracts, seen.price) == (BTC, Side.LONG, 1.0, 78_000.0)
        await market.close()
