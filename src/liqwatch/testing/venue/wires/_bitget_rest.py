"""Bitget's REST: envelope, keys, and the answers of classic (v2) and unified (v3) accounts."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Callable
from typing import Any, TypeAlias
from urllib.parse import unquote

from liqwatch.testing.venue.book import VenueAccount
from liqwatch.testing.venue.markets import VenueMarket
from liqwatch.testing.venue.marks import next_funding_ms
from liqwatch.testing.venue.wire_protocol import RestAnswer, RestCall, Scene
from liqwatch.testing.venue.wires import _bitget_rows as rows

SUCCESS = "00000"
WINDOW_MS = 30_000
MINUTE_MS = 60_000
MOST_CANDLES = 200
KEY_HEADERS = ("access-key", "access-sign", "access-timestamp", "access-passphrase")
Public: TypeAlias = Callable[[RestCall, Scene], Any]
Private: TypeAlias = Callable[[RestCall, VenueAccount, Scene], Any]


class Refused(Exception):
    """HTTP status, code and words of a refusal."""

    def __init__(self, status: int, code: str, message: str) -> None:
        """In the venue's words."""
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message


def answer(call: RestCall, scene: Scene) -> RestAnswer:
    """Any call."""
    try:
        data = _data(call, scene)
    except Refused as refused:
        body = {"code": refused.code, "msg": refused.message, "requestTime": scene.now_ms(), "data": None}
        return RestAnswer(body, refused.status)
    return RestAnswer({"code": SUCCESS, "msg": "success", "requestTime": scene.now_ms(), "data": data})


def _data(call: RestCall, scene: Scene) -> Any:  # noqa: ANN401  any JSON
    if call.path in PUBLIC:
        return PUBLIC[call.path](call, scene)
    if call.path not in PRIVATE:
        raise Refused(404, "40404", "Request URL NOT FOUND")
    account = _account(call, scene)
    is_unified = call.path.startswith("/api/v3/")
    if is_unified and not account.is_multi_asset:
        raise Refused(
            400, "40084", "You are in Classic Account mode, and the Unified Account API is not supported at this time"
        )
    if account.is_multi_asset and not is_unified:
        raise Refused(
            400, "40085", "You are in Unified Account mode, and the Classic Account API is not supported at this time"
        )
    return PRIVATE[call.path](call, account, scene)


def _account(call: RestCall, scene: Scene) -> VenueAccount:
    """Whose key signed the call."""
    if any(not call.headers.get(name) for name in KEY_HEADERS):
        raise Refused(400, "40001", "ACCESS_KEY cannot be empty")
    key, sign, timestamp, passphrase = (call.headers[name] for name in KEY_HEADERS)
    account = scene.book.accounts.get(key)
    if account is None or scene.faults.reject_keys:
        raise Refused(400, "40006", "Invalid ACCESS_KEY")
    if not timestamp.isdigit() or abs(int(timestamp) - scene.now_ms()) > WINDOW_MS:
        raise Refused(400, "40008", "Request timestamp expired")
    if account.passphrase is not None and passphrase != account.passphrase:
        raise Refused(400, "40012", "apikey/password is incorrect")
    query = f"?{unquote(call.raw_query)}" if call.raw_query else ""
    text = f"{timestamp}{call.method}{call.path}{query}{call.body}"
    if account.secret is not None and sign != signature(account.secret, text):
        raise Refused(400, "40009", "sign signature error")
    return account


def signature(secret: str, text: str) -> str:
    """HMAC-SHA256 in base64, as REST and login want it."""
    return base64.b64encode(hmac.new(secret.encode(), text.encode(), hashlib.sha256).digest()).decode()


def _product(call: RestCall) -> str:
    product = call.query.get("productType") or call.query.get("category") or ""
    if product.upper() not in rows.PRODUCTS:
        raise Refused(400, "40017", "Parameter verification failed productType")
    return product.upper()


def _market(call: RestCall, scene: Scene) -> VenueMarket:
    market = scene.book.markets.get(call.query.get("symbol", ""))
    if market is None or rows.product_of(market) != _product(call):
        raise Refused(400, "40034", "Parameter does not exist")
    return market


def _contracts(call: RestCall, scene: Scene) -> Any:  # noqa: ANN401
    return [rows.listed(market) for market in rows.markets_of(scene, _product(call))]


def _tickers(call: RestCall, scene: Scene) -> Any:  # noqa: ANN401
    return [rows.ticker(scene, market) for market in rows.markets_of(scene, _product(call))]


def _symbol_price(call: RestCall, scene: Scene) -> Any:  # noqa: ANN401
    row = rows.ticker(scene, _market(call, scene))
    return [{"symbol": row["symbol"], "price": row["lastPr"], "markPrice": row["markPrice"], "ts": row["ts"]}]


def _funding(call: RestCall, scene: Scene) -> Any:  # noqa: ANN401
    return [
        {
            "symbol": market.native_symbol,
            "fundingRate": "0.0001",
            "fundingRateInterval": str(market.funding_hours),
            "nextUpdate": str(next_funding_ms(scene.now_ms(), market)),
        }
        for market in rows.markets_of(scene, _product(call))
    ]


