"""One file, one venue: how the simulator speaks there. `load_wire("bybit")` imports exactly that module."""

from __future__ import annotations

import importlib
import pkgutil

from liqwatch.errors import UnknownPart
from liqwatch.testing.venue.wire_protocol import VenueWire


def known_wires() -> list[str]:
    """The exchanges that the simulator can stand for."""
    return sorted(module.name for module in pkgutil.iter_modules(__path__) if not module.name.startswith("_"))


def load_wire(exchange: str) -> VenueWire:
    """A fresh wire of one exchange.

    Raises:
        UnknownPart: the simulator does not know that exchange.
    """
    known = known_wires()
    if exchange not in known:
        raise UnknownPart(f"no simulator for {exchange!r}; known: {', '.join(known)}")
    wire: VenueWire = importlib.import_module(f"{__name__}.{exchange}").WIRE()
    return wire
