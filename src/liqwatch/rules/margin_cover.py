"""How many times a shared wallet covers what its positions were opened with: the 150 % rule, for futures."""

from __future__ import annotations

import math

from liqwatch.margin.costs import initial_margin
from liqwatch.margin.words import money
from liqwatch.model import UNREACHABLE, MarginMode, Reading, Severity, Unknown
from liqwatch.rules.base import Danger, RuleKind, Scope, Unit
from liqwatch.rules.sight import Sight

TARGET = 1.5


def read(sight: Sight) -> Reading:
    """Equity ÷ initial margin of a cross pool. Isolated margin is the initial margin itself: nothing to compare."""
    pool = sight.pool
    if pool.pool.margin_mode is MarginMode.ISOLATED:
        return UNREACHABLE
    needed = _needed(sight)
    if isinstance(needed, Unknown) or isinstance(pool.equity, Unknown):
        return needed if isinstance(needed, Unknown) else pool.equity
    return pool.equity / needed if needed > 0 else UNREACHABLE


def headline(reading: Reading) -> str:
    """The cover, in half a sentence."""
    if isinstance(reading, Unknown):
        return f"cover of initial margin unknown: {reading.reason}"
    return "no initial margin to cover" if reading is UNREACHABLE else f"equity covers {reading:.0%} of initial margin"


def detail(sight: Sight) -> tuple[str, ...]:
    """Both sides of the ratio, with what they are called."""
    needed, equity = _needed(sight), sight.pool.equity
    if isinstance(needed, Unknown) or isinstance(equity, Unknown):
        return ()
    currency = sight.pool.pool.currency
    sides = f"Equity {money(equity, currency)}, initial margin {money(needed, currency)}"
    return (f"{sides}; the ratio is equity ÷ initial margin.",)


def advice(sight: Sight) -> str | None:
    """What to add, or how much to close, to be back at the target."""
    reading, needed, equity = read(sight), _needed(sight), sight.pool.equity
    if not isinstance(reading, float) or isinstance(needed, Unknown) or isinstance(equity, Unknown):
        return None
    missing = TARGET * needed - equity
    if missing <= 0:
        return None
    text = f"Add {money(missing, sight.pool.pool.currency)}"
    share = missing / (TARGET * needed)
    return f"{text}, or close {share:.0%} of the positions, to be back at {TARGET:.0%}." if share < 1 else f"{text}."


def _needed(sight: Sight) -> float | Unknown:
    parts: list[float] = []
    for each in sight.pool.positions:
        part = initial_margin(each)
        if part is None:
            return Unknown(f"the leverage or the mark price of {each.position.symbol} is not told")
        parts.append(part)
    return math.fsum(parts)


RULE = RuleKind(
    kind="margin_cover",
    scope=Scope.POOL,
    danger=Danger.BELOW,
    unit=Unit.FRACTION,
    figure="equity ÷ initial margin",
    docs="Equity of a cross pool as a share of the initial margin of its positions (value ÷ leverage at the mark); "
    "150 % is the usual rule of thumb. For those who keep that rule: off until asked for.",
    levels={Severity.NOTICE: 1.50, Severity.WARNING: 1.20},
    careful={Severity.NOTICE: 2.00, Severity.WARNING: 1.50},
    bold={Severity.NOTICE: 1.20},
    read=read,
    headline=headline,
    detail=detail,
    advice=advice,
    default_enabled=False,
)
