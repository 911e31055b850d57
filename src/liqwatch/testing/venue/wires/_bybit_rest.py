"""Bybit's REST v5 as the simulator answers it: envelope, cursors, key, signature and time."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Sequence
from typing import Any

from liqwatch.model import MarginMode, Side
from liqwatch.testing.venue.book import VenueAccount, VenuePosition
from liqwatch.testing.venue.markets import VenueMarket
from liqwatch.testing.venue.marks import next_funding_ms
from liqwatch.testing.venue.wire_protocol import RestAnswer, RestCall, Scene

PUBLIC_PREFIX = "/v5/market/"
DEFAULT_PAGE, LARGEST_PAGE = 20, 200
TOLERATED_LEAD_MS = 1000
MINUTE_MS = 60_000
CANDLES = 3
CLASSIC_STATUS, UNIFIED_STATUS = 1, 6
INVALID_KEY = (10003, "API key is invalid.")
INVALID_SIGNATURE = (10004, "Error sign, please check your signature generation algorithm.")
OUTSIDE_WINDOW = (10002, "invalid request, please check your server timestamp or recv_window param")
BAD_PARAMETER = (10001, "params error: Missing some parameters that must be filled in, symbol or settleCoin")
UNKNOWN_PATH = (10017, "Route not found")


class Refused(Exception):
    """The venue says no: its code and its words."""


def answer(call: RestCall, scene: Scene) -> RestAnswer:
    """One call. Refusals have status 200 and a code of their own, as the venue has it."""
    try:
        result = _result(call, scene)
    except Refused as refused:
        code, message = refused.args
        return RestAnswer(_envelope(scene, {}, code, message), 404 if code == UNKNOWN_PATH[0] else 200)
    return RestAnswer(_envelope(scene, result))


def _envelope(scene: Scene, result: dict[str, Any], code: int = 0, message: str = "OK") -> dict[str, Any]:
    return {"retCode": code, "retMsg": message, "result": result, "retExtInfo": {}, "time": scene.now_ms()}


def _result(call: RestCall, scene: Scene) -> dict[str, Any]:
    if call.path.startswith(PUBLIC_PREFIX):
        public = PUBLIC.get(call.path)
        if public is None:
            raise Refused(*UNKNOWN_PATH)
        return public(call, scene)
    private = PRIVATE.get(call.path)
    if private is None:
        raise Refused(*UNKNOWN_PATH)
    return private(call, scene, _signer(call, scene))


def _signer(call: RestCall, scene: Scene) -> VenueAccount:
    """The account whose key has signed the call."""
    key, timestamp = call.headers.get("x-bapi-api-key", ""), call.headers.get("x-bapi-timestamp", "")
    window = call.headers.get("x-bapi-recv-window", "5000")
    account = scene.book.accounts.get(key)
    if account is None or scene.faults.reject_keys:
        raise Refused(*INVALID_KEY)
    now_ms = scene.now_ms()
    if not timestamp.isdigit() or not now_ms - int(window) <= int(timestamp) < now_ms + TOLERATED_LEAD_MS:
        raise Refused(*OUTSIDE_WINDOW)
    signature = call.headers.get("x-bapi-sign", "")
    if not signature:
        raise Refused(*INVALID_SIGNATURE)
    if account.secret is not None:
        signed = f"{timestamp}{key}{window}{call.raw_query}"
        if signature != hmac.new(account.secret.encode(), signed.encode(), hashlib.sha256).hexdigest():
            raise Refused(*INVALID_SIGNATURE)
    return account


def _paged(call: RestCall, scene: Scene, rows: Sequence[dict[str, Any]], *, most: int = LARGEST_PAGE) -> dict[str, Any]:
    """A page with rows has a cursor, also the last one; behind it is an empty page."""
    start = int(call.query.get("cursor", "page:0").partition(":")[2])
    size = min(int(call.query.get("limit", DEFAULT_PAGE)), scene.faults.page_limit or most)
    page = rows[start : start + size]
    cursor = f"page%3A{start + size}" if page else ""
    return {"category": call.query.get("category", ""), "list": page, "nextPageCursor": cursor}


def _asked_markets(call: RestCall, scene: Scene) -> list[VenueMarket]:
    category, symbol = call.query.get("category", ""), call.query.get("symbol", "")
    if category not in ("linear", "inverse"):
        raise Refused(10001, "params error: Category is invalid")
    found = [each for each in scene.book.markets.values() if family(each) == category]
    if symbol and not any(each.native_symbol == symbol for each in found):
        raise Refused(10001, "params error: Symbol Invalid")
    return [each for each in found if symbol in ("", each.native_symbol)]


def family(market: VenueMarket) -> str:
    """`linear` or `inverse`."""
    return "inverse" if market.is_inverse else "linear"


def _time(call: RestCall, scene: Scene) -> dict[str, Any]:  # noqa: ARG001  one shape for all
    now_ms = scene.now_ms()
    return {"timeSecond": str(now_ms // 1000), "timeNano": f"{now_ms}000000"}


def _instruments(call: RestCall, scene: Scene) -> dict[str, Any]:
    markets = _asked_markets(call, scene) if call.query.get("status", "Trading") == "Trading" else []
    return _paged(call, scene, [_instrument(each) for each in markets], most=1000) | ({} if markets else {"list": []})


def _instrument(market: VenueMarket) -> dict[str, Any]:
    kind = "Inverse" if market.is_inverse else "Linear"
    return {
        "symbol": market.native_symbol,
        "contractType": f"{kind}Perpetual" if market.is_perpetual else f"{kind}Futures",
        "status": "Trading",
        "baseCoin": market.base_asset,
        "quoteCoin": market.quote_asset,
        "launchTime": "1584230400000",
        "deliveryTime": "0" if market.is_perpetual else str(market.delivery_ms),
        "priceScale": "2",
        "leverageFilter": {"minLeverage": "1", "maxLeverage": "100.00", "leverageStep": "0.01"},
        "priceFilter": {"minPrice": f"{market.price_tick:f}", "tickSize": f"{market.price_tick:f}"},
        "lotSizeFilter": {"minOrderQty": f"{market.quantity_step:f}", "qtyStep": f"{market.quantity_step:f}"},
        "unifiedMarginTrade": True,
        "fundingInterval": market.funding_hours * 60,
        "settleCoin": market.margin_asset,
    }


def _tickers(call: RestCall, scene: Scene) -> dict[str, Any]:
    rows = [ticker(scene, each) for each in _asked_markets(call, scene)]
    return {"category": call.query["category"], "list": rows}


def ticker(scene: Scene, market: VenueMarket) -> dict[str, Any]:
    """A whole ticker, as REST answers it and as a stream begins with it."""
    mark_price = scene.book.mark_prices[market.native_symbol]
    funding = {
        "fundingRate": "0.0001",
        "nextFundingTime": str(next_funding_ms(scene.now_ms(), market)),
        "fundingIntervalHour": str(market.funding_hours),
    }
    none = {"fundingRate": "", "nextFundingTime": "0", "fundingIntervalHour": ""}
    return {
        "symbol": market.native_symbol,
        "lastPrice": text(mark_price * 1.003),
        "indexPrice": text(mark_price * 0.999),
        "markPrice": text(mark_price),
        "openInterest": "1000",
        "openInterestValue": "1000000",
        "bid1Price": text(mark_price * 1.0029),
        "bid1Size": "1",
        "ask1Price": text(mark_price * 1.0031),
        "ask1Size": "1",
        **(funding if market.is_perpetual else none),
    }


def _candles(call: RestCall, scene: Scene) -> dict[str, Any]:
    """The last minutes at the present mark, the newest first."""
    (market,) = _asked_markets(call, scene)
    price, newest = text(scene.book.mark_prices[market.native_symbol]), scene.now_ms() // MINUTE_MS * MINUTE_MS
    opened = [newest - number * MINUTE_MS for number in range(CANDLES)]
    start, end = int(call.query.get("start", 0)), int(call.query.get("end", newest))
    rows = [[str(each), price, price, price, price] for each in opened if start <= each <= end]
    return {"symbol": market.native_symbol, "category": call.query["category"], "list": rows}


def _risk_limits(call: RestCall, scene: Scene) -> dict[str, Any]:
    rows = [
        {
            "id": bracket.number,
            "symbol": market.native_symbol,
            "riskLimitValue": text(bracket.notional_cap),
            "maintenanceMargin": text(bracket.maintenance_margin_rate),
            "initialMargin": text(1 / bracket.max_leverage),
            "isLowestRisk": int(bracket.number == 1),
            "maxLeverage": f"{bracket.max_leverage:.2f}",
            "mmDeduction": text(bracket.deduction) if bracket.deduction else "",
        }
        for market in _asked_markets(call, scene)
        for bracket in market.brackets
    ]
    return {"category": call.query["category"], "list": rows, "nextPageCursor": ""}


def is_classic(account: VenueAccount) -> bool:
    """Only a classic account can hold isolated and cross positions side by side."""
    return len({each.margin_mode for each in account.positions}) > 1


def is_isolated(account: VenueAccount) -> bool:
    """The margin mode of the whole unified account."""
    return bool(account.positions) and all(each.margin_mode is MarginMode.ISOLATED for each in account.positions)


def _info(call: RestCall, scene: Scene, account: VenueAccount) -> dict[str, Any]:  # noqa: ARG001  one shape for all
    return {
        "marginMode": "ISOLATED_MARGIN" if is_isolated(account) else "REGULAR_MARGIN",
        "updatedTime": "1723481446000",
        "unifiedMarginStatus": CLASSIC_STATUS if is_classic(account) else UNIFIED_STATUS,
        "dcpStatus": "OFF",
        "timeWindow": 0,
        "smpGroup": 0,
        "isMasterTrader": False,
        "spotHedgingStatus": "OFF",
    }


def _wallet(call: RestCall, scene: Scene, account: VenueAccount) -> dict[str, Any]:
    kind = "CONTRACT" if is_classic(account) else "UNIFIED"
    if call.query.get("accountType") != kind:
        raise Refused(10001, "accountType only support " + kind)
    return {"list": [wallet(account, scene)]}


def wallet(account: VenueAccount, scene: Scene) -> dict[str, Any]:
    """One account type with its coins; totals in USD, empty where margin is not pooled."""
    coins = [scene.book.wallet(account, asset) for asset in account.cross_wallets]
    prices = {each.asset: _dollars(each.asset, scene) for each in coins}
    balance = sum(each.wallet_balance * prices[each.asset] for each in coins)
    profit = sum(each.unrealized_profit * prices[each.asset] for each in coins)
    required = sum(each.maintenance_margin * prices[each.asset] for each in coins)
    is_pool = not (is_classic(account) or is_isolated(account))
    totals = {
        "totalEquity": text(balance + profit),
        "totalWalletBalance": text(balance),
        "totalMarginBalance": text(balance + profit) if is_pool else "",
        "totalPerpUPL": text(profit) if is_pool else "",
        "totalMaintenanceMargin": text(required) if is_pool else "",
        "accountMMRate": f"{required / (balance + profit):.4f}" if is_pool and balance + profit > 0 else "",
    }
    rows = [
        {
            "coin": each.asset,
            "equity": text(each.wallet_balance + each.unrealized_profit),
            "usdValue": text((each.wallet_balance + each.unrealized_profit) * prices[each.asset]),
            "walletBalance": text(each.wallet_balance + _fees_aside(account, each.asset, scene)),
            "unrealisedPnl": text(each.unrealized_profit),
            "totalPositionIM": text(each.initial_margin),
            "totalPositionMM": text(each.maintenance_margin),
            "availableToWithdraw": "",
        }
        for each in coins
    ]
    return {"accountType": "CONTRACT" if is_classic(account) else "UNIFIED", **totals, "coin": rows}


def _dollars(asset: str, scene: Scene) -> float:
    return scene.book.mark_prices.get(f"{asset}USD", 1.0)


def _fees_aside(account: VenueAccount, asset: str, scene: Scene) -> float:
    """The book's isolated margins are without the fees to close that this venue keeps in them."""
    return sum(
        _fee_to_close(each, scene)
        for each in account.positions
        if each.isolated_wallet is not None and scene.book.markets[each.native_symbol].margin_asset == asset
    )


