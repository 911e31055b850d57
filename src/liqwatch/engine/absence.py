"""While we were away: how long nobody watched, and what has changed meanwhile.

The last sign of life and the positions of that moment are noted every half minute. After a start that follows a gap
the marks of the gap are read back (a crossing is told late, never lost), and one message says what was missed.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
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
from liqwatch.model import AlertChange, Severity
from liqwatch.ports import Cache

log = structlog.get_logger(__name__)

NOTE = "alive"
MEMORY_NOTE = "memory"
NOTE_EVERY_SECONDS = 30.0
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

    async def recall(self) -> None:
        """What was noted before this start; to be asked before anything is noted anew."""
        try:
            memory = await self._cache.recall(MEMORY_NOTE)
            found = await self._cache.recall(NOTE)
        except StoreError as error:
            log.warning("last_sign_of_life_unknown", error=str(error))
            return
        if memory is not None:
            self._watch.sights.restore(json.loads(memory[0]))
        if found is not None:
            self._seen, self._alive_at = json.loads(found[0]), found[1]

    async def tell(self) -> None:
        """Look back into the gap before this start, and tell it if it was long. Once everything is known again."""
        since, now = self._alive_at, self._clock.now()
        self._alive_at = None
        if since is None or since >= now:
            return
        for venue in self._venues.values():
            await venue.hindsight.look_back(since, now)
        if now - since < WORTH_TELLING:
            return
        changed = list(changes(self._seen, figures(self._watch.present_health())))
        left_out = len(changed) - MOST_LINES
        lines = [*changed[:MOST_LINES], *([f"… and {left_out} more changes"] if left_out > 0 else [])]
        announcement = Announcement(
            name=f"blind|{since.isoformat()}",
            words=lambda voice, translate: was_blind(since, now, lines, voice=voice, translate=translate),
            severity=Severity.WARNING,
            is_silent=False,
        )
        notifications = self._watch.alarms.composer.announce(announcement, now)
        await self._recorder.record([AlertChange(None, notifications)])

    async def run(self) -> None:
        """Note for ever that we are alive, and with which figures."""
        while True:
            await self.note()
            await self._clock.sleep(NOTE_EVERY_SECONDS)

    async def note(self) -> None:
        """One sign of life."""
        now = self._clock.now()
        seen = figures(self._watch.present_health())
        try:
            await self._cache.remember(MEMORY_NOTE, json.dumps(self._watch.sights.saved()), now)
            await self._cache.remember(NOTE, json.dumps(seen), now)
        except StoreError as error:
            log.warning("sign_of_life_not_noted", error=str(error))


def figures(pools: Sequence[PoolHealth]) -> dict[str, dict[str, Any]]:
    """Size, mark and liquidation price of every position, by account and subject."""
    return {
        f"{health.pool.account} · {each.position.subject}": {
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
