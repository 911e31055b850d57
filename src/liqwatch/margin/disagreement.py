"""The venue's liquidation price held against ours: at the venue's own marks, from the same answer.

A difference means that the venue's formula has moved, or that we misread the account. Both are kept, the
nearer one counts, and the difference itself is told with the cause that would explain it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from liqwatch.margin.assess import computed_liquidation_price
from liqwatch.margin.conventions import Basis, Convention, TierMode
from liqwatch.margin.marked import MarkedPool, losing_side
from liqwatch.margin.pools import Holding, Pool

RELATIVE_TOLERANCE = 1e-4
"""Fraction of the mark; a tick where that is more."""
UNEXPLAINED = "the formula has moved, or part of the account (another position, a balance, an order) is not seen"


@dataclass(frozen=True, slots=True)
class Disagreement:
    """Reported and computed price of one position, and how many tolerances they are apart."""

    reported: float
    computed: float
    tolerances: float


def disagreement(pool: Pool, holding: Holding) -> Disagreement | None:
    """Compare; None where there is nothing to compare (no reported price, unknown facts, assumed tiers)."""
    reported, instrument = holding.reported_liquidation_price, holding.instrument
    if reported is None or instrument is None or instrument.tiers_assumed:
        return None
    if losing_side(pool, holding.position.symbol) != holding.position.side.value:
        return None
    computed = _computed(pool, holding, pool.convention)
    if computed is None:
        return None
    mark_price = holding.position.reported_mark_price or reported
    tolerance = max(instrument.price_tick, RELATIVE_TOLERANCE * mark_price)
    return Disagreement(reported, computed, abs(reported - computed) / tolerance)


def likely_cause(pool: Pool, holding: Holding) -> str:
    """The change of convention under which ours would be the venue's figure, in words for a message."""
    found = disagreement(pool, holding)
    if found is None or pool.convention is None:
        return "nothing to compare"
    unit = abs(found.reported - found.computed) / found.tolerances if found.tolerances else 0.0
    explained = [
        (abs(computed - found.reported), words)
        for words, convention, fee_rate in _alternatives(pool.convention)
        if (computed := _computed_otherwise(pool, holding, convention, fee_rate)) is not None
    ]
    nearest, words = min(explained, default=(unit, ""))
    return words if nearest < unit else UNEXPLAINED


def _computed_otherwise(pool: Pool, holding: Holding, convention: Convention, fee_rate: float | None) -> float | None:
    other = _with_fee(pool, fee_rate)
    return _computed(other, other.holdings[pool.holdings.index(holding)], convention)


def _computed(pool: Pool, holding: Holding, convention: Convention | None) -> float | None:
    marks = {each.position.symbol: each.position.reported_mark_price for each in pool.holdings}
    known = {symbol: mark for symbol, mark in marks.items() if mark is not None}
    price = computed_liquidation_price(MarkedPool(replace(pool, convention=convention), known), holding)
    return price if isinstance(price, float) else None


def _alternatives(convention: Convention) -> Iterator[tuple[str, Convention, float | None]]:
    """What venues are known to do differently, the commonest first."""
    fee = replace(convention, closing_fee_basis=Basis.LIQUIDATION)
    yield "the venue seems to count a closing fee of 0.05 %", fee, 0.0005
    yield "the venue seems to count a closing fee of 0.04 %", fee, 0.0004
    entry = replace(convention, maintenance_basis=Basis.ENTRY)
    yield "the venue seems to take maintenance at the entry price", entry, None
    mark = replace(convention, maintenance_basis=Basis.MARK)
    yield "the venue seems to freeze maintenance at the present mark", mark, None
    if convention.tier_mode is TierMode.DEDUCTION:
        flat = replace(convention, tier_mode=TierMode.FLAT)
        yield "the venue seems to count its tiers without deduction", flat, None


def _with_fee(pool: Pool, fee_rate: float | None) -> Pool:
    if fee_rate is None:
        return pool
    holdings = tuple(
        Holding(each.position, replace(each.instrument, closing_fee_rate=fee_rate) if each.instrument else None)
        for each in pool.holdings
    )
    return replace(pool, holdings=holdings)
