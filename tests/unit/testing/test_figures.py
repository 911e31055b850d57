"""The simulated venue's arithmetic against figures that others published."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest

from liqwatch.model import Side
from liqwatch.testing.venue.book import VenueAccount, VenueBook, VenuePosition
from liqwatch.testing.venue.figures import Leg, liquidation_price, maintenance_margin, unrealized_profit
from liqwatch.testing.venue.markets import MIDDLE_BRACKETS, PERPETUALS, VenueBracket, bracket_table

Example = dict[str, Any]


def published(shared: Path) -> dict[str, Example]:
    examples = json.loads((shared / "golden" / "examples.json").read_text())
    return {example["id"]: example for example in examples if example["id"].startswith("binance-usdm")}


def brackets_of(inputs: Example) -> tuple[VenueBracket, ...]:
    rows = inputs.get("tiers") or [
        {
            "notional_floor": 0.0,
            "notional_cap": math.inf,
            "mmr": inputs["maintenance_margin_rate"],
            "maint_amount": inputs.get("maintenance_amount", 0.0),
        }
    ]
    return tuple(
        VenueBracket(
            number=number,
            max_leverage=1,
            notional_floor=row["notional_floor"],
            notional_cap=row["notional_cap"],
            maintenance_margin_rate=row["mmr"],
            deduction=row["maint_amount"],
        )
        for number, row in enumerate(rows, start=1)
    )


def leg_of(inputs: Example) -> Leg:
    return Leg(
        side=Side[inputs["side"].upper()],
        contracts=inputs["contracts"],
        entry_price=inputs["entry_price"],
        brackets=brackets_of(inputs),
    )


@pytest.mark.parametrize("margin_mode", ["isolated", "cross"])
def test_published_liquidation_prices_reproduce(shared: Path, margin_mode: str) -> None:
    examples = [
        example
        for example in published(shared).values()
        if "liquidation_price" in example["expected"] and example["margin_mode"] == margin_mode
    ]
    for example in examples:
        inputs, hint = example["inputs"], example["tolerance_hint"]
        balance = inputs.get("isolated_wallet") or inputs.get("wallet_balance") or inputs["isolated_margin"]
        for other in inputs.get("other_positions", []):
            balance += unrealized_profit(leg_of(other), other["mark_price"])
            balance -= maintenance_margin(leg_of(other), other["mark_price"])
        found = liquidation_price(balance, [leg_of(inputs)], inputs.get("mark_price", inputs["entry_price"]))
        tolerance = hint["liquidation_price"] if isinstance(hint, dict) else hint
        assert found == pytest.approx(example["expected"]["liquidation_price"], abs=tolerance), example["id"]
    assert len(examples) == {"isolated": 7, "cross": 2}[margin_mode]


def test_published_maintenance_margins_reproduce(shared: Path) -> None:
    real = published(shared)["binance-usdm-real-wld-mm"]
    inputs = real["inputs"]
    leg = Leg(side=Side.SHORT, contracts=1.0, entry_price=1.0, brackets=brackets_of(inputs))
    assert maintenance_margin(leg, inputs["notional"]) == pytest.approx(
        real["expected"]["maintenance_margin"], abs=6e-9
    )
    recursion = published(shared)["binance-usdm-maint-amount-l3"]
    table = bracket_table((50_000, 0.004, 125), (250_000, 0.005, 100), (1_000_000, 0.01, 50))
    assert table[2].deduction == pytest.approx(recursion["expected"]["maintenance_amount"])


def test_published_inverse_figures_reproduce(shared: Path) -> None:
    examples = {
        each["id"]: each
        for each in json.loads((shared / "golden" / "examples.json").read_text())
        if each["id"].startswith("binance-coinm")
    }
    forum = examples["binance-coinm-forum-101btc-formula"]
    inputs = forum["inputs"]
    leg = Leg(
        side=Side.LONG,
        contracts=inputs["contracts"] * inputs["contract_size"],
        entry_price=inputs["entry_price"],
        brackets=brackets_of(inputs),
        is_inverse=True,
    )
    price = liquidation_price(inputs["wallet_balance"], [leg], inputs["entry_price"])
    assert price == pytest.approx(forum["expected"]["liquidation_price"], abs=forum["tolerance_hint"])
    equity = inputs["wallet_balance"] + unrealized_profit(leg, price or 0.0)
    assert equity == pytest.approx(maintenance_margin(leg, price or 0.0))
    real = examples["binance-coinm-real-mm"]
    held = Leg(side=Side.LONG, contracts=1.0, entry_price=1.0, brackets=brackets_of(real["inputs"]), is_inverse=True)
    margin = maintenance_margin(held, 1 / real["inputs"]["notional_value"])
    assert margin == pytest.approx(real["expected"]["maintenance_margin"], abs=real["tolerance_hint"])


def book_with(*positions: VenuePosition, wallet: float, is_hedge_mode: bool = False) -> tuple[VenueBook, VenueAccount]:
    account = VenueAccount(
        api_key="key", cross_wallets={"USDT": wallet}, positions=list(positions), is_hedge_mode=is_hedge_mode
    )
    return VenueBook(PERPETUALS, [account]), account


def solana(side: Side, contracts: float, entry_price: float = 220.0) -> VenuePosition:
    return VenuePosition(native_symbol="SOLUSDT", side=side, contracts=contracts, entry_price=entry_price)


def test_at_the_liquidation_price_a_pool_just_fails_and_one_step_before_it_does_not() -> None:
    position = solana(Side.LONG, 3_000.0)
    book, account = book_with(position, wallet=90_000.0)
    price = book.figures(account, position).liquidation_price
    assert price is not None
    for factor, is_under in ((0.9999, True), (1.0001, False)):
        book.mark_prices["SOLUSDT"] = price * factor
        assert book.is_under(account, position) is is_under


def test_the_bracket_is_taken_again_where_the_notional_falls_at_the_liquidation_price() -> None:
    leg = Leg(side=Side.LONG, contracts=1_200.0, entry_price=220.0, brackets=MIDDLE_BRACKETS)
    price = liquidation_price(60_000.0, [leg], mark_price=220.0)
    assert price is not None
    assert leg.contracts * 220.0 > MIDDLE_BRACKETS[1].notional_cap > leg.contracts * price
    equity = 60_000.0 + unrealized_profit(leg, price)
    assert equity == pytest.approx(maintenance_margin(leg, price))


def test_cross_twins_share_one_liquidation_price() -> None:
    long, short = solana(Side.LONG, 1_000.0), solana(Side.SHORT, 400.0)
    book, account = book_with(long, short, wallet=50_000.0, is_hedge_mode=True)
    prices = {book.figures(account, twin).liquidation_price for twin in (long, short)}
    assert len(prices) == 1
    assert 0 < (prices.pop() or 0) < 220.0


def test_a_position_that_its_wallet_covers_to_zero_has_no_liquidation_price() -> None:
    position = solana(Side.LONG, 10.0)
    book, account = book_with(position, wallet=50_000.0)
    assert book.figures(account, position).liquidation_price is None


def test_a_loss_elsewhere_in_the_pool_brings_the_liquidation_price_nearer() -> None:
    position = solana(Side.LONG, 1_000.0)
    other = VenuePosition(native_symbol="ETHUSDT", side=Side.LONG, contracts=10.0, entry_price=4_300.0)
    book, account = book_with(position, other, wallet=60_000.0)
    before = book.figures(account, position).liquidation_price
    book.mark_prices["ETHUSDT"] = 3_425.0
    after = book.figures(account, position).liquidation_price
    assert before is not None
    assert after is not None
    assert after > before
