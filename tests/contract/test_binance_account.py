"""The Binance account between its two doors: raw signed calls that a table answers, and a real local websocket."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator, Callable, Collection, Mapping
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any, TypeVar

import msgspec
import pytest
from structlog.testing import capture_logs
from websockets.asyncio.server import Server, ServerConnection, serve

from liqwatch.clock import SystemClock
from liqwatch.errors import CredentialsError, ExchangeError, ExchangeUnreachable, PayloadError
from liqwatch.exchanges._binance import USD_MARGINED
from liqwatch.exchanges._binance_account import MULTI_ASSETS, RESTRICTIONS, BinanceAccountDialect
from liqwatch.exchanges.plumbing.account import VenueAccount
from liqwatch.exchanges.plumbing.hosts import Hosts
from liqwatch.exchanges.plumbing.private_stream import PrivateTuning
from liqwatch.model import (
    AccountSnapshot,
    FundingRate,
    Instrument,
    LeverageTier,
    MarkBatch,
    MarkCandle,
    MarkRow,
    NoticeKind,
    SnapshotSource,
)
from liqwatch.ports import AccountOptions, VenueOptions
from liqwatch.testing.telemetry import CountingTelemetry

ACCOUNT, POSITIONS, BRACKETS = USD_MARGINED.account, USD_MARGINED.positions, USD_MARGINED.brackets
OPEN_LISTEN_KEY, KEEP_LISTEN_KEY = "fapiPrivatePostListenKey", "fapiPrivatePutListenKey"
Answer = TypeVar("Answer")
Answering = Callable[[], object]
PATIENCE_SECONDS = 10.0
LISTEN_KEY = "listen-key-0123456789"


class ListedMarket:
    """The public side: lists two contracts."""

    venue = "binance_usdm"

    def __init__(self) -> None:
        self.listed = {
            f"{base}/USDT:USDT": Instrument(
                symbol=f"{base}/USDT:USDT", native_symbol=f"{base}USDT", settle_currency="USDT"
            )
            for base in ("BTC", "ETH")
        }

    async def instruments(self) -> Mapping[str, Instrument]:
        return self.listed

    def watch(self, symbols: Collection[str]) -> None:
        pass

    async def stream(self) -> AsyncIterator[MarkBatch]:
        yield MarkBatch(self.venue, (), 0.0)

    def assume(self, instruments: Mapping[str, Instrument]) -> None:
        pass

    async def mark_prices(self, symbols: Collection[str]) -> list[MarkRow]:
        return []

    async def funding_rates(self, symbols: Collection[str]) -> list[FundingRate]:
        return []

    async def mark_candles(self, symbol: str, since: datetime, until: datetime) -> list[MarkCandle]:
        return []

    async def public_tiers(self, symbols: Collection[str]) -> dict[str, tuple[LeverageTier, ...]]:
        return {}

    async def close(self) -> None:
        pass


def position(native: str = "BTCUSDT", amount: str = "1") -> dict[str, str]:
    return {"symbol": native, "positionAmt": amount, "entryPrice": "100", "markPrice": "100", "marginAsset": "USDT"}


class AnsweringCalls:
    """Raw signed calls answered from a table; a callable is called, an error raised."""

    def __init__(self) -> None:
        self.calls: Counter[str] = Counter()
        self.answers: dict[str, object] = {
            ACCOUNT: {"assets": [{"asset": "USDT", "crossWalletBalance": "500"}], "totalCrossWalletBalance": "500"},
            POSITIONS: [position()],
            MULTI_ASSETS: {"multiAssetsMargin": False},
            OPEN_LISTEN_KEY: {"listenKey": LISTEN_KEY},
            KEEP_LISTEN_KEY: {},
            BRACKETS: [],
            RESTRICTIONS: {"enableWithdrawals": False, "enableFutures": True},
        }

    async def call(self, name: str, answer: type[Answer], parameters: Mapping[str, object] | None = None) -> Answer:
        self.calls[name] += 1
        raw = self.answers[name]
        if callable(raw):
            raw = await raw()
        if isinstance(raw, Exception):
            raise raw
        try:
            return msgspec.convert(raw, answer, strict=False)
        except msgspec.ValidationError as error:
            raise PayloadError(str(error)) from error

    def secret(self, name: str) -> str:
        return ""

    def server_now_ms(self) -> int:
        return 0

    async def measure_skew_ms(self) -> float:
        return 12.0

    async def close(self) -> None:
        pass


class Stage:
    """An account with everything around it."""

    def __init__(self, server: Server, **tuning: Any) -> None:
        self.links: asyncio.Queue[ServerConnection] = asyncio.Queue()
        self.paths: list[str] = []
        self.calls = AnsweringCalls()
        self.telemetry = CountingTelemetry()
        host, port = next(iter(server.sockets)).getsockname()[:2]
        options = VenueOptions(venue="binance_usdm", clock=SystemClock(), telemetry=self.telemetry)
        hosts = Hosts(rest="http://127.0.0.1:1", websocket=f"ws://{host}:{port}")
        dialect = BinanceAccountDialect("binance_usdm", hosts, is_routed=False)
        dialect.keep_every_seconds = tuning.pop("keep_every_seconds", 1800.0)
        times: dict[str, Any] = {"backoff_base_seconds": 0.01, "backoff_cap_seconds": 0.05} | tuning
        owner = AccountOptions(account="main", credentials={})
        self.account = VenueAccount(options, owner, ListedMarket(), self.calls, dialect, PrivateTuning(**times))
        self.changes = self.account.changes()

    async def next(self) -> AccountSnapshot:
        return await asyncio.wait_for(anext(self.changes), PATIENCE_SECONDS)  # noqa: TID251  # the patience of a test

    async def opened(self) -> ServerConnection:
        """The first snapshot of a fresh connection has been taken; the connection's other end."""
        assert (await self.next()).source is SnapshotSource.REST
        return await asyncio.wait_for(self.links.get(), PATIENCE_SECONDS)  # noqa: TID251  # the patience of a test


