"""Recipes for published examples of positions: what we compute from a record, by the file's own names.

`PRICE_RECIPES` is by the file's formula names.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any, TypeAlias

from liqwatch.margin.bankruptcy_fee import bankruptcy_price_after_fee, fee_to_close, leverage_bankruptcy_price
from liqwatch.margin.costs import initial_margin
from liqwatch.margin.families import MAINTENANCE_AT_ENTRY
from liqwatch.margin.maintenance import maintenance_of
from liqwatch.margin.marked import known_instrument
from liqwatch.margin.ratio_rows import native_ratio_of
from liqwatch.margin.ratios import native_at
from liqwatch.model import Reading
from liqwatch.testing.golden import (
    TODAY,
    GoldenPool,
    Record,
    exchange_of,
    holding_of,
    kind_of,
    mode_of,
    wallet_behind,
)

Figure: TypeAlias = Reading | list[float] | None
Figures: TypeAlias = Mapping[str, Figure]
Recipe: TypeAlias = Callable[[Record], Figures]

WALLET_NAMES = ("isolated_wallet", "isolated_margin", "wallet_balance", "account_balance", "wallet_implied")
BITGET_SAMPLES, BYBIT_SAMPLES, BYBIT_TEXT = date(2023, 11, 1), date(2025, 5, 1), date(2026, 8, 1)
"""Days within the rows that examples of those kinds belong to."""


def pool_of(
    record: Record,
    *,
    wallet: float | None = None,
    inputs: Record | None = None,
    fixed_maintenance_margin: float | None = None,
    on: date = TODAY,
) -> GoldenPool:
    """The pool of a record; `inputs` override the record's, `wallet` what they say of the wallet."""
    facts = {**record["inputs"], **(inputs or {})}
    kind, mode = kind_of(record), mode_of(record)
    first = holding_of(facts, kind=kind, mode=mode, fixed_maintenance_margin=fixed_maintenance_margin)
    beside = [_beside(other, facts, number) for number, other in enumerate(facts.get("other_positions", ()))]
    marks = {str(each["symbol"]): float(each["mark_price"]) for each in beside}
    if "mark_price" in facts:
        marks[first.position.symbol] = float(facts["mark_price"])
    if wallet is None:
        wallet = next(float(facts[name]) for name in WALLET_NAMES if name in facts)
    return GoldenPool(
        exchange=exchange_of(record, kind),
        holdings=(first, *(holding_of(each, kind=kind, mode=mode) for each in beside)),
        wallet_balance=wallet,
        marks=marks,
        on=on,
    )


def figures_of_pool(pool: GoldenPool) -> dict[str, Figure]:
    """What any pool may be asked; sums of the other positions under both of the file's names."""
    others = [pool.marked.amounts[each.position.subject] for each in pool.holdings[1:]]
    beside = math.fsum(each.maintenance_margin for each in others)
    return {
        "liquidation_price": pool.liquidation_price,
        "bankruptcy_price": pool.bankruptcy_price,
        "initial_margin": initial_margin(pool.position),
        "maintenance_margin": pool.position.maintenance_margin,
        "margin_ratio": pool.health.margin_ratio,
        "total_margin_balance": pool.marked.equity,
        "tmm_other": beside,
        "mm_other": beside,
        "upnl_other": math.fsum(each.unrealized_pnl for each in others),
    }


def plain(record: Record) -> Figures:
    """The record names its wallet."""
    return figures_of_pool(pool_of(record))


def with_leverage_margin(record: Record) -> Figures:
    """The wallet is entry value ÷ leverage."""
    return figures_of_pool(pool_of(record, wallet=_entry_value(record) / record["inputs"]["leverage"]))


def with_equity(name: str) -> Recipe:
    """The wallet is an equity told at the mark, less the PnL."""

    def recipe(record: Record) -> Figures:
        bare = pool_of(record, wallet=0.0)
        mark_price = bare.marks[bare.first.position.symbol]
        return figures_of_pool(pool_of(record, wallet=wallet_behind(record["inputs"][name], bare.first, mark_price)))

    return recipe


def hyperliquid_raw_usd(record: Record) -> Figures:
    """Raw USD is what is left in cash: wallet less entry value of a long."""
    return figures_of_pool(pool_of(record, wallet=record["inputs"]["raw_usd"] + _entry_value(record)))


