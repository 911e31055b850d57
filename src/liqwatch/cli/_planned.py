"""A position that is not open yet, put together from flags: what is assumed is assumed here, and said."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from liqwatch.config.snapshot import OfflineAccount, load_snapshot
from liqwatch.margin.pools import Pool
from liqwatch.model import ContractKind

ASSUMED_FEE_RATE = 0.0005
ASSUMED_RATES = {"BTC": 0.005, "ETH": 0.005}
ASSUMED_RATE_OF_OTHERS = 0.025
"""What venues ask in the lowest tier: 0.4 to 0.5 % for the two largest coins, 1 to 2.5 % for most others."""

SOURCE = "the flags"


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """The flags of `calc`. `quantity` as in `--size`; `margin` and `leverage` describe isolated margin."""

    symbol: str
    side: str
    exchange: str
    entry_price: float
    quantity: float
    leverage: float | None = None
    margin: float | None = None
    balance: float | None = None
    contract_kind: str | None = None
    contract_size: float = 1.0
    mark_price: float | None = None
    price_tick: float = 0.0
    maintenance_rate: float | None = None
    maintenance_deduction: float = 0.0
    maintenance_growth: float = 0.0
    fee_rate: float | None = None
    liquidation_fee_rate: float = 0.0
    funding_rate: float | None = None

    @property
    def is_cross(self) -> bool:
        """Whether the whole balance backs it."""
        return self.balance is not None

    @property
    def kind(self) -> ContractKind:
        """As stated, else as the symbol shows: settled in its base currency is inverse, in neither is quanto."""
        if self.contract_kind:
            return ContractKind(self.contract_kind)
        base, _, rest = self.symbol.partition("/")
        quote, _, settle = rest.partition(":")
        settle = settle.partition("-")[0]
        if settle == base:
            return ContractKind.INVERSE
        return ContractKind.LINEAR if settle in (quote, "") else ContractKind.QUANTO

    @property
    def entry_value(self) -> float:
        """Notional at entry, settle currency."""
        face = self.quantity * self.contract_size
        return face / self.entry_price if self.kind is ContractKind.INVERSE else face * self.entry_price

    @property
    def own_margin(self) -> float:
        """Isolated margin: as stated, else entry value ÷ leverage."""
        return self.entry_value / (self.leverage or 1.0) if self.margin is None else self.margin


def account_of(planned: Planned, today: date) -> OfflineAccount:
    """The planned position as if it were open.

    Raises:
        ConfigError: the exchange is unknown, or has no verified formula for this.
    """
    return load_snapshot(json.dumps(_snapshot(planned)), SOURCE, today=today)


def isolated_pool(planned: Planned, today: date) -> Pool:
    """The same position with margin of its own, for the table of leverages."""
    alone = replace(planned, balance=None, margin=None, leverage=planned.leverage or 1.0)
    return account_of(alone, today).pools[0].pool


def assumptions(planned: Planned) -> Iterator[str]:
    """Everything that the figures rest on and that nobody has stated."""
    if planned.maintenance_rate is None:
        rate = _assumed_rate(planned.symbol)
        yield f"a maintenance rate of {rate:.2%}: give the venue's own for this size with --maintenance-rate"
    if planned.fee_rate is None:
        yield f"a taker fee of {ASSUMED_FEE_RATE:.2%}, in and out: give your own with --fee-rate"
    if not planned.liquidation_fee_rate:
        yield "no clearance fee at liquidation: give the venue's with --liquidation-fee-rate"
    if planned.funding_rate is None:
        yield "no funding: give the present rate with --funding-rate"
    if planned.mark_price is None:
        yield "the mark is at the entry price"
    if planned.leverage is None and planned.margin is None and not planned.is_cross:
        yield "leverage 1: give --leverage or --margin"
    if planned.is_cross:
        yield "no other position in the account, and nothing else that uses the balance"
    if not planned.maintenance_growth:
        yield "the maintenance rate stays the same on the way to liquidation: one tier, no growth with size"
    yield "the venue liquidates on the mark price; it may close earlier, and fills may be worse"


def _snapshot(planned: Planned) -> dict[str, Any]:
    rate = _assumed_rate(planned.symbol) if planned.maintenance_rate is None else planned.maintenance_rate
    position = {
        "symbol": planned.symbol,
        "contract_kind": planned.kind.value,
        "side": planned.side,
        "contracts": planned.quantity,
        "contract_size": planned.contract_size,
        "entry_price": planned.entry_price,
        "mark_price": planned.mark_price,
        "price_tick": planned.price_tick,
        "leverage": _leverage(planned),
        "maintenance_margin_rate": rate,
        "maintenance_deduction": planned.maintenance_deduction,
        "maintenance_rate_growth": planned.maintenance_growth,
        "closing_fee_rate": ASSUMED_FEE_RATE if planned.fee_rate is None else planned.fee_rate,
        "liquidation_fee_rate": planned.liquidation_fee_rate,
        "funding_rate": planned.funding_rate,
    }
    return {
        "schema": 1,
        "exchange": planned.exchange,
        "margin_mode": "cross" if planned.is_cross else "isolated",
        "wallet_balance": planned.balance if planned.is_cross else planned.own_margin,
        "positions": [position],
    }


def _leverage(planned: Planned) -> float | None:
    if planned.leverage is not None or planned.is_cross:
        return planned.leverage
    return planned.entry_value / planned.own_margin


def _assumed_rate(symbol: str) -> float:
    return ASSUMED_RATES.get(symbol.partition("/")[0], ASSUMED_RATE_OF_OTHERS)
