"""What the running daemon does when its venue misbehaves: it tells, it goes on, and it tells when all is well again.

One daemon lives through every fault in turn; each test leaves the venue as sound as it found it.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
import pytest_asyncio

from liqwatch.clock import SystemClock
from liqwatch.model import Side
from liqwatch.testing.process import DaemonProcess
from liqwatch.testing.stage import Stage, alert_ids
from liqwatch.testing.venue import VenueAccount, VenuePosition, banned_body

pytestmark = pytest.mark.asyncio(loop_scope="module")

KEY, SECRET = "fault-key", "fault-secret"
CALM, NEAR = 117_000.0, 84_000.0
NO_FLAPPING = "[rules.liquidation_distance]\nflap_limit = 1000\n"
"""One price crosses the level again and again, and every all-clear is waited for."""
STALE_AFTER_SECONDS = 2
BAN_SECONDS = 4
NO_DATA = re.compile(r"no data for (\d+) s")
ACCOUNT_PATHS = ("GET /fapi/v3/account", "GET /fapi/v3/positionRisk")


def the_account() -> VenueAccount:
    """Three isolated longs, each a third of the price away from liquidation."""
    positions = [
        VenuePosition(
            native_symbol=native_symbol,
            side=Side.LONG,
            contracts=contracts,
            entry_price=price,
            leverage=3,
            isolated_wallet=contracts * price / 3,
        )
        for native_symbol, contracts, price in (
            ("BTCUSDT", 0.1, CALM),
            ("ETHUSDT", 1.0, 4_300.0),
            ("SOLUSDT", 10.0, 220.0),
        )
    ]
    return VenueAccount(api_key=KEY, secret=SECRET, cross_wallets={"USDT": 1_000.0}, positions=positions)


@dataclass(frozen=True, kw_only=True)
class Patient:
    stage: Stage
    daemon: DaemonProcess

    async def still_alerts(self) -> None:
        """A crossing and its end are still told."""
        crossings, ends = len(self.stage.posts("CRITICAL", "BTC")), len(self.stage.posts("RESOLVED", "BTC"))
        self.stage.venue.set_price("BTCUSDT", NEAR)
        await self.stage.until_posted("CRITICAL", "BTC", count=crossings + 1)
        self.stage.venue.set_price("BTCUSDT", CALM)
        await self.stage.until_posted("RESOLVED", "BTC", count=ends + 1)

    def account_reads(self) -> int:
        return sum(self.stage.venue.rest_calls[path] for path in ACCOUNT_PATHS)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def patient(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Patient]:
    async with Stage(tmp_path_factory.mktemp("faults"), [the_account()]) as stage:
        stage.write_config(stage.keyed("main", KEY, SECRET), NO_FLAPPING, stage.channels())
        async with stage.daemon() as daemon:
            await daemon.until_ready()
            yield Patient(stage=stage, daemon=daemon)
            # Whatever came, nothing crashed, nothing was lost, and nothing was asked that acts.
            assert not daemon.events("task_crashed")
            assert "Traceback" not in daemon.log
            assert stage.venue.forbidden_calls == ()
            await daemon.until_status(lambda report: not report["outbox"]["pending"], "the outbox does not empty")


async def test_a_silent_venue_is_told_in_time_and_so_is_its_return(patient: Patient) -> None:
    patient.stage.venue.faults.silence_marks = True
    (told,) = await patient.stage.until_posted("WARNING", "mark prices of binance_usdm")
    patient.stage.venue.faults.silence_marks = False
    age = NO_DATA.search(told)
    assert age
    assert STALE_AFTER_SECONDS <= int(age[1]) <= STALE_AFTER_SECONDS + 5
    (over,) = await patient.stage.until_posted("RESOLVED", "mark prices of binance_usdm")
    assert alert_ids([told]) == alert_ids([over])
    await patient.still_alerts()


async def test_a_cut_connection_is_dialled_anew(patient: Patient) -> None:
    returns = len(patient.daemon.events("mark_stream_up"))
    patient.stage.venue.faults.drop_connections()
    await patient.daemon.until_logged("mark_stream_up", count=returns + 1)
    assert len(patient.daemon.events("mark_stream_down")) == len(patient.daemon.events("mark_stream_up"))
    await patient.still_alerts()


async def test_a_frame_that_cannot_be_read_is_counted_told_once_in_the_log_and_passed_over(patient: Patient) -> None:
    patient.stage.venue.faults.garbage_next = True
    await patient.daemon.until_logged("mark_frame_rejected")
    patient.stage.venue.faults.garbage_next = True
    await patient.daemon.until(lambda: not patient.stage.venue.faults.garbage_next, "the second frame is not sent")
    await patient.still_alerts()
    (rejected,) = patient.daemon.events("mark_frame_rejected")
    assert rejected["reason"] == "undecodable"


async def test_a_ban_is_told_and_kept_while_the_stream_goes_on(patient: Patient) -> None:
    stage = patient.stage
    until_ms = int((SystemClock().now().timestamp() + BAN_SECONDS) * 1000)
    stage.venue.faults.refuse_rest(418, banned_body(until_ms))
    (told,) = await stage.until_posted("WARNING", "account main", "REST blind until", "banned until")
    stage.venue.faults.serve_rest()
    reads = patient.account_reads()
    await patient.still_alerts()
    if SystemClock().now().timestamp() * 1000 < until_ms:
        assert patient.account_reads() == reads, "asking during a ban prolongs it"
    (over,) = await stage.until_posted("RESOLVED", "account main", "can be read again")
    assert int(SystemClock().now().timestamp() * 1000) >= until_ms
    assert alert_ids([told]) == alert_ids([over])


async def test_an_overloaded_venue_is_told_when_it_lasts(patient: Patient) -> None:
    earlier = len(patient.stage.posts("RESOLVED", "account main"))
    patient.stage.venue.faults.refuse_rest(503, {"code": -1008, "msg": "Server is currently overloaded."})
    await patient.stage.until_posted("WARNING", "account main", "the venue answered 503")
    await patient.still_alerts()
    patient.stage.venue.faults.serve_rest()
    resolved = await patient.stage.until_posted("RESOLVED", "account main", count=earlier + 1)
    assert "can be read again" in resolved[-1]


async def test_one_empty_answer_closes_nothing(patient: Patient) -> None:
    stage, earlier = patient.stage, len(patient.stage.posts("RESOLVED"))
    stage.venue.set_price("ETHUSDT", 3_050.0)
    await stage.until_posted("CRITICAL", "ETH")
    stage.venue.faults.empty_positions_once = True
    await patient.daemon.until_logged("positions_missing")
    reads = patient.account_reads()
    await patient.daemon.until(lambda: patient.account_reads() >= reads + 4, "the account is not read again")
    report = await patient.daemon.status()
    assert len(report["positions"]) == 3
    assert [alert["subject"] for alert in report["alerts"]] == ["ETH/USDT:USDT long"]
    assert len(stage.posts("RESOLVED")) == earlier
    stage.venue.set_price("ETHUSDT", 4_300.0)
    await stage.until_posted("RESOLVED", "ETH")


async def test_a_position_closed_elsewhere_ends_its_alert_by_push_alone(patient: Patient) -> None:
    stage = patient.stage
    stage.venue.set_price("SOLUSDT", 155.0)
    (told,) = await stage.until_posted("CRITICAL", "SOL")
    stage.venue.faults.refuse_rest(503, {"code": -1008, "msg": "busy"})
    await stage.venue.close_position(KEY, "SOLUSDT", Side.LONG)
    (over,) = await stage.until_posted("ENDED", "SOL", "closed by hand or by a bot (was critical)", "Last seen: mark")
    (ending,) = await stage.until_posted("NOTICE", "SOL", "closed by hand or by a bot", "Last seen: mark")
    stage.venue.faults.serve_rest()
    assert alert_ids([told]) == alert_ids([over]) != alert_ids([ending])
    await patient.daemon.until_status(lambda report: len(report["positions"]) == 2, "the position is still watched")


async def test_a_key_that_is_refused_midway_is_critical_and_prices_are_watched_on(patient: Patient) -> None:
    patient.stage.venue.faults.reject_keys = True
    (told,) = await patient.stage.until_posted("CRITICAL", "account main", "cannot be read")
    assert "Invalid API-key" in told
    assert KEY not in told
    await patient.still_alerts()
    patient.stage.venue.faults.reject_keys = False
