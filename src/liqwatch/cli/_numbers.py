"""How numbers on the command line are read: percentages or fractions, finite, inside their range."""

from __future__ import annotations

import math
from typing import Annotated, TypeAlias

import typer

MOST = 1e18


def positive(text: str) -> float:
    """A number above 0, neither too small nor too large to be reckoned with."""
    number = _number(text)
    if number <= 0:
        raise typer.BadParameter(f"{text!r} is not above 0")
    if not 1 / MOST <= number <= MOST:
        raise typer.BadParameter(f"{text!r} is not between {1 / MOST:g} and {MOST:g}")
    return number


def not_negative(text: str) -> float:
    """A finite number, 0 or more."""
    number = _number(text)
    if number < 0:
        raise typer.BadParameter(f"{text!r} is negative")
    return number


def fraction(text: str) -> float:
    """A percentage or fraction, above 0 and at most 1: "2%" or 0.02."""
    share = rate(text)
    if share <= 0:
        raise typer.BadParameter(f"{text!r} is not above 0")
    return share


def rate(text: str) -> float:
    """A percentage or fraction from -1 to 1: "0.4%" or 0.004."""
    number = _number(text.removesuffix("%")) / (100 if text.endswith("%") else 1)
    if abs(number) > 1:
        hint = "" if text.endswith("%") else f"; did you mean {text}%?"
        raise typer.BadParameter(f"{text!r} is no fraction{hint}")
    return number


def fee(text: str) -> float:
    """A rate from 0 to below 1."""
    number = rate(text)
    if not 0 <= number < 1:
        raise typer.BadParameter(f"{text!r} is not between 0 and 100%")
    return number


def _number(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        raise typer.BadParameter(f"{text!r} is no number") from None
    if not math.isfinite(number):
        raise typer.BadParameter(f"{text!r} is not finite")
    return number


MarginCallOption: TypeAlias = Annotated[
    float,
    typer.Option("--margin-call", parser=fraction, metavar="RATIO", help="Margin ratio of the margin-call price."),
]
GapOption: TypeAlias = Annotated[
    float,
    typer.Option(
        "--gap", parser=fee, metavar="PART", help="How far the price gaps past bankruptcy, for the shortfall."
    ),
]
JsonOption: TypeAlias = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
ExplainOption: TypeAlias = Annotated[
    bool, typer.Option("--explain", help="Also the arithmetic of each liquidation price, step by step.")
]
