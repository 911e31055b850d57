"""How numbers are written in each language, without asking the locale of the process.

Separators and percent signs as in the CLDR; a blank is a no-break space, so that no line ends inside a figure.
Four digits are grouped too (`1.234,5`), which the CLDR leaves open for Spanish: one habit for every figure.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

NO_BREAK = "\N{NO-BREAK SPACE}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Numerals:
    """Decimal point, group separator, and what stands before and after a figure in percent."""

    point: str = "."
    group: str = ","
    before_percent: str = ""
    after_percent: str = "%"

    def number(self, value: float, places: int, *, is_signed: bool = False) -> str:
        """The number with so many places, rounded half to even; `is_signed` shows a plus as well."""
        rounded = f"{value:+,.{places}f}" if is_signed else f"{value:,.{places}f}"
        return self.localised(rounded)

    def percent(self, fraction: float, places: int = 1) -> str:
        """A fraction (0.08) in percent (`8.0%`)."""
        if not math.isfinite(fraction):
            return self.localised(f"{fraction}")
        text = f"{abs(fraction):,.{places}%}".removesuffix("%")
        # A figure that rounds to nothing has no sign.
        sign = "-" if fraction < 0 and float(text.replace(",", "")) else ""
        return f"{sign}{self.before_percent}{self.localised(text)}{self.after_percent}"

    def localised(self, text: str) -> str:
        """A figure that Python wrote (`-1,234.5`) in this language's separators."""
        return text.translate({ord(","): self.group, ord("."): self.point})


ENGLISH_NUMERALS = Numerals()
NUMERALS: Mapping[str, Numerals] = {
    "en": ENGLISH_NUMERALS,
    "de": Numerals(point=",", group=".", after_percent=f"{NO_BREAK}%"),
    "es": Numerals(point=",", group=".", after_percent=f"{NO_BREAK}%"),
    "ru": Numerals(point=",", group=NO_BREAK, after_percent=f"{NO_BREAK}%"),
    "zh": ENGLISH_NUMERALS,
    "tr": Numerals(point=",", group=".", before_percent="%", after_percent=""),
}
