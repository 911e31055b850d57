"""A position is gone when the venue says so, or when two answers in a row lack it: never on one empty answer.

Venues under load have answered 200 with an empty list; reading that as "all closed" would end every watch.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from liqwatch.model import AccountSnapshot, SnapshotSource


@dataclass(frozen=True, slots=True)
class Reconciled:
    """What to believe, and which subjects are missing without confirmation (read again soon)."""

    snapshot: AccountSnapshot
    unconfirmed: frozenset[str]


class Reconciler:
    """Remembers one account's last believed positions and what was missed once."""

    def __init__(self, expected: frozenset[str] = frozenset()) -> None:
        """`expected` subjects had burning alerts before a restart, so their absence too wants a second look."""
        self._expected = expected
        self._missed_once: frozenset[str] = frozenset()
        self._believed: AccountSnapshot | None = None

    def believe(self, snapshot: AccountSnapshot) -> Reconciled:
        """Take an answer or a push. A push states closings itself; what is in doubt already stays in doubt."""
        present = {position.subject for position in snapshot.positions}
        before = {position.subject: position for position in (self._believed.positions if self._believed else ())}
        missing = (frozenset(before) | self._expected) - present - snapshot.closed
        if snapshot.source is SnapshotSource.REST:
            doubted = self._missed_once = missing - self._missed_once
        else:
            doubted = missing & (self._missed_once | self._expected)
            self._missed_once &= doubted
        self._expected &= doubted
        kept = tuple(before[subject] for subject in sorted(doubted) if subject in before)
        self._believed = replace(snapshot, positions=(*snapshot.positions, *kept)) if kept else snapshot
        return Reconciled(self._believed, doubted)