def bitget_cross(record: Record) -> Figures:
    """Samples of 2023."""
    return figures_of_pool(pool_of(record, on=BITGET_SAMPLES))


def bybit_legacy(record: Record) -> Figures:
    """Maintenance at entry; margin added or eaten by funding is `extra_margin`."""
    inputs = record["inputs"]
    wallet = inputs.get("isolated_margin", _entry_value(record) / inputs["leverage"] + inputs.get("extra_margin", 0.0))
    return {**figures_of_pool(pool_of(record, wallet=wallet, on=BYBIT_SAMPLES)), **bybit_margins(record)}


def bybit_text(record: Record) -> Figures:
    """The help page of 2026: added margin counts before the fee of closing it."""
    inputs = record["inputs"]
    wallet = _entry_value(record) / inputs["leverage"] + inputs["extra_margin"] / (1 - inputs["taker_fee_rate"])
    return {**figures_of_pool(pool_of(record, wallet=wallet, on=BYBIT_TEXT)), **bybit_margins(record)}


def bybit_margins(record: Record) -> Figures:
    """Bybit's initial and maintenance margin, both taken at entry here, contain the fee to close."""
    pool = pool_of(record, wallet=0.0, on=BYBIT_SAMPLES, inputs={"mark_price": record["inputs"]["entry_price"]})
    position, instrument = pool.first.position, known_instrument(pool.first)
    fee, initial = fee_to_close(position, instrument), initial_margin(pool.position)
    if fee is None or initial is None:
        raise ValueError(f"{record['id']} tells no leverage")
    return {
        "fee_to_close": fee,
        "initial_margin": initial + fee,
        "position_balance": initial + fee,
        "maintenance_margin": maintenance_of(position, instrument, pool.convention, position.entry_price) + fee,
        "bankruptcy_price": leverage_bankruptcy_price(position, instrument),
    }


def leverage_bankruptcy(record: Record) -> Figures:
    """The bankruptcy price of a leverage, fee apart."""
    held = holding_of(record["inputs"])
    return {"bankruptcy_price": leverage_bankruptcy_price(held.position, known_instrument(held))}


def with_fee_in_bankruptcy(on: date) -> Recipe:
    """The bankruptcy price pays for closing."""

    def recipe(record: Record) -> Figures:
        pool = pool_of(record, on=on)
        return {**figures_of_pool(pool), "bankruptcy_price": bankruptcy_price_after_fee(pool.marked, pool.first)}

    return recipe


def reported_parts(record: Record) -> Figures:
    """KuCoin and BitMEX tell the position's margin and its maintenance, both with the bankruptcy fee inside."""
    inputs = record["inputs"]
    pool = pool_of(record, wallet=inputs["pos_margin"], fixed_maintenance_margin=inputs["pos_maint"])
    before_fee = pool_of(record, wallet=inputs["pos_init"] + inputs.get("pos_cross", 0.0), fixed_maintenance_margin=0.0)
    return {"liquidation_price": pool.liquidation_price, "bankruptcy_price": before_fee.bankruptcy_price}


def kucoin_isolated(record: Record) -> Figures:
    """Reported in parts, with the maintenance alone, or as an example of the help page."""
    inputs = record["inputs"]
    if "pos_margin" in inputs:
        return reported_parts(record)
    if "isolated_margin" in inputs:
        return figures_of_pool(pool_of(record, fixed_maintenance_margin=inputs["reported_maintenance_margin"]))
    return with_leverage_margin(record)


def kucoin_inverse(record: Record) -> Figures:
    """The position is told in coin, and so is its margin."""
    inputs = record["inputs"]
    wallet = inputs["position_btc"] / inputs["leverage"] + inputs["extra_margin"]
    rate = inputs["maintenance_margin_rate_implied"]
    return figures_of_pool(pool_of(record, wallet=wallet, inputs={"maintenance_margin_rate": rate}))


def phemex_legacy(record: Record) -> Figures:
    """The position's margin is told net of the bankruptcy fee."""
    prices = figures_of_pool(pool_of(record, wallet=record["inputs"]["position_margin"]))
    return {**prices, **leverage_bankruptcy(record)}


def kraken_futures(record: Record) -> Figures:
    """The page states a maintenance at entry beside a price that needs it on the mark."""
    pool = pool_of(record)
    position, instrument = pool.first.position, known_instrument(pool.first)
    stated = maintenance_of(position, instrument, MAINTENANCE_AT_ENTRY, position.entry_price)
    return {**figures_of_pool(pool), "stated_maintenance_margin": stated}


