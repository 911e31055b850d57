"""The simulated venue's websockets: paths, acknowledgements, marks, account events and faults."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest
import websockets
from websockets.asyncio.client import ClientConnection, connect

from liqwatch.clock import SystemClock
from liqwatch.model import Side
from liqwatch.testing.venue import BinanceVenue, VenueAccount, VenuePosition

KEY = "simulated-key"
SILENCE_SECONDS = 0.1
PATIENCE_SECONDS = 5.0


def position(native_symbol: str, side: Side, **fields: Any) -> VenuePosition:
    return VenuePosition(
        native_symbol=native_symbol, side=side, **({"contracts": 1.0, "entry_price": 100.0, "leverage": 10} | fields)
    )


def new_venue(*, liquidates: bool = False, publish_every_seconds: float | None = None, **account: Any) -> BinanceVenue:
    fields = {"api_key": KEY, "cross_wallets": {"USDT": 1_000.0}} | account
    return BinanceVenue(
        accounts=[VenueAccount(**fields)], publish_every_seconds=publish_every_seconds, liquidates=liquidates
    )


async def receive(socket: ClientConnection) -> Any:
    async with asyncio.timeout(PATIENCE_SECONDS):
        return json.loads(await socket.recv())


async def is_silent(socket: ClientConnection) -> bool:
    try:
        async with asyncio.timeout(SILENCE_SECONDS):
            await socket.recv()
    except TimeoutError:
        return True
    return False


async def ask(socket: ClientConnection, method: str, *params: str) -> Any:
    await socket.send(json.dumps({"method": method, "params": params, "id": 7}))
    return await receive(socket)


async def until_open(venue: BinanceVenue, streams: int = 1) -> None:
    """The client's handshake ends a moment before the venue has noted the connection."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while len(venue.subscriptions()) + venue.account_streams() < streams:
            await SystemClock().sleep(0.005)


async def listen_key(venue: BinanceVenue) -> str:
    async with aiohttp.ClientSession(venue.rest_url, headers={"X-MBX-APIKEY": KEY}) as session:
        answer = await (await session.post("/fapi/v1/listenKey")).json()
        return str(answer["listenKey"])


@asynccontextmanager
async def account_stream(venue: BinanceVenue) -> AsyncIterator[ClientConnection]:
    """The account's own user-data stream, known to the venue."""
    async with connect(f"{venue.websocket_url}/private/ws/{await listen_key(venue)}") as socket:
        await until_open(venue)
        yield socket


async def test_a_single_stream_in_the_path_brings_bare_rows() -> None:
    async with new_venue() as venue, connect(f"{venue.websocket_url}/market/ws/btcusdt@markPrice@1s") as socket:
        await until_open(venue)
        venue.set_price("BTCUSDT", 101_877.69)
        await venue.publish()
        row = await receive(socket)
    assert list(row) == ["e", "E", "s", "p", "ap", "P", "i", "r", "T", "st"]
    assert (row["s"], row["p"], row["st"]) == ("BTCUSDT", "101877.69000000", 1)


async def test_subscriptions_are_acknowledged_listed_and_taken_back() -> None:
    async with new_venue() as venue, connect(f"{venue.websocket_url}/market/ws") as socket:
        assert await ask(socket, "SUBSCRIBE", "ethusdt@markPrice@1s", "nosuch@markPrice") == {"result": None, "id": 7}
        assert await ask(socket, "LIST_SUBSCRIPTIONS") == {
            "result": ["ethusdt@markPrice@1s", "nosuch@markPrice"],
            "id": 7,
        }
        await venue.publish()
        assert (await receive(socket))["s"] == "ETHUSDT"
        assert await ask(socket, "UNSUBSCRIBE", "ethusdt@markPrice@1s") == {"result": None, "id": 7}
        await venue.publish()
        assert await is_silent(socket)


async def test_nonsense_is_answered_with_an_error() -> None:
    async with new_venue() as venue, connect(f"{venue.websocket_url}/market/ws") as socket:
        assert (await ask(socket, "DANCE"))["error"]["code"] == 2
        await socket.send("not json")
        assert (await receive(socket))["error"]["code"] == 2


async def test_combined_streams_wrap_each_payload() -> None:
    address = "/market/stream?streams=btcusdt@markPrice@1s/solusdt@markPrice"
    async with new_venue() as venue, connect(venue.websocket_url + address) as socket:
        await until_open(venue)
        await venue.publish()
        frames = [await receive(socket), await receive(socket)]
    assert [frame["stream"] for frame in frames] == ["btcusdt@markPrice@1s", "solusdt@markPrice"]
    assert [frame["data"]["s"] for frame in frames] == ["BTCUSDT", "SOLUSDT"]


