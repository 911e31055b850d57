"""What an account's stream can say, in words that no venue owns."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol, TypeAlias

from liqwatch.exchanges.plumbing.listing import Listing
from liqwatch.exchanges.plumbing.merge import rows_laid_over
from liqwatch.model import AccountSnapshot, Position, VenueNotice


class Change(Protocol):
    """Something that can be laid over the last snapshot."""

    def laid_over(self, snapshot: AccountSnapshot, listing: Listing) -> AccountSnapshot | None:
        """The changed snapshot; None: only REST can tell. Raises PayloadError for figures that cannot be."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """Positions and wallets as pushed: absolute new values. See `merge.rows_laid_over` for what they do.

    `closed` are the subjects of positions whose end is stated. `is_whole` says for which positions the rows are the
    full list, so that one of them that is absent has ended; None: only what is named has changed.
    """

    positions: tuple[Position, ...] = ()
    closed: frozenset[str] = frozenset()
    wallets: Mapping[str, float] = field(default_factory=dict)
    is_whole: Callable[[Position], bool] | None = None
    at: datetime | None = None

    def laid_over(self, snapshot: AccountSnapshot, listing: Listing) -> AccountSnapshot | None:
        """The changed snapshot."""
        return rows_laid_over(self, snapshot, listing)


@dataclass(frozen=True, slots=True)
class Nudge:
    """Something moved, and only REST tells what."""

    why: str


@dataclass(frozen=True, slots=True)
class Forced:
    """The venue itself closes or reduces a position: `word` says how, in plain English."""

    subject: str
    word: str


@dataclass(frozen=True, slots=True)
class Noticed:
    """The venue warns."""

    notice: VenueNotice


AccountEvent: TypeAlias = Change | Nudge | Forced | Noticed


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """What one frame of the account's stream says.

    `replies` are sent back at once (a login's next step, subscriptions, a pong). `is_ready`: what was asked for is
    granted, events flow from here on. `end` names why the connection is of no use any more. `rejected` names why the
    frame cannot be used.
    """

    events: tuple[AccountEvent, ...] = ()
    replies: tuple[str, ...] = ()
    is_ready: bool = False
    end: str | None = None
    rejected: str | None = None
