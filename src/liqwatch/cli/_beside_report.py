"""What a snapshot holds beside positions, judged, as plain values: loans, spot margin, the venue's own ratio."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from liqwatch.cli._evaluate import finite
from liqwatch.config.snapshot import OfflineAccount, OfflineBorrowed, OfflineLevelAccount, OfflineLoan, OfflineRatio
from liqwatch.engine.status import plain
from liqwatch.margin.loans import LoanCollateral, LoanPrices, assess_loan
from liqwatch.margin.ratio_rows import KRAKEN_SPOT_MARGIN, OKX
from liqwatch.margin.ratios import Direction, NativeRatio, native_at, normalise
from liqwatch.margin.spot_margin import LevelPosition
from liqwatch.model import Reading, Side, Unknown


def beside_report(account: OfflineAccount, *, margin_call_ratio: float) -> dict[str, Any]:
    """`loans[]`, `spot_margin`, `reported_ratio`: empty or null where the snapshot has none."""
    ratio = account.reported_ratio
    report = {
        "loans": [_loan(each) for each in account.loans],
        "spot_margin": {
            "isolated": [_borrowed(each, margin_call_ratio) for each in account.borrowed],
            "level_accounts": [_level_account(each) for each in account.level_accounts],
        },
        "reported_ratio": _ratio(ratio, margin_call_ratio) if ratio else None,
    }
    return {key: finite(value) for key, value in report.items()}


def _loan(offline: OfflineLoan) -> dict[str, Any]:
    health, required = assess_loan(offline.loan), offline.required_collateral_ratio
    called = health.margin_call_ratio if offline.has_margin_call else None
    return {
        "name": offline.name,
        "currency": offline.currency,
        "debt": offline.loan.debt,
        "collateral_value": health.collateral_value,
        "loan_to_value": health.loan_to_value,
        "collateral_ratio": health.collateral_ratio if offline.loan.debt else None,
        "required_collateral_ratio": required,
        "required_collateral_buffer": health.collateral_value - required * offline.loan.debt,
        "margin_ratio": health.margin_ratio,
        "margin_call_ratio": called,
        "is_margin_called": called is not None and called >= 1.0,
        "is_liquidated": health.margin_ratio >= 1.0,
        "health_factor": health.health_factor if offline.loan.debt else None,
        "margin_buffer": health.margin_buffer,
        "collateral": [
            _collateral(offline, each, prices)
            for each, prices in zip(offline.loan.collateral, health.prices, strict=True)
        ],
    }


def _collateral(offline: OfflineLoan, collateral: LoanCollateral, prices: LoanPrices) -> dict[str, Any]:
    price = prices.liquidation_price
    return {
        "asset": collateral.asset,
        "quantity": collateral.quantity,
        "price": collateral.price,
        "value": collateral.value,
        "counted_value": collateral.counted_value,
        "liquidation_level": collateral.liquidation_level,
        "margin_call_level": collateral.margin_call_level,
        "margin_call_price": plain(prices.margin_call_price) if offline.has_margin_call else None,
        "liquidation_price": plain(price),
        "liquidation_distance": plain(prices.liquidation_distance),
        "why_unknown": price.reason if isinstance(price, Unknown) else None,
    }


def _borrowed(offline: OfflineBorrowed, margin_call_ratio: float) -> dict[str, Any]:
    position, mark_price = offline.position, offline.mark_price
    equity, ratio = position.equity(mark_price), position.margin_ratio(mark_price)
    price = position.liquidation_price
    return {
        "symbol": offline.symbol,
        "side": position.side.word,
        "currency": offline.currency,
        "mark_price": mark_price,
        "assets": position.assets,
        "debt": position.debt,
        "equity": equity,
        "maintenance_margin": position.maintenance_margin(mark_price),
        "closing_fee": position.requirement(mark_price) - position.maintenance_margin(mark_price),
        "margin_ratio": ratio,
        "native_ratio": _native(OKX, native_at(ratio, OKX) if ratio > 0 else None),
        "margin_buffer": equity - position.requirement(mark_price),
        "is_liquidated": ratio >= 1.0,
        "liquidation_price": plain(price),
        "liquidation_distance": _distance(price, mark_price, position.side),
        "margin_call_price": plain(position.price_at_ratio(margin_call_ratio)),
        "unrealized_pnl": None if offline.initial_margin is None else equity - offline.initial_margin,
    }


def _level_account(offline: OfflineLevelAccount) -> dict[str, Any]:
    account = offline.account
    row = replace(KRAKEN_SPOT_MARGIN, event=offline.liquidation_level)
    ratio = plain(normalise(account.margin_level, row).margin_ratio)
    return {
        "name": offline.name,
        "currency": offline.currency,
        "equity": account.equity,
        "used_margin": account.used_margin,
        "margin_level": account.margin_level,
        "liquidation_level": offline.liquidation_level,
        "margin_call_level": offline.margin_call_level,
        "margin_ratio": ratio,
        "native_ratio": _native(row, account.margin_level),
        "margin_buffer": account.equity - offline.liquidation_level * account.used_margin,
        "is_margin_called": account.margin_level <= offline.margin_call_level,
        "is_liquidated": account.margin_level <= offline.liquidation_level,
        "positions": [_level_position(offline, each) for each in account.positions],
    }


def _level_position(offline: OfflineLevelAccount, position: LevelPosition) -> dict[str, Any]:
    account, mark_price = offline.account, offline.account.prices[position.symbol]
    price = account.price_at_level(position.symbol, offline.liquidation_level)
    return {
        "symbol": position.symbol,
        "side": position.side.word,
        "quantity": position.quantity,
        "entry_price": position.entry_price,
        "mark_price": mark_price,
        "leverage": position.leverage,
        "unrealized_pnl": position.unrealized_pnl(mark_price),
        "used_margin": position.used_margin(mark_price),
        "liquidation_price": plain(price),
        "liquidation_distance": _level_distance(offline, price, mark_price),
        "margin_call_price": plain(account.price_at_level(position.symbol, offline.margin_call_level)),
    }


def _level_distance(offline: OfflineLevelAccount, price: Reading, mark_price: float) -> float | None:
    """A fraction of the mark, either way; negative beyond liquidation. All positions of a market share it."""
    if not isinstance(price, float):
        return None
    away = abs(price - mark_price) / mark_price
    return away if offline.account.margin_level > offline.liquidation_level else -away


def _distance(price: Reading, mark_price: float, side: Side) -> float | None:
    return side.value * (mark_price - price) / mark_price if isinstance(price, float) else None


def _native(row: NativeRatio, native: float | None) -> dict[str, Any]:
    return {"name": row.name, "native": native, "direction": row.direction.value, "event": row.event}


def _ratio(offline: OfflineRatio, margin_call_ratio: float) -> dict[str, Any]:
    row, sums, factor = offline.row, offline.sums, offline.adjustment_factor
    computed = sums.native(row) if sums else None
    counted = computed if offline.native is None else offline.native
    ratio = normalise(counted, row, adjustment_factor=factor).margin_ratio
    return {
        "exchange": row.exchange,
        "product": row.product,
        "name": row.name,
        "direction": row.direction.value,
        "event": row.event,
        "is_approximate": row.is_approximate,
        "source": row.source,
        "native": offline.native,
        "margin_ratio": plain(ratio),
        "is_liquidated": isinstance(ratio, float) and ratio >= 1.0,
        "native_at_margin_call": native_at(margin_call_ratio, row, adjustment_factor=factor),
        "milestones": list(_milestones(row, counted)),
        "equity": sums.equity if sums else None,
        "requirement": sums.requirement if sums else None,
        "computed_native": computed,
        "computed_margin_ratio": plain(normalise(computed, row).margin_ratio) if sums else None,
        "margin_buffer": sums.margin_buffer(row) if sums else None,
    }


def _milestones(row: NativeRatio, native: float | None) -> Iterator[dict[str, Any]]:
    """Other values at which the venue acts, and whether it has."""
    for value, action in row.milestones:
        beyond = native is not None and (
            native <= value if row.direction is Direction.HIGH_IS_SAFE else native >= value
        )
        yield {"native": value, "action": action, "is_reached": beyond}
