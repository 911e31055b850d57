"""How long Binance's funding rates hold: `fundingInfo` names the adjusted markets, all others pay every 8 h."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import msgspec

from liqwatch.errors import PayloadError
from liqwatch.exchanges.payloads.funding_interval import HOUR, stated_interval
from liqwatch.exchanges.payloads.unreadable import UNREADABLE

USUAL_INTERVAL: Final = 8 * HOUR


@dataclass(frozen=True, slots=True)
class FundingIntervals:
    """The adjusted markets by native symbol; None for one whose interval cannot be read."""

    adjusted: Mapping[str, timedelta | None]

    def of(self, native_symbol: str) -> timedelta | None:
        """How long a rate of this market holds."""
        return self.adjusted.get(native_symbol, USUAL_INTERVAL)


class AdjustedMarket(msgspec.Struct, frozen=True, gc=False):
    """One row of `/fapi/v1/fundingInfo`; it can be the cap of the rate alone that was adjusted."""

    symbol: str
    interval_hours: object = msgspec.field(name="fundingIntervalHours", default=None)


_adjusted = msgspec.json.Decoder(list[AdjustedMarket])


def read_intervals(body: bytes) -> FundingIntervals:
    """The intervals of one family.

    Raises:
        PayloadError: the answer, or one row of it, does not have the documented shape. A row that is lost would pass
            for a market of 8 h.
    """
    try:
        rows = _adjusted.decode(body)
    except UNREADABLE as error:
        raise PayloadError(f"fundingInfo: {error}") from error
    return FundingIntervals({row.symbol: stated_interval(row.interval_hours, HOUR) for row in rows})
