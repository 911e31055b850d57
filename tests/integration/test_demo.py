from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime, timedelta

from liqwatch.cli._demo_summary import DemoRecord, complaints_of, told_and_wanted
from liqwatch.engine.dispatch import Outcome
from liqwatch.model import Delivery, DeliveryReport, Notification, NotifyReason, OutboxRow, Severity, Side
from liqwatch.testing.story import Approach

NOON = datetime(2026, 11, 25, 12, tzinfo=UTC)


def test_the_demo_shows_the_whole_main_job_and_proves_that_nothing_was_lost() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "liqwatch", "demo", "--seconds", "8", "--plain"],
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "🆘 EMERGENCY · XRP/USDT:USDT long" in done.stdout
    assert "✅ RESOLVED · DOGE/USDT:USDT long" in done.stdout
    assert "6 raised" in done.stdout
    assert "tick → delivered p50" in done.stdout
    assert "Nothing lost" in done.stdout
    assert "Traceback" not in done.stderr


def approach(distance: float | None) -> Approach:
    return Approach(
        account="main",
        symbol="BTC/USDT:USDT",
        native_symbol="BTCUSDT",
        side=Side.LONG,
        distance=distance,
        progress=0.5,
        mark_price=100_000.0,
        liquidation_price=90_000.0,
        last_distance=0.3,
    )


def outcome(channel: str, severity: Severity) -> Outcome:
    notification = Notification(
        dedup_key=f"k{severity}",
        alert_key="main|liquidation_distance|BTC/USDT:USDT long",
        alert_id="abc123",
        account="main",
        severity=severity,
        reason=NotifyReason.FIRST,
        title="t",
        body="b",
        happened_at=NOON,
    )
    row = OutboxRow(row_id=1, channel=channel, attempts=1, notification=notification)
    return Outcome(channel=channel, row=row, report=DeliveryReport(Delivery.SENT), at=NOON + timedelta(milliseconds=7))


def test_a_level_that_was_crossed_but_not_told_is_a_complaint() -> None:
    record = DemoRecord(webhook_bodies=["alert abc123"])
    for channel in ("phone", "webhook"):
        record.take(outcome(channel, Severity.WARNING))
    assert complaints_of(record, [approach(0.12)]) == []
    (complaint,) = complaints_of(record, [approach(0.05)])
    assert complaint == "main BTC/USDT:USDT long should have been told critical, was told warning"


def test_a_message_missing_on_one_channel_is_a_complaint() -> None:
    record = DemoRecord(webhook_bodies=[])
    record.take(outcome("phone", Severity.WARNING))
    assert "message k2 did not arrive on both channels" in complaints_of(record, [approach(0.12)])


def test_an_alert_that_still_burns_or_a_message_that_waits_is_a_complaint() -> None:
    record = DemoRecord(status={"alerts": [{}], "outbox": {"pending": 2}})
    assert complaints_of(record, [approach(None)]) == ["1 alerts still burn", "2 messages still wait"]


def test_latency_counts_from_the_tick_before_the_decision() -> None:
    record = DemoRecord(published_at=[NOON - timedelta(milliseconds=50), NOON - timedelta(milliseconds=2)])
    record.take(outcome("phone", Severity.NOTICE))
    assert record.latencies_ms("phone") == [9.0]


def test_the_worst_level_is_taken_over_all_messages_of_a_position() -> None:
    record = DemoRecord()
    for severity in (Severity.WARNING, Severity.CRITICAL, Severity.WARNING):
        record.take(outcome("phone", severity))
    assert told_and_wanted(record, [approach(0.05)]) == [
        ("main BTC/USDT:USDT long", Severity.CRITICAL, Severity.CRITICAL)
    ]