async def test_the_array_comes_in_two_frames_with_coin_margined_and_dated_rows_mixed_in() -> None:
    async with new_venue() as venue, connect(f"{venue.websocket_url}/market/ws/!markPrice@arr@1s") as socket:
        await until_open(venue)
        await venue.publish()
        rows = [await receive(socket), await receive(socket)]
    by_symbol = {row["s"]: row for frame in rows for row in frame}
    assert all(isinstance(frame, list) for frame in rows)
    assert by_symbol.keys() - venue.book.markets.keys() == {"BTCUSD_PERP", "ETHUSD_PERP"}
    assert by_symbol["BTCUSD_PERP"]["st"] == 2
    assert (by_symbol["BTCUSDT_271231"]["r"], by_symbol["BTCUSDT_271231"]["T"]) == ("", 0)


@pytest.mark.parametrize("path", ["/ws", "/stream", "/ws/btcusdt@markPrice@1s", "/public/ws"])
async def test_the_retired_entrances_acknowledge_and_stay_silent(path: str) -> None:
    async with new_venue() as venue, connect(venue.websocket_url + path) as socket:
        assert await ask(socket, "SUBSCRIBE", "btcusdt@markPrice@1s") == {"result": None, "id": 7}
        await venue.publish()
        assert await is_silent(socket)


async def test_marks_keep_coming_by_themselves_and_their_event_times_only_grow() -> None:
    async with (
        new_venue(publish_every_seconds=0.005) as venue,
        connect(f"{venue.websocket_url}/market/ws/btcusdt@markPrice@1s") as socket,
    ):
        times = [(await receive(socket))["E"] for _ in range(5)]
    assert times == sorted(set(times))


@pytest.mark.parametrize("pattern", ["/private/ws?listenKey={}", "/private/ws/{}"])
async def test_account_events_reach_the_stream_of_their_key_only(pattern: str) -> None:
    async with new_venue() as venue:
        key = await listen_key(venue)
        async with (
            connect(venue.websocket_url + pattern.format(key)) as mine,
            connect(venue.websocket_url + pattern.format("wrong-key")) as other,
        ):
            await until_open(venue, 2)
            await venue.open_position(KEY, position("SOLUSDT", Side.SHORT, contracts=3.0, entry_price=221.0))
            event = await receive(mine)
            assert await is_silent(other)
    assert event["e"] == "ACCOUNT_UPDATE"
    assert event["a"]["B"] == [{"a": "USDT", "wb": "1000.00000000", "cw": "1000.00000000", "bc": "0"}]
    row = event["a"]["P"][0]
    assert (row["s"], row["pa"], row["ps"], row["mt"], row["iw"]) == ("SOLUSDT", "-3", "BOTH", "cross", "0")


async def test_closing_in_hedge_mode_sends_all_three_slots() -> None:
    held = [position("BTCUSDT", Side.LONG), position("BTCUSDT", Side.SHORT, contracts=2.0)]
    async with new_venue(is_hedge_mode=True, positions=held) as venue, account_stream(venue) as socket:
        await venue.close_position(KEY, "BTCUSDT", Side.LONG)
        rows = (await receive(socket))["a"]["P"]
    assert [(row["ps"], row["pa"]) for row in rows] == [("BOTH", "0"), ("LONG", "0"), ("SHORT", "-2")]


async def test_every_kind_of_account_change_is_told() -> None:
    held = [position("BTCUSDT", Side.LONG, entry_price=117_000.0, isolated_wallet=500.0)]
    async with new_venue(positions=held) as venue, account_stream(venue) as socket:
        await venue.change_wallet(KEY, -12.5, reason="FUNDING_FEE")
        await venue.change_isolated_wallet(KEY, "BTCUSDT", Side.LONG, 100.0)
        await venue.change_leverage(KEY, "BTCUSDT", 7)
        await venue.send_margin_call(KEY)
        await venue.close_position(KEY, "BTCUSDT", Side.LONG, 0.25)
        await venue.close_position(KEY, "BTCUSDT", Side.LONG)
        await venue.expire_listen_key(KEY)
        await venue.change_wallet(KEY, 1.0)
        frames = [await receive(socket) for _ in range(7)]
        assert await is_silent(socket)
    funding, margin, leverage, call, reduced, closed, expired = frames
    assert (funding["a"]["m"], funding["a"]["P"]) == ("FUNDING_FEE", [])
    assert (funding["a"]["B"][0]["cw"], funding["a"]["B"][0]["bc"]) == ("987.50000000", "-12.50000000")
    assert margin["a"]["P"][0]["iw"] == "600.00000000"
    assert leverage["ac"] == {"s": "BTCUSDT", "l": 7}
    assert call["e"] == "MARGIN_CALL"
    assert call["p"][0]["mt"] == "ISOLATED"
    assert (reduced["a"]["P"][0]["pa"], reduced["a"]["P"][0]["iw"]) == ("0.75", "450.00000000")
    assert [(row["ps"], row["pa"]) for row in closed["a"]["P"]] == [("BOTH", "0")]
    assert closed["a"]["B"][0]["cw"] == "1487.50000000"
    assert expired["e"] == "listenKeyExpired"
    assert isinstance(expired["E"], str)


