"""What the daemon does once a day, when it has time. Loaded after the first prices: nothing waits for it."""

from __future__ import annotations

import asyncio
import importlib
from datetime import timedelta

from liqwatch.bootstrap.parts import World
from liqwatch.engine.daemon import Daemon

DAILY = timedelta(days=1)
SETTLED_MESSAGES_KEPT = timedelta(days=90)


async def do_chores(daemon: Daemon, world: World) -> None:
    """Prepare the channels when the daemon is ready, then start the daily chores; stop them when it ends."""
    await daemon.ready.wait()
    await daemon.prepare_channels()
    # APScheduler costs 50 ms: it is loaded beside the event loop, which has alerts to send.
    await asyncio.to_thread(importlib.import_module, "liqwatch.engine.schedule")
    from liqwatch.engine.schedule import Chore, start_chores  # noqa: PLC0415  # loaded by the line above

    async def prune() -> None:
        await world.store.prune(world.clock.now() - SETTLED_MESSAGES_KEPT)

    chores = [Chore("refresh_brackets", DAILY, daemon.refresh_brackets), Chore("prune_outbox", DAILY, prune)]
    scheduler = start_chores(chores, world.telemetry)
    try:
        await asyncio.Event().wait()
    finally:
        scheduler.shutdown(wait=False)
