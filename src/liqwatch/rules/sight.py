"""Everything a rule may look at, at one moment: figures, what they were before, orders, funding, the market's temper.

The engine gathers it; a rule only reads. What a venue does not tell is None or `Unknown`, never a guess.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

from liqwatch.margin.health import PoolHealth, PositionHealth
from liqwatch.model import AccountSnapshot, FundingRate, Reading, RestingOrder, Unknown


@dataclass(frozen=True, slots=True, kw_only=True)
class PastPosition:
    """A position as it was at an earlier moment; figures that were not known are None.

    `collateral` is the wallet behind it (its own, or the pool's) without unrealised PnL, `other_pnl` the
    unrealised PnL of the pool's other positions, `maintenance_rate` that of the tier it was in.
    """

    at: datetime
    mark_price: float | None
    liquidation_price: float | None
    liquidation_distance: float | None
    contracts: float
    collateral: float | None
    other_pnl: float | None
    maintenance_rate: float | None


class Past(Protocol):
    """What is remembered of the last day. Samples are a few seconds to a few minutes apart, oldest first."""

    def position(self, within: timedelta) -> Sequence[PastPosition]:
        """This position's samples no older than that."""
        ...

    def equity_peak(self, within: timedelta) -> float | None:
        """The greatest equity of this account within that time, transfers left out; None: nothing remembered."""
        ...

    def first_seen(self) -> datetime | None:
        """When this position was first seen with a size; None: this very look is the first."""
        ...


class NoPast:
    """Nothing is remembered yet."""

    def position(self, within: timedelta) -> Sequence[PastPosition]:  # noqa: ARG002 - the port's signature
        """Nothing."""
        return ()

    def equity_peak(self, within: timedelta) -> float | None:  # noqa: ARG002 - the port's signature
        """Nothing."""
        return None

    def first_seen(self) -> datetime | None:
        """This look is the first."""
        return None


NO_HISTORY = Unknown("no price history yet")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """One look. For position rules `position` is set, for pool rules it is the pool's only position, if one.

    For account rules `pool` is the account's weightiest pool and `pools` are all of them. `orders` None: not read
    or not readable. `funding_rates` by symbol. `daily_volatility`: realised, of this position's market, as a
    fraction of the price over the last 24 h. `peg_prices`: the price of a collateral coin or stablecoin in dollars.
    `silent_seconds`: how long the venue's streams have brought nothing. `market_move`: the mark's change over the
    last five minutes, as a fraction.
    `margin_call_ratio`: the venue's own margin-call level of `margin_ratio`, None where it has none.
    """

    now: datetime
    pool: PoolHealth
    position: PositionHealth | None = None
    pools: Sequence[PoolHealth] = ()
    snapshot: AccountSnapshot | None = None
    options: Mapping[str, float] = field(default_factory=dict)
    past: Past = field(default_factory=NoPast)
    orders: Sequence[RestingOrder] | None = None
    funding_rates: Mapping[str, FundingRate] = field(default_factory=dict)
    daily_volatility: Reading = NO_HISTORY
    peg_prices: Mapping[str, float] = field(default_factory=dict)
    peg_moves: Mapping[str, float] = field(default_factory=dict)
    """The change of a collateral coin's price over the last 24 h, as a fraction."""
    silent_seconds: float = 0.0
    market_move: Reading = NO_HISTORY
    margin_call_ratio: float | None = None

    @property
    def symbol(self) -> str | None:
        """The market of the position, if one is looked at."""
        return self.position.position.symbol if self.position else None

    @property
    def funding(self) -> FundingRate | None:
        """The funding rate of the position's market."""
        return self.funding_rates.get(self.symbol) if self.symbol else None
