"""Gate's position rows, as REST answers and as the stream pushes them, in our terms. Pure.

In one-way mode the sign of `size` is the side; in hedge mode the sign agrees with `mode` (`dual_long`, `dual_short`).
`leverage` 0 means cross margin. Sizes are numbers, or decimal strings where the client asked for them.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import replace

import msgspec

from liqwatch.errors import PayloadError
from liqwatch.exchanges.payloads.liquidation_price import cleaned_liquidation_price
from liqwatch.exchanges.plumbing.listing import Listing
from liqwatch.model import MarginMode, Position, Side

NO_LIQUIDATION_PRICE = 99_999_999.0
"""What the venue writes for a short that cannot be liquidated (APIv4, position example)."""
HEDGED = {"dual_long": Side.LONG, "dual_short": Side.SHORT}


class PositionRow(msgspec.Struct, frozen=True, gc=False):
    """One row of `/futures/{settle}/positions`; the stream leaves out marks and maintenance margin.

    `maintenance_margin` is 0 in old accounts. `part` numbers the positions of one market and side in split mode.
    """

    contract: str
    contracts: float = msgspec.field(name="size")
    entry_price: float
    leverage: float = 0.0
    mode: str = "single"
    margin: float | None = None
    mark_price: float = 0.0
    liquidation_price: str | float | None = msgspec.field(name="liq_price", default=None)
    maintenance_margin: float = 0.0
    unrealised_pnl: float | None = None
    adl_ranking: float | None = None
    cross_leverage_limit: float = 0.0
    current_leverage: float = msgspec.field(name="lever", default=0.0)
    margin_mode: str = msgspec.field(name="pos_margin_mode", default="")
    part: int = msgspec.field(name="pid", default=0)


def is_cross(row: PositionRow) -> bool:
    """Whether the row shares the pool of its settle currency."""
    return row.margin_mode == "cross" if row.margin_mode else row.leverage == 0


def side_of(row: PositionRow) -> Side:
    """The side that hedge mode names, or that the sign tells."""
    return HEDGED.get(row.mode) or (Side.LONG if row.contracts > 0 else Side.SHORT)


def positions_of(rows: Iterable[PositionRow], listing: Listing) -> tuple[Position, ...]:
    """Open positions. In split mode one market and side can have several rows, which become one position.

    Of a row that stands on two pages of an answer, because the list has moved meanwhile, the later one counts.

    Raises:
        PayloadError: a figure of a row is no number.
    """
    once = {(row.contract, row.mode, row.part): row for row in rows}
    held: dict[str, Position] = {}
    for row in once.values():
        if row.contracts != 0:
            position = position_of(row, listing)
            before = held.get(position.subject)
            held[position.subject] = position if before is None else _joined(before, position)
    return tuple(held.values())


def position_of(row: PositionRow, listing: Listing) -> Position:
    """One open row; only figures that the venue states itself.

    Raises:
        PayloadError: size, entry price or the margin of an isolated position is no number.
    """
    is_shared = is_cross(row)
    if not (math.isfinite(row.contracts) and 0 < row.entry_price < math.inf):
        raise PayloadError(f"positions: size or entry_price of {row.contract} cannot be")
    if not is_shared and (row.margin is None or not math.isfinite(row.margin)):
        raise PayloadError(f"positions: margin of {row.contract} is missing or no number")
    has_mark = 0 < row.mark_price < math.inf
    return Position(
        symbol=listing.unified(row.contract),
        side=side_of(row),
        contracts=abs(row.contracts),
        entry_price=row.entry_price,
        margin_mode=MarginMode.CROSS if is_shared else MarginMode.ISOLATED,
        leverage=_leverage(row),
        isolated_wallet=None if is_shared else row.margin,
        reported_liquidation_price=_liquidation_price(row, row.mark_price if has_mark else row.entry_price),
        reported_maintenance_margin=row.maintenance_margin if 0 < row.maintenance_margin < math.inf else None,
        reported_mark_price=row.mark_price if has_mark else None,
        adl_rank=row.adl_ranking,
    )


def _liquidation_price(row: PositionRow, near: float) -> float | None:
    price = cleaned_liquidation_price(row.liquidation_price, near)
    return None if price is None or price >= NO_LIQUIDATION_PRICE else price


def _leverage(row: PositionRow) -> float | None:
    stated = (row.leverage, row.current_leverage, row.cross_leverage_limit)
    return next((leverage for leverage in stated if 0 < leverage < math.inf), None)


def _joined(one: Position, other: Position) -> Position:
    """Two split positions of one market and side.

    Cross ones are judged together, so they add up. Of isolated ones each falls alone: the one in more danger counts.
    """
    if one.margin_mode is MarginMode.CROSS and other.margin_mode is MarginMode.CROSS:
        contracts = one.contracts + other.contracts
        entry_price = (one.entry_price * one.contracts + other.entry_price * other.contracts) / contracts
        amounts = (one.reported_maintenance_margin, other.reported_maintenance_margin)
        told = [amount for amount in amounts if amount is not None]
        return replace(
            one,
            contracts=contracts,
            entry_price=entry_price,
            reported_maintenance_margin=sum(told) if len(told) == len(amounts) else None,
        )
    return max(one, other, key=_danger)


def _danger(position: Position) -> float:
    """How near the venue's liquidation price is; nothing is further than no price."""
    price, mark_price = position.reported_liquidation_price, position.reported_mark_price or position.entry_price
    return -math.inf if price is None else -abs(mark_price - price) / mark_price
