"""Messages on standard output: needs nothing, serves the demo, dry runs and a daemon whose journal is read."""

from __future__ import annotations

import functools
import sys
import unicodedata

from liqwatch.model import Delivery, DeliveryReport, Message
from liqwatch.notifiers._worker import ChannelStuck, ChannelWorker
from liqwatch.ports import ChannelOptions, NotifierAdapter

_ZERO_WIDTH_JOINER = "\u200d"
_KEPT = {"\n", "\t", _ZERO_WIDTH_JOINER}


class ConsoleNotifier:
    """Prints title and body. A reader that stopped reading holds up a thread, never the event loop."""

    def __init__(self, options: ChannelOptions) -> None:
        self.name = options.name
        self._timeout_seconds = options.timeout_seconds
        self._worker = ChannelWorker(options.name)

    async def prepare(self) -> None:
        """Nothing to load, nothing to miss."""

    async def send(self, message: Message) -> DeliveryReport:
        """Print once; SENT when the text has left the process."""
        text = printable(f"{message.title}\n{message.body}\n\n")
        try:
            await self._worker.run(functools.partial(_print, text), self._timeout_seconds)
        except (TimeoutError, ChannelStuck):
            return DeliveryReport(Delivery.RETRY, "console: nobody reads standard output")
        except (OSError, ValueError):
            return DeliveryReport(Delivery.DEAD, "console: standard output is closed")
        return DeliveryReport(Delivery.SENT)

    async def close(self) -> None:
        """Standard output is not ours to close."""


def printable(text: str) -> str:
    """The text without control and direction characters, which could forge or hide what a terminal shows."""
    return "".join(
        character for character in text if character in _KEPT or unicodedata.category(character) not in {"Cc", "Cf"}
    )


def _print(text: str) -> None:
    encoding = sys.stdout.encoding or "utf-8"
    # A terminal without Unicode gets question marks rather than nothing.
    sys.stdout.write(text.encode(encoding, errors="replace").decode(encoding))
    sys.stdout.flush()


ADAPTER = NotifierAdapter(kind="console", open=ConsoleNotifier)
