"""Recipes for positions as venues reported them: our liquidation price from the inputs of a record.

`REPORTED_RECIPES` is by the head of the file's formula names.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any, TypeAlias

from liqwatch.margin.marked import known_instrument
from liqwatch.margin.pnl import notional
from liqwatch.margin.pools import Holding
from liqwatch.margin.spot_margin import BorrowedPosition
from liqwatch.model import ContractKind, MarginMode, Reading, Side
from liqwatch.testing.golden import TODAY, GoldenPool, Record, exchange_of, holding_of, wallet_behind
from liqwatch.testing.golden_prices import BITGET_SAMPLES, BYBIT_SAMPLES

PriceRecipe: TypeAlias = Callable[[Record], Reading]
HYPERLIQUID_RECORDS = date(2023, 6, 1)
SATOSHI = 1e-8


def formula_of(record: Record) -> str:
    """The head of the record's formula: what stands before a colon or a bracket."""
    return str(record["formula"]).partition(":")[0].partition(" (")[0]


def our_price(record: Record) -> Reading:
    """The liquidation price by our functions; raises KeyError for a formula without recipe."""
    return REPORTED_RECIPES[formula_of(record)](record)


def with_wallet(name: str, *, on: date = TODAY) -> PriceRecipe:
    """The record names the wallet or margin behind the position."""

    def recipe(record: Record) -> Reading:
        inputs = record["inputs"]
        return _price(record, _holding(record, inputs.get("this", inputs)), inputs[name], on=on)

    return recipe


def with_equity(name: str, *, on: date = TODAY) -> PriceRecipe:
    """The record tells an equity, the profit in it (else it is taken at the mark), and what else the pool must hold."""

    def recipe(record: Record) -> Reading:
        held, equity = _holding(record, record["inputs"]), record["inputs"][name]
        told_profit = record["raw"].get("upl")
        wallet = wallet_behind(equity, held, record["mark"]) if told_profit is None else equity - float(told_profit)
        return _price(record, held, wallet, on=on, outside=record["inputs"].get("other_mm", 0.0))

    return recipe


def two_positions(record: Record) -> Reading:
    """Another position stands still beside this one."""
    inputs = record["inputs"]
    return _price(record, _holding(record, inputs["this"]), inputs["wallet"], beside=inputs["other"])


def from_bankruptcy_price(name: str) -> PriceRecipe:
    """The wallet is what the venue's own bankruptcy price uses up, counted from the mark."""

    def recipe(record: Record) -> Reading:
        held = _holding(record, {"size": 1.0, "entry": record["mark"], **record["inputs"]})
        side = held.position.side.value
        return _price(record, held, side * (record["mark"] - record["inputs"][name]))

    return recipe


def bybit_isolated(record: Record) -> Reading:
    """Initial and maintenance margin told as amounts, or by leverage and rate."""
    inputs = record["inputs"]
    held = _holding(record, inputs, fixed=inputs.get("mm"))
    margin = inputs["im"] if "im" in inputs else inputs["entry"] * inputs["size"] / inputs["leverage"]
    return _price(record, held, margin, on=BYBIT_SAMPLES)


def bybit_isolated_inverse(record: Record) -> Reading:
    """The fee to close is inside the initial margin that Bybit tells."""
    inputs = record["inputs"]
    held = _holding(record, {"size": inputs["S"], **inputs}, fixed=inputs["mm"])
    return _price(record, held, inputs["im"] - inputs["close_fee"], on=BYBIT_SAMPLES)


def kucoin_isolated(record: Record) -> Reading:
    """Margin and maintenance told as amounts; the entry is cost ÷ quantity."""
    inputs = record["inputs"]
    quantity = abs(inputs["qty"]) * inputs["multiplier"]
    facts = {"size": quantity, "entry": inputs["posCost"] / quantity}
    return _price(record, _holding(record, facts, fixed=inputs["posMaint"]), inputs["posMargin"])


def bitmex_isolated_inverse(record: Record) -> Reading:
    """As KuCoin's, in satoshi."""
    inputs = record["inputs"]
    quantity = abs(inputs["qty"])
    facts = {"size": quantity, "entry": quantity / (SATOSHI * inputs["posCost"])}
    held = _holding(record, facts, fixed=SATOSHI * inputs["posMaint"])
    return _price(record, held, SATOSHI * inputs["posMargin"])


def htx_isolated(record: Record) -> Reading:
    """Profit counts from the cost of holding, and the rate is an adjustment factor."""
    inputs = record["inputs"]
    facts = {"entry": inputs["cost_hold"], "mmr": inputs["adjust_factor"], "leverage": inputs["lever"], **inputs}
    return _price(record, _holding(record, facts), inputs["margin_static"])


def hyperliquid_isolated(record: Record) -> Reading:
    """Raw USD is the cash behind the position: what it cost is taken off already."""
    held = _hyperliquid_holding(record)
    entry_value = notional(held.position, known_instrument(held), held.position.entry_price)
    return _price(record, held, record["inputs"]["rawUsd"] + held.position.side.value * entry_value)


def hyperliquid_cross(record: Record) -> Reading:
    """Account value and maintenance are those of all cross positions."""
    inputs, held = record["inputs"], _hyperliquid_holding(record)
    value = notional(held.position, known_instrument(held), held.position.entry_price)
    own = value * _hyperliquid_rate(inputs)
    every = inputs.get("crossMaintenanceMarginUsed", inputs.get("mm_total"))
    return _price(record, held, inputs.get("crossAccountValue", inputs.get("account_value")), outside=every - own)


