"""Binance futures' REST side, both families: tables of paths, the venue's checks of key, signature and time."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl

from liqwatch.testing.venue import account_answers
from liqwatch.testing.venue.answers import AccountAnswer, Ask, Body, PublicAnswer
from liqwatch.testing.venue.book import VenueAccount
from liqwatch.testing.venue.listen_keys import ListenKeys
from liqwatch.testing.venue.refusals import (
    AHEAD_OF_SERVER,
    INVALID_KEY,
    INVALID_SIGNATURE,
    INVALID_SYMBOL,
    MALFORMED_KEY,
    MISSING_TIMESTAMP,
    NO_LISTEN_KEY,
    OUTSIDE_WINDOW,
    UNKNOWN_PATH,
    Refused,
)
from liqwatch.testing.venue.wire_protocol import RestAnswer, RestCall, Scene

DEFAULT_WINDOW_MS = 5000
TOLERATED_LEAD_MS = 1000
TRADING_WORDS = ("order", "transfer", "withdraw", "margintype", "positionmargin", "countdowncancel")
WEIGHT_HEADER = "X-MBX-USED-WEIGHT-1M"

EVERYWHERE: Mapping[str, tuple[AccountAnswer, int]] = {
    "/sapi/v1/account/apiRestrictions": (account_answers.api_restrictions, 1),
    "/sapi/v1/capital/config/getall": (account_answers.nothing, 10),
    "/sapi/v1/margin/allPairs": (account_answers.nothing, 1),
    "/sapi/v1/margin/isolated/allPairs": (account_answers.nothing, 10),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Paths:
    """What one family answers, each path with its weight."""

    listen_key: str
    marks: str
    positions: frozenset[str]
    public: Mapping[str, tuple[PublicAnswer, int]]
    private: Mapping[str, tuple[AccountAnswer, int]]

    def is_forbidden(self, call: RestCall) -> bool:
        """Whether a call would change anything a trader owns: orders, transfers, withdrawals, settings."""
        if call.path == self.listen_key or (call.method == "GET" and call.path in self.private):
            return False
        return call.method != "GET" or any(word in call.path.lower() for word in TRADING_WORDS)


class RestDesk:
    """Answers REST calls from the book, and says what they have weighed."""

    def __init__(self, paths: Paths, listen_keys: ListenKeys) -> None:
        """`listen_keys` are shared with the streams."""
        self._paths = paths
        self._listen_keys = listen_keys
        self._weight_minute = 0
        self._used_weight = 0

    def answer(self, call: RestCall, scene: Scene) -> RestAnswer:
        """Whatever arrives, answered in the venue's words."""
        try:
            body, status = self._body(call, scene), 200
        except Refused as refused:
            kind = refused.refusal
            body, status = {"code": kind.code, "msg": kind.message}, kind.status
        return RestAnswer(body, status, {WEIGHT_HEADER: str(self._used_weight)})

    def _body(self, call: RestCall, scene: Scene) -> Body:
        if call.path == self._paths.listen_key:
            self._use_weight(1, scene)
            return self._listen_key(call, scene)
        query = _query(call)
        ask = Ask(book=scene.book, query=query, now_ms=scene.now_ms())
        if query.get("symbol", "") not in {"", *scene.book.markets}:
            raise Refused(INVALID_SYMBOL)
        if call.path in self._paths.public:
            public_answer, weight = self._paths.public[call.path]
            self._use_weight(weight, scene)
            return public_answer(ask)
        if call.path in self._paths.private:
            private_answer, weight = self._paths.private[call.path]
            self._use_weight(weight, scene)
            account = _signed_account(call, scene)
            if call.path in self._paths.positions and scene.faults.empty_positions_once:
                scene.faults.empty_positions_once = False
                return []
            return private_answer(ask, account)
        raise Refused(UNKNOWN_PATH)

    def _listen_key(self, call: RestCall, scene: Scene) -> Body:
        """POST opens (or prolongs) the account's one key, PUT prolongs it, DELETE ends it. No signature needed."""
        account = _known_account(call, scene)
        if call.method == "POST":
            return {"listenKey": self._listen_keys.open(account.api_key)}
        listen_key = self._listen_keys.current(account.api_key)
        if listen_key is None:
            raise Refused(NO_LISTEN_KEY)
        if call.method == "DELETE":
            self._listen_keys.end(account.api_key)
            return {}
        return {"listenKey": listen_key}

    def _use_weight(self, weight: int, scene: Scene) -> None:
        minute = scene.now_ms() // 60_000
        if minute != self._weight_minute:
            self._weight_minute, self._used_weight = minute, 0
        self._used_weight += weight


def _query(call: RestCall) -> dict[str, str]:
    """Parameters of query string and form body together."""
    return dict(parse_qsl(call.raw_query + call.body, keep_blank_values=True))


def _known_account(call: RestCall, scene: Scene) -> VenueAccount:
    api_key = call.headers.get("x-mbx-apikey")
    if not api_key:
        raise Refused(MALFORMED_KEY)
    account = scene.book.accounts.get(api_key)
    if account is None or scene.faults.reject_keys:
        raise Refused(INVALID_KEY)
    return account


def _signed_account(call: RestCall, scene: Scene) -> VenueAccount:
    """The account of a private call, after the checks in the venue's order: key, time, signature."""
    account, query = _known_account(call, scene), _query(call)
    timestamp = query.get("timestamp", "")
    if not timestamp.isdecimal():
        raise Refused(MISSING_TIMESTAMP)
    lead_ms = int(timestamp) - scene.now_ms()
    if lead_ms > TOLERATED_LEAD_MS:
        raise Refused(AHEAD_OF_SERVER)
    if -lead_ms > float(query.get("recvWindow", DEFAULT_WINDOW_MS)):
        raise Refused(OUTSIDE_WINDOW)
    if not _is_signed(call.raw_query + call.body, account.secret):
        raise Refused(INVALID_SIGNATURE)
    return account


def _is_signed(signed_text: str, secret: str | None) -> bool:
    text, _, signature = signed_text.partition("&signature=")
    if not signature:
        return False
    if secret is None:
        return True
    return hmac.compare_digest(hmac.new(secret.encode(), text.encode(), hashlib.sha256).hexdigest(), signature)
