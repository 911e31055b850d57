"""What the audience of the demo sees while it runs: a live table, or a line a second where nobody can see one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from rich.console import Console, Group, RenderableType
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from liqwatch.cli._status_view import positions_table
from liqwatch.clock import Clock
from liqwatch.engine.daemon import Daemon

PHASES = (
    (0.0, "Calm before the storm."),
    (0.08, "The market begins to fall."),
    (0.3, "Cascade: liquidations feed on themselves."),
    (0.5, "The low; prices snap back."),
    (0.6, "Aftershock."),
    (0.7, "Recovery."),
    (0.9, "Recovered."),
)
PLAIN_LINE_SECONDS = 1.0


class Audience:
    """Looks at the running daemon and draws it."""

    def __init__(self, console: Console, clock: Clock) -> None:
        """Nobody is on stage yet."""
        self._console = console
        self._clock = clock
        self._daemon: Daemon | None = None
        self._report: dict[str, Any] = {"positions": [], "alerts": [], "streams": [], "outbox": {"pending": 0}}
        self._progress = 0.0
        self._words = ""
        self._is_plain = False
        self._last_line = -PLAIN_LINE_SECONDS

    def meet(self, daemon: Daemon) -> None:
        """The daemon enters."""
        self._daemon = daemon

    async def status(self) -> dict[str, Any]:
        """What `liqwatch status --json` would say now."""
        if self._daemon is not None:
            self._report = await self._daemon.status()
        return self._report

    async def positions_seen(self) -> int:
        """How many positions the daemon has a mark for."""
        report = await self.status()
        return sum(1 for each in report["positions"] if each["mark_price"] is not None)

    async def look(self, progress: float, words: str | None = None) -> None:
        """Take a fresh look; in plain mode print a line a second."""
        await self.status()
        self._progress = progress
        self._words = words or next(text for start, text in reversed(PHASES) if progress >= start)
        if self._is_plain and self._clock.monotonic() - self._last_line >= PLAIN_LINE_SECONDS:
            self._last_line = self._clock.monotonic()
            self._console.print(self._line(), highlight=False, soft_wrap=True)

    @contextmanager
    def plain(self) -> Iterator[None]:
        """Lines instead of a live table."""
        self._is_plain = True
        yield

    def __rich__(self) -> RenderableType:
        """The live view."""
        head = Table.grid(padding=(0, 2))
        bar = ProgressBar(total=1.0, completed=self._progress, width=30)
        head.add_row(Text("liqwatch demo", style="bold"), bar, Text(self._words))
        burning = len(self._report["alerts"])
        foot = f"{burning} alerts burning · {self._report['outbox']['pending']} messages waiting"
        return Group(head, positions_table(self._report["positions"]), Text(foot, style="dim"))

    def _line(self) -> str:
        nearest = sorted(
            (each["liquidation_distance"], f"{each['symbol'].partition('/')[0]} {each['side']}")
            for each in self._report["positions"]
            if each["liquidation_distance"] is not None
        )
        shown = "  ".join(f"{name} {distance:.1%}" for distance, name in nearest[:4])
        return f"[dim]{self._progress:4.0%}  {self._words:42}  {shown}[/dim]"