@asynccontextmanager
async def on_stage(**tuning: Any) -> AsyncIterator[Stage]:
    links: asyncio.Queue[ServerConnection] = asyncio.Queue()
    paths: list[str] = []

    async def serve_one(link: ServerConnection) -> None:
        assert link.request is not None
        paths.append(link.request.path)
        links.put_nowait(link)
        await link.wait_closed()

    async with serve(serve_one, "127.0.0.1", 0, close_timeout=0.1) as server:
        stage = Stage(server, **tuning)
        stage.links, stage.paths = links, paths
        try:
            yield stage
        finally:
            await stage.changes.aclose()
            await stage.account.close()


def pushed(native: str, amount: str) -> str:
    row = {"s": native, "pa": amount, "ep": "100", "ps": "BOTH", "mt": "cross", "iw": "0"}
    return json.dumps({"e": "ACCOUNT_UPDATE", "E": 5, "a": {"B": [], "P": [row]}})


def held(snapshot: AccountSnapshot) -> dict[str, float]:
    return {row.symbol: row.contracts for row in snapshot.positions}


async def test_the_first_thing_a_stream_yields_is_a_rest_snapshot_and_then_merged_pushes() -> None:
    async with on_stage() as stage:
        link = await stage.opened()
        await link.send(pushed("ETHUSDT", "3"))
        merged = await stage.next()
        assert merged.source is SnapshotSource.STREAM
        assert held(merged) == {"BTC/USDT:USDT": 1.0, "ETH/USDT:USDT": 3.0}
        assert stage.paths == [f"/ws/{LISTEN_KEY}"]


async def test_a_cut_connection_is_opened_again_and_its_gap_closed_by_rest_with_two_log_lines() -> None:
    async with on_stage() as stage:
        link = await stage.opened()
        stage.calls.answers[POSITIONS] = [position(amount="7")]
        with capture_logs() as logs:
            link.transport.abort()
            assert held(await stage.next()) == {"BTC/USDT:USDT": 7.0}
        assert [entry["event"] for entry in logs] == ["user_stream_down", "user_stream_up"]


async def test_an_answer_asked_for_before_a_push_arrived_is_read_again() -> None:
    async with on_stage() as stage:
        link = await stage.opened()
        reads = 0

        async def overtaken() -> object:
            nonlocal reads
            reads += 1
            if reads == 1:
                await link.send(pushed("BTCUSDT", "2"))
                await asyncio.sleep(0.05)  # noqa: TID251  real sockets: the push overtakes the answer
                return [position(amount="1")]
            return [position(amount="2")]

        stage.calls.answers[POSITIONS] = overtaken
        assert held(await stage.account.snapshot()) == {"BTC/USDT:USDT": 2.0}
        assert reads == 2


