"""Margin pools: positions that stand or fall together.

An isolated position is a pool of one. Cross positions share the pool of their settle currency, or one
pool for all in multi-asset mode.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from liqwatch.margin.conventions import Convention, convention_of
from liqwatch.model import AccountSnapshot, ContractKind, Instrument, MarginMode, Position


@dataclass(frozen=True, slots=True)
class Holding:
    """A position and its contract; None: the venue lists no such market."""

    position: Position
    instrument: Instrument | None

    @property
    def reported_liquidation_price(self) -> float | None:
        """The venue's own figure; zero, a negative and a non-number are no price."""
        price = self.position.reported_liquidation_price
        return price if price is not None and 0 < price < math.inf else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Collateral:
    """An asset other than the pool's currency that backs it; `symbol` is the market whose mark values it.

    `value_share` is what the venue counts of its value (1 - haircut) while the amount is positive; a debt
    counts in full. `quantity` is signed, in units of the asset.
    """

    asset: str
    symbol: str
    quantity: float
    value_share: float = 1.0

    @property
    def slope(self) -> float:
        """What the pool's equity gains per unit of the asset's price."""
        return self.quantity * (self.value_share if self.quantity > 0 else 1.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pool:
    """One margin pool of one account. `wallet_balance` excludes unrealised PnL (currency of the pool).

    `convention` None: nobody has verified how this exchange counts, so figures are the venue's only.
    `outside_…` are positions of the same pool that are known only by their sums.
    """

    account: str
    venue: str
    subject: str
    currency: str
    margin_mode: MarginMode
    wallet_balance: float | None
    holdings: tuple[Holding, ...]
    convention: Convention | None
    collateral: tuple[Collateral, ...] = ()
    outside_unrealized_pnl: float = 0.0
    outside_maintenance_margin: float = 0.0
    reported_margin_ratio: float | None = None
    """Maintenance ÷ equity as the venue states it; counts where ours cannot be computed."""

    @property
    def key(self) -> tuple[str, str]:
        """Account and subject; unique within the daemon."""
        return self.account, self.subject

    @property
    def symbols(self) -> frozenset[str]:
        """The markets this pool depends on."""
        held = {holding.position.symbol for holding in self.holdings}
        return frozenset(held | {each.symbol for each in self.collateral})


def pools_of(
    snapshot: AccountSnapshot, instruments: Mapping[str, Instrument], *, exchange: str, on: date
) -> tuple[Pool, ...]:
    """Sort an account's positions into pools, isolated ones first. Every position lands in exactly one."""
    isolated: list[Pool] = []
    shared: defaultdict[str, list[Holding]] = defaultdict(list)
    for position in snapshot.positions:
        holding = Holding(position, instruments.get(position.symbol))
        if position.margin_mode is MarginMode.ISOLATED:
            isolated.append(_isolated_pool(snapshot, holding, exchange, on))
        else:
            shared[_pool_currency(snapshot, holding)].append(holding)
    crossed = [_cross_pool(snapshot, currency, held, exchange, on) for currency, held in sorted(shared.items())]
    return (*isolated, *crossed)


def _isolated_pool(snapshot: AccountSnapshot, holding: Holding, exchange: str, on: date) -> Pool:
    return Pool(
        account=snapshot.account,
        venue=snapshot.venue,
        subject=holding.position.subject,
        currency=_settle_currency(holding),
        margin_mode=MarginMode.ISOLATED,
        wallet_balance=holding.position.isolated_wallet,
        holdings=(holding,),
        convention=_convention(exchange, MarginMode.ISOLATED, (holding,), on),
    )


def _cross_pool(snapshot: AccountSnapshot, currency: str, held: Sequence[Holding], exchange: str, on: date) -> Pool:
    return Pool(
        account=snapshot.account,
        venue=snapshot.venue,
        subject=f"cross {currency}",
        currency=currency,
        margin_mode=MarginMode.CROSS,
        wallet_balance=snapshot.cross_wallets.get(currency),
        holdings=tuple(held),
        convention=None if snapshot.is_ratio_only else _convention(exchange, MarginMode.CROSS, held, on),
        reported_margin_ratio=snapshot.reported_margin_ratios.get(currency),
    )


def _convention(exchange: str, mode: MarginMode, held: Sequence[Holding], on: date) -> Convention | None:
    kinds = {holding.instrument.contract_kind for holding in held if holding.instrument}
    kind = kinds.pop() if len(kinds) == 1 else ContractKind.LINEAR
    return convention_of(exchange, mode, kind, on)


def _pool_currency(snapshot: AccountSnapshot, holding: Holding) -> str:
    return snapshot.pool_currency if snapshot.is_multi_asset else _settle_currency(holding)


def _settle_currency(holding: Holding) -> str:
    """The contract's settle currency; for an unknown market, what its unified symbol says."""
    if holding.instrument:
        return holding.instrument.settle_currency
    return holding.position.symbol.rpartition(":")[2].partition("-")[0]
