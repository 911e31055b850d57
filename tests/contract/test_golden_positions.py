"""Positions as venues reported them: our liquidation price against theirs, and against the published formula's."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path

import pytest

from liqwatch.testing.golden import Record, read_records
from liqwatch.testing.golden_page import positions_page
from liqwatch.testing.golden_reported import REPORTED_RECIPES, formula_of, our_price
from liqwatch.testing.golden_verdicts import (
    DISAGREEMENTS,
    UNUSED,
    WRITTEN_DIFFERENTLY,
    agrees,
    has_no_price,
    plain_price_of,
    scale_of,
    tick_beyond,
)

SAME = 1e-10
"""Fraction of the mark: two ways of writing one formula."""


@pytest.fixture(scope="module")
def positions(shared: Path) -> dict[str, Record]:
    return read_records(shared / "golden" / "positions.json")


def checked(positions: Mapping[str, Record], formula: str) -> list[Record]:
    return [each for each in positions.values() if formula_of(each) == formula and each["id"] not in UNUSED]


@pytest.mark.parametrize("formula", REPORTED_RECIPES)
def test_our_price_is_the_one_that_the_venue_reported(formula: str, positions: Mapping[str, Record]) -> None:
    mine = checked(positions, formula)
    assert mine, "the file has no such formula"
    assert not [each["id"] for each in mine if each["id"] not in DISAGREEMENTS and not agrees(each)]


@pytest.mark.parametrize("formula", REPORTED_RECIPES)
def test_our_price_is_what_the_published_formula_gives(formula: str, positions: Mapping[str, Record]) -> None:
    for each in checked(positions, formula):
        if has_no_price(each) or each["id"] in WRITTEN_DIFFERENTLY:
            continue
        expected = plain_price_of(each) or each["computed"]
        # The file writes plain prices with eight digits after the point.
        tolerance = 1e-8 if plain_price_of(each) else SAME * scale_of(each)
        assert our_price(each) == pytest.approx(expected, rel=0, abs=tolerance), each["id"]


def test_okx_moves_isolated_prices_by_one_tick_toward_the_mark(positions: Mapping[str, Record]) -> None:
    moved = [each for each in positions.values() if plain_price_of(each) is not None]
    assert len(moved) >= 4
    for each in moved:
        tick = tick_beyond(each)
        assert math.log10(tick) == pytest.approx(round(math.log10(tick)), abs=1e-6), each["id"]
        plain, reported = plain_price_of(each), each["exchange_liquidation_price"]
        assert plain is not None
        assert abs(each["mark"] - reported) < abs(each["mark"] - plain)


def test_disagreements_that_are_explained_are_still_there(positions: Mapping[str, Record]) -> None:
    assert not [name for name in DISAGREEMENTS if agrees(positions[name])]


def test_every_position_is_either_checked_or_listed_with_its_reason(positions: Mapping[str, Record]) -> None:
    has_recipe = {name for name, each in positions.items() if formula_of(each) in REPORTED_RECIPES}
    assert set(positions) == has_recipe | set(UNUSED)
    assert set(DISAGREEMENTS) | set(WRITTEN_DIFFERENTLY) <= has_recipe - set(UNUSED)


def test_the_page_of_positions_says_what_is_true(positions: Mapping[str, Record]) -> None:
    page = Path(__file__).resolve().parents[2] / "docs" / "reference" / "positions.md"
    assert page.read_text(encoding="utf-8") == positions_page(positions)
