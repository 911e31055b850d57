"""A dispatcher over a store in simulated time, driven turn by turn."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from liqwatch.alerts.routing import Route, Routing
from liqwatch.clock import ManualClock
from liqwatch.engine.delivery.dispatch import Dispatcher, Outcome
from liqwatch.engine.delivery.pace import PaceLimits
from liqwatch.model import (
    AlertChange,
    AlertKey,
    AlertRecord,
    Chart,
    Delivery,
    DeliveryReport,
    Notification,
    NotifyReason,
    Severity,
)
from liqwatch.testing.sinks import ScriptedChannel
from liqwatch.testing.telemetry import SilentTelemetry

if TYPE_CHECKING:
    from tests.unit.engine.conftest import BreakableStore

CHART = Chart(title="BTC", marks=((0.0, 1.0),))


class Post:
    """A dispatcher over a store, driven turn by turn. `told` keeps what is said of the channels."""

    def __init__(
        self,
        store: BreakableStore,
        clock: ManualClock,
        telemetry: SilentTelemetry,
        *channels: ScriptedChannel,
        addressed: tuple[str, ...] = ("chat",),
        max_per_minute: int = 20,
    ) -> None:
        names = tuple(channel.name for channel in channels)
        self.store, self.clock = store, clock
        self.addressed = addressed
        self.told: list[tuple[str, Delivery, int]] = []
        self.outcomes: list[Outcome] = []
        self.dispatcher = Dispatcher(
            store=store,
            notifiers={channel.name: channel for channel in channels},
            routing=Routing((Route(min_severity=Severity.NOTICE, channels=addressed),), names),
            clock=clock,
            telemetry=telemetry,
            told=self._tell,
            observe=self.outcomes.append,
            paces=dict.fromkeys(names, PaceLimits(max_per_minute=max_per_minute)),
        )

    async def enqueue(
        self,
        *names: str,
        severity: Severity = Severity.CRITICAL,
        reason: NotifyReason = NotifyReason.FIRST,
        expires_after: float | None = None,
    ) -> None:
        await self.store.commit([self._change(name, severity, reason, expires_after) for name in names])

    async def deliver(self, *, after_seconds: float = 0.0) -> None:
        """As much as may go out at that moment."""
        self.clock.advance(after_seconds)
        while await self.dispatcher.turn():
            pass

    async def pending(self) -> int:
        return (await self.store.outbox_status()).pending

    async def _tell(self, channel: str, report: DeliveryReport, failures: int) -> None:
        self.told.append((channel, report.delivery, failures))

    def _change(self, name: str, severity: Severity, reason: NotifyReason, expires_after: float | None) -> AlertChange:
        record = AlertRecord(key=AlertKey("main", "rule", name), episode=1, sequence=1)
        now = self.clock.now()
        notification = Notification(
            dedup_key=record.dedup_key,
            alert_key=str(record.key),
            alert_id=record.alert_id,
            account="main",
            severity=severity,
            reason=reason,
            title=name,
            body=f"body of {name}",
            happened_at=now,
            channels=self.addressed,
            expires_at=None if expires_after is None else now + timedelta(seconds=expires_after),
            can_be_answered=severity >= Severity.WARNING,
            chart=CHART,
        )
        return AlertChange(record, (notification,))


OpenPost = Callable[..., Post]


@pytest.fixture
def post_of(store: BreakableStore, clock: ManualClock, telemetry: SilentTelemetry) -> OpenPost:
    def open_post(*channels: ScriptedChannel, addressed: tuple[str, ...] = ("chat",), max_per_minute: int = 20) -> Post:
        return Post(store, clock, telemetry, *channels, addressed=addressed, max_per_minute=max_per_minute)

    return open_post
