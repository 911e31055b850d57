"""What `size` says, as plain values: the size, the check of the stop, the losing streaks, the warnings."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

from liqwatch.advice.leverage import highest_safe_leverage, is_beyond_stop, opened
from liqwatch.advice.sizing import HIGH_RISK, PositionSize, Trade, losing_streaks, losses_to_nothing, position_size
from liqwatch.cli._planned import Planned, isolated_pool
from liqwatch.clock import SystemClock
from liqwatch.engine.status import plain
from liqwatch.margin.conventions import MAINTENANCE_ON_MARK_WITHOUT_FEE
from liqwatch.margin.pools import Pool

COMMONEST = "binance_usdm"
"""Counts as most venues do: maintenance on the mark, no fee."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Venue:
    """Where the trade would be made; `exchange` None: the commonest way of counting."""

    exchange: str | None
    symbol: str
    maintenance_rate: float | None
    maintenance_deduction: float


def size_report(trade: Trade, venue: Venue, leverage: float | None) -> dict[str, Any]:
    """Size the trade and look at everything around it.

    Raises:
        ConfigError: the exchange is unknown, or has no verified formula for isolated linear contracts.
    """
    size = position_size(trade)
    planned = Planned(
        symbol=venue.symbol,
        side=trade.side.word,
        exchange=venue.exchange or COMMONEST,
        entry_price=trade.entry_price,
        quantity=size.quantity,
        contract_kind="linear",
        maintenance_rate=venue.maintenance_rate,
        maintenance_deduction=venue.maintenance_deduction,
        fee_rate=trade.fee_rate,
    )
    pool = isolated_pool(planned, _today())
    highest = highest_safe_leverage(pool, trade.stop_price)
    checked = None if leverage is None else _check(pool, trade, leverage)
    return {
        "schema": 1,
        "side": trade.side.word,
        "symbol": venue.symbol,
        "currency": pool.currency,
        **asdict(trade),
        **asdict(size),
        "highest_leverage": None if highest is None else math.floor(highest * 100) / 100,
        "check": checked,
        "warnings": list(_warnings(trade, size, checked, highest)),
        "losing_streaks": [
            {**asdict(streak), "gain_needed": plain(streak.gain_needed)} for streak in losing_streaks(trade.risk)
        ],
        "losses_to_nothing": losses_to_nothing(trade.risk),
        "assumptions": list(_assumptions(venue, pool)),
    }


def _today() -> date:
    return SystemClock().now().date()


def _check(pool: Pool, trade: Trade, leverage: float) -> dict[str, Any]:
    health = opened(pool, leverage)
    return {
        "leverage": leverage,
        "margin": health.position.isolated_wallet,
        "liquidation_price": plain(health.liquidation_price),
        "liquidation_distance": plain(health.liquidation_distance),
        "stop_comes_first": is_beyond_stop(health, trade.stop_price),
    }


def _warnings(trade: Trade, size: PositionSize, checked: dict[str, Any] | None, highest: float | None) -> Iterator[str]:
    if trade.risk > HIGH_RISK:
        yield f"{trade.risk:.2%} of the balance at risk in one trade: more than {HIGH_RISK:.0%} is hard to recover from"
    least = math.ceil(size.least_leverage * 100) / 100
    most = None if highest is None else math.floor(highest * 100) / 100
    if most is not None and least > most:
        yield (
            f"this size cannot be held with this balance: it needs at least {least:g}x, "
            f"and above {most:g}x liquidation comes before the stop; risk less, or set the stop further away"
        )
        return
    if checked is None:
        return
    if not checked["stop_comes_first"]:
        way = "not even 1x is low enough" if most is None else f"take at most {most:g}x"
        yield f"at {checked['leverage']:g}x liquidation comes before the stop, which can never fire: {way}"
    if checked["leverage"] < size.least_leverage:
        yield f"at {checked['leverage']:g}x the margin is more than the balance: this size needs at least {least:g}x"


def _assumptions(venue: Venue, pool: Pool) -> Iterator[str]:
    (holding,) = pool.holdings
    if venue.exchange is None:
        yield f"the way of counting is {MAINTENANCE_ON_MARK_WITHOUT_FEE.name}: name the venue with --exchange"
    if venue.maintenance_rate is None and holding.instrument:
        rate = holding.instrument.tiers[0].maintenance_margin_rate
        yield f"a maintenance rate of {rate:.2%}: give the venue's own for this size with --maintenance-rate"
    if holding.instrument and not holding.instrument.closing_fee_rate:
        yield "no fees: give your own with --fee-rate"
    yield "isolated margin, linear contract, and a stop that fills at its price: gaps and slippage come on top"
