"""Liquidation prices of many isolated positions of one market at once: columns in, a column out.

One pass per leverage tier over the positions not placed yet, each by the closed root of its tier. Where
tiers jump or bend, several roots may exist and the walk of `curve` is the only answer: it is used then.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from liqwatch.margin.conventions import Basis, Convention
from liqwatch.margin.curve import MarketCurve, first_crossing, leg_of
from liqwatch.margin.maintenance import tiers_of
from liqwatch.margin.pnl import coordinate, pnl_slope, price_at
from liqwatch.margin.tiers import join_smoothly
from liqwatch.model import ContractKind, Instrument, LeverageTier, MarginMode, Position, Side

NO_PRICE = math.nan
"""Stands where no price above zero liquidates the position."""


@dataclass(frozen=True, slots=True)
class IsolatedColumns:
    """Positions of one market side by side; every column has the same length.

    `sides` are +1 or -1, `wallets` the assigned margins without unrealised PnL (settle currency).
    """

    sides: Sequence[int]
    contracts: Sequence[float]
    entry_prices: Sequence[float]
    wallets: Sequence[float]


def isolated_liquidation_prices(
    instrument: Instrument,
    convention: Convention,
    columns: IsolatedColumns,
    mark_price: float,
    *,
    ratio: float = 1.0,
) -> list[float]:
    """Unrounded liquidation prices in the order of the columns; NaN where none can be reached.

    With another `ratio`: the prices at which each position's margin ratio reaches it (a margin call, a level).

    The same figures as the walk in `curve` for solvent positions. Leverage-dependent rates (HTX) are not for columns.
    """
    tiers = tiers_of(instrument, convention)
    if convention.maintenance_basis is not Basis.LIQUIDATION or instrument.maintenance_rate_growth:
        return _one_by_one(instrument, convention, columns, mark_price, ratio)
    if convention.closing_fee_basis not in (Basis.LIQUIDATION, Basis.NONE) or not join_smoothly(tiers):
        return _one_by_one(instrument, convention, columns, mark_price, ratio)
    fee_rate = instrument.closing_fee_rate if convention.closing_fee_basis is Basis.LIQUIDATION else 0.0
    roots = _tier_by_tier(instrument, tiers, fee_rate, columns, ratio)
    kind = instrument.contract_kind
    return [price_at(kind, root) if root == root else NO_PRICE for root in roots]  # noqa: PLR0124  # NaN is unequal to itself


def _tier_by_tier(
    instrument: Instrument, tiers: Sequence[LeverageTier], fee_rate: float, columns: IsolatedColumns, ratio: float
) -> list[float]:
    """Roots in the coordinate x: ratio·(wallet - s·q·x_entry) + deduction = x·q·(rate + fee - ratio·s)."""
    kind = instrument.contract_kind
    sign = -1 if kind is ContractKind.INVERSE else 1
    sides = [sign * side for side in columns.sides]
    quantities = [contracts * instrument.contract_size for contracts in columns.contracts]
    entries = (
        columns.entry_prices if kind is not ContractKind.INVERSE else [1.0 / each for each in columns.entry_prices]
    )
    constants = [
        ratio * (wallet - side * quantity * entry)
        for wallet, side, quantity, entry in zip(columns.wallets, sides, quantities, entries, strict=True)
    ]
    roots = [NO_PRICE] * len(sides)
    left: Sequence[int] = range(len(sides))
    for tier in tiers:
        rate, deduction = tier.maintenance_margin_rate + fee_rate, tier.maintenance_deduction
        floor = -math.inf if tier is tiers[0] else tier.notional_floor
        cap = math.inf if tier is tiers[-1] else tier.notional_cap
        unplaced = []
        for index in left:
            value = (constants[index] + deduction) / (rate - ratio * sides[index])
            if floor < value <= cap:
                roots[index] = value / quantities[index] if value > 0 else NO_PRICE
            else:
                unplaced.append(index)
        left = unplaced
    return roots


def _one_by_one(
    instrument: Instrument, convention: Convention, columns: IsolatedColumns, mark_price: float, ratio: float
) -> list[float]:
    blank = Position(
        symbol=instrument.symbol,
        side=Side.LONG,
        contracts=1.0,
        entry_price=mark_price,
        margin_mode=MarginMode.ISOLATED,
    )
    start = coordinate(instrument.contract_kind, mark_price)
    prices = []
    for side, contracts, entry_price, wallet in zip(
        columns.sides, columns.contracts, columns.entry_prices, columns.wallets, strict=True
    ):
        position = replace(blank, side=Side(side), contracts=contracts, entry_price=entry_price)
        leg = leg_of(position, instrument, convention, mark_price)
        curve = MarketCurve(legs=(leg,), outside_equity=wallet, outside_requirement=0.0)
        outward = -int(math.copysign(1, pnl_slope(position, instrument)))
        is_beyond = curve.surplus(start, ratio) <= 0
        root = first_crossing(curve, start, -outward if is_beyond else outward, ratio=ratio)
        prices.append(NO_PRICE if root is None else price_at(instrument.contract_kind, root))
    return prices
