"""Candles of the mark as most venues write them: `[opened, open, high, low, …]`, numbers bare or as text."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from liqwatch.clock import from_milliseconds
from liqwatch.errors import PayloadError
from liqwatch.exchanges.payloads.unreadable import UNREADABLE
from liqwatch.model import MarkCandle


class CandleRow(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """One candle; what stands behind the low is not read."""

    opened_ms: int
    opened_price: float
    high: float
    low: float


_row = msgspec.json.Decoder(CandleRow, strict=False)
_rows = msgspec.json.Decoder(list[msgspec.Raw])


def candle_pieces(body: bytes, what: str) -> list[msgspec.Raw]:
    """The candles of an answer that is nothing but their list.

    Raises:
        PayloadError: it is no list; `what` names the call.
    """
    try:
        return _rows.decode(body)
    except UNREADABLE as error:
        raise PayloadError(f"{what}: {error}") from error


def candles_of(pieces: Iterable[msgspec.Raw], what: str) -> list[MarkCandle]:
    """Candles in the order in which they come.

    Raises:
        PayloadError: one of them has another shape; `what` names the call.
    """
    try:
        rows = [_row.decode(piece) for piece in pieces]
    except UNREADABLE as error:
        raise PayloadError(f"{what}: {error}") from error
    return [MarkCandle(opened_at=from_milliseconds(row.opened_ms), high=row.high, low=row.low) for row in rows]
