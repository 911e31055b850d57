"""Leverage brackets are fetched once, kept, and given to everyone on the venue."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import pytest

from liqwatch.clock import ManualClock
from liqwatch.engine.brackets import apply_brackets, recall_brackets, remember_brackets
from liqwatch.margin.tiers import tiers_with_deductions
from liqwatch.model import Instrument

if TYPE_CHECKING:
    from tests.unit.engine.conftest import BreakableStore

VENUE = "binance_usdm"
REAL = tiers_with_deductions([(0.0, 50_000.0, 0.004), (50_000.0, math.inf, 0.005)])


async def test_what_was_fetched_is_recalled_digit_by_digit(store: BreakableStore, clock: ManualClock) -> None:
    await remember_brackets({"BTC/USDT:USDT": REAL}, VENUE, store, clock.now())
    assert await recall_brackets(VENUE, store) == {"BTC/USDT:USDT": REAL}
    assert await recall_brackets("elsewhere", store) == {}


@pytest.mark.parametrize("text", ["", "[]", "{", '{"BTC": [{"of_another_version": 1}]}', '{"BTC": 5}'])
async def test_what_another_version_wrote_is_as_good_as_nothing(
    text: str, store: BreakableStore, clock: ManualClock
) -> None:
    await store.remember(f"leverage_brackets:{VENUE}", text, clock.now())
    assert await recall_brackets(VENUE, store) == {}


def test_real_brackets_replace_assumed_ones_where_they_are_known() -> None:
    assumed = tiers_with_deductions([(0.0, math.inf, 0.01)])
    contracts = {
        symbol: Instrument(
            symbol=symbol, native_symbol=symbol, settle_currency="USDT", tiers=assumed, tiers_assumed=True
        )
        for symbol in ("BTC/USDT:USDT", "ETH/USDT:USDT", "XRP/USDT:USDT")
    }
    known = apply_brackets(contracts, {"BTC/USDT:USDT": REAL, "ETH/USDT:USDT": ()})
    assert (known["BTC/USDT:USDT"].tiers, known["BTC/USDT:USDT"].tiers_assumed) == (REAL, False)
    assert known["ETH/USDT:USDT"] is contracts["ETH/USDT:USDT"]
    assert known["XRP/USDT:USDT"] is contracts["XRP/USDT:USDT"]
