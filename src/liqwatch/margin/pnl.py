"""Value and profit of one position. The sign rule stands here and nowhere else."""

from __future__ import annotations

from liqwatch.model import ContractKind, Instrument, Position


def coordinate(kind: ContractKind, price: float) -> float:
    """The coordinate in which profit is affine: the price itself, or its reciprocal for inverse contracts."""
    return 1.0 / price if kind is ContractKind.INVERSE else price


def price_at(kind: ContractKind, x: float) -> float:
    """The price of a coordinate; the reciprocal is its own inverse."""
    return coordinate(kind, x)


def exposure(position: Position, instrument: Instrument) -> float:
    """Base quantity (linear, quanto) or face value in quote currency (inverse), positive."""
    return position.contracts * instrument.contract_size


def notional(position: Position, instrument: Instrument, price: float) -> float:
    """Position value at `price` in settle currency, positive."""
    return exposure(position, instrument) * coordinate(instrument.contract_kind, price)


def pnl_slope(position: Position, instrument: Instrument) -> float:
    """Change of profit per unit of the coordinate; an inverse long loses as 1/price grows."""
    sign = -1 if instrument.contract_kind is ContractKind.INVERSE else 1
    return sign * position.side.value * exposure(position, instrument)


def unrealized_pnl(position: Position, instrument: Instrument, price: float) -> float:
    """Profit against entry at `price`, settle currency, signed."""
    kind = instrument.contract_kind
    return pnl_slope(position, instrument) * (coordinate(kind, price) - coordinate(kind, position.entry_price))
