"""A stablecoin that an account stands on loses its peg: margin shrinks although no position has moved."""

from __future__ import annotations

from collections.abc import Mapping

from liqwatch.margin.backing import STABLECOINS, backing_of, price_of
from liqwatch.model import UNREACHABLE, Reading, Severity, Unknown
from liqwatch.rules.base import Danger, RuleKind, Scope, Unit
from liqwatch.rules.sight import Sight

PEG_BROKEN = 0.995
"""The mildest rung of any profile."""


def read(sight: Sight) -> Reading:
    """The lowest price in dollars among the stablecoins that the account holds or counts its positions in.

    A price that is missing leaves it unknown, unless another coin has broken its peg: that is told in any case.
    """
    coins = _stablecoins(sight)
    if not coins:
        return UNREACHABLE
    prices = _prices(sight)
    missing = sorted(coins - set(prices))
    lowest = min(prices.values(), default=None)
    if lowest is None or (missing and lowest > PEG_BROKEN):
        return Unknown(f"no price of {', '.join(missing)}")
    return lowest


def headline(reading: Reading) -> str:
    """How far below a dollar, in half a sentence."""
    if isinstance(reading, Unknown):
        return f"peg of the stablecoins unknown: {reading.reason}"
    if reading is UNREACHABLE:
        return "stands on no stablecoin"
    return f"a stablecoin of this account is worth {reading:.4f} dollars"


def detail(sight: Sight) -> tuple[str, ...]:
    """Each coin below its peg, and what of it the account holds."""
    held = _held(sight)
    return tuple(
        f"{coin} {price:.4f} dollars" + (f", {held[coin]:,.2f} held" if coin in held else ", counts your positions")
        for coin, price in sorted(_prices(sight).items(), key=lambda pair: pair[1])
        if price <= PEG_BROKEN
    )


def advice(sight: Sight) -> str | None:
    """What a holder can do."""
    lowest = min(_prices(sight).items(), key=lambda pair: pair[1], default=None)
    if lowest is None or lowest[1] > RULE.levels[Severity.WARNING]:
        return None
    coin, price = lowest
    held = _held(sight).get(coin)
    worth = f" ({held:,.2f}, worth {held * price:,.2f} dollars)" if held else ""
    return f"Decide whether to keep margin in {coin}{worth}: add margin in another coin before exchanging it."


def _prices(sight: Sight) -> Mapping[str, float]:
    known = {coin: price_of(coin, sight.peg_prices) for coin in _stablecoins(sight)}
    return {coin: price for coin, price in known.items() if price is not None}


def _stablecoins(sight: Sight) -> frozenset[str]:
    pools = sight.pools or (sight.pool,)
    settled = {
        holding.instrument.settle_currency
        for health in pools
        for holding in health.pool.holdings
        if holding.instrument is not None
    }
    return STABLECOINS & {*settled, *_held(sight), *(health.pool.currency for health in pools)}


def _held(sight: Sight) -> Mapping[str, float]:
    return backing_of(sight.snapshot, sight.pools or (sight.pool,)).owned if sight.snapshot else {}


RULE = RuleKind(
    kind="depeg",
    scope=Scope.ACCOUNT,
    danger=Danger.BELOW,
    unit=Unit.FRACTION,
    figure="lowest price of a stablecoin in dollars",
    docs="The lowest price in dollars among the stablecoins that an account holds or counts its positions in; 98 % is "
    "two cents below the peg. Nothing to lose where no stablecoin is used.",
    levels={Severity.NOTICE: 0.99, Severity.WARNING: 0.98, Severity.CRITICAL: 0.95, Severity.EMERGENCY: 0.90},
    careful={Severity.NOTICE: 0.995, Severity.WARNING: 0.99, Severity.CRITICAL: 0.97, Severity.EMERGENCY: 0.93},
    bold={Severity.WARNING: 0.97, Severity.CRITICAL: 0.93, Severity.EMERGENCY: 0.85},
    read=read,
    clear_factor=0.002,
    headline=headline,
    detail=detail,
    advice=advice,
)
