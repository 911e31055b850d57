"""Everything around one daemon: a simulated venue, a web hook, a mail box, and the folder of its config and state."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from contextlib import AsyncExitStack
from email.message import EmailMessage
from pathlib import Path
from types import TracebackType
from typing import Self

from liqwatch.testing.chosen_rules import MAIN_RULES, only
from liqwatch.testing.process import DaemonProcess, Finished, run_command
from liqwatch.testing.sinks import HttpSink, MailSink
from liqwatch.testing.venue import BinanceVenue, VenueAccount

PUBLISH_EVERY_SECONDS = 0.1
DAEMON = """\
[daemon]
state_directory = "state"
log_level = "debug"
reconcile_every = "1s"
"""
QUICK_STALENESS = """\
[rules.data_staleness]
mark_price = "2s"
mark_price_critical = "2s"
account = "60s"
"""
QUIET = only(MAIN_RULES)
"""What most stories are about; the other rules have stories of their own."""
UNHURRIED = "max_per_minute = 600\n"
"""A minute of a story holds more than one of a person's life."""
ALERT_ID = re.compile(r"\balert ([0-9a-f]{6})\b")


class Stage:
    """`async with` opens venue and channels; the daemon is started by the test."""

    def __init__(self, directory: Path, accounts: Iterable[VenueAccount] = ()) -> None:
        """`directory` will hold `config.toml` and `state`."""
        self.directory = directory
        self.config = directory / "config.toml"
        self.venue = BinanceVenue(accounts=accounts, publish_every_seconds=PUBLISH_EVERY_SECONDS)
        self.webhook = HttpSink()
        self.mail = MailSink()
        self._stack = AsyncExitStack()
        self._daemon: DaemonProcess | None = None

    async def __aenter__(self) -> Self:
        """Open every port."""
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(self.venue)
            await stack.enter_async_context(self.webhook)
            stack.enter_context(self.mail)
            self._stack = stack.pop_all()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Close every port."""
        await self._stack.aclose()

    @property
    def endpoints(self) -> str:
        """The key `endpoints` of an account on this venue."""
        return f'endpoints = {{ rest = "{self.venue.rest_url}", websocket = "{self.venue.websocket_url}" }}'

    def keyed(self, name: str, api_key: str, secret: str) -> str:
        """An account with a key."""
        return (
            f'[accounts.{name}]\nexchange = "binance_usdm"\napi_key = "{api_key}"\nsecret = "{secret}"\n'
            f"{self.endpoints}\n"
        )

    def typed(self, name: str, *positions: str, wallet_balance: float | None = None) -> str:
        """An account without a key; each of `positions` is the body of a position's table."""
        wallet = "" if wallet_balance is None else f"wallet_balance = {wallet_balance}\n"
        tables = "".join(f"[[accounts.{name}.positions]]\n{position}\n" for position in positions)
        return f'[accounts.{name}]\nexchange = "binance_usdm"\n{self.endpoints}\n{wallet}{tables}'

    def channels(self, *, timeout: str = "3s", first: str = "notice") -> str:
        """Both channels, and a route that takes everything from severity `first` up."""
        return (
            f'[channels.webhook]\nurl = "{self.webhook.url}"\ntimeout = "{timeout}"\n{UNHURRIED}'
            f'[channels.mail]\nurl = "{self.mail.url}"\ntimeout = "{timeout}"\n{UNHURRIED}'
            f'[[routes]]\nmin_severity = "{first}"\nchannels = ["webhook", "mail"]\n'
        )

    def write_config(
        self, *tables: str, daemon: str = DAEMON, staleness: str = QUICK_STALENESS, rules: str = QUIET
    ) -> Path:
        """Write the config file anew, private as it holds secrets; `rules` "": all rules that are on by default."""
        self.config.touch(mode=0o600)
        self.config.write_text("\n".join((daemon, staleness, rules, *tables)), encoding="utf-8")
        return self.config

    def daemon(self, environ: Mapping[str, str] | None = None) -> DaemonProcess:
        """One life of the daemon with the config as it is."""
        self._daemon = DaemonProcess(self.config, environ=environ)
        return self._daemon

    async def command(self, *arguments: str, environ: Mapping[str, str] | None = None) -> Finished:
        """`liqwatch … --config <the config>`, run to its end."""
        return await run_command(*arguments, "--config", self.config, directory=self.directory, environ=environ)

    def posts(self, *words: str) -> list[str]:
        """What the web hook has received (title and body) that holds all the words."""
        texts = [f"{post['title']}\n{post['message']}" for post in self.webhook.received]
        return [text for text in texts if all(word in text for word in words)]

    def mails(self, *words: str) -> list[str]:
        """What the mail box has received (subject and text) that holds all the words."""
        texts = [f"{mail['Subject']}\n{_text_of(mail)}" for mail in list(self.mail.received)]
        return [text for text in texts if all(word in text for word in words)]

    async def until_posted(self, *words: str, count: int = 1) -> list[str]:
        """Return the web hook's messages with all the words, as soon as there are so many."""
        await self._until(lambda: len(self.posts(*words)) >= count, f"the web hook has not got {count} of {words}")
        return self.posts(*words)

    async def until_mailed(self, *words: str, count: int = 1) -> list[str]:
        """Return the mails with all the words, as soon as there are so many."""
        await self._until(lambda: len(self.mails(*words)) >= count, f"the mail box has not got {count} of {words}")
        return self.mails(*words)

    async def _until(self, condition: Callable[[], bool], what: str) -> None:
        """Wait together with the daemon, whose end ends the wait; a failure shows what has come instead."""
        if self._daemon is None:
            raise RuntimeError("no daemon has been made")
        try:
            await self._daemon.until(condition, what)
        except (TimeoutError, RuntimeError) as error:
            error.add_note("\n".join(["posted:", *self.posts(), "mailed:", *self.mails()]))
            raise


def _text_of(mail: EmailMessage) -> str:
    part = mail.get_body(("plain", "html"))
    return "" if part is None else str(part.get_content())


def alert_ids(texts: Iterable[str]) -> list[str]:
    """The alert id of each message, a digest giving several."""
    return [found for text in texts for found in ALERT_ID.findall(text)]
