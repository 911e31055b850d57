"""The alerts that the store remembers, held against this start's plan: what goes on, what is no longer watched."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import datetime, timedelta

from liqwatch.alerts.finding import Finding
from liqwatch.alerts.policy import AlertPolicy
from liqwatch.engine import conditions
from liqwatch.engine.alarms import Alarms
from liqwatch.engine.plan import WatchPlan
from liqwatch.model import AlertKey, AlertRecord, AlertState
from liqwatch.rules.base import Verdict
from liqwatch.rules.position_closed import RULE as POSITION_CLOSED

SEEN_AGAIN_WITHIN = timedelta(seconds=30)
"""By then an account has usually answered; what has not been seen by then is reminded of unseen."""
EVENTS = conditions.EVENTS | {POSITION_CLOSED.kind}
UNSEEN = Verdict(unknown="it has not been read since the start")


def remembered(plan: WatchPlan, alarms: Alarms, kinds: Collection[str], now: datetime) -> None:
    """Take the burning alerts of before the start up again; `kinds` are the rules in force."""
    for record in list(alarms.burning()):
        key = record.key
        if key.rule in EVENTS and record.told is None:
            alarms.keep(_happened(record), plan.troubles(key.account))
        elif key.rule in kinds and key.account in plan.accounts:
            policy = _policy(plan, key)
            if policy is not None:
                finding = Finding(key=key, headline="not looked at since the start", verdict=UNSEEN)
                alarms.expect(finding, policy, now + SEEN_AGAIN_WITHIN)


def removed(plan: WatchPlan, alarms: Alarms, kinds: Collection[str]) -> Iterator[AlertKey]:
    """Alerts that are not over and that nobody will look at again: of what the plan no longer has."""
    accounts = {"", *plan.accounts}
    channels = {conditions.channel_subject(name) for name in plan.routing.channels}
    known = {*kinds, *EVENTS, *conditions.STATES}
    for key, record in list(alarms.records.items()):
        is_of_no_channel = key.rule in conditions.OF_CHANNELS and key.subject not in channels
        is_known = key.account in accounts and key.rule in known and not is_of_no_channel
        if record.state is not AlertState.OK and not is_known:
            yield key


def _policy(plan: WatchPlan, key: AlertKey) -> AlertPolicy | None:
    symbol = key.subject.partition(" ")[0]
    found = plan.policies(key.account, symbol if "/" in symbol else None, key.subject, key.rule)
    return found.alerts if found else None


def _happened(record: AlertRecord) -> Finding:
    """What exactly is in the history only: the record does not keep the words."""
    verdict = Verdict(fired=record.severity, held=record.severity)
    return Finding(key=record.key, headline="something happened, see its history", verdict=verdict)
