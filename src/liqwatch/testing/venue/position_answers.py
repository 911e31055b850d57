"""The positionRisk answers, version 3 and version 2."""

from __future__ import annotations

from typing import Any

from liqwatch.model import Side
from liqwatch.testing.venue.answers import Ask, Body
from liqwatch.testing.venue.book import PositionFigures, VenueAccount
from liqwatch.testing.venue.wire import money, plain, price_or_zero


def position_risk_v3(ask: Ask, account: VenueAccount) -> Body:
    """Open positions only, without leverage and margin type."""
    rows = []
    for position in account.positions:
        if ask.query.get("symbol", position.native_symbol) != position.native_symbol:
            continue
        figures = ask.book.figures(account, position)
        margin = money(figures.initial_margin)
        rows.append(
            {
                **_risk(account, figures),
                "marginAsset": figures.market.margin_asset,
                "initialMargin": margin,
                "maintMargin": money(figures.maintenance_margin),
                "positionInitialMargin": margin,
                "openOrderInitialMargin": "0",
                "adl": 1,
                "bidNotional": "0",
                "askNotional": "0",
                "updateTime": position.updated_ms,
            }
        )
    return rows


def position_risk_v2(ask: Ask, account: VenueAccount) -> Body:
    """One row per market and slot, open or not, with leverage and margin type."""
    rows = []
    for symbol in ask.book.markets:
        if ask.query.get("symbol", symbol) != symbol:
            continue
        rows.extend(_risk_rows_v2(ask, account, symbol))
    return rows


def coin_position_risk(ask: Ask, account: VenueAccount) -> Body:
    """Version 2 as COIN-M says it: the notional in coins, and the most contracts instead of the most notional."""
    rows = position_risk_v2(ask, account)
    for row in rows:
        row["notionalValue"] = row.pop("notional")
        row["maxQty"] = row.pop("maxNotionalValue")
    return rows


def _risk_rows_v2(ask: Ask, account: VenueAccount, symbol: str) -> list[dict[str, Any]]:
    rows = []
    held = [position for position in account.positions if position.native_symbol == symbol]
    for position in held:
        figures = ask.book.figures(account, position)
        is_isolated = position.isolated_wallet is not None
        margin_type = "isolated" if is_isolated else "cross"
        rows.append(_risk(account, figures) | _settings_v2(account, symbol, margin_type, position.updated_ms))
    empty = _empty_slots(account, [position.side for position in held])
    return rows + [_empty_risk(ask, symbol, slot) | _settings_v2(account, symbol, "cross", 0) for slot in empty]


def _empty_slots(account: VenueAccount, held: list[Side]) -> list[str]:
    """Names of the slots of one market that hold nothing."""
    if account.is_hedge_mode:
        return [side.name for side in Side if side not in held]
    return [] if held else ["BOTH"]


def _settings_v2(account: VenueAccount, symbol: str, margin_type: str, updated_ms: int) -> dict[str, Any]:
    return {
        "leverage": str(account.leverage_of(symbol)),
        "maxNotionalValue": "6000000",
        "marginType": margin_type,
        "isAutoAddMargin": "false",
        "adlQuantile": 1,
        "updateTime": updated_ms,
    }


def _risk(account: VenueAccount, figures: PositionFigures) -> dict[str, Any]:
    position = figures.position
    wallet = position.isolated_wallet
    return {
        "symbol": position.native_symbol,
        "positionSide": account.position_side(position.side),
        "positionAmt": plain(position.signed_contracts),
        "entryPrice": plain(position.entry_price),
        "breakEvenPrice": plain(position.entry_price),
        "markPrice": money(figures.mark_price),
        "unRealizedProfit": money(figures.unrealized_profit),
        "liquidationPrice": price_or_zero(figures.liquidation_price),
        "isolatedMargin": "0" if wallet is None else money(wallet + figures.unrealized_profit),
        "notional": money(position.side.value * figures.notional),
        "isolatedWallet": "0" if wallet is None else money(wallet),
    }


def _empty_risk(ask: Ask, symbol: str, slot: str) -> dict[str, Any]:
    return {
        "symbol": symbol,
        "positionSide": slot,
        "positionAmt": "0",
        "entryPrice": "0.0",
        "breakEvenPrice": "0.0",
        "markPrice": money(ask.book.mark_prices[symbol]),
        "unRealizedProfit": "0.00000000",
        "liquidationPrice": "0",
        "isolatedMargin": "0.00000000",
        "notional": "0",
        "isolatedWallet": "0",
    }
