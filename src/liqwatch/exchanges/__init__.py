"""One file, one venue: `load_exchange("binance_usdm")` imports exactly that module and reads its `ADAPTER`.

Every other venue that ccxt reads is `ccxt:<id>`, with one adapter for them all.
"""

from __future__ import annotations

import difflib
import importlib
import pkgutil
from types import ModuleType

from liqwatch.errors import UnknownPart
from liqwatch.ports import ExchangeAdapter, VenueCard

THROUGH_CCXT = "ccxt:"


def known_exchanges() -> list[str]:
    """The ids of all first-class venues: the names of this folder's files, without shared parts and packages."""
    return sorted(
        module.name for module in pkgutil.iter_modules(__path__) if not module.ispkg and not module.name.startswith("_")
    )


def all_cards() -> dict[str, VenueCard]:
    """What is known of every venue, by its name in the config; each venue's file is imported."""
    ours = {name: load_exchange(name).card for name in known_exchanges()}
    others: dict[str, VenueCard] = _through_ccxt().cards()
    return ours | others


def credentials_of(name: str) -> tuple[str, ...]:
    """The parts of a key at one exchange, under their config names. Raises as `load_exchange`.

    Raises:
        CredentialsError: the exchange cannot be read with any key that liqwatch takes.
    """
    if name.startswith(THROUGH_CCXT):
        parts: tuple[str, ...] = _through_ccxt().credentials_for(name.removeprefix(THROUGH_CCXT))
        return parts
    return load_exchange(name).required_credentials


def load_exchange(name: str) -> ExchangeAdapter:
    """The adapter of one venue; nothing else is imported.

    Raises:
        UnknownPart: there is no such file; the message lists those there are.
    """
    adapter: ExchangeAdapter
    if name.startswith(THROUGH_CCXT):
        adapter = _through_ccxt().adapter_for(name.removeprefix(THROUGH_CCXT))
        return adapter
    known = known_exchanges()
    if name not in known:
        near = difflib.get_close_matches(name, known, n=1)
        mend = f"did you mean {near[0]!r}?" if near else None
        raise UnknownPart(f"unknown exchange {name!r}; known: {', '.join(known)}", mend=mend)
    adapter = importlib.import_module(f"{__name__}.{name}").ADAPTER
    return adapter


def _through_ccxt() -> ModuleType:
    """The adapter for all other venues; loaded by those who name one."""
    return importlib.import_module(f"{__name__}._ccxt_any")
