"""From one snapshot to the next by a pushed change: what the change does not name is never erased. Pure."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

from liqwatch.errors import PayloadError
from liqwatch.exchanges.plumbing.listing import Listing
from liqwatch.model import AccountSnapshot, MarginMode, Position, SnapshotSource

if TYPE_CHECKING:
    from liqwatch.exchanges.plumbing.changes import Rows


def with_doubted(
    snapshot: AccountSnapshot, before: AccountSnapshot | None, doubted_before: frozenset[str]
) -> tuple[AccountSnapshot, frozenset[str]]:
    """What pushes may be merged into after a REST answer, and which positions it lacks for the first time.

    Venues under load have answered with an empty list. A position that an answer lacks stays in the merged
    account until a second answer lacks it too, or a push states its end.
    """
    present = {position.subject for position in snapshot.positions}
    known = before.positions if before is not None else ()
    lacking = tuple(position for position in known if position.subject not in present)
    kept = tuple(position for position in lacking if position.subject not in doubted_before)
    base = replace(snapshot, positions=(*snapshot.positions, *kept)) if kept else snapshot
    return base, frozenset(position.subject for position in kept)


def rows_laid_over(rows: Rows, snapshot: AccountSnapshot, listing: Listing) -> AccountSnapshot:
    """The snapshot with pushed rows laid over it.

    A pushed position replaces the known one; what the push leaves out (leverage, isolated wallet, ADL rank) stays,
    and so do the venue's own figures while contracts and entry are the same. Where a cross pool has moved, the
    figures reported of its other positions are stale and go.

    Raises:
        PayloadError: a pushed figure is no number.
    """
    _refuse_impossible(rows)
    known = {position.subject: position for position in snapshot.positions}
    named = {position.subject for position in rows.positions}
    ended = (rows.closed - named) | {
        subject
        for subject, position in known.items()
        if rows.is_whole is not None and rows.is_whole(position) and subject not in named
    }
    after = {subject: position for subject, position in known.items() if subject not in ended}
    after |= {pushed.subject: filled(pushed, known.get(pushed.subject)) for pushed in rows.positions}
    wallets = dict(snapshot.cross_wallets) | ({} if snapshot.is_multi_asset else dict(rows.wallets))
    moved = _moved_pools(snapshot, after, listing) | {
        currency for currency, wallet in wallets.items() if snapshot.cross_wallets.get(currency) != wallet
    }
    return replace(
        snapshot,
        positions=tuple(
            position
            if subject in named or not is_cross_in(position, moved, snapshot, listing)
            else unreported(position)
            for subject, position in after.items()
        ),
        cross_wallets=wallets,
        as_of=max(snapshot.as_of, rows.at) if rows.at is not None else snapshot.as_of,
        source=SnapshotSource.STREAM,
        closed=(snapshot.closed | ended) - after.keys(),
    )


def filled(pushed: Position, before: Position | None) -> Position:
    """A pushed position with what the push leaves out taken from the known one, where that still holds."""
    if before is None:
        return pushed
    is_same = (pushed.contracts, pushed.entry_price, pushed.margin_mode) == (
        before.contracts,
        before.entry_price,
        before.margin_mode,
    )
    wallet = pushed.isolated_wallet
    if wallet is None and pushed.margin_mode is MarginMode.ISOLATED:
        wallet = before.isolated_wallet
    keeps_figures = is_same and wallet == before.isolated_wallet and pushed.reported_liquidation_price is None
    return replace(
        pushed,
        leverage=pushed.leverage if pushed.leverage is not None else before.leverage,
        isolated_wallet=wallet,
        adl_rank=pushed.adl_rank if pushed.adl_rank is not None else before.adl_rank,
        reported_liquidation_price=before.reported_liquidation_price
        if keeps_figures
        else pushed.reported_liquidation_price,
        reported_maintenance_margin=before.reported_maintenance_margin
        if keeps_figures and pushed.reported_maintenance_margin is None
        else pushed.reported_maintenance_margin,
        reported_mark_price=before.reported_mark_price
        if keeps_figures and pushed.reported_mark_price is None
        else pushed.reported_mark_price,
    )


def unreported(position: Position) -> Position:
    """The position without the venue's own figures, which a change has made stale."""
    return replace(
        position, reported_liquidation_price=None, reported_maintenance_margin=None, reported_mark_price=None
    )


def has_moved(before: AccountSnapshot | None, after: AccountSnapshot) -> bool:
    """Whether a position is not what it was; a push that only follows the mark moves nothing."""
    known = {unreported(position) for position in before.positions} if before is not None else set()
    return known != {unreported(position) for position in after.positions}


def pool_of(position: Position, snapshot: AccountSnapshot, listing: Listing) -> str:
    """The currency of the cross pool that a position belongs to."""
    if snapshot.is_multi_asset:
        return snapshot.pool_currency
    instrument = listing.by_symbol.get(position.symbol)
    return instrument.settle_currency if instrument is not None else ""


def is_cross_in(position: Position, pools: set[str], snapshot: AccountSnapshot, listing: Listing) -> bool:
    """Whether a position shares one of these cross pools."""
    return position.margin_mode is MarginMode.CROSS and pool_of(position, snapshot, listing) in pools


def _moved_pools(snapshot: AccountSnapshot, after: dict[str, Position], listing: Listing) -> set[str]:
    """The cross pools in which a position is not what it was (the venue's figures about it aside)."""
    before = {position.subject: position for position in snapshot.positions}
    moved: set[str] = set()
    for subject in before.keys() | after.keys():
        old, new = before.get(subject), after.get(subject)
        if old is not None and new is not None and unreported(old) == unreported(new):
            continue
        for position in (old, new):
            if position is not None and position.margin_mode is MarginMode.CROSS:
                moved.add(pool_of(position, snapshot, listing))
    return moved


def _refuse_impossible(rows: Rows) -> None:
    for currency, wallet in rows.wallets.items():
        if not math.isfinite(wallet):
            raise PayloadError(f"the pushed wallet of {currency} is no number")
    for position in rows.positions:
        figures = (position.contracts, position.entry_price, position.isolated_wallet or 0.0)
        if not all(map(math.isfinite, figures)) or position.contracts <= 0 or position.entry_price <= 0:
            raise PayloadError(f"a pushed figure of {position.subject} cannot be")
