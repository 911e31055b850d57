"""KuCoin's REST: envelope, keys, and the answers of classic and unified account."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from liqwatch.testing.venue.book import VenueAccount
from liqwatch.testing.venue.wire import plain
from liqwatch.testing.venue.wire_protocol import RestAnswer, RestCall, Scene
from liqwatch.testing.venue.wires._kucoin_futures_rows import (
    FUNDING_PERIOD_MS,
    FUNDING_RATE,
    AssetAmounts,
    PositionAmounts,
    listed,
    next_funding_ms,
    position_row,
    risk_limits,
)

WINDOW_MS = 5_000
MOST_ROWS = 200
ENDPOINT = "wss://ws-api-futures.kucoin.com/"
CLASSIC_TOKEN, UNIFIED_TOKEN = "2neAiuYvAU61ZDXA.", "uta2neAiuYvAU61Z."
KEY_HEADERS = ("kc-api-key", "kc-api-sign", "kc-api-timestamp", "kc-api-passphrase")
Public: TypeAlias = Callable[[str, Scene], Any]
Private: TypeAlias = Callable[[RestCall, VenueAccount, Scene], Any]


class Refused(Exception):
    """HTTP status, code and words of a refusal."""

    def __init__(self, status: int, code: str, message: str) -> None:
        """In the venue's words."""
        super().__init__(message)
        self.answer = RestAnswer({"code": code, "msg": message}, status)


def decimal(value: float) -> str:
    """A figure as the venue writes it in text."""
    return plain(round(value, 10) + 0.0)


def answer(call: RestCall, scene: Scene) -> RestAnswer:
    """Any call."""
    try:
        return RestAnswer({"code": "200000", "data": _data(call, scene)})
    except Refused as refused:
        return refused.answer


def _data(call: RestCall, scene: Scene) -> Any:  # noqa: ANN401  any JSON
    name = f"{call.method} {call.path}"
    if name in PRIVATE:
        return PRIVATE[name](call, _account(call, scene), scene)
    if name in PUBLIC:
        return PUBLIC[name]("", scene)
    for pattern, found in PER_SYMBOL.items():
        start, _, end = pattern.partition("{symbol}")
        if name.startswith(start) and name.endswith(end):
            symbol = name.removeprefix(start).removesuffix(end)
            if symbol in scene.book.markets:
                return found(symbol, scene)
    raise Refused(404, "404", "Not Found")


def _account(call: RestCall, scene: Scene) -> VenueAccount:
    """Whose key signed the call; KuCoin looks at headers, key, time, signature and passphrase, in this order."""
    if any(not call.headers.get(name) for name in KEY_HEADERS):
        raise Refused(401, "400001", "Please check the header of your request for KC-API-KEY, KC-API-SIGN, "
                      "KC-API-TIMESTAMP, KC-API-PASSPHRASE")  # fmt: skip
    key, sign, timestamp, passphrase = (call.headers[name] for name in KEY_HEADERS)
    account = scene.book.accounts.get(key)
    if account is None or scene.faults.reject_keys:
        raise Refused(401, "400003", "KC-API-KEY not exists")
    if not timestamp.isdigit() or abs(int(timestamp) - scene.now_ms()) > WINDOW_MS:
        raise Refused(401, "400002", "KC-API-TIMESTAMP Invalid")
    if account.secret is not None:
        query = f"?{call.raw_query}" if call.raw_query else ""
        if sign != _signed(account.secret, f"{timestamp}{call.method}{call.path}{query}{call.body}"):
            raise Refused(401, "400005", "Invalid KC-API-SIGN")
        if account.passphrase is not None and passphrase != _signed(account.secret, account.passphrase):
            raise Refused(401, "400004", "Invalid KC-API-PASSPHRASE")
    return account


def _signed(secret: str, text: str) -> str:
    return base64.b64encode(hmac.new(secret.encode(), text.encode(), hashlib.sha256).digest()).decode()


def account_of_token(token: str, scene: Scene) -> VenueAccount | None:
    """Whose stream a token opens."""
    for start in (CLASSIC_TOKEN, UNIFIED_TOKEN):
        for key, account in scene.book.accounts.items():
            if token == start + _shadow(key):
                return account
    return None


def is_unified_token(token: str) -> bool:
    """The two private sockets take tokens of their own."""
    return token.startswith(UNIFIED_TOKEN)


