"""From Binance's rows to an `AccountSnapshot`, and from one snapshot to the next by a pushed change. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from liqwatch.clock import from_milliseconds
from liqwatch.errors import PayloadError
from liqwatch.exchanges.payloads.binance_account import (
    AccountAnswer,
    AccountUpdate,
    PositionChange,
    PositionRow,
)
from liqwatch.exchanges.payloads.liquidation_price import cleaned_liquidation_price
from liqwatch.exchanges.plumbing.merge import unreported
from liqwatch.model import AccountSnapshot, Instrument, MarginMode, Position, Side, SnapshotSource

MULTI_ASSET_CURRENCY = "USD"
USUAL_CURRENCY = "USDT"
ONE_WAY = "BOTH"


@dataclass(frozen=True, slots=True, kw_only=True)
class Owner:
    """Whose snapshot it is."""

    account: str
    venue: str


def snapshot_of(
    owner: Owner,
    answer: AccountAnswer,
    rows: Iterable[PositionRow],
    instruments: Mapping[str, Instrument],
    *,
    is_multi_asset: bool,
    as_of: datetime,
) -> AccountSnapshot:
    """The whole account from its two REST answers; `instruments` by native symbol.

    A position in an unlisted market keeps the venue's own name.

    Raises:
        PayloadError: a figure is missing or no number, so that the account would be half read.
    """
    open_rows = [row for row in rows if row.amount != 0]
    positions = tuple(position_of(row, instruments) for row in open_rows)
    if is_multi_asset:
        if answer.total_cross_wallet is None or not math.isfinite(answer.total_cross_wallet):
            raise PayloadError("account: no totalCrossWalletBalance in multi-assets mode")
        wallets = {MULTI_ASSET_CURRENCY: answer.total_cross_wallet}
    else:
        wallets = _cross_wallets(answer, open_rows, instruments)
    return AccountSnapshot(
        account=owner.account,
        venue=owner.venue,
        positions=positions,
        cross_wallets=wallets,
        as_of=as_of,
        source=SnapshotSource.REST,
        is_multi_asset=is_multi_asset,
        pool_currency=MULTI_ASSET_CURRENCY if is_multi_asset else USUAL_CURRENCY,
    )


def _settle_currency(row: PositionRow, instruments: Mapping[str, Instrument]) -> str:
    instrument = instruments.get(row.symbol)
    return instrument.settle_currency if instrument is not None else ""


def _cross_wallets(
    answer: AccountAnswer, open_rows: Iterable[PositionRow], instruments: Mapping[str, Instrument]
) -> dict[str, float]:
    """The wallets that hold something, and those that a position settles in."""
    used = {row.settle_currency or _settle_currency(row, instruments) for row in open_rows}
    if not all(math.isfinite(row.cross_wallet) for row in answer.assets):
        raise PayloadError("account: a crossWalletBalance is no number")
    return {row.asset: row.cross_wallet for row in answer.assets if row.cross_wallet != 0 or row.asset in used}


def position_of(row: PositionRow, instruments: Mapping[str, Instrument]) -> Position:
    """One open row in our terms; only figures that the venue states itself.

    Raises:
        PayloadError: amount, entry price or margin is no number.
    """
    if not (math.isfinite(row.amount) and 0 < row.entry_price < math.inf and math.isfinite(row.isolated_wallet)):
        raise PayloadError(f"positionRisk: a figure of {row.symbol} cannot be")
    is_isolated = _is_isolated(row)
    return Position(
        symbol=unified(row.symbol, instruments),
        side=side_of(row.position_side, row.amount),
        contracts=abs(row.amount),
        entry_price=row.entry_price,
        margin_mode=MarginMode.ISOLATED if is_isolated else MarginMode.CROSS,
        leverage=_leverage(row),
        isolated_wallet=row.isolated_wallet if is_isolated else None,
        reported_liquidation_price=cleaned_liquidation_price(row.liquidation_price, row.mark_price),
        reported_maintenance_margin=row.maintenance_margin,
        reported_mark_price=row.mark_price if 0 < row.mark_price < math.inf else None,
        adl_rank=row.adl_rank,
    )


def _is_isolated(row: PositionRow) -> bool:
    if row.margin_type is not None:
        return row.margin_type.lower() == "isolated"
    return row.isolated_wallet != 0 or row.isolated_margin != 0


def _leverage(row: PositionRow) -> float | None:
    if row.leverage is not None and row.leverage > 0:
        return row.leverage
    if row.position_initial_margin > 0 and row.notional != 0:
        return round(abs(row.notional) / row.position_initial_margin, 2)
    return None


def unified(native: str, instruments: Mapping[str, Instrument]) -> str:
    """The unified symbol, or the venue's own name for a market that is not listed."""
    instrument = instruments.get(native)
    return instrument.symbol if instrument is not None else native


def side_of(position_side: str, amount: float) -> Side:
    """In hedge mode the venue names the side, in one-way mode the sign of the amount does."""
    if position_side == ONE_WAY:
        return Side.LONG if amount > 0 else Side.SHORT
    return Side.SHORT if position_side == "SHORT" else Side.LONG


