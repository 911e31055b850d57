"""Which coins stand behind an account, what it owes, and what both are worth in dollars."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from liqwatch.margin.health import PoolHealth
from liqwatch.model import AccountSnapshot, MarginMode, Unknown

DOLLARS = frozenset({"USD"})
STABLECOINS = frozenset(
    {"USDT", "USDC", "FDUSD", "DAI", "USDE", "PYUSD", "USDG", "RLUSD", "USD1", "TUSD", "USDD", "BUSD", "USDS", "GUSD"}
)
"""Coins that promise to be worth a dollar."""
ONE_SUM = Unknown("the venue tells this account's margin as one sum, not by coin")


@dataclass(frozen=True, slots=True)
class Backing:
    """Quantities by coin: `shared` of the cross wallets with unrealised PnL (a debt is negative), `isolated` beside.

    `is_one_sum`: the coins behind the account are not told, so that what is missing here may still be there.
    `doubt`: a shared pool's profit is not known and left out.
    """

    shared: Mapping[str, float]
    isolated: Mapping[str, float]
    is_one_sum: bool
    doubt: str | None = None

    @property
    def owned(self) -> Mapping[str, float]:
        """Everything that the account has of each coin, debts left out."""
        coins = {*self.shared, *self.isolated}
        sums = {coin: max(self.shared.get(coin, 0.0), 0.0) + self.isolated.get(coin, 0.0) for coin in coins}
        return {coin: quantity for coin, quantity in sums.items() if quantity > 0}


@dataclass(frozen=True, slots=True)
class Worth:
    """Dollars: what the shared wallets own and what they owe."""

    owned: float
    owed: float


def backing_of(snapshot: AccountSnapshot, pools: Sequence[PoolHealth]) -> Backing:
    """Sort an account's coins."""
    shared: defaultdict[str, float] = defaultdict(float, snapshot.cross_wallets)
    isolated: defaultdict[str, float] = defaultdict(float)
    doubt = None
    for health in pools:
        pool = health.pool
        if pool.margin_mode is MarginMode.ISOLATED:
            isolated[pool.currency] += max(pool.wallet_balance or 0.0, 0.0)
            continue
        gains = [each.unrealized_pnl for each in health.positions]
        if None in gains:
            doubt = f"the unrealised PnL in {pool.currency} is not known"
        shared[pool.currency] += math.fsum(gain for gain in gains if gain is not None) + pool.outside_unrealized_pnl
        for each in pool.collateral:
            shared[each.asset] += each.quantity
    sums_only = snapshot.is_multi_asset or snapshot.is_ratio_only
    return Backing(
        {coin: quantity for coin, quantity in shared.items() if quantity},
        dict(isolated),
        is_one_sum=sums_only and not set(shared) - {snapshot.pool_currency},
        doubt=doubt,
    )


def worth_of(backing: Backing, prices: Mapping[str, float]) -> Worth | Unknown:
    """Both sides of the shared wallets in dollars; unknown where a price is missing."""
    owned: list[float] = []
    owed: list[float] = []
    for coin, quantity in backing.shared.items():
        price = price_of(coin, prices)
        if price is None:
            return Unknown(f"no price of {coin}")
        (owned if quantity > 0 else owed).append(abs(quantity) * price)
    return Worth(math.fsum(owned), math.fsum(owed))


def price_of(coin: str, prices: Mapping[str, float]) -> float | None:
    """The price of a coin in dollars, where it is known and a price."""
    price = 1.0 if coin in DOLLARS else prices.get(coin)
    return price if price is not None and 0 < price < math.inf else None
