"""Why a position ended, or shrank: an event, told once. The venue's word wins; without one, the traces decide.

What nobody can know is called unknown, never guessed: that no order of the user's is visible proves nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from liqwatch.margin.traces import STOPS, Traces
from liqwatch.model import Position, Reading, RestingOrder, Severity, Unknown
from liqwatch.rules.base import Danger, RuleKind, Scope, Unit


class EndingKind(Enum):
    """What ended a position."""

    LIQUIDATED = "liquidated"
    PARTLY_LIQUIDATED = "partly liquidated"
    DELEVERAGED = "auto-deleveraged"
    CLOSED_BY_VENUE = "closed by the venue"
    SETTLED = "settled"
    STOP = "stopped"
    TAKE_PROFIT = "profit taken"
    BY_HAND = "closed by hand or by a bot"
    UNKNOWN = "unknown"


SEVERITIES = {
    EndingKind.LIQUIDATED: Severity.EMERGENCY,
    EndingKind.PARTLY_LIQUIDATED: Severity.CRITICAL,
    EndingKind.DELEVERAGED: Severity.CRITICAL,
    EndingKind.CLOSED_BY_VENUE: Severity.CRITICAL,
    EndingKind.SETTLED: Severity.WARNING,
    EndingKind.STOP: Severity.WARNING,
    EndingKind.TAKE_PROFIT: Severity.NOTICE,
    EndingKind.BY_HAND: Severity.NOTICE,
    EndingKind.UNKNOWN: Severity.WARNING,
}
ROUNDING = 1e-9
"""Share of a size that arithmetic may lose."""
VENUE_WORDS = (
    ("partly liquidated", EndingKind.PARTLY_LIQUIDATED),
    ("liquidated", EndingKind.LIQUIDATED),
    ("deleveraged", EndingKind.DELEVERAGED),
    ("settled", EndingKind.SETTLED),
)
"""How the words of `AccountSnapshot.forced` begin; any other is something else that the venue did."""


@dataclass(frozen=True, slots=True)
class Ending:
    """What happened, the half sentence that says so, and how bad it is."""

    kind: EndingKind
    text: str
    severity: Severity


def ending_of(before: Position, after: Position | None, forced: str | None, traces: Traces) -> Ending | None:
    """Why `before` is gone, or smaller; None where nothing of it has ended. `forced` is the venue's word, if any."""
    if after is not None and not is_smaller(after, before):
        return None
    change = "" if after is None else f": {before.contracts:,.8g} contracts became {after.contracts:,.8g}"
    if forced:
        return _by_venue(forced, change, is_whole=after is None)
    orders = traces.woken_orders(before)
    stops = [order for order in orders if order.kind in STOPS]
    is_at_liquidation = traces.reached(traces.liquidation_price, before.side)
    if is_at_liquidation and stops:
        text = f"stopped or liquidated: the mark passed its stop{_at(stops[0])} and its liquidation price{change}"
        return Ending(EndingKind.UNKNOWN, text, Severity.CRITICAL)
    if is_at_liquidation:
        kind = EndingKind.LIQUIDATED if after is None else EndingKind.PARTLY_LIQUIDATED
        text = f"probably {kind.value}: the mark reached its liquidation price, and the venue has not said why{change}"
        return Ending(kind, text, SEVERITIES[kind])
    if orders:
        kind = EndingKind.STOP if stops else EndingKind.TAKE_PROFIT
        order = (stops or orders)[0]
        return _ending(kind, f"{kind.value} by its {order.kind.value} order{_at(order)}{change}")
    return _ending(*_by_hand(traces, change))


def is_smaller(after: Position, before: Position) -> bool:
    """Whether a part of the position has ended: by more than rounding."""
    return after.contracts < before.contracts * (1.0 - ROUNDING)


def headline(reading: Reading) -> str:
    """An event has no figure: the ending's own text is its headline."""
    return f"ending of the position unknown: {reading.reason}" if isinstance(reading, Unknown) else "position ended"


def _by_venue(word: str, change: str, *, is_whole: bool) -> Ending:
    kind = next((kind for start, kind in VENUE_WORDS if word.startswith(start)), EndingKind.CLOSED_BY_VENUE)
    if kind is EndingKind.LIQUIDATED and not is_whole:
        kind = EndingKind.PARTLY_LIQUIDATED
        word = word if word.startswith("partly") else f"partly {word}"
    return _ending(kind, f"{word}{change}")


def _by_hand(traces: Traces, change: str) -> tuple[EndingKind, str]:
    """Nothing fits. That is the user's own doing only where everything else was in sight."""
    if traces.orders_before is None:
        return EndingKind.UNKNOWN, f"ended for a reason nobody told: its orders could not be read{change}"
    if not traces.marks or isinstance(traces.liquidation_price, Unknown):
        return EndingKind.UNKNOWN, f"ended for a reason nobody told: prices around the end are missing{change}"
    return EndingKind.BY_HAND, f"{'reduced' if change else 'closed'} by hand or by a bot{change}"


def _at(order: RestingOrder) -> str:
    price = order.trigger_price if order.trigger_price is not None else order.limit_price
    return "" if price is None else f" at {price:,.8g}"


def _ending(kind: EndingKind, text: str) -> Ending:
    return Ending(kind, text, SEVERITIES[kind])


RULE = RuleKind(
    kind="position_closed",
    scope=Scope.FEED,
    danger=Danger.ABOVE,
    unit=Unit.YES_NO,
    figure="end of a position",
    docs="A position ended or shrank, and why: liquidated (emergency), partly liquidated, auto-deleveraged or closed "
    "by the venue (critical), settled, stopped or unknown (warning), profit taken or closed by hand (notice). The "
    "venue's word wins; else vanished orders and the last marks decide.",
    levels={Severity.NOTICE: 1.0},
    headline=headline,
)
