"""The venue has raised the maintenance rate of a position's tier: liquidation comes nearer without a price moving."""

from __future__ import annotations

from collections.abc import Iterable

from liqwatch.margin.assess import computed_liquidation_price
from liqwatch.margin.costs import DAY
from liqwatch.margin.health import PositionHealth
from liqwatch.margin.liquidation_drift import price_under_old_tiers
from liqwatch.margin.pools import Holding
from liqwatch.margin.relief import relief_to_price
from liqwatch.margin.standing import rates_then_and_now
from liqwatch.margin.words import price
from liqwatch.model import ContractKind, Reading, Severity, Unknown
from liqwatch.rules.base import Danger, Pace, RuleKind, Scope, Unit
from liqwatch.rules.sight import PastPosition, Sight

IS_RAISED, IS_AS_BEFORE = 1.0, 0.0


def read(sight: Sight) -> Reading:
    """1 when the tiers of today ask more of the position as it was within the last day than those of then, else 0."""
    if sight.position is None:
        return Unknown("no position")
    compared = _comparisons(sight, sight.position)
    if not compared:
        return Unknown(_why_unknown(sight.position))
    return IS_RAISED if any(now > then for then, now in compared) else IS_AS_BEFORE


def headline(reading: Reading) -> str:
    """Whether the rate was raised, in half a sentence."""
    if isinstance(reading, Unknown):
        return f"change of the venue's tiers unknown: {reading.reason}"
    return "the venue raised the maintenance rate" if reading == IS_RAISED else "maintenance rate not raised for a day"


def detail(sight: Sight) -> tuple[str, ...]:
    """Both rates, and the liquidation price under each."""
    raised, position = _raise(sight), sight.position
    if raised is None or position is None:
        return ()
    line = f"Maintenance rate {raised[0]:.2%} → {raised[1]:.2%}"
    prices = _prices(sight, position, raised)
    if prices is None:
        return (f"{line}.",)
    tick = position.instrument.price_tick if position.instrument else 0.0
    return (f"{line}: your liquidation price {price(prices[0], tick)} → {price(prices[1], tick)}.",)


def advice(sight: Sight) -> str | None:
    """What brings the liquidation price back to where it was under the old tiers."""
    raised, position = _raise(sight), sight.position
    prices = _prices(sight, position, raised) if raised and position else None
    if raised is None or position is None:
        return None
    relief = relief_to_price(sight.pool, position, prices[0]) if prices else None
    if relief is None:
        return "Look up the venue's new tiers, and whether the position still has the room you meant it to have."
    return relief.advice("have the liquidation price where it was")


def _raise(sight: Sight) -> tuple[float, float] | None:
    """The greatest rise of the rate within the day: old and new."""
    rises = [rates for rates in _comparisons(sight, sight.position) if rates[1] > rates[0]] if sight.position else []
    return max(rises, key=lambda rates: rates[1] - rates[0], default=None)


def _comparisons(sight: Sight, position: PositionHealth) -> list[tuple[float, float]]:
    """One for each rate and size within the day: where it was worth most, its tier asks most now."""
    marked, holding = sight.pool.marked, Holding(position.position, position.instrument)
    pairs = (rates_then_and_now(marked, holding, then) for then in _worth_most(sight, position))
    return [pair for pair in pairs if pair is not None]


def _worth_most(sight: Sight, position: PositionHealth) -> Iterable[PastPosition]:
    """Every tier asks at least as much as the one below it, so that the other moments would tell nothing more."""
    is_inverse = position.instrument is not None and position.instrument.contract_kind is ContractKind.INVERSE
    most: dict[tuple[float, float], PastPosition] = {}
    for then in sight.past.position(DAY):
        if then.maintenance_rate is None:
            continue
        known = most.setdefault((then.maintenance_rate, then.contracts), then)
        if then.mark_price is None or known.mark_price is None:
            continue
        if then.mark_price < known.mark_price if is_inverse else then.mark_price > known.mark_price:
            most[then.maintenance_rate, then.contracts] = then
    return most.values()


def _prices(sight: Sight, position: PositionHealth, rates: tuple[float, float]) -> tuple[float, float] | None:
    """The liquidation price under the old tiers and under the new ones, by our own arithmetic."""
    marked, holding = sight.pool.marked, Holding(position.position, position.instrument)
    if marked.why_unknown:
        return None
    before, after = price_under_old_tiers(marked, holding, rates), computed_liquidation_price(marked, holding)
    return (before, after) if isinstance(before, float) and isinstance(after, float) else None


def _why_unknown(position: PositionHealth) -> str:
    instrument = position.instrument
    if instrument is None or not instrument.tiers:
        return f"no leverage tiers for {position.position.symbol}"
    return "the tiers are assumed" if instrument.tiers_assumed else "no earlier tiers to compare with"


RULE = RuleKind(
    kind="tier_change",
    scope=Scope.POSITION,
    danger=Danger.ABOVE,
    unit=Unit.YES_NO,
    figure="whether the venue has raised the position's maintenance rate within a day",
    docs="Venues change their leverage tiers, often at short notice, and every open position is judged by the new "
    "ones: the liquidation price jumps while the market stands still. Today's tiers are held against the rate that "
    "applied to the position as it was within the last 24 h: a position that only outgrew its tier is not meant. A "
    "warning: it cannot be undone, and what it costs in distance is told by `liquidation_distance`.",
    levels={Severity.WARNING: 0.5},
    read=read,
    headline=headline,
    detail=detail,
    advice=advice,
    pace=Pace.ANSWER,
)
