"""What the contract suite must know of one venue: which recorded channels its files claim, and how to read them.

`tests/contract/venues/<exchange>.py` holds one `CONTRACT`; the suite finds it by its name.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from liqwatch.model import MarkRow, PublicLiquidation


class PublicFrame(Protocol):
    """What a venue's files say of one public frame."""

    @property
    def rows(self) -> Sequence[MarkRow]:
        """Mark prices."""
        ...

    @property
    def is_data(self) -> bool:
        """Prices flow."""
        ...

    @property
    def is_alive(self) -> bool:
        """The venue answers."""
        ...

    @property
    def rejected(self) -> Sequence[str]:
        """What could not be used, by name."""
        ...

    @property
    def liquidations(self) -> Sequence[PublicLiquidation]:
        """Positions of others that the venue has closed."""
        ...

    @property
    def replies(self) -> Sequence[str]:
        """What is sent back."""
        ...

    @property
    def end(self) -> str | None:
        """Why a successor is needed."""
        ...


class PrivateFrame(Protocol):
    """What a venue's files say of one frame of an account's stream."""

    @property
    def events(self) -> Sequence[object]:
        """What has happened."""
        ...

    @property
    def rejected(self) -> str | None:
        """Why it could not be used."""
        ...


class Everything(dict[str, str]):
    """A wanted set that holds every market under its own name."""

    def __contains__(self, name: object) -> bool:
        """Always."""
        return isinstance(name, str)

    def __getitem__(self, name: str) -> str:
        """The native name itself."""
        return name

    def get(self, name: str, default: Any = None) -> Any:  # noqa: ANN401, ARG002  as the base class
        """The native name itself."""
        return name


@dataclass(frozen=True, slots=True, kw_only=True)
class VenueContract:
    """`wire` is the folder of recordings. Channels are file names up to the first dot.

    `marks_of` reads a recorded message with the standard library alone, independently of the venue's files: native
    name, mark price and venue time in ms (0: it has none) of every mark in it.
    `unclaimed` names, with a reason, each channel that the venue's files do not read.
    """

    exchange: str
    wire: str
    read_market: Callable[[bytes, Mapping[str, str]], PublicFrame]
    read_account: Callable[[bytes, Any], PrivateFrame]
    market_channels: frozenset[str]
    account_channels: frozenset[str]
    unclaimed: Mapping[str, str]
    marks_of: Callable[[Any], list[tuple[str, float, int]]]
    sessions: tuple[str, ...] = ()
    """Prefixes of the recorded whole sessions in `sessions/` that `read_market` replays."""
