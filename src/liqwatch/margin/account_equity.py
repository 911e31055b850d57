"""An account as a whole: what it owns in each currency, and what share of that each market moves."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from liqwatch.margin.health import PoolHealth
from liqwatch.model import MarginMode, Unknown

SEVERAL = "equity in several currencies ({}) is not one sum"


@dataclass(frozen=True, slots=True, kw_only=True)
class MarketExposure:
    """One market of one currency. `notional` is net (positive: long); `share` is its size as one of the equity."""

    market: str
    currency: str
    notional: float
    share: float


def equity_by_currency(pools: Sequence[PoolHealth], cross_wallets: Mapping[str, float]) -> dict[str, float | Unknown]:
    """All pools of a currency added up, and the cross wallet where no cross position has made a pool of it.

    `cross_wallets` as in a snapshot. Currencies without a position are left out.
    """
    grouped: defaultdict[str, list[PoolHealth]] = defaultdict(list)
    for pool in pools:
        grouped[pool.pool.currency].append(pool)
    return {currency: _equity(currency, mine, cross_wallets) for currency, mine in grouped.items()}


def account_equity(pools: Sequence[PoolHealth], cross_wallets: Mapping[str, float]) -> tuple[float, str] | Unknown:
    """The one sum and its currency; unknown where a pool's is, or where currencies would have to be added."""
    found = equity_by_currency(pools, cross_wallets)
    if len(found) != 1:
        return Unknown(SEVERAL.format(", ".join(sorted(found))) if found else "no position")
    ((currency, equity),) = found.items()
    return equity if isinstance(equity, Unknown) else (equity, currency)


def market_exposures(
    pools: Sequence[PoolHealth], cross_wallets: Mapping[str, float]
) -> tuple[MarketExposure, ...] | Unknown:
    """Every market's share of the account's equity in its currency, the greatest first; infinite without equity.

    A market is a coin and what it is priced in: a perpetual and dated futures of it hedge each other.
    """
    equities = equity_by_currency(pools, cross_wallets)
    net: defaultdict[tuple[str, str], float] = defaultdict(float)
    for pool in pools:
        for each in pool.positions:
            if each.notional is None:
                return Unknown(f"the value of {each.position.subject} is not known")
            market = each.position.symbol.partition(":")[0]
            net[market, pool.pool.currency] += each.position.side.value * each.notional
    found = []
    for (market, currency), value in net.items():
        equity = equities[currency]
        if isinstance(equity, Unknown):
            return equity
        found.append(MarketExposure(market=market, currency=currency, notional=value, share=_share(value, equity)))
    return tuple(sorted(found, key=lambda each: -each.share))


def _share(value: float, equity: float) -> float:
    if equity > 0:
        return abs(value) / equity
    return math.inf if value else 0.0


def _equity(currency: str, pools: Sequence[PoolHealth], cross_wallets: Mapping[str, float]) -> float | Unknown:
    total = 0.0
    for pool in pools:
        if isinstance(pool.equity, Unknown):
            return pool.equity
        total += pool.equity
    has_cross = any(pool.pool.margin_mode is MarginMode.CROSS for pool in pools)
    return total if has_cross else total + cross_wallets.get(currency, 0.0)
