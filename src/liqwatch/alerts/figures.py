"""Figures as people read them: the tick's digits, thousands separated, signs where they matter."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta

from liqwatch.alerts.lifting import translated
from liqwatch.alerts.safe import safe
from liqwatch.alerts.speaker import ENGLISH_SPEAKER, Speaker
from liqwatch.margin.rounding import decimals_of, round_toward
from liqwatch.model import UNREACHABLE, Reading, Unknown

PLACES_OF_MONEY = 2
SIGNIFICANT_DIGITS = 8
LONGEST_REASON = 120
MINUTE, HOUR, DAY = 60, 3_600, 86_400


def price_text(price: float, tick: float, speaker: Speaker = ENGLISH_SPEAKER) -> str:
    """A price with its tick's digits; without a known tick, eight significant digits and never an exponent."""
    if tick > 0:
        return speaker.numerals.number(price, decimals_of(tick))
    whole_digits = math.floor(math.log10(abs(price))) + 1 if price and math.isfinite(price) else 1
    plain = f"{price:,.{max(SIGNIFICANT_DIGITS - whole_digits, 0)}f}"
    return speaker.numerals.localised(plain.rstrip("0").rstrip(".") if "." in plain else plain)


def liquidation_text(price: Reading, tick: float, mark_price: float | None, speaker: Speaker = ENGLISH_SPEAKER) -> str:
    """A liquidation price rounded toward the mark, or the honest absence of one."""
    if isinstance(price, Unknown):
        return unknown_text(price.reason, speaker)
    if price is UNREACHABLE:
        return speaker.say("none (cannot be reached)")
    return price_text(round_toward(price, tick, mark_price if mark_price is not None else price), tick, speaker)


def unknown_text(reason: str, speaker: Speaker = ENGLISH_SPEAKER) -> str:
    """That a figure is unknown, and why."""
    return speaker.say("unknown ({reason})", reason=translated(safe(reason, LONGEST_REASON), speaker))


def money_text(amount: float, currency: str, speaker: Speaker = ENGLISH_SPEAKER, *, is_signed: bool = False) -> str:
    """Money with two places, or enough digits where two would show nothing."""
    places, amount = PLACES_OF_MONEY, round(amount, SIGNIFICANT_DIGITS) or 0.0
    if amount and abs(amount) < 1:
        places = min(PLACES_OF_MONEY - math.floor(math.log10(abs(amount))), SIGNIFICANT_DIGITS)
    return f"{speaker.numerals.number(amount, places, is_signed=is_signed and amount != 0)} {safe(currency)}"


def ratio_text(ratio: Reading, speaker: Speaker = ENGLISH_SPEAKER) -> str:
    """A ratio in percent."""
    if isinstance(ratio, Unknown):
        return speaker.say("unknown")
    if ratio is UNREACHABLE:
        return speaker.say("none")
    if math.isinf(ratio):
        return speaker.say("over {limit} (no equity left)", limit=speaker.percent(1.0, 0))
    return speaker.percent(ratio)


def multiple_text(value: float, speaker: Speaker = ENGLISH_SPEAKER) -> str:
    """Leverage and other multiples: `10x`, `2.5x`."""
    return speaker.numerals.localised(f"{value:,.1f}".removesuffix(".0")) + "x"


def duration_text(duration: timedelta, speaker: Speaker = ENGLISH_SPEAKER) -> str:
    """A duration in its two largest units, the smaller only where there is some of it; negative ones count as none."""
    seconds = max(round(duration.total_seconds()), 0)
    numbers = {
        "days": f"{seconds // DAY}",
        "hours": f"{seconds % DAY // HOUR}",
        "minutes": f"{seconds % HOUR // MINUTE}",
        "seconds": f"{seconds % MINUTE}",
    }
    if seconds >= DAY:
        return speaker.say("{days} d {hours} h" if seconds % DAY >= HOUR else "{days} d", **numbers)
    if seconds >= HOUR:
        return speaker.say("{hours} h {minutes} min" if seconds % HOUR >= MINUTE else "{hours} h", **numbers)
    if seconds >= 2 * MINUTE:
        return speaker.say("{minutes} min", **numbers)
    return speaker.say("{seconds} s", seconds=f"{seconds}")


def time_text(moment: datetime, now: datetime | None = None) -> str:
    """A moment in UTC; without the date where that is the same as now's."""
    moment = moment.astimezone(UTC)
    is_today = now is not None and now.astimezone(UTC).date() == moment.date()
    return f"{moment:%H:%M:%S} UTC" if is_today else f"{moment:%Y-%m-%d %H:%M:%S} UTC"
