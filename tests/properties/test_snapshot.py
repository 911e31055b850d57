"""Whatever snapshot is accepted is judged without a crash, and its price is where equity meets the requirement."""

from __future__ import annotations

import json
from datetime import date
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from liqwatch.cli._evaluate import evaluate
from liqwatch.config.snapshot import load_snapshot
from liqwatch.errors import ConfigError
from liqwatch.margin.conventions import known_exchanges

TODAY = date(2026, 11, 25)
SYMBOLS = ("BTC/USDT:USDT", "ETH/USDT:USDT", "SOL/USDT:USDT")
ANY_POSITIVE = st.floats(0, 1e20, allow_nan=False) | st.floats(1e-6, 1e6)
SENSIBLE = st.integers(1, 10_000).map(float)


@st.composite
def tiers(draw: st.DrawFn) -> list[dict[str, float]]:
    edges = sorted(draw(st.sets(st.integers(1, 10_000), min_size=1, max_size=5)))
    rates = draw(st.lists(st.floats(0, 0.5), min_size=len(edges), max_size=len(edges)))
    rows = zip(pairwise([0, *edges]), sorted(rates), strict=True)
    return [
        {"notional_floor": low, "notional_cap": high, "maintenance_margin_rate": rate} for (low, high), rate in rows
    ]


@st.composite
def snapshots(draw: st.DrawFn, numbers: st.SearchStrategy[float]) -> dict[str, Any]:
    slots = st.tuples(st.sampled_from(SYMBOLS), st.sampled_from(["long", "short"]))
    positions = []
    for symbol, side in draw(st.lists(slots, min_size=1, max_size=4, unique=True)):
        position: dict[str, Any] = {"symbol": symbol, "side": side, "leverage": draw(numbers)}
        position |= {key: draw(numbers) for key in ("contracts", "contract_size", "entry_price")}
        position |= {"maintenance_margin": draw(numbers), "price_tick": draw(st.sampled_from([0, 0.01, 0.5]))}
        position |= {"closing_fee_rate": draw(st.sampled_from([0, 0.0005])), "liquidation_fee_rate": 0.01}
        if draw(st.booleans()):
            position["tiers"] = draw(tiers())
        else:
            position["maintenance_margin_rate"] = draw(st.floats(0, 0.5))
        positions.append(position)
    kind = draw(st.sampled_from(["linear", "inverse", "quanto"]))
    convention = {
        "maintenance_basis": draw(st.sampled_from(["liquidation", "entry", "mark", "fixed"])),
        "closing_fee_basis": draw(st.sampled_from(["liquidation", "entry", "mark", "none"])),
        "tier_mode": draw(st.sampled_from(["deduction", "flat"])),
    }
    return {
        "schema": 1,
        "exchange": draw(st.sampled_from([*known_exchanges(), "custom"])),
        "margin_mode": "isolated" if len(positions) == 1 and draw(st.booleans()) else "cross",
        "wallet_balance": draw(numbers),
        "convention": convention,
        "positions": [{**position, "contract_kind": kind} for position in positions],
    }


@settings(deadline=None)
@given(raw=snapshots(ANY_POSITIVE))
def test_what_is_accepted_is_judged_and_printable_as_json(raw: dict[str, Any]) -> None:
    try:
        report = judged(raw)
    except ConfigError:
        # Too large, too small or too little was drawn: refused, as it should be.
        return
    assert json.loads(json.dumps(report, allow_nan=False)) == report


@settings(deadline=None)
@given(raw=snapshots(SENSIBLE))
def test_at_the_liquidation_price_the_pool_is_on_the_edge(raw: dict[str, Any]) -> None:
    convention = raw["convention"]
    convention["tier_mode"] = "deduction"
    assume("mark" not in convention.values())
    report = judged(raw)
    assume(not report["account"]["is_liquidated"])
    for position in report["positions"]:
        price = position["liquidation_price"]
        if price is not None and not position["is_hedged_leg"]:
            marks = {each["symbol"]: each["mark_price"] for each in report["positions"]}
            marks[position["symbol"]] = price
            moved = [{**each, "mark_price": marks[each["symbol"]]} for each in raw["positions"]]
            (pool,) = judged({**raw, "positions": moved})["pools"]
            scale = max(raw["wallet_balance"], *(each["notional"] for each in report["positions"]))
            assert pool["equity"] == pytest.approx(pool["maintenance_margin"], abs=1e-9 * scale)


def judged(raw: dict[str, Any]) -> dict[str, Any]:
    account = load_snapshot(json.dumps(raw), "drawn", today=TODAY)
    return evaluate(account, margin_call_ratio=0.8, gap=0.05, with_steps=True)
