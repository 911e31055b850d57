"""Several connections of one venue, quiet markets, a stream that acknowledges and never serves: real sockets."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from contextlib import aclosing, asynccontextmanager
from typing import Any

import pytest
from structlog.testing import capture_logs
from websockets.asyncio.server import ServerConnection, serve

from liqwatch.clock import SystemClock
from liqwatch.exchanges.plumbing import anchor as anchoring
from liqwatch.exchanges.plumbing.anchor import MarkAnchor
from liqwatch.exchanges.plumbing.dialects import Ping
from liqwatch.exchanges.plumbing.mark_frame import ALIVE, MarkFrame
from liqwatch.exchanges.plumbing.mark_router import MarkRouter
from liqwatch.exchanges.plumbing.mark_stream import StreamTuning
from liqwatch.model import MarkRow
from liqwatch.testing.telemetry import CountingTelemetry

PATIENCE_SECONDS = 10.0


class PlainDialect:
    """A venue with a family a letter: `aBTC` belongs to connection `a`. Frames: `["aBTC", 100.0, 5]`, `"pong"`."""

    venue = "plain"
    ping: Ping | None = Ping('"ping"', 20.0)

    def __init__(self, address: str) -> None:
        self.address = address

    def route(self, native_symbol: str) -> str:
        return native_symbol[0]

    def streams(self, native_symbols: Collection[str], *, singly: bool) -> Sequence[str]:
        return list(native_symbols)

    def url(self, first_stream: str) -> str:
        return f"{self.address}/{first_stream[0]}"

    def streams_in_url(self, first_stream: str) -> Sequence[str]:
        return ()

    def requests(self, streams: Sequence[str], identifier: int, *, subscribe: bool) -> Sequence[str]:
        return (json.dumps({"subscribe" if subscribe else "unsubscribe": list(streams)}),)

    def read(self, frame: bytes, wanted: Mapping[str, str]) -> MarkFrame:
        document = json.loads(frame)
        if document == "upgrade":
            return MarkFrame(end="service_upgrade")
        if document == "question":
            return MarkFrame(replies=('"answer"',), is_alive=True)
        if not isinstance(document, list):
            return ALIVE
        native, price, at_ms = document
        return MarkFrame([(wanted[native], price, at_ms)], is_data=True)


class Desk:
    """The venue's side: remembers who came where and said what; answers pings and acknowledges."""

    def __init__(self) -> None:
        self.links: list[tuple[str, ServerConnection]] = []
        self.heard: list[Any] = []
        self.is_mute = False

    async def handle(self, link: ServerConnection) -> None:
        assert link.request is not None
        self.links.append((link.request.path, link))
        async for message in link:
            self.heard.append(json.loads(message))
            if not self.is_mute:
                await link.send('"pong"')

    async def until(self, is_so: Callable[[], object]) -> None:
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not is_so():  # noqa: ASYNC110  a list has no event
                await asyncio.sleep(0.01)  # noqa: TID251  real sockets


@asynccontextmanager
async def on_stage(**tuning: Any) -> AsyncIterator[tuple[Desk, MarkRouter, CountingTelemetry]]:
    desk, telemetry = Desk(), CountingTelemetry()
    async with serve(desk.handle, "127.0.0.1", 0, close_timeout=0.1) as server:
        host, port = next(iter(server.sockets)).getsockname()[:2]
        times: dict[str, Any] = {
            "silence_limit_seconds": 0.4,
            "data_limit_seconds": 30.0,
            "backoff_base_seconds": 0.01,
            "backoff_cap_seconds": 0.05,
            "message_pause_seconds": 0.001,
        }
        router = MarkRouter(
            PlainDialect(f"ws://{host}:{port}"), SystemClock(), telemetry, StreamTuning(**(times | tuning))
        )
        try:
            yield desk, router, telemetry
        finally:
            await router.close()
            for _, link in desk.links:
                link.transport.abort()


async def rows_of(batches: Any) -> list[MarkRow]:
    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:
            batch = await anext(batches)
            if batch.rows:
                return list(batch.rows)


async def test_each_family_has_a_connection_of_its_own_and_prices_of_all_arrive() -> None:
    async with on_stage() as (desk, router, _):
        router.watch({"aBTC": "BTC", "bETH": "ETH"})
        async with aclosing(router.batches()) as batches:  # type: ignore[type-var]  # an async generator
            task = asyncio.get_running_loop().create_task(rows_of(batches))
            await desk.until(lambda: len(desk.links) == 2 and len(desk.heard) >= 2)
            assert sorted(path for path, _ in desk.links) == ["/a", "/b"]
            for path, link in desk.links:
                await link.send(json.dumps([f"{path[1]}{'BTC' if path == '/a' else 'ETH'}", 7.0, 1]))
            seen = await task
            while len(seen) < 2:
                seen += await rows_of(batches)
            assert sorted(seen) == [("BTC", 7.0, 1), ("ETH", 7.0, 1)]


