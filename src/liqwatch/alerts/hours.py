"""Hours of the day in a time zone, told by what the clock on the wall shows there.

Clock changes need no rule of their own: an hour that is skipped is never shown, one that comes twice counts twice.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta, tzinfo
from itertools import pairwise

from liqwatch.model import Severity

EVERY_DAY = frozenset(range(7))
ONE_DAY = timedelta(days=1)
# The last hours of one week are those of the next, so whatever has not ended by then never does.
LONGEST_DAYS = 9
FINEST = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Hours:
    """From `start` until just before `end` on the wall clock of `zone`, beginning on `days` (0 is Monday).

    Where `end` is not later than `start`, it is that of the next day: 22:00 to 07:00, or 00:00 to 00:00, a whole day.
    """

    zone: tzinfo
    start: time
    end: time
    days: frozenset[int] = EVERY_DAY

    def covers(self, now: datetime) -> bool:
        """Whether the wall clock shows one of these hours at `now` (aware, any zone)."""
        local = now.astimezone(self.zone)
        wall, today = local.time(), local.weekday()
        if self.start < self.end:
            return today in self.days and self.start <= wall < self.end
        yesterday = (today - 1) % 7
        return (today in self.days and wall >= self.start) or (yesterday in self.days and wall < self.end)

    def ends_at(self, now: datetime) -> datetime | None:
        """The first moment from `now` on that is not covered (UTC); None: there is none."""
        if not self.covers(now):
            return now.astimezone(UTC)
        return next((moment for moment in self._turns(now) if not self.covers(moment)), None)

    def _turns(self, now: datetime) -> Iterator[datetime]:
        """Every moment after `now` at which it can change whether it is covered, in order."""
        now = now.astimezone(UTC)
        first = now.astimezone(self.zone).date() - ONE_DAY
        shown = {
            datetime.combine(first + ONE_DAY * ahead, wall, self.zone).replace(fold=fold).astimezone(UTC)
            for ahead in range(LONGEST_DAYS + 1)
            for wall in (self.start, self.end)
            for fold in (0, 1)
        }
        for earlier, later in pairwise([now, *sorted(moment for moment in shown if moment > now)]):
            if self._offset(earlier) != self._offset(later):
                yield self._clock_change(earlier, later)
            yield later

    def _clock_change(self, earlier: datetime, later: datetime) -> datetime:
        """The first whole second in (`earlier`, `later`] with another offset than `earlier`."""
        before, offset = earlier.replace(microsecond=0), self._offset(earlier)
        while later - before > FINEST:
            middle = before + timedelta(seconds=(later - before) // FINEST // 2)
            before, later = (middle, later) if self._offset(middle) == offset else (before, middle)
        return later

    def _offset(self, moment: datetime) -> timedelta | None:
        return moment.astimezone(self.zone).utcoffset()


@dataclass(frozen=True, slots=True, kw_only=True)
class QuietHours:
    """While `hours` run, `channels` (none named: all) hear of `accounts` (none named: all) only from `pierced_by` up.

    `pierced_by` is never worse than critical: what is critical is told at any hour.
    """

    hours: Hours
    channels: frozenset[str] = frozenset()
    accounts: frozenset[str] = frozenset()
    pierced_by: Severity = Severity.CRITICAL

    def holds_back(self, now: datetime, severity: Severity, account: str, channel: str) -> bool:
        """Whether a message has to wait; the daemon's own troubles (account "") count as everybody's."""
        return (
            severity < min(self.pierced_by, Severity.CRITICAL)
            and (not self.channels or channel in self.channels)
            and (not self.accounts or not account or account in self.accounts)
            and self.hours.covers(now)
        )