def _candles(call: RestCall, scene: Scene) -> Any:  # noqa: ANN401
    """Counted back from the end."""
    price = rows.decimal(scene.book.mark_prices[_market(call, scene).native_symbol])
    query = call.query
    start, end = int(query["startTime"]), min(int(query["endTime"]), scene.now_ms())
    opened = range(-(-start // MINUTE_MS) * MINUTE_MS, end + 1, MINUTE_MS)
    return [[str(at), price, price, price, price, "0", "0"] for at in opened][-min(int(query["limit"]), MOST_CANDLES) :]


def _tiers(call: RestCall, scene: Scene) -> Any:  # noqa: ANN401
    return rows.tiers(_market(call, scene))


def _time(_call: RestCall, scene: Scene) -> Any:  # noqa: ANN401
    return {"serverTime": str(scene.now_ms())}


def _is_emptied(scene: Scene) -> bool:
    is_emptied, scene.faults.empty_positions_once = scene.faults.empty_positions_once, False
    return is_emptied


def _classic_positions(call: RestCall, account: VenueAccount, scene: Scene) -> Any:  # noqa: ANN401
    held = rows.held_in(scene, account, _product(call))
    if held and _is_emptied(scene):
        return []
    return [rows.classic_position(scene, account, each) for each in held]


def _classic_accounts(call: RestCall, account: VenueAccount, scene: Scene) -> Any:  # noqa: ANN401
    return rows.classic_accounts(scene, account, _product(call))


def _classic_orders(call: RestCall, _account: VenueAccount, _scene: Scene) -> Any:  # noqa: ANN401
    _product(call)
    return {"entrustedList": None, "endId": None}


def _classic_rights(_call: RestCall, account: VenueAccount, _scene: Scene) -> Any:  # noqa: ANN401
    authorities = ["coor", "cpor", "stor", "wtor"]
    authorities += ["coow", "cpow"] if account.can_trade else []
    authorities += ["wtow"] if account.can_transfer else []
    authorities += ["wwow"] if account.can_withdraw else []
    return {"userId": "1", "inviterId": "", "ips": "127.0.0.1", "authorities": authorities, "traderType": "not_trader"}


def _settings(_call: RestCall, account: VenueAccount, _scene: Scene) -> Any:  # noqa: ANN401
    return {"assetMode": "multi_assets", "holdMode": rows.hold_mode(account), "symbolConfigList": []}


def _unified_positions(call: RestCall, account: VenueAccount, scene: Scene) -> Any:  # noqa: ANN401
    held = rows.held_in(scene, account, _product(call))
    if not held or _is_emptied(scene):
        return {"list": None}
    return {"list": [rows.unified_position(scene, account, each) for each in held]}


def _unified_account(_call: RestCall, account: VenueAccount, scene: Scene) -> Any:  # noqa: ANN401
    return rows.unified_account(scene, account)


def _unified_orders(call: RestCall, _account: VenueAccount, _scene: Scene) -> Any:  # noqa: ANN401
    _product(call)
    return {"list": None, "cursor": None}


def _unified_strategies(call: RestCall, _account: VenueAccount, _scene: Scene) -> Any:  # noqa: ANN401
    _product(call)
    return []


def _unified_rights(_call: RestCall, account: VenueAccount, _scene: Scene) -> Any:  # noqa: ANN401
    permissions = ["uta_trade"] if account.can_trade else []
    permissions += ["uta_mgt"] if account.can_transfer else []
    permissions += ["withdraw"] if account.can_withdraw else []
    kind = "read-and-write" if permissions else "read-only"
    return {"uid": "1", "ips": "", "permType": kind, "permissions": permissions or ["uta_mgt", "uta_trade"]}


MARKET = "/api/v2/mix/market"
PUBLIC: dict[str, Public] = {
    "/api/v2/public/time": _time,
    f"{MARKET}/contracts": _contracts,
    f"{MARKET}/tickers": _tickers,
    f"{MARKET}/symbol-price": _symbol_price,
    f"{MARKET}/current-fund-rate": _funding,
    f"{MARKET}/history-mark-candles": _candles,
    f"{MARKET}/query-position-lever": _tiers,
}
PRIVATE: dict[str, Private] = {
    "/api/v2/mix/position/all-position": _classic_positions,
    "/api/v2/mix/account/accounts": _classic_accounts,
    "/api/v2/mix/order/orders-pending": _classic_orders,
    "/api/v2/mix/order/orders-plan-pending": _classic_orders,
    "/api/v2/spot/account/info": _classic_rights,
    "/api/v3/account/settings": _settings,
    "/api/v3/position/current-position": _unified_positions,
    "/api/v3/account/assets": _unified_account,
    "/api/v3/trade/unfilled-orders": _unified_orders,
    "/api/v3/trade/unfilled-strategy-orders": _unified_strategies,
    "/api/v3/account/info": _unified_rights,
}
