"""What one frame of a public stream says."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from liqwatch.model import MarkRow, PublicLiquidation


class MarkFrame(msgspec.Struct, frozen=True):
    """Prices, liquidations of others, and what the connection itself has to say. A struct, as one is made a frame.

    `is_data` proves that prices flow. `is_alive` proves that the venue answers (a pong, an acknowledgement): enough
    for a quiet market, not enough for a stream that has never brought a price. `rejected` names what could not be
    used. `replies` are sent back at once. `end` names why a successor must be dialled (an announced upgrade).
    """

    rows: Sequence[MarkRow] = ()
    is_data: bool = False
    rejected: Sequence[str] = ()
    liquidations: Sequence[PublicLiquidation] = ()
    replies: Sequence[str] = ()
    is_alive: bool = False
    end: str | None = None


SILENT = MarkFrame()
"""A frame that says nothing of concern."""
ALIVE = MarkFrame(is_alive=True)
"""A pong or an acknowledgement."""