async def test_a_push_that_an_answer_already_contains_is_not_merged_late() -> None:
    async with on_stage() as stage:
        link = await stage.opened()
        await link.send(pushed("BTCUSDT", "2"))
        await asyncio.sleep(0.05)  # noqa: TID251  real sockets: the push has arrived, unread
        stage.calls.answers[POSITIONS] = [position(amount="9")]
        assert held(await stage.account.snapshot()) == {"BTC/USDT:USDT": 9.0}
        await link.send(pushed("ETHUSDT", "1"))
        assert held(await stage.next()) == {"BTC/USDT:USDT": 9.0, "ETH/USDT:USDT": 1.0}


async def test_an_empty_answer_does_not_empty_what_pushes_are_merged_into() -> None:
    async with on_stage() as stage:
        link = await stage.opened()
        stage.calls.answers[POSITIONS] = []
        assert held(await stage.account.snapshot()) == {}
        await link.send(pushed("ETHUSDT", "1"))
        assert held(await stage.next()) == {"BTC/USDT:USDT": 1.0, "ETH/USDT:USDT": 1.0}
        await stage.account.snapshot()
        await stage.account.snapshot()
        await link.send(pushed("ETHUSDT", "2"))
        assert held(await stage.next()) == {"ETH/USDT:USDT": 2.0}


@pytest.mark.parametrize(
    "event",
    [
        {"e": "ACCOUNT_CONFIG_UPDATE", "E": 1, "ac": {"s": "BTCUSDT", "l": 25}},
        {"e": "MARGIN_CALL", "E": 1, "p": []},
        {"e": "riskLevelChange", "E": 1},
        {"e": "ACCOUNT_UPDATE", "E": 1, "a": {"B": [{"a": "USDT", "cw": "nan"}]}},
    ],
)
async def test_what_a_push_cannot_tell_is_asked_over_rest(event: dict[str, Any]) -> None:
    async with on_stage() as stage:
        link = await stage.opened()
        await link.send(json.dumps(event))
        snapshot = await stage.next()
        if snapshot.notices:  # told before REST is asked
            snapshot = await stage.next()
        assert snapshot.source is SnapshotSource.REST
        assert stage.calls.calls[POSITIONS] == 2


async def test_a_margin_call_is_counted_and_a_mode_change_asks_for_the_mode() -> None:
    async with on_stage() as stage:
        link = await stage.opened()
        called = {"s": "BTCUSDT", "ps": "BOTH", "pa": "1", "mm": "12.5"}
        await link.send(json.dumps({"e": "MARGIN_CALL", "E": 1, "p": [called]}))
        (notice,) = (await stage.next()).notices
        assert (await stage.next()).notices == ()
        assert (notice.kind, notice.subject) == (NoticeKind.MARGIN_CALL, "BTC/USDT:USDT long")
        assert "12.5" in notice.text
        assert stage.telemetry.counts["account_events_total margin_call"] == 1
        stage.calls.answers[MULTI_ASSETS] = {"multiAssetsMargin": True}
        await link.send(json.dumps({"e": "ACCOUNT_CONFIG_UPDATE", "E": 1, "ai": {"j": True}}))
        snapshot = await stage.next()
        assert (snapshot.is_multi_asset, snapshot.cross_wallets) == (True, {"USD": 500.0})


async def test_in_multi_asset_mode_a_push_is_followed_by_the_pools_worth() -> None:
    async with on_stage() as stage:
        stage.calls.answers[MULTI_ASSETS] = {"multiAssetsMargin": True}
        link = await stage.opened()
        await link.send(pushed("ETHUSDT", "3"))
        assert [(await stage.next()).source for _ in range(2)] == [SnapshotSource.STREAM, SnapshotSource.REST]


async def test_order_events_pass_and_unusable_ones_are_counted() -> None:
    async with on_stage() as stage:
        link = await stage.opened()
        for frame in ('{"e":"TRADE_LITE"}', "junk", '{"e":"NEWS"}', '{"e":"ACCOUNT_UPDATE"}', pushed("ETHUSDT", "1")):
            await link.send(frame)
        assert (await stage.next()).source is SnapshotSource.STREAM
        rejected = {name: count for name, count in stage.telemetry.counts.items() if "rejected" in name}
        assert rejected == {
            f"frames_rejected_total {reason}": 1 for reason in ("undecodable", "unknown_event", "bad_event")
        }


async def test_a_spent_listen_key_is_replaced() -> None:
    async with on_stage() as stage:
        link = await stage.opened()
        await link.send(json.dumps({"e": "listenKeyExpired", "E": "1736996475556", "listenKey": LISTEN_KEY}))
        await stage.opened()
        assert stage.calls.calls[OPEN_LISTEN_KEY] == 2


