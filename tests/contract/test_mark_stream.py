"""The mark stream against real local websocket servers that behave, break, lie and fall silent."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, cast

import pytest
from structlog.testing import capture_logs
from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response

from liqwatch.clock import SystemClock
from liqwatch.exchanges._binance import ALL_MARKS, BinanceMarkDialect
from liqwatch.exchanges.plumbing.hosts import Hosts
from liqwatch.exchanges.plumbing.mark_router import MarkRouter
from liqwatch.exchanges.plumbing.mark_stream import StreamTuning
from liqwatch.model import MarkBatch, MarkRow
from liqwatch.testing.telemetry import CountingTelemetry

PATIENCE_SECONDS = 10.0
BTC_ONLY = {"BTCUSDT": "BTC/USDT:USDT"}
BTC_STREAM = "btcusdt@markPrice@1s"


def mark(price: float | str, at_ms: int, native: str = "BTCUSDT") -> dict[str, Any]:
    return {"e": "markPriceUpdate", "E": at_ms, "s": native, "p": str(price), "r": "", "T": 0, "st": 1}


class Venue:
    """A market endpoint that keeps each connection's streams as the real one does, and says nothing by itself."""

    def __init__(self) -> None:
        self.links: list[ServerConnection] = []
        self.streams: list[list[str]] = []
        self.requests: list[dict[str, Any]] = []
        self.refuses = False
        self.arrived = asyncio.Condition()
        self.server: Server | None = None

    async def start(self) -> None:
        self.server = await serve(self._serve, "127.0.0.1", 0, process_request=self._gate, close_timeout=0.1)

    @property
    def url(self) -> str:
        assert self.server is not None
        host, port = next(iter(self.server.sockets)).getsockname()[:2]
        return f"ws://{host}:{port}"

    def _gate(self, link: ServerConnection, request: Request) -> Response | None:
        return link.respond(503, "busy\n") if self.refuses else None

    async def _serve(self, link: ServerConnection) -> None:
        assert link.request is not None
        streams = [link.request.path.rsplit("/", 1)[1]]
        assert link.request.path.startswith("/market/ws/")
        async with self.arrived:
            self.links.append(link)
            self.streams.append(streams)
            self.arrived.notify_all()
        try:
            async for message in link:
                request = json.loads(message)
                self.requests.append(request)
                await link.send(json.dumps({"result": None, "id": request["id"]}))
                async with self.arrived:
                    if request["method"] == "SUBSCRIBE":
                        streams.extend(request["params"])
                    else:
                        streams[:] = [name for name in streams if name not in request["params"]]
                    self.arrived.notify_all()
        except ConnectionClosed:
            pass

    async def until(self, true: Callable[[], object]) -> None:
        async with self.arrived:
            await asyncio.wait_for(self.arrived.wait_for(true), PATIENCE_SECONDS)  # noqa: TID251  # the patience of a test

    async def link(self, number: int) -> ServerConnection:
        await self.until(lambda: len(self.links) > number)
        return self.links[number]

    async def stop(self) -> None:
        assert self.server is not None
        for link in self.links:
            if link.transport is not None:
                link.transport.abort()
        self.server.close()
        await self.server.wait_closed()


class Stage:
    def __init__(self, venue: Venue, url: str, **tuning: Any) -> None:
        self.venue = venue
        self.telemetry = CountingTelemetry()
        times: dict[str, Any] = {
            "silence_limit_seconds": 5.0,
            "backoff_base_seconds": 0.01,
            "backoff_cap_seconds": 0.05,
            "message_pause_seconds": 0.001,
        }
        dialect = BinanceMarkDialect("binance_usdm", Hosts(rest="http://127.0.0.1:1", websocket=url))
        self.stream = MarkRouter(dialect, SystemClock(), self.telemetry, StreamTuning(**(times | tuning)))
        self.batches = self.stream.batches()

    async def batch(self) -> MarkBatch:
        return await asyncio.wait_for(anext(self.batches), PATIENCE_SECONDS)  # noqa: TID251  # the patience of a test

    async def rows(self) -> list[MarkRow]:
        """The rows of the next batch that has any."""
        while True:
            batch = await self.batch()
            if batch.rows:
                return list(batch.rows)

    async def send(self, number: int, *documents: Any) -> None:
        link = await self.venue.link(number)
        for document in documents:
            await link.send(document if isinstance(document, str | bytes) else json.dumps(document))

    async def rows_when_sent(self, number: int, *documents: Any) -> list[MarkRow]:
        rows, _ = await asyncio.gather(self.rows(), self.send(number, *documents))
        return rows


