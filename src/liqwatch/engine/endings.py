"""Positions that ended, or shrank, between two answers of an account: why, told once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from liqwatch.alerts.finding import Finding
from liqwatch.margin.traces import Traces
from liqwatch.model import AccountSnapshot, AlertKey, Position, Reading, RestingOrder, Severity, Unknown
from liqwatch.rules.base import Verdict
from liqwatch.rules.position_closed import RULE, SEVERITIES, Ending, EndingKind, ending_of, is_smaller

NOT_SEEN = Unknown("its liquidation price was not known")


@dataclass(frozen=True, slots=True)
class Around:
    """What was seen around the end of positions: orders before and after, and by subject marks and last figures."""

    orders_before: Sequence[RestingOrder] | None
    orders_after: Sequence[RestingOrder] | None
    marks: Mapping[str, Sequence[float]]
    liquidation_prices: Mapping[str, Reading]


def ended_subjects(before: AccountSnapshot | None, after: AccountSnapshot) -> list[str]:
    """Positions that are gone or smaller than they were."""
    held = {position.subject: position for position in after.positions}
    return [
        each.subject
        for each in (before.positions if before else ())
        if each.subject not in held or is_smaller(held[each.subject], each)
    ]


def endings(
    before: AccountSnapshot | None, after: AccountSnapshot, news: Mapping[str, str], around: Around
) -> Iterator[tuple[str, Ending]]:
    """Every ending by subject. `news`: what the venue has closed by itself and not said before, by subject."""
    known = {position.subject: position for position in (before.positions if before else ())}
    held = {position.subject: position for position in after.positions}
    for subject in ended_subjects(before, after):
        forced = after.forced.get(subject)
        ending = ending_of(known[subject], held.get(subject), forced, _traces(around, known[subject]))
        if ending is not None:
            yield subject, ending
    for subject in news.keys() - set(ended_subjects(before, after)):
        yield subject, _said_later(news[subject], held.get(subject))


def finding_of(account: str, subject: str, ending: Ending, detail: tuple[str, ...]) -> Finding:
    """The ending as a finding: an event as bad as it is."""
    return Finding(
        key=AlertKey(account, RULE.kind, subject),
        headline=ending.text,
        verdict=Verdict(fired=ending.severity, held=ending.severity),
        detail=detail,
    )


def _traces(around: Around, position: Position) -> Traces:
    subject = position.subject
    return Traces(
        orders_before=around.orders_before,
        orders_after=around.orders_after,
        marks=around.marks.get(subject, ()),
        liquidation_price=around.liquidation_prices.get(subject, NOT_SEEN),
    )


def _said_later(word: str, held: Position | None) -> Ending:
    """The venue's word came after the position had gone, or without its size having changed."""
    kind = EndingKind.LIQUIDATED if held is None else EndingKind.PARTLY_LIQUIDATED
    is_liquidation = "liquidat" in word
    severity = SEVERITIES[kind] if is_liquidation else Severity.CRITICAL
    return Ending(kind if is_liquidation else EndingKind.CLOSED_BY_VENUE, word, severity)
