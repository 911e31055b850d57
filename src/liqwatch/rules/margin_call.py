"""The venue's own margin call is near, or reached: at its level, in its words. Its events are told apart from this."""

from __future__ import annotations

import math

from liqwatch.margin.margin_call_rows import MarginCallRow, margin_call_row
from liqwatch.margin.pools import Pool
from liqwatch.margin.words import money
from liqwatch.model import UNREACHABLE, Reading, Severity, Unknown
from liqwatch.rules.base import Danger, Pace, RuleKind, Scope, Unit
from liqwatch.rules.sight import Sight

AT_THE_CALL = 1.0


def read(sight: Sight) -> Reading:
    """Our margin ratio ÷ that of the venue's call: 1 is the call. A venue without a level has nothing to reach."""
    row, ratio = _row(sight.pool.pool), sight.pool.margin_ratio
    if row is None:
        return UNREACHABLE
    return ratio / row.margin_ratio if isinstance(ratio, float) else ratio


def headline(reading: Reading) -> str:
    """How much of the way to the call is gone, in half a sentence."""
    if isinstance(reading, Unknown):
        return f"way to the venue's margin call unknown: {reading.reason}"
    if reading is UNREACHABLE:
        return "no margin call at this venue"
    if reading >= AT_THE_CALL:
        return "past the venue's margin call, no equity left" if math.isinf(reading) else "at the venue's margin call"
    return f"{reading:.0%} of the way to the venue's margin call"


def detail(sight: Sight) -> tuple[str, ...]:
    """What the venue does at that level, and what is not settled about it."""
    row = _row(sight.pool.pool)
    if row is None:
        return ()
    return tuple(line for line in (f"The venue's own level: {row.words}.", row.doubt) if line)


def advice(sight: Sight) -> str | None:
    """What it takes to stay below the call, at unchanged maintenance."""
    row = _row(sight.pool.pool)
    room = sight.pool.buffer_above(row.margin_ratio) if row else None
    if room is None:
        return None
    currency = sight.pool.pool.currency
    if room < 0:
        return f"Add at least {money(-room, currency)}, or reduce, to get back below the venue's margin call."
    return f"Add margin or reduce before another {money(room, currency)} are lost: then the venue calls."


def guard(pool: Pool, threshold: float) -> float | None:
    """The margin ratio at which the reading reaches a threshold; None where the venue states no level."""
    row = _row(pool)
    return None if row is None else threshold * row.margin_ratio


def _row(pool: Pool) -> MarginCallRow | None:
    """The level in force; the same one for readings and for guards."""
    return margin_call_row(pool.venue, pool.margin_mode)


RULE = RuleKind(
    kind="margin_call",
    scope=Scope.POOL,
    danger=Danger.ABOVE,
    unit=Unit.FRACTION,
    figure="way to the venue's margin call",
    docs="The margin ratio as a share of the one at which the venue itself calls for margin or begins to act: 100 % "
    "is the call. Only venues that state such a level have one; their own warnings are told as they come.",
    levels={Severity.NOTICE: 0.90, Severity.WARNING: 1.0},
    careful={Severity.NOTICE: 0.75, Severity.WARNING: 0.90, Severity.CRITICAL: 1.0},
    bold={Severity.WARNING: 1.0},
    read=read,
    headline=headline,
    detail=detail,
    advice=advice,
    pace=Pace.TICK,
    guard=guard,
)
