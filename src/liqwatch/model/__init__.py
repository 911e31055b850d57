"""The nouns: frozen, slotted, without I/O. Import them from here."""

from liqwatch.model.account import AccountSnapshot, SnapshotSource
from liqwatch.model.alert import AlertKey, AlertRecord, AlertState, NotifyReason, Severity
from liqwatch.model.change import AlertChange, OutboxEntry, OutboxStatus, Settlement
from liqwatch.model.facts import (
    FundingRate,
    MarkCandle,
    NoticeKind,
    OrderKind,
    PublicLiquidation,
    RestingOrder,
    VenueNotice,
)
from liqwatch.model.history import EventKind, HistoryEvent, Silence
from liqwatch.model.instrument import ContractKind, Instrument, LeverageTier
from liqwatch.model.market import MarkBatch, MarkRow
from liqwatch.model.notification import Chart, Delivery, DeliveryReport, Message, Notification, OutboxRow
from liqwatch.model.position import MarginMode, Position, Side
from liqwatch.model.reading import UNREACHABLE, Reading, Unknown, Unreachable

__all__ = [
    "UNREACHABLE",
    "AccountSnapshot",
    "AlertChange",
    "AlertKey",
    "AlertRecord",
    "AlertState",
    "Chart",
    "ContractKind",
    "Delivery",
    "DeliveryReport",
    "EventKind",
    "FundingRate",
    "HistoryEvent",
    "Instrument",
    "LeverageTier",
    "MarginMode",
    "MarkBatch",
    "MarkCandle",
    "MarkRow",
    "Message",
    "NoticeKind",
    "Notification",
    "NotifyReason",
    "OrderKind",
    "OutboxEntry",
    "OutboxRow",
    "OutboxStatus",
    "Position",
    "PublicLiquidation",
    "Reading",
    "RestingOrder",
    "Settlement",
    "Severity",
    "Side",
    "Silence",
    "SnapshotSource",
    "Unknown",
    "Unreachable",
    "VenueNotice",
]