def merge_account_update(
    snapshot: AccountSnapshot, update: AccountUpdate, instruments: Mapping[str, Instrument]
) -> AccountSnapshot:
    """The snapshot with a pushed change laid over it; `instruments` by native symbol.

    A push carries neither liquidation price nor maintenance margin: what REST reported of them is kept for
    untouched isolated positions, and cleared for what changed and for every cross position of a moved pool.

    Raises:
        PayloadError: a pushed figure is no number.
    """
    _refuse_impossible(update)
    merge = _Merge(snapshot, instruments)
    hedged = {row.symbol for row in update.changes.positions if row.position_side != ONE_WAY}
    for row in update.changes.positions:
        # A close in hedge mode also brings an empty one-way row: it says nothing about the two sides.
        if row.position_side != ONE_WAY or (row.symbol not in hedged and not merge.is_hedged(row.symbol)):
            merge.lay(row)
    if not snapshot.is_multi_asset:
        merge.move_wallets({row.asset: row.cross_wallet for row in update.changes.wallets})
    return replace(
        snapshot,
        positions=merge.positions(),
        cross_wallets=merge.wallets,
        as_of=max(snapshot.as_of, from_milliseconds(update.exchange_ms)),
        source=SnapshotSource.STREAM,
        closed=merge.closed(),
    )


def _refuse_impossible(update: AccountUpdate) -> None:
    for wallet in update.changes.wallets:
        if not math.isfinite(wallet.cross_wallet):
            raise PayloadError(f"ACCOUNT_UPDATE: the wallet of {wallet.asset} is no number")
    for row in update.changes.positions:
        figures = (row.amount, row.entry_price, row.isolated_wallet or 0.0)
        if not all(map(math.isfinite, figures)) or (row.amount != 0 and row.entry_price <= 0):
            raise PayloadError(f"ACCOUNT_UPDATE: a figure of {row.symbol} cannot be")


class _Merge:
    """The working copy of one merge."""

    def __init__(self, snapshot: AccountSnapshot, instruments: Mapping[str, Instrument]) -> None:
        self._snapshot = snapshot
        self._instruments = instruments
        self._settle = {instrument.symbol: instrument.settle_currency for instrument in instruments.values()}
        self._open = {(position.symbol, position.side): position for position in snapshot.positions}
        self._closed: set[str] = set(snapshot.closed)
        self._moved_pools: set[str] = set()
        self.wallets = dict(snapshot.cross_wallets)

    def is_hedged(self, native: str) -> bool:
        symbol = unified(native, self._instruments)
        return all((symbol, side) in self._open for side in Side)

    def lay(self, row: PositionChange) -> None:
        """Replace, open or close what the row names. One-way, the other side of the market is closed with it."""
        symbol = unified(row.symbol, self._instruments)
        named = side_of(row.position_side, row.amount)
        before = self._open.get((symbol, named))
        for side in Side if row.position_side == ONE_WAY else (named,):
            if side is not named or row.amount == 0:
                self._close(symbol, side)
        if row.amount != 0:
            after = self._changed(symbol, named, row, before)
            if after != before:
                self._open[symbol, named] = after
                self._note_pool(after)
                if before is not None:
                    self._note_pool(before)

    def _changed(self, symbol: str, side: Side, row: PositionChange, before: Position | None) -> Position:
        mode = _pushed_mode(row, before)
        wallet = row.isolated_wallet
        if wallet is None and before is not None:
            wallet = before.isolated_wallet
        after = Position(
            symbol=symbol,
            side=side,
            contracts=abs(row.amount),
            entry_price=row.entry_price,
            margin_mode=mode,
            leverage=before.leverage if before else None,
            isolated_wallet=wallet if mode is MarginMode.ISOLATED else None,
            adl_rank=before.adl_rank if before else None,
        )
        if before is not None and after == unreported(before):
            return before
        return after

    def _close(self, symbol: str, side: Side) -> None:
        """Also of a side that we do not know as open: REST may have shown it gone, the venue now states its end."""
        gone = self._open.pop((symbol, side), None)
        self._closed.add(subject_of(symbol, side))
        if gone is not None:
            self._note_pool(gone)

    def _note_pool(self, position: Position) -> None:
        if position.margin_mode is MarginMode.CROSS:
            self._moved_pools.add(self._pool(position))

    def _pool(self, position: Position) -> str:
        return MULTI_ASSET_CURRENCY if self._snapshot.is_multi_asset else self._settle.get(position.symbol, "")

    def move_wallets(self, wallets: Mapping[str, float]) -> None:
        """Lay pushed wallets over the known ones."""
        self._moved_pools.update(asset for asset, wallet in wallets.items() if self.wallets.get(asset) != wallet)
        self.wallets.update(wallets)

    def positions(self) -> tuple[Position, ...]:
        """What is open now; figures that a moved pool made stale are gone."""
        return tuple(
            unreported(position)
            if position.margin_mode is MarginMode.CROSS and self._pool(position) in self._moved_pools
            else position
            for position in self._open.values()
        )

    def closed(self) -> frozenset[str]:
        """What has ended since REST last told the whole, and has not been opened again."""
        return frozenset(self._closed - {position.subject for position in self._open.values()})


def subject_of(symbol: str, side: Side) -> str:
    """What `Position.subject` says, for a position that is not there any more."""
    return f"{symbol} {side.word}"


def _pushed_mode(row: PositionChange, before: Position | None) -> MarginMode:
    if row.margin_type is not None:
        return MarginMode.ISOLATED if row.margin_type.lower() == "isolated" else MarginMode.CROSS
    if before is not None:
        return before.margin_mode
    return MarginMode.ISOLATED if row.isolated_wallet else MarginMode.CROSS
