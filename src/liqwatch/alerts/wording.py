"""What a person reads, in the order a person needs it at three in the morning.

Severity and market; how far, in percent, price and money; the figures behind it; what liquidation
would cost; when, and the alert's id. Plain text, without markup of any kind.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from liqwatch.alerts.figures import liquidation_text, money_text, price_text, ratio_text
from liqwatch.alerts.finding import Finding
from liqwatch.margin.health import PoolHealth, PositionHealth
from liqwatch.model import AlertRecord, NotifyReason, Severity

SIGNS = {Severity.NOTICE: "🔵", Severity.WARNING: "🟡", Severity.CRITICAL: "🔴", Severity.EMERGENCY: "🆘"}
ALL_CLEAR_SIGN, GONE_SIGN = "✅", "⚪"
LATE_AFTER = timedelta(seconds=60)
LAST_PRICE_NOTE = "Priced by the last trade, not the mark: the venue shows no mark price."


def title_of(finding: Finding, record: AlertRecord, reason: NotifyReason) -> str:
    """One line: severity, market, how far."""
    subject = finding.key.subject
    if reason is NotifyReason.RESOLVED:
        was = f" (was {record.peak.word})" if record.peak else ""
        ending = f"{GONE_SIGN} ENDED" if finding.verdict is None else f"{ALL_CLEAR_SIGN} RESOLVED"
        return f"{ending} · {subject} · {finding.headline}{was}"
    severity = record.severity or Severity.NOTICE
    still = "still " if reason is NotifyReason.REPEATED else ""
    if finding.figures_age_seconds is not None:
        still = "last known: "
    return f"{SIGNS[severity]} {severity.name} · {subject} · {still}{finding.headline}"


def body_of(finding: Finding, record: AlertRecord, now: datetime, *, margin_call_ratio: float) -> str:
    """The figures, the cost, the time and the id."""
    lines: list[str] = []
    if finding.figures_age_seconds is not None:
        lines.append(f"No mark price for {finding.figures_age_seconds:.0f} s: these are the last known figures.")
    if finding.position and finding.pool:
        lines += _position_lines(finding.position, finding.pool, margin_call_ratio)
    elif finding.pool:
        lines += _pool_lines(finding.pool, margin_call_ratio)
    lines += finding.detail
    account = f" · {finding.key.account}" if finding.key.account else ""
    lines.append(f"{now:%Y-%m-%d %H:%M:%S} UTC{account} · alert {record.alert_id}")
    return "\n".join(lines)


def last_seen(health: PositionHealth) -> str:
    """The last figures of a position that is gone, in one line."""
    tick = health.instrument.price_tick if health.instrument else 0.0
    mark = "unknown" if health.mark_price is None else price_text(health.mark_price, tick)
    return f"Last seen: mark {mark}, liquidation {liquidation_text(health.liquidation_price, tick, health.mark_price)}"


def late_note(happened_at: datetime, now: datetime) -> str | None:
    """A line that says so when a message could not be delivered in time."""
    if now - happened_at < LATE_AFTER:
        return None
    return f"Late: this happened at {happened_at:%H:%M:%S} UTC and could only be sent at {now:%H:%M:%S} UTC."


def _position_lines(health: PositionHealth, pool: PoolHealth, margin_call_ratio: float) -> list[str]:
    tick = health.instrument.price_tick if health.instrument else 0.0
    currency = pool.pool.currency
    lines = [_how_far(health, tick) + _to_margin_call(pool, margin_call_ratio)]
    facts = []
    if health.mark_price is not None:
        facts.append(f"Mark {price_text(health.mark_price, tick)}")
    source = f" ({health.liquidation_source.value})" if isinstance(health.liquidation_price, float) else ""
    facts.append(f"liquidation {liquidation_text(health.liquidation_price, tick, health.mark_price)}{source}")
    facts.append(f"margin ratio {ratio_text(pool.margin_ratio)}")
    leverage = f"leverage {health.position.leverage:g}x " if health.position.leverage else ""
    facts.append(f"{leverage}{health.position.margin_mode.value}")
    if health.notional is not None:
        facts.append(f"notional {money_text(health.notional, currency)}")
    if health.unrealized_pnl is not None:
        facts.append(f"PnL {money_text(health.unrealized_pnl, currency, is_signed=True)}")
    lines.append(" · ".join(facts))
    if health.instrument and health.instrument.tiers_assumed:
        rate = health.instrument.tiers[0].maintenance_margin_rate
        lines.append(f"The maintenance rate is assumed ({rate:.2%}): the venue tells its brackets only to a key.")
    if health.instrument and health.instrument.is_last_price:
        lines.append(LAST_PRICE_NOTE)
    if health.loss_at_liquidation is not None:
        loss = f"about {money_text(-health.loss_at_liquidation, currency)} from here"
        lines.append(f"If liquidated: {loss if health.loss_at_liquidation > 0 else 'nothing more, no equity is left'}")
    return lines


def _how_far(health: PositionHealth, tick: float) -> str:
    mark, price = health.mark_price, health.liquidation_price
    if mark is None or not isinstance(price, float):
        return f"Liquidation price: {liquidation_text(price, tick, mark)}"
    way = f"{price_text(abs(mark - price), tick)} between mark and liquidation"
    distance = health.liquidation_distance
    if not isinstance(distance, float):
        return f"The smaller side of a hedge: {way}"
    return f"{distance:.1%} to go: {way}" if distance > 0 else f"{-distance:.1%} beyond: {way}"


def _to_margin_call(pool: PoolHealth, margin_call_ratio: float) -> str:
    buffer = pool.buffer_above(margin_call_ratio)
    if buffer is None:
        return ""
    if buffer < 0:
        return f"; past margin call ({margin_call_ratio:.0%}) by {money_text(-buffer, pool.pool.currency)}"
    return f"; {money_text(buffer, pool.pool.currency)} to margin call ({margin_call_ratio:.0%})"


def _pool_lines(pool: PoolHealth, margin_call_ratio: float) -> list[str]:
    currency = pool.pool.currency
    facts = [f"Margin ratio {ratio_text(pool.margin_ratio)}{_to_margin_call(pool, margin_call_ratio)}"]
    if isinstance(pool.equity, float) and isinstance(pool.maintenance_margin, float):
        maintenance = money_text(pool.maintenance_margin, currency)
        facts.append(f"Equity {money_text(pool.equity, currency)} · maintenance margin {maintenance}")
    ranked = sorted(
        (health for health in pool.positions if isinstance(health.liquidation_distance, float)),
        key=lambda health: float(health.liquidation_distance),  # type: ignore[arg-type]  # filtered above
    )
    facts += [
        f"{health.position.subject}: {ratio_text(health.liquidation_distance)} to liquidation" for health in ranked[:3]
    ]
    if any(health.instrument and health.instrument.is_last_price for health in pool.positions):
        facts.append(LAST_PRICE_NOTE)
    return facts