@asynccontextmanager
async def on_stage(**tuning: Any) -> AsyncIterator[Stage]:
    venue = Venue()
    await venue.start()
    stage = Stage(venue, venue.url, **tuning)
    try:
        yield stage
    finally:
        await cast("Any", stage.batches).aclose()
        await venue.stop()


async def test_a_frame_becomes_a_batch_with_its_own_price_and_time() -> None:
    async with on_stage() as stage:
        stage.stream.watch(BTC_ONLY)
        assert await stage.rows_when_sent(0, mark(100.5, 7)) == [("BTC/USDT:USDT", 100.5, 7)]


async def test_nothing_is_dialled_before_something_is_wanted() -> None:
    async with on_stage() as stage:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(stage.batches.__anext__(), 0.1)  # noqa: TID251  # the patience of a test
        assert not stage.venue.links


async def test_the_whole_wanted_set_is_subscribed_in_bounded_messages() -> None:
    async with on_stage(streams_per_message=4) as stage:
        stage.stream.watch({f"C{number}USDT": f"C{number}/USDT:USDT" for number in range(10)})
        await stage.rows_when_sent(0, mark(1, 1, "C3USDT"))
        await stage.venue.until(lambda: len(stage.venue.streams[0]) == 10)
        assert [len(request["params"]) for request in stage.venue.requests] == [4, 4, 1]


async def test_a_growing_set_switches_to_the_array_and_a_shrinking_one_back_on_the_live_socket() -> None:
    many = {f"C{number}USDT": f"C{number}/USDT:USDT" for number in range(40)}
    async with on_stage() as stage:
        stage.stream.watch(BTC_ONLY)
        await stage.rows_when_sent(0, mark(1, 1))
        stage.stream.watch(many)
        await stage.venue.until(lambda: stage.venue.streams[0] == [ALL_MARKS])
        assert await stage.rows_when_sent(0, [mark(5, 2, "C7USDT")]) == [("C7/USDT:USDT", 5.0, 2)]
        stage.stream.watch(BTC_ONLY)
        await stage.venue.until(lambda: stage.venue.streams[0] == [BTC_STREAM])
        assert len(stage.venue.links) == 1


async def test_a_frame_without_wanted_rows_is_an_empty_batch() -> None:
    async with on_stage() as stage:
        stage.stream.watch(BTC_ONLY)
        batch, _ = await asyncio.gather(stage.batch(), stage.send(0, [mark(1, 1, "OTHERUSDT")]))
        assert not batch.rows


async def test_a_cut_connection_is_dialled_anew_and_the_outage_told_exactly_twice() -> None:
    async with on_stage() as stage:
        stage.stream.watch(BTC_ONLY)
        await stage.rows_when_sent(0, mark(1, 10))
        with capture_logs() as logs:
            (await stage.venue.link(0)).transport.abort()
            assert await stage.rows_when_sent(1, mark(2, 11)) == [("BTC/USDT:USDT", 2.0, 11)]
        assert [entry["event"] for entry in logs] == ["mark_stream_down", "mark_stream_up"]
        assert stage.telemetry.counts["stream_restarts_total closed"] == 1


