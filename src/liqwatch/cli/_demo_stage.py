"""The demo's stage: simulator, web hook and daemon in one process, over real sockets; the play; the curtain."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from rich.console import Console
from rich.live import Live

from liqwatch.bootstrap.archive import ask_archive
from liqwatch.bootstrap.serve import Signals, serve
from liqwatch.cli._demo_summary import DemoRecord, print_summary
from liqwatch.cli._demo_view import Audience
from liqwatch.clock import SystemClock
from liqwatch.errors import ExchangeError
from liqwatch.exchanges import load_exchange
from liqwatch.testing.chosen_rules import MAIN_RULES, only, switched_off
from liqwatch.testing.crash import CrashStory
from liqwatch.testing.sinks import HttpSink
from liqwatch.testing.story import Story, play_story
from liqwatch.testing.venue.book import VenueAccount
from liqwatch.testing.venue.simulator import VenueSimulator
from liqwatch.testing.venue.wires import load_wire
from liqwatch.testing.venue_story import VenueStory

ENTRANCE_SECONDS = 45.0
CALM_SECONDS = 1.5
SETTLE_SECONDS = 8.0
BEAT_SECONDS = 0.1
STATE = "state"
CONFIG = """\
[daemon]
state_directory = "{directory}/{state}"
log_level = "error"

{rules}
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
exchange = "{exchange}"
{credentials}endpoints = {{ rest = "{rest}", websocket = "{websocket}" }}

"""


class TimedVenue(VenueSimulator):
    """The simulator, with the moment of every tick noted for the latency figures."""

    published_at: list[datetime]

    async def publish(self) -> None:
        """Send every stream, and note when."""
        self.published_at.append(SystemClock().now())
        await super().publish()


def story_of(exchange: str) -> Story:
    """The story that is told at one exchange.

    Raises:
        UnknownPart: the simulator does not know that exchange.
    """
    return CrashStory() if exchange == CrashStory.exchange else VenueStory(exchange)


async def run_demo(
    directory: Path, story: Story, *, seconds: float, live: bool | None, environ: Mapping[str, str]
) -> bool:
    """Play the story; whether everything that had to be told was told."""
    clock, console = SystemClock(), Console()
    wire = load_wire(story.exchange)
    venue = TimedVenue(wire, markets=story.markets, accounts=story.accounts(), publish_every_seconds=None)
    venue.published_at = []
    is_live = console.is_terminal if live is None else live
    async with venue, HttpSink() as webhook:
        config = directory / "config.toml"
        config.touch(mode=0o600)
        config.write_text(_config_text(directory, story, venue, webhook))
        audience, record, signals = Audience(console, clock), DemoRecord(), Signals()
        with Live(audience, console=console, refresh_per_second=5, transient=True) if is_live else audience.plain():
            async with asyncio.TaskGroup() as tasks:
                daemon = tasks.create_task(
                    serve(config, environ=environ, signals=signals, observe=record.take, attach=audience.meet)
                )
                try:
                    await _perform(story, venue, audience, clock, seconds)
                    await _settle(venue, audience, clock)
                    record.status = await audience.status()
                finally:
                    signals.stop.set()
                await daemon
        record.outbox = (await ask_archive(directory / STATE, "outbox", {"status": ""}, clock))["messages"]
        record.webhook_bodies = [str(each.get("message", "")) for each in webhook.received]
        record.published_at = venue.published_at
        record.forbidden_calls = len(venue.forbidden_calls)
    return print_summary(console, record, story, switched_off(MAIN_RULES))


async def _perform(story: Story, venue: VenueSimulator, audience: Audience, clock: SystemClock, seconds: float) -> None:
    """Wait until the daemon sees every position, a moment of calm, then the crash."""
    positions = sum(len(account.positions) for account in venue.book.accounts.values())
    patience_ends = clock.monotonic() + ENTRANCE_SECONDS
    while await audience.positions_seen() < positions:
        await venue.publish()
        await audience.look(0.0, "The daemon starts and finds the positions by itself.")
        if clock.monotonic() > patience_ends:
            raise ExchangeError(f"the daemon has not found its positions at {story.exchange}")
        await clock.sleep(BEAT_SECONDS)
    for _ in range(int(CALM_SECONDS / BEAT_SECONDS)):
        await venue.publish()
        await audience.look(0.0, "Calm before the storm.")
        await clock.sleep(BEAT_SECONDS)
    async with asyncio.TaskGroup() as tasks:
        crash = tasks.create_task(play_story(story, venue, clock, seconds))
        began = clock.monotonic()
        while not crash.done():
            await audience.look(min((clock.monotonic() - began) / seconds, 1.0))
            await clock.sleep(BEAT_SECONDS)


async def _settle(venue: VenueSimulator, audience: Audience, clock: SystemClock) -> None:
    """Keep the last price alive until every alert is over; what a channel's pace holds back goes out at the end."""
    until = clock.monotonic() + SETTLE_SECONDS
    while clock.monotonic() < until:
        await venue.publish()
        await audience.look(1.0, "Recovered.")
        report = await audience.status()
        if not report["alerts"]:
            return
        await clock.sleep(BEAT_SECONDS)


def _config_text(directory: Path, story: Story, venue: VenueSimulator, webhook: HttpSink) -> str:
    accounts = "".join(
        ACCOUNT.format(
            name=story.account_names[key],
            exchange=story.exchange,
            credentials=_credentials(story.exchange, account),
            rest=venue.rest_url,
            websocket=venue.websocket_url,
        )
        for key, account in venue.book.accounts.items()
    )
    return CONFIG.format(
        directory=directory, state=STATE, rules=only(MAIN_RULES), accounts=accounts, webhook=webhook.url
    )


def _credentials(exchange: str, account: VenueAccount) -> str:
    """Lines of the config file: what the adapter asks for."""
    known = {
        "api_key": account.api_key,
        "wallet_address": account.api_key,
        "secret": account.secret,
        "passphrase": account.passphrase,
    }
    return "".join(f'{name} = "{known[name]}"\n' for name in load_exchange(exchange).required_credentials)
