"""One contract of one venue: what its price and its margin are counted in."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class ContractKind(Enum):
    """How profit is counted: LINEAR settles in quote currency, INVERSE in base currency.

    QUANTO settles in a third currency at a fixed multiplier per point: linear, with that multiplier as contract size.
    """

    LINEAR = "linear"
    INVERSE = "inverse"
    QUANTO = "quanto"


@dataclass(frozen=True, slots=True, kw_only=True)
class LeverageTier:
    """Maintenance rules for a range of notional (settle currency): floor exclusive, cap inclusive."""

    notional_floor: float
    notional_cap: float
    maintenance_margin_rate: float
    maintenance_deduction: float = 0.0
    max_leverage: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Instrument:
    """A contract; `symbol` is ccxt's unified symbol, `native_symbol` the venue's own name.

    `contract_size` is base units (linear) or quote units (inverse) per contract. `tiers` ascend by
    notional; empty means the venue's brackets are not known to us. `tiers_assumed` marks a stand-in
    rate that must be named as such wherever a figure rests on it. `closing_fee_rate` is what the venue
    expects closing to cost, a fraction of notional; whether it counts is the convention's matter.
    `maintenance_rate_growth` is added to the rate per unit of notional (Deribit's grows with size).
    """

    symbol: str
    native_symbol: str
    settle_currency: str
    contract_kind: ContractKind = ContractKind.LINEAR
    contract_size: float = 1.0
    price_tick: float = 0.0
    tiers: tuple[LeverageTier, ...] = ()
    tiers_assumed: bool = False
    closing_fee_rate: float = 0.0
    maintenance_rate_growth: float = 0.0
    liquidation_fee_rate: float = 0.0
    is_trading: bool = True
    is_last_price: bool = False
    """The venue shows no mark price: what stands in for it is the last traded price, and every message says so."""
