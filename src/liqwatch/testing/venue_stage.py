"""Everything around one daemon at any exchange: its simulator, a web hook, and the folder of config and state."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import AsyncExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

from liqwatch.testing.chosen_rules import MAIN_RULES, only
from liqwatch.testing.process import DaemonProcess, Finished, run_command
from liqwatch.testing.sinks import HttpSink
from liqwatch.testing.venue.book import VenueAccount
from liqwatch.testing.venue.simulator import VenueSimulator
from liqwatch.testing.venue.wire_protocol import VenueWire
from liqwatch.testing.venue.wires import load_wire

PUBLISH_EVERY_SECONDS = 0.2
DAEMON = """\
[daemon]
state_directory = "state"
log_level = "debug"
reconcile_every = "1s"
[rules.data_staleness]
mark_price = "2s"
mark_price_critical = "2s"
account = "60s"
"""


class VenueStage:
    """`async with` opens simulator and web hook; the daemon is started by the test."""

    def __init__(
        self,
        exchange: str,
        directory: Path,
        accounts: Iterable[VenueAccount] = (),
        *,
        wire: VenueWire | None = None,
    ) -> None:
        """`directory` will hold `config.toml` and `state`; `wire` is the exchange's own unless given."""
        self.exchange = exchange
        self.directory = directory
        self.config = directory / "config.toml"
        self.venue = VenueSimulator(
            load_wire(exchange) if wire is None else wire,
            accounts=accounts,
            publish_every_seconds=PUBLISH_EVERY_SECONDS,
        )
        self.webhook = HttpSink()
        self._stack = AsyncExitStack()
        self._daemon: DaemonProcess | None = None

    async def __aenter__(self) -> Self:
        """Open every port."""
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(self.venue)
            await stack.enter_async_context(self.webhook)
            self._stack = stack.pop_all()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Close every port."""
        await self._stack.aclose()

    def keyed(self, name: str, **credentials: str) -> str:
        """An account with a key: `keyed("main", api_key="k", secret="s", passphrase="p")`."""
        lines = "".join(f'{key} = "{value}"\n' for key, value in credentials.items())
        return (
            f'[accounts.{name}]\nexchange = "{self.exchange}"\n{lines}'
            f'endpoints = {{ rest = "{self.venue.rest_url}", websocket = "{self.venue.websocket_url}" }}\n'
        )

    def write_config(self, *tables: str) -> Path:
        """Write the config file anew, private as it holds secrets, with one route that takes everything."""
        channel = f'[channels.webhook]\nurl = "{self.webhook.url}"\ntimeout = "3s"\nmax_per_minute = 600\n'
        route = '[[routes]]\nmin_severity = "notice"\nchannels = ["webhook"]\n'
        self.config.touch(mode=0o600)
        self.config.write_text("\n".join((DAEMON, only(MAIN_RULES), *tables, channel, route)), encoding="utf-8")
        return self.config

    def daemon(self, environ: Mapping[str, str] | None = None) -> DaemonProcess:
        """One life of the daemon with the config as it is."""
        self._daemon = DaemonProcess(self.config, environ=environ)
        return self._daemon

    async def command(self, *arguments: str) -> Finished:
        """`liqwatch … --config <the config>`, run to its end."""
        return await run_command(*arguments, "--config", self.config, directory=self.directory)

    def posts(self, *words: str) -> list[str]:
        """What the web hook has received (title and body) that holds all the words."""
        texts = [f"{post['title']}\n{post['message']}" for post in self.webhook.received]
        return [text for text in texts if all(word in text for word in words)]

    async def until_posted(self, *words: str, count: int = 1) -> list[str]:
        """Return the web hook's messages with all the words, as soon as there are so many."""
        if self._daemon is None:
            raise RuntimeError("no daemon has been made")
        try:
            await self._daemon.until(
                lambda: len(self.posts(*words)) >= count, f"the web hook has not got {count} of {words}"
            )
        except (TimeoutError, RuntimeError) as error:
            error.add_note("\n".join(["posted:", *self.posts()]))
            raise
        return self.posts(*words)
