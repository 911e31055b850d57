"""What a liquidation price rests on at one moment: remembered now, so that a later look can tell what has changed."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Protocol

from liqwatch.margin.conventions import Basis
from liqwatch.margin.marked import MarkedPool
from liqwatch.margin.pnl import coordinate
from liqwatch.margin.pools import Holding
from liqwatch.margin.tiers import tier_of


class Facts(Protocol):
    """What a liquidation price rests on at one moment, as `Standing` has it."""

    @property
    def mark_price(self) -> float | None:
        """The mark of the market."""
        ...

    @property
    def contracts(self) -> float:
        """The position's size."""
        ...

    @property
    def collateral(self) -> float | None:
        """Of the pool."""
        ...

    @property
    def other_pnl(self) -> float | None:
        """Of the pool's other markets."""
        ...

    @property
    def maintenance_rate(self) -> float | None:
        """Of the tier."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """The facts of one moment; None: not known.

    `collateral`: the pool's, without unrealised PnL. `other_pnl`: of its positions in other markets.
    `maintenance_rate`: of the tier the position is in, before factors; not an assumed one.
    """

    mark_price: float | None
    contracts: float
    collateral: float | None
    other_pnl: float | None
    maintenance_rate: float | None


def standing_of(marked: MarkedPool, holding: Holding) -> Standing:
    """The facts of this moment; to be remembered for a later comparison."""
    position, wallet = holding.position, marked.pool.wallet_balance
    is_known = marked.why_unknown is None
    assets = math.fsum(each.slope * marked.marks[each.symbol] for each in marked.pool.collateral) if is_known else 0.0
    others = [each.position for each in marked.pool.holdings if each.position.symbol != position.symbol]
    pnl = [marked.amounts[other.subject].unrealized_pnl for other in others] if is_known else []
    mark_price = marked.marks.get(position.symbol)
    return Standing(
        mark_price=mark_price,
        contracts=position.contracts,
        collateral=wallet + assets if wallet is not None and is_known else None,
        other_pnl=math.fsum(pnl) + marked.pool.outside_unrealized_pnl if is_known else None,
        maintenance_rate=tier_rate(marked, holding, mark_price, position.contracts),
    )


def rates_then_and_now(marked: MarkedPool, holding: Holding, then: Facts) -> tuple[float, float] | None:
    """The rate that applied then, and what today's tiers say of the position as it was then; None: not comparable.

    They differ only where the venue has changed its tiers: a position that outgrew its tier is not meant.
    """
    now = tier_rate(marked, holding, then.mark_price, then.contracts)
    return None if now is None or then.maintenance_rate is None else (then.maintenance_rate, now)


def tier_rate(marked: MarkedPool, holding: Holding, mark_price: float | None, contracts: float) -> float | None:
    """The rate of the tier that so many contracts are in at that mark (or at entry, where the venue counts so).

    None where a fact is missing, tiers are assumed, or the venue's maintenance does not come from tiers.
    """
    position, instrument, convention = holding.position, holding.instrument, marked.pool.convention
    if instrument is None or convention is None or not instrument.tiers or instrument.tiers_assumed:
        return None
    basis = convention.maintenance_basis
    if basis is Basis.FIXED or (basis is Basis.ENTRY and contracts != position.contracts):
        return None
    price = position.entry_price if basis is Basis.ENTRY else mark_price
    if price is None or price <= 0:
        return None
    value = contracts * instrument.contract_size * coordinate(instrument.contract_kind, price)
    return tier_of(instrument.tiers, value).maintenance_margin_rate
