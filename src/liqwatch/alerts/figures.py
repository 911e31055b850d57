"""Numbers as people read them: the tick's digits, thousands separated, signs where they matter."""

from __future__ import annotations

import math

from liqwatch.margin.rounding import decimals_of, round_toward
from liqwatch.model import UNREACHABLE, Reading, Unknown

PLACES_OF_MONEY = 2
SIGNIFICANT_DIGITS = 8


def price_text(price: float, tick: float) -> str:
    """A price with its tick's digits; without a known tick, eight significant digits."""
    if tick > 0:
        return f"{price:,.{decimals_of(tick)}f}"
    return f"{price:,.{SIGNIFICANT_DIGITS}g}"


def liquidation_text(price: Reading, tick: float, mark_price: float | None) -> str:
    """A liquidation price rounded toward the mark, or the honest absence of one."""
    if isinstance(price, Unknown):
        return f"unknown ({price.reason})"
    if price is UNREACHABLE:
        return "none (cannot be reached)"
    return price_text(round_toward(price, tick, mark_price if mark_price is not None else price), tick)


def money_text(amount: float, currency: str, *, is_signed: bool = False) -> str:
    """Money with two places, or enough digits where two would show nothing."""
    places, amount = PLACES_OF_MONEY, round(amount, SIGNIFICANT_DIGITS) or 0.0
    if amount and abs(amount) < 1:
        places = min(PLACES_OF_MONEY - math.floor(math.log10(abs(amount))), SIGNIFICANT_DIGITS)
    sign = "+" if is_signed and amount else ""
    return f"{amount:{sign},.{places}f} {currency}"


def ratio_text(ratio: Reading) -> str:
    """A ratio in percent."""
    if isinstance(ratio, Unknown):
        return "unknown"
    if ratio is UNREACHABLE:
        return "none"
    return "over 100% (no equity left)" if math.isinf(ratio) else f"{ratio:.1%}"
