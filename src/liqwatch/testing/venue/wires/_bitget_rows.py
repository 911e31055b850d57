"""What Bitget's simulated wire says of markets, positions and balances, in the venue's names."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from liqwatch.model import Side
from liqwatch.testing.venue.book import VenueAccount, VenuePosition
from liqwatch.testing.venue.markets import MAJOR_BRACKETS, MIDDLE_BRACKETS, VenueMarket
from liqwatch.testing.venue.wire import plain
from liqwatch.testing.venue.wire_protocol import Scene

USDT_FUTURES, USDC_FUTURES, COIN_FUTURES = "USDT-FUTURES", "USDC-FUTURES", "COIN-FUTURES"
PRODUCTS = (USDT_FUTURES, USDC_FUTURES, COIN_FUTURES)
TAKER_FEE_RATE = 0.0006

MARKETS = (
    VenueMarket(
        native_symbol="BTCUSDT",
        base_asset="BTC",
        mark_price=117_000.0,
        price_tick=0.1,
        quantity_step=0.0001,
        brackets=MAJOR_BRACKETS,
        closing_fee_rate=TAKER_FEE_RATE,
    ),
    VenueMarket(
        native_symbol="ETHUSDT",
        base_asset="ETH",
        mark_price=4_300.0,
        price_tick=0.01,
        quantity_step=0.01,
        brackets=MAJOR_BRACKETS,
        closing_fee_rate=TAKER_FEE_RATE,
    ),
    VenueMarket(
        native_symbol="SOLUSDT",
        base_asset="SOL",
        mark_price=220.0,
        price_tick=0.001,
        quantity_step=0.1,
        brackets=MIDDLE_BRACKETS,
        closing_fee_rate=TAKER_FEE_RATE,
    ),
    VenueMarket(
        native_symbol="ETHPERP",
        base_asset="ETH",
        quote_asset="USDC",
        margin_asset="USDC",
        mark_price=4_301.0,
        price_tick=0.01,
        quantity_step=0.01,
        brackets=MAJOR_BRACKETS,
        closing_fee_rate=TAKER_FEE_RATE,
    ),
    VenueMarket(
        native_symbol="BTCUSD",
        base_asset="BTC",
        quote_asset="USD",
        margin_asset="BTC",
        mark_price=117_005.0,
        price_tick=0.1,
        quantity_step=0.0001,
        brackets=MAJOR_BRACKETS,
        is_inverse=True,
        closing_fee_rate=TAKER_FEE_RATE,
    ),
)


def decimal(value: float) -> str:
    """A figure as the venue writes it in text."""
    return plain(round(value, 12) + 0.0)


def product_of(market: VenueMarket) -> str:
    """The product type that a market belongs to."""
    return COIN_FUTURES if market.is_inverse else f"{market.margin_asset}-FUTURES"


def markets_of(scene: Scene, product: str) -> list[VenueMarket]:
    """The markets of one product type; v3 and v2 write it in either case."""
    return [market for market in scene.book.markets.values() if product_of(market) == product.upper()]


def held_in(scene: Scene, account: VenueAccount, product: str) -> list[VenuePosition]:
    """The positions of one product type."""
    names = {market.native_symbol for market in markets_of(scene, product)}
    return [position for position in account.positions if position.native_symbol in names]


def listed(market: VenueMarket) -> dict[str, Any]:
    """One row of `contracts`."""
    place = len(plain(market.price_tick).partition(".")[2])
    coins = ["BTC", "ETH", "USDC"] if market.is_inverse else [market.margin_asset]
    return {
        "symbol": market.native_symbol,
        "baseCoin": market.base_asset,
        "quoteCoin": market.quote_asset,
        "makerFeeRate": "0.0002",
        "takerFeeRate": decimal(market.closing_fee_rate),
        "supportMarginCoins": coins,
        "minTradeNum": plain(market.quantity_step),
        "priceEndStep": "1",
        "pricePlace": str(place),
        "sizeMultiplier": plain(market.quantity_step),
        "symbolType": "perpetual",
        "symbolStatus": "normal",
        "deliveryTime": "",
        "fundInterval": str(market.funding_hours),
        "maxLever": "125",
    }


def ticker(scene: Scene, market: VenueMarket) -> dict[str, Any]:
    """One row of `tickers`, and of the ticker channel but for its name."""
    mark_price = decimal(scene.book.mark_prices[market.native_symbol])
    return {
        "symbol": market.native_symbol,
        # Not the mark: a reader that takes the last price is found out.
        "lastPr": decimal(scene.book.mark_prices[market.native_symbol] * 1.01),
        "markPrice": mark_price,
        "indexPrice": mark_price,
        "fundingRate": "0.0001",
        "ts": str(scene.now_ms()),
    }


def tiers(market: VenueMarket) -> list[dict[str, Any]]:
    """The rows of `query-position-lever`."""
    return [
        {
            "symbol": market.native_symbol,
            "level": str(bracket.number),
            "startUnit": plain(bracket.notional_floor),
            "endUnit": plain(bracket.notional_cap),
            "leverage": str(bracket.max_leverage),
            "keepMarginRate": plain(bracket.maintenance_margin_rate),
        }
        for bracket in market.brackets
    ]


def liquidation_price(scene: Scene, account: VenueAccount, position: VenuePosition) -> str:
    """As the venue shows it: "0" for none; of a cross position with maintenance as it is at the present mark."""
    figures = scene.book.figures(account, position)
    if position.isolated_wallet is not None:
        return "0" if figures.liquidation_price is None else decimal(figures.liquidation_price)
    pool = [
        scene.book.figures(account, each)
        for each in account.positions
        if each.isolated_wallet is None
        and (
            account.is_multi_asset or scene.book.markets[each.native_symbol].margin_asset == figures.market.margin_asset
        )
    ]
    wallet = (
        sum(account.cross_wallets.values())
        if account.is_multi_asset
        else account.cross_wallets.get(figures.market.margin_asset, 0.0)
    )
    spare = wallet + sum(each.unrealized_profit - each.maintenance_margin for each in pool)
    exposure = sum(
        each.position.signed_contracts for each in pool if each.position.native_symbol == position.native_symbol
    )
    price = figures.mark_price - spare / exposure if exposure else 0.0
    return decimal(price) if price > 0 else "0"


def rate_of(scene: Scene, position: VenuePosition) -> str:
    """The maintenance rate in force."""
    notional = position.contracts * scene.book.mark_prices[position.native_symbol]
    brackets = scene.book.markets[position.native_symbol].brackets
    found = next((each for each in brackets if notional <= each.notional_cap), brackets[-1])
    return plain(found.maintenance_margin_rate)


def margin_of(scene: Scene, account: VenueAccount, position: VenuePosition) -> str:
    """The isolated wallet, or what a cross position occupies."""
    if position.isolated_wallet is not None:
        return decimal(position.isolated_wallet)
    return decimal(scene.book.figures(account, position).initial_margin)


def hold_mode(account: VenueAccount) -> str:
    """Both directions in one market, or one."""
    return "hedge_mode" if account.is_hedge_mode else "one_way_mode"


def margin_mode(position: VenuePosition) -> str:
    """In the venue's words."""
    return "crossed" if position.isolated_wallet is None else "isolated"


