"""Positions that end or shrink, told once, and the alerts of what no longer exists, closed."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeAlias

from liqwatch.alerts.mute import EVERYTHING, NOT_MUTED, Mute
from liqwatch.alerts.policy import AlertPolicy, RulePolicy
from liqwatch.engine import happenings
from liqwatch.engine.alarms import Alarms
from liqwatch.engine.endings import Around, ended_subjects, endings, finding_of
from liqwatch.engine.plan import WatchPlan
from liqwatch.engine.sights import Sights
from liqwatch.margin.health import PositionHealth
from liqwatch.model import UNREACHABLE, AccountSnapshot, AlertChange, AlertKey, AlertState, Severity
from liqwatch.rules.position_closed import RULE as POSITION_CLOSED_RULE
from liqwatch.rules.position_closed import Ending

POSITION_CLOSED = POSITION_CLOSED_RULE.kind

LastSeen: TypeAlias = Mapping[str, PositionHealth]
"""By subject, the positions of an account as they were last judged."""
Present: TypeAlias = Mapping[tuple[str, str], str | None]
"""Everything of an account that is judged now: (rule, subject) and the market whose settings count."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """Two answers of one account, one after the other, and the positions as they were judged before the later."""

    before: AccountSnapshot | None
    after: AccountSnapshot
    last_seen: LastSeen
    unconfirmed: frozenset[str] = field(default_factory=frozenset)
    """Missing from the answer but not yet believed to be gone."""

    @property
    def ended(self) -> list[str]:
        """Positions that are gone or smaller."""
        return ended_subjects(self.before, self.after)


class EndingWatch:
    """What every account's last answers said of endings."""

    def __init__(self, plan: WatchPlan, alarms: Alarms, sights: Sights, kinds: Collection[str]) -> None:
        """`kinds` are the rules in force."""
        self._plan = plan
        self._alarms = alarms
        self._sights = sights
        self._kinds = kinds
        self._forced: dict[str, dict[str, str]] = {}

    def note_last_marks(self, turn: Turn, now: datetime) -> None:
        """Before the new answer counts: a market in which nobody holds anything is not followed any longer."""
        ended = set(turn.ended)
        held = turn.before.positions if turn.before else ()
        self._sights.note_marks(turn.after.venue, [each.symbol for each in held if each.subject in ended], now)

    def take(self, turn: Turn, present: Callable[[], Present], now: datetime) -> Iterator[AlertChange]:
        """Tell what has ended, and close the alerts of what is gone or no longer judged."""
        why = self._why(turn)
        yield from self._told(turn, why, now)
        yield from self._closed(turn, why, present(), now)

    def _why(self, turn: Turn) -> dict[str, Ending]:
        """What has ended or shrunk, and why; what the venue closed by itself counts once for each time it says so."""
        account, forced = turn.after.account, turn.after.forced
        known = self._forced.get(account, {})
        self._forced[account] = dict(forced)
        news = {subject: word for subject, word in forced.items() if known.get(subject) != word}
        return dict(endings(turn.before, turn.after, news, self._around(turn)))

    def _around(self, turn: Turn) -> Around:
        """What was seen around the end of the positions that ended."""
        marks, prices = {}, {}
        before, after = turn.before or turn.after, turn.after
        held = {position.subject: position for position in before.positions}
        for subject in turn.ended:
            marks[subject] = self._sights.marks_since(after.venue, held[subject].symbol, before.as_of)
            last = turn.last_seen.get(subject)
            if last is not None:
                prices[subject] = UNREACHABLE if last.is_hedged_leg else last.liquidation_price
        return Around(*self._sights.orders_around(after.account, before.as_of, after.as_of), marks, prices)

    def _told(self, turn: Turn, why: Mapping[str, Ending], now: datetime) -> Iterator[AlertChange]:
        account = turn.after.account
        for subject, ending in why.items():
            policy = self._policy(account, subject)
            if policy is not None and _is_wanted(ending, policy):
                detail = happenings.last_figures(turn.last_seen.get(subject))
                yield from self._alarms.take_event(finding_of(account, subject, ending, detail), policy.alerts, now)

    def _closed(self, turn: Turn, why: Mapping[str, Ending], present: Present, now: datetime) -> Iterator[AlertChange]:
        """Alerts of positions and pools that no longer exist, and of rules that are switched off for them."""
        account = turn.after.account
        for key in self._alarms.ledger.of_account(account):
            if key.rule not in self._kinds or self._alarms.records[key].state is AlertState.OK:
                continue
            is_gone = (key.rule, key.subject) not in present
            if key.subject in turn.unconfirmed or not (is_gone or self._is_off(key, present[key.rule, key.subject])):
                continue
            ending, last = why.get(key.subject), turn.last_seen.get(key.subject)
            finding = happenings.ended(key, ending.text if ending else None, last, is_gone=is_gone)
            yield from self._alarms.take(finding, AlertPolicy(), now, mute=self._told_by(ending, key))
            self._alarms.forget_look(key)
        self._alarms.forget_others(account, {subject for _, subject in present} | turn.unconfirmed)

    def _is_off(self, key: AlertKey, symbol: str | None) -> bool:
        return self._plan.policies(key.account, symbol, key.subject, key.rule) is None

    def _told_by(self, ending: Ending | None, key: AlertKey) -> Mute:
        """The end of a position mutes the end of its alerts, for everybody who hears of endings as bad as that."""
        policy = self._policy(key.account, key.subject)
        if ending is None or policy is None or not _is_wanted(ending, policy):
            return NOT_MUTED
        if self._alarms.is_kept(AlertKey(key.account, POSITION_CLOSED, key.subject)):
            return NOT_MUTED
        is_heard = ending.severity >= (self._alarms.records[key].told or Severity.NOTICE)
        return Mute("its end has been told", EVERYTHING, even_endings=True) if is_heard else NOT_MUTED

    def _policy(self, account: str, subject: str) -> RulePolicy | None:
        return self._plan.policies(account, subject.partition(" ")[0], subject, POSITION_CLOSED)


def _is_wanted(ending: Ending, policy: RulePolicy) -> bool:
    """Whether endings so bad are to be told: the mildest level of the rule is the least."""
    return all(ending.severity >= level.severity for level in policy.ladder.levels[:1])