async def test_a_key_that_cannot_be_prolonged_is_replaced_but_a_hiccup_is_outlived() -> None:
    async with on_stage(keep_every_seconds=0.02, keep_again_seconds=0.02) as stage:
        stage.calls.answers[KEEP_LISTEN_KEY] = ExchangeUnreachable("hiccup")
        await stage.opened()
        while stage.calls.calls[KEEP_LISTEN_KEY] < 3:  # noqa: ASYNC110  a counter has no event
            await asyncio.sleep(0.01)  # noqa: TID251  real sockets
        assert stage.calls.calls[OPEN_LISTEN_KEY] == 1
        stage.calls.answers[KEEP_LISTEN_KEY] = CredentialsError("-1125")
        await stage.opened()
        assert stage.calls.calls[OPEN_LISTEN_KEY] == 2


async def test_a_connection_is_renewed_in_time_without_an_outage() -> None:
    async with on_stage(renew_after_seconds=0.05) as stage:
        with capture_logs() as logs:
            await stage.opened()
            await stage.opened()
        assert not logs


async def test_a_snapshot_that_fails_on_opening_is_asked_for_until_it_comes() -> None:
    async with on_stage() as stage:
        reads = 0

        async def ailing() -> object:
            nonlocal reads
            reads += 1
            return ExchangeUnreachable("busy") if reads == 1 else [position()]

        stage.calls.answers[POSITIONS] = ailing
        assert held(await stage.next()) == {"BTC/USDT:USDT": 1.0}


@pytest.mark.parametrize(
    ("name", "answer"),
    [
        (ACCOUNT, {"msg": "nope"}),
        (ACCOUNT, "<html>"),
        (POSITIONS, {"symbol": "BTCUSDT"}),
        (POSITIONS, [position(), {"symbol": "ETHUSDT", "positionAmt": "?"}]),
    ],
)
async def test_an_answer_of_another_shape_is_never_half_read(name: str, answer: object) -> None:
    async with on_stage() as stage:
        stage.calls.answers[name] = answer
        with pytest.raises(PayloadError):
            await stage.account.snapshot()


async def test_a_position_in_an_unlisted_market_is_kept_counted_and_told_once() -> None:
    async with on_stage() as stage:
        stage.calls.answers[POSITIONS] = [position("NEWUSDT")]
        with capture_logs() as logs:
            snapshots = [await stage.account.snapshot() for _ in range(2)]
        assert held(snapshots[0]) == {"NEWUSDT": 1.0}
        assert [entry["event"] for entry in logs] == ["position_in_unlisted_market"]
        assert stage.telemetry.counts["frames_rejected_total unlisted_market"] == 2


async def test_the_mode_is_asked_rarely_and_may_fail() -> None:
    async with on_stage() as stage:
        stage.calls.answers[MULTI_ASSETS] = ExchangeError("not here")
        await stage.account.snapshot()
        stage.calls.answers[MULTI_ASSETS] = {"multiAssetsMargin": False}
        await stage.account.snapshot()
        await stage.account.snapshot()
        assert stage.calls.calls[MULTI_ASSETS] == 2


async def test_a_key_report_says_what_the_venue_says_and_admits_what_it_does_not() -> None:
    async with on_stage() as stage:
        report = await stage.account.probe()
        assert (report.can_withdraw, report.can_transfer, report.can_trade) == (False, False, True)
        stage.calls.answers[RESTRICTIONS] = ExchangeError("no such page")
        report = await stage.account.probe()
        assert (report.can_withdraw, report.can_trade, report.clock_skew_ms) == (None, None, 12.0)
        assert "not verified" in report.note
        stage.calls.answers[ACCOUNT] = CredentialsError("-2015")
        with pytest.raises(CredentialsError):
            await stage.account.probe()


async def test_closing_the_account_ends_its_changes() -> None:
    async with on_stage() as stage:
        await stage.opened()
        await stage.account.close()
        with pytest.raises(StopAsyncIteration):
            await stage.next()


async def test_a_reader_that_falls_too_far_behind_starts_again_from_rest() -> None:
    async with on_stage() as stage:
        link = await stage.opened()
        for _ in range(1001):
            await link.send(pushed("ETHUSDT", "1"))
        while not stage.telemetry.counts["stream_restarts_total user_overflow"]:  # noqa: ASYNC110  a counter has no event
            await asyncio.sleep(0.01)  # noqa: TID251  real sockets
        await asyncio.wait_for(stage.links.get(), PATIENCE_SECONDS)  # noqa: TID251  # the patience of a test
        assert (await stage.next()).source is SnapshotSource.REST
