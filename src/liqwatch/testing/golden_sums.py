"""Recipes for published examples of everything but a liquidation price: tiers, ratios, loans, margin levels.

`SUM_RECIPES` is by the file's formula names.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

from liqwatch.margin.dydx import bankruptcy_quote, fillable_price
from liqwatch.margin.loans import HaircutTier, Loan, LoanCollateral, assess_loan
from liqwatch.margin.marked import known_instrument
from liqwatch.margin.pnl import notional, unrealized_pnl
from liqwatch.margin.ratios import account_margin_ratio
from liqwatch.margin.spot_margin import BorrowedPosition, LevelAccount, LevelPosition
from liqwatch.margin.tiers import next_deduction, tier_of, tiers_with_deductions
from liqwatch.model import ContractKind, MarginMode, Side
from liqwatch.testing.golden import GoldenPool, Record, exchange_of, holding_of, kind_of, tiers_from
from liqwatch.testing.golden_prices import (
    BYBIT_TEXT,
    Figure,
    Figures,
    Recipe,
    figures_of_pool,
    native_ratio,
    pool_of,
)

MARKET = "the market"


def deduction(record: Record) -> Figures:
    """Of a whole table of tiers, or of one more tier."""
    inputs = record["inputs"]
    if "tiers" in inputs:
        rows = [(tier["notional_floor"], tier["notional_cap"], tier["mmr"]) for tier in inputs["tiers"]]
        amounts = [tier.maintenance_deduction for tier in tiers_with_deductions(rows)]
        return {"maint_amounts": amounts, "maintenance_amount": amounts[-1]}
    before, floor = inputs["maint_amount_prev"], inputs["bracket_floor"]
    return {"maintenance_amount": next_deduction(before, floor, inputs["mmr_n"], inputs["mmr_prev"])}


def of_notional(record: Record) -> Figures:
    """Maintenance of a notional told as such: a position of that value, opened where it stands."""
    inputs, kind = record["inputs"], kind_of(record)
    value = inputs.get("notional_value", inputs.get("notional"))
    price = value / inputs["contracts"] if "contracts" in inputs else inputs.get("entry_price", 1.0)
    contracts = value * price if kind is ContractKind.INVERSE else value / price
    facts = {"side": "short", **inputs, "contracts": contracts, "contract_size": 1.0, "entry_price": price}
    pool = GoldenPool(
        exchange=exchange_of(record, kind),
        holdings=(holding_of(facts, kind=kind, mode=MarginMode.CROSS),),
        wallet_balance=inputs.get("total_wallet_balance", 0.0),
        outside_unrealized_pnl=inputs.get("total_unrealized", 0.0),
        marks={},
        on=BYBIT_TEXT,
    )
    return {**figures_of_pool(pool), "maintenance_amount": tier_of(tiers_from(inputs), value).maintenance_deduction}


def account_sums(record: Record) -> Figures:
    """An account of which only sums are told."""
    inputs = record["inputs"]
    if "cross_wallet_balance" in inputs:
        equity = inputs["cross_wallet_balance"] + inputs["unrealized_pnl"]
        return {"margin_ratio": account_margin_ratio(equity, inputs["maintenance_margin"])}
    if "usdt" in inputs:
        own = inputs["usdt"]
        return {"mm_ratio_usdt": account_margin_ratio(own["margin_balance"], own["maintenance_margin"])}
    balance = inputs["total_margin_balance"]
    return {
        "account_im_rate": account_margin_ratio(balance, inputs["total_initial_margin"]),
        "account_mm_rate": account_margin_ratio(balance, inputs["total_maintenance_margin"]),
    }


def okx_account(record: Record) -> Figures:
    """The ratio as OKX shows it; the fee of closing is in its denominator."""
    inputs = record["inputs"]
    fees = inputs["taker_fee_rate"] * inputs["notional_usd"]
    ratio = account_margin_ratio(inputs["adj_eq"], inputs["mmr"], closing_fees=fees)
    return {"margin_ratio": native_ratio("okx", "any", ratio)}


def kucoin_risk_rate(record: Record) -> Figures:
    """Open orders add maintenance and both fees."""
    inputs, fee_rate = record["inputs"], record["inputs"]["taker_fee_rate"]
    held, ordered = _values(inputs["positions"]), _values(inputs["open_orders"])
    rates = [each["mmr"] for each in (*inputs["positions"], *inputs["open_orders"])]
    ratio = account_margin_ratio(
        inputs["total_margin"],
        math.fsum(value * rate for value, rate in zip((*held, *ordered), rates, strict=True)),
        closing_fees=fee_rate * math.fsum((*held, *ordered)),
        opening_fees=fee_rate * math.fsum(ordered),
    )
    return {"margin_ratio": ratio}


def portfolio_parts(record: Record) -> Figures:
    """What goes into Binance's uniMMR; the page breaks off before its result."""
    inputs = record["inputs"]
    found: dict[str, Figure] = {}
    for number, each in enumerate(inputs["positions"][:2], start=1):
        held = holding_of({"contracts": each["qty"], **each})
        found[f"upnl_{number}"] = unrealized_pnl(held.position, known_instrument(held), each["mark_price"])
    for each in inputs["margin"]:
        loan = BorrowedPosition(
            side=Side.SHORT, assets=0.0, debt=each["loan"], maintenance_margin_rate=inputs["margin_mmr"]
        )
        found[f"margin_mm_{each['asset'].lower()}"] = loan.maintenance_margin(1.0)
    return found


