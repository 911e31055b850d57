"""A venue through ccxt's unified methods: only those that read, by name, each within a time limit.

One instance for each market and each account. ccxt is imported in a thread, at the first question; its streaming part
only where a stream is wanted. Its guesses at figures that a venue does not state are switched off.
"""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol
from urllib.parse import urlsplit

from liqwatch.clock import Clock
from liqwatch.errors import ExchangeBlocked, ExchangeError, ExchangeUnreachable, LiqwatchError
from liqwatch.exchanges.plumbing.budget import Budget, request_budget
from liqwatch.exchanges.plumbing.ccxt_session import JUDGED_BY_STATUS, translated
from liqwatch.exchanges.plumbing.refusals import FIRST_SERVER_ERROR, refusal
from liqwatch.redaction import remember_secret

ASK_SECONDS = 20.0
LISTING_SECONDS = 60.0
GOODBYE_SECONDS = 1.0
MILLISECONDS = 1000
LISTING_CALL = "load_markets"
READ_CALLS = frozenset(
    {
        LISTING_CALL,
        "fetch_balance",
        "fetch_funding_rate",
        "fetch_funding_rates",
        "fetch_leverage_tiers",
        "fetch_mark_ohlcv",
        "fetch_mark_price",
        "fetch_mark_prices",
        "fetch_market_leverage_tiers",
        "fetch_open_orders",
        "fetch_positions",
        "fetch_ticker",
        "fetch_tickers",
        "fetch_time",
        "watch_mark_price",
        "watch_ticker",
    }
)
"""Every unified method that can be called. None of them acts on an account."""
STREAM_CALLS = frozenset(call for call in READ_CALLS if call.startswith("watch_"))
"""These wait for the venue to push; the caller sets the limit."""


