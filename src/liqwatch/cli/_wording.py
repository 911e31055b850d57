"""How figures look to a person: digits, percent, and the words for what is not a number."""

from __future__ import annotations

NONE = "-"
DOLLARS = frozenset({"USDT", "USDC", "USD", "FDUSD", "BUSD", "quote currency"})
UNREACHABLE = "cannot be reached"


def money(value: float | None, currency: str, *, sign: str = "") -> str:
    """An amount with its currency: dollars to the cent, coins to six digits."""
    if value is None:
        return NONE
    is_small = 0 < abs(value) < 1
    digits = ".2f" if currency in DOLLARS and not is_small else ".6g"
    return f"{value:{sign},{digits}} {currency}"


def price(value: float | None) -> str:
    """A price with up to ten significant digits, for markets from billionths to millions."""
    return NONE if value is None else f"{value:,.10g}"


def percent(share: float | None) -> str:
    """A fraction as percent."""
    return NONE if share is None else f"{share:.2%}"


LONG_FIGURE = 10


def times(value: float | None) -> str:
    """Leverage."""
    if value is None:
        return NONE
    # A border printed with fewer digits could be rounded across itself.
    return f"{value:,.2f}".rstrip("0").rstrip(".") + "x" if value >= LONG_FIGURE else f"{value:,.4g}x"
