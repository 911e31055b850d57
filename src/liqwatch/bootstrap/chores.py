"""What the daemon does at its times, when it has time. Loaded after the first prices: nothing waits for it."""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import Iterator
from datetime import timedelta
from typing import TYPE_CHECKING

from liqwatch.bootstrap.parts import Wired, World
from liqwatch.bootstrap.schedules import digest_of, self_test_of
from liqwatch.config.settings import Settings
from liqwatch.engine.daemon import Daemon
from liqwatch.engine.period import send_digest

if TYPE_CHECKING:
    from liqwatch.engine.schedule import Chore, DailyChore

DAILY = timedelta(days=1)
WEEKLY = timedelta(days=7)
SETTLED_MESSAGES_KEPT = timedelta(days=90)


async def do_chores(daemon: Daemon, wired: Wired, settings: Settings, world: World) -> None:
    """Prepare the channels when the daemon is ready, then start the chores; stop them when it ends."""
    await daemon.ready.wait()
    await daemon.prepare_channels()
    # APScheduler costs 50 ms: it is loaded beside the event loop, which has alerts to send.
    await asyncio.to_thread(importlib.import_module, "liqwatch.engine.schedule")
    from liqwatch.engine.schedule import start_chores  # noqa: PLC0415  # loaded by the line above

    scheduler = start_chores(list(_chores(daemon, wired, settings, world)), world.telemetry)
    try:
        await asyncio.Event().wait()
    finally:
        scheduler.shutdown(wait=False)


def _chores(daemon: Daemon, wired: Wired, settings: Settings, world: World) -> Iterator[Chore | DailyChore]:
    from liqwatch.engine.schedule import Chore, DailyChore  # noqa: PLC0415  # as above

    async def prune() -> None:
        await world.store.prune(world.clock.now() - SETTLED_MESSAGES_KEPT)

    yield Chore("refresh_brackets", DAILY, daemon.refresh_brackets)
    yield Chore("prune_history", DAILY, prune)
    digest, self_test = digest_of(settings), self_test_of(settings)
    if digest is not None:

        async def tell_digest() -> None:
            since = world.clock.now() - (DAILY if digest.weekday is None else WEEKLY)
            await send_digest(
                digest,
                since,
                watch=wired.parts.watch,
                archive=world.store,
                store=world.store,
                recorder=wired.parts.recorder,
                clock=world.clock,
            )

        yield DailyChore("digest", digest.at, digest.zone, tell_digest, digest.weekday)
    if self_test is not None:

        async def test_channels() -> None:
            await wired.parts.dispatcher.self_test(self_test.channels)

        yield DailyChore("self_test", self_test.at, self_test.zone, test_channels)
