"""Every worked example that a venue or its users have published, recomputed by our functions.

All of them are checked; `test_every_example_has_a_recipe` fails when a new one is not.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from liqwatch.testing.golden import Record, read_records
from liqwatch.testing.golden_prices import PRICE_RECIPES, Figures, Recipe
from liqwatch.testing.golden_sums import SUM_RECIPES

RECIPES: Mapping[str, Recipe] = {**PRICE_RECIPES, **SUM_RECIPES}


@pytest.fixture(scope="module")
def examples(shared: Path) -> dict[str, Record]:
    return read_records(shared / "golden" / "examples.json")


def tolerance_of(record: Record, figure: str) -> float:
    hint = record["tolerance_hint"]
    return float(hint[figure] if isinstance(hint, dict) else hint)


def misses(record: Record, computed: Figures) -> list[str]:
    """The figures of a record that we do not reproduce, in words."""
    return [
        f"{record['id']}: {figure} is {expected}, we say {computed.get(figure)}"
        for figure, expected in record["expected"].items()
        if computed.get(figure) != pytest.approx(expected, rel=0, abs=tolerance_of(record, figure))
    ]


@pytest.mark.parametrize("formula", RECIPES)
def test_every_example_of_a_formula_comes_out_within_its_tolerance(
    formula: str, examples: Mapping[str, Record]
) -> None:
    mine = [each for each in examples.values() if each["formula"] == formula and each["verified"]]
    assert mine, "the file has no such example"
    assert all(each["expected"] for each in mine)
    assert not [miss for each in mine for miss in misses(each, RECIPES[formula](each))]


def test_examples_that_are_known_to_be_wrong_do_not_come_out(examples: Mapping[str, Record]) -> None:
    wrong = [each for each in examples.values() if not each["verified"]]
    assert wrong
    assert all(misses(each, RECIPES[each["formula"]](each)) for each in wrong)


def test_every_example_has_a_recipe(examples: Mapping[str, Record]) -> None:
    assert {each["formula"] for each in examples.values()} == set(RECIPES)
