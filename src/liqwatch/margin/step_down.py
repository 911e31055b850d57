"""The ladder of partial liquidations: at which marks the venue would sell how much of one position.

Every reduction is taken to fill at the mark that caused it, and to cost the contract's liquidation fee. What
is left has more room, so the next step comes at a mark further out, or at the same one when the first was not
enough. Only this market moves.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date

from liqwatch.margin.assess import computed_liquidation_price
from liqwatch.margin.conventions import Basis
from liqwatch.margin.maintenance import maintenance_of, tiers_of
from liqwatch.margin.marked import MarkedPool, known_instrument
from liqwatch.margin.pnl import notional
from liqwatch.margin.pools import Holding
from liqwatch.margin.step_down_rows import PartFirst, TierByTier, step_down_rule_of
from liqwatch.margin.tiers import tier_of

JUST_INSIDE = 1 - 1e-12
"""Keeps rounding from leaving a reduced position a hair above the tier's cap."""
REST = "the rest is closed or taken over"
WHOLE = "the whole position is closed or taken over"


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One reduction by the venue when the mark is at `price`.

    `contracts_after` is what is left of the position; None where the venue alone chooses how much it sells.
    `tier_after` counts from 1; None when nothing is left or no tiers are known. `maintenance_margin_after`
    is the position's own (settle currency); None with `contracts_after`.
    """

    price: float
    contracts_after: float | None
    tier_after: int | None
    maintenance_margin_after: float | None
    why: str


def step_down_of(marked: MarkedPool, holding: Holding, *, exchange: str, on: date) -> tuple[Step, ...]:
    """The ladder from the present mark outward; empty where the venue has none or no price can be computed."""
    rule = step_down_rule_of(exchange, marked.pool.margin_mode, on)
    if rule is None or marked.why_unknown:
        return ()
    first = _next_stage(marked, marked.pool.holdings.index(holding))
    if first is None:
        return ()
    if isinstance(rule, PartFirst):
        return tuple(_part_first(first, rule))
    return tuple(_tier_by_tier(first, rule)) if known_instrument(holding).tiers else ()


@dataclass(frozen=True, slots=True)
class _Stage:
    """The pool at the moment of one liquidation; `place` is the position's among the holdings."""

    marked: MarkedPool
    place: int

    @property
    def holding(self) -> Holding:
        return self.marked.pool.holdings[self.place]

    @property
    def price(self) -> float:
        return self.marked.marks[self.holding.position.symbol]

    @property
    def value(self) -> float:
        """Notional at the price."""
        return notional(self.holding.position, known_instrument(self.holding), self.price)

    @property
    def tiered_value(self) -> float:
        """The notional that decides the tier."""
        position, convention = self.holding.position, self.marked.convention
        at_entry = convention.maintenance_basis is Basis.ENTRY
        return notional(position, known_instrument(self.holding), position.entry_price if at_entry else self.price)

    @property
    def tier_index(self) -> int | None:
        tiers = tiers_of(known_instrument(self.holding), self.marked.convention)
        return tiers.index(tier_of(tiers, self.tiered_value)) if tiers else None

    def reduced_to(self, share: float) -> _Stage:
        """The same moment after all but this share of the position was sold at the price."""
        pool, position = self.marked.pool, self.holding.position
        instrument, sold = known_instrument(self.holding), 1.0 - share
        realised = self.marked.amounts[position.subject].unrealized_pnl * sold
        fee = instrument.liquidation_fee_rate * self.value * sold
        told = position.reported_maintenance_margin
        left = replace(
            position,
            contracts=position.contracts * share,
            reported_maintenance_margin=None if told is None else told * share,
        )
        holdings = (*pool.holdings[: self.place], Holding(left, instrument), *pool.holdings[self.place + 1 :])
        wallet = (pool.wallet_balance or 0.0) + realised - fee
        after = replace(pool, wallet_balance=wallet, holdings=holdings)
        return _Stage(MarkedPool(after, self.marked.marks), self.place)

    def step(self, why: str) -> Step:
        """What this stage, reached by a reduction, looks like to a person."""
        position, instrument, index = self.holding.position, known_instrument(self.holding), self.tier_index
        return Step(
            price=self.price,
            contracts_after=position.contracts,
            tier_after=None if index is None else index + 1,
            maintenance_margin_after=maintenance_of(position, instrument, self.marked.convention, self.price),
            why=why,
        )

    def last_step(self, why: str) -> Step:
        """Nothing is left."""
        return Step(price=self.price, contracts_after=0.0, tier_after=None, maintenance_margin_after=0.0, why=why)


def _next_stage(marked: MarkedPool, place: int) -> _Stage | None:
    """The pool at its next liquidation: at once when it is due, else where the mark would have to go; or never."""
    if marked.equity <= marked.requirement:
        return _Stage(marked, place)
    holding = marked.pool.holdings[place]
    price = computed_liquidation_price(marked, holding)
    if not isinstance(price, float):
        return None
    return _Stage(MarkedPool(marked.pool, {**marked.marks, holding.position.symbol: price}), place)


def _part_first(stage: _Stage, rule: PartFirst) -> Iterator[Step]:
    if stage.value <= rule.above_notional:
        yield stage.last_step(WHOLE)
        return
    if rule.share is None:
        why = "one immediate-or-cancel order sells as much as the venue finds needed"
        yield Step(price=stage.price, contracts_after=None, tier_after=None, maintenance_margin_after=None, why=why)
        yield stage.last_step(f"if margin is still short, {REST}")
        return
    reduced = stage.reduced_to(1.0 - rule.share)
    yield reduced.step(f"{rule.share:.0%} of the position is sold first")
    after = _next_stage(reduced.marked, reduced.place)
    if after is not None:
        yield after.last_step(REST)


def _tier_by_tier(first: _Stage, rule: TierByTier) -> Iterator[Step]:
    """Tiers are only ever left downward, even when a rising price would carry the rest back up."""
    stage: _Stage | None = first
    ceiling: int | None = None
    while stage is not None:
        index = stage.tier_index or 0
        target = (index if ceiling is None else min(index, ceiling)) - rule.tiers_at_a_time
        if target < 0:
            yield stage.last_step(WHOLE if ceiling is None else REST)
            return
        tiers = tiers_of(known_instrument(stage.holding), stage.marked.convention)
        cap = tiers[target].notional_cap
        reduced = stage.reduced_to(JUST_INSIDE * cap / stage.tiered_value)
        yield reduced.step(f"reduced to the cap of tier {target + 1}: {cap:,.10g}")
        ceiling, stage = target, _next_stage(reduced.marked, reduced.place)
