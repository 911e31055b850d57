"""The nouns: frozen, slotted, without I/O. Import them from here."""

from liqwatch.model.account import AccountSnapshot, SnapshotSource
from liqwatch.model.alert import AlertKey, AlertRecord, AlertState, NotifyReason, Severity
from liqwatch.model.change import AlertChange, OutboxStatus, Settlement
from liqwatch.model.facts import (
    FundingRate,
    MarkCandle,
    NoticeKind,
    OrderKind,
    PublicLiquidation,
    RestingOrder,
    VenueNotice,
)
from liqwatch.model.instrument import ContractKind, Instrument, LeverageTier
from liqwatch.model.market import MarkBatch, MarkRow
from liqwatch.model.notification import Delivery, DeliveryReport, Notification, OutboxRow
from liqwatch.model.position import MarginMode, Position, Side
from liqwatch.model.reading import UNREACHABLE, Reading, Unknown, Unreachable

__all__ = [
    "UNREACHABLE",
    "AccountSnapshot",
    "AlertChange",
    "AlertKey",
    "AlertRecord",
    "AlertState",
    "ContractKind",
    "Delivery",
    "DeliveryReport",
    "FundingRate",
    "Instrument",
    "LeverageTier",
    "MarginMode",
    "MarkBatch",
    "MarkCandle",
    "MarkRow",
    "NoticeKind",
    "Notification",
    "NotifyReason",
    "OrderKind",
    "OutboxRow",
    "OutboxStatus",
    "Position",
    "PublicLiquidation",
    "Reading",
    "RestingOrder",
    "Settlement",
    "Severity",
    "Side",
    "SnapshotSource",
    "Unknown",
    "Unreachable",
    "VenueNotice",
]
