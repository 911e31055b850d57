"""A simulated venue on loopback: any exchange's wire over one book, REST and websockets on one port."""

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
from liqwatch.testing.venue import happenings
from liqwatch.testing.venue.book import VenueAccount, VenueBook, VenuePosition
from liqwatch.testing.venue.faults import VenueFaults
from liqwatch.testing.venue.markets import VenueMarket
from liqwatch.testing.venue.marks import compact
from liqwatch.testing.venue.peers import PeerHall
from liqwatch.testing.venue.wire_protocol import AccountChange, RestAnswer, RestCall, Scene, VenueWire

HOST = "127.0.0.1"
LINGER_SECONDS = 0.5
GARBAGE = '{"data":[{"markPrice":"1'


class VenueSimulator:
    """`async with VenueSimulator(load_wire("bybit"), accounts=…) as venue` opens a port and publishes marks.

    `publish_every_seconds` None: only when `publish` is called. With `liquidates` a position whose pool no longer
    covers its maintenance margin is closed by the venue at the next publication.
    """

    def __init__(  # noqa: PLR0913  # switches of one simulator
        self,
        wire: VenueWire,
        *,
        accounts: Iterable[VenueAccount] = (),
        markets: Iterable[VenueMarket] | None = None,
        clock: Clock | None = None,
        port: int = 0,
        publish_every_seconds: float | None = 1.0,
        liquidates: bool = False,
    ) -> None:
        """Nothing is opened yet."""
        self.wire = wire
        self.book = VenueBook(wire.markets if markets is None else markets, accounts)
        self.faults = VenueFaults()
        self.calls: Counter[str] = Counter()
        self._forbidden_calls: list[str] = []
        self._clock = clock if clock is not None else SystemClock()
        self._port = port
        self._publish_every_seconds = publish_every_seconds
        self._liquidates = liquidates
        self._last_event_ms = 0
        self._scene = Scene(book=self.book, faults=self.faults, now_ms=self._now_ms, event_ms=self._event_ms)
        self._hall = PeerHall(wire, self._scene)
        self._stack = AsyncExitStack()
        self.faults.on_drop(self._hall.cut_all)

    async def __aenter__(self) -> Self:
        """Open the port and begin to publish."""
        application = web.Application(client_max_size=2**22)
        application.router.add_route("*", "/{path:.*}", self._handle)
        runner = web.AppRunner(application, shutdown_timeout=LINGER_SECONDS, access_log=None)
        async with AsyncExitStack() as stack:
            await runner.setup()
            stack.push_async_callback(runner.cleanup)
            await web.TCPSite(runner, HOST, self._port).start()
            self._port = runner.addresses[0][1]
            self._scene.rest_url, self._scene.websocket_url = self.rest_url, self.websocket_url
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
        return Counter(self.calls)

    @property
    def forbidden_calls(self) -> tuple[str, ...]:
        """Every "METHOD path" that would have traded, moved money or changed a setting. All were refused."""
        return tuple(self._forbidden_calls)

    @property
    def connections_accepted(self) -> int:
        """Websockets opened since the start."""
        return self._hall.accepted

    def subscriptions(self) -> list[tuple[str, ...]]:
        """Streams of every open websocket."""
        return [tuple(peer.streams) for peer in self._hall.peers()]

    def set_price(self, native_symbol: str, price: float) -> None:
        """Move a mark; clients see it with the next publication. Raises KeyError for an unlisted market."""
        self.book.mark_prices[self.book.markets[native_symbol].native_symbol] = price

    async def publish(self) -> None:
        """Send marks on every subscribed stream now."""
        self._publish()

    async def open_position(self, api_key: str, position: VenuePosition) -> None:
        """Open or enlarge a position and tell the account's stream. Raises as `happenings.open_position`."""
        self._tell(happenings.open_position(self.book, self._account(api_key), position, self._event_ms()))

    async def close_position(
        self, api_key: str, native_symbol: str, side: Side, contracts: float | None = None
    ) -> None:
        """Close a position at the mark (None: all of it)."""
        account = self._account(api_key)
        position = self._position(account, native_symbol, side)
        self._tell(happenings.close_position(self.book, account, position, contracts, self._event_ms()))

    async def change_wallet(self, api_key: str, change: float, *, asset: str = "USDT") -> None:
        """Add to the free wallet (asset units, negative: take)."""
        self._tell(happenings.change_wallet(self._account(api_key), asset, change))

    async def send_margin_call(self, api_key: str) -> None:
        """The venue's own warning over every position of the account, where it has one."""
        account = self._account(api_key)
        self._tell(AccountChange(account=account, kind="margin_call", positions=tuple(account.positions)))

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        if request.headers.get("Upgrade", "").lower() == "websocket":
            return await self._hall.handle(request)
        _, _, raw_query = request.raw_path.partition("?")
        headers = {name.lower(): value for name, value in request.headers.items()}
        body = (await request.read()).decode()
        call = RestCall(method=request.method, path=request.path, raw_query=raw_query, headers=headers, body=body)
        self.calls[f"{call.method} {call.path}"] += 1
        answer = self._answer(call)
        return web.Response(
            text=compact(answer.body), status=answer.status, headers=answer.headers, content_type="application/json"
        )

    def _answer(self, call: RestCall) -> RestAnswer:
        refusal = self.faults.refusal
        if refusal is not None:
            wait = refusal.retry_after_seconds
            return RestAnswer(refusal.body, refusal.status, {"Retry-After": str(wait)} if wait else {})
        if self.wire.is_forbidden(call):
            self._forbidden_calls.append(f"{call.method} {call.path}")
            return RestAnswer({"code": "403", "msg": "not allowed here"}, 403)
        if self.faults.silence_marks and call.path.startswith(self.wire.mark_paths):
            return RestAnswer({"code": "503", "msg": "overloaded"}, 503)
        return self.wire.answer(call, self._scene)

    async def _keep_publishing(self, every_seconds: float) -> None:
        while True:
            await self._clock.sleep(every_seconds)
            self._publish()

    def _publish(self) -> None:
        if self._liquidates:
            for account in self.book.accounts.values():
                for doomed, price, change in happenings.liquidate(self.book, account, self._event_ms):
                    self._hall.liquidated(doomed, price)
                    self._tell(change)
        if self.faults.silence_marks or self.faults.deaf_streams:
            return
        if self.faults.garbage_next:
            self.faults.garbage_next = False
            self._hall.broadcast(GARBAGE)
        self._hall.publish()

    def _tell(self, change: AccountChange) -> None:
        if not self.faults.silence_account_events:
            self._hall.tell(change)

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
