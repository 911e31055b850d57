"""Answers about the account: wallets, modes, permissions."""

from __future__ import annotations

from typing import Any

from liqwatch.testing.venue.answers import Ask, Body
from liqwatch.testing.venue.book import VenueAccount, VenueBook, VenuePosition, WalletFigures
from liqwatch.testing.venue.wire import money, plain

UNKNOWN_IN_COINS = frozenset({"availableBalance", "maxWithdrawAmount", "multiAssetsMargin", "tradeGroupId"})


def balance(ask: Ask, account: VenueAccount) -> Body:
    """Wallets by asset, version 2 and 3."""
    rows = []
    for figures in _wallets(ask.book, account):
        row = _asset(figures, ask.now_ms)
        rows.append(
            {
                "accountAlias": "SgsR",
                "asset": figures.asset,
                "balance": row["walletBalance"],
                "crossWalletBalance": row["crossWalletBalance"],
                "crossUnPnl": row["crossUnPnl"],
                "availableBalance": row["availableBalance"],
                "maxWithdrawAmount": row["maxWithdrawAmount"],
                "marginAvailable": True,
                "updateTime": ask.now_ms,
            }
        )
    return rows


def account_v3(ask: Ask, account: VenueAccount) -> Body:
    """Totals, wallets and open positions."""
    wallets = _wallets(ask.book, account)
    return {
        **_totals(wallets),
        "assets": [_asset(figures, ask.now_ms) for figures in wallets],
        "positions": [_position(ask.book, account, position) for position in account.positions],
    }


def account_v2(ask: Ask, account: VenueAccount) -> Body:
    """Version 3 with the account's settings, and each position's."""
    answer = account_v3(ask, account)
    for row, position in zip(answer["positions"], account.positions, strict=True):
        row |= {
            "leverage": str(position.leverage),
            "isolated": position.isolated_wallet is not None,
            "entryPrice": plain(position.entry_price),
            "breakEvenPrice": plain(position.entry_price),
            "maxNotional": "6000000",
            "bidNotional": "0",
            "askNotional": "0",
            "openOrderInitialMargin": "0",
            "positionInitialMargin": row["initialMargin"],
        }
    settings = {
        "feeTier": 0,
        "canTrade": account.can_trade,
        "canDeposit": True,
        "canWithdraw": account.can_withdraw,
        "tradeGroupId": -1,
        "updateTime": 0,
        "multiAssetsMargin": account.is_multi_asset,
    }
    return settings | answer


def coin_account(ask: Ask, account: VenueAccount) -> Body:
    """The account of COIN-M: no totals, as its assets are not alike, and no mode for all assets together."""
    answer = account_v2(ask, account)
    return {
        name: value for name, value in answer.items() if not name.startswith("total") and name not in UNKNOWN_IN_COINS
    }


def multi_assets_margin(_: Ask, account: VenueAccount) -> Body:
    """Whether all assets back all positions."""
    return {"multiAssetsMargin": account.is_multi_asset}


def position_side_dual(_: Ask, account: VenueAccount) -> Body:
    """Whether hedge mode is on."""
    return {"dualSidePosition": account.is_hedge_mode}


def symbol_config(ask: Ask, account: VenueAccount) -> Body:
    """Leverage and margin type by market."""
    isolated = {position.native_symbol for position in account.positions if position.isolated_wallet is not None}
    return [
        {
            "symbol": symbol,
            "marginType": "ISOLATED" if symbol in isolated else "CROSSED",
            "isAutoAddMargin": False,
            "leverage": account.leverage_of(symbol),
            "maxNotionalValue": "6000000",
        }
        for symbol in ask.book.markets
        if ask.query.get("symbol", symbol) == symbol
    ]


def api_restrictions(ask: Ask, account: VenueAccount) -> Body:
    """What the key may do."""
    return {
        "ipRestrict": True,
        "createTime": ask.now_ms,
        "enableReading": True,
        "enableWithdrawals": account.can_withdraw,
        "enableInternalTransfer": account.can_transfer,
        "permitsUniversalTransfer": account.can_transfer,
        "enableFutures": account.can_trade,
        "enableMargin": account.can_trade,
        "enableSpotAndMarginTrading": account.can_trade,
        "enableVanillaOptions": False,
        "enablePortfolioMarginTrading": False,
        "enableFixApiTrade": False,
        "enableFixReadOnly": False,
    }


def nothing(_: Ask, __: VenueAccount) -> Body:
    """An empty list: no orders wait here, and the spot side that a client may ask for does not exist."""
    return []


def _wallets(book: VenueBook, account: VenueAccount) -> list[WalletFigures]:
    held = {book.markets[position.native_symbol].margin_asset for position in account.positions}
    return [book.wallet(account, asset) for asset in sorted(held | set(account.cross_wallets))]


def _position(book: VenueBook, account: VenueAccount, position: VenuePosition) -> dict[str, Any]:
    figures = book.figures(account, position)
    wallet = position.isolated_wallet
    return {
        "symbol": position.native_symbol,
        "positionSide": account.position_side(position.side),
        "positionAmt": plain(position.signed_contracts),
        "unrealizedProfit": money(figures.unrealized_profit),
        "isolatedMargin": "0" if wallet is None else money(wallet + figures.unrealized_profit),
        "notional": money(position.side.value * figures.notional),
        "isolatedWallet": "0" if wallet is None else money(wallet),
        "initialMargin": money(figures.initial_margin),
        "maintMargin": money(figures.maintenance_margin),
        "updateTime": position.updated_ms,
    }


def _totals(wallets: list[WalletFigures]) -> dict[str, str]:
    """Sums over assets; every margin asset here is worth one dollar."""
    wallet = sum(figures.wallet_balance for figures in wallets)
    profit = sum(figures.unrealized_profit for figures in wallets)
    initial = sum(figures.initial_margin for figures in wallets)
    cross_wallet = sum(figures.cross_wallet for figures in wallets)
    cross_profit = sum(figures.cross_profit for figures in wallets)
    available = max(wallet + profit - initial, 0.0)
    return {
        "totalInitialMargin": money(initial),
        "totalMaintMargin": money(sum(figures.maintenance_margin for figures in wallets)),
        "totalWalletBalance": money(wallet),
        "totalUnrealizedProfit": money(profit),
        "totalMarginBalance": money(wallet + profit),
        "totalPositionInitialMargin": money(initial),
        "totalOpenOrderInitialMargin": "0.00000000",
        "totalCrossWalletBalance": money(cross_wallet),
        "totalCrossUnPnl": money(cross_profit),
        "availableBalance": money(available),
        "maxWithdrawAmount": money(available),
    }


def _asset(figures: WalletFigures, updated_ms: int) -> dict[str, Any]:
    available = figures.wallet_balance + figures.unrealized_profit - figures.initial_margin
    return {
        "asset": figures.asset,
        "walletBalance": money(figures.wallet_balance),
        "unrealizedProfit": money(figures.unrealized_profit),
        "marginBalance": money(figures.wallet_balance + figures.unrealized_profit),
        "maintMargin": money(figures.maintenance_margin),
        "initialMargin": money(figures.initial_margin),
        "positionInitialMargin": money(figures.initial_margin),
        "openOrderInitialMargin": "0.00000000",
        "crossWalletBalance": money(figures.cross_wallet),
        "crossUnPnl": money(figures.cross_profit),
        "availableBalance": money(max(available, 0.0)),
        "maxWithdrawAmount": money(max(available, 0.0)),
        "updateTime": updated_ms,
    }
