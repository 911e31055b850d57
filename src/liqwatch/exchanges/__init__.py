"""One file, one venue: `load_exchange("binance_usdm")` imports exactly that module and reads its `ADAPTER`."""

from __future__ import annotations

import difflib
import importlib
import pkgutil

from liqwatch.errors import UnknownPart
from liqwatch.ports import ExchangeAdapter, VenueCard


def known_exchanges() -> list[str]:
    """The ids of all first-class venues: the names of this folder's files, without shared parts and packages."""
    return sorted(
        module.name for module in pkgutil.iter_modules(__path__) if not module.ispkg and not module.name.startswith("_")
    )


def all_cards() -> dict[str, VenueCard]:
    """What is known of every venue, by its name in the config; each venue's file is imported."""
    return {name: load_exchange(name).card for name in known_exchanges()}


def credentials_of(name: str) -> tuple[str, ...]:
    """The parts of a key at one exchange, under their config names. Raises as `load_exchange`."""
    return load_exchange(name).required_credentials


def load_exchange(name: str) -> ExchangeAdapter:
    """The adapter of one venue; nothing else is imported.

    Raises:
        UnknownPart: there is no such file; the message lists those there are.
    """
    known = known_exchanges()
    if name not in known:
        near = difflib.get_close_matches(name, known, n=1)
        mend = f"did you mean {near[0]!r}?" if near else None
        raise UnknownPart(f"unknown exchange {name!r}; known: {', '.join(known)}", mend=mend)
    adapter: ExchangeAdapter = importlib.import_module(f"{__name__}.{name}").ADAPTER
    return adapter
