"""Too much of the distance to liquidation was lost in too short a time: by the mark, or by the liquidation price."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from liqwatch.margin.distance_loss import Loss, came_nearer, worst_loss
from liqwatch.margin.health import PositionHealth
from liqwatch.margin.liquidation_drift import drifts
from liqwatch.margin.pools import Holding
from liqwatch.margin.relief import relief_to_distance, relief_to_price
from liqwatch.margin.words import price
from liqwatch.model import UNREACHABLE, Reading, Severity, Unknown
from liqwatch.rules.base import Danger, Option, RuleKind, Scope, Unit
from liqwatch.rules.sight import PastPosition, Sight

WITHIN_SECONDS, AT_LEAST = 900.0, 0.02
LEVELS = {Severity.NOTICE: 0.30, Severity.WARNING: 0.50}
TOLD_CAUSES, WORTH_TELLING = 2, 0.2
NOISE = 1e-9


def read(sight: Sight) -> Reading:
    """The worse of two: the distance lost since its greatest in the window, and the liquidation price's own way."""
    if sight.position is None:
        return Unknown("no position")
    distance = sight.position.liquidation_distance
    if not isinstance(distance, float):
        return distance
    loss = _worst(sight, sight.position)
    return loss.share if loss else Unknown("nothing earlier to compare with")


def headline(reading: Reading) -> str:
    """What share, in half a sentence."""
    if isinstance(reading, Unknown):
        return f"change of the distance to liquidation unknown: {reading.reason}"
    if reading is UNREACHABLE:
        return "cannot be liquidated"
    if reading >= 1:
        return "the whole distance to liquidation was lost in a short time"
    return f"{reading:.0%} of the distance to liquidation lost in a short time" if reading > 0 else "the distance holds"


def detail(sight: Sight) -> tuple[str, ...]:
    """From where to where, whether mark or liquidation price moved, and the causes of the latter."""
    position = sight.position
    loss = _worst(sight, position) if position else None
    if position is None or loss is None or loss.share <= 0 or not isinstance(position.liquidation_distance, float):
        return ()
    minutes, before = (sight.now - loss.then.at) / timedelta(minutes=1), loss.then.liquidation_distance or 0.0
    line = f"{before:.1%} to liquidation {minutes:.0f} min ago, {position.liquidation_distance:.1%} now."
    return (line, *_about_liquidation_price(sight, position, loss.then))


def advice(sight: Sight) -> str | None:
    """What brings back the liquidation price, or the distance short of the warning level."""
    position = sight.position
    loss = _worst(sight, position) if position else None
    if position is None or loss is None or loss.share <= 0:
        return None
    if loss.is_drift and loss.then.liquidation_price is not None:
        relief = relief_to_price(sight.pool, position, loss.then.liquidation_price)
        return relief.advice("have the liquidation price where it was") if relief else None
    wanted = (1.0 - LEVELS[Severity.NOTICE]) * (loss.then.liquidation_distance or 0.0)
    relief = relief_to_distance(sight.pool, position, wanted)
    return relief.advice(f"have {wanted:.1%} to liquidation again") if relief else None


def _worst(sight: Sight, position: PositionHealth) -> Loss[PastPosition] | None:
    """Of this very position: one of the same name that was closed meanwhile was another."""
    since = sight.past.first_seen()
    samples = sight.past.position(timedelta(seconds=sight.options.get("within", WITHIN_SECONDS)))
    mine = [then for then in samples if since is None or then.at >= since]
    return worst_loss(position, mine, sight.options.get("at_least", AT_LEAST))


def _about_liquidation_price(sight: Sight, position: PositionHealth, then: PastPosition) -> Iterator[str]:
    old, new = then.liquidation_price, position.liquidation_price
    if old is None or not isinstance(new, float):
        return
    tick = position.instrument.price_tick if position.instrument else 0.0
    if came_nearer(then, new) <= max(tick, NOISE * old):
        yield "The mark came nearer; the liquidation price did not."
        return
    yield f"The liquidation price came nearer by itself: {price(old, tick)} → {price(new, tick)}."
    causes = drifts(sight.pool.marked, Holding(position.position, position.instrument), then)
    for cause in causes[:TOLD_CAUSES]:
        if cause.moved >= WORTH_TELLING * causes[0].moved:
            yield f"Cause: {cause.words(sight.pool.pool.currency)}."
    if not causes:
        yield "Cause: not seen in collateral, size, tiers or other positions."


RULE = RuleKind(
    kind="deterioration",
    scope=Scope.POSITION,
    danger=Danger.ABOVE,
    unit=Unit.FRACTION,
    figure="share of the distance to liquidation lost within minutes",
    docs="The worse of two: how much of the greatest distance within the window is gone, and how far the liquidation "
    "price itself has come nearer, as a share of the distance there was then (collateral, size, tiers, other "
    "positions of the pool and funding move it; the message names which). A third lost in a quarter of an hour "
    "leaves half an hour at that pace; a half leaves less than it takes to move money. Losses smaller than "
    "`at_least` count as none, so that every tick of a narrow position is left to `liquidation_distance`.",
    levels=LEVELS,
    careful={Severity.NOTICE: 0.20, Severity.WARNING: 0.35, Severity.CRITICAL: 0.60},
    bold={Severity.NOTICE: 0.45, Severity.WARNING: 0.65},
    limit=1.0,
    read=read,
    headline=headline,
    detail=detail,
    advice=advice,
    options={
        "within": Option(Unit.SECONDS, WITHIN_SECONDS, "How far back the greatest distance is looked for."),
        "at_least": Option(Unit.FRACTION, AT_LEAST, "The loss that counts at all, as a fraction of the mark."),
    },
)
