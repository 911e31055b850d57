from __future__ import annotations

import pytest
from pydantic_core import PydanticCustomError

from liqwatch.config.units import figure_text, parse_multiple, parse_seconds, parse_share, parse_switch, written
from liqwatch.rules.base import Unit


@pytest.mark.parametrize(
    ("text", "share"), [("8%", 0.08), ("150%", 1.5), (" 0.05 % ", 0.0005), (0.08, 0.08), (1, 1.0), ("0", 0.0)]
)
def test_a_share_may_be_more_than_all_of_it(text: object, share: float) -> None:
    assert parse_share(text) == pytest.approx(share)


@pytest.mark.parametrize(
    ("text", "mend"),
    [
        (8, 'did you mean "8%" or "800%"?'),
        ("1.5", 'did you mean "1.5%" or "150%"?'),
        (-0.1, 'write "25%" or 0.25'),
        ("-5%", 'write "25%" or 0.25'),
        (float("nan"), 'write "25%" or 0.25'),
        (float("inf"), 'write "25%" or 0.25'),
        (True, 'write "25%" or 0.25'),
        ("5x", 'write "25%" or 0.25'),
        ([], 'write "25%" or 0.25'),
    ],
)
def test_what_is_no_share_is_refused_with_a_mend(text: object, mend: str) -> None:
    with pytest.raises(PydanticCustomError) as refusal:
        parse_share(text)
    assert (refusal.value.type, (refusal.value.context or {})["mend"]) == ("BAD_FRACTION", mend)


@pytest.mark.parametrize(("text", "number"), [(5, 5.0), (2.5, 2.5), ("5x", 5.0), (" 12.5 x", 12.5), ("7", 7.0), (0, 0)])
def test_a_multiple_is_a_plain_number_with_or_without_its_sign(text: object, number: float) -> None:
    assert parse_multiple(text) == number


@pytest.mark.parametrize("text", [-1, "x", "5%", "5xx", float("nan"), float("inf"), True, None, "-5x"])
def test_what_is_no_multiple_is_refused(text: object) -> None:
    with pytest.raises(PydanticCustomError) as refusal:
        parse_multiple(text)
    assert refusal.value.type == "BAD_MULTIPLE"


def test_durations_are_kept_in_seconds_and_switches_as_one_or_nothing() -> None:
    assert parse_seconds("1h30m") == 5400.0
    assert (parse_switch(value=True), parse_switch(value=False)) == (1.0, 0.0)
    with pytest.raises(PydanticCustomError):
        parse_switch(1)


@pytest.mark.parametrize(
    ("value", "unit", "shown", "in_a_file"),
    [
        (0.0005, Unit.FRACTION, "0.05 %", "0.05%"),
        (1.5, Unit.FRACTION, "150 %", "150%"),
        (2.5, Unit.MULTIPLE, "2.5", "2.5"),
        (5400.0, Unit.SECONDS, "1h30m", "1h30m"),
        (1.0, Unit.YES_NO, "yes", "true"),
        (0.0, Unit.YES_NO, "no", "false"),
    ],
)
def test_figures_are_shown_in_their_unit(value: float, unit: Unit, shown: str, in_a_file: str) -> None:
    assert (figure_text(value, unit), written(value, unit)) == (shown, in_a_file)
