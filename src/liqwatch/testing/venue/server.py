"""The simulated venue as tests and the demo use it: start it, move prices, change accounts, break things."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterable, Mapping
from contextlib import AsyncExitStack
from types import TracebackType
from typing import Self

from aiohttp import web

from liqwatch.clock import Clock, SystemClock
from liqwatch.model import Side
from liqwatch.testing.venue import events, ledger
from liqwatch.testing.venue.book import VenueAccount, VenueBook, VenuePosition
from liqwatch.testing.venue.connection import Family
from liqwatch.testing.venue.events import Event
from liqwatch.testing.venue.faults import VenueFaults
from liqwatch.testing.venue.listen_keys import ListenKeys
from liqwatch.testing.venue.markets import DEFAULT_MARKETS, VenueMarket
from liqwatch.testing.venue.marks import MarkFrames
from liqwatch.testing.venue.rest import RestDesk
from liqwatch.testing.venue.streams import StreamHall

HOST = "127.0.0.1"
LINGER_SECONDS = 0.5


class BinanceVenue:
    """Binance USDⓈ-M on loopback: REST and websockets on one port, in the venue's own wire formats.

    `async with BinanceVenue(...) as venue` opens the port (0: any free one) and, unless
    `publish_every_seconds` is None, sends marks at that pace. With `liquidates` a position whose mark
    passes its liquidation price is closed by the venue at the next publication.
    """

    def __init__(
        self,
        *,
        markets: Iterable[VenueMarket] = DEFAULT_MARKETS,
        accounts: Iterable[VenueAccount] = (),
        clock: Clock | None = None,
        port: int = 0,
        publish_every_seconds: float | None = 1.0,
        liquidates: bool = False,
    ) -> None:
        """Nothing is opened yet."""
        self.book = VenueBook(markets, accounts)
        self.faults = VenueFaults()
        self._clock = clock if clock is not None else SystemClock()
        self._port = port
        self._publish_every_seconds = publish_every_seconds
        self._liquidates = liquidates
        self._last_event_ms = 0
        self._listen_keys = ListenKeys()
        self._hall = StreamHall(self.faults)
        self._rest = RestDesk(self.book, self.faults, self._listen_keys, self._now_ms)
        self._stack = AsyncExitStack()
        self.faults.on_drop(self._hall.cut_all)

    async def __aenter__(self) -> Self:
        """Open the port and begin to publish."""
        application = web.Application()
        application.router.add_route("*", "/{path:.*}", self._handle)
        runner = web.AppRunner(application, shutdown_timeout=LINGER_SECONDS, access_log=None)
        async with AsyncExitStack() as stack:
            await runner.setup()
            stack.push_async_callback(runner.cleanup)
            await web.TCPSite(runner, HOST, self._port).start()
            self._port = runner.addresses[0][1]
            stack.callback(self._release_connections)
            if self._publish_every_seconds is not None:
                group = await stack.enter_async_context(asyncio.TaskGroup())
                publisher = group.create_task(self._keep_publishing(self._publish_every_seconds))
                stack.callback(publisher.cancel)
            self._stack = stack.pop_all()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Cut every connection and close the port."""
        await self._stack.aclose()

    @property
    def rest_url(self) -> str:
        """Base of all REST paths, without a trailing slash."""
        return f"http://{HOST}:{self._port}"

    @property
    def websocket_url(self) -> str:
        """Base of all websocket paths, without a trailing slash."""
        return f"ws://{HOST}:{self._port}"

    @property
    def rest_calls(self) -> Mapping[str, int]:
        """How often each "METHOD path" was called."""
        return Counter(self._rest.calls)

    @property
    def forbidden_calls(self) -> tuple[str, ...]:
        """Every "METHOD path" that would have traded, moved money or changed a setting. All were refused."""
        return tuple(self._rest.forbidden_calls)

    @property
    def connections_accepted(self) -> int:
        """Websockets opened since the start."""
        return self._hall.accepted

    def subscriptions(self) -> list[tuple[str, ...]]:
        """Streams of every open market websocket."""
        return [tuple(connection.streams) for connection in self._hall.open_in(Family.MARKET)]

    def account_streams(self) -> int:
        """How many user-data websockets are open."""
        return len(self._hall.open_in(Family.PRIVATE))

    def set_price(self, native_symbol: str, price: float) -> None:
        """Move a mark; clients see it with the next publication. Raises KeyError for an unlisted market."""
        self.book.mark_prices[self.book.markets[native_symbol].native_symbol] = price

    async def publish(self) -> None:
        """Send marks on every subscribed stream now."""
        self._publish(is_every_stream=True)

    async def open_position(self, api_key: str, position: VenuePosition) -> None:
        """Open or enlarge a position and tell the account's stream. Raises as `ledger.open_position`."""
        self._tell(api_key, ledger.open_position(self.book, self._account(api_key), position, self._event_ms()))

    async def close_position(
        self, api_key: str, native_symbol: str, side: Side, contracts: float | None = None
    ) -> None:
        """Close a position at the mark (`contracts` in base units, None: all of it)."""
        account = self._account(api_key)
        position = self._position(account, native_symbol, side)
        self._tell(api_key, ledger.close_position(self.book, account, position, contracts, self._event_ms()))

    async def change_wallet(self, api_key: str, change: float, *, asset: str = "USDT", reason: str = "DEPOSIT") -> None:
        """Add to the free wallet (asset units, negative: take). `reason` as the venue names it."""
        account = self._account(api_key)
        self._tell(api_key, ledger.change_wallet(self.book, account, asset, change, reason, self._event_ms()))

    async def change_isolated_wallet(self, api_key: str, native_symbol: str, side: Side, change: float) -> None:
        """Move margin between the free wallet and an isolated position."""
        account = self._account(api_key)
        position = self._position(account, native_symbol, side)
        self._tell(api_key, ledger.change_isolated_wallet(self.book, account, position, change, self._event_ms()))

    async def change_leverage(self, api_key: str, native_symbol: str, leverage: int) -> None:
        """Set the leverage of a market, as the trader would elsewhere."""
        self._tell(api_key, ledger.change_leverage(self._account(api_key), native_symbol, leverage, self._event_ms()))

    async def send_margin_call(self, api_key: str, *, asset: str = "USDT") -> None:
        """Send MARGIN_CALL over every position of the account."""
        account = self._account(api_key)
        self._tell(api_key, [events.margin_call(self.book, account, account.positions, asset, self._event_ms())])

    async def expire_listen_key(self, api_key: str) -> None:
        """End the account's listenKey: its stream is told and then stays open and silent."""
        listen_key = self._listen_keys.current(api_key)
        if listen_key is not None:
            self._tell(api_key, [events.listen_key_expired(listen_key, self._event_ms())])
            self._listen_keys.end(api_key)

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        if request.headers.get("Upgrade", "").lower() == "websocket":
            return await self._hall.handle(request)
        return await self._rest.handle(request)

    async def _keep_publishing(self, every_seconds: float) -> None:
        while True:
            await self._clock.sleep(every_seconds)
            self._publish(is_every_stream=False)

    def _publish(self, *, is_every_stream: bool) -> None:
        at_ms = self._event_ms()
        if self._liquidates:
            for api_key, account in self.book.accounts.items():
                self._tell(api_key, ledger.liquidate(self.book, account, at_ms))
        self._hall.publish(MarkFrames(self.book, at_ms), is_every_stream=is_every_stream)

    def _tell(self, api_key: str, frames: list[Event]) -> None:
        for frame in frames:
            self._hall.tell(self._listen_keys.current(api_key), frame)

    def _account(self, api_key: str) -> VenueAccount:
        return self.book.accounts[api_key]

    def _position(self, account: VenueAccount, native_symbol: str, side: Side) -> VenuePosition:
        position = account.find(native_symbol, side)
        if position is None:
            raise ValueError(f"no {side.word} position in {native_symbol}")
        return position

    def _release_connections(self) -> None:
        self.faults.half_open = False
        self._hall.cut_all()

    def _now_ms(self) -> int:
        return int(self._clock.now().timestamp() * 1000) + self.faults.clock_skew_ms

    def _event_ms(self) -> int:
        """The time of an event; strictly growing, so that two events of one millisecond keep their order."""
        self._last_event_ms = max(self._now_ms(), self._last_event_ms + 1)
        return self._last_event_ms
