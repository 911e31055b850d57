"""Liquidation prices as venues and their users have published them, recomputed."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from liqwatch.margin.assess import assess
from liqwatch.margin.conventions import MAINTENANCE_ON_MARK_WITHOUT_FEE, Basis, Convention
from liqwatch.margin.maintenance import maintenance_of
from liqwatch.margin.pools import Holding, Pool
from liqwatch.margin.tiers import tiers_with_deductions
from liqwatch.model import Instrument, LeverageTier, MarginMode, Position, Side

Row: TypeAlias = dict[str, Any]
SYMBOL = "X/USDT:USDT"
Rows: TypeAlias = Callable[[str], dict[str, Row]]


@pytest.fixture(scope="module")
def rows(shared: Path) -> Rows:
    """The records of one file of published figures, by id."""

    def read(name: str) -> dict[str, Row]:
        return {row["id"]: row for row in json.loads((shared / "golden" / name).read_text(encoding="utf-8"))}

    return read


def one_tier(rate: float, deduction: float = 0.0) -> tuple[LeverageTier, ...]:
    return (
        LeverageTier(
            notional_floor=0.0, notional_cap=math.inf, maintenance_margin_rate=rate, maintenance_deduction=deduction
        ),
    )


def tiers_of(leg: Row) -> tuple[LeverageTier, ...]:
    if "tiers" not in leg:
        return one_tier(leg.get("mmr", 0.0), leg.get("cum", 0.0))
    return tuple(
        LeverageTier(
            notional_floor=tier["notional_floor"],
            notional_cap=tier["notional_cap"],
            maintenance_margin_rate=tier["mmr"],
            maintenance_deduction=tier["maint_amount"],
        )
        for tier in leg["tiers"]
    )


def holding(
    symbol: str,
    side: int,
    contracts: float,
    entry_price: float,
    tiers: tuple[LeverageTier, ...],
    *,
    closing_fee_rate: float = 0.0,
    **facts: Any,
) -> Holding:
    contract = Instrument(
        symbol=symbol, native_symbol=symbol, settle_currency="USDT", tiers=tiers, closing_fee_rate=closing_fee_rate
    )
    position = Position(
        symbol=symbol,
        side=Side(side),
        contracts=contracts,
        entry_price=entry_price,
        margin_mode=facts.pop("margin_mode", MarginMode.ISOLATED),
        **facts,
    )
    return Holding(position, contract)


def pool_of(wallet: float, *holdings: Holding, convention: Convention = MAINTENANCE_ON_MARK_WITHOUT_FEE) -> Pool:
    return Pool(
        account="main",
        venue="binance_usdm",
        subject="pool",
        currency="USDT",
        margin_mode=holdings[0].position.margin_mode,
        wallet_balance=wallet,
        holdings=holdings,
        convention=convention,
    )


def convention_of_leg(leg: Row) -> Convention:
    return Convention(
        name="as published",
        maintenance_basis=Basis(leg.get("mm_basis", "liquidation")),
        closing_fee_basis=Basis(leg.get("fee_basis", "liquidation")) if "fee" in leg else Basis.NONE,
    )


def tolerance_of(row: Row) -> float:
    hint = row["tolerance_hint"]
    return float(hint["liquidation_price"] if isinstance(hint, dict) else hint)


def test_every_linear_example_of_one_position_comes_out_as_published(rows: Rows) -> None:
    checked = []
    for name, row in rows("examples.json").items():
        model = row.get("generic_model") or {}
        if model.get("kind") != "linear" or not model.get("matches") or "liquidation_price" not in row["expected"]:
            continue
        (leg,) = model["legs"]
        wallet = model["wallet"] + model.get("upnl_other", 0.0) - model.get("mm_other", 0.0)
        held = holding(
            SYMBOL, leg["side"], leg["q"], leg["E"], tiers_of(leg),
            closing_fee_rate=leg.get("fee", 0.0), reported_maintenance_margin=leg.get("mm_fixed"),
        )  # fmt: skip
        pool = pool_of(wallet, held, convention=convention_of_leg(leg))
        mark_price = leg.get("mark", leg["E"])
        (health,) = assess(pool, {SYMBOL: mark_price}).positions
        expected = row["expected"]["liquidation_price"]
        assert health.computed_liquidation_price == pytest.approx(expected, rel=1e-9, abs=tolerance_of(row)), name
        checked.append(name)
    assert sum(name.startswith("binance-usdm") for name in checked) >= 9
    assert len(checked) >= 50


def test_two_cross_positions_come_out_as_binance_published_them(rows: Rows) -> None:
    examples = rows("examples.json")
    for one, other in (("btc", "eth"), ("eth", "btc")):
        row = examples[f"binance-usdm-published-cross-{one}"]
        (beside,) = row["inputs"]["other_positions"]
        held = [
            holding(
                each["symbol"], 1, each["contracts"], each["entry_price"],
                one_tier(each["maintenance_margin_rate"], each["maintenance_amount"]), margin_mode=MarginMode.CROSS,
            )
            for each in (row["inputs"], beside)
        ]  # fmt: skip
        marks = {each["symbol"]: each["mark_price"] for each in (row["inputs"], beside)}
        mine, theirs = assess(pool_of(row["inputs"]["wallet_balance"], *held), marks).positions
        expected, tolerance = row["expected"], row["tolerance_hint"]
        assert theirs.position.symbol == f"{other.upper()}USDT"
        assert mine.computed_liquidation_price == pytest.approx(
            expected["liquidation_price"], abs=tolerance["liquidation_price"]
        )
        assert theirs.unrealized_pnl == pytest.approx(expected["upnl_other"], abs=tolerance["upnl_other"])
        assert theirs.maintenance_margin == pytest.approx(expected["tmm_other"], abs=tolerance["tmm_other"])


def test_liquidation_prices_that_binance_reported_for_isolated_positions_are_met(rows: Rows) -> None:
    checked = 0
    for name, row in rows("positions.json").items():
        inputs = row["inputs"]
        if row["formula"] not in ("binance_isolated", "binance_cross_single") or row["input_kind"] != ["direct"]:
            continue
        leg = inputs.get("this", inputs)
        side = Side[row["side"].upper()].value
        held = holding(row["symbol"], side, leg["size"], leg["entry"], one_tier(leg["mmr"], leg["cum"]))
        marks = {row["symbol"]: row["mark"] or leg["entry"]}
        (health,) = assess(pool_of(inputs["wallet"], held), marks).positions
        expected = row["exchange_liquidation_price"]
        is_rounded_to_cents = row["provenance"] == "official-worked-example"
        tolerance = 0.006 if is_rounded_to_cents else 1e-6 * expected
        assert health.computed_liquidation_price == pytest.approx(expected, rel=0, abs=tolerance), name
        checked += 1
    assert checked >= 7


def test_the_margin_call_that_binance_documents_stands_above_eighty_per_cent(rows: Rows) -> None:
    row = rows("examples.json")["binance-usdm-margin-call-event"]
    inputs = row["inputs"]
    entry_price = inputs["mark_price"] - inputs["unrealized_pnl"] / inputs["contracts"]
    held = holding(
        inputs["symbol"], 1, inputs["contracts"], entry_price, (),
        margin_mode=MarginMode.CROSS, reported_maintenance_margin=inputs["maintenance_margin"],
    )  # fmt: skip
    as_reported = Convention(name="as reported", maintenance_basis=Basis.FIXED)
    health = assess(
        pool_of(inputs["cross_wallet_balance"], held, convention=as_reported),
        {inputs["symbol"]: inputs["mark_price"]},
    )
    assert health.margin_ratio == pytest.approx(row["expected"]["margin_ratio"], abs=row["tolerance_hint"])


def test_the_deduction_follows_the_recursion_that_binance_documents(rows: Rows) -> None:
    row = rows("examples.json")["binance-usdm-maint-amount-l3"]
    tiers = tiers_with_deductions([(0, 50_000, 0.004), (50_000, 250_000, 0.005), (250_000, 1_000_000, 0.01)])
    assert [tier.maintenance_deduction for tier in tiers] == pytest.approx(
        [0, row["inputs"]["maint_amount_prev"], row["expected"]["maintenance_amount"]]
    )


def test_maintenance_is_counted_on_the_notional_at_the_mark(rows: Rows) -> None:
    row = rows("examples.json")["binance-usdm-real-wld-mm"]
    inputs = row["inputs"]
    held = holding(SYMBOL, -1, inputs["contracts"], 2.36, one_tier(inputs["maintenance_margin_rate"]))
    assert held.instrument is not None
    mark_price = inputs["notional"] / inputs["contracts"]
    maintenance = maintenance_of(held.position, held.instrument, MAINTENANCE_ON_MARK_WITHOUT_FEE, mark_price)
    assert maintenance == pytest.approx(row["expected"]["maintenance_margin"])
