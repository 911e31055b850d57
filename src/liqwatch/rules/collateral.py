"""An account that owes coins: how much it owns for what it owes. 150 % is the rule of thumb, 100 % is nothing left."""

from __future__ import annotations

from liqwatch.margin.backing import ONE_SUM, Backing, Worth, backing_of, worth_of
from liqwatch.model import UNREACHABLE, Reading, Severity, Unknown
from liqwatch.rules.base import Danger, RuleKind, Scope, Unit
from liqwatch.rules.sight import Sight

TARGET = 1.5
"""The collateral ratio that advice leads to."""


def read(sight: Sight) -> Reading:
    """What the account owns ÷ what it owes, both in dollars; without a debt there is nothing to cover."""
    worth = _worth(sight)
    if isinstance(worth, Worth):
        return worth.owned / worth.owed if worth.owed > 0 else UNREACHABLE
    return worth


def headline(reading: Reading) -> str:
    """The ratio, in half a sentence."""
    if isinstance(reading, Unknown):
        return f"collateral ratio unknown: {reading.reason}"
    return "owes no coin" if reading is UNREACHABLE else f"collateral ratio {reading:.0%}"


def detail(sight: Sight) -> tuple[str, ...]:
    """Both sides of the ratio, with what they are called."""
    worth, backing = _worth(sight), _backing(sight)
    if not isinstance(worth, Worth) or backing is None or worth.owed <= 0:
        return ()
    debts = ", ".join(f"{-quantity:,.8g} {coin}" for coin, quantity in sorted(backing.shared.items()) if quantity < 0)
    return (f"Owned {worth.owned:,.2f}, owed {worth.owed:,.2f} dollars ({debts}); the ratio is owned ÷ owed.",)


def advice(sight: Sight) -> str | None:
    """What to add, or to repay out of what is there, to be back at the target."""
    worth = _worth(sight)
    if not isinstance(worth, Worth) or worth.owned >= TARGET * worth.owed:
        return None
    missing = TARGET * worth.owed - worth.owned
    text = f"Add {missing:,.2f} dollars of collateral"
    repaid = missing / (TARGET - 1.0)
    if repaid <= min(worth.owed, worth.owned):
        text += f", or repay {repaid:,.2f} dollars of the debt,"
    return f"{text} to be back at {TARGET:.0%}."


def _worth(sight: Sight) -> Worth | Reading:
    backing = _backing(sight)
    if backing is None:
        return Unknown("the account has not been read yet")
    if backing.doubt:
        return Unknown(backing.doubt)
    if all(quantity >= 0 for quantity in backing.shared.values()):
        return ONE_SUM if backing.is_one_sum else UNREACHABLE
    return worth_of(backing, sight.peg_prices)


def _backing(sight: Sight) -> Backing | None:
    return backing_of(sight.snapshot, sight.pools or (sight.pool,)) if sight.snapshot else None


RULE = RuleKind(
    kind="collateral",
    scope=Scope.ACCOUNT,
    danger=Danger.BELOW,
    unit=Unit.FRACTION,
    figure="collateral ratio",
    docs="What an account owns ÷ what it owes, in dollars, where its wallets hold a debt (1 ÷ this is the "
    "loan-to-value ratio). Positions do not count as debt: their margin is told by `margin_ratio` and `margin_cover`.",
    levels={Severity.WARNING: 1.50, Severity.CRITICAL: 1.30, Severity.EMERGENCY: 1.15},
    careful={Severity.NOTICE: 2.00, Severity.WARNING: 1.75, Severity.CRITICAL: 1.50, Severity.EMERGENCY: 1.25},
    bold={Severity.WARNING: 1.30, Severity.CRITICAL: 1.20, Severity.EMERGENCY: 1.10},
    read=read,
    headline=headline,
    detail=detail,
    advice=advice,
)
