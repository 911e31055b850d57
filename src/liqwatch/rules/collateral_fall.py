"""A coin that secures an account falls: margin shrinks beside, or because of, the positions that it secures."""

from __future__ import annotations

from collections.abc import Mapping

from liqwatch.margin.backing import DOLLARS, ONE_SUM, STABLECOINS, backing_of, price_of
from liqwatch.model import UNREACHABLE, Reading, Severity, Side, Unknown
from liqwatch.rules.base import Danger, Option, RuleKind, Scope, Unit
from liqwatch.rules.sight import Sight

FALLEN = 0.05
"""The mildest rung of any profile."""
OPTIONS = {
    "share": Option(
        Unit.FRACTION, 0.05, "The least share of the account's coins, by value, for a coin to count; dust does not."
    )
}


def read(sight: Sight) -> Reading:
    """The greatest fall within 24 h among the coins that secure the account, as a fraction; 0 when all have risen.

    A move that is missing leaves it unknown, unless another coin has fallen: that is told in any case.
    """
    coins = _coins(sight)
    if isinstance(coins, Unknown):
        return coins
    if not coins:
        return UNREACHABLE
    falls = {coin: max(-sight.peg_moves[coin], 0.0) for coin in coins if coin in sight.peg_moves}
    greatest = max(falls.values(), default=0.0)
    missing = sorted(coins - set(falls))
    if missing and greatest < FALLEN:
        return Unknown(f"no day's move of {', '.join(missing)}")
    return greatest


def headline(reading: Reading) -> str:
    """How far, in half a sentence."""
    if isinstance(reading, Unknown):
        return f"fall of collateral unknown: {reading.reason}"
    if reading is UNREACHABLE:
        return "secured by no coin that can fall"
    return f"a collateral coin fell {reading:.1%} in 24 h" if reading > 0 else "no collateral coin fell in 24 h"


def detail(sight: Sight) -> tuple[str, ...]:
    """Each coin that fell, and whether positions lose on the same fall."""
    coins = _coins(sight)
    if isinstance(coins, Unknown):
        return ()
    return tuple(
        f"{coin} {sight.peg_moves[coin]:+.1%} in 24 h{_doubled(sight, coin)}."
        for coin in sorted(coins)
        if sight.peg_moves.get(coin, 0.0) < 0
    )


def advice(sight: Sight) -> str | None:
    """What breaks the chain."""
    reading = read(sight)
    if not isinstance(reading, float) or reading < FALLEN:
        return None
    coin = min(sight.peg_moves.keys() & _known(sight), key=lambda each: sight.peg_moves[each])
    return f"Add margin in another coin than {coin}, or reduce what {coin} secures, before it falls further."


def _doubled(sight: Sight, coin: str) -> str:
    """A long of the same coin loses together with its collateral."""
    longs = [
        health.position.symbol
        for pool in sight.pools or (sight.pool,)
        for health in pool.positions
        if health.position.side is Side.LONG and health.position.symbol.partition("/")[0] == coin
    ]
    return f"; {', '.join(longs)} long loses on the same fall" if longs else ""


def _known(sight: Sight) -> frozenset[str]:
    coins = _coins(sight)
    return frozenset() if isinstance(coins, Unknown) else coins


def _coins(sight: Sight) -> frozenset[str] | Unknown:
    """The coins that can fall and are more than dust; one without a price counts, as nobody knows that it is dust."""
    if sight.snapshot is None:
        return Unknown("the account has not been read yet")
    backing = backing_of(sight.snapshot, sight.pools or (sight.pool,))
    if backing.is_one_sum:
        return ONE_SUM
    return frozenset(_more_than_dust(sight, backing.owned) - STABLECOINS - DOLLARS)


def _more_than_dust(sight: Sight, owned: Mapping[str, float]) -> set[str]:
    prices = {coin: price_of(coin, sight.peg_prices) for coin in owned}
    # A stablecoin without a price is worth its peg here: only its weight beside the others is asked for.
    worth = {coin: owned[coin] * (price or 1.0) for coin, price in prices.items() if price or coin in STABLECOINS}
    least = sight.options.get("share", OPTIONS["share"].default) * sum(worth.values())
    return {coin for coin in owned if coin not in worth or worth[coin] >= least}


RULE = RuleKind(
    kind="collateral_fall",
    scope=Scope.ACCOUNT,
    danger=Danger.ABOVE,
    unit=Unit.FRACTION,
    figure="fall of a collateral coin in 24 h",
    docs="The greatest fall within 24 h among the coins (no stablecoins) that secure an account. Coins that are less "
    "than the option `share` of the account do not count.",
    levels={Severity.NOTICE: 0.08, Severity.WARNING: 0.15, Severity.CRITICAL: 0.25},
    careful={Severity.NOTICE: 0.05, Severity.WARNING: 0.10, Severity.CRITICAL: 0.18, Severity.EMERGENCY: 0.30},
    bold={Severity.WARNING: 0.20, Severity.CRITICAL: 0.35},
    limit=1.0,
    read=read,
    headline=headline,
    detail=detail,
    advice=advice,
    options=OPTIONS,
)
