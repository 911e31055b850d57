"""What the running daemon says of itself: plain values, ready for JSON."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from liqwatch.engine.selfwatch import SelfWatch
from liqwatch.engine.watch import Watch
from liqwatch.margin.assess import bankruptcy_price
from liqwatch.margin.health import PoolHealth, PositionHealth
from liqwatch.margin.pools import Holding
from liqwatch.margin.rounding import round_toward
from liqwatch.model import (
    UNREACHABLE,
    AlertRecord,
    FundingRate,
    OutboxStatus,
    Reading,
    RestingOrder,
    Severity,
    Side,
    Unknown,
)

NAGIOS_OK, NAGIOS_WARNING, NAGIOS_CRITICAL, NAGIOS_UNKNOWN = 0, 1, 2, 3


@dataclass(frozen=True, slots=True)
class News:
    """What the feeds know beside prices and positions: by venue, and by account (None: not read)."""

    funding: Mapping[str, Mapping[str, FundingRate]] = field(default_factory=dict)
    orders: Mapping[str, Sequence[RestingOrder] | None] = field(default_factory=dict)


def status_report(watch: Watch, selfwatch: SelfWatch, outbox: OutboxStatus, news: News) -> dict[str, Any]:
    """Positions, pools, alerts, stream ages, the outbox, funding and waiting orders."""
    burning = [record for record in watch.records.values() if record.told]
    ages = list(selfwatch.ages())
    pools = watch.present_health()
    return {
        "schema": 1,
        "positions": [_position(pool, each) for pool in pools for each in pool.positions],
        "pools": [_pool(pool) for pool in pools],
        "alerts": [_alert(record) for record in sorted(burning, key=lambda each: -(each.severity or 0))],
        "streams": [
            {
                "stream": age.subject,
                "age_seconds": round(age.age_seconds, 3),
                "limit_seconds": age.limit.total_seconds(),
                "fresh": age.is_fresh,
            }
            for age in ages
        ],
        "outbox": {
            "pending": outbox.pending,
            "oldest_pending_at": outbox.oldest_pending_at.isoformat() if outbox.oldest_pending_at else None,
            "sent": outbox.sent,
            "dead": outbox.dead,
        },
        "funding": [_funding(venue, rate) for venue, rates in news.funding.items() for rate in rates.values()],
        "orders": [_order(account, order) for account, orders in news.orders.items() for order in orders or ()],
        "nagios": _nagios(burning, are_fresh=all(age.is_fresh for age in ages)),
    }


def _funding(venue: str, rate: FundingRate) -> dict[str, Any]:
    return {
        "venue": venue,
        "symbol": rate.symbol,
        "funding_rate": rate.rate,
        "next_at": rate.next_at.isoformat() if rate.next_at else None,
        "funding_interval_hours": rate.interval / timedelta(hours=1) if rate.interval else None,
    }


def _order(account: str, order: RestingOrder) -> dict[str, Any]:
    return {
        "account": account,
        "symbol": order.symbol,
        "kind": order.kind.value,
        "order_side": "buy" if order.order_side is Side.LONG else "sell",
        "contracts": order.contracts,
        "trigger_price": order.trigger_price,
        "limit_price": order.limit_price,
        "trigger_by": order.trigger_by,
        "is_reduce_only": order.is_reduce_only,
    }


def _nagios(burning: list[AlertRecord], *, are_fresh: bool) -> int:
    """0 ok, 1 warning, 2 critical, 3 unknown (data is stale)."""
    worst = max((record.severity for record in burning if record.severity), default=None)
    if worst is not None and worst >= Severity.CRITICAL:
        return NAGIOS_CRITICAL
    if not are_fresh:
        return NAGIOS_UNKNOWN
    return NAGIOS_WARNING if worst is not None else NAGIOS_OK


def _position(pool: PoolHealth, health: PositionHealth) -> dict[str, Any]:
    position, tick = health.position, health.instrument.price_tick if health.instrument else 0.0
    price = health.liquidation_price
    if isinstance(price, float) and health.mark_price is not None:
        price = round_toward(price, tick, health.mark_price)
    return {
        "account": pool.pool.account,
        "venue": pool.pool.venue,
        "symbol": position.symbol,
        "side": position.side.word,
        "contracts": position.contracts,
        "entry_price": position.entry_price,
        "margin_mode": position.margin_mode.value,
        "leverage": position.leverage,
        "mark_price": health.mark_price,
        "liquidation_price": plain(price),
        "liquidation_source": health.liquidation_source.value if isinstance(price, float) else None,
        "reported_liquidation_price": position.reported_liquidation_price,
        "computed_liquidation_price": plain(health.computed_liquidation_price),
        "bankruptcy_price": plain(bankruptcy_price(pool.marked, Holding(position, health.instrument))),
        "liquidation_distance": plain(health.liquidation_distance),
        "margin_ratio": plain(pool.margin_ratio),
        "notional": health.notional,
        "unrealized_pnl": health.unrealized_pnl,
        "maintenance_margin": health.maintenance_margin,
        "loss_at_liquidation": health.loss_at_liquidation,
        "currency": pool.pool.currency,
        "unknown": _why(health.liquidation_distance),
        "assumed_tiers": bool(health.instrument and health.instrument.tiers_assumed),
    }


def _pool(health: PoolHealth) -> dict[str, Any]:
    return {
        "account": health.pool.account,
        "subject": health.pool.subject,
        "currency": health.pool.currency,
        "equity": plain(health.equity),
        "maintenance_margin": plain(health.maintenance_margin),
        "margin_ratio": plain(health.margin_ratio),
        "margin_buffer": health.margin_buffer,
    }


def _alert(record: AlertRecord) -> dict[str, Any]:
    return {
        "id": record.alert_id,
        "account": record.key.account,
        "rule": record.key.rule,
        "subject": record.key.subject,
        "state": record.state.value,
        "severity": record.severity.word if record.severity else None,
        "since": record.started_at.isoformat() if record.started_at else None,
        "notified_at": record.notified_at.isoformat() if record.notified_at else None,
    }


def plain(reading: Reading) -> float | None:
    """A figure for JSON: null where there is none, where it is unknown, or where it is infinite."""
    if isinstance(reading, Unknown) or reading is UNREACHABLE or not math.isfinite(reading):
        return None
    return reading


def _why(reading: Reading) -> str | None:
    return reading.reason if isinstance(reading, Unknown) else None
