"""What is said of the time in which nobody watched: only what is known."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest

from liqwatch.alerts.routing import Route, Routing
from liqwatch.clock import ManualClock
from liqwatch.engine.absence import MEMORY_NOTE, NOTE, Absence
from liqwatch.engine.plan import AccountPlan, StalenessLimits, WatchPlan
from liqwatch.engine.record import Recorder
from liqwatch.engine.watch import Watch
from liqwatch.model import AccountSnapshot, Notification, Severity, SnapshotSource
from liqwatch.stores.memory import MemoryStore
from liqwatch.testing.telemetry import SilentTelemetry

START = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
HELD = {"contracts": 1.0, "mark_price": 100.0, "liquidation_price": 80.0}


class Nobody:
    """A dispatcher whose channels wait."""

    def wake(self, channels: Sequence[str]) -> None: ...

    async def send_unsaved(self, notification: Notification) -> bool:
        return False


def watch_over(*accounts: str) -> Watch:
    plan = WatchPlan(
        accounts={
            name: AccountPlan(account=name, exchange="binance_usdm", venue="v", reconcile_every=MINUTE)
            for name in accounts
        },
        policies=lambda _account, _symbol, _subject, _kind: None,
        staleness=StalenessLimits(mark_price=MINUTE, mark_price_critical=MINUTE, account=MINUTE),
        routing=Routing((Route(min_severity=Severity.NOTICE, channels=("chat",)),), ("chat",)),
        margin_call_ratio=0.8,
    )
    return Watch(plan, ManualClock(START))


def read(watch: Watch, account: str) -> None:
    watch.take_account(
        AccountSnapshot(
            account=account, venue="v", positions=(), cross_wallets={}, as_of=START, source=SnapshotSource.REST
        )
    )


async def told(watch: Watch, store: MemoryStore) -> str:
    """The body of the message about a gap of ten minutes."""
    recorder = Recorder(store, Nobody(), SilentTelemetry())
    absence = Absence(watch=watch, recorder=recorder, venues={}, cache=store, clock=ManualClock(START))
    await absence.recall()
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(recorder.run())
        await absence.tell()
        await recorder.drain()
        running.cancel()
    (row,) = await store.lease("chat", now=START, until=START + MINUTE, limit=10)
    return row.notification.body


async def noted(store: MemoryStore, *names: str) -> None:
    await store.remember(NOTE, json.dumps(dict.fromkeys(names, HELD)), START - 10 * MINUTE)


async def test_a_position_of_an_account_that_is_not_read_yet_is_not_said_to_be_gone() -> None:
    store, watch = MemoryStore(), watch_over("main", "other")
    await noted(store, "main · BTC/USDT:USDT long", "other · ETH/USDT:USDT long")
    read(watch, "main")
    body = await told(watch, store)
    assert "main · BTC/USDT:USDT long: gone" in body
    assert "ETH" not in body
    assert "account other: not read yet" in body
    await store.close()


async def test_accounts_that_are_no_longer_watched_are_not_spoken_of() -> None:
    store, watch = MemoryStore(), watch_over("main")
    await noted(store, "sold · BTC/USDT:USDT long")
    read(watch, "main")
    assert "sold" not in await told(watch, store)
    await store.close()


@pytest.mark.parametrize("note", ["[]", "{", '{"equity": {"main": [["2026", 1.0]]}}', '{"first_seen": [["main"]]}'])
async def test_a_note_that_cannot_be_read_does_not_keep_the_daemon_from_starting(note: str) -> None:
    store, watch = MemoryStore(), watch_over("main")
    await store.remember(MEMORY_NOTE, note, START)
    await store.remember(NOTE, note, START - 10 * MINUTE)
    read(watch, "main")
    assert await told(watch, store)
    await store.close()


async def test_a_clean_stop_leaves_a_last_sign_of_life_and_a_stop_before_the_look_back_does_not() -> None:
    store, watch = MemoryStore(), watch_over("main")
    earlier = START - timedelta(seconds=60)
    await store.remember(NOTE, "{}", earlier)
    recorder = Recorder(store, Nobody(), SilentTelemetry())
    absence = Absence(watch=watch, recorder=recorder, venues={}, cache=store, clock=ManualClock(START))
    await absence.recall()
    for noted_at in (earlier, START):
        await absence.leave()
        note = await store.recall(NOTE)
        assert note is not None
        assert note[1] == noted_at
        await absence.tell()
    await store.close()
