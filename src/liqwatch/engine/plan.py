"""What to watch and how, as plain values: the configuration after `bootstrap` has read it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TypeAlias

from liqwatch.alerts.policy import AlertPolicy, RulePolicy
from liqwatch.alerts.routing import Routing
from liqwatch.alerts.voice import ENGLISH, Translate, Voice
from liqwatch.model import MarginMode, Severity, Side
from liqwatch.rules.base import RuleKind

PolicyLookup: TypeAlias = Callable[[str, str | None, str, str], RulePolicy | None]
"""(account, symbol or None, subject, rule kind) → the policy in force, or None where the rule is off."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TypedPosition:
    """A position written in the config file. `margin` (settle currency) or `leverage` gives isolated margin."""

    symbol: str
    side: Side
    contracts: float
    entry_price: float
    margin_mode: MarginMode
    leverage: float | None = None
    margin: float | None = None
    maintenance_margin_rate: float | None = None
    maintenance_deduction: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountPlan:
    """One account. With `typed` it needs no key and is never asked over REST."""

    account: str
    exchange: str
    venue: str
    reconcile_every: timedelta
    typed: tuple[TypedPosition, ...] = ()
    wallet_balance: float | None = None
    allow_trade_permission: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class StalenessLimits:
    """Ages at which silence is told; `mark_price_critical` applies where a critical alert burns."""

    mark_price: timedelta
    mark_price_critical: timedelta
    account: timedelta
    alerts: AlertPolicy = field(default_factory=AlertPolicy)


TROUBLES = AlertPolicy(repeat_every={Severity.CRITICAL: timedelta(hours=1), Severity.WARNING: timedelta(hours=6)})


def usual_troubles(_account: str) -> AlertPolicy:
    """Told again every hour or every six, escalated to nobody."""
    return TROUBLES


def plain_english(_language: str) -> Translate:
    """No translation at all."""
    return ENGLISH


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchPlan:
    """Everything the engine follows. `margin_call_ratio` is the level that messages measure money to."""

    accounts: Mapping[str, AccountPlan]
    policies: PolicyLookup
    staleness: StalenessLimits
    routing: Routing
    margin_call_ratio: float
    voices: Mapping[str, Voice] = field(default_factory=dict)
    """How each channel is spoken to."""
    translate: Callable[[str], Translate] = plain_english
    """The translation into a language."""
    troubles: Callable[[str], AlertPolicy] = usual_troubles
    """How patient the troubles of the watch itself are, by the account they belong to ("": the daemon's own)."""
    conditions: tuple[RuleKind, ...] = ()
    """Compound conditions, each a rule of its own."""

    def accounts_on(self, venue: str) -> tuple[AccountPlan, ...]:
        """The accounts that live on one venue."""
        return tuple(plan for plan in self.accounts.values() if plan.venue == venue)
