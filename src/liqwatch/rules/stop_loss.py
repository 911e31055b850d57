"""A position without a stop that works: none at all, one that cannot help, or one that covers only part of it."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta

from liqwatch.margin.health import PositionHealth
from liqwatch.margin.stop_cover import StopCover, StopSetting, room_for_stop, stop_cover
from liqwatch.model import UNREACHABLE, OrderKind, Position, Reading, Severity, Side, Unknown
from liqwatch.rules.base import Danger, Option, RuleKind, Scope, Unit
from liqwatch.rules.sight import Sight

NO_STOP = 1.0
OPTIONS = {
    "age": Option(
        Unit.SECONDS, 600.0, "How old a position must be before a missing stop is told: a fresh entry has its time."
    ),
    "slippage": Option(
        Unit.FRACTION, 0.005, "Gap that a stop needs to liquidation beside the fee, and room that a stop-limit needs."
    ),
}


def read(sight: Sight) -> Reading:
    """The share of the position that no sound stop covers; unknown while the position is fresh and not covered."""
    position = sight.position
    if position is None:
        return Unknown("no position")
    if position.is_hedged_leg:
        return UNREACHABLE
    cover = _cover(sight, position)
    if cover is None:
        return Unknown("waiting orders cannot be read")
    if cover.doubt and cover.uncovered < NO_STOP:
        return Unknown(cover.doubt)
    # Unknown, not calm: after a restart every position looks fresh, and calm would end an alert that burns.
    if cover.uncovered and _is_fresh(sight):
        return Unknown(f"opened less than {timedelta(seconds=_option(sight, 'age'))} ago")
    return cover.uncovered


def headline(reading: Reading) -> str:
    """How much is unprotected, in half a sentence."""
    if isinstance(reading, Unknown):
        return f"protection by stops unknown: {reading.reason}"
    if reading is UNREACHABLE:
        return "needs no stop of its own: the smaller side of a hedge"
    if reading >= NO_STOP:
        return "no stop that works"
    return f"{reading:.1%} not covered by a sound stop" if reading else "all of it covered by a stop"


def detail(sight: Sight) -> tuple[str, ...]:
    """What is wrong with each stop, how much they cover together, and what only looks like a stop."""
    cover = _cover(sight, sight.position) if sight.position else None
    return tuple(_lines(sight, cover)) if cover is not None and cover.uncovered else ()


def advice(sight: Sight) -> str | None:
    """The order that is missing, and between which prices it belongs."""
    position = sight.position
    cover = _cover(sight, position) if position else None
    if position is None or cover is None or not cover.uncovered or position.is_hedged_leg:
        return None
    word = "sell" if position.position.side is Side.LONG else "buy"
    share = sum(stop.share for stop in cover.stops if stop.worth == 1.0)
    missing = max(position.position.contracts * (1.0 - share), 0.0) or position.position.contracts
    room = room_for_stop(position.position, _setting(sight, position))
    order = f"to {word} {missing:,.8g} contracts{_where(room)}"
    return f"Place a reduce-only stop-market order that the mark price wakes, {order}."


def _lines(sight: Sight, cover: StopCover) -> Iterator[str]:
    for stop in cover.stops:
        if stop.flaws:
            yield f"{stop.name}: {'; '.join(flaw.value for flaw in stop.flaws)}."
    named = min(sum(stop.share for stop in cover.stops if stop.worth > 0), 1.0)
    if 0 < named < 1:
        yield f"Its stops cover {named:.1%} of it."
    elif not cover.stops:
        yield f"No stop waits at the venue.{_lookalikes(sight)}"


def _lookalikes(sight: Sight) -> str:
    kinds = Counter(order.kind for order in sight.orders or () if order.symbol == sight.symbol)
    named = [f"{kinds[kind]} {kind.value}" for kind in (OrderKind.LIMIT, OrderKind.TAKE_PROFIT) if kinds[kind]]
    return f" Orders that stop no loss: {', '.join(named)}." if named else ""


def _where(room: tuple[float, float] | None) -> str:
    """The prices between which a stop can help, as the end of a sentence."""
    low, high = room or (0.0, math.inf)
    if low >= high:
        return ": liquidation is too near for one to help, so reduce or add margin first"
    if low > 0 and high < math.inf:
        return f" between {low:,.8g} and {high:,.8g}"
    return "" if room is None else f" below {high:,.8g}" if low <= 0 else f" above {low:,.8g}"


def _cover(sight: Sight, position: PositionHealth) -> StopCover | None:
    return None if sight.orders is None else stop_cover(position.position, sight.orders, _setting(sight, position))


def _setting(sight: Sight, position: PositionHealth) -> StopSetting:
    instrument = position.instrument
    return StopSetting(
        mark_price=position.mark_price,
        liquidation_price=position.liquidation_price,
        closing_fee_rate=instrument.closing_fee_rate if instrument else 0.0,
        slippage=_option(sight, "slippage"),
        is_hedged=_is_hedged(sight, position.position),
        counts_mark=instrument is None or not instrument.is_last_price,
    )


def _is_hedged(sight: Sight, mine: Position) -> bool:
    held = [each.position for each in sight.pool.positions] + list(sight.snapshot.positions if sight.snapshot else ())
    return any(each.symbol == mine.symbol and each.side is not mine.side for each in held)


def _is_fresh(sight: Sight) -> bool:
    first_seen = sight.past.first_seen()
    return first_seen is None or (sight.now - first_seen).total_seconds() < _option(sight, "age")


def _option(sight: Sight, name: str) -> float:
    return sight.options.get(name, OPTIONS[name].default)


RULE = RuleKind(
    kind="stop_loss",
    scope=Scope.POSITION,
    danger=Danger.ABOVE,
    unit=Unit.FRACTION,
    figure="share without a sound stop",
    docs="The share of a position that no sound waiting stop covers: 100 % is no stop at all. A stop beyond "
    "liquidation, on the wrong side or not yet active covers nothing; one too near liquidation counts half, a "
    "stop-limit without room three quarters; one that the last price wakes 98 %.",
    levels={Severity.NOTICE: 0.01, Severity.WARNING: 0.10},
    careful={Severity.NOTICE: 0.01, Severity.WARNING: 0.02},
    bold={Severity.NOTICE: 0.10, Severity.WARNING: 0.50},
    limit=1.0,
    read=read,
    headline=headline,
    detail=detail,
    advice=advice,
    options=OPTIONS,
)
