"""What a venue tells beside prices and positions: funding, resting orders, liquidations of others, its own warnings."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum

from liqwatch.model.position import Side


@dataclass(frozen=True, slots=True, kw_only=True)
class FundingRate:
    """What holding a contract costs: longs pay `rate` (a fraction of notional) at `next_at` when it is positive.

    `interval` is how long one rate holds, None where the venue does not say.
    """

    symbol: str
    rate: float
    next_at: datetime | None = None
    interval: timedelta | None = None


class OrderKind(Enum):
    """What a resting order is for, as far as the venue says."""

    LIMIT = "limit"
    STOP = "stop"
    TAKE_PROFIT = "take profit"
    TRAILING = "trailing"


@dataclass(frozen=True, slots=True, kw_only=True)
class RestingOrder:
    """An order that waits. `order_side` is the order's own direction: SHORT sells, so it closes a long.

    `contracts` None: the whole position. `trigger_price` is where it wakes (None for a plain limit order),
    `trigger_by` the price that wakes it: `mark`, `last` or `index`, "" where the venue does not say.
    """

    symbol: str
    order_side: Side
    kind: OrderKind
    contracts: float | None = None
    trigger_price: float | None = None
    limit_price: float | None = None
    trigger_by: str = ""
    is_reduce_only: bool = False
    order_id: str = ""


@dataclass(frozen=True, slots=True)
class PublicLiquidation:
    """Somebody's position that the venue has closed. `side` is the side of the POSITION."""

    symbol: str
    side: Side
    contracts: float
    price: float
    exchange_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkCandle:
    """How far the mark went in one interval; used to look back into a gap."""

    opened_at: datetime
    high: float
    low: float


class NoticeKind(Enum):
    """What the venue itself warns of."""

    MARGIN_CALL = "margin call"
    LIQUIDATION_WARNING = "liquidation warning"
    DELEVERAGING_WARNING = "deleveraging warning"
    RISK_LIMIT_CHANGE = "risk limit change"


@dataclass(frozen=True, slots=True, kw_only=True)
class VenueNotice:
    """The venue's own warning about an account. `subject` is a position's subject, or "" for the whole account."""

    kind: NoticeKind
    subject: str
    text: str
    at: datetime