async def test_a_refusing_venue_is_tried_until_it_opens() -> None:
    async with on_stage() as stage:
        stage.venue.refuses = True
        stage.stream.watch(BTC_ONLY)
        with capture_logs() as logs:
            waiting = asyncio.gather(stage.rows(), stage.send(0, mark(1, 1)))
            while stage.telemetry.counts["stream_restarts_total unreachable"] < 3:  # noqa: ASYNC110  a counter has no event
                await asyncio.sleep(0.01)  # noqa: TID251  real sockets
            stage.venue.refuses = False
            await waiting
        assert [entry["event"] for entry in logs] == ["mark_stream_down", "mark_stream_up"]


async def test_a_connection_that_acknowledges_and_stays_silent_is_given_up() -> None:
    async with on_stage(silence_limit_seconds=0.4) as stage:
        stage.stream.watch(BTC_ONLY | {"ETHUSDT": "ETH/USDT:USDT"})
        assert await stage.rows_when_sent(1, mark(1, 1))
        assert stage.telemetry.counts["stream_restarts_total silence"] >= 1
        assert stage.venue.requests


async def test_a_half_open_connection_is_given_up_without_its_goodbye() -> None:
    async with on_stage(silence_limit_seconds=0.4) as stage:
        stage.stream.watch(BTC_ONLY)
        await stage.rows_when_sent(0, mark(1, 1))
        (await stage.venue.link(0)).transport.pause_reading()
        assert await stage.rows_when_sent(1, mark(2, 2)) == [("BTC/USDT:USDT", 2.0, 2)]


async def test_garbage_is_counted_told_once_a_reason_and_survived() -> None:
    garbage = ["not json", b"\xff\xfe", "{}", '{"e":"news"}', '{"error":{"code":2},"id":9}', [mark("much", 1)], "x"]
    async with on_stage() as stage:
        stage.stream.watch(BTC_ONLY)
        with capture_logs() as logs:
            assert await stage.rows_when_sent(0, *garbage, mark(3, 3)) == [("BTC/USDT:USDT", 3.0, 3)]
        assert stage.telemetry.counts["frames_rejected_total undecodable"] == 3
        reasons = [entry["reason"] for entry in logs if entry["event"] == "mark_frame_rejected"]
        assert sorted(reasons) == ["bad_row", "request_refused", "undecodable", "unknown_event", "unknown_frame"]
        assert len(stage.venue.links) == 1


@pytest.mark.parametrize("price", ["0", "-1", "nan", "inf"])
async def test_an_impossible_price_is_counted_and_skipped(price: str) -> None:
    async with on_stage() as stage:
        stage.stream.watch(BTC_ONLY)
        assert await stage.rows_when_sent(0, mark(price, 1), mark(2, 2)) == [("BTC/USDT:USDT", 2.0, 2)]
        assert stage.telemetry.counts["frames_rejected_total bad_price"] == 1


async def test_an_older_price_never_replaces_a_newer_one() -> None:
    async with on_stage() as stage:
        stage.stream.watch(BTC_ONLY)
        assert await stage.rows_when_sent(0, mark(2, 20)) == [("BTC/USDT:USDT", 2.0, 20)]
        assert await stage.rows_when_sent(0, mark(1, 19), mark(3, 21)) == [("BTC/USDT:USDT", 3.0, 21)]
        assert stage.telemetry.counts["frames_rejected_total out_of_order"] == 1


async def test_a_slow_consumer_gets_the_newest_price_of_every_market() -> None:
    async with on_stage() as stage:
        stage.stream.watch(BTC_ONLY | {"ETHUSDT": "ETH/USDT:USDT"})
        await stage.rows_when_sent(0, mark(1, 1))
        await stage.send(0, *(mark(price, price) for price in range(2, 101)), mark(7, 7, "ETHUSDT"), mark(101, 101))
        while stage.telemetry.counts["rows_conflated_total"] < 99:  # noqa: ASYNC110  a counter has no event
            await asyncio.sleep(0.01)  # noqa: TID251  real sockets
        rows = await stage.rows()
        assert sorted(rows) == [("BTC/USDT:USDT", 101.0, 101), ("ETH/USDT:USDT", 7.0, 7)]


