"""Who watches the watch.

The age of every stream is told when it grows too old; the process supervisor is fed only while data is
fresh and what is decided can be written down.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta

import structlog

from liqwatch.alerts.finding import Finding
from liqwatch.alerts.inhibition import stream_subject
from liqwatch.clock import Clock
from liqwatch.engine import conditions
from liqwatch.engine.account_feed import AccountFeed
from liqwatch.engine.record import Recorder
from liqwatch.engine.watch import Watch
from liqwatch.model import AlertKey, Severity
from liqwatch.ports import ServiceManager, Telemetry
from liqwatch.rules.base import Danger, Ladder, Level, Verdict
from liqwatch.rules.data_staleness import headline

log = structlog.get_logger(__name__)

TURN_SECONDS = 1.0
BLIND_AFTER = 4
"""Silence of so many times its limit is critical."""


@dataclass(frozen=True, slots=True)
class StreamAge:
    """One stream: the account it belongs to ("" for public ones), what it is called, its age and limit."""

    account: str
    subject: str
    age_seconds: float
    limit: timedelta
    is_whole_stream: bool = True
    is_hidden: bool = False
    """A market whose whole stream is silent: it is neither told one by one nor cleared."""

    @property
    def key(self) -> AlertKey:
        """The alert that tells of it."""
        return AlertKey(self.account, conditions.DATA_STALENESS, self.subject)

    @property
    def is_fresh(self) -> bool:
        """Within its limit."""
        return self.age_seconds < self.limit.total_seconds()

    @property
    def is_lively(self) -> bool:
        """So young that it cannot be part of a beginning silence; also the age at which an alert is over."""
        return self.age_seconds < self.limit.total_seconds() / 2


class SelfWatch:
    """A turn a second: due alerts, stream ages, the supervisor's watchdog."""

    def __init__(  # noqa: PLR0913  # collaborators, wired once in bootstrap
        self,
        *,
        watch: Watch,
        recorder: Recorder,
        accounts: Mapping[str, AccountFeed],
        service: ServiceManager,
        clock: Clock,
        telemetry: Telemetry,
        is_outbox_moving: Callable[[], bool] = lambda: True,
    ) -> None:
        """Nothing runs until `run`. `is_outbox_moving`: whether what is due is being attempted."""
        self._watch = watch
        self._recorder = recorder
        self._accounts = accounts
        self._service = service
        self._clock = clock
        self._telemetry = telemetry
        self._is_outbox_moving = is_outbox_moving
        self.troubles: tuple[str, ...] = ("not ready yet",)
        """What stands against trusting the silence; found anew every turn."""

    async def run(self) -> None:
        """Turn for ever."""
        while True:
            began = self._clock.monotonic()
            await self._recorder.record(self._watch.take_time())
            ages = list(self.ages())
            for finding in findings(ages, self._watch.records, is_all_known=self._is_all_known()):
                await self._recorder.record(self._watch.take_finding(finding, self._watch.plan.staleness.alerts))
            await self._tell_store()
            self._report(ages)
            await self._clock.sleep(self._pause_seconds(began))
            self._telemetry.gauge("loop_lag_seconds", max(0.0, self._clock.monotonic() - began - TURN_SECONDS))

    def ages(self) -> Iterator[StreamAge]:
        """The age of everything that should be arriving. Markets are named one by one only while their stream lives."""
        limits, now = self._watch.plan.staleness, self._clock.monotonic()
        critical = self._watch.critical_symbols()
        book = self._watch.book
        for venue in book.venues():
            symbols = book.symbols(venue)
            if not symbols:
                continue
            limit = limits.mark_price_critical if critical.intersection(symbols) else limits.mark_price
            stream = StreamAge("", stream_subject(venue), book.stream_age_seconds(venue, now), limit)
            yield stream
            for symbol in symbols:
                limit = limits.mark_price_critical if symbol in critical else limits.mark_price
                age = book.mark_age_seconds(venue, symbol, now)
                name, is_hidden = f"mark price of {symbol} ({venue})", not stream.is_lively
                yield StreamAge("", name, age, limit, is_whole_stream=False, is_hidden=is_hidden)
        for name, feed in self._accounts.items():
            yield StreamAge(name, f"positions of {name}", now - feed.answered_monotonic, limits.account)

    def _is_all_known(self) -> bool:
        """Whether every account has been read since the start: before, nobody knows which markets are held."""
        return self._watch.plan.accounts.keys() <= self._watch.snapshots.keys()

    async def _tell_store(self) -> None:
        subject = "state on disk"
        finding = (
            conditions.trouble(conditions.STORE_FAILING, subject, "cannot be written", Severity.CRITICAL)
            if self._recorder.is_failing
            else conditions.no_trouble(conditions.STORE_FAILING, subject, "can be written again")
        )
        await self._recorder.record(self._watch.take_finding(finding))

    def _pause_seconds(self, began: float) -> float:
        """A turn a second, sooner when an alert is due."""
        pause = TURN_SECONDS - (self._clock.monotonic() - began)
        due_at = self._watch.next_due_at()
        if due_at is not None:
            pause = min(pause, (due_at - self._clock.now()).total_seconds())
        return max(pause, 0.01)

    def _report(self, ages: list[StreamAge]) -> None:
        whole = [age for age in ages if age.is_whole_stream]
        stale = [age.subject for age in whole if not age.is_fresh]
        for age in whole:
            self._telemetry.gauge("stream_age_seconds", age.age_seconds, stream=age.subject)
        store = ["the store"] if self._recorder.is_failing else []
        outbox = [] if self._is_outbox_moving() else ["the outbox"]
        self.troubles = (*stale, *store, *outbox)
        if self.troubles:
            self._service.status(f"in trouble: {', '.join(self.troubles)}")
            return
        burning = sum(record.told is not None for record in self._watch.records.values())
        pools = len(self._watch.health)
        self._service.status(f"watching {pools} margin pools, {burning} alerts burning")
        self._service.alive()


def findings(ages: Iterable[StreamAge], known: Iterable[AlertKey], *, is_all_known: bool = True) -> Iterator[Finding]:
    """A look at every stream, and the end of those that are no longer followed, once all that is followed is known.

    `known` are keys of any alerts.
    """
    followed = {age.key: age for age in ages}
    others = [key for key in known if key.rule == conditions.DATA_STALENESS and key not in followed]
    for key in others if is_all_known else ():
        yield Finding(key=key, headline="no longer followed", verdict=None)
    for age in followed.values():
        yield _finding(age)


def _finding(age: StreamAge) -> Finding:
    """An age on its ladder: warning at the limit, critical at four times the limit, over at half of it."""
    limit = age.limit.total_seconds()
    ladder = Ladder(
        Danger.ABOVE,
        (Level(Severity.WARNING, limit, limit / 2), Level(Severity.CRITICAL, BLIND_AFTER * limit, limit / 2)),
    )
    is_quiet = age.is_hidden or age.is_fresh
    return Finding(
        key=age.key,
        headline="data arrives again" if age.is_fresh else headline(age.age_seconds),
        verdict=Verdict(unknown="its whole stream is silent") if age.is_hidden else ladder.judge(age.age_seconds),
        detail=() if is_quiet else ("While this lasts, the figures of what depends on it are not watched.",),
    )
