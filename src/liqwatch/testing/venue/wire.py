"""How the venue writes numbers: decimal strings without exponents."""

from __future__ import annotations

from decimal import Decimal


def money(value: float) -> str:
    """Eight decimals, as balances, margins and mark prices come."""
    return f"{value:.8f}"


def plain(value: float) -> str:
    """The shortest exact decimal, as quantities, entry prices and ticks come: `20`, `0.001`, `0.00001`."""
    text = format(Decimal(repr(value)), "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def price_or_zero(price: float | None) -> str:
    """A liquidation price; the venue prints "0" for none."""
    return "0" if price is None else money(price)
