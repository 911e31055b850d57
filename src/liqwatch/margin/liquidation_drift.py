"""Why a liquidation price has moved by itself: which of the facts behind it changed, and how far each carried it.

Each fact in turn is put back to what it was, everything else left as it is now; the difference of the two
liquidation prices is what that fact has done. A change of size is taken at the present mark, where it moves no
equity. The own market's mark is no cause: the liquidation price does not depend on it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from enum import Enum

from liqwatch.margin.assess import computed_liquidation_price
from liqwatch.margin.marked import MarkedPool, known_instrument
from liqwatch.margin.pnl import notional, unrealized_pnl
from liqwatch.margin.pools import Holding
from liqwatch.margin.standing import Facts, rates_then_and_now, standing_of
from liqwatch.margin.words import money
from liqwatch.model import Instrument, Reading

FUNDING_AT_MOST = 0.005
"""Of the value of a pool's positions: neither a payment nor a taker's fee usually takes more."""
NOISE = 1e-9
"""Fraction of the mark; less is rounding."""


class DriftCause(Enum):
    """What moves a liquidation price."""

    COLLATERAL = "collateral"
    FUNDING_OR_FEES = "funding or fees"
    CONTRACTS = "contracts"
    TIERS = "tiers"
    OTHER_POSITIONS = "other positions"


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift:
    """One cause. `moved`: by how much of the price the liquidation price came nearer; infinite: it had none before.

    `before` and `after` are the fact itself: money, contracts or a rate.
    """

    cause: DriftCause
    moved: float
    before: float
    after: float

    def words(self, currency: str) -> str:
        """A clause for a message; `currency` is the pool's."""
        before, after = self.before, self.after
        match self.cause:
            case DriftCause.COLLATERAL:
                return f"collateral fell by {money(before - after, currency)}"
            case DriftCause.FUNDING_OR_FEES:
                return f"funding or fees took {money(before - after, currency)}"
            case DriftCause.CONTRACTS:
                return f"the position went from {before:,.8g} to {after:,.8g} contracts"
            case DriftCause.TIERS:
                return f"the venue changed its tiers, maintenance rate {before:.2%} → {after:.2%}"
            case DriftCause.OTHER_POSITIONS:
                return f"other positions of the pool lost {money(before - after, currency)}"


def price_under_old_tiers(marked: MarkedPool, holding: Holding, rates: tuple[float, float]) -> Reading:
    """The liquidation price if the tiers were still as many times lower as `rates` (then, now) tell."""
    instrument, (then, now) = known_instrument(holding), rates
    if now == 0:
        return computed_liquidation_price(marked, holding)
    older = _with_tiers_scaled(instrument, then / now)
    return _price_with(
        marked, holding, lambda each: Holding(each.position, older) if _is_beside(each, holding) else each
    )


def drifts(marked: MarkedPool, holding: Holding, then: Facts) -> tuple[Drift, ...]:
    """What has brought the liquidation price nearer since, the strongest first; empty where none is or was known."""
    if marked.why_unknown:
        return ()
    now_price = computed_liquidation_price(marked, holding)
    if not isinstance(now_price, float):
        return ()
    side = marked.losing_side(holding.position.symbol) or holding.position.side.value
    noise = NOISE * marked.marks[holding.position.symbol]
    found = []
    for cause, before, after, price in _undone(marked, holding, then):
        moved = side * (now_price - price) if isinstance(price, float) else math.inf
        if moved > noise:
            found.append(Drift(cause=cause, moved=moved, before=before, after=after))
    return tuple(sorted(found, key=lambda drift: -drift.moved))


def _undone(marked: MarkedPool, holding: Holding, then: Facts) -> Iterator[tuple[DriftCause, float, float, Reading]]:
    """Every fact that has changed: cause, what it was, what it is, and the liquidation price without the change."""
    now = standing_of(marked, holding)
    if then.collateral is not None and now.collateral is not None:
        yield _collateral_undone(marked, holding, then, (then.collateral, now.collateral))
    if then.contracts != now.contracts and then.contracts > 0:
        yield (
            DriftCause.CONTRACTS,
            then.contracts,
            now.contracts,
            _price_with_contracts(marked, holding, then.contracts),
        )
    rates = rates_then_and_now(marked, holding, then)
    if rates and rates[0] != rates[1]:
        yield DriftCause.TIERS, *rates, price_under_old_tiers(marked, holding, rates)
    if then.other_pnl is not None and now.other_pnl is not None:
        price = _price_with(marked, holding, more_equity=then.other_pnl - now.other_pnl)
        yield DriftCause.OTHER_POSITIONS, then.other_pnl, now.other_pnl, price


def _collateral_undone(
    marked: MarkedPool, holding: Holding, then: Facts, collateral: tuple[float, float]
) -> tuple[DriftCause, float, float, Reading]:
    """What closing a part has realised is no loss of collateral: it was in the equity before."""
    before, after = collateral
    closed = max(then.contracts - holding.position.contracts, 0.0)
    lost = before + closed * _pnl_per_contract(marked, holding) - after
    value = math.fsum(
        notional(each.position, known_instrument(each), marked.marks[each.position.symbol])
        for each in marked.pool.holdings
    )
    cause = DriftCause.FUNDING_OR_FEES if lost <= FUNDING_AT_MOST * value else DriftCause.COLLATERAL
    return cause, before, after, _price_with(marked, holding, more_equity=lost)


def _price_with_contracts(marked: MarkedPool, holding: Holding, contracts: float) -> Reading:
    position, told = holding.position, holding.position.reported_maintenance_margin
    grown = position.contracts - contracts
    resized = replace(
        position,
        contracts=contracts,
        reported_maintenance_margin=None if told is None else told * contracts / position.contracts,
    )
    equity = grown * _pnl_per_contract(marked, holding)
    other = Holding(resized, holding.instrument)
    return _price_with(marked, holding, lambda each: other if each == holding else each, more_equity=equity)


def _pnl_per_contract(marked: MarkedPool, holding: Holding) -> float:
    position = holding.position
    one = replace(position, contracts=1.0)
    return unrealized_pnl(one, known_instrument(holding), marked.marks[position.symbol])


def _price_with(
    marked: MarkedPool,
    holding: Holding,
    put_back: Callable[[Holding], Holding] = lambda each: each,
    *,
    more_equity: float = 0.0,
) -> Reading:
    """The liquidation price of the same pool with one fact put back."""
    pool = replace(
        marked.pool,
        holdings=tuple(put_back(each) for each in marked.pool.holdings),
        wallet_balance=(marked.pool.wallet_balance or 0.0) + more_equity,
    )
    return computed_liquidation_price(MarkedPool(pool, marked.marks), put_back(holding))


def _is_beside(each: Holding, holding: Holding) -> bool:
    """Both legs of a hedge are in the same tiers."""
    return each.position.symbol == holding.position.symbol


def _with_tiers_scaled(instrument: Instrument, factor: float) -> Instrument:
    tiers = (
        replace(
            tier,
            maintenance_margin_rate=tier.maintenance_margin_rate * factor,
            maintenance_deduction=tier.maintenance_deduction * factor,
        )
        for tier in instrument.tiers
    )
    return replace(instrument, tiers=tuple(tiers))
