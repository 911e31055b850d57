"""Deribit over REST: `/api/v2/<public|private>/<method>`, all by GET, signed by a header."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Mapping
from typing import Any

from liqwatch.testing.venue.book import VenueAccount
from liqwatch.testing.venue.markets import VenueMarket
from liqwatch.testing.venue.wire_protocol import RestAnswer, RestCall, Scene
from liqwatch.testing.venue.wires._deribit_figures import currencies, portfolio, position_row, ticker

ROOT = "/api/v2/"
SIGNED_WITH = "deri-hmac-sha256 "
INVALID_CREDENTIALS = (13004, "invalid_credentials")
UNAUTHORIZED = (13009, "unauthorized")
AUTHORIZATION_REQUIRED = (10000, "authorization_required")
METHOD_NOT_FOUND = (-32601, "Method not found")
BAD_INSTRUMENT = (-32602, "Invalid params")
READING = ("get_", "list_")
"""How the names of private methods that only read begin."""


class Refused(Exception):
    """A call that ends with an error: code and message in the venue's words."""

    def __init__(self, error: tuple[int, str]) -> None:
        """Carries the error to where the answer is written."""
        super().__init__(error[1])
        self.error = error


def answer(call: RestCall, scene: Scene) -> RestAnswer:
    """Answer a REST call."""
    try:
        result = _result(call, scene)
    except Refused as refused:
        code, message = refused.error
        return RestAnswer(_timed({"error": {"message": message, "code": code}}, scene), 400)
    return RestAnswer(_timed({"result": result}, scene))


def is_forbidden(call: RestCall) -> bool:
    """Any private method whose name does not say that it reads."""
    side, _, method = call.path.removeprefix(ROOT).partition("/")
    return call.path.startswith(ROOT) and side == "private" and not method.startswith(READING)


def _timed(body: dict[str, Any], scene: Scene) -> dict[str, Any]:
    microseconds = scene.now_ms() * 1000
    return {"jsonrpc": "2.0", **body, "usIn": microseconds, "usOut": microseconds + 7, "usDiff": 7, "testnet": False}


def _result(call: RestCall, scene: Scene) -> object:
    side, _, method = call.path.removeprefix(ROOT).partition("/")
    if call.method != "GET" or not call.path.startswith(ROOT):
        raise Refused(METHOD_NOT_FOUND)
    if side == "public" and method in PUBLIC:
        return PUBLIC[method](call.query, scene)
    if side == "private" and method in PRIVATE:
        return PRIVATE[method](call.query, scene, signer(call, scene))
    raise Refused(METHOD_NOT_FOUND)


def signer(call: RestCall, scene: Scene) -> VenueAccount:
    """Whose call it is, by its `Authorization` header. Raises Refused."""
    header = call.headers.get("authorization", "")
    if not header.startswith(SIGNED_WITH):
        raise Refused(AUTHORIZATION_REQUIRED)
    parts = dict(part.partition("=")[::2] for part in header.removeprefix(SIGNED_WITH).split(","))
    if not {"id", "ts", "sig", "nonce"} <= parts.keys():
        raise Refused(AUTHORIZATION_REQUIRED)
    target = f"{call.path}?{call.raw_query}" if call.raw_query else call.path
    text = f"{parts['ts']}\n{parts['nonce']}\n{call.method}\n{target}\n{call.body}\n"
    return _checked(scene, parts["id"], text, parts["sig"])


def _checked(scene: Scene, key: str, text: str, signature: str) -> VenueAccount:
    account = scene.book.accounts.get(key)
    if account is None or scene.faults.reject_keys:
        raise Refused(INVALID_CREDENTIALS)
    if account.secret is not None:
        expected = hmac.new(account.secret.encode(), text.encode(), hashlib.sha256).hexdigest()
        if not hmac.compare_digest(expected, signature):
            raise Refused(INVALID_CREDENTIALS)
    return account


def logged_in(parameters: Mapping[str, Any], scene: Scene) -> VenueAccount:
    """Whose login it is, by signature or by secret. Raises Refused."""
    key = str(parameters.get("client_id", ""))
    if parameters.get("grant_type") == "client_signature":
        text = f"{parameters.get('timestamp')}\n{parameters.get('nonce')}\n{parameters.get('data', '')}"
        return _checked(scene, key, text, str(parameters.get("signature", "")))
    account = scene.book.accounts.get(key)
    if account is None or scene.faults.reject_keys or parameters.get("grant_type") != "client_credentials":
        raise Refused(INVALID_CREDENTIALS)
    if account.secret not in (None, parameters.get("client_secret")):
        raise Refused(INVALID_CREDENTIALS)
    return account