async def test_a_mark_beyond_the_liquidation_price_closes_the_position_when_asked_to() -> None:
    held = [position("BTCUSDT", Side.LONG, entry_price=117_000.0, isolated_wallet=5_000.0)]
    async with new_venue(positions=held, liquidates=True) as venue, account_stream(venue) as socket:
        venue.set_price("BTCUSDT", 111_000.0)
        await venue.publish()
        order, update = await receive(socket), await receive(socket)
    assert order["o"]["c"].startswith("autoclose-")
    assert (order["o"]["S"], order["o"]["x"]) == ("SELL", "CALCULATED")
    assert update["a"]["P"][0]["pa"] == "0"
    assert update["a"]["B"][0]["cw"] == "1000.00000000"  # the loss ends with the isolated wallet


async def test_silenced_marks_leave_the_socket_alive() -> None:
    async with new_venue() as venue, connect(f"{venue.websocket_url}/market/ws/btcusdt@markPrice@1s") as socket:
        await until_open(venue)
        venue.faults.silence_marks = True
        await venue.publish()
        assert await is_silent(socket)
        await asyncio.wait_for(await socket.ping(), PATIENCE_SECONDS)  # noqa: TID251  # the patience of a test
        venue.faults.silence_marks = False
        await venue.publish()
        assert (await receive(socket))["s"] == "BTCUSDT"


async def test_a_half_open_socket_neither_sends_nor_answers_pings_until_it_thaws() -> None:
    async with new_venue() as venue, connect(f"{venue.websocket_url}/market/ws/btcusdt@markPrice@1s") as socket:
        await until_open(venue)
        venue.faults.half_open = True
        await venue.publish()
        pong = await socket.ping()
        assert await is_silent(socket)
        assert isinstance(pong, asyncio.Future)
        assert not pong.done()
        venue.faults.half_open = False
        assert (await receive(socket))["s"] == "BTCUSDT"
        await asyncio.wait_for(pong, PATIENCE_SECONDS)  # noqa: TID251  # the patience of a test


async def test_one_undecodable_frame_comes_before_the_good_ones() -> None:
    async with new_venue() as venue, connect(f"{venue.websocket_url}/market/ws/btcusdt@markPrice@1s") as socket:
        await until_open(venue)
        venue.faults.garbage_next = True
        await venue.publish()
        with pytest.raises(json.JSONDecodeError):
            await receive(socket)
        assert (await receive(socket))["s"] == "BTCUSDT"


async def test_dropped_connections_end_without_a_closing_handshake() -> None:
    async with new_venue() as venue, connect(f"{venue.websocket_url}/market/ws") as socket:
        await ask(socket, "LIST_SUBSCRIPTIONS")
        venue.faults.drop_connections()
        with pytest.raises(websockets.ConnectionClosedError):
            await receive(socket)
    assert venue.connections_accepted == 1


async def test_new_websockets_are_refused_on_request() -> None:
    async with new_venue() as venue:
        venue.faults.refuse_websockets = True
        with pytest.raises(websockets.InvalidStatus, match="503"):
            await connect(f"{venue.websocket_url}/market/ws")


async def test_lost_account_events_leave_rest_truthful() -> None:
    async with new_venue() as venue, account_stream(venue) as socket:
        venue.faults.silence_account_events = True
        await venue.open_position(KEY, position("BTCUSDT", Side.LONG))
        assert await is_silent(socket)
    assert venue.book.accounts[KEY].find("BTCUSDT", Side.LONG) is not None


async def test_the_venue_closes_at_once_even_with_frozen_clients() -> None:
    async with asyncio.timeout(PATIENCE_SECONDS):
        async with new_venue() as venue:
            socket = await connect(f"{venue.websocket_url}/market/ws")
            await ask(socket, "LIST_SUBSCRIPTIONS")
            venue.faults.half_open = True
            port = venue.rest_url.rpartition(":")[2]
        await socket.close()
    with pytest.raises(OSError, match=port):
        await connect(f"ws://127.0.0.1:{port}/market/ws")


async def test_a_market_the_venue_does_not_list_cannot_be_entered() -> None:
    async with new_venue() as venue:
        with pytest.raises(ValueError, match="does not list NOSUCHUSDT"):
            await venue.open_position(KEY, position("NOSUCHUSDT", Side.LONG))


async def test_one_way_mode_refuses_the_opposite_side() -> None:
    async with new_venue() as venue:
        await venue.open_position(KEY, position("BTCUSDT", Side.LONG, contracts=1.0, entry_price=100_000.0))
        await venue.open_position(KEY, position("BTCUSDT", Side.LONG, contracts=3.0, entry_price=120_000.0))
        held = venue.book.accounts[KEY].positions[0]
        assert (held.contracts, held.entry_price) == (4.0, 115_000.0)
        with pytest.raises(ValueError, match="one direction per market"):
            await venue.open_position(KEY, position("BTCUSDT", Side.SHORT))
