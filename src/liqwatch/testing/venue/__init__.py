"""A venue simulator that speaks real wire formats on loopback: `VenueSimulator` any exchange's, `BinanceVenue` one's.

The live adapter runs against it unpatched, through `endpoints = { rest = …, websocket = … }`.
"""

from liqwatch.testing.venue.book import VenueAccount, VenueBook, VenuePosition
from liqwatch.testing.venue.faults import VenueFaults, banned_body
from liqwatch.testing.venue.markets import DEFAULT_MARKETS, VenueBracket, VenueMarket, bracket_table
from liqwatch.testing.venue.server import BinanceVenue

__all__ = [
    "DEFAULT_MARKETS",
    "BinanceVenue",
    "VenueAccount",
    "VenueBook",
    "VenueBracket",
    "VenueFaults",
    "VenueMarket",
    "VenuePosition",
    "banned_body",
    "bracket_table",
]
