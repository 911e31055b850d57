"""What the engine needs from the world, and nothing more. Adapters implement these; the engine never imports one."""

from liqwatch.ports.exchange import (
    AccountData,
    AccountOptions,
    ExchangeAdapter,
    Grade,
    KeyReport,
    Market,
    MarketData,
    MarketFacts,
    VenueCard,
    VenueOptions,
)
from liqwatch.ports.storage import Archive, Cache, Store
from liqwatch.ports.surroundings import Pulse, ServiceManager, Telemetry
from liqwatch.ports.telling import Answer, ChannelOptions, Conversation, Desk, Notifier, NotifierAdapter

__all__ = [
    "AccountData",
    "AccountOptions",
    "Answer",
    "Archive",
    "Cache",
    "ChannelOptions",
    "Conversation",
    "Desk",
    "ExchangeAdapter",
    "Grade",
    "KeyReport",
    "Market",
    "MarketData",
    "MarketFacts",
    "Notifier",
    "NotifierAdapter",
    "Pulse",
    "ServiceManager",
    "Store",
    "Telemetry",
    "VenueCard",
    "VenueOptions",
]
