"""What funding takes from the equity behind a position, if the present rate holds for a day."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from liqwatch.margin.conventions import canonical_exchange
from liqwatch.margin.costs import funding_per_day
from liqwatch.margin.health import PoolHealth, PositionHealth
from liqwatch.model import FundingRate, Unknown

HOUR: Final = timedelta(hours=1)
USUAL_INTERVAL: Final = timedelta(hours=8)
INTERVALS: Final[Mapping[str, timedelta]] = {
    "hyperliquid": timedelta(hours=1),
    "kraken_futures": timedelta(hours=1),
    "deribit": timedelta(hours=8),
}
"""For how long a venue's rate is, where that is one for all its markets: for rates that do not say it themselves."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FundingBurden:
    """`rate` is what is paid (positive) or received each `interval`, as a fraction of the position's value.

    `per_day` is money of the settle currency, `share_per_day` of the equity behind the position (its own, or its
    cross pool's); positive is paid. A hedge in the same market pays for a part of it, down to zero.
    """

    rate: float
    interval: timedelta
    is_interval_assumed: bool
    per_day: float
    share_per_day: float


def funding_interval(funding: FundingRate, venue: str, assumed: timedelta = USUAL_INTERVAL) -> tuple[timedelta, bool]:
    """For how long this rate is, and whether that is only assumed.

    The venue's own word for the market comes first, then what is known of the venue; `venue` is its name in our
    configuration, which may say where it is (`@sandbox`) and through what it is asked (`ccxt:`).
    """
    if funding.interval is not None and funding.interval > timedelta(0):
        return funding.interval, False
    known = INTERVALS.get(canonical_exchange(venue.partition("@")[0].removeprefix("ccxt:")))
    return (assumed, True) if known is None else (known, False)


def assumption(interval: timedelta) -> str:
    """The sentence that says that an interval is only assumed."""
    return f"The venue does not tell how often: {interval / HOUR:g} h are assumed."


def funding_burden(
    pool: PoolHealth, health: PositionHealth, funding: FundingRate, assumed: timedelta = USUAL_INTERVAL
) -> FundingBurden | Unknown:
    """The burden at this rate and mark; unknown with the first missing fact."""
    interval, is_assumed = funding_interval(funding, pool.pool.venue, assumed)
    received = funding_per_day(health, rate=funding.rate, interval=interval)
    if isinstance(pool.equity, Unknown):
        return pool.equity
    if received is None or not math.isfinite(funding.rate):
        return Unknown(f"no mark price yet for {funding.symbol}" if received is None else "the rate is not a number")
    paid = -received
    if paid > 0:
        paid = max(paid - sum(_received(leg, funding.rate, interval) for leg in _hedges(pool, health)), 0.0)
    return FundingBurden(
        rate=health.position.side.value * funding.rate,
        interval=interval,
        is_interval_assumed=is_assumed,
        per_day=paid,
        share_per_day=_share(paid, pool.equity),
    )


def _hedges(pool: PoolHealth, health: PositionHealth) -> list[PositionHealth]:
    mine = health.position
    return [leg for leg in pool.positions if leg.position.symbol == mine.symbol and leg.position.side is not mine.side]


def _received(leg: PositionHealth, rate: float, interval: timedelta) -> float:
    return funding_per_day(leg, rate=rate, interval=interval) or 0.0


def _share(paid: float, equity: float) -> float:
    """Of equity that is gone, any payment is more than all."""
    if equity > 0:
        return paid / equity
    return math.inf if paid > 0 else 0.0


def days_until(loss: float, per_day: float) -> float | None:
    """How many days of `per_day` make that loss; None where nothing is paid."""
    return max(loss, 0.0) / per_day if per_day > 0 else None
