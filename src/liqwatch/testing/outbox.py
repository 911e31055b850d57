"""Alerts and messages for tests of what is stored and delivered: short to write, each named by its number."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from liqwatch.model import (
    AlertChange,
    AlertKey,
    AlertRecord,
    Delivery,
    DeliveryReport,
    Notification,
    NotifyReason,
    OutboxRow,
    Settlement,
    Severity,
)
from liqwatch.ports import Store

NOW = datetime(2026, 11, 20, 12, 0, 0, 123456, tzinfo=UTC)
SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
KEY = AlertKey("main", "liquidation_distance", "BTC/USDT:USDT long")


def notification(
    sequence: int,
    severity: Severity = Severity.WARNING,
    *,
    reason: NotifyReason = NotifyReason.FIRST,
    key: AlertKey = KEY,
    expires_at: datetime | None = None,
) -> Notification:
    """The message `title <sequence>` of an alert's first episode, true since `sequence` seconds after `NOW`."""
    about = AlertRecord(key=key, episode=1, sequence=sequence)
    return Notification(
        dedup_key=about.dedup_key,
        alert_key=str(key),
        alert_id=about.alert_id,
        account=key.account,
        severity=severity,
        reason=reason,
        title=f"title {sequence}",
        body=f"körper <{sequence}> & 🚨",
        happened_at=NOW + sequence * SECOND,
        channels=("chat",),
        expires_at=expires_at,
    )


def change(message: Notification, *channels: str, key: AlertKey = KEY) -> AlertChange:
    """The change that causes this message, for these channels (none named: its own)."""
    return AlertChange(AlertRecord(key=key), (replace(message, channels=channels or message.channels),))


async def lease_all(store: Store, channel: str = "chat", *, now: datetime = NOW) -> Sequence[OutboxRow]:
    """Everything that is due on a channel, for a minute."""
    return await store.lease(channel, now=now, until=now + MINUTE, limit=1000)


async def titles(store: Store, channel: str = "chat", *, now: datetime = NOW) -> list[str]:
    """The titles of everything that is due on a channel, which it then is not for a minute."""
    return [row.notification.title for row in await lease_all(store, channel, now=now)]


def settlement(
    row: OutboxRow, report: Delivery | DeliveryReport, *, next_attempt_at: datetime | None = None, fallback: str = ""
) -> Settlement:
    """How the attempt at this row ended, at `NOW`."""
    return Settlement(
        row_id=row.row_id,
        report=DeliveryReport(report) if isinstance(report, Delivery) else report,
        settled_at=NOW,
        next_attempt_at=next_attempt_at,
        fallback_channel=fallback or None,
    )


async def deliver(
    store: Store,
    report: Delivery | DeliveryReport,
    channel: str = "chat",
    *,
    next_attempt_at: datetime | None = None,
    fallback: str = "",
) -> OutboxRow:
    """Attempt the first message that is due on a channel; it ends as reported."""
    (row, *_) = await lease_all(store, channel)
    await store.settle([settlement(row, report, next_attempt_at=next_attempt_at, fallback=fallback)])
    return row
