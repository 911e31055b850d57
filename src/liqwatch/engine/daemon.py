"""The daemon: every task under one group, readiness, draining.

venue feeds → watch → recorder → store → dispatcher → people; the self-watch looks at all of them.
"""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import structlog

from liqwatch.clock import Clock
from liqwatch.engine import conditions
from liqwatch.engine.absence import Absence
from liqwatch.engine.account_feed import AccountFeed
from liqwatch.engine.delivery.dispatch import Dispatcher
from liqwatch.engine.desk import Desk
from liqwatch.engine.desk.chat import ChatDesk
from liqwatch.engine.desk.front import PLAIN
from liqwatch.engine.explain import explain_report
from liqwatch.engine.heartbeat import Heartbeat
from liqwatch.engine.record import Recorder
from liqwatch.engine.selfwatch import SelfWatch
from liqwatch.engine.status import News, status_report
from liqwatch.engine.supervise import keep_alive
from liqwatch.engine.venue_feed import VenueFeed
from liqwatch.engine.watch import Watch
from liqwatch.errors import CredentialsError, ExchangeError
from liqwatch.model import Delivery, DeliveryReport, Severity
from liqwatch.ports import Conversation, ServiceManager, Store, Telemetry

log = structlog.get_logger(__name__)

READY_AT_LATEST_SECONDS = 15.0
READY_LOOK_SECONDS = 0.02
DRAIN_SECONDS = 3.0
FLUSH_SECONDS = 5.0
FAILURES_BEFORE_TOLD = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """Everything the daemon runs, wired by `bootstrap`."""

    watch: Watch
    recorder: Recorder
    dispatcher: Dispatcher
    selfwatch: SelfWatch
    venues: Mapping[str, VenueFeed]
    accounts: Mapping[str, AccountFeed]
    store: Store
    service: ServiceManager
    clock: Clock
    telemetry: Telemetry
    absence: Absence
    desk: Desk
    heartbeat: Heartbeat | None = None
    conversations: Mapping[str, Conversation] = field(default_factory=dict)
    troubles_at_start: Sequence[tuple[str, str, str]] = field(default_factory=tuple)
    """(kind, subject, headline) of what went wrong before the daemon could speak."""