def _fee_to_close(position: VenuePosition, scene: Scene) -> float:
    """At the bankruptcy price of the leverage."""
    value = position.contracts * position.entry_price * (1 - position.side.value / position.leverage)
    return value * scene.book.markets[position.native_symbol].closing_fee_rate


def _positions(call: RestCall, scene: Scene, account: VenueAccount) -> dict[str, Any]:
    category, settle = call.query.get("category"), call.query.get("settleCoin")
    if category == "linear" and not settle and "symbol" not in call.query:
        raise Refused(*BAD_PARAMETER)
    held = [
        each
        for each in account.positions
        if family(market := scene.book.markets[each.native_symbol]) == category
        and settle in (None, market.margin_asset)
    ]
    if scene.faults.empty_positions_once and held:
        scene.faults.empty_positions_once = False
        held = []
    return _paged(call, scene, [position_row(account, each, scene) | _entry(each, "avgPrice") for each in held])


def _entry(position: VenuePosition, name: str) -> dict[str, str]:
    return {name: text(position.entry_price)}


def position_row(
    account: VenueAccount, position: VenuePosition, scene: Scene, *, is_open: bool = True
) -> dict[str, Any]:
    """What REST and stream say alike of a position; only the name of its entry price differs."""
    figures, fee = scene.book.figures(account, position), _fee_to_close(position, scene)
    margin = 0.0 if position.isolated_wallet is None else position.isolated_wallet + fee
    price = figures.liquidation_price if is_open else None
    return {
        "positionIdx": position_index(account, position),
        "symbol": position.native_symbol,
        "side": side_word(position.side) if is_open else "",
        "size": text(position.contracts) if is_open else "0",
        "positionValue": text(position.contracts * position.entry_price) if is_open else "0",
        "tradeMode": int(is_classic(account) and position.isolated_wallet is not None),
        "positionStatus": "Normal",
        "leverage": str(position.leverage),
        "markPrice": text(figures.mark_price),
        "liqPrice": "" if price is None else text(price),
        "bustPrice": "",
        "positionBalance": text(margin) if is_open else "0",
        "positionIM": text(figures.initial_margin + fee) if is_open else "0",
        "positionMM": text(figures.maintenance_margin) if is_open else "0",
        "unrealisedPnl": text(figures.unrealized_profit) if is_open else "0",
        "cumRealisedPnl": text(position.realized_profit),
        "adlRankIndicator": 2,
        "autoAddMargin": 0,
        "isReduceOnly": False,
        "updatedTime": str(position.updated_ms),
        "seq": position.updated_ms,
    }