async def test_more_markets_than_a_connection_may_hold_are_shared_out_and_keep_their_place() -> None:
    async with on_stage(streams_per_connection=2) as (_, router, _):
        router.watch({f"a{number}": str(number) for number in range(5)})
        shares = [set(stream.wanted) for stream in router.streams]
        assert [len(share) for share in shares] == [2, 2, 1]
        router.watch({f"a{number}": str(number) for number in (0, 3, 4, 9)})
        after = [set(stream.wanted) for stream in router.streams]
        assert all(kept <= share for kept, share in zip(({"a0"}, {"a3"}, {"a4"}), after, strict=True))
        assert sum(map(len, after)) == 4


async def test_a_quiet_market_on_a_connection_that_answers_is_no_silence() -> None:
    async with on_stage() as (desk, router, telemetry):
        router.watch({"aBTC": "BTC"})
        async with aclosing(router.batches()) as batches:  # type: ignore[type-var]  # an async generator
            waiting = asyncio.get_running_loop().create_task(rows_of(batches))
            await desk.until(lambda: desk.heard.count("ping") >= 6)
            assert len(desk.links) == 1
            assert not telemetry.counts["stream_restarts_total silence"]
            await desk.links[0][1].send('["aBTC", 5.0, 1]')
            assert await waiting == [("BTC", 5.0, 1)]


async def test_a_server_that_does_not_answer_is_left_for_another_connection() -> None:
    async with on_stage() as (desk, router, telemetry):
        desk.is_mute = True
        router.watch({"aBTC": "BTC"})
        async with aclosing(router.batches()) as batches:  # type: ignore[type-var]  # an async generator
            waiting = asyncio.get_running_loop().create_task(rows_of(batches))
            await desk.until(lambda: len(desk.links) >= 2)
            assert telemetry.counts["stream_restarts_total silence"] >= 1
            waiting.cancel()
            await asyncio.wait([waiting])


async def test_a_question_is_answered_and_an_announced_upgrade_is_met_by_a_second_connection_first() -> None:
    async with on_stage() as (desk, router, _):
        router.watch({"aBTC": "BTC"})
        async with aclosing(router.batches()) as batches:  # type: ignore[type-var]  # an async generator
            waiting = asyncio.get_running_loop().create_task(rows_of(batches))
            await desk.until(lambda: desk.links and desk.heard)
            first = desk.links[0][1]
            await first.send('"question"')
            await desk.until(lambda: "answer" in desk.heard)
            await first.send('["aBTC", 5.0, 1]')
            await waiting
            await first.send('"upgrade"')
            waiting = asyncio.get_running_loop().create_task(rows_of(batches))
            await desk.until(lambda: len(desk.links) == 2)
            await first.send('["aBTC", 6.0, 2]')
            assert await waiting == [("BTC", 6.0, 2)], "the old connection speaks until the new one does"


async def test_a_deaf_stream_is_found_out_by_rest_and_dialled_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(anchoring, "LOOK_EVERY_SECONDS", 0.05)
    monkeypatch.setattr(anchoring, "QUIET_AFTER_SECONDS", 0.2)
    monkeypatch.setattr(anchoring, "DEAF_AFTER_SECONDS", 0.5)
    asked: list[Collection[str]] = []

    async def ask(symbols: Collection[str]) -> Sequence[MarkRow]:
        asked.append(symbols)
        return router.ledger.answered([("BTC", 90.0, 0)])

    async with on_stage() as (desk, router, telemetry):
        watcher = MarkAnchor(router, ask, SystemClock(), telemetry, "plain")
        router.watch({"aBTC": "BTC"})
        watcher.watch(["BTC"])
        with capture_logs() as logs:
            async with aclosing(router.batches(beside=watcher.run)) as batches:  # type: ignore[type-var]
                waiting = asyncio.get_running_loop().create_task(rows_of(batches))
                await desk.until(lambda: desk.links and desk.heard)
                await desk.links[0][1].send('["aBTC", 100.0, 1]')
                assert await waiting == [("BTC", 100.0, 1)]
                assert await rows_of(batches) == [("BTC", 90.0, 1)], "REST stands in for what the stream does not say"
                waiting = asyncio.get_running_loop().create_task(rows_of(batches))
                await desk.until(lambda: len(desk.links) >= 2)
                waiting.cancel()
                await asyncio.wait([waiting])
        assert asked
        assert any(entry["event"] == "mark_stream_deaf" for entry in logs)
