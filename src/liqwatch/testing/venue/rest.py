"""The REST side: one dispatcher, a table of paths, the venue's checks of key, signature and time."""

from __future__ import annotations

import hashlib
import hmac
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import parse_qsl

from aiohttp import web

from liqwatch.testing.venue import account_answers, answers, position_answers
from liqwatch.testing.venue.answers import AccountAnswer, Ask, Body, PublicAnswer
from liqwatch.testing.venue.book import VenueAccount, VenueBook
from liqwatch.testing.venue.faults import VenueFaults
from liqwatch.testing.venue.listen_keys import ListenKeys
from liqwatch.testing.venue.marks import compact
from liqwatch.testing.venue.refusals import (
    AHEAD_OF_SERVER,
    FORBIDDEN,
    INVALID_KEY,
    INVALID_SIGNATURE,
    INVALID_SYMBOL,
    MALFORMED_KEY,
    MISSING_TIMESTAMP,
    NO_LISTEN_KEY,
    OUTSIDE_WINDOW,
    OVERLOADED,
    UNKNOWN_PATH,
    Refused,
)

DEFAULT_WINDOW_MS = 5000
TOLERATED_LEAD_MS = 1000
LISTEN_KEY_PATH = "/fapi/v1/listenKey"
MARKS_PATH = "/fapi/v1/premiumIndex"
POSITION_RISK_PATHS = ("/fapi/v3/positionRisk", "/fapi/v2/positionRisk")
TRADING_WORDS = ("order", "transfer", "withdraw", "margintype", "positionmargin", "countdowncancel")

