"""Guards: between which marks nothing about a pool can change, so that nobody has to look.

One market in the pool: every threshold is one exact price, whatever the other prices do. Several markets: the slack
to the nearest thresholds is spread over them. Where neither holds (flat tiers jump, inverse pools bend, hedged legs
turn the slope, maintenance at the moving mark) every tick is judged. A guard that is too tight costs time, never an
alert.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from liqwatch.margin.conventions import Basis
from liqwatch.margin.curve import leg_of
from liqwatch.margin.exact_guard import Anchor, ExactGuard, Interval, OneMarket, Thresholds, is_smooth
from liqwatch.margin.health import PoolHealth
from liqwatch.margin.marked import MarkedPool, is_bent, known_instrument, losing_side
from liqwatch.margin.pools import Holding, Pool
from liqwatch.margin.slack_guard import PoolMarket, SlackGuard

__all__ = ["EveryTick", "Guard", "Thresholds", "guard_of"]


class Guard(Protocol):
    """What is safe for one pool, by symbol of each of its markets; good until the account's next answer.

    Markets without a mark are left out of `marks` and of the answers.
    """

    def around(self, marks: Mapping[str, float], thresholds: Thresholds) -> dict[str, Interval]:
        """The pool has just been judged at these marks: in which intervals no threshold can be passed."""
        ...

    def again(self, marks: Mapping[str, float]) -> dict[str, Interval] | None:
        """A mark has left its interval: new ones, or None where a threshold may have been passed since."""
        ...


class EveryTick:
    """The guard of a pool of which nothing can be said beforehand."""

    __slots__ = ()

    def around(self, marks: Mapping[str, float], thresholds: Thresholds) -> dict[str, Interval]:  # noqa: ARG002 - Guard's
        """No room anywhere."""
        return {symbol: (mark_price, mark_price) for symbol, mark_price in marks.items()}

    def again(self, marks: Mapping[str, float]) -> None:
        """Always judge."""


def guard_of(health: PoolHealth) -> Guard:
    """The guard of a pool. While a fact is missing, the venue's own prices alone are known to stand still."""
    marked, pool = health.marked, health.pool
    if marked.why_unknown:
        return ExactGuard(pool.symbols, _reported(pool))
    convention = marked.convention
    is_hedged = len({holding.position.symbol for holding in pool.holdings}) < len(pool.holdings)
    if is_hedged or Basis.MARK in (convention.maintenance_basis, convention.closing_fee_basis):
        return EveryTick()
    return _exact_guard(marked, pool.holdings[0]) if len(pool.symbols) == 1 else _slack_guard(marked) or EveryTick()


def _reported(pool: Pool) -> list[Anchor]:
    """The venue's own price stands still between two account answers."""
    return [
        Anchor(each.position.symbol, each.position.subject, price, (losing_side(pool, each.position.symbol),))
        for each in pool.holdings
        if (price := each.reported_liquidation_price) is not None
    ]


def _exact_guard(marked: MarkedPool, holding: Holding) -> ExactGuard:
    pool, symbol = marked.pool, holding.position.symbol
    market = OneMarket(symbol, known_instrument(holding).contract_kind, marked.curve(symbol))
    computed = market.prices_at(1.0)
    # With several of them it depends on the mark which one counts, and from which side.
    sides = (losing_side(pool, symbol),) if len(computed) == 1 else (1, -1)
    anchors = [Anchor(symbol, holding.position.subject, price, sides) for price in computed]
    return ExactGuard([symbol], [*_reported(pool), *anchors], market)


def _slack_guard(marked: MarkedPool) -> SlackGuard | None:
    """None where no slack bounds this pool: something bends, or jumps, or turns."""
    pool, convention = marked.pool, marked.convention
    equity, requirement = (pool.wallet_balance or 0.0) + pool.outside_unrealized_pnl, pool.outside_maintenance_margin
    backing = {symbol: sum(each.slope for each in pool.collateral if each.symbol == symbol) for symbol in pool.symbols}
    reported = {anchor.subject: anchor for anchor in _reported(pool)}
    markets = []
    for holding in pool.holdings:
        position = holding.position
        leg = leg_of(position, known_instrument(holding), convention, marked.marks[position.symbol])
        if is_bent(holding) or not is_smooth(leg):
            return None
        equity += leg.profit_constant
        slope = leg.profit_slope + backing.pop(position.symbol)
        markets.append(PoolMarket(position.symbol, slope, leg, position.subject, reported.get(position.subject)))
    markets += [PoolMarket(symbol, slope) for symbol, slope in backing.items()]
    return None if any(market.can_turn for market in markets) else SlackGuard(markets, (equity, requirement))