def insurance_fund(record: Record) -> Figures:
    """The fund takes over at the bankruptcy price and sells: its change is the PnL of a position opened there."""
    inputs = record["inputs"]
    held = holding_of({**inputs, "entry_price": inputs["bankruptcy_price"]})
    return {
        f"fund_delta_{number}": unrealized_pnl(held.position, known_instrument(held), price)
        for number, price in enumerate(inputs["executions"], start=1)
    }


def dydx_fillable(record: Record) -> Figures:
    """The price of a liquidation order."""
    inputs, pool = record["inputs"], _dydx_account(record)
    price = fillable_price(
        pool.marked,
        pool.first,
        spread_to_maintenance_ratio=inputs["spread_to_mm_ratio"],
        bankruptcy_adjustment=inputs["bankruptcy_adjustment"],
    )
    return {"fillable_price": price}


def dydx_bankruptcy(record: Record) -> Figures:
    """What closing brings when the position's part of the equity is used up."""
    pool, share = _dydx_account(record), record["inputs"]["close_fraction"]
    return {"bankruptcy_quote": bankruptcy_quote(pool.marked, pool.first, closed_share=share)}


def loan_to_value(record: Record) -> Figures:
    """One collateral, with or without haircut tiers; no level is told, so any will do."""
    inputs = record["inputs"]
    (told,) = inputs.get("collateral", ({},))
    haircuts = [
        HaircutTier(value_floor=floor, value_cap=cap, value_share=share)
        for floor, cap, share in told.get("haircut_tiers", ())
    ]
    pledged = LoanCollateral(
        asset="collateral",
        quantity=told.get("amount", inputs.get("collateral_btc")),
        price=told.get("price", inputs.get("collateral_price")),
        haircuts=tuple(haircuts),
        liquidation_level=1.0,
    )
    health = assess_loan(Loan(debt=inputs["loan_usdt"], collateral=(pledged,)))
    return {"collateral_value": health.collateral_value, "ltv": health.loan_to_value}


def health_factor(record: Record) -> Figures:
    """Each collateral has a liquidation level of its own."""
    inputs = record["inputs"]
    pledged = tuple(
        LoanCollateral(
            asset=each["asset"], quantity=1.0, price=each["value_usd"], liquidation_level=each["liquidation_threshold"]
        )
        for each in inputs["collateral"]
    )
    return {"health_factor": assess_loan(Loan(debt=inputs["debt_usd"], collateral=pledged)).health_factor}


def okx_spot_margin(record: Record) -> Figures:
    """An isolated position on a spot market, with the ratio as OKX shows it."""
    inputs, mark_price = record["inputs"], record["inputs"]["mark_price"]
    position = BorrowedPosition(
        side=Side[inputs["side"].upper()],
        assets=inputs["position_assets"],
        debt=inputs["liability_quote"] + inputs["interest"],
        maintenance_margin_rate=inputs["maintenance_margin_rate"],
        fee_rate=inputs["taker_fee_rate"],
    )
    return {
        "liquidation_price": position.liquidation_price,
        "margin_ratio": native_ratio("okx", "any", position.margin_ratio(mark_price)),
        "maintenance_margin": position.maintenance_margin(mark_price),
        "unrealized_pnl": position.equity(mark_price) - inputs["initial_margin"],
    }


def kraken_level(record: Record) -> Figures:
    """A position told with its used margin in coin, or by value and leverage where it was opened."""
    inputs = record["inputs"]
    if "used_margin_btc" in inputs:
        quantity, entry, price = inputs["qty_btc"], inputs["entry_price"], inputs["mark_price"]
        leverage, balance = quantity / inputs["used_margin_btc"], inputs["start_equity"]
    else:
        entry = price = inputs["price"]
        quantity, leverage, balance = inputs["position_usd"] / price, inputs["leverage"], inputs["equity"]
    held = LevelPosition(
        symbol=MARKET, side=Side[inputs["side"].upper()], quantity=quantity, entry_price=entry, leverage=leverage
    )
    account = LevelAccount(balance=balance, positions=(held,), prices={MARKET: price})
    return {"equity": account.equity, "used_margin": account.used_margin, "margin_level": account.margin_level}


def _dydx_account(record: Record) -> GoldenPool:
    """Positions counted at their oracle price: quote balance and what they are worth are the equity."""
    bare = pool_of(record, wallet=0.0)
    worth = math.fsum(
        each.position.side.value * notional(each.position, known_instrument(each), each.position.entry_price)
        for each in bare.holdings
    )
    return pool_of(record, wallet=record["inputs"]["usdc_balance"] + worth)


def _values(positions: Iterable[Record]) -> list[float]:
    return [each["contracts"] * each["contract_size"] * each["mark_price"] for each in positions]


SUM_RECIPES: Mapping[str, Recipe] = {
    "(fill-bankruptcy)*q": insurance_fund,
    "HF": health_factor,
    "MM = Q/mark * mmr": of_notional,
    "MM = mark notional * mmr - cum": of_notional,
    "MM/margin_balance": account_sums,
    "MMR = total MM / total margin balance": account_sums,
    "binance_pm": portfolio_parts,
    "cum recursion": deduction,
    "dydx bankruptcy": dydx_bankruptcy,
    "dydx fillable": dydx_fillable,
    "kraken margin level": kraken_level,
    "kucoin risk rate": kucoin_risk_rate,
    "ltv": loan_to_value,
    "ltv with tiered haircut": loan_to_value,
    "okx_margin_long": okx_spot_margin,
    "okx_multi_ccy": okx_account,
    "ratio = MM/(wallet+upnl)": account_sums,
    "tier deduction": of_notional,
}
