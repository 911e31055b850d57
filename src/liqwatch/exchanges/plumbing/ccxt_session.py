"""Signed REST through ccxt, for its raw calls only: no market list, no derived field, no retry of its own.

ccxt costs half a second and a hundred megabytes, so it is imported in a thread, at the first call.
"""

from __future__ import annotations

import asyncio
import importlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar
from urllib.parse import urlsplit

import msgspec

from liqwatch.clock import Clock
from liqwatch.errors import (
    CredentialsError,
    ExchangeBlocked,
    ExchangeError,
    ExchangeUnreachable,
    LiqwatchError,
    PayloadError,
)
from liqwatch.exchanges.plumbing.budget import RequestBudget
from liqwatch.exchanges.plumbing.refusals import (
    BLOCKED_STATUSES,
    FIRST_SERVER_ERROR,
    KEY_STATUSES,
    LONGEST_TEXT,
    refusal,
    wait_seconds,
)
from liqwatch.redaction import redact, remember_secret

TIMEOUT_SECONDS = 10.0
MILLISECONDS = 1000
JUDGED_BY_STATUS = BLOCKED_STATUSES | KEY_STATUSES
QUERY = re.compile(r"\?\S+")


class _ClockRefused(ExchangeError):
    """The venue found our timestamp outside its window."""


MEANINGS: tuple[tuple[frozenset[str], type[LiqwatchError]], ...] = (
    (frozenset({"InvalidNonce"}), _ClockRefused),
    (frozenset({"AuthenticationError", "PermissionDenied"}), CredentialsError),
    (frozenset({"NetworkError", "ExchangeNotAvailable", "OSError", "ClientError"}), ExchangeUnreachable),
    (frozenset({"BadResponse"}), PayloadError),
)
"""Names of foreign error classes (their own, an ancestor's, or their cause's) and what they mean; first match."""

Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True, kw_only=True)
class CcxtSetup:
    """Which ccxt class, which of its raw calls may be used (with their request weights), and where they go.

    `base_url` replaces scheme and host of every endpoint; None keeps ccxt's own. `time_call` is what clock skew is
    measured with, and `read_time` finds epoch milliseconds in its answer. `ccxt_names` maps our names of credentials.
    """

    exchange_id: str
    allowed_calls: Mapping[str, float]
    time_call: str
    read_time: Callable[[object], float]
    credentials: Mapping[str, str] = field(repr=False)
    ccxt_names: Mapping[str, str]
    options: Mapping[str, object] = field(default_factory=dict)
    base_url: str | None = None


