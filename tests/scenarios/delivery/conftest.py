"""Stories about delivery: real workers in simulated time, channels that answer as scripted, and a daemon that listens.

`post.open(...)` gives the story its channels; from then on every message goes through the outbox and the dispatcher.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from liqwatch.alerts.routing import Route
from liqwatch.engine.absence import Absence
from liqwatch.engine.daemon import Daemon, Parts
from liqwatch.engine.delivery.dispatch import Dispatcher
from liqwatch.engine.desk import Desk
from liqwatch.engine.record import Recorder
from liqwatch.engine.selfwatch import SelfWatch
from liqwatch.model import Delivery, DeliveryReport, Message, Severity
from liqwatch.testing.sinks import ScriptedChannel
from liqwatch.testing.telemetry import SilentTelemetry

if TYPE_CHECKING:
    from tests.scenarios.conftest import Scenario

STEP_SECONDS = 0.05


class NoService:
    """No supervisor."""

    def ready(self) -> None: ...

    def alive(self) -> None: ...

    def status(self, text: str) -> None: ...

    def reloading(self) -> None: ...

    def stopping(self) -> None: ...


@dataclass
class Arrival:
    """One message that a channel took, and when (seconds since the story began)."""

    at: float
    message: Message


class Channel(ScriptedChannel):
    """A scripted channel that knows when it took what."""

    def __init__(self, story: Scenario, name: str, *script: Delivery | DeliveryReport) -> None:
        super().__init__(name, *script)
        self.arrivals: list[Arrival] = []
        self._story = story

    async def send(self, message: Message) -> DeliveryReport:
        report = await super().send(message)
        if report.delivery is Delivery.SENT:
            self.arrivals.append(Arrival(self._story.clock.monotonic(), message))
        return report

    @property
    def told(self) -> list[str]:
        """The titles of what arrived, without the alerts about channels."""
        return [each.message.title for each in self.arrivals if "· channel " not in each.message.title]

    @property
    def about_channels(self) -> list[str]:
        """The titles of the alerts about channels."""
        return [each.message.title for each in self.arrivals if "· channel " in each.message.title]


class Post:
    """The way from the outbox to people."""

    def __init__(self, story: Scenario) -> None:
        self._story = story
        self.channels: dict[str, Channel] = {}

    def open(self, *scripts: tuple[str, list[Delivery | DeliveryReport]], addressed: int = 1, **routing: Any) -> None:
        """Channels with what they answer, in order. Alerts are addressed to the first ones, the rest stand in."""
        story = self._story
        self.channels = {name: Channel(story, name, *script) for name, script in scripts}
        names = tuple(self.channels)
        spare = Route(min_severity=Severity.EMERGENCY, channels=names, accounts=frozenset({"-"}))
        story.routes(Route(min_severity=Severity.NOTICE, channels=names[:addressed]), spare, **routing)
        story.begin()
        self._wire()
        story.postman = self

    def _wire(self) -> None:
        story, silent, service = self._story, SilentTelemetry(), NoService()
        self.dispatcher = Dispatcher(
            store=story.store,
            notifiers=self.channels,
            routing=story.routing,
            clock=story.clock,
            telemetry=silent,
        )
        self._recorder = Recorder(story.store, self.dispatcher, silent)
        selfwatch = SelfWatch(
            watch=story.watch,
            recorder=self._recorder,
            accounts={},
            service=service,
            clock=story.clock,
            telemetry=silent,
        )
        parts = Parts(
            watch=story.watch,
            recorder=self._recorder,
            dispatcher=self.dispatcher,
            selfwatch=selfwatch,
            venues={},
            accounts={},
            store=story.store,
            service=service,
            clock=story.clock,
            telemetry=silent,
            absence=Absence(
                watch=story.watch, recorder=self._recorder, venues={}, cache=story.store, clock=story.clock
            ),
            desk=Desk(
                watch=story.watch,
                recorder=self._recorder,
                selfwatch=selfwatch,
                store=story.store,
                clock=story.clock,
                conversations={},
            ),
        )
        # Its making has it told of every attempt: it speaks of broken channels.
        Daemon(parts)

    async def deliver(self) -> None:
        """As much as may go out at this moment, what that causes included."""
        async with asyncio.TaskGroup() as tasks:
            writer = tasks.create_task(self._recorder.run())
            while await self.dispatcher.turn():
                await self._recorder.drain()
            await self._recorder.drain()
            writer.cancel()

    async def pass_time(self, seconds: float) -> None:
        """Nothing happens at the market; the channels are looked after twenty times a second."""
        end = self._story.clock.monotonic() + seconds
        while self._story.clock.monotonic() < end:
            self._story.clock.advance(min(STEP_SECONDS, end - self._story.clock.monotonic()))
            await self.deliver()

    async def self_test(self) -> None:
        """The daily test of every channel, with the minute that a second attempt waits for."""
        async with asyncio.TaskGroup() as tasks:
            writer = tasks.create_task(self._recorder.run())
            test = tasks.create_task(self.dispatcher.self_test())
            for _ in range(5):
                await asyncio.sleep(0)  # noqa: TID251  # lets the test take its turn
            self._story.clock.advance(60.0)
            await test
            await self._recorder.drain()
            writer.cancel()
        await self.deliver()

    def __getitem__(self, name: str) -> Channel:
        return self.channels[name]


@pytest.fixture
def post(story: Scenario) -> Post:
    """The way from the outbox to people; `open` gives it channels."""
    return Post(story)