class Daemon:
    """Runs until told to stop."""

    def __init__(self, parts: Parts) -> None:
        """Nothing runs until `run`."""
        self._parts = parts
        self.ready = asyncio.Event()
        self.refused = asyncio.Event()
        self.refusal: CredentialsError | None = None
        """Set with `refused`: no account can be watched, so that there is no point in running."""
        parts.dispatcher.told = self._channel_told

    async def run(self, stop: asyncio.Event) -> None:
        """Run until `stop` is set, then drain: feeds end first, what is decided is written, what is due is tried."""
        parts = self._parts
        await parts.absence.recall()
        async with asyncio.TaskGroup() as tasks:
            back = [
                tasks.create_task(parts.recorder.run(), name="recorder"),
                tasks.create_task(parts.dispatcher.run(), name="dispatcher"),
            ]
            front = [
                tasks.create_task(keep_alive(name, work, parts.clock, parts.telemetry), name=name)
                for name, work in self._feeds()
            ]
            front.append(tasks.create_task(self._announce_ready(), name="ready"))
            await self._tell_troubles_at_start()
            await stop.wait()
            log.info("stopping")
            for task in front:
                task.cancel()
            await self._drain()
            for task in back:
                task.cancel()

    async def status(self) -> dict[str, Any]:
        """The report of `liqwatch status`."""
        parts = self._parts
        news = News(
            funding={name: venue.funding for name, venue in parts.venues.items()},
            orders={name: account.orders for name, account in parts.accounts.items()},
        )
        return status_report(parts.watch, parts.selfwatch, await parts.store.outbox_status(), news)

    async def explain(self, account: str, symbol: str) -> dict[str, Any]:
        """The report of `liqwatch explain`; raises `RequestRefused` for an account or a market it does not know."""
        return explain_report(self._parts.watch, account, symbol, self._parts.clock.now().date())

    async def prepare_channels(self) -> None:
        """Chore, once: load what the first message would otherwise wait for."""
        await self._parts.dispatcher.prepare()

    async def refresh_brackets(self) -> None:
        """Chore: ask every venue for its contracts, and every account for its leverage brackets."""
        for venue in self._parts.venues.values():
            try:
                await venue.refresh_instruments()
            except ExchangeError as error:
                log.warning("contracts_not_refreshed", venue=venue.venue, error=str(error))
        for name, account in self._parts.accounts.items():
            try:
                await account.refresh_brackets()
            except (ExchangeError, CredentialsError) as error:
                log.warning("leverage_brackets_not_refreshed", account=name, error=str(error))

    def _feeds(self) -> list[tuple[str, Any]]:
        parts = self._parts
        return [
            *((f"venue:{name}", venue.run) for name, venue in parts.venues.items()),
            *((f"account:{name}", account.run) for name, account in parts.accounts.items()),
            ("selfwatch", parts.selfwatch.run),
            ("desk", parts.desk.run),
            ("absence", self._mind_absence),
            *(
                (f"chat:{name}", partial(chat.converse, ChatDesk(parts.desk, parts.watch.plan.voices.get(name, PLAIN))))
                for name, chat in parts.conversations.items()
            ),
            *([("heartbeat", partial(parts.heartbeat.run, self.ready))] if parts.heartbeat else []),
        ]

    async def _mind_absence(self) -> None:
        """Once everything is known again: what was missed before this start. From then on, signs of life."""
        await self.ready.wait()
        await self._parts.absence.tell()
        await self._parts.absence.run()

    async def _announce_ready(self) -> None:
        """Ready with the first prices of every venue, or, degraded, a little later."""
        clock, venues = self._parts.clock, self._parts.venues
        until = clock.monotonic() + READY_AT_LATEST_SECONDS
        while not all(venue.is_settled for venue in venues.values()):
            if self._nothing_is_left():
                self.refused.set()
                return
            if clock.monotonic() >= until:
                silent = [name for name, venue in venues.items() if not venue.is_settled]
                log.warning("ready_without_prices", venues=silent)
                break
            await clock.sleep(READY_LOOK_SECONDS)
        self._parts.service.ready()
        self.ready.set()
        gc.collect()
        gc.freeze()
        gc.enable()
        log.info("ready", venues=sorted(self._parts.venues), accounts=sorted(self._parts.watch.plan.accounts))

    def _nothing_is_left(self) -> bool:
        """Whether every account's key has been refused at the start, and nothing is typed in."""
        accounts, plans = self._parts.accounts, self._parts.watch.plan.accounts
        refusals = [feed.refusal for feed in accounts.values()]
        if not refusals or not all(refusals) or any(plan.typed for plan in plans.values()):
            return False
        self.refusal = refusals[0]
        return True

    async def _tell_troubles_at_start(self) -> None:
        await self._parts.recorder.record(self._parts.watch.close_removed_accounts())
        for kind, subject, headline in self._parts.troubles_at_start:
            await self.tell(kind, subject, headline, Severity.WARNING)

    async def tell(self, kind: str, subject: str, headline: str, severity: Severity) -> None:
        """Tell people of a trouble that is an event, not a state: it is over as soon as it is told."""
        changes = self._parts.watch.take_event(conditions.trouble(kind, subject, headline, severity))
        await self._parts.recorder.record(changes)

    async def _channel_told(self, channel: str, report: DeliveryReport, failures: int) -> None:
        subject = f"channel {channel}"
        if report.delivery is Delivery.SENT:
            finding = conditions.no_trouble(conditions.CHANNEL_FAILING, subject, "delivers again")
        elif report.delivery is Delivery.DEAD or failures >= FAILURES_BEFORE_TOLD:
            headline = f"does not take messages: {report.detail or report.delivery.value}"
            finding = conditions.trouble(conditions.CHANNEL_FAILING, subject, headline, Severity.CRITICAL)
        else:
            return
        await self._parts.recorder.record(self._parts.watch.take_finding(finding))

    async def _drain(self) -> None:
        parts = self._parts
        try:
            async with asyncio.timeout(DRAIN_SECONDS):
                await parts.recorder.drain()
                await parts.absence.leave()
        except TimeoutError:
            log.warning("stopped_before_everything_was_written")
        try:
            async with asyncio.timeout(FLUSH_SECONDS):
                await parts.dispatcher.flush()
        except TimeoutError:
            log.warning("stopped_before_everything_was_sent", note="the rest goes out after the next start")
