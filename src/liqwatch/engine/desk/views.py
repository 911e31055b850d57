"""What a person in a chat is shown: the watch on one screen, its positions, its alerts. Plain text, the worst first."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from liqwatch.alerts.figures import liquidation_text, money_text, price_text, ratio_text, time_text
from liqwatch.alerts.safe import safe
from liqwatch.alerts.wording.position import tick_of
from liqwatch.engine.alarms import Alarms
from liqwatch.engine.desk.answers import answer_text
from liqwatch.engine.desk.silences import silence_text
from liqwatch.engine.selfwatch import StreamAge
from liqwatch.margin.health import PoolHealth, PositionHealth
from liqwatch.model import AlertRecord, OutboxStatus, Reading, Silence, Unknown

NO_POSITION = "No position is watched."
NO_ALERT = "No alert burns."
FARTHEST = float("inf")


def status_lines(  # noqa: PLR0913 - everything on one screen
    pools: Sequence[PoolHealth],
    alarms: Alarms,
    ages: Iterable[StreamAge],
    outbox: OutboxStatus | None,
    silences: Sequence[Silence],
    now: datetime,
    *,
    is_private: bool = False,
) -> list[str]:
    """What burns, what is stale or stuck, then every position and pool. `outbox` None: it cannot be read.

    `is_private`: shares only, no money.
    """
    return [
        f"liqwatch at {time_text(now)}",
        *alert_lines(alarms, now),
        *silence_lines(silences, now),
        _streams_line(list(ages)),
        _outbox_line(outbox, now),
        *(_distance_line(pool, each) for pool, each in ranked(pools)),
        *(_pool_line(pool, is_private=is_private) for pool in pools),
    ] + ([] if pools else [NO_POSITION])


def position_lines(pools: Sequence[PoolHealth], *, is_private: bool = False) -> list[str]:
    """Every position with its figures, the nearest to liquidation first. `is_private`: shares only."""
    line = _private_line if is_private else _position_line
    return [line(pool, each) for pool, each in ranked(pools)] or [NO_POSITION]


def alert_lines(alarms: Alarms, now: datetime) -> list[str]:
    """Every burning alert, told or held back, the worst first."""
    burning = sorted(alarms.burning(), key=lambda record: (-(record.severity or 0), str(record.key)))
    return [_alert_line(record, alarms, now) for record in burning] or [NO_ALERT]


def silence_lines(silences: Iterable[Silence], now: datetime) -> list[str]:
    """Every silence in force."""
    return [f"Silence {silence_text(silence, now)}" for silence in silences]


def ranked(pools: Iterable[PoolHealth]) -> list[tuple[PoolHealth, PositionHealth]]:
    """Every position with its pool: unknown ones first, then the nearest to liquidation."""
    pairs = [(pool, each) for pool in pools for each in pool.positions]
    return sorted(pairs, key=lambda pair: _rank(pair[1].liquidation_distance))


def name_of_position(pool: PoolHealth, health: PositionHealth) -> str:
    """Market, side and account."""
    return f"{safe(health.position.subject)} ({safe(pool.pool.account)})"


def _rank(distance: Reading) -> tuple[int, float]:
    if isinstance(distance, Unknown):
        return 0, 0.0
    return (1, distance) if isinstance(distance, float) else (2, FARTHEST)


def _alert_line(record: AlertRecord, alarms: Alarms, now: datetime) -> str:
    finding = alarms.latest(record.key)
    severity = record.severity.word.upper() if record.severity else record.state.value
    what = safe(finding.headline if finding else record.key.rule)
    since = f", since {time_text(record.started_at, now)}" if record.started_at else ""
    held_back = " Held back." if record.told is None else ""
    answered = f" {answer_text(record, now)}" if record.answered_at else ""
    account = f", {safe(record.key.account)}" if record.key.account else ""
    return f"{severity} {safe(record.key.subject)}: {what} [{record.alert_id}]{account}{since}.{held_back}{answered}"


def _streams_line(ages: Sequence[StreamAge]) -> str:
    stale = [age for age in ages if not age.is_fresh and not age.is_hidden]
    if stale:
        return f"Stale: {', '.join(f'{safe(age.subject)} ({age.age_seconds:.0f} s)' for age in stale[:10])}"
    return f"All {len(ages)} streams are fresh." if ages else "No stream is followed yet."


def _outbox_line(outbox: OutboxStatus | None, now: datetime) -> str:
    if outbox is None:
        return "Outbox: cannot be read."
    oldest = f" (the oldest since {time_text(outbox.oldest_pending_at, now)})" if outbox.oldest_pending_at else ""
    return f"Outbox: {outbox.pending} waiting{oldest}, {outbox.sent} sent, {outbox.dead} undeliverable."


def _distance_line(pool: PoolHealth, health: PositionHealth) -> str:
    return f"{name_of_position(pool, health)}: {distance_text(health.liquidation_distance)}"


def distance_text(distance: Reading) -> str:
    """How far a position is from liquidation."""
    if isinstance(distance, Unknown):
        return f"unknown ({safe(distance.reason)})"
    if not isinstance(distance, float):
        return "cannot be liquidated"
    return f"{ratio_text(distance)} to liquidation" if distance > 0 else f"{ratio_text(-distance)} beyond liquidation"


def _pool_line(pool: PoolHealth, *, is_private: bool) -> str:
    buffer = None if is_private else pool.margin_buffer
    money = "" if buffer is None else f", {money_text(buffer, pool.pool.currency)} to liquidation"
    name = f"{safe(pool.pool.subject)} ({safe(pool.pool.account)})"
    return f"{name}: margin ratio {ratio_text(pool.margin_ratio)}{money}"


def _private_line(pool: PoolHealth, health: PositionHealth) -> str:
    facts = [distance_text(health.liquidation_distance), f"margin ratio {ratio_text(pool.margin_ratio)}"]
    return f"{name_of_position(pool, health)}: {', '.join(facts)}"


def _position_line(pool: PoolHealth, health: PositionHealth) -> str:
    tick, currency = tick_of(health), pool.pool.currency
    facts = [distance_text(health.liquidation_distance)]
    if health.mark_price is not None:
        facts.append(f"mark {price_text(health.mark_price, tick)}")
    if isinstance(health.liquidation_price, float):
        facts.append(f"liquidation {liquidation_text(health.liquidation_price, tick, health.mark_price)}")
    facts.append(f"margin ratio {ratio_text(pool.margin_ratio)}")
    if health.unrealized_pnl is not None:
        facts.append(f"PnL {money_text(health.unrealized_pnl, currency, is_signed=True)}")
    return f"{name_of_position(pool, health)}: {', '.join(facts)}"
