"""The lines about a margin pool: its ratio, the money behind it, and the positions nearest to the end."""

from __future__ import annotations

from liqwatch.alerts.figures import money_text, ratio_text
from liqwatch.alerts.speaker import Speaker
from liqwatch.alerts.wording.occasion import subject_text
from liqwatch.alerts.wording.position import LAST_PRICE_NOTE, to_margin_call
from liqwatch.margin.health import PoolHealth, PositionHealth

NEAREST_SHOWN = 3


def pool_lines(pool: PoolHealth, margin_call_ratio: float, speaker: Speaker) -> list[str]:
    """Every line about one pool."""
    ratio = speaker.say("Margin ratio {ratio}", ratio=ratio_text(pool.margin_ratio, speaker))
    lines = [ratio + to_margin_call(pool, margin_call_ratio, speaker)]
    if not speaker.is_private:
        lines += _money(pool, speaker)
    lines += [distance_line(health, speaker) for health in nearest(pool.positions)]
    if any(health.instrument and health.instrument.is_last_price for health in pool.positions):
        lines.append(speaker.say(LAST_PRICE_NOTE))
    return lines


def nearest(positions: tuple[PositionHealth, ...]) -> list[PositionHealth]:
    """The few positions with the least distance to liquidation, the nearest first."""
    known = [(each.liquidation_distance, each) for each in positions if isinstance(each.liquidation_distance, float)]
    return [health for _, health in sorted(known, key=lambda pair: pair[0])[:NEAREST_SHOWN]]


def distance_line(health: PositionHealth, speaker: Speaker) -> str:
    """A position and how far it is from liquidation."""
    return speaker.say(
        "{subject}: {share} to liquidation",
        subject=subject_text(health.position.subject, speaker),
        share=ratio_text(health.liquidation_distance, speaker),
    )


def _money(pool: PoolHealth, speaker: Speaker) -> list[str]:
    if not isinstance(pool.equity, float) or not isinstance(pool.maintenance_margin, float):
        return []
    currency = pool.pool.currency
    text = speaker.say(
        "Equity {equity} · maintenance margin {maintenance}",
        equity=money_text(pool.equity, currency, speaker),
        maintenance=money_text(pool.maintenance_margin, currency, speaker),
    )
    return [text]