def position_index(account: VenueAccount, position: VenuePosition) -> int:
    """0 one-way, 1 and 2 the long and the short of hedge mode."""
    if not account.is_hedge_mode:
        return 0
    return 1 if position.side is Side.LONG else 2


def side_word(side: Side) -> str:
    """`Buy` or `Sell`."""
    return "Buy" if side is Side.LONG else "Sell"


def _orders(call: RestCall, scene: Scene, account: VenueAccount) -> dict[str, Any]:  # noqa: ARG001  nothing waits here
    return _paged(call, scene, [])


def _key(call: RestCall, scene: Scene, account: VenueAccount) -> dict[str, Any]:  # noqa: ARG001  one shape for all
    is_read_only = not (account.can_trade or account.can_transfer or account.can_withdraw)
    wallet_rights = [
        *(["AccountTransfer", "SubMemberTransferList"] if account.can_transfer else []),
        *(["Withdraw"] if account.can_withdraw else []),
    ]
    return {
        "id": "13770661",
        "note": "watch",
        "apiKey": account.api_key,
        "readOnly": int(is_read_only),
        "secret": "",
        "permissions": {
            "ContractTrade": ["Order", "Position"] if account.can_trade or is_read_only else [],
            "Spot": [],
            "Wallet": wallet_rights,
            "Options": [],
            "Derivatives": [],
            "Exchange": ["ExchangeHistory"],
        },
        "ips": ["*"],
        "type": 1,
        "deadlineDay": 83,
        "expiredAt": "2031-05-15T03:21:05Z",
        "createdAt": "2026-10-16T02:24:40Z",
        "unified": 0,
        "uta": int(not is_classic(account)),
    }


def text(figure: float) -> str:
    """A number as the venue writes it: plain, at most twelve digits after the point."""
    return f"{figure:.12f}".rstrip("0").rstrip(".")


PUBLIC: dict[str, Callable[[RestCall, Scene], dict[str, Any]]] = {
    "/v5/market/time": _time,
    "/v5/market/instruments-info": _instruments,
    "/v5/market/tickers": _tickers,
    "/v5/market/mark-price-kline": _candles,
    "/v5/market/risk-limit": _risk_limits,
}
PRIVATE: dict[str, Callable[[RestCall, Scene, VenueAccount], dict[str, Any]]] = {
    "/v5/account/info": _info,
    "/v5/account/wallet-balance": _wallet,
    "/v5/position/list": _positions,
    "/v5/order/realtime": _orders,
    "/v5/user/query-api": _key,
}
