"""While we were away: how long nobody watched, and what has changed meanwhile.

The last sign of life and the positions of that moment are noted every half minute. After a start that follows a gap
the marks of the gap are read back (a crossing is told late, never lost), and one message says what was missed.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Container, Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

import structlog

from liqwatch.alerts.wording.announcements import was_blind
from liqwatch.clock import Clock
from liqwatch.engine.composer import Announcement
from liqwatch.engine.record import Recorder
from liqwatch.engine.venue_feed import VenueFeed
from liqwatch.engine.watch import Watch
from liqwatch.errors import StoreError
from liqwatch.margin.health import PoolHealth
from liqwatch.model import AlertChange, Notification, Severity
from liqwatch.ports import Cache

log = structlog.get_logger(__name__)

NOTE = "alive"
MEMORY_NOTE = "memory"
NOTE_EVERY_SECONDS = 30.0
MEMORY_EVERY = timedelta(minutes=2)
SEPARATOR = " · "
WORTH_TELLING = timedelta(minutes=2)
"""A shorter absence (a restart, an update) is looked back into, but not told by itself."""
SMALLEST_CHANGE = 0.005
MOST_LINES = 20

Seen = Mapping[str, Mapping[str, Any]]


class Absence:
    """Notes that we are alive; tells what was missed when we were not."""

    def __init__(
        self, *, watch: Watch, recorder: Recorder, venues: Mapping[str, VenueFeed], cache: Cache, clock: Clock
    ) -> None:
        """Nothing runs until `recall`."""
        self._watch = watch
        self._recorder = recorder
        self._venues = venues
        self._cache = cache
        self._clock = clock
        self._alive_at: datetime | None = None
        self._seen: Seen = {}
        self._memory_noted_at: datetime | None = None
        self._is_here = False

    async def recall(self) -> None:
        """What was noted before this start; to be asked before anything is noted anew."""
        try:
            memory = await self._cache.recall(MEMORY_NOTE)
            found = await self._cache.recall(NOTE)
        except StoreError as error:
            log.warning("last_sign_of_life_unknown", error=str(error))
            return
        if memory is not None:
            self._restore(memory[0])
        if found is not None:
            self._alive_at = found[1]
            self._seen = _seen(found[0], self._watch.plan.accounts)

    def _restore(self, text: str) -> None:
        try:
            self._watch.sights.restore(json.loads(text), self._watch.plan.accounts)
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            # Another version's, or damaged: what is remembered of prices and equity begins anew.
            log.warning("memory_not_restored", error=type(error).__name__)

    async def tell(self) -> None:
        """Look back into the gap before this start, and tell it if it was long. Once everything is known again."""
        since, now = self._alive_at, self._clock.now()
        self._alive_at, self._is_here = None, True
        if since is None or since >= now:
            return
        try:
            async with asyncio.TaskGroup() as tasks:
                for name, venue in self._venues.items():
                    tasks.create_task(venue.hindsight.look_back(since, now), name=f"absence:{name}")
        finally:
            if now - since >= WORTH_TELLING:
                await self._recorder.record([AlertChange(None, self._notifications(since, now))])

    def _notifications(self, since: datetime, now: datetime) -> tuple[Notification, ...]:
        """What is said of the gap. An account that has not been read since is not said to have lost anything."""
        read = self._watch.snapshots
        before = {name: each for name, each in self._seen.items() if name.partition(SEPARATOR)[0] in read}
        changed = list(changes(before, figures(self._watch.present_health())))
        changed += [f"account {name}: not read yet" for name in sorted(self._watch.plan.accounts.keys() - read.keys())]
        left_out = len(changed) - MOST_LINES
        lines = [*changed[:MOST_LINES], *([f"… and {left_out} more changes"] if left_out > 0 else [])]
        composer = self._watch.alarms.composer
        announcement = Announcement(
            name=f"blind|{since.isoformat()}",
            words=lambda voice, translate: was_blind(since, now, lines, voice=voice, translate=translate),
            severity=Severity.WARNING,
            is_silent=composer.routing.must_wait(Severity.WARNING, "", now),
        )
        return composer.announce(announcement, now)

    async def run(self) -> None:
        """Note for ever that we are alive, and with which figures."""
        while True:
            await self.note()
            await self._clock.sleep(NOTE_EVERY_SECONDS)

    async def leave(self) -> None:
        """The last sign of life: what has been seen up to the end is not looked back into after the next start.

        None where the gap before this start has not been looked back into yet: it goes on.
        """
        if self._is_here:
            self._memory_noted_at = None
            await self.note()

    async def note(self) -> None:
        """One sign of life."""
        now = self._clock.now()
        # As last judged: nothing that matters has changed since, and a big book is not reckoned anew for a note.
        seen, memory = figures(self._watch.health.values()), None
        if self._memory_noted_at is None or now - self._memory_noted_at >= MEMORY_EVERY:
            self._memory_noted_at = now
            self._watch.sights.forget_old(now)
            memory = self._watch.sights.saved()
        try:
            if memory is not None:
                await self._cache.remember(MEMORY_NOTE, await asyncio.to_thread(json.dumps, memory), now)
            await self._cache.remember(NOTE, await asyncio.to_thread(json.dumps, seen), now)
        except StoreError as error:
            log.warning("sign_of_life_not_noted", error=str(error))


def _seen(text: str, accounts: Container[str]) -> Seen:
    """The positions of then, of the accounts that are still watched."""
    try:
        noted: Seen = json.loads(text)
        return {name: each for name, each in noted.items() if name.partition(SEPARATOR)[0] in accounts}
    except (ValueError, AttributeError):
        return {}


def figures(pools: Iterable[PoolHealth]) -> dict[str, dict[str, Any]]:
    """Size, mark and liquidation price of every position, by account and subject."""
    return {
        f"{health.pool.account}{SEPARATOR}{each.position.subject}": {
            "contracts": each.position.contracts,
            "mark_price": each.mark_price,
            "liquidation_price": each.liquidation_price if isinstance(each.liquidation_price, float) else None,
        }
        for health in pools
        for each in health.positions
    }


def changes(before: Seen, after: Seen) -> Iterator[str]:
    """What is different, position by position, in one line each."""
    for name in sorted(before.keys() | after.keys()):
        if name not in after:
            yield f"{name}: gone"
        elif name not in before:
            yield f"{name}: new"
        else:
            parts = list(_differences(before[name], after[name]))
            if parts:
                yield f"{name}: {', '.join(parts)}"


def _differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[str]:
    for key, word in (("contracts", "size"), ("mark_price", "mark"), ("liquidation_price", "liquidation")):
        old, new = before.get(key), after.get(key)
        if old and new and abs(new / old - 1) >= SMALLEST_CHANGE:
            yield f"{word} {old:,.8g} → {new:,.8g} ({new / old - 1:+.1%})"
        elif bool(old) != bool(new):
            yield f"{word} {f'{old:,.8g}' if old else 'none'} → {f'{new:,.8g}' if new else 'none'}"
