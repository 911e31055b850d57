"""How the liquidation prices of an account's positions in one market come about, from the running daemon."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date
from typing import Any

from liqwatch.engine.status import plain
from liqwatch.engine.watch import Watch
from liqwatch.errors import RequestRefused
from liqwatch.margin.conventions import row_of
from liqwatch.margin.explain import Explanation, explain
from liqwatch.margin.health import PoolHealth
from liqwatch.margin.pools import Holding, Pool
from liqwatch.model import ContractKind, Unknown


def explain_report(watch: Watch, account: str, symbol: str, today: date) -> dict[str, Any]:
    """The arithmetic of each position that the account holds in the market, at the marks of this moment.

    Raises:
        RequestRefused: no account of that name, or no position of its own in that market.
    """
    if account not in watch.plan.accounts:
        known = ", ".join(sorted(watch.plan.accounts))
        raise RequestRefused(f"no account {account!r}", mend=f"configured: {known}")
    exchange = watch.plan.accounts[account].exchange
    pools = [pool for pool in watch.present_health() if pool.pool.account == account]
    held = [(pool, holding) for pool in pools for holding in pool.pool.holdings]
    found = [(pool, holding) for pool, holding in held if _is_named(holding, symbol)]
    if not found:
        names = ", ".join(sorted({holding.position.symbol for _, holding in held})) or "no position at all"
        raise RequestRefused(f"{account} holds no position in {symbol!r}", mend=f"it holds: {names}")
    return {
        "schema": 1,
        "account": account,
        "exchange": exchange,
        "positions": [_position(pool, holding, exchange, today) for pool, holding in found],
    }


def explanation_object(told: Explanation) -> dict[str, Any]:
    """An explanation as plain values, ready for JSON."""
    convention, row = told.convention, told.row
    return {
        "subject": told.subject,
        "currency": told.currency,
        "convention": convention.name if convention else None,
        "overridden": list(told.overridden),
        "source": row.source if row else None,
        "since": row.since.isoformat() if row and row.since > date.min else None,
        "doubt": (row.doubt or None) if row else None,
        "steps": [asdict(step) for step in told.steps],
        "liquidation_price": plain(told.liquidation_price),
        "unknown": told.liquidation_price.reason if isinstance(told.liquidation_price, Unknown) else None,
        "conclusion": told.conclusion,
    }


def _position(pool: PoolHealth, holding: Holding, exchange: str, today: date) -> dict[str, Any]:
    row = row_of(exchange, pool.pool.margin_mode, _kind_of(pool.pool), today)
    health = next(each for each in pool.positions if each.position is holding.position)
    instrument = holding.instrument
    return {
        **explanation_object(explain(pool.marked, holding, row=row)),
        "mark_price": health.mark_price,
        "reported_liquidation_price": holding.reported_liquidation_price,
        "counts": health.liquidation_source.value,
        "assumed_tiers": bool(instrument and instrument.tiers_assumed),
    }


def _kind_of(pool: Pool) -> ContractKind:
    """The one kind of contract in the pool; of a mixed one linear, as when its convention was chosen."""
    kinds = {holding.instrument.contract_kind for holding in pool.holdings if holding.instrument}
    return kinds.pop() if len(kinds) == 1 else ContractKind.LINEAR


def _is_named(holding: Holding, symbol: str) -> bool:
    """By the unified symbol or by the venue's own, in any case of letters."""
    names = {holding.position.symbol}
    if holding.instrument:
        names.add(holding.instrument.native_symbol)
    return symbol.casefold() in {name.casefold() for name in names}
