"""One market carries too much of an account."""

from __future__ import annotations

import math

from liqwatch.margin.account_equity import MarketExposure, market_exposures
from liqwatch.margin.words import money
from liqwatch.model import UNREACHABLE, Reading, Severity, Unknown
from liqwatch.rules.base import Danger, RuleKind, Scope, Unit
from liqwatch.rules.sight import Sight

LEVELS = {Severity.NOTICE: 3.0, Severity.WARNING: 6.0}
TOLD_MARKETS = 3


def read(sight: Sight) -> Reading:
    """The greatest market's net value ÷ the account's equity in its currency; infinite when none is left."""
    found = _exposures(sight)
    if isinstance(found, Unknown):
        return found
    return found[0].share if found else Unknown("no position")


def headline(reading: Reading) -> str:
    """What share, in half a sentence."""
    if isinstance(reading, Unknown):
        return f"exposure to one market unknown: {reading.reason}"
    if reading is UNREACHABLE:
        return "no exposure"
    return "no equity left behind a market" if math.isinf(reading) else f"one market weighs {reading:.0%} of the equity"


def detail(sight: Sight) -> tuple[str, ...]:
    """The heaviest markets: value, direction and share."""
    found = _exposures(sight)
    return () if isinstance(found, Unknown) else tuple(_line(each) for each in found[:TOLD_MARKETS] if each.notional)


def advice(sight: Sight) -> str | None:
    """How much of the heaviest market to close."""
    found = _exposures(sight)
    if isinstance(found, Unknown) or not found:
        return None
    worst = found[0]
    wanted = next((LEVELS[level] for level in (Severity.WARNING, Severity.NOTICE) if worst.share > LEVELS[level]), None)
    if wanted is None:
        return None
    if math.isinf(worst.share):
        return f"Close {worst.market}, or add margin: nothing stands behind it."
    excess = abs(worst.notional) * (1.0 - wanted / worst.share)
    return f"Close about {money(excess, worst.currency)} worth of {worst.market} to be back at {wanted:.0%}."


def _exposures(sight: Sight) -> tuple[MarketExposure, ...] | Unknown:
    wallets = sight.snapshot.cross_wallets if sight.snapshot else {}
    return market_exposures(sight.pools or (sight.pool,), wallets)


def _line(each: MarketExposure) -> str:
    share = "no equity left" if math.isinf(each.share) else f"{each.share:.0%} of the equity"
    side = "long" if each.notional > 0 else "short"
    return f"{each.market} net {side} {money(abs(each.notional), each.currency)}: {share}"


RULE = RuleKind(
    kind="exposure",
    scope=Scope.ACCOUNT,
    danger=Danger.ABOVE,
    unit=Unit.FRACTION,
    figure="greatest market's share of the account's equity",
    docs="The value of all positions in one market, longs and shorts set off against each other, perpetual and dated "
    "contracts together, divided by the account's equity in their settle currency (all pools and the free wallet). "
    "It asks how much depends on one coin, where `leverage` asks how much margin stands behind a pool. At 300 % a "
    "fall by a third, which every large coin has seen within days, costs the whole account; at 600 % a sixth does. "
    "There is no critical level: whether it ends badly is told by the distance to liquidation. Several "
    "currencies are judged one by one.",
    levels=LEVELS,
    careful={Severity.NOTICE: 1.5, Severity.WARNING: 3.0},
    bold={Severity.NOTICE: 6.0, Severity.WARNING: 12.0},
    read=read,
    headline=headline,
    detail=detail,
    advice=advice,
)
