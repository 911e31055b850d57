"""The lines about a position: how far in percent, price and money; the figures behind it; what liquidation costs."""

from __future__ import annotations

from collections.abc import Mapping

from liqwatch.alerts.figures import liquidation_text, money_text, multiple_text, price_text, ratio_text
from liqwatch.alerts.speaker import Speaker, phrase
from liqwatch.alerts.wording.occasion import tells_only_shares
from liqwatch.margin.health import FigureSource, PoolHealth, PositionHealth
from liqwatch.model import MarginMode, Unknown

LAST_PRICE_NOTE = phrase("Priced by the last trade, not the mark: the venue shows no mark price.")
SOURCES: Mapping[FigureSource, str] = {
    FigureSource.REPORTED: phrase("reported"),
    FigureSource.COMPUTED: phrase("computed"),
}
MODES: Mapping[MarginMode, str] = {MarginMode.ISOLATED: phrase("isolated"), MarginMode.CROSS: phrase("cross")}


def position_lines(health: PositionHealth, pool: PoolHealth, margin_call_ratio: float, speaker: Speaker) -> list[str]:
    """Every line about one position."""
    lines = [
        how_far(health, speaker) + to_margin_call(pool, margin_call_ratio, speaker),
        " · ".join(_private_facts(health, pool, speaker) if speaker.is_private else _facts(health, pool, speaker)),
        *_caveats(health, speaker),
    ]
    cost = loss_line(health, pool, speaker)
    return [*lines, cost] if cost else lines


def how_far(health: PositionHealth, speaker: Speaker) -> str:
    """The distance to liquidation, or why there is none to tell."""
    mark, price, distance = health.mark_price, health.liquidation_price, health.liquidation_distance
    if mark is None or not isinstance(price, float):
        return speaker.say("Liquidation price: {price}", price=_absent(health, speaker))
    if isinstance(distance, float):
        far = speaker.say("{share} to go" if distance > 0 else "{share} beyond", share=speaker.percent(abs(distance)))
    else:
        far = speaker.say("The smaller side of a hedge")
    if speaker.is_private:
        return far
    difference = price_text(abs(mark - price), tick_of(health), speaker)
    return speaker.say("{far}: {difference} between mark and liquidation", far=far, difference=difference)


def _absent(health: PositionHealth, speaker: Speaker) -> str:
    price, tick = health.liquidation_price, tick_of(health)
    if isinstance(price, Unknown) and speaker.is_private and not tells_only_shares(price.reason):
        return speaker.say("unknown")
    if isinstance(price, float) and speaker.is_private:
        return ratio_text(health.liquidation_distance, speaker)
    return liquidation_text(price, tick, health.mark_price, speaker)


def to_margin_call(pool: PoolHealth, margin_call_ratio: float, speaker: Speaker) -> str:
    """What is left before the margin call, to be put behind another fact; "" where nothing can be said."""
    buffer, level = pool.buffer_above(margin_call_ratio), speaker.percent(margin_call_ratio, 0)
    if buffer is None:
        return ""
    if speaker.is_private:
        return speaker.say("; margin call at {level}" if buffer >= 0 else "; past margin call ({level})", level=level)
    money = money_text(abs(buffer), pool.pool.currency, speaker)
    return speaker.say(
        "; {money} to margin call ({level})" if buffer >= 0 else "; past margin call ({level}) by {money}",
        money=money,
        level=level,
    )


def loss_line(health: PositionHealth, pool: PoolHealth, speaker: Speaker) -> str:
    """What liquidation would cost from here; "" where that is unknown."""
    loss = health.loss_at_liquidation
    if loss is None:
        return ""
    if loss <= 0:
        return speaker.say("If liquidated: nothing more, no equity is left")
    if not speaker.is_private:
        return speaker.say(
            "If liquidated: about {money} from here", money=money_text(-loss, pool.pool.currency, speaker)
        )
    if not isinstance(pool.equity, float) or pool.equity <= 0:
        return ""
    share = speaker.percent(min(loss / pool.equity, 1.0), 0)
    return speaker.say("If liquidated: about {share} of the equity behind it is lost", share=share)


def tick_of(health: PositionHealth) -> float:
    """The contract's tick; 0 where the contract is not known."""
    return health.instrument.price_tick if health.instrument else 0.0


def _facts(health: PositionHealth, pool: PoolHealth, speaker: Speaker) -> list[str]:
    tick, currency = tick_of(health), pool.pool.currency
    facts = []
    if health.mark_price is not None:
        facts.append(speaker.say("Mark {price}", price=price_text(health.mark_price, tick, speaker)))
    price = liquidation_text(health.liquidation_price, tick, health.mark_price, speaker)
    if isinstance(health.liquidation_price, float):
        price = f"{price} ({speaker.say(SOURCES[health.liquidation_source])})"
    facts.append(speaker.say("liquidation {price}", price=price))
    facts.append(speaker.say("margin ratio {ratio}", ratio=ratio_text(pool.margin_ratio, speaker)))
    facts.append(_mode(health, speaker))
    if health.notional is not None:
        facts.append(speaker.say("notional {money}", money=money_text(health.notional, currency, speaker)))
    if health.unrealized_pnl is not None:
        money = money_text(health.unrealized_pnl, currency, speaker, is_signed=True)
        facts.append(speaker.say("PnL {money}", money=money))
    return facts


def _mode(health: PositionHealth, speaker: Speaker) -> str:
    mode = speaker.say(MODES[health.position.margin_mode])
    leverage = health.position.leverage
    if not leverage:
        return mode
    return speaker.say("leverage {times} {mode}", times=multiple_text(leverage, speaker), mode=mode)


def _private_facts(health: PositionHealth, pool: PoolHealth, speaker: Speaker) -> list[str]:
    ratio = speaker.say("Margin ratio {ratio}", ratio=ratio_text(pool.margin_ratio, speaker))
    return [ratio, speaker.say(MODES[health.position.margin_mode])]


def _caveats(health: PositionHealth, speaker: Speaker) -> list[str]:
    lines = []
    if health.instrument and health.instrument.tiers_assumed:
        rate = speaker.percent(health.instrument.tiers[0].maintenance_margin_rate, 2)
        lines.append(
            speaker.say(
                "The maintenance rate is assumed ({rate}): the venue tells its brackets only to a key.", rate=rate
            )
        )
    if health.instrument and health.instrument.is_last_price:
        lines.append(speaker.say(LAST_PRICE_NOTE))
    return lines
