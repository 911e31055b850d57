"""What the small picture beside a message shows of a position."""

from __future__ import annotations

from collections.abc import Sequence

from liqwatch.margin.health import PositionHealth
from liqwatch.model import Chart, Severity
from liqwatch.rules.base import Ladder

LEAST_POINTS = 2
MOST_POINTS = 96
"""A point every quarter of an hour: the picture is 640 dots wide, and its figures travel through the outbox."""


def chart_of(position: PositionHealth, marks: Sequence[tuple[float, float]], ladder: Ladder | None) -> Chart | None:
    """The mark of the last hours, the liquidation price, the levels before it; None where there is nothing to draw."""
    price = position.liquidation_price
    if len(marks) < LEAST_POINTS:
        return None
    step = -(-len(marks) // MOST_POINTS)
    return Chart(
        title=position.position.subject,
        marks=(*marks[:-1:step], marks[-1]),
        liquidation_price=price if isinstance(price, float) else None,
        levels=_levels(position, price, ladder) if isinstance(price, float) and ladder else (),
    )


def _levels(position: PositionHealth, liquidation_price: float, ladder: Ladder) -> tuple[tuple[Severity, float], ...]:
    """The marks at which each level fires: the distance is (mark - liquidation) x side / mark."""
    side = position.position.side.value
    return tuple((level.severity, liquidation_price / (1.0 - side * level.fire_at)) for level in ladder.levels)