def _shadow(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()[:24]


def _classic_token(_call: RestCall, account: VenueAccount, _scene: Scene) -> Any:  # noqa: ANN401
    server = {
        "endpoint": ENDPOINT,
        "encrypt": True,
        "protocol": "websocket",
        "pingInterval": 18000,
        "pingTimeout": 10000,
    }
    return {"token": CLASSIC_TOKEN + _shadow(account.api_key), "instanceServers": [server]}


def _unified_token(_call: RestCall, account: VenueAccount, _scene: Scene) -> Any:  # noqa: ANN401
    return {"token": UNIFIED_TOKEN + _shadow(account.api_key)}


def _contracts(_: str, scene: Scene) -> Any:  # noqa: ANN401
    prices, now_ms = scene.book.mark_prices, scene.now_ms()
    return [listed(market, prices[native], now_ms) for native, market in scene.book.markets.items()]


def _current_mark(symbol: str, scene: Scene) -> Any:  # noqa: ANN401
    price = scene.book.mark_prices[symbol]
    at_ms = scene.now_ms() // 1000 * 1000
    return {"symbol": symbol, "granularity": 1000, "timePoint": at_ms, "value": price, "indexPrice": price}


def _current_funding(symbol: str, scene: Scene) -> Any:  # noqa: ANN401
    next_ms = next_funding_ms(scene.now_ms())
    return {
        "symbol": f".{symbol}FPI8H",
        "granularity": FUNDING_PERIOD_MS,
        "timePoint": next_ms - FUNDING_PERIOD_MS,
        "value": FUNDING_RATE,
        "fundingRateCap": 0.003,
        "fundingRateFloor": -0.003,
        "period": 1,
        "fundingTime": next_ms,
    }


def _positions(call: RestCall, account: VenueAccount, scene: Scene) -> Any:  # noqa: ANN401
    if scene.faults.empty_positions_once:
        scene.faults.empty_positions_once = False
        return []
    held = [] if account.is_multi_asset else account.positions
    rows = [position_row(account, PositionAmounts(scene.book, account, each), scene.now_ms()) for each in held]
    currency = call.query.get("currency")
    return [row for row in rows if currency in (None, row["settleCurrency"])]


def _overview(call: RestCall, account: VenueAccount, scene: Scene) -> Any:  # noqa: ANN401
    amounts = AssetAmounts(scene.book, account, call.query.get("currency", "XBT"))
    is_empty = account.is_multi_asset
    return {
        "accountEquity": 0 if is_empty else amounts.balance + amounts.profit,
        "unrealisedPNL": 0 if is_empty else amounts.profit,
        "marginBalance": 0 if is_empty else amounts.balance,
        "positionMargin": 0 if is_empty else amounts.isolated_margin + amounts.cross_margin,
        "orderMargin": 0,
        "frozenFunds": 0,
        "availableBalance": 0 if is_empty else amounts.cross_wallet + amounts.cross_profit - amounts.cross_margin,
        "currency": amounts.asset,
        "riskRatio": 0 if is_empty else amounts.risk_ratio,
    }


def _page(call: RestCall, scene: Scene, rows: list[Any], name: str) -> tuple[list[Any], int, int, int]:
    """The rows of one page, its number, its size, and how many pages there are."""
    per_page = min(int(call.query.get("pageSize", "50")), scene.faults.page_limit or MOST_ROWS)
    page = int(call.query.get(name, "1"))
    return rows[(page - 1) * per_page : page * per_page], page, per_page, max(1, -(-len(rows) // per_page))


def _orders(call: RestCall, _account: VenueAccount, scene: Scene) -> Any:  # noqa: ANN401
    rows, page, per_page, pages = _page(call, scene, [], "currentPage")
    return {"currentPage": page, "pageSize": per_page, "totalNum": 0, "totalPage": pages, "items": rows}


def _key(_call: RestCall, account: VenueAccount, _scene: Scene) -> Any:  # noqa: ANN401
    granted = (
        ("General", True),
        ("Futures", account.can_trade),
        ("InnerTransfer", account.can_transfer),
        ("Transfer", account.can_withdraw),
    )
    permission = ",".join(name for name, is_granted in granted if is_granted)
    return {
        "remark": "liqwatch",
        "apiKey": account.api_key,
        "apiVersion": 3,
        "permission": permission,
        "ipWhitelist": "127.0.0.1",
        "createdAt": 1769000000000,
        "uid": 165111215,
        "isMaster": True,
    }


def _mode(_call: RestCall, account: VenueAccount, _scene: Scene) -> Any:  # noqa: ANN401
    return {"selfAccountMode": "UNIFIED" if account.is_multi_asset else "CLASSIC"}


def _unified_sums(account: VenueAccount, scene: Scene) -> tuple[float, float, float]:
    """Equity, initial and maintenance margin of the whole account, USD."""
    held = [PositionAmounts(scene.book, account, each) for each in account.positions if each.isolated_wallet is None]
    equity = sum(account.cross_wallets.values()) + sum(each.figures.unrealized_profit for each in held)
    return equity, sum(each.initial_margin for each in held), sum(each.figures.maintenance_margin for each in held)


def _unified_overview(_call: RestCall, account: VenueAccount, scene: Scene) -> Any:  # noqa: ANN401
    equity, initial, maintenance = _unified_sums(account, scene)
    return {
        "accountType": "UNIFIED",
        "riskRatio": decimal(maintenance / equity if equity > 0 else 1.0),
        "equity": decimal(equity),
        "liability": "0",
        "availableMargin": decimal(equity - initial),
        "adjustedEquity": decimal(equity),
        "im": decimal(initial),
        "mm": decimal(maintenance),
    }


def warning(account: VenueAccount, scene: Scene, at_ns: int) -> dict[str, Any]:
    """The data of `lw.FUTURES`."""
    equity, initial, maintenance = _unified_sums(account, scene)
    ratio = maintenance / equity if equity > 0 else 1.0
    figures = {"r": ratio, "a": equity, "iM": initial, "mM": maintenance, "aM": equity - initial, "e": equity, "l": 0.0}
    return {"eT": "MARGIN_CALL", **{name: decimal(value) for name, value in figures.items()}, "U": at_ns}


def _unified_positions(call: RestCall, account: VenueAccount, scene: Scene) -> Any:  # noqa: ANN401
    if scene.faults.empty_positions_once:
        scene.faults.empty_positions_once = False
        return []
    rows = []
    for number, position in enumerate(account.positions):
        amounts = PositionAmounts(scene.book, account, position)
        rows.append(
            {
                "symbol": position.native_symbol,
                "id": str(30_000_000_000_084_351 + number),
                "marginMode": position.margin_mode.name,
                "positionSide": account.position_side(position.side),
                "size": decimal(position.signed_contracts),
                "entryPrice": decimal(position.entry_price),
                "positionValue": decimal(amounts.figures.notional),
                "markPrice": decimal(amounts.mark_price),
                "leverage": str(position.leverage),
                "unrealizedPnL": decimal(amounts.figures.unrealized_profit),
                "realizedPnL": decimal(position.realized_profit),
                "initialMargin": decimal(position.isolated_wallet or amounts.initial_margin),
                "mmr": decimal(amounts.rate),
                "maintenanceMargin": decimal(amounts.maintenance),
                "creationTime": position.updated_ms * 1_000_000,
            }
        )
    return _page(call, scene, rows, "pageNumber")[0]


def _unified_orders(call: RestCall, _account: VenueAccount, scene: Scene) -> Any:  # noqa: ANN401
    rows, page, per_page, pages = _page(call, scene, [], "pageNumber")
    return {
        "pageNumber": page,
        "pageSize": per_page,
        "totalNum": 0,
        "totalPage": pages,
        "items": rows,
        "tradeType": "FUTURES",
    }


PUBLIC: Mapping[str, Public] = {
    "GET /api/v1/timestamp": lambda _, scene: scene.now_ms(),
    "GET /api/v1/status": lambda _, _scene: {"status": "open", "msg": ""},
    "GET /api/v1/contracts/active": _contracts,
}
PER_SYMBOL: Mapping[str, Public] = {
    "GET /api/v1/mark-price/{symbol}/current": _current_mark,
    "GET /api/v1/funding-rate/{symbol}/current": _current_funding,
    "GET /api/v1/contracts/risk-limit/{symbol}": lambda symbol, scene: risk_limits(scene.book.markets[symbol]),
}
PRIVATE: Mapping[str, Private] = {
    "GET /api/v1/positions": _positions,
    "GET /api/v1/account-overview": _overview,
    "GET /api/v1/orders": _orders,
    "GET /api/v1/stopOrders": _orders,
    "GET /api/v1/user/api-key": _key,
    "POST /api/v1/bullet-private": _classic_token,
    "POST /api/v2/bullet-private": _unified_token,
    "GET /api/ua/v1/account/mode": _mode,
    "GET /api/ua/v1/unified/account/overview": _unified_overview,
    "GET /api/ua/v1/unified/position/open-list": _unified_positions,
    "GET /api/ua/v1/unified/order/open-list": _unified_orders,
}
