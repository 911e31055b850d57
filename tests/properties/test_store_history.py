"""Whatever is told, attempted and restarted: the history has every line in order, and the outbox loses nothing."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TypeAlias

from hypothesis import given, settings
from hypothesis import strategies as st

from liqwatch.model import (
    AlertChange,
    AlertKey,
    AlertRecord,
    Delivery,
    EventKind,
    HistoryEvent,
    NotifyReason,
)
from liqwatch.stores.memory import MemoryStore
from liqwatch.stores.sqlite import SqliteStore
from liqwatch.testing.outbox import NOW, lease_all, notification, settlement

CHANNELS = ("chat", "mail")

Step: TypeAlias = tuple[str, str, str]
"""What is done, to which alert or channel, and how."""

commits = st.tuples(
    st.just("commit"), st.sampled_from(["BTC", "ETH"]), st.sampled_from([each.value for each in NotifyReason])
)
repeats = st.tuples(st.just("commit again"), st.just(""), st.just(""))
attempts = st.tuples(st.just("attempt"), st.sampled_from(CHANNELS), st.sampled_from([each.value for each in Delivery]))
reopenings = st.tuples(st.just("reopen"), st.just(""), st.just(""))
stories = st.lists(commits | commits | repeats | attempts | attempts | reopenings, max_size=25)


class Witness:
    """Does the same to a file and to memory, and writes down beside them what must be in the history."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.memory = MemoryStore()
        self.file = SqliteStore(path)
        self.sequence = 0
        self.last: list[AlertChange] = []
        self.expected: list[tuple[str, str, str]] = []

    async def do(self, step: Step) -> None:
        action, where, how = step
        match action:
            case "commit":
                await self._commit(where, NotifyReason(how))
            case "commit again":
                for store in (self.memory, self.file):
                    await store.commit([replace(change, events=()) for change in self.last])
            case "attempt":
                await self._attempt(where, Delivery(how))
            case _:
                await self.reopen()

    async def reopen(self) -> None:
        await self.file.close()
        self.file = SqliteStore(self.path)
        await self.file.open()

    async def _commit(self, subject: str, reason: NotifyReason) -> None:
        self.sequence += 1
        about = AlertRecord(key=AlertKey("main", "leverage", subject), episode=1, sequence=self.sequence)
        message = replace(notification(self.sequence, reason=reason, key=about.key), channels=CHANNELS)
        event = HistoryEvent(kind=EventKind.TRANSITION, at=NOW, alert_id=about.alert_id, word=about.state.value)
        self.last = [AlertChange(about, (message,), (event,))]
        for store in (self.memory, self.file):
            await store.commit(self.last)
        self.expected += [("transition", about.alert_id, ""), *(("message", about.alert_id, name) for name in CHANNELS)]

    async def _attempt(self, channel: str, delivery: Delivery) -> None:
        leased = [await lease_all(store, channel) for store in (self.memory, self.file)]
        assert leased[0] == leased[1]
        for store in (self.memory, self.file):
            await store.settle([settlement(row, delivery, next_attempt_at=NOW) for row in leased[0]])
        self.expected += [("attempt", row.notification.alert_id, channel) for row in leased[0]]


@settings(max_examples=40, deadline=None)
@given(story=stories)
async def test_over_any_story_and_any_new_life_the_history_tells_everything_in_order_and_nothing_is_lost(
    story: list[Step],
) -> None:
    with tempfile.TemporaryDirectory() as directory:
        witness = Witness(Path(directory) / "liqwatch.sqlite3")
        await witness.file.open()
        for step in story:
            await witness.do(step)
        await witness.reopen()
        lines = await witness.file.events()
        assert [(line.kind.value, line.alert_id, line.channel) for line in lines] == witness.expected
        assert lines == await witness.memory.events()
        assert await witness.file.load() == await witness.memory.load()
        assert await witness.file.outbox() == await witness.memory.outbox()
        assert len(await witness.file.outbox()) == witness.sequence * len(CHANNELS)
        await witness.file.close()
        await witness.memory.close()
