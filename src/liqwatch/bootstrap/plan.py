"""From settings to the plan that the engine follows."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from functools import cache
from urllib.parse import urlsplit

from liqwatch.alerts.policy import AlertPolicy, RulePolicy
from liqwatch.alerts.routing import Route, Routing
from liqwatch.config.accounts import Account
from liqwatch.config.accounts import TypedPosition as TypedPositionSettings
from liqwatch.config.policies import (
    DoubtKind,
    DoubtSettings,
    LadderKind,
    RuleSettings,
    StalenessSettings,
    doubt_settings,
    rule_settings,
    staleness_settings,
)
from liqwatch.config.routing import effective_routes
from liqwatch.config.settings import Settings
from liqwatch.engine.plan import AccountPlan, PolicyLookup, StalenessLimits, TypedPosition, WatchPlan
from liqwatch.margin.conventions import canonical_exchange
from liqwatch.model import Severity
from liqwatch.rules import load_rule
from liqwatch.rules.base import Danger, Ladder, Level, RuleKind

DOUBT_KINDS: Mapping[str, DoubtKind] = {
    "figures_unknown": "figures_unknown",
    "figures_disagree": "figures_disagree",
}
NEVER = timedelta(days=36_500)
"""A limit that no age reaches: staleness switched off."""


def plan_of(settings: Settings) -> WatchPlan:
    """Everything the engine follows."""
    margin_ratio = rule_settings(settings, "", None, None, "margin_ratio")
    return WatchPlan(
        accounts={name: _account_plan(name, account, settings) for name, account in settings.accounts.items()},
        policies=policies_of(settings),
        staleness=_staleness(staleness_settings(settings, "")),
        routing=routing_of(settings),
        margin_call_ratio=margin_ratio.levels.get(Severity.CRITICAL, 0.8),
    )


def venue_of(account: Account) -> str:
    """The name under which accounts share one market connection: the exchange, and where it is if not at home."""
    elsewhere = account.endpoints.websocket or account.endpoints.rest
    if elsewhere:
        return f"{account.exchange}@{urlsplit(str(elsewhere)).netloc}"
    place = "sandbox" if account.sandbox else account.region
    return f"{account.exchange}@{place}" if place else account.exchange


def counted_as(exchange: str) -> str:
    """The name under which the ways of counting margin know an exchange: `ccxt:phemex` counts as phemex does."""
    return canonical_exchange(exchange.removeprefix("ccxt:"))


def routing_of(settings: Settings) -> Routing:
    """The routes in force."""
    routes = tuple(
        Route(min_severity=route.min_severity, channels=tuple(route.channels), accounts=frozenset(route.accounts))
        for route in effective_routes(settings)
    )
    return Routing(routes, tuple(settings.channels))


def policies_of(settings: Settings) -> PolicyLookup:
    """The lookup of rule policies, with all overrides laid over; remembered, for it is asked at every judgement."""
    indices = {
        (name, f"{position.symbol} {position.side.word}"): index
        for name, account in settings.accounts.items()
        for index, position in enumerate(account.positions)
    }

    @cache
    def lookup(account: str, symbol: str | None, subject: str, kind: str) -> RulePolicy | None:
        index = indices.get((account, subject))
        if kind in DOUBT_KINDS:
            return _doubt(doubt_settings(settings, account, symbol, index, DOUBT_KINDS[kind]), load_rule(kind))
        ladder_kind: LadderKind = "margin_ratio" if kind == "margin_ratio" else "liquidation_distance"
        return _ladder(rule_settings(settings, account, symbol, index, ladder_kind), load_rule(kind).danger)

    return lookup


def _account_plan(name: str, account: Account, settings: Settings) -> AccountPlan:
    return AccountPlan(
        account=name,
        exchange=counted_as(account.exchange),
        venue=venue_of(account),
        reconcile_every=account.reconcile_every or settings.daemon.reconcile_every,
        typed=() if account.has_key else tuple(_typed(position) for position in account.positions),
        wallet_balance=account.wallet_balance,
        allow_trade_permission=account.allow_trade_permission,
    )


def _typed(position: TypedPositionSettings) -> TypedPosition:
    return TypedPosition(
        symbol=position.symbol,
        side=position.side,
        contracts=position.contracts,
        entry_price=position.entry_price,
        margin_mode=position.margin_mode,
        leverage=position.leverage,
        margin=position.margin,
        maintenance_margin_rate=position.maintenance_margin_rate,
        maintenance_deduction=position.maintenance_deduction or 0.0,
    )


def _ladder(rule: RuleSettings, danger: Danger) -> RulePolicy | None:
    if not rule.enabled:
        return None
    levels = tuple(Level(severity, rule.levels[severity], rule.clear[severity]) for severity in sorted(rule.levels))
    alerts = AlertPolicy(hold=rule.hold, clear_hold=rule.clear_hold, repeat_every=_intervals(rule.repeat_every))
    return RulePolicy(ladder=Ladder(danger, levels), alerts=alerts)


def _doubt(rule: DoubtSettings, kind: RuleKind) -> RulePolicy | None:
    if not rule.enabled:
        return None
    (level,) = kind.default_levels.values()
    ladder = Ladder(kind.danger, (Level(rule.severity, level, level),))
    alerts = AlertPolicy(hold={rule.severity: rule.hold}, repeat_every=_intervals(rule.repeat_every))
    return RulePolicy(ladder=ladder, alerts=alerts)


def _staleness(rule: StalenessSettings) -> StalenessLimits:
    return StalenessLimits(
        mark_price=rule.mark_price if rule.enabled else NEVER,
        mark_price_critical=rule.mark_price_critical if rule.enabled else NEVER,
        account=rule.account if rule.enabled else NEVER,
        alerts=AlertPolicy(repeat_every=_intervals(rule.repeat_every)),
    )


def _intervals(repeat_every: Mapping[Severity, timedelta | None]) -> dict[Severity, timedelta]:
    return {severity: every for severity, every in repeat_every.items() if every is not None}