def htx_adjustment_factor(record: Record) -> Figures:
    """The mark is not told: it is where the position margin has its value."""
    inputs, factor = record["inputs"], record["inputs"]["adjust_factor"]
    mark_price = inputs["contracts"] * inputs["contract_size"] / (inputs["leverage"] * inputs["position_margin"])
    facts: dict[str, Any] = {
        "entry_price": inputs["cost_hold"],
        "mark_price": mark_price,
        "maintenance_margin_rate": factor,
    }
    pool = pool_of(record, wallet=inputs["margin_static"], inputs=facts)
    return {
        "liquidation_price": pool.liquidation_price,
        "risk_rate": native_ratio("htx", "legacy", pool.health.margin_ratio, adjustment_factor=factor),
    }


def linear_on_mark(record: Record) -> Figures:
    """Poloniex, Lighter, and an HTX account that is told a maintenance rate as such: it is not divided by leverage."""
    if "cross_asset_value" in record["inputs"]:
        return with_equity("cross_asset_value")(record)
    return figures_of_pool(pool_of(record, inputs={"leverage": None}))


def okx_inverse(record: Record) -> Figures:
    """With the ratio as OKX shows it."""
    figures = figures_of_pool(pool_of(record))
    return {**figures, "margin_ratio": native_ratio("okx", "any", figures["margin_ratio"])}


def dydx(record: Record) -> Figures:
    """With the maintenance at the liquidation price."""
    figures = with_equity("equity")(record) if "equity" in record["inputs"] else plain(record)
    pool, price = pool_of(record, wallet=0.0), figures["liquidation_price"]
    if not isinstance(price, float):
        return figures
    at_price = maintenance_of(pool.first.position, known_instrument(pool.first), pool.convention, price)
    return {**figures, "maintenance_margin_at_liq": at_price}


def native_ratio(exchange: str, product: str, margin_ratio: Figure, *, adjustment_factor: float = 0.0) -> float:
    """One of our ratios as the venue shows it; raises ValueError where there is none."""
    row = native_ratio_of(exchange, product)
    if row is None or not isinstance(margin_ratio, float):
        raise ValueError(f"no ratio of {exchange}, {product}, to show")
    return native_at(margin_ratio, row, adjustment_factor=adjustment_factor)


def _beside(other: Record, facts: Record, number: int) -> Record:
    """A further position of the pool; what it does not say is as in the first."""
    defaults = {"symbol": f"beside {number}", "maintenance_margin_rate": facts["maintenance_margin_rate"]}
    return {**defaults, **other}


def _entry_value(record: Record) -> float:
    inputs = record["inputs"]
    return float(inputs["contracts"] * inputs["contract_size"] * inputs["entry_price"])


PRICE_RECIPES: Mapping[str, Recipe] = {
    "E(1-1/lev)": leverage_bankruptcy,
    "binance_coinm": plain,
    "binance_usdm": plain,
    "bitget cross: MM at current mark": bitget_cross,
    "bitmex_entry_mm": reported_parts,
    "bybit MM incl. fee to close": bybit_margins,
    "bybit_inverse_cross_legacy": with_fee_in_bankruptcy(BYBIT_SAMPLES),
    "bybit_legacy_entry_mm": bybit_legacy,
    "bybit_uta_iso_2026": bybit_text,
    "delta_entry_mm": plain,
    "dydx": dydx,
    "gate/okx linear": plain,
    "gate_linear": plain,
    "htx_adjust_factor": htx_adjustment_factor,
    "hyperliquid": plain,
    "hyperliquid rawUsd": hyperliquid_raw_usd,
    "inverse mark MM": kraken_futures,
    "kucoin_cross": plain,
    "kucoin_entry_mm": kucoin_isolated,
    "kucoin_inverse_entry_mm": kucoin_inverse,
    "linear mark MM": linear_on_mark,
    "mexc_entry_mm": with_leverage_margin,
    "okx_inverse (fee at liq)": okx_inverse,
    "okx_linear (fee at liq)": with_equity("equity_implied"),
    "phemex_legacy_entry_mm": phemex_legacy,
    "phemex_linear": with_fee_in_bankruptcy(TODAY),
}
