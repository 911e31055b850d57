"""OKX's REST answers, in the envelope `{"code":"0","msg":"","data":[…]}`."""

from __future__ import annotations

import base64
import hmac
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeAlias

from liqwatch.testing.venue.book import VenueAccount
from liqwatch.testing.venue.markets import VenueMarket
from liqwatch.testing.venue.marks import HOUR_MS, next_funding_ms
from liqwatch.testing.venue.wire import plain
from liqwatch.testing.venue.wire_protocol import RestAnswer, RestCall, Scene
from liqwatch.testing.venue.wires import _okx_rows as rows

PREFIX = "/api/v5"
LONGEST_GAP_MS = 30_000
MINUTE_MS = 60_000
STEPS_MS = {"1m": MINUTE_MS, "1H": 60 * MINUTE_MS}
MOST_ROWS = 100
FUNDING_RATE = "0.0001"
MOST_FAMILIES = 5

PublicAnswer: TypeAlias = Callable[[RestCall, Scene], "list[Any] | RestAnswer"]
PrivateAnswer: TypeAlias = Callable[[RestCall, Scene, VenueAccount], "list[Any] | RestAnswer"]


def refusal(code: str, message: str, status: int = 200) -> RestAnswer:
    """A refusal; questions that cannot be answered come under status 200."""
    return RestAnswer({"code": code, "data": [], "msg": message}, status)


def answer(call: RestCall, scene: Scene) -> RestAnswer:
    """Answer one call."""
    path = call.path.removeprefix(PREFIX)
    if call.method == "GET" and path in PUBLIC_ANSWERS:
        return _granted(PUBLIC_ANSWERS[path](call, scene))
    if call.method != "GET" or path not in PRIVATE_ANSWERS:
        return refusal("50404", "Not Found", 404)
    refused = _key_refusal(call, scene)
    if refused is not None:
        return refused
    return _granted(PRIVATE_ANSWERS[path](call, scene, scene.book.accounts[call.headers["ok-access-key"]]))


def _granted(found: list[Any] | RestAnswer) -> RestAnswer:
    return found if isinstance(found, RestAnswer) else RestAnswer({"code": "0", "data": found, "msg": ""})


def _key_refusal(call: RestCall, scene: Scene) -> RestAnswer | None:
    for code, name in (("50103", "KEY"), ("50104", "PASSPHRASE"), ("50106", "SIGN"), ("50107", "TIMESTAMP")):
        if not call.headers.get(f"ok-access-{name.lower()}"):
            return refusal(code, f"Request header OK-ACCESS-{name} can not be empty.", 401)
    account = scene.book.accounts.get(call.headers["ok-access-key"])
    if account is None or scene.faults.reject_keys:
        return refusal("50111", "Invalid OK-ACCESS-KEY", 401)
    stamped = datetime.fromisoformat(call.headers["ok-access-timestamp"])
    if abs(stamped.timestamp() * 1000 - scene.now_ms()) > LONGEST_GAP_MS:
        return refusal("50102", "Timestamp request expired", 401)
    if account.passphrase is not None and call.headers["ok-access-passphrase"] != account.passphrase:
        return refusal("50105", "Request header OK-ACCESS-PASSPHRASE incorrect.", 401)
    query = f"?{call.raw_query}" if call.raw_query else ""
    text = f"{call.headers['ok-access-timestamp']}{call.method}{call.path}{query}{call.body}"
    if account.secret is not None and call.headers["ok-access-sign"] != signature(account.secret, text):
        return refusal("50113", "Invalid Sign", 401)
    return None


def signature(secret: str, text: str) -> str:
    """Base64 of HMAC-SHA256 (REST authentication and login alike)."""
    return base64.b64encode(hmac.digest(secret.encode(), text.encode(), "sha256")).decode()


def _asked(call: RestCall, scene: Scene) -> list[VenueMarket]:
    """The contracts that a query names by family, instrument family or name."""
    query = call.query
    families = query["instFamily"].split(",") if query.get("instFamily") else None
    return [
        market
        for market in scene.book.markets.values()
        if query.get("instType") in (None, rows.family_of(market.native_symbol))
        and query.get("instId") in (None, market.native_symbol)
        and (families is None or rows.instrument_family(market.native_symbol) in families)
    ]


def _instruments(call: RestCall, scene: Scene) -> list[Any] | RestAnswer:
    if "instType" not in call.query:
        return refusal("50014", "Parameter instType can not be empty.", 400)
    return [rows.contract_row(market) for market in _asked(call, scene)]


