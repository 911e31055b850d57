"""How much of the distance to liquidation is gone since an earlier moment, by the mark or by the price itself."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from operator import itemgetter
from typing import Generic, Protocol, TypeVar

from liqwatch.margin.health import PositionHealth


class Earlier(Protocol):
    """A position's figures at an earlier moment; None: not known."""

    @property
    def mark_price(self) -> float | None:
        """The mark of its market."""
        ...

    @property
    def liquidation_price(self) -> float | None:
        """The one in force then."""
        ...

    @property
    def liquidation_distance(self) -> float | None:
        """A fraction of the mark."""
        ...


Moment = TypeVar("Moment", bound=Earlier)


@dataclass(frozen=True, slots=True)
class Loss(Generic[Moment]):
    """A share of the distance there was at `then`; `is_drift`: the liquidation price alone came that much nearer."""

    share: float
    then: Moment
    is_drift: bool


def worst_loss(health: PositionHealth, earlier: Iterable[Moment], at_least: float) -> Loss[Moment] | None:
    """The worst since any of these moments; a loss below `at_least` (a fraction of the mark) counts as none.

    None: nothing to compare with. A distance that was gone already cannot be lost.
    """
    worst = max(_losses(health, earlier, at_least), key=itemgetter(0), default=None)
    return None if worst is None else Loss(*worst)


def came_nearer(then: Earlier, price: float) -> float:
    """How far the liquidation price has come toward the mark of then, in price units; 0 where it was not known."""
    mark_price, old = then.mark_price, then.liquidation_price
    if mark_price is None or old is None or mark_price == old:
        return 0.0
    return math.copysign(1.0, mark_price - old) * (price - old)


def _losses(health: PositionHealth, earlier: Iterable[Moment], at_least: float) -> Iterator[tuple[float, Moment, bool]]:
    """The fields of `Loss`; bare tuples, because a quarter of an hour holds hundreds of moments."""
    distance, price = health.liquidation_distance, health.liquidation_price
    if not isinstance(distance, float):
        return
    for then in earlier:
        before = then.liquidation_distance
        if before is None or before <= 0:
            continue
        yield _share(before - distance, before, at_least), then, False
        if then.mark_price and isinstance(price, float):
            yield _share(came_nearer(then, price) / then.mark_price, before, at_least), then, True


def _share(lost: float, before: float, at_least: float) -> float:
    return lost / before if lost > 0 and lost >= at_least else 0.0
