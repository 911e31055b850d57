"""One story for every venue: the real daemon against the simulator, from the first position to the last outage.

Positions are found; each crossed level is told once, with the liquidation price that was worked out by hand, and
resolved; cut connections come back; silence is told and resolved; a closed position is no longer watched; no
secret and no traceback stands in the log; nothing was asked that a reader may not ask.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from liqwatch.model import Side
from liqwatch.testing.process import DaemonProcess
from liqwatch.testing.venue.book import VenueAccount
from liqwatch.testing.venue_stage import VenueStage

UNAVAILABLE = 503
WHAT_TO_DO, NO_STOP = "\nWhat to do: Add ", "\nAlerts do not stop a liquidation.\n"
"""Every alarm says."""


class Found(NamedTuple):
    """A position as `liqwatch status` shows it."""

    account: str
    symbol: str
    side: str
    margin_mode: str


class Crossing(NamedTuple):
    """A market goes to a price (quote currency) that is critical for one position, and back."""

    native_symbol: str
    critical_price: float
    calm_price: float
    words: str
    """What names the position in the messages about it."""
    liquidation: str
    """What the message says of the liquidation price."""


class Closing(NamedTuple):
    """The position that its owner closes."""

    api_key: str
    native_symbol: str
    side: Side


class MarginCall(NamedTuple):
    """The venue's own warning to an account, and the words with which it is passed on."""

    api_key: str
    words: tuple[str, ...]


def key_of(account: VenueAccount) -> Mapping[str, str]:
    """The credentials of an account that is opened with key, secret and perhaps a passphrase."""
    named = {"api_key": account.api_key, "secret": account.secret, "passphrase": account.passphrase}
    return {name: value for name, value in named.items() if value is not None}


@dataclass(frozen=True, slots=True, kw_only=True)
class VenueTale:
    """What differs between the venues.

    Attributes:
        exchange: its name in the config.
        accounts: by their names in the config.
        found: every position that is to be seen.
        crossings: levels to cross, one after the other.
        closing: which of the positions is closed at the end.
        refusal: what REST answers, with status 503, while the stream is silent; None where silent markets are not
            asked over REST, so that the stream's silence is enough.
        margin_call: the venue's own warning, where it has one.
        ending: what is told of the position that is closed.
        credentials_of: what the config holds for an account; none of it may come to the log.
    """

    exchange: str
    accounts: Mapping[str, VenueAccount]
    found: Collection[Found]
    crossings: Collection[Crossing]
    closing: Closing
    refusal: Mapping[str, Any] | None = None
    margin_call: MarginCall | None = None
    ending: str = "closed by hand or by a bot"
    credentials_of: Callable[[VenueAccount], Mapping[str, str]] = key_of

    async def play(self, directory: Path) -> list[str]:
        """Tell it with config and state in `directory`; the message of every crossing, in their order.

        Raises:
            AssertionError: the daemon did or said something else.
            TimeoutError: it did not do or say what was awaited.
        """
        credentials = {name: self.credentials_of(account) for name, account in self.accounts.items()}
        async with VenueStage(self.exchange, directory, self.accounts.values()) as stage:
            stage.write_config(*(stage.keyed(name, **named) for name, named in credentials.items()))
            async with stage.daemon() as daemon:
                await daemon.until_ready()
                await self._positions_are_found(daemon)
                told = [await _crossing_is_told(stage, crossing) for crossing in self.crossings]
                await self._cut_streams_come_back(stage, daemon)
                await self._silence_is_told(stage, daemon)
                await self._close_ends_the_watch(stage, daemon)
                await self._margin_call_is_passed_on(stage)
                _expect("Traceback" not in daemon.log, "there is a traceback in the log")
                secrets = [(account, *each) for account, named in credentials.items() for each in named.items()]
                shown = [(account, name) for account, name, value in secrets if value.lower() in daemon.log.lower()]
                _expect(not shown, f"credentials stand in the log: {shown}")
            _expect(not stage.venue.forbidden_calls, f"forbidden calls: {stage.venue.forbidden_calls}")
        return told

    async def _positions_are_found(self, daemon: DaemonProcess) -> None:
        report = await daemon.until_status(
            lambda report: len(report["positions"]) == len(self.found), "positions are missing"
        )
        found = {Found(*(each[name] for name in Found._fields)) for each in report["positions"]}
        _expect(found == set(self.found), f"found {found} in place of {self.found}")

    async def _cut_streams_come_back(self, stage: VenueStage, daemon: DaemonProcess) -> None:
        """Marks and every account's own stream: the venue's warning would be lost on one that is still away."""
        awaited = {"mark_stream_up": 1, "user_stream_up": len(self.accounts)}
        needed = {event: len(daemon.events(event)) + times for event, times in awaited.items()}
        stage.venue.faults.drop_connections()
        await daemon.until(
            lambda: all(len(daemon.events(event)) >= times for event, times in needed.items()),
            "the streams do not come back",
        )

    async def _silence_is_told(self, stage: VenueStage, daemon: DaemonProcess) -> None:
        """The cut connections may have been told as silence too; that is over before this one begins."""
        subject = f"mark prices of {self.exchange}"
        await daemon.until(
            lambda: len(stage.posts("WARNING", subject)) == len(stage.posts("RESOLVED", subject)),
            "the marks are still told to be silent",
        )
        before = len(stage.posts("RESOLVED", subject))
        stage.venue.faults.silence_marks = True
        if self.refusal is not None:
            stage.venue.faults.refuse_rest(UNAVAILABLE, dict(self.refusal))
        await stage.until_posted("WARNING", subject, count=before + 1)
        stage.venue.faults.silence_marks = False
        stage.venue.faults.serve_rest()
        await stage.until_posted("RESOLVED", subject, count=before + 1)

    async def _close_ends_the_watch(self, stage: VenueStage, daemon: DaemonProcess) -> None:
        await stage.venue.close_position(*self.closing)
        await daemon.until_status(
            lambda report: len(report["positions"]) == len(self.found) - 1, "a closed position is watched"
        )
        await stage.until_posted(self.ending)
        endings = [told for told in stage.posts() if " closed " in told or " ended " in told]
        _expect(len(endings) == 1, f"one position was closed, and told: {endings}")

    async def _margin_call_is_passed_on(self, stage: VenueStage) -> None:
        if self.margin_call is not None:
            await stage.venue.send_margin_call(self.margin_call.api_key)
            await stage.until_posted(*self.margin_call.words)


async def _crossing_is_told(stage: VenueStage, crossing: Crossing) -> str:
    stage.venue.set_price(crossing.native_symbol, crossing.critical_price)
    told = await stage.until_posted("CRITICAL", crossing.words)
    _expect(len(told) == 1, f"{crossing.words} was told {len(told)} times: {told}")
    for words in (crossing.liquidation, WHAT_TO_DO, NO_STOP):
        _expect(words in told[0], f"no {words!r} in {told[0]!r}")
    stage.venue.set_price(crossing.native_symbol, crossing.calm_price)
    await stage.until_posted("RESOLVED", crossing.words)
    return told[0]


def _expect(condition: object, otherwise: str) -> None:
    if not condition:
        raise AssertionError(otherwise)
