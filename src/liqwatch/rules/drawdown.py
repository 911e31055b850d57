"""An account has lost much of what it was worth a day ago at its best."""

from __future__ import annotations

from liqwatch.margin.account_equity import account_equity
from liqwatch.margin.costs import DAY
from liqwatch.margin.health import PositionHealth
from liqwatch.margin.words import money
from liqwatch.model import UNREACHABLE, Reading, Severity, Unknown
from liqwatch.rules.base import Danger, RuleKind, Scope, Unit
from liqwatch.rules.sight import Sight

TOLD_LOSERS = 3


def read(sight: Sight) -> Reading:
    """1 - equity ÷ its peak of the last 24 h; 0 at the peak, above 1 when more than everything is gone."""
    now = _equity(sight)
    if isinstance(now, Unknown):
        return now
    peak = sight.past.equity_peak(DAY)
    if peak is None:
        return Unknown("no earlier equity to compare with")
    equity, _ = now
    peak = max(peak, equity)
    return 1.0 - equity / peak if peak > 0 else Unknown("there was no equity to fall from")


def headline(reading: Reading) -> str:
    """How much, in half a sentence."""
    if isinstance(reading, Unknown):
        return f"fall of the account's equity unknown: {reading.reason}"
    if reading is UNREACHABLE or reading <= 0:
        return "equity at its peak of the last 24 h"
    return f"equity down {reading:.1%} from its peak of the last 24 h"


def detail(sight: Sight) -> tuple[str, ...]:
    """Equity, peak, and the positions that lose most at present."""
    now, peak = _equity(sight), sight.past.equity_peak(DAY)
    if isinstance(now, Unknown) or peak is None:
        return ()
    equity, currency = now
    peak = max(peak, equity)
    lines = [f"Equity {money(equity, currency)}, peak {money(peak, currency)}: {money(peak - equity, currency)} lost."]
    lines += [
        f"{each.position.subject}: {money(each.unrealized_pnl or 0.0, currency)} unrealised"
        for each in _losers(sight)[:TOLD_LOSERS]
    ]
    return (*lines, "Deposits and withdrawals are left out.")


def advice(sight: Sight) -> str | None:
    """Where to begin."""
    reading = read(sight)
    if not isinstance(reading, float) or reading <= 0:
        return None
    losers, now = _losers(sight), _equity(sight)
    if not losers or isinstance(now, Unknown):
        return "Stop opening positions until the loss is understood."
    worst = losers[0]
    lost = money(-(worst.unrealized_pnl or 0.0), now[1])
    return (
        f"Look at {worst.position.subject} first: it is {lost} in the red. Reduce it or set a stop before adding more."
    )


def _equity(sight: Sight) -> tuple[float, str] | Unknown:
    return account_equity(sight.pools or (sight.pool,), sight.snapshot.cross_wallets if sight.snapshot else {})


def _losers(sight: Sight) -> list[PositionHealth]:
    """Positions in the red, the worst first."""
    held = [
        each for pool in sight.pools or (sight.pool,) for each in pool.positions if (each.unrealized_pnl or 0.0) < 0
    ]
    return sorted(held, key=lambda each: each.unrealized_pnl or 0.0)


RULE = RuleKind(
    kind="drawdown",
    scope=Scope.ACCOUNT,
    danger=Danger.ABOVE,
    unit=Unit.FRACTION,
    figure="fall of equity from its peak of the last 24 h",
    docs="How far the account's equity (wallets and unrealised profit of all pools) is below its greatest value of the "
    "last 24 h; deposits and withdrawals are left out. A tenth is the worst day that most plans allow for; after a "
    "fifth it takes a gain of 25 % to be even again, after 35 % one of 54 %, which is seldom made by trading on. "
    "Unknown for accounts with positions in several currencies, whose equities are not one sum.",
    levels={Severity.NOTICE: 0.10, Severity.WARNING: 0.20, Severity.CRITICAL: 0.35},
    careful={Severity.NOTICE: 0.05, Severity.WARNING: 0.10, Severity.CRITICAL: 0.20},
    bold={Severity.NOTICE: 0.20, Severity.WARNING: 0.35, Severity.CRITICAL: 0.50},
    limit=1.0,
    read=read,
    headline=headline,
    detail=detail,
    advice=advice,
)