def hyperliquid_of_2023(record: Record) -> Reading:
    """One per cent of everything held, as it stands."""
    inputs = record["inputs"]
    held = _holding(record, {"size": abs(inputs["szi"]), "entry": record["mark"], "mmr": 0.01})
    outside = 0.01 * (inputs["totalNtlPos"] - inputs["positionValue"])
    return _price(record, held, inputs["accountValue"], outside=outside, on=HYPERLIQUID_RECORDS)


def lighter_cross(record: Record) -> Reading:
    """Equity at the mark; the rate is the market's maintenance fraction."""
    inputs = record["inputs"]
    held = _holding(record, {"entry": inputs["mark"], "mmr": inputs["mmf"], **inputs})
    return _price(record, held, inputs["equity"])


def okx_spot_margin(record: Record) -> Reading:
    """A borrowed position; what it holds contains the margin."""
    inputs = record["inputs"]
    return BorrowedPosition(
        side=Side[record["side"].upper()],
        assets=inputs["pos"],
        debt=inputs["liab"],
        maintenance_margin_rate=inputs["mmr"],
        fee_rate=inputs["fee"],
    ).liquidation_price


def _price(
    record: Record,
    held: Holding,
    wallet: float,
    *,
    on: date = TODAY,
    outside: float = 0.0,
    beside: Record | None = None,
) -> Reading:
    kind, mode = known_instrument(held).contract_kind, held.position.margin_mode
    others = () if beside is None else (_holding({**record, "symbol": "beside"}, beside),)
    mark_price = record["mark"] or held.position.entry_price
    marks = {held.position.symbol: mark_price} | ({"beside": beside["mark"]} if beside else {})
    pool = GoldenPool(
        exchange=exchange_of(record, kind),
        holdings=(held, *others),
        wallet_balance=wallet,
        marks=marks,
        on=BITGET_SAMPLES if record["exchange"] == "bitget" and mode is MarginMode.CROSS else on,
        outside_maintenance_margin=outside,
    )
    return pool.liquidation_price


def _holding(record: Record, inputs: Mapping[str, Any], *, fixed: float | None = None) -> Holding:
    """A position in the short words of this file; kind and margin mode are in the formula's name."""
    formula = str(record["formula"])
    is_inverse = "inverse" in formula or "coinm" in formula
    facts = {
        "symbol": record["symbol"],
        "side": record["side"],
        "contracts": inputs.get("size", inputs.get("contracts")),
        "contract_size": inputs.get("ctVal", inputs.get("contract_size", 1.0)),
        "entry_price": inputs.get("entry", inputs.get("avgPx")),
        "maintenance_margin_rate": inputs.get("mmr", 0.0),
        "maintenance_amount": inputs.get("cum", 0.0),
        "taker_fee_rate": inputs.get("taker", inputs.get("taker_fee", 0.0)),
        "leverage": inputs.get("leverage"),
    }
    return holding_of(
        facts,
        kind=ContractKind.INVERSE if is_inverse else ContractKind.LINEAR,
        mode=MarginMode.ISOLATED if "isolated" in formula else MarginMode.CROSS,
        fixed_maintenance_margin=fixed,
    )


def _hyperliquid_holding(record: Record) -> Holding:
    inputs = record["inputs"]
    return _holding(record, {"size": abs(inputs["szi"]), "entry": record["mark"], "mmr": _hyperliquid_rate(inputs)})


def _hyperliquid_rate(inputs: Mapping[str, Any]) -> float:
    """Half the initial margin at the highest leverage."""
    return 1.0 / (2.0 * float(inputs.get("maxLeverage", inputs.get("max_leverage"))))


REPORTED_RECIPES: Mapping[str, PriceRecipe] = {
    "HL-style cross with MMF 1.2%": lighter_cross,
    "binance_coinm_isolated": with_wallet("wallet"),
    "binance_cross_multi": two_positions,
    "binance_cross_single": with_wallet("wallet"),
    "binance_isolated": with_wallet("wallet"),
    "bitget_cross_as_shown": with_equity("derived_equity"),
    "bitget_isolated": with_wallet("margin"),
    "bitmex_isolated_inverse": bitmex_isolated_inverse,
    "bybit_isolated": bybit_isolated,
    "bybit_isolated_inverse": bybit_isolated_inverse,
    "coinex_cross": from_bankruptcy_price("bkr_price"),
    "delta_isolated": with_wallet("margin"),
    "gate_isolated": with_wallet("margin"),
    "hl_cross": hyperliquid_cross,
    "hl_cross_2023_legacy": hyperliquid_of_2023,
    "hl_isolated": hyperliquid_isolated,
    "htx_cross": with_equity("derived_equity"),
    "htx_isolated_adjust_factor": htx_isolated,
    "inverse cross single": with_wallet("wallet"),
    "kucoin_cross": from_bankruptcy_price("bankruptPrice"),
    "kucoin_isolated": kucoin_isolated,
    "mexc_isolated": with_wallet("margin"),
    "okx-style cross": with_equity("derived_equity"),
    "okx-style isolated": with_wallet("margin"),
    "okx_cross_inverse": with_equity("derived_equity"),
    "okx_cross_linear": with_equity("derived_equity"),
    "okx_isolated_inverse": with_wallet("margin"),
    "okx_isolated_linear": with_wallet("margin"),
    "okx_margin_isolated": okx_spot_margin,
    "phemex_cross": with_wallet("balance"),
    "phemex_isolated": with_wallet("margin"),
    "poloniex_cross": with_equity("derived_equity"),
}
