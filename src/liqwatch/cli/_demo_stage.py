"""The demo's stage: simulator, web hook and daemon in one process, over real sockets; the play; the curtain."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from rich.console import Console
from rich.live import Live

from liqwatch.bootstrap.serve import Signals, serve
from liqwatch.cli._demo_summary import DemoRecord, print_summary
from liqwatch.cli._demo_view import Audience
from liqwatch.clock import SystemClock
from liqwatch.testing.crash import ACCOUNT_NAMES, CrashStory, play
from liqwatch.testing.sinks import HttpSink
from liqwatch.testing.venue import BinanceVenue

CALM_SECONDS = 1.5
SETTLE_SECONDS = 8.0
BEAT_SECONDS = 0.1
CONFIG = """\
[daemon]
state_directory = "{directory}/state"
log_level = "error"

{accounts}
[channels.phone]
url = "console://"

[channels.webhook]
url = "{webhook}"

[[routes]]
min_severity = "notice"
channels = ["phone", "webhook"]
"""
ACCOUNT = """\
[accounts.{name}]
exchange = "binance_usdm"
api_key = "{key}"
secret = "{secret}"
endpoints = {{ rest = "{rest}", websocket = "{websocket}" }}

"""


class TimedVenue(BinanceVenue):
    """The simulator, with the moment of every tick noted for the latency figures."""

    published_at: list[datetime]

    async def publish(self) -> None:
        """Send every stream, and note when."""
        self.published_at.append(SystemClock().now())
        await super().publish()


async def run_demo(directory: Path, *, seconds: float, live: bool | None, environ: Mapping[str, str]) -> bool:
    """Play the story; whether everything that had to be told was told."""
    clock, story, console = SystemClock(), CrashStory(), Console()
    venue = TimedVenue(markets=story.markets, accounts=story.accounts(), publish_every_seconds=None)
    venue.published_at = []
    is_live = console.is_terminal if live is None else live
    async with venue, HttpSink() as webhook:
        config = directory / "config.toml"
        config.touch(mode=0o600)
        config.write_text(_config_text(directory, venue, webhook))
        audience, record, signals = Audience(console, clock), DemoRecord(), Signals()
        with Live(audience, console=console, refresh_per_second=5, transient=True) if is_live else audience.plain():
            async with asyncio.TaskGroup() as tasks:
                daemon = tasks.create_task(
                    serve(config, environ=environ, signals=signals, observe=record.take, attach=audience.meet)
                )
                try:
                    await _perform(venue, audience, clock, seconds)
                    await _settle(venue, audience, clock)
                    record.status = await audience.status()
                finally:
                    signals.stop.set()
                await daemon
        record.webhook_bodies = [str(each.get("message", "")) for each in webhook.received]
        record.published_at = venue.published_at
        record.forbidden_calls = len(venue.forbidden_calls)
    return print_summary(console, record, story)


async def _perform(venue: BinanceVenue, audience: Audience, clock: SystemClock, seconds: float) -> None:
    """Wait until the daemon sees every position, a moment of calm, then the crash."""
    positions = sum(len(account.positions) for account in venue.book.accounts.values())
    while await audience.positions_seen() < positions:
        await venue.publish()
        await audience.look(0.0, "The daemon starts and finds the positions by itself.")
        await clock.sleep(BEAT_SECONDS)
    for _ in range(int(CALM_SECONDS / BEAT_SECONDS)):
        await venue.publish()
        await audience.look(0.0, "Calm before the storm.")
        await clock.sleep(BEAT_SECONDS)
    async with asyncio.TaskGroup() as tasks:
        crash = tasks.create_task(play(venue, clock, seconds))
        began = clock.monotonic()
        while not crash.done():
            await audience.look(min((clock.monotonic() - began) / seconds, 1.0))
            await clock.sleep(BEAT_SECONDS)


async def _settle(venue: BinanceVenue, audience: Audience, clock: SystemClock) -> None:
    """Keep the last price alive until every alert is over and the outbox is empty."""
    until = clock.monotonic() + SETTLE_SECONDS
    while clock.monotonic() < until:
        await venue.publish()
        await audience.look(1.0, "Recovered.")
        report = await audience.status()
        if not report["alerts"] and not report["outbox"]["pending"]:
            return
        await clock.sleep(BEAT_SECONDS)


def _config_text(directory: Path, venue: BinanceVenue, webhook: HttpSink) -> str:
    accounts = "".join(
        ACCOUNT.format(
            name=ACCOUNT_NAMES[key],
            key=key,
            secret=account.secret,
            rest=venue.rest_url,
            websocket=venue.websocket_url,
        )
        for key, account in venue.book.accounts.items()
    )
    return CONFIG.format(directory=directory, accounts=accounts, webhook=webhook.url)
