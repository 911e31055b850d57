"""Venues that take the fee of closing where nothing would be left: at the bankruptcy price."""

from __future__ import annotations

from dataclasses import replace

from liqwatch.margin.assess import computed_liquidation_price
from liqwatch.margin.families import Basis, Convention
from liqwatch.margin.marked import MarkedPool
from liqwatch.margin.pnl import coordinate, notional, price_at
from liqwatch.margin.pools import Holding
from liqwatch.model import ContractKind, Instrument, Position, Reading

_FEE_ALONE = Convention(
    name="only the fee of closing", maintenance_basis=Basis.FIXED, closing_fee_basis=Basis.LIQUIDATION
)


def leverage_bankruptcy_price(position: Position, instrument: Instrument) -> float | None:
    """Where a margin of entry value ÷ leverage is gone, fee apart; None: nowhere, or leverage is not known."""
    if not position.leverage:
        return None
    kind = instrument.contract_kind
    direction = -position.side.value if kind is ContractKind.INVERSE else position.side.value
    x = coordinate(kind, position.entry_price) * (1.0 - direction / position.leverage)
    return price_at(kind, x) if x > 0 else None


def fee_to_close(position: Position, instrument: Instrument) -> float | None:
    """The fee of closing at the bankruptcy price of the position's leverage, settle currency (Bybit, KuCoin).

    It is part of both the initial and the maintenance margin these venues show. None: leverage is not known.
    """
    if not position.leverage:
        return None
    price = leverage_bankruptcy_price(position, instrument)
    return 0.0 if price is None else instrument.closing_fee_rate * notional(position, instrument, price)


def bankruptcy_price_after_fee(marked: MarkedPool, holding: Holding) -> Reading:
    """The mark at which the pool's equity just pays for closing (Phemex, Bybit's inverse contracts)."""
    holdings = tuple(
        Holding(replace(each.position, reported_maintenance_margin=0.0), each.instrument)
        for each in marked.pool.holdings
    )
    pool = replace(marked.pool, convention=_FEE_ALONE, holdings=holdings, outside_maintenance_margin=0.0)
    return computed_liquidation_price(MarkedPool(pool, marked.marks), holdings[marked.pool.holdings.index(holding)])
