from __future__ import annotations

import math
from datetime import date

from liqwatch.margin.conventions import Basis, Convention, TierMode, row_of
from liqwatch.margin.explain import explain
from liqwatch.margin.marked import MarkedPool
from liqwatch.margin.pools import Holding, Pool
from liqwatch.margin.tiers import tiers_with_deductions
from liqwatch.model import ContractKind, Instrument, LeverageTier, MarginMode, Position, Side

PUBLISHED = Convention(name="as published")
SYMBOL = "ETH/USDT:USDT"
LONG = Position(symbol=SYMBOL, side=Side.LONG, contracts=10.0, entry_price=100.0, margin_mode=MarginMode.ISOLATED)
ONE_PERCENT = (LeverageTier(notional_floor=0.0, notional_cap=math.inf, maintenance_margin_rate=0.01),)


def steps(
    convention: Convention = PUBLISHED,
    *,
    position: Position = LONG,
    tiers: tuple[LeverageTier, ...] = ONE_PERCENT,
    kind: ContractKind = ContractKind.LINEAR,
    growth: float = 0.0,
    wallet: float = 200.0,
) -> dict[str, str]:
    instrument = Instrument(
        symbol=SYMBOL,
        native_symbol="ETHUSDT",
        settle_currency="USDT",
        contract_kind=kind,
        price_tick=0.01,
        tiers=tiers,
        closing_fee_rate=0.0005,
        maintenance_rate_growth=growth,
    )
    pool = Pool(
        account="main",
        venue="binance_usdm",
        subject=position.subject,
        currency="USDT",
        margin_mode=MarginMode.ISOLATED,
        wallet_balance=wallet,
        holdings=(Holding(position, instrument),),
        convention=convention,
    )
    told = explain(MarkedPool(pool, {SYMBOL: 95.0}), pool.holdings[0], row=None)
    return {step.title: step.sum for step in told.steps} | {"conclusion": told.conclusion}


def test_each_step_shows_the_users_own_numbers() -> None:
    assert steps() == {
        "Wallet, without unrealised profit": "200",
        "Profit of the long at P": "10 * 1 * (P - 100)",
        "Maintenance of the long at P": "0.01 * 10 * P",
        "Closing fee": "not counted by this convention",
        "Equity": "-800 + 10 * P",
        "Must hold": "0 + 0.1 * P",
        "They meet at": "P = 800 / 9.9 = 80.80808081",
        "Proof: put in": "equity 8.080808081, must hold 8.080808081",
        "Rounded to the tick, toward the mark": "80.81",
        "conclusion": "Liquidation at 80.80808081, 14.94% below the mark of 95.",
    }


def test_maintenance_at_entry_and_a_fee_at_the_mark_are_amounts() -> None:
    found = steps(Convention(name="entry", maintenance_basis=Basis.ENTRY, closing_fee_basis=Basis.MARK))
    assert found["Maintenance of the long at the entry price"] == "0.01 * 1,000"
    assert found["Closing fee at the present mark"] == "0.0005 * 950"
    assert found["Must hold"] == "10.475"


def test_a_tier_is_named_by_the_notional_at_the_liquidation_price() -> None:
    tiers = tiers_with_deductions([(0, 500, 0.01), (500, 2000, 0.02), (2000, math.inf, 0.05)])
    found = steps(tiers=tiers)
    assert found["Maintenance of the long at P, tier 2 of 3 (notional 811.2244898)"] == "0.02 * 10 * P - 5"


def test_where_a_flat_tier_jumps_over_the_equity_it_is_said() -> None:
    tiers = tiers_with_deductions([(0, 1000, 0.001), (1000, math.inf, 0.2)])
    flat = Convention(name="flat", tier_mode=TierMode.FLAT)
    short = Position(symbol=SYMBOL, side=Side.SHORT, contracts=10.0, entry_price=80.0, margin_mode=MarginMode.ISOLATED)
    found = steps(flat, position=short, tiers=tiers, wallet=300.0)
    assert "(80 - P)" in found["Profit of the short at P"]
    assert found["They meet at"] == "the requirement jumps past the equity where a tier ends, at P = 100"
    assert found["conclusion"].startswith("Liquidation at 100, 5.26% above the mark")


def test_an_inverse_contract_is_counted_in_the_reciprocal() -> None:
    inverse = Position(symbol=SYMBOL, side=Side.LONG, contracts=1e4, entry_price=100.0, margin_mode=MarginMode.ISOLATED)
    found = steps(position=inverse, kind=ContractKind.INVERSE, wallet=20.0)
    assert found["Profit of the long at P"] == "10,000 * 1 * (1/100 - 1/P)"
    assert found["Equity"] == "120 - 10,000 * 1/P"
    assert found["They meet at"] == "1/P = 120 / 10,100 = 0.01188118812"


def test_a_rate_that_grows_makes_the_equation_quadratic() -> None:
    found = steps(growth=0.00005)
    assert found["Maintenance of the long at P"] == "(0.01 + 5e-05 * notional) * 10 * P"
    assert found["Must hold"] == "0 + 0.1 * P + 0.005 * (P)²"
    assert found["They meet at"].startswith("the nearest solution of the quadratic equation")


def test_an_adjustment_factor_is_divided_by_the_leverage() -> None:
    position = Position(
        symbol=SYMBOL,
        side=Side.LONG,
        contracts=10.0,
        entry_price=100.0,
        margin_mode=MarginMode.ISOLATED,
        leverage=5.0,
    )
    found = steps(Convention(name="factor", rate_is_per_leverage=True), position=position)
    assert found["Maintenance of the long at P"] == "(0.01 / 5) * 10 * P"


def test_a_position_that_cannot_be_liquidated_says_so() -> None:
    assert steps(wallet=2000.0)["conclusion"].startswith("Cannot be liquidated")


def test_beyond_liquidation_the_way_back_is_told() -> None:
    assert steps(wallet=20.0)["conclusion"].startswith("Beyond liquidation: at 98.98989899")


def test_the_convention_row_stands_beside_the_steps() -> None:
    row = row_of("binance_usdm", MarginMode.ISOLATED, ContractKind.LINEAR, date(2026, 11, 25))
    assert row is not None
    assert row.source