def classic_position(scene: Scene, account: VenueAccount, position: VenuePosition) -> dict[str, Any]:
    """One row of `all-position`."""
    figures = scene.book.figures(account, position)
    return {
        "marginCoin": figures.market.margin_asset,
        "symbol": position.native_symbol,
        "holdSide": position.side.word,
        "openDelegateSize": "0",
        "marginSize": margin_of(scene, account, position),
        "available": plain(position.contracts),
        "locked": "0",
        "total": plain(position.contracts),
        "leverage": str(position.leverage),
        "achievedProfits": decimal(position.realized_profit),
        "openPriceAvg": plain(position.entry_price),
        "marginMode": margin_mode(position),
        "posMode": hold_mode(account),
        "unrealizedPL": decimal(figures.unrealized_profit),
        "liquidationPrice": liquidation_price(scene, account, position),
        "keepMarginRate": rate_of(scene, position),
        "markPrice": decimal(figures.mark_price),
        "marginRatio": "0",
        "cTime": str(position.updated_ms),
    }


def pushed_position(scene: Scene, account: VenueAccount, position: VenuePosition) -> dict[str, Any]:
    """The same in the positions channel: named otherwise, and without mark."""
    row = classic_position(scene, account, position)
    row["instId"] = row.pop("symbol")
    row["frozen"] = row.pop("locked")
    del row["markPrice"]
    return row | {"posId": "1", "leverage": position.leverage, "uTime": str(position.updated_ms)}


def unified_position(scene: Scene, account: VenueAccount, position: VenuePosition) -> dict[str, Any]:
    """One row of `current-position`."""
    figures = scene.book.figures(account, position)
    return {
        "category": product_of(figures.market),
        "symbol": position.native_symbol,
        "marginCoin": figures.market.margin_asset,
        "holdMode": hold_mode(account),
        "posSide": position.side.word,
        "marginMode": margin_mode(position),
        "positionBalance": margin_of(scene, account, position),
        "available": plain(position.contracts),
        "frozen": "0",
        "total": plain(position.contracts),
        "leverage": str(position.leverage),
        "avgPrice": plain(position.entry_price),
        "positionStatus": "normal",
        "unrealisedPnl": decimal(figures.unrealized_profit),
        "liquidationPrice": liquidation_price(scene, account, position),
        "mmr": rate_of(scene, position),
        "markPrice": decimal(figures.mark_price),
        "updatedTime": str(position.updated_ms),
    }