class UnifiedCalls(Protocol):
    """What a market or an account may ask."""

    async def offers(self, feature: str) -> bool:
        """Whether ccxt implements a feature here, by its name in `has` (`fetchMarkPrices`)."""
        ...

    async def ask(self, call: str, *arguments: object) -> Any:  # noqa: ANN401  ccxt is untyped
        """The answer of one unified method.

        Raises:
            CredentialsError: the key is refused.
            ExchangeBlocked: the venue asks us to wait.
            ExchangeUnreachable: no answer in time, or a server error.
            ExchangeError: any other refusal.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class UnifiedSetup:
    """Which ccxt class, with what key, and where.

    `credentials` go by ccxt's names. `needless` are those that ccxt demands though reading does without them.
    `rest_url` and `websocket_url` replace scheme and host of every endpoint of that kind.
    """

    exchange_id: str
    credentials: Mapping[str, str] = field(default_factory=dict, repr=False)
    needless: frozenset[str] = frozenset()
    options: Mapping[str, object] = field(default_factory=dict)
    has_stream: bool = False
    sandbox: bool = False
    rest_url: str | None = None
    websocket_url: str | None = None


class UnifiedSession:
    """One ccxt instance. `ask` is the only way in, and only for `READ_CALLS`."""

    def __init__(self, setup: UnifiedSetup, clock: Clock) -> None:
        """Nothing is imported or opened before the first question."""
        self._setup = setup
        self._clock = clock
        self._budget = request_budget(clock, f"//{setup.exchange_id}", Budget())
        self._exchange: Any = None
        self._opening = asyncio.Lock()
        self._is_closed = False
        for secret in setup.credentials.values():
            remember_secret(secret)

    async def offers(self, feature: str) -> bool:
        """Whether ccxt implements a feature here, by its name in `has`."""
        exchange = await self._open()
        return bool(exchange.has.get(feature))

    async def ask(self, call: str, *arguments: object) -> Any:  # noqa: ANN401  ccxt is untyped
        """The answer of one unified method that reads. Raises as `UnifiedCalls.ask`; ValueError for any other name."""
        if call not in READ_CALLS:
            raise ValueError(f"{call} is not among the calls that watching needs")
        exchange = await self._open()
        self._budget.refuse_if_blocked()
        limit = None if call in STREAM_CALLS else LISTING_SECONDS if call == LISTING_CALL else ASK_SECONDS
        try:
            async with asyncio.timeout(limit):
                return await getattr(exchange, call)(*arguments)
        except TimeoutError:
            raise ExchangeUnreachable(f"{call}: no answer in time") from None
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if task is None or task.cancelling():
                raise
            # The library cancels what waits on a connection that it drops; whoever asked is still there.
            raise ExchangeUnreachable(f"{call}: the connection was dropped") from None
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

    async def precision_mode(self) -> int:
        """The library's number for how this venue states precision."""
        exchange = await self._open()
        return int(exchange.precisionMode)

    async def listing_from(self, other: UnifiedSession) -> None:
        """Go by the list of markets that another session of the venue has loaded."""
        mine, theirs = await self._open(), await other._open()
        if not theirs.markets:
            await other.ask(LISTING_CALL)
        if mine.markets is not theirs.markets:
            mine.set_markets_from_exchange(theirs)

    async def sign_by_clock_of_venue(self, skew_ms: float) -> None:
        """From now on sign with the venue's time: ours plus the skew."""
        exchange = await self._open()
        exchange.options["timeDifference"] = -round(skew_ms)

    async def renew(self) -> None:
        """Drop every connection and begin anew with the same list of markets; whoever waits gets an error."""
        async with self._opening:
            old = self._exchange
            if old is None or self._is_closed:
                return
            self._exchange = self._new_exchange(await self._library())
            if old.markets:
                self._exchange.set_markets_from_exchange(old)
        await _closed(old)

    async def close(self) -> None:
        """Give back the HTTP session and the sockets."""
        self._is_closed = True
        exchange, self._exchange = self._exchange, None
        if exchange is not None:
            await _closed(exchange)

    async def _open(self) -> Any:  # noqa: ANN401  ccxt is untyped
        async with self._opening:
            if self._is_closed:
                raise ExchangeUnreachable("the session is closed")
            if self._exchange is None:
                self._exchange = self._new_exchange(await self._library())
            return self._exchange

    async def _library(self) -> Any:  # noqa: ANN401  ccxt is untyped
        name = "ccxt.pro" if self._setup.has_stream else "ccxt.async_support"
        return await asyncio.to_thread(importlib.import_module, name)

    def _new_exchange(self, library: Any) -> Any:  # noqa: ANN401  ccxt is untyped
        setup = self._setup
        settings = {
            **setup.credentials,
            "timeout": round(ASK_SECONDS * MILLISECONDS),
            "enableRateLimit": True,
            "aiohttp_trust_env": False,
            "newUpdates": True,
        }
        exchange = getattr(library, setup.exchange_id)(settings)
        exchange.options.update({"defaultType": "swap", **setup.options})
        exchange.requiredCredentials.update(dict.fromkeys(setup.needless, False))
        exchange.timeout_on_exit = 0
        exchange.on_rest_response = self._on_answer
        # What the venue does not state stays unknown: the library would solve for it from the other figures.
        exchange.safe_position = _as_stated
        if setup.sandbox:
            if "test" not in exchange.urls:
                raise ExchangeError(f"{setup.exchange_id} has no test net", mend="remove sandbox = true")
            exchange.set_sandbox_mode(True)
        exchange.urls["api"] = relocated(exchange.urls["api"], setup.rest_url, setup.websocket_url)
        return exchange

    def _on_answer(self, status: int, _reason: str, _url: str, *details: Any) -> str:  # noqa: ANN401  ccxt is untyped
        """Hook for every answer. ccxt judges by the body first; we want the status to count."""
        _method, headers, body = details[:3]
        if status in JUDGED_BY_STATUS or status >= FIRST_SERVER_ERROR:
            raise refusal(status, body, headers, self._clock.now())
        return str(body)


def relocated(urls: Any, rest_url: str | None, websocket_url: str | None) -> Any:  # noqa: ANN401  ccxt nests its addresses as it likes
    """The same endpoints on other hosts: websocket ones on one, all others on the other; None keeps a kind."""
    if isinstance(urls, Mapping):
        return {name: relocated(each, rest_url, websocket_url) for name, each in urls.items()}
    if not isinstance(urls, str):
        return urls
    host = websocket_url if urls.startswith("ws") else rest_url
    return urls if host is None else host.rstrip("/") + urlsplit(urls).path


async def _closed(exchange: Any) -> None:  # noqa: ANN401  ccxt is untyped
    """Say goodbye, but do not wait long for a server that does not answer to it."""
    try:
        async with asyncio.timeout(GOODBYE_SECONDS):
            await exchange.close()
    except TimeoutError:
        exchange.clients.clear()
        await exchange.close()


def _as_stated(position: Mapping[str, object]) -> Mapping[str, object]:
    return position
