"""Positions as venues reported them: our liquidation price against theirs, and against the published formula's."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from pathlib import Path

import pytest

from liqwatch.margin.disagreement import RELATIVE_TOLERANCE
from liqwatch.model import UNREACHABLE
from liqwatch.testing.golden import Record, read_records
from liqwatch.testing.golden_reported import REPORTED_RECIPES, formula_of, our_price

SAME = 1e-10
"""Fraction of the mark: two ways of writing one formula."""
PLAIN_FORMULA = re.compile(r"plain formula ([\d.]+)")

NO_EQUITY = "the equity behind the position is not in the record"
WHOLE_ACCOUNT = "rests on the account's ratio over all assets, which is not in the record"
RATE_UNKNOWN = "the maintenance rate or fee was assumed or fitted on the price itself"

UNUSED: Mapping[str, str] = {
    "aster-150": "a documentation sample whose figures contradict each other",
    "binance-017": NO_EQUITY,
    "binance-019": NO_EQUITY,
    "binance-021": NO_EQUITY,
    "binance-155": WHOLE_ACCOUNT,
    "bingx-125": RATE_UNKNOWN,
    "bingx-126": RATE_UNKNOWN,
    "bingx-169": NO_EQUITY,
    "bitget-058": WHOLE_ACCOUNT,
    "bitmart-130": RATE_UNKNOWN,
    "bitmex-118": RATE_UNKNOWN,
    "bitmex-120": NO_EQUITY,
    "bybit-042": WHOLE_ACCOUNT,
    "bybit-043": WHOLE_ACCOUNT,
    "bybit-044": "clamped to the lowest price that the venue shows, which means none",
    "bybit-163": WHOLE_ACCOUNT,
    "deribit-142": NO_EQUITY,
    "derive-141": NO_EQUITY,
    "gate-047": "edited by hand: a negative margin beside an old price",
    "gate-048": NO_EQUITY,
    "grvt-148": NO_EQUITY,
    "hashkey-143": NO_EQUITY,
    "krakenfutures-170": WHOLE_ACCOUNT,
    "kucoinfutures-156": "clamped to one tick, which means none",
    "mudrex-140": RATE_UNKNOWN,
    "okx-036": "edited by hand: its last and mark prices are 8 % apart",
    "pacifica-146": NO_EQUITY,
    "weex-144": NO_EQUITY,
    "whitebit-145": "part of the collateral is not in the record, and the venue asks for half of the required margin",
    "woo-149": NO_EQUITY,
    "woofipro-147": "a documentation sample that its own collateral does not reproduce",
}
"""id -> why nothing can be checked."""

ONE_BOT = "a grid bot's position, whose orders and profit are partly not in the record"
POOLED = "the account pools its spot balance, which is not in the record"
DEMO_ACCOUNT = "two positions of one demo account; unexplained"

DISAGREEMENTS: Mapping[str, str] = {
    "bitget-056": DEMO_ACCOUNT,
    "bitget-057": DEMO_ACCOUNT,
    "hyperliquid-083": POOLED,
    "hyperliquid-084": POOLED,
    "hyperliquid-085": POOLED,
    "okx-032": ONE_BOT,
}
"""id -> why the venue's price is not the formula's, though the inputs are there."""

WRITTEN_DIFFERENTLY: Mapping[str, str] = {
    "mexc-124": "the file takes maintenance on the mark; entry is what MEXC's text says, and within the same tick",
    "phemex-131": "the file multiplies (1 - fee) by (1 - rate) where the text subtracts their sum",
}
"""id -> why our formula is not the file's; both come within the tolerance."""


@pytest.fixture(scope="module")
def positions(shared: Path) -> dict[str, Record]:
    return read_records(shared / "golden" / "positions.json")


def checked(positions: Mapping[str, Record], formula: str) -> list[Record]:
    return [each for each in positions.values() if formula_of(each) == formula and each["id"] not in UNUSED]


def plain_price_of(record: Record) -> float | None:
    """What the formula gave where OKX went one tick further; the file has it in the note."""
    found = PLAIN_FORMULA.search(record["note"])
    return float(found[1]) if found else None


def has_no_price(record: Record) -> bool:
    """The venue shows none, or a negative one, which means none."""
    return bool(record["expect_none"]) or record["exchange_liquidation_price"] < 0


def scale_of(record: Record) -> float:
    return float(record["mark"] or record["exchange_liquidation_price"])


def tick_beyond(record: Record) -> float:
    """The tick by which OKX moved its price; zero elsewhere."""
    plain = plain_price_of(record)
    return 0.0 if plain is None else abs(record["exchange_liquidation_price"] - plain)


def agrees(record: Record) -> bool:
    ours = our_price(record)
    if has_no_price(record):
        return ours is UNREACHABLE
    tolerance = max(RELATIVE_TOLERANCE * scale_of(record), 1.000001 * tick_beyond(record))
    return isinstance(ours, float) and abs(ours - record["exchange_liquidation_price"]) <= tolerance


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