def pushed_unified(
    scene: Scene, account: VenueAccount, position: VenuePosition, *, is_open: bool = True
) -> dict[str, Any]:
    """The same in the position topic; one that has ended comes once more, with size 0."""
    row = unified_position(scene, account, position)
    row["size"] = row.pop("total")
    row["liqPrice"] = row.pop("liquidationPrice")
    row["marginSize"] = row.pop("positionBalance")
    del row["category"]
    if not is_open:
        row |= {"size": "0", "available": "0", "avgPrice": "0", "marginSize": "0", "liqPrice": "", "mmr": ""}
        row["positionStatus"] = "ended"
    return row


def classic_accounts(scene: Scene, account: VenueAccount, product: str) -> list[dict[str, Any]]:
    """The rows of `accounts`: one for each margin coin of the product type."""
    coins = {market.margin_asset: None for market in markets_of(scene, product)}
    return [_classic_account(scene, account, coin) for coin in coins]


def _classic_account(scene: Scene, account: VenueAccount, coin: str) -> dict[str, Any]:
    figures = scene.book.wallet(account, coin)
    equity = figures.wallet_balance + figures.unrealized_profit
    return {
        "marginCoin": coin,
        "locked": "0",
        "available": decimal(figures.wallet_balance),
        "accountEquity": decimal(equity),
        "usdtEquity": decimal(equity),
        "crossedRiskRate": "0",
        "unrealizedPL": decimal(figures.unrealized_profit) if figures.unrealized_profit else "",
        "crossedUnrealizedPL": None,
        "isolatedUnrealizedPL": None,
        "assetMode": "single",
    }


def unified_account(scene: Scene, account: VenueAccount) -> dict[str, Any]:
    """The body of `v3/account/assets`: sums over all coins in USD, each dollar coin at par."""
    pool = [scene.book.figures(account, each) for each in account.positions if each.isolated_wallet is None]
    profit = sum(scene.book.figures(account, each).unrealized_profit for each in account.positions)
    cross_profit = sum(each.unrealized_profit for each in pool)
    equity = sum(account.cross_wallets.values()) + cross_profit
    maintenance = sum(each.maintenance_margin for each in pool)
    return {
        "accountEquity": decimal(equity),
        "effEquity": decimal(equity),
        "unrealisedPnl": decimal(profit),
        "mmr": decimal(maintenance),
        "imr": decimal(sum(each.initial_margin for each in pool)),
        "mgnRatio": decimal(maintenance / equity) if equity else "0",
        "assets": [
            {"coin": coin, "equity": decimal(held), "balance": decimal(held), "debt": "0", "locked": "0"}
            for coin, held in account.cross_wallets.items()
        ],
    }


def closing_side(position: VenuePosition) -> str:
    """The side of the order that closes a position."""
    return "sell" if position.side is Side.LONG else "buy"


def forced_order(account: VenueAccount, position: VenuePosition, mark: str, at_ms: int) -> dict[str, Any]:
    """An order of the venue's own; `mark` begins its `tradeSide`."""
    side = closing_side(position)
    end = f"close_{position.side.word}" if account.is_hedge_mode else f"{side}_single"
    if mark == "dte_sys_adl_" and not account.is_hedge_mode:
        end = f"{side}_in_single_side_mode"
    return {
        "instId": position.native_symbol,
        "orderId": "1288888888888888888",
        "side": side,
        "posSide": position.side.word if account.is_hedge_mode else "net",
        "posMode": hold_mode(account),
        "tradeSide": f"{mark}{end}",
        "size": plain(position.contracts),
        "orderType": "market",
        "status": "filled",
        "enterPointSource": "SYS",
        "uTime": str(at_ms),
    }


def forced_unified_order(
    scene: Scene, account: VenueAccount, position: VenuePosition, delegate_type: str
) -> dict[str, Any]:
    """The same in the order topic of a unified account, where `delegateType` says what it is."""
    return {
        "category": product_of(scene.book.markets[position.native_symbol]).lower(),
        "symbol": position.native_symbol,
        "orderId": "1288888888888888888",
        "qty": plain(position.contracts),
        "holdMode": hold_mode(account),
        "holdSide": position.side.word,
        "delegateType": delegate_type,
        "tradeSide": "close",
        "orderType": "market",
        "side": closing_side(position),
        "marginMode": margin_mode(position),
        "reduceOnly": "yes",
        "orderStatus": "filled",
        "updatedTime": str(scene.now_ms()),
    }


def products_touched(scene: Scene, positions: Iterable[VenuePosition]) -> list[str]:
    """The product types of some positions, each once."""
    return list(dict.fromkeys(product_of(scene.book.markets[each.native_symbol]) for each in positions))
