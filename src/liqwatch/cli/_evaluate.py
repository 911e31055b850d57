"""From an offline account to every figure, as plain values for JSON and for the view."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import date
from typing import Any

from liqwatch.config.snapshot import OfflineAccount, OfflinePool
from liqwatch.engine.explain import explanation_object
from liqwatch.engine.status import plain
from liqwatch.margin.assess import assess
from liqwatch.margin.disagreement import disagreement, likely_cause
from liqwatch.margin.explain import explain
from liqwatch.margin.figures import FiguresRequest, PoolFigures, PositionFigures, figures_of
from liqwatch.margin.rounding import round_toward
from liqwatch.model import Reading

SCHEMA = 1


def evaluate(account: OfflineAccount, *, margin_call_ratio: float, gap: float, with_steps: bool) -> dict[str, Any]:
    """Every figure of every position, pool and of the account; with `with_steps` also how each price comes about."""
    request = FiguresRequest(
        margin_call_ratio=margin_call_ratio,
        gap=gap,
        funding_rates=account.funding_rates,
        betas=account.betas,
        exchange=account.exchange,
        on=account.on,
    )
    judged = [(each, figures_of(assess(each.pool, each.marks), request)) for each in account.pools]
    pools = [_pool(each, figures, account.on) for each, figures in judged]
    report: dict[str, Any] = {
        "schema": SCHEMA,
        "exchange": account.exchange,
        "margin_call_ratio": margin_call_ratio,
        "gap": gap,
        "account": _account(pools),
        "pools": pools,
        "positions": [
            _position(pool, figures, position, with_steps=with_steps)
            for pool, figures in judged
            for position in figures.positions
        ],
    }
    return {key: finite(value) for key, value in report.items()}


def finite(value: Any) -> Any:  # noqa: ANN401 # whatever a report is made of
    """The same value with what JSON cannot say (infinity) as null."""
    if isinstance(value, dict):
        return {key: finite(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [finite(each) for each in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _account(pools: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The pools together: money added up, the ratio and the buffer of the pool that is worst off; null without any."""
    if not pools:
        return dict.fromkeys(
            ("equity", "maintenance_margin", "margin_ratio", "margin_buffer", "is_liquidated", "worst_pool")
        )
    worst = max(pools, key=lambda pool: (pool["is_liquidated"], pool["margin_ratio"] or 0.0))
    return {
        "equity": math.fsum(pool["equity"] for pool in pools),
        "maintenance_margin": math.fsum(pool["maintenance_margin"] for pool in pools),
        "margin_ratio": worst["margin_ratio"],
        "margin_buffer": worst["margin_buffer"],
        "is_liquidated": worst["is_liquidated"],
        "worst_pool": worst["subject"],
    }


def _pool(offline: OfflinePool, figures: PoolFigures, on: date) -> dict[str, Any]:
    health, counting = figures.health, offline.counting
    row = counting.row
    return {
        "subject": health.pool.subject,
        "currency": health.pool.currency,
        "margin_mode": health.pool.margin_mode.value,
        "equity": health.equity,
        "maintenance_margin": health.maintenance_margin,
        "margin_ratio": plain(health.margin_ratio),
        "margin_buffer": health.margin_buffer,
        "is_liquidated": health.marked.equity <= health.marked.requirement,
        "effective_leverage": figures.effective_leverage,
        "shock_distance": plain(figures.shock_distance),
        "shock_direction": figures.shock_direction,
        "first_liquidated": figures.first_liquidated,
        "funding_per_day": figures.funding_per_day,
        "convention": {
            "name": counting.convention.name,
            "maintenance_basis": counting.convention.maintenance_basis.value,
            "closing_fee_basis": counting.convention.closing_fee_basis.value,
            "tier_mode": counting.convention.tier_mode.value,
            "overridden": counting.overridden,
            "source": row.source if row else None,
            "since": row.since.isoformat() if row and row.since > date.min else None,
            "doubt": (row.doubt or None) if row else None,
            "on": on.isoformat(),
        },
    }


def _position(offline: OfflinePool, pool: PoolFigures, figures: PositionFigures, *, with_steps: bool) -> dict[str, Any]:
    health = figures.health
    position, marked = health.position, pool.health.marked
    holding = next(each for each in pool.health.pool.holdings if each.position is position)
    apart = disagreement(pool.health.pool, holding)
    report = {
        "symbol": position.symbol,
        "side": position.side.word,
        "contracts": position.contracts,
        "entry_price": position.entry_price,
        "mark_price": health.mark_price,
        "leverage": position.leverage,
        "pool": pool.health.pool.subject,
        "currency": pool.health.pool.currency,
        "liquidation_price": plain(health.liquidation_price),
        "liquidation_price_rounded": _rounded(health.liquidation_price, figures),
        "liquidation_source": health.liquidation_source.value,
        "computed_liquidation_price": plain(health.computed_liquidation_price),
        "reported_liquidation_price": position.reported_liquidation_price,
        "disagreement": likely_cause(pool.health.pool, holding) if apart and apart.tolerances > 1 else None,
        "is_hedged_leg": health.is_hedged_leg,
        "liquidation_distance": plain(health.liquidation_distance),
        "liquidation_distance_money": figures.liquidation_distance_money,
        "liquidation_distance_ticks": figures.liquidation_distance_ticks,
        "margin_call_price": plain(figures.margin_call_price),
        "bankruptcy_price": plain(figures.bankruptcy_price),
        "notional": health.notional,
        "unrealized_pnl": health.unrealized_pnl,
        "initial_margin": figures.initial_margin,
        "maintenance_margin": health.maintenance_margin,
        "closing_fee": marked.amounts[position.subject].closing_fee,
        "effective_leverage": figures.effective_leverage,
        "break_even_price": figures.break_even_price,
        "closing_cost": figures.closing_cost,
        "liquidation_fee": figures.liquidation_fee,
        "loss_at_liquidation": figures.loss_at_liquidation,
        "shortfall_after_gap": figures.shortfall_after_gap,
        "funding_per_day": figures.funding_per_day,
        "step_down": [asdict(step) for step in figures.step_down],
    }
    if with_steps:
        counting = offline.counting
        told = explain(marked, holding, row=counting.row, overridden=counting.overridden)
        report["explanation"] = explanation_object(told)
    return report


def _rounded(price: Reading, figures: PositionFigures) -> float | None:
    """To the tick, toward the mark: a person who relies on it is early, not late."""
    instrument, mark_price = figures.health.instrument, figures.health.mark_price
    if not isinstance(price, float) or instrument is None or mark_price is None:
        return None
    return round_toward(price, instrument.price_tick, mark_price)