async def test_a_renewal_brings_data_on_the_new_connection_before_it_drops_the_old() -> None:
    async with on_stage(renew_after_seconds=0.2, renew_jitter_seconds=0.0) as stage:
        stage.stream.watch(BTC_ONLY | {"ETHUSDT": "ETH/USDT:USDT"})
        await stage.rows_when_sent(0, mark(1, 1))
        waiting = asyncio.gather(stage.batch(), stage.venue.link(1))
        await stage.venue.link(1)
        await stage.venue.until(lambda: len(stage.venue.streams[1]) == 2)
        assert (await stage.venue.link(0)).close_code is None
        await stage.send(0, mark(2, 2))
        await waiting
        assert await stage.rows_when_sent(1, mark(3, 3)) == [("BTC/USDT:USDT", 3.0, 3)]
        await asyncio.wait_for((await stage.venue.link(0)).wait_closed(), PATIENCE_SECONDS)  # noqa: TID251  # the patience of a test
        assert not any(name.startswith("stream_restarts_total") for name in stage.telemetry.counts)


async def test_a_dead_array_gives_way_to_single_streams() -> None:
    many = {f"C{number}USDT": f"C{number}/USDT:USDT" for number in range(40)}
    async with on_stage(silence_limit_seconds=0.4) as stage:
        stage.stream.watch(many)
        assert await stage.rows_when_sent(1, mark(5, 2, "C7USDT")) == [("C7/USDT:USDT", 5.0, 2)]
        assert stage.venue.streams[0] == [ALL_MARKS]
        await stage.venue.until(lambda: len(stage.venue.streams[1]) == 40)


async def test_a_second_iteration_takes_over_from_an_abandoned_one() -> None:
    async with on_stage() as stage:
        stage.stream.watch(BTC_ONLY)
        await stage.rows_when_sent(0, mark(1, 1))
        abandoned, stage.batches = stage.batches, stage.stream.batches()
        assert await stage.rows_when_sent(1, mark(2, 2)) == [("BTC/USDT:USDT", 2.0, 2)]
        await asyncio.wait_for((await stage.venue.link(0)).wait_closed(), PATIENCE_SECONDS)  # noqa: TID251  # the patience of a test
        await cast("Any", abandoned).aclose()
        assert await stage.rows_when_sent(1, mark(3, 3)) == [("BTC/USDT:USDT", 3.0, 3)]


async def test_a_fault_of_our_own_reaches_the_consumer_once_and_the_next_iteration_begins_afresh() -> None:
    async with on_stage() as stage:
        stage.stream.watch({"BTCUSDT": cast("str", ["no", "symbol"])})
        waiting = asyncio.gather(stage.rows(), stage.send(0, mark(1, 1)))
        with pytest.raises(ExceptionGroup):
            await waiting
        stage.stream.watch(BTC_ONLY)
        stage.batches = stage.stream.batches()
        assert await stage.rows_when_sent(1, mark(2, 2)) == [("BTC/USDT:USDT", 2.0, 2)]


async def test_closing_ends_the_iteration_and_the_connection() -> None:
    async with on_stage() as stage:
        stage.stream.watch(BTC_ONLY)
        await stage.rows_when_sent(0, mark(1, 1))
        await stage.stream.close()
        with pytest.raises(StopAsyncIteration):
            await stage.batch()
        await asyncio.wait_for((await stage.venue.link(0)).wait_closed(), PATIENCE_SECONDS)  # noqa: TID251  # the patience of a test


async def test_wanting_nothing_lets_the_connection_go_without_an_outage() -> None:
    async with on_stage() as stage:
        stage.stream.watch(BTC_ONLY)
        await stage.rows_when_sent(0, mark(1, 1))
        stage.stream.watch({})
        await asyncio.wait_for((await stage.venue.link(0)).wait_closed(), PATIENCE_SECONDS)  # noqa: TID251  # the patience of a test
        stage.stream.watch(BTC_ONLY)
        assert await stage.rows_when_sent(1, mark(2, 2))
        assert not stage.telemetry.counts
