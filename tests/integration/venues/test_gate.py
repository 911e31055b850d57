"""The daemon at Gate: isolated and cross positions in two settle families, each family on a stream of its own."""

from __future__ import annotations

from contextlib import aclosing
from pathlib import Path

from liqwatch.clock import SystemClock
from liqwatch.exchanges import load_exchange
from liqwatch.model import AccountSnapshot, Side
from liqwatch.ports import AccountOptions, VenueOptions
from liqwatch.testing.venue import VenueAccount, VenuePosition
from liqwatch.testing.venue.simulator import VenueSimulator
from liqwatch.testing.venue.wires import load_wire
from liqwatch.testing.venue_stage import VenueStage

KEY, SECRET = "gate-key", "gate-secret"
ISOLATED, CROSS, OTHER_FAMILY = "BTC/USDT:USDT", "ETH/USDT:USDT", "BTC/USD1:USD1"
ISOLATED_LIQUIDATION = "liquidation 78,372.2"
"""(117,000 - 39,000) / (1 - 0.004 - 0.00075): the taker fee counts."""
CROSS_LIQUIDATION = "liquidation 6,270.2"
"""(2,000 + 4,300) / (1 + 0.004 + 0.00075), of one ETH."""


class SilentTelemetry:
    """Counts nothing."""

    def count(self, name: str, amount: float = 1, **labels: str) -> None: ...

    def gauge(self, name: str, value: float, **labels: str) -> None: ...

    def observe(self, name: str, value: float, **labels: str) -> None: ...


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
    async with VenueStage("gate", tmp_path, [the_account()]) as stage:
        stage.write_config(stage.keyed("main", api_key=KEY, secret=SECRET))
        async with stage.daemon() as daemon:
            await daemon.until_ready()
            report = await daemon.until_status(lambda report: len(report["positions"]) == 3, "positions are missing")
            found = {(each["symbol"], each["side"], each["margin_mode"]) for each in report["positions"]}
            assert found == {(ISOLATED, "long", "isolated"), (CROSS, "short", "cross"), (OTHER_FAMILY, "long", "cross")}

            stage.venue.set_price("BTC_USDT", 84_000.0)
            [told] = await stage.until_posted("CRITICAL", ISOLATED)
            assert ISOLATED_LIQUIDATION in told
            stage.venue.set_price("BTC_USDT", 117_000.0)
            await stage.until_posted("RESOLVED", ISOLATED)

            stage.venue.set_price("ETH_USDT", 5_900.0)
            [told] = await stage.until_posted("CRITICAL", CROSS)
            assert CROSS_LIQUIDATION in told
            stage.venue.set_price("ETH_USDT", 4_300.0)
            await stage.until_posted("RESOLVED", CROSS)

            stage.venue.faults.drop_connections()
            await daemon.until_logged("mark_stream_up")
            await daemon.until_logged("user_stream_up")

            stage.venue.faults.silence_marks = True
            stage.venue.faults.refuse_rest(503, {"label": "SERVER_ERROR", "message": "Internal server error"})
            await stage.until_posted("mark prices of gate")
            stage.venue.faults.silence_marks = False
            stage.venue.faults.serve_rest()
            await stage.until_posted("RESOLVED", "mark prices of gate")

            await stage.venue.close_position(KEY, "BTC_USDT", Side.LONG)
            await daemon.until_status(lambda report: len(report["positions"]) == 2, "a closed position is watched")
            assert "Traceback" not in daemon.log
            assert SECRET not in daemon.log
        assert not stage.venue.forbidden_calls


async def test_a_liquidation_is_told_as_one_and_every_page_is_read() -> None:
    wire = load_wire("gate")
    async with VenueSimulator(wire, accounts=[the_account()], publish_every_seconds=None, liquidates=True) as venue:
        venue.faults.page_limit = 1
        adapter = load_exchange("gate")
        options = VenueOptions(
            venue="gate",
            clock=SystemClock(),
            telemetry=SilentTelemetry(),
            rest_url=venue.rest_url,
            websocket_url=venue.websocket_url,
        )
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
