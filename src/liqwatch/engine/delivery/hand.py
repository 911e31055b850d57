"""What one channel has in hand: the rows about to be told, and which of them go into the next message together.

Repeats. Rows whose attempt may have arrived go out again in the same company under the same message id, so that
whoever received both can tell. Companions are remembered here; after a restart the rows that were under way when the
process died are exactly those that come back as repeats, so that together they have the same id again.

Length. A group that is refused as too long is told in halves. Where single messages are refused in the same words, it
is not the length that is refused, and a storm does not have to go through that one by one.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from liqwatch.engine.delivery.envelope import ranked, worst_of
from liqwatch.engine.delivery.outcome import blames_length
from liqwatch.model import Delivery, DeliveryReport, OutboxRow, Settlement, Severity

DIGEST_ABOVE = 3
"""Up to so many are told one by one; more are told together."""
ALONE_AT_MOST = 3
"""So many single messages refused like one that is too long: then it is not their length."""
UNSURE_LIMIT = 10_000


@dataclass(slots=True)
class Group:
    """Rows that go into one message; `message_id` of an earlier attempt at it."""

    rows: list[OutboxRow] = field(default_factory=list)
    message_id: str = ""


class Hand:
    """Rows by id, taken and not yet attempted."""

    def __init__(self) -> None:
        """Empty."""
        self._rows: dict[int, OutboxRow] = {}
        self._unsure: dict[int, str] = {}
        self._most_rows: int | None = None
        self._refused_alone = 0

    def __len__(self) -> int:
        """How many wait here."""
        return len(self._rows)

    @property
    def worst(self) -> Severity | None:
        """The most urgent of them; None when there is none."""
        return worst_of(self._rows.values()) if self._rows else None

    def take(self, rows: Iterable[OutboxRow]) -> None:
        """Rows that were leased. One that waits here already is no repeat, however long it has waited."""
        for row in rows:
            self._rows.setdefault(row.row_id, row)

    def drop(self, rows: Iterable[OutboxRow]) -> None:
        """These are under way."""
        for row in rows:
            self._rows.pop(row.row_id, None)

    def empty(self) -> list[OutboxRow]:
        """Give everything away."""
        rows, self._rows = list(self._rows.values()), {}
        return rows

    def next_group(self) -> Group:
        """The most urgent group; what was never tried goes before a repeat that is as urgent."""
        if not self._rows:
            self._most_rows = None
            return Group()
        fresh = ranked(row for row in self._rows.values() if not row.is_repeat)
        groups = [self._cut(fresh), *self._repeats()]
        return max(groups, key=lambda group: worst_of(group.rows) if group.rows else 0)

    def is_too_much(self, rows: Sequence[OutboxRow], report: DeliveryReport) -> bool:
        """Whether fewer of these at once may pass; then they go out in halves, each with an id of its own."""
        if len(rows) == 1 or not blames_length(report) or self._refused_alone >= ALONE_AT_MOST:
            self._note_single(rows, report)
            return False
        self._most_rows = len(rows) // 2
        for row in rows:
            self._unsure.pop(row.row_id, None)
        return True

    def remember_unsure(self, message_id: str, settlements: Sequence[Settlement], report: DeliveryReport) -> None:
        """Who has to go out together again; forgotten when a row has ended."""
        for settlement in settlements:
            if settlement.next_attempt_at is None:
                self._unsure.pop(settlement.row_id, None)
            elif report.delivery is Delivery.AMBIGUOUS:
                self._unsure[settlement.row_id] = message_id
        while len(self._unsure) > UNSURE_LIMIT:
            del self._unsure[next(iter(self._unsure))]

    def _cut(self, fresh: list[OutboxRow]) -> Group:
        return Group(fresh[:1] if len(self._rows) <= DIGEST_ABOVE else fresh[: self._most_rows])

    def _repeats(self) -> Iterable[Group]:
        groups: dict[str, Group] = {}
        for row in ranked(row for row in self._rows.values() if row.is_repeat):
            message_id = self._unsure.get(row.row_id, "")
            groups.setdefault(message_id, Group(message_id=message_id)).rows.append(row)
        return [Group(group.rows[: self._most_rows], group.message_id) for group in groups.values()]

    def _note_single(self, rows: Sequence[OutboxRow], report: DeliveryReport) -> None:
        if not blames_length(report):
            self._refused_alone = 0
        elif len(rows) == 1:
            self._refused_alone += 1
        if self._refused_alone >= ALONE_AT_MOST:
            self._most_rows = None
