"""A winning position stands at the front of the line for auto-deleveraging: the venue may close it unasked."""

from __future__ import annotations

from liqwatch.margin.adl_rows import adl_row
from liqwatch.margin.health import PositionHealth
from liqwatch.margin.words import money
from liqwatch.model import UNREACHABLE, Reading, Severity, Unknown
from liqwatch.rules.base import Danger, Pace, RuleKind, Scope, Unit
from liqwatch.rules.sight import Sight

FRONT = 0.75
MEANING = (
    "You are among the next to be closed against your will when losers on the other side cannot pay and the "
    "insurance fund is short: the venue takes the most leveraged profit first."
)


def read(sight: Sight) -> Reading:
    """The place in the line, 1 is first. A position without profit is not what a venue takes first."""
    position = sight.position
    if position is None:
        return Unknown("no position")
    is_winning = _is_winning(position)
    if is_winning is None:
        return Unknown("no mark price yet")
    return _place(sight, position) if is_winning else UNREACHABLE


def headline(reading: Reading) -> str:
    """How near the front, in half a sentence."""
    if isinstance(reading, Unknown):
        return f"place in the line for auto-deleveraging unknown: {reading.reason}"
    if reading is UNREACHABLE:
        return "no profit that auto-deleveraging would take"
    if reading >= 1.0:
        return "first in line for auto-deleveraging"
    front = "near the front of" if reading >= FRONT else "in"
    return f"{front} the line for auto-deleveraging ({reading:.0%})"


def detail(sight: Sight) -> tuple[str, ...]:
    """What that means, with the venue's own number."""
    position, row = sight.position, adl_row(sight.pool.pool.venue)
    rank = position.position.adl_rank if position else None
    if row is None or rank is None or not isinstance(read(sight), float):
        return ()
    return (MEANING, f"The venue's rank: {row.shown(rank)}.")


def advice(sight: Sight) -> str | None:
    """What moves a position back in the line."""
    position, reading = sight.position, read(sight)
    if position is None or not isinstance(reading, float) or reading < FRONT:
        return None
    gain = position.unrealized_pnl
    worth = f" (now {money(gain, sight.pool.pool.currency)})" if gain is not None else ""
    return f"Take part of the profit{worth} or lower the leverage: both move you back in the line."


def _place(sight: Sight, position: PositionHealth) -> Reading:
    rank, row = position.position.adl_rank, adl_row(sight.pool.pool.venue)
    if rank is None:
        return Unknown("the venue tells no ADL rank")
    if row is None:
        return Unknown("nobody has verified how this venue counts its ADL rank")
    place = row.place(rank)
    return Unknown(f"the venue's ADL rank of {rank:g} says nothing") if place is None else place


def _is_winning(position: PositionHealth) -> bool | None:
    if position.unrealized_pnl is not None:
        return position.unrealized_pnl > 0
    entry, mark = position.position.entry_price, position.mark_price
    if mark is None or entry <= 0:
        return None
    return position.position.side.value * (mark - entry) > 0


RULE = RuleKind(
    kind="adl_rank",
    scope=Scope.POSITION,
    danger=Danger.ABOVE,
    unit=Unit.FRACTION,
    figure="place in the line for auto-deleveraging",
    docs="Where a winning position stands in the venue's line for auto-deleveraging, on one scale for all venues: "
    "100 % is first. Unknown where the venue tells none.",
    levels={Severity.NOTICE: FRONT, Severity.WARNING: 0.95},
    careful={Severity.NOTICE: 0.5, Severity.WARNING: FRONT},
    bold={Severity.NOTICE: 0.95},
    read=read,
    headline=headline,
    detail=detail,
    advice=advice,
    pace=Pace.ANSWER,
)