def grant(parameters: Mapping[str, Any], account: VenueAccount) -> dict[str, Any]:
    """What a login gets: the key's scope, less what the login itself renounces."""
    rights = {
        "account": "read",
        "trade": "read_write" if account.can_trade else "read",
        "wallet": "read_write" if account.can_withdraw or account.can_transfer else "read",
    }
    for word in str(parameters.get("scope", "")).split():
        name, _, right = word.partition(":")
        if name in rights:
            rights[name] = min(rights[name], right, key=("none", "read", "read_write").index)
    granted = " ".join(f"{name}:{right}" for name, right in rights.items() if right != "none")
    return {
        "access_token": "simulated-access-token",
        "expires_in": 900,
        "refresh_token": "simulated-refresh-token",
        "scope": f"connection mainaccount {granted}",
        "token_type": "bearer",
        "enabled_features": [],
    }


def _time(_query: Mapping[str, str], scene: Scene) -> int:
    return scene.now_ms()


def _auth(query: Mapping[str, str], scene: Scene) -> dict[str, Any]:
    return grant(query, logged_in(query, scene))


def _instruments(query: Mapping[str, str], scene: Scene) -> list[dict[str, Any]]:
    return [
        _listed(market)
        for market in scene.book.markets.values()
        if query.get("currency", "any") in ("any", market.margin_asset) and query.get("kind", "future") == "future"
    ]


def _listed(market: VenueMarket) -> dict[str, Any]:
    family = "reversed" if market.is_inverse else "linear"
    return {
        "price_index": f"{market.base_asset}_{market.quote_asset}".lower(),
        "kind": "future",
        "instrument_name": market.native_symbol,
        "max_leverage": market.brackets[0].max_leverage,
        "maker_commission": 0.0,
        "taker_commission": 0.0005,
        "instrument_type": family,
        "future_type": family,
        "expiration_timestamp": market.delivery_ms,
        "creation_timestamp": 1534167754000,
        "is_active": market.status == "TRADING",
        "tick_size": market.price_tick,
        "contract_size": market.contract_size,
        "min_trade_amount": market.contract_size,
        "max_liquidation_commission": 0.0075,
        "settlement_currency": market.margin_asset,
        "settlement_period": "perpetual" if market.is_perpetual else "month",
        "base_currency": market.base_asset,
        "counter_currency": market.quote_asset,
        "quote_currency": market.quote_asset,
        "tick_size_steps": [],
    }


def _summaries(query: Mapping[str, str], scene: Scene) -> list[dict[str, Any]]:
    if "currency" not in query:
        raise Refused(BAD_INSTRUMENT)
    names = [name for name, market in scene.book.markets.items() if market.margin_asset == query["currency"]]
    return [_summary(scene, name) for name in names]


def _summary(scene: Scene, native_symbol: str) -> dict[str, Any]:
    told, market = ticker(scene, native_symbol), scene.book.markets[native_symbol]
    row = {
        "volume_usd": 1.0,
        "volume": 1.0,
        "quote_currency": market.quote_asset,
        "open_interest": told["open_interest"],
        "mid_price": told["last_price"],
        "mark_price": told["mark_price"],
        "last": told["last_price"],
        "instrument_name": native_symbol,
        "estimated_delivery_price": told["estimated_delivery_price"],
        "creation_timestamp": scene.now_ms(),
        "base_currency": market.base_asset,
    }
    return row | {name: told[name] for name in ("current_funding", "funding_8h") if name in told}


def _ticker(query: Mapping[str, str], scene: Scene) -> dict[str, Any]:
    if query.get("instrument_name") not in scene.book.markets:
        raise Refused(BAD_INSTRUMENT)
    return ticker(scene, query["instrument_name"])


def _positions(query: Mapping[str, str], scene: Scene, account: VenueAccount) -> list[dict[str, Any]]:
    if scene.faults.empty_positions_once:
        scene.faults.empty_positions_once = False
        return []
    asset = query.get("currency", "any")
    markets = scene.book.markets
    return [
        position_row(scene, account, position)
        for position in account.positions
        if asset in ("any", markets[position.native_symbol].margin_asset)
    ]


def _account(_query: Mapping[str, str], scene: Scene, account: VenueAccount) -> dict[str, Any]:
    return {
        "id": 10,
        "type": "main",
        "username": "simulated",
        "summaries": [portfolio(scene, account, currency) for currency in currencies(scene, account)],
    }


def _orders(_query: Mapping[str, str], _scene: Scene, _account: VenueAccount) -> list[dict[str, Any]]:
    return []


PUBLIC: Mapping[str, Callable[[Mapping[str, str], Scene], object]] = {
    "get_time": _time,
    "auth": _auth,
    "get_instruments": _instruments,
    "get_book_summary_by_currency": _summaries,
    "ticker": _ticker,
}
PRIVATE: Mapping[str, Callable[[Mapping[str, str], Scene, VenueAccount], object]] = {
    "get_positions": _positions,
    "get_account_summaries": _account,
    "get_open_orders": _orders,
}