PUBLIC: dict[str, tuple[PublicAnswer, int]] = {
    "/fapi/v1/ping": (answers.ping, 1),
    "/fapi/v1/time": (answers.server_time, 1),
    "/fapi/v1/exchangeInfo": (answers.exchange_info, 1),
    "/fapi/v1/premiumIndex": (answers.premium_index, 10),
}
PRIVATE: dict[str, tuple[AccountAnswer, int]] = {
    "/fapi/v1/leverageBracket": (answers.leverage_brackets, 1),
    "/fapi/v3/account": (account_answers.account_v3, 5),
    "/fapi/v2/account": (account_answers.account_v2, 5),
    "/fapi/v3/balance": (account_answers.balance, 5),
    "/fapi/v2/balance": (account_answers.balance, 5),
    "/fapi/v3/positionRisk": (position_answers.position_risk_v3, 5),
    "/fapi/v2/positionRisk": (position_answers.position_risk_v2, 5),
    "/fapi/v1/multiAssetsMargin": (account_answers.multi_assets_margin, 30),
    "/fapi/v1/positionSide/dual": (account_answers.position_side_dual, 30),
    "/fapi/v1/symbolConfig": (account_answers.symbol_config, 5),
    "/fapi/v1/openOrders": (account_answers.nothing, 40),
    "/fapi/v1/openAlgoOrders": (account_answers.nothing, 40),
    "/sapi/v1/account/apiRestrictions": (account_answers.api_restrictions, 1),
    "/sapi/v1/capital/config/getall": (account_answers.nothing, 10),
    "/sapi/v1/margin/allPairs": (account_answers.nothing, 1),
    "/sapi/v1/margin/isolated/allPairs": (account_answers.nothing, 10),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One request, read once: the raw text is what a signature is made over."""

    method: str
    path: str
    api_key: str | None
    signed_text: str

    @property
    def query(self) -> dict[str, str]:
        """Parameters of query string and form body together."""
        return dict(parse_qsl(self.signed_text, keep_blank_values=True))


class RestDesk:
    """Answers REST calls from the book. `calls` counts "METHOD path"; `forbidden_calls` lists attempts to act."""

    def __init__(
        self, book: VenueBook, faults: VenueFaults, listen_keys: ListenKeys, now_ms: Callable[[], int]
    ) -> None:
        """`now_ms` is the venue's clock, skew included."""
        self._book = book
        self._faults = faults
        self._listen_keys = listen_keys
        self._now_ms = now_ms
        self._weight_minute = 0
        self._used_weight = 0
        self.calls: Counter[str] = Counter()
        self.forbidden_calls: list[str] = []

    async def handle(self, request: web.Request) -> web.Response:
        """Whatever arrives, answered in the venue's words."""
        call = await _read(request)
        self.calls[f"{call.method} {call.path}"] += 1
        refusal = self._faults.refusal
        if refusal is not None:
            headers = {"Retry-After": str(refusal.retry_after_seconds)} if refusal.retry_after_seconds else {}
            return self._respond(refusal.body, refusal.status, headers)
        try:
            return self._respond(self._answer(call), 200, {})
        except Refused as refused:
            kind = refused.refusal
            return self._respond({"code": kind.code, "msg": kind.message}, kind.status, {})

    def _answer(self, call: Call) -> Body:
        if is_forbidden(call.method, call.path):
            self.forbidden_calls.append(f"{call.method} {call.path}")
            raise Refused(FORBIDDEN)
        if call.path == LISTEN_KEY_PATH:
            self._use_weight(1)
            return self._listen_key(call)
        ask = Ask(book=self._book, query=call.query, now_ms=self._now_ms())
        if call.query.get("symbol", "") not in {"", *self._book.markets}:
            raise Refused(INVALID_SYMBOL)
        if call.path == MARKS_PATH and self._faults.silence_marks:
            raise Refused(OVERLOADED)
        if call.path in PUBLIC:
            public_answer, weight = PUBLIC[call.path]
            self._use_weight(weight)
            return public_answer(ask)
        if call.path in PRIVATE:
            private_answer, weight = PRIVATE[call.path]
            self._use_weight(weight)
            account = self._signed_account(call)
            if call.path in POSITION_RISK_PATHS and self._faults.empty_positions_once:
                self._faults.empty_positions_once = False
                return []
            return private_answer(ask, account)
        raise Refused(UNKNOWN_PATH)

    def _listen_key(self, call: Call) -> Body:
        """POST opens (or prolongs) the account's one key, PUT prolongs it, DELETE ends it. No signature needed."""
        account = self._known_account(call)
        if call.method == "POST":
            return {"listenKey": self._listen_keys.open(account.api_key)}
        listen_key = self._listen_keys.current(account.api_key)
        if listen_key is None:
            raise Refused(NO_LISTEN_KEY)
        if call.method == "DELETE":
            self._listen_keys.end(account.api_key)
            return {}
        return {"listenKey": listen_key}

    def _known_account(self, call: Call) -> VenueAccount:
        if not call.api_key:
            raise Refused(MALFORMED_KEY)
        account = self._book.accounts.get(call.api_key)
        if account is None or self._faults.reject_keys:
            raise Refused(INVALID_KEY)
        return account

    def _signed_account(self, call: Call) -> VenueAccount:
        """The account of a private call, after the checks in the venue's order: key, time, signature."""
        account = self._known_account(call)
        timestamp = call.query.get("timestamp", "")
        if not timestamp.isdecimal():
            raise Refused(MISSING_TIMESTAMP)
        lead_ms = int(timestamp) - self._now_ms()
        if lead_ms > TOLERATED_LEAD_MS:
            raise Refused(AHEAD_OF_SERVER)
        if -lead_ms > float(call.query.get("recvWindow", DEFAULT_WINDOW_MS)):
            raise Refused(OUTSIDE_WINDOW)
        if not _is_signed(call.signed_text, account.secret):
            raise Refused(INVALID_SIGNATURE)
        return account

    def _use_weight(self, weight: int) -> None:
        minute = self._now_ms() // 60_000
        if minute != self._weight_minute:
            self._weight_minute, self._used_weight = minute, 0
        self._used_weight += weight

    def _respond(self, body: Body, status: int, headers: dict[str, str]) -> web.Response:
        headers = {**headers, "X-MBX-USED-WEIGHT-1M": str(self._used_weight)}
        return web.Response(text=compact(body), status=status, headers=headers, content_type="application/json")


def is_forbidden(method: str, path: str) -> bool:
    """Whether a call would change anything a trader owns: orders, transfers, withdrawals, settings."""
    if path == LISTEN_KEY_PATH or (method == "GET" and path in PRIVATE):
        return False
    return method != "GET" or any(word in path.lower() for word in TRADING_WORDS)


async def _read(request: web.Request) -> Call:
    body = (await request.read()).decode()
    _, _, raw_query = request.raw_path.partition("?")
    return Call(
        method=request.method,
        path=request.path,
        api_key=request.headers.get("X-MBX-APIKEY"),
        signed_text=raw_query + body,
    )


def _is_signed(signed_text: str, secret: str | None) -> bool:
    text, _, signature = signed_text.partition("&signature=")
    if not signature:
        return False
    if secret is None:
        return True
    return hmac.compare_digest(hmac.new(secret.encode(), text.encode(), hashlib.sha256).hexdigest(), signature)
