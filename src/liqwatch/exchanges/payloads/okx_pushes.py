"""OKX's pushed account changes as a change of the last snapshot. Pure.

OKX can hold a cross and an isolated position of the same market and side; a push says which one it means.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from liqwatch.exchanges.payloads.okx_account import SIDES, PositionRow, position_of
from liqwatch.exchanges.payloads.okx_envelope import number
from liqwatch.exchanges.plumbing.changes import Rows
from liqwatch.exchanges.plumbing.listing import Listing
from liqwatch.model import AccountSnapshot, MarginMode, Position, Side


@dataclass(frozen=True, slots=True, kw_only=True)
class Push:
    """Absolute new rows. `ended` are subjects with the margin mode of the position that has ended.

    `is_whole`: the positions are the full list of the account.
    """

    positions: tuple[Position, ...] = ()
    ended: frozenset[tuple[str, MarginMode]] = frozenset()
    wallets: Mapping[str, float] = field(default_factory=dict)
    is_whole: bool = False
    at: datetime | None = None

    def laid_over(self, snapshot: AccountSnapshot, listing: Listing) -> AccountSnapshot | None:
        """The changed snapshot; None where a position and its twin in the other margin mode cannot be told apart.

        Raises:
            PayloadError: a pushed figure cannot be.
        """
        held: dict[str, set[MarginMode]] = {}
        for position in snapshot.positions:
            held.setdefault(position.subject, set()).add(position.margin_mode)
        subjects = [position.subject for position in self.positions]
        has_twins = len(subjects) != len(set(subjects)) or any(
            held.get(each.subject, {each.margin_mode}) != {each.margin_mode} for each in self.positions
        )
        if has_twins or any(len(held.get(subject, ())) > 1 for subject, _ in self.ended):
            return None
        rows = Rows(
            positions=self.positions,
            closed=frozenset(subject for subject, mode in self.ended if held.get(subject, {mode}) == {mode}),
            wallets=self.wallets,
            is_whole=_any_position if self.is_whole else None,
            at=self.at,
        )
        return rows.laid_over(snapshot, listing)


def _any_position(position: Position) -> bool:
    del position
    return True


def push_of(  # what a push is made of
    rows: Iterable[PositionRow],
    listing: Listing,
    account_mode: str,
    *,
    wallets: Mapping[str, float] | None = None,
    is_whole: bool = False,
    at: datetime | None = None,
) -> Push:
    """Positions and endings of the contracts among the rows.

    Raises:
        PayloadError: a figure of an open position is no number.
    """
    positions: list[Position] = []
    ended: set[tuple[str, MarginMode]] = set()
    for row in rows:
        if not row.is_contract:
            continue
        sides_ended = list(Side)
        if number(row.contracts) != 0:
            position = position_of(row, listing, account_mode)
            positions.append(position)
            sides_ended.remove(position.side)
        if (named := SIDES.get(row.position_side)) is not None:
            # Long/short mode: the row speaks of its own side alone. In net mode it also ends the other one.
            sides_ended = [side for side in sides_ended if side is named]
        ended.update((listing.subject(row.native_symbol, side), row.mode) for side in sides_ended)
    return Push(positions=tuple(positions), ended=frozenset(ended), wallets=wallets or {}, is_whole=is_whole, at=at)
