"""Every figure that a condition may compare, by name: the readings of all rules, and plain figures beside them."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cache

from liqwatch.margin.health import PositionHealth
from liqwatch.model import UNREACHABLE, Reading, Unknown
from liqwatch.rules import known_rules, load_rule
from liqwatch.rules.base import Danger, RuleKind, Scope, Unit
from liqwatch.rules.sight import Sight


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedReading:
    """One figure. `counted_in` is its unit as the reference names it, `docs` what it is in a sentence.

    `out_of_reach` is what "cannot be reached" compares as: the safe end of the scale, or NaN where there is none,
    which is neither above nor below anything.
    """

    name: str
    unit: Unit
    counted_in: str
    docs: str
    read: Callable[[Sight], Reading]
    out_of_reach: float = math.nan

    def shown(self, reading: Reading) -> str:
        """The figure for people."""
        if isinstance(reading, Unknown):
            return f"unknown ({reading.reason})"
        if reading is UNREACHABLE:
            return "none"
        if self.unit is Unit.FRACTION:
            return f"{reading:.2%}"
        return f"{reading:,.0f} s" if self.unit is Unit.SECONDS else f"{reading:,.8g}"


def _of_position(name: str, counted_in: str, docs: str, of: Callable[[PositionHealth], Reading | None]) -> NamedReading:
    """A figure of the position; None is a fact that is missing."""

    def read(sight: Sight) -> Reading:
        if sight.position is None:
            return Unknown("no position")
        value = of(sight.position)
        return Unknown(f"{name} is not known") if value is None else value

    return NamedReading(name=name, unit=Unit.MULTIPLE, counted_in=counted_in, docs=docs, read=read)


def _of_pool(name: str, docs: str, read: Callable[[Sight], Reading]) -> NamedReading:
    return NamedReading(name=name, unit=Unit.MULTIPLE, counted_in="settle currency", docs=docs, read=read)


def _of_market(name: str, docs: str, read: Callable[[Sight], Reading]) -> NamedReading:
    return NamedReading(name=name, unit=Unit.FRACTION, counted_in="percentage", docs=docs, read=read)


def _margin_buffer(sight: Sight) -> Reading:
    buffer = sight.pool.margin_buffer
    return Unknown("margin_buffer is not known") if buffer is None else buffer


def _funding_rate(sight: Sight) -> Reading:
    return sight.funding.rate if sight.funding else Unknown("the venue tells no funding rate")


LIQUIDATION_PRICE = "The liquidation price, the nearer of the venue's and ours."
PNL = "The position's unrealised profit at the mark; a loss is negative."
FUNDING = "The next funding rate of the market; longs pay when it is positive."
PLAIN = (
    _of_position("mark_price", "price", "The mark price of the position's market.", lambda each: each.mark_price),
    _of_position("liquidation_price", "price", LIQUIDATION_PRICE, lambda each: each.liquidation_price),
    _of_position("notional", "settle currency", "The position's value at the mark.", lambda each: each.notional),
    _of_position("unrealized_pnl", "settle currency", PNL, lambda each: each.unrealized_pnl),
    _of_position("contracts", "contracts", "The size, positive on either side.", lambda each: each.position.contracts),
    _of_position("chosen_leverage", "times", "The leverage set at the venue.", lambda each: each.position.leverage),
    _of_pool("equity", "Equity of the pool.", lambda sight: sight.pool.equity),
    _of_pool("margin_buffer", "Equity of the pool above its maintenance margin.", _margin_buffer),
    _of_market("funding_rate", FUNDING, _funding_rate),
    _of_market("daily_volatility", "Realised volatility of the last 24 h.", lambda sight: sight.daily_volatility),
    _of_market("market_move", "The mark's change in five minutes, signed.", lambda sight: sight.market_move),
    NamedReading(
        name="silence",
        unit=Unit.SECONDS,
        counted_in="duration",
        docs="How long the venue's streams have brought nothing.",
        read=lambda sight: sight.silent_seconds,
    ),
)
COUNTED_IN = {Unit.FRACTION: "percentage", Unit.MULTIPLE: "times", Unit.SECONDS: "duration", Unit.YES_NO: "1 or 0"}


@cache
def readings() -> Mapping[str, NamedReading]:
    """All of them by name, plain figures first; loaded when first asked for, as it imports every rule."""
    rules = [_of_rule(rule) for rule in map(load_rule, known_rules()) if rule.read is not None]
    return {each.name: each for each in (*PLAIN, *rules)}


def _of_rule(rule: RuleKind) -> NamedReading:
    return NamedReading(
        name=rule.kind,
        unit=rule.unit,
        counted_in=COUNTED_IN[rule.unit],
        docs=rule.docs,
        read=_reader(rule),
        out_of_reach=math.inf if rule.danger is Danger.BELOW else -math.inf,
    )


def _reader(rule: RuleKind) -> Callable[[Sight], Reading]:
    """The rule's own figure with its own defaults: the options of a condition are not those of a rule."""

    def read(sight: Sight) -> Reading:
        if rule.read is None:
            return Unknown("only the watch itself measures it")
        pools = sight.pools or (sight.pool,)
        is_wider = rule.scope is Scope.ACCOUNT
        return rule.read(replace(sight, options={}, pools=pools, position=None if is_wider else sight.position))

    return read
