"""What the waiting stops of a position really protect: which share of it, and what is wrong with each of them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from liqwatch.margin.stop_flaws import WORTH, StopFlaw
from liqwatch.model import OrderKind, Position, Reading, RestingOrder, Unknown

PROTECTIVE = (OrderKind.STOP, OrderKind.TRAILING)
DUST = 1e-9
"""What rounding may leave of a share."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StopSetting:
    """What stops are held against; nearer to liquidation than fee and slippage (fractions) is too near.

    A limit price needs `slippage` of room. `is_hedged`: the other side of the market is held too, so that an order
    the other way may be that side's own stop. `counts_mark` False: the venue has no mark price.
    """

    mark_price: float | None
    liquidation_price: Reading
    closing_fee_rate: float = 0.0
    slippage: float = 0.005
    is_hedged: bool = False
    counts_mark: bool = True


@dataclass(frozen=True, slots=True)
class JudgedStop:
    """A stop, the share of the position that it names, and its flaws."""

    order: RestingOrder
    share: float
    flaws: tuple[StopFlaw, ...]

    @property
    def worth(self) -> float:
        """How much of its share counts."""
        return math.prod(WORTH[flaw] for flaw in self.flaws)

    @property
    def name(self) -> str:
        """What a sentence about it begins with."""
        order = self.order
        what = "Trailing stop" if order.kind is OrderKind.TRAILING else "Stop"
        where = f" at {order.trigger_price:,.8g}" if order.trigger_price is not None else ""
        return f"{what}{where} ({self.share:.0%} of it)"


@dataclass(frozen=True, slots=True)
class StopCover:
    """`uncovered`: the share of the position that no sound stop covers, from 0 to 1.

    With `doubt` a fact is missing, and `uncovered` is the least it can be.
    """

    uncovered: float
    stops: tuple[JudgedStop, ...]
    doubt: str | None = None


def stop_cover(position: Position, orders: Iterable[RestingOrder], setting: StopSetting) -> StopCover:
    """Judge every stop of a position; the best ones count first, and never for more than the whole."""
    judged = tuple(_judged(position, orders, setting))
    left, covered = 1.0, 0.0
    for stop in sorted(judged, key=lambda each: each.worth, reverse=True):
        covered += min(left, stop.share) * stop.worth
        left -= min(left, stop.share)
    uncovered = 1.0 - covered
    return StopCover(
        uncovered=0.0 if uncovered < DUST else min(uncovered, 1.0),
        stops=judged,
        doubt=_doubt(setting) if any(stop.worth > 0 for stop in judged) else None,
    )


def room_for_stop(position: Position, setting: StopSetting) -> tuple[float, float] | None:
    """The lowest and highest trigger that a sound stop can have, where both ends are known; empty ones are crossed.

    0 and infinity stand for an end that nothing limits.
    """
    side, price, mark = position.side.value, setting.liquidation_price, setting.mark_price
    if mark is None or isinstance(price, Unknown):
        return None
    end = 0.0 if side > 0 else math.inf
    if isinstance(price, float):
        end = price * (1.0 + side * (setting.closing_fee_rate + setting.slippage))
    return (end, mark) if side > 0 else (mark, end)


def _judged(position: Position, orders: Iterable[RestingOrder], setting: StopSetting) -> Iterator[JudgedStop]:
    for order in orders:
        if order.symbol != position.symbol or order.kind not in PROTECTIVE:
            continue
        if order.order_side is not position.side:
            yield JudgedStop(order, _share(position, order), tuple(_flaws(position, order, setting)))
        elif not setting.is_hedged and not order.is_reduce_only:
            yield JudgedStop(order, _share(position, order), (StopFlaw.ADDS,))


def _share(position: Position, order: RestingOrder) -> float:
    if order.contracts is None:
        return 1.0
    return min(max(order.contracts, 0.0) / position.contracts, 1.0) if position.contracts > 0 else 0.0


def _flaws(position: Position, order: RestingOrder, setting: StopSetting) -> Iterator[StopFlaw]:
    side, trigger, mark = position.side.value, order.trigger_price, setting.mark_price
    if trigger is None:
        yield StopFlaw.NO_TRIGGER_PRICE
    elif mark is not None and side * (trigger - mark) > 0:
        yield StopFlaw.NOT_ACTIVE if order.kind is OrderKind.TRAILING else StopFlaw.WRONG_SIDE
    else:
        yield from _against_liquidation(side * trigger, side, setting)
        if order.limit_price is not None and side * (trigger - order.limit_price) < setting.slippage * trigger:
            yield StopFlaw.CAN_BE_JUMPED
    if setting.counts_mark and order.trigger_by not in {"", "mark"}:
        yield StopFlaw.WRONG_TRIGGER
    if not order.is_reduce_only:
        yield StopFlaw.NOT_REDUCE_ONLY


def _against_liquidation(signed_trigger: float, side: int, setting: StopSetting) -> Iterator[StopFlaw]:
    price = setting.liquidation_price
    if not isinstance(price, float):
        return
    gap = signed_trigger - side * price
    if gap <= 0:
        yield StopFlaw.BEYOND_LIQUIDATION
    elif gap <= (setting.closing_fee_rate + setting.slippage) * price:
        yield StopFlaw.TOO_NEAR_LIQUIDATION


def _doubt(setting: StopSetting) -> str | None:
    if setting.mark_price is None:
        return "no mark price yet"
    price = setting.liquidation_price
    return f"no liquidation price to hold its stops against ({price.reason})" if isinstance(price, Unknown) else None
