"""Comparisons of conditions, checked as they are read: "liquidation_distance < 12%"."""

from __future__ import annotations

from liqwatch.config.codes import Code
from liqwatch.config.values import refuse
from liqwatch.errors import LiqwatchError


def parse_comparison_text(text: str) -> str:
    """Check that a comparison can be understood; its text is kept.

    Raises:
        PydanticCustomError: no comparison, or one over an unknown reading.
    """
    from liqwatch.rules.compound import parse_comparison  # noqa: PLC0415 - only a config with conditions needs it

    try:
        parse_comparison(text)
    except LiqwatchError as error:
        raise refuse(Code.BAD_COMPARISON, error.message, error.mend) from None
    return text