class CcxtSession:
    """One key's session. `call` is the only way in, and only for the calls named in the setup."""

    def __init__(self, setup: CcxtSetup, clock: Clock, budget: RequestBudget) -> None:
        """Nothing is imported or opened before the first call."""
        self._setup = setup
        self._clock = clock
        self._budget = budget
        self._skew_ms = 0.0
        self._exchange: Any = None
        self._opening = asyncio.Lock()
        self._is_closed = False
        for secret in setup.credentials.values():
            remember_secret(secret)

    async def call(self, name: str, answer: type[Answer], parameters: Mapping[str, object] | None = None) -> Answer:
        """Make one raw call and read its answer as `answer`.

        Raises:
            CredentialsError: the key is refused.
            ExchangeBlocked: 429 or 418.
            ExchangeUnreachable: no answer in time, or a server error.
            PayloadError: the answer does not have the documented shape.
            ExchangeError: any other refusal.
        """
        raw = await self._raw_call(name, parameters)
        try:
            return msgspec.convert(raw, answer, strict=False)
        except msgspec.ValidationError as error:
            raise PayloadError(f"{name}: {error}") from None

    def secret(self, name: str) -> str:
        """A credential under its config name; empty when the account has none of that name."""
        return self._setup.credentials.get(name, "")

    def server_now_ms(self) -> int:
        """The venue's clock as last measured."""
        return round(self._clock.now().timestamp() * MILLISECONDS + self._skew_ms)

    async def measure_skew_ms(self) -> float:
        """How far the venue's clock is ahead of ours; also used to sign from now on."""
        exchange = await self._open()
        self._budget.refuse_if_blocked()
        before, started = self._clock.now(), self._clock.monotonic()
        server = await self._attempt(exchange, self._setup.time_call, {})
        half_trip_ms = (self._clock.monotonic() - started) * MILLISECONDS / 2
        try:
            server_ms = self._setup.read_time(server)
        except (msgspec.ValidationError, LookupError, TypeError, ValueError) as error:
            raise PayloadError(f"{self._setup.time_call}: no time in the answer ({type(error).__name__})") from None
        self._skew_ms = server_ms - (before.timestamp() * MILLISECONDS + half_trip_ms)
        exchange.options["timeDifference"] = -round(self._skew_ms)
        return self._skew_ms

    async def close(self) -> None:
        """Give back the HTTP session."""
        self._is_closed = True
        exchange, self._exchange = self._exchange, None
        if exchange is not None:
            await exchange.close()

    async def _raw_call(self, name: str, parameters: Mapping[str, object] | None) -> object:
        if name not in self._setup.allowed_calls:
            raise ValueError(f"{name} is not among the calls that watching needs")
        exchange = await self._open()
        self._budget.refuse_if_blocked()
        pause = self._budget.pause_seconds()
        if pause > 0:
            await self._clock.sleep(pause)
            self._budget.refuse_if_blocked()
        self._budget.spend(self._setup.allowed_calls[name])
        try:
            return await self._attempt(exchange, name, parameters or {})
        except _ClockRefused:
            await self.measure_skew_ms()
        return await self._attempt(exchange, name, parameters or {})

    async def _attempt(self, exchange: Any, name: str, parameters: Mapping[str, object]) -> object:  # noqa: ANN401  ccxt is untyped
        try:
            answer: object = await getattr(exchange, name)(dict(parameters))
        except ExchangeBlocked as error:
            self._budget.block(error.retry_after_seconds)
            raise
        except LiqwatchError:
            raise
        except Exception as error:  # noqa: BLE001  its text may hold the signed URL: nothing of it may pass
            ours = translated(error, self._clock)
            if isinstance(ours, ExchangeBlocked):
                self._budget.block(ours.retry_after_seconds)
            raise ours from None
        return answer

    def _on_answer(self, status: int, _reason: str, _url: str, *details: Any) -> str:  # noqa: ANN401  ccxt is untyped
        """Hook for every answer. ccxt judges by the body first; we want the status to count."""
        _method, headers, body = details[:3]
        self._budget.note(headers)
        if status in JUDGED_BY_STATUS or status >= FIRST_SERVER_ERROR:
            raise refusal(status, body, headers, self._clock.now())
        return str(body)

    async def _open(self) -> Any:  # noqa: ANN401  ccxt is untyped
        async with self._opening:
            if self._is_closed:
                raise ExchangeUnreachable("the account's session is closed")
            if self._exchange is None:
                library = await asyncio.to_thread(importlib.import_module, "ccxt.async_support")
                self._exchange = self._new_exchange(library)
            return self._exchange

    def _new_exchange(self, library: Any) -> Any:  # noqa: ANN401  ccxt is untyped
        settings = {
            **{self._setup.ccxt_names[name]: value for name, value in self._setup.credentials.items()},
            "timeout": round(TIMEOUT_SECONDS * MILLISECONDS),
            "enableRateLimit": False,
            "aiohttp_trust_env": False,
        }
        exchange = getattr(library, self._setup.exchange_id)(settings)
        exchange.options.update(self._setup.options)
        exchange.timeout_on_exit = 0
        exchange.on_rest_response = self._on_answer
        if self._setup.base_url is not None:
            exchange.urls["api"] = rebased(exchange.urls["api"], self._setup.base_url)
        return exchange


def rebased(urls: Any, base_url: str) -> Any:  # noqa: ANN401  ccxt nests its addresses as it likes
    """The same endpoints on another scheme and host, however deep they lie."""
    if isinstance(urls, Mapping):
        return {name: rebased(each, base_url) for name, each in urls.items()}
    return base_url.rstrip("/") + urlsplit(urls).path if isinstance(urls, str) else urls


def translated(error: Exception, clock: Clock) -> LiqwatchError:
    """A ccxt exception as one of ours, its text freed of URLs and secrets."""
    names = {kind.__name__ for kind in type(error).__mro__}
    text = f"{type(error).__name__}: {redact(QUERY.sub('', str(error)))[:LONGEST_TEXT]}"
    if names & {"DDoSProtection", "RateLimitExceeded"}:
        return ExchangeBlocked(text, retry_after_seconds=wait_seconds(str(error), {}, clock.now()))
    if "OnMaintenance" in names:
        return ExchangeUnreachable(f"the venue is in maintenance ({text})")
    cause = {kind.__name__ for kind in type(error.__cause__).__mro__}
    for foreign, ours in MEANINGS:
        if foreign & names or foreign & cause:
            return ours(text)
    return ExchangeError(text)
