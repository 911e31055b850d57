"""What happened while no price came: the mark's extremes in the gap, and what they would have crossed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from liqwatch.alerts.policy import RulePolicy
from liqwatch.margin.health import PoolHealth
from liqwatch.model import AlertKey, AlertRecord, MarkCandle, Reading, Severity
from liqwatch.rules.base import RuleKind

Readings = Callable[[PoolHealth], Iterable[tuple[AlertKey, RulePolicy, RuleKind, Reading]]]

GAP_SECONDS = 15.0
"""A silence shorter than this is not looked back into: staleness is not even told by then."""
LONGEST_LOOK_BACK = timedelta(hours=12)


@dataclass(frozen=True, slots=True)
class Extreme:
    """How far the mark went, and in the candle that began when."""

    mark_price: float
    at: datetime


def extremes(candles: Sequence[MarkCandle], since: datetime) -> tuple[Extreme, ...]:
    """The lowest and the highest mark of the gap; candles that ended before it are left out."""
    inside = [candle for candle in candles if candle.opened_at + timedelta(minutes=1) > since and candle.low > 0]
    if not inside:
        return ()
    lowest = min(inside, key=lambda candle: candle.low)
    highest = max(inside, key=lambda candle: candle.high)
    return Extreme(lowest.low, lowest.opened_at), Extreme(highest.high, highest.opened_at)


@dataclass(frozen=True, slots=True)
class Crossing:
    """A level that was crossed unseen: how bad, where, and the rule's words for it."""

    severity: Severity
    extreme: Extreme
    headline: str

    @property
    def text(self) -> str:
        """For people, the lateness said first."""
        minute = f"{self.extreme.at:%Y-%m-%d %H:%M} UTC"
        return (
            f"told late: while no price came, the mark reached {self.extreme.mark_price:g} at {minute}: {self.headline}"
        )


def crossings(
    looks: Sequence[tuple[Extreme, PoolHealth]], readings: Readings, records: Mapping[AlertKey, AlertRecord]
) -> dict[str, Crossing]:
    """The worst crossing of each subject that its alert does not tell already."""
    worst: dict[str, Crossing] = {}
    for extreme, health in looks:
        for key, policy, rule, reading in readings(health):
            fired = policy.ladder.judge(reading).fired
            told = records.get(key)
            known = max(
                (told.severity if told else None) or 0, worst[key.subject].severity if key.subject in worst else 0
            )
            if fired is not None and fired > known:
                worst[key.subject] = Crossing(fired, extreme, rule.headline(reading))
    return worst
