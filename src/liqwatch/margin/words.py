"""Money and prices as the sentences of rules tell them."""

from __future__ import annotations

import math

from liqwatch.margin.rounding import decimals_of

PLACES_OF_MONEY = 2
MOST_PLACES = 8


def money(value: float, currency: str) -> str:
    """Money with two places, or enough digits where two would show nothing."""
    places = PLACES_OF_MONEY
    if 0 < abs(value) < 1:
        places = min(PLACES_OF_MONEY - math.floor(math.log10(abs(value))), MOST_PLACES)
    return f"{value:,.{places}f} {currency}"


def price(value: float, tick: float) -> str:
    """A price with its tick's digits; without a known tick, eight significant digits."""
    return f"{value:,.{decimals_of(tick)}f}" if tick > 0 else f"{value:,.{MOST_PLACES}g}"
