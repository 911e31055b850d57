"""From settings to the plan that the engine follows."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from urllib.parse import urlsplit

from liqwatch import languages
from liqwatch.bootstrap.conditions import condition_policies, conditions_of
from liqwatch.bootstrap.messages import routing_of, voices_of
from liqwatch.bootstrap.policies import escalation_of, policies_of, staleness_of
from liqwatch.config.accounts import Account
from liqwatch.config.accounts import TypedPosition as TypedPositionSettings
from liqwatch.config.policies import rule_settings
from liqwatch.config.settings import Settings
from liqwatch.engine.plan import TROUBLES, AccountPlan, TypedPosition, WatchPlan
from liqwatch.margin.conventions import canonical_exchange
from liqwatch.model import Severity


def plan_of(settings: Settings) -> WatchPlan:
    """Everything the engine follows."""
    margin_ratio = rule_settings(settings, "", None, None, "margin_ratio")
    conditions = conditions_of(settings)
    return WatchPlan(
        accounts={name: _account_plan(name, account, settings) for name, account in settings.accounts.items()},
        policies=policies_of(settings, condition_policies(settings, conditions)),
        staleness=staleness_of(settings),
        routing=routing_of(settings),
        margin_call_ratio=margin_ratio.levels.get(Severity.CRITICAL, 0.8),
        voices=voices_of(settings),
        translate=languages.load,
        troubles=cache(lambda account: replace(TROUBLES, escalation=escalation_of(settings, account))),
        conditions=conditions,
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