def _marks(call: RestCall, scene: Scene) -> list[Any] | RestAnswer:
    found = [rows.mark_row(scene, market) for market in _asked(call, scene)]
    return found or refusal("51001", "Instrument ID, Instrument ID code, or Spread ID doesn't exist.")


def _funding(call: RestCall, scene: Scene) -> list[Any] | RestAnswer:
    wanted = call.query.get("instId", "")
    found = [
        {
            "fundingRate": FUNDING_RATE,
            "fundingTime": str(next_ms := next_funding_ms(scene.now_ms(), market)),
            "instId": market.native_symbol,
            "instType": rows.family_of(market.native_symbol),
            "nextFundingRate": "",
            "nextFundingTime": str(next_ms + market.funding_hours * HOUR_MS),
            "ts": str(scene.now_ms()),
        }
        for market in scene.book.markets.values()
        if wanted in ("ANY", market.native_symbol)
    ]
    return found or refusal("51001", "Instrument ID doesn't exist.")


def _candles(call: RestCall, scene: Scene) -> list[Any] | RestAnswer:
    """Newest first, earlier than `after`."""
    query = call.query
    if query.get("instId") not in scene.book.markets:
        return refusal("51001", "Instrument ID doesn't exist.")
    step = STEPS_MS[query.get("bar", "1m")]
    price = plain(scene.book.mark_prices[query["instId"]])
    end = min(int(query.get("after", scene.now_ms())), scene.now_ms() + 1)
    newest = (end - 1) // step * step
    limit = min(int(query.get("limit", str(MOST_ROWS))), scene.faults.page_limit or MOST_ROWS)
    return [[str(newest - step * back), price, price, price, price, "1"] for back in range(limit)]


def _tiers(call: RestCall, scene: Scene) -> list[Any] | RestAnswer:
    query = call.query
    families = [each for each in query.get("instFamily", "").split(",") if each]
    if not families or "instType" not in query or query.get("tdMode") not in ("cross", "isolated"):
        return refusal("50014", "Parameter instFamily can not be empty.", 400)
    if len(families) > MOST_FAMILIES:
        return refusal("51000", "Parameter instFamily error", 400)
    return [row for market in _asked(call, scene) for row in rows.tier_rows(market)]


def _time(_: RestCall, scene: Scene) -> list[Any] | RestAnswer:
    return [{"ts": str(scene.now_ms())}]


def _configuration(_: RestCall, __: Scene, account: VenueAccount) -> list[Any] | RestAnswer:
    permissions = ["read_only"]
    permissions += ["trade"] if account.can_trade or account.can_transfer else []
    permissions += ["withdraw"] if account.can_withdraw else []
    return [
        {
            "acctLv": rows.account_mode(account),
            "ctIsoMode": "automatic",
            "ip": "",
            "label": "watch",
            "perm": ",".join(permissions),
            "posMode": "long_short_mode" if account.is_hedge_mode else "net_mode",
            "settleCcy": "USD",
            "uid": "44705892343619584",
        }
    ]


def _balance(_: RestCall, scene: Scene, account: VenueAccount) -> list[Any] | RestAnswer:
    return [rows.balance_row(scene, account)]


def _positions(_: RestCall, scene: Scene, account: VenueAccount) -> list[Any] | RestAnswer:
    if scene.faults.empty_positions_once:
        scene.faults.empty_positions_once = False
        return []
    return [rows.position_row(scene, account, position) for position in account.positions]


def _orders(_: RestCall, __: Scene, ___: VenueAccount) -> list[Any] | RestAnswer:
    return []


def _conditional_orders(call: RestCall, _: Scene, __: VenueAccount) -> list[Any] | RestAnswer:
    return [] if call.query.get("ordType") else refusal("50014", "Parameter ordType can not be empty.", 400)


def pages_of(listed: Sequence[Any], scene: Scene) -> list[list[Any]]:
    """A snapshot's pages on the stream: at least one, be it empty."""
    limit = scene.faults.page_limit or MOST_ROWS
    return [list(listed[start : start + limit]) for start in range(0, len(listed), limit)] or [[]]


PUBLIC_ANSWERS: Mapping[str, PublicAnswer] = {
    "/public/time": _time,
    "/public/instruments": _instruments,
    "/public/mark-price": _marks,
    "/public/funding-rate": _funding,
    "/public/position-tiers": _tiers,
    "/market/mark-price-candles": _candles,
}
PRIVATE_ANSWERS: Mapping[str, PrivateAnswer] = {
    "/account/config": _configuration,
    "/account/balance": _balance,
    "/account/positions": _positions,
    "/trade/orders-pending": _orders,
    "/trade/orders-algo-pending": _conditional_orders,
}
