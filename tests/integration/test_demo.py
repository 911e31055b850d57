from __future__ import annotations

import re
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from typing import Any

from liqwatch.cli._demo_summary import DemoRecord, complaints_of, told_and_wanted
from liqwatch.engine.delivery.dispatch import Outcome
from liqwatch.model import Delivery, DeliveryReport, Notification, NotifyReason, OutboxRow, Severity, Side
from liqwatch.testing.story import Approach

NOON = datetime(2026, 11, 25, 12, tzinfo=UTC)
POSITION = "main|liquidation_distance|BTC/USDT:USDT long"


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
    assert re.search(r"What to do: Add about [\d,.]+ USDT of margin", done.stdout)
    assert "✅ RESOLVED · DOGE/USDT:USDT long" in done.stdout
    counts = re.search(r"Alerts: (\d+) raised, (\d+) escalated, 0 repeated, (\d+) resolved", done.stdout)
    assert counts
    # One for each of five positions, and perhaps one for the pool that two of them share.
    assert counts[1] == counts[3] in {"5", "6"}
    assert "tick → delivered p50" in done.stdout
    assert re.search(r"\d+ further\s+rules", done.stdout)
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


def left(channel: str, severity: Severity, *, row: int = 1, status: str = "sent") -> dict[str, Any]:
    """A row of the outbox that the daemon has left behind."""
    return {
        "row": row,
        "channel": channel,
        "status": status,
        "alert_id": "abc123",
        "alert_key": POSITION,
        "severity": severity.word,
        "reason": "first",
        "title": f"BTC {severity.word}",
    }


def on_both(*severities: Severity) -> list[dict[str, Any]]:
    return [
        left(channel, severity, row=row) for row, severity in enumerate(severities) for channel in ("phone", "webhook")
    ]


def outcome(channel: str, *, row: int = 1) -> Outcome:
    notification = Notification(
        dedup_key="k1",
        alert_key=POSITION,
        alert_id="abc123",
        account="main",
        severity=Severity.NOTICE,
        reason=NotifyReason.FIRST,
        title="t",
        body="b",
        happened_at=NOON,
    )
    sent = OutboxRow(row_id=row, channel=channel, attempts=1, notification=notification)
    return Outcome(channel=channel, row=sent, report=DeliveryReport(Delivery.SENT), at=NOON + timedelta(milliseconds=7))


def test_a_level_that_was_crossed_but_not_told_is_a_complaint() -> None:
    record = DemoRecord(outbox=on_both(Severity.WARNING), webhook_bodies=["alert abc123"])
    assert complaints_of(record, [approach(0.12)]) == []
    (complaint,) = complaints_of(record, [approach(0.05)])
    assert complaint == "main BTC/USDT:USDT long should have been told critical, was told warning"


def test_a_message_for_one_channel_only_is_a_complaint() -> None:
    record = DemoRecord(outbox=[left("phone", Severity.WARNING)])
    assert complaints_of(record, [approach(0.12)]) == ["'BTC warning' was not meant for both channels"]


def test_a_message_that_the_web_hook_never_saw_is_a_complaint_though_it_counts_as_sent() -> None:
    record = DemoRecord(outbox=on_both(Severity.WARNING), webhook_bodies=["alert 654321"])
    assert complaints_of(record, [approach(0.12)]) == ["the web hook's own log lacks alert abc123"]


def test_a_message_that_gave_way_to_a_newer_one_is_whole_only_if_that_one_arrived() -> None:
    rows = on_both(Severity.NOTICE, Severity.WARNING)
    rows[1]["status"] = "superseded"
    record = DemoRecord(outbox=rows, webhook_bodies=["alert abc123"])
    assert complaints_of(record, [approach(0.12)]) == []
    rows[3]["status"] = "dead"
    assert complaints_of(record, [approach(0.12)]) == [
        "'BTC notice' is superseded on webhook",
        "'BTC warning' is dead on webhook",
    ]


def test_an_alert_that_still_burns_or_a_message_that_waits_is_a_complaint() -> None:
    rows = on_both(Severity.WARNING)
    rows[0]["status"] = "pending"
    record = DemoRecord(status={"alerts": [{}]}, outbox=rows, webhook_bodies=["alert abc123"])
    assert complaints_of(record, [approach(None)]) == ["'BTC warning' is pending on phone", "1 alerts still burn"]


def test_a_message_that_arrives_twice_is_a_complaint() -> None:
    record = DemoRecord(outcomes=[outcome("phone"), outcome("phone"), outcome("webhook"), outcome("phone", row=2)])
    assert complaints_of(record, [approach(None)]) == ["message 1 arrived 2 times on phone"]


def test_latency_counts_from_the_tick_before_the_decision() -> None:
    record = DemoRecord(published_at=[NOON - timedelta(milliseconds=50), NOON - timedelta(milliseconds=2)])
    record.take(outcome("phone"))
    assert record.latencies_ms("phone") == [9.0]


def test_the_worst_level_is_taken_over_all_messages_of_a_position() -> None:
    record = DemoRecord(outbox=on_both(Severity.WARNING, Severity.CRITICAL, Severity.WARNING))
    assert told_and_wanted(record, [approach(0.05)]) == [
        ("main BTC/USDT:USDT long", Severity.CRITICAL, Severity.CRITICAL)
    ]
