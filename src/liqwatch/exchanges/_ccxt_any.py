"""`exchange = "ccxt:<id>"`: one adapter for every venue that only ccxt reaches.

Which ids there are is read from the installed package's files, so that asking costs nothing; ccxt itself is imported
with the first question to a venue.
"""

from __future__ import annotations

import difflib
import importlib.util
from functools import cache, partial
from pathlib import Path

from liqwatch.errors import CredentialsError, UnknownPart
from liqwatch.exchanges._ccxt_account import CcxtAccount
from liqwatch.exchanges._ccxt_market import CcxtMarket
from liqwatch.exchanges._ccxt_venues import FIRST_CLASS, VENUES, WITHOUT_POSITIONS, CcxtVenue
from liqwatch.exchanges.plumbing.ccxt_unified import READ_CALLS
from liqwatch.ports import (
    AccountData,
    AccountOptions,
    ExchangeAdapter,
    Grade,
    Market,
    VenueCard,
    VenueOptions,
)

PREFIX = "ccxt:"
LIBRARY = "ccxt"
HAS_POSITIONS = "'fetchPositions': True"


def known_ids() -> list[str]:
    """The ids of the venues that can be watched through it and have no file of their own here."""
    return sorted(VENUES.keys() & _installed().keys())


def adapter_for(exchange_id: str) -> ExchangeAdapter:
    """The adapter of one venue, by ccxt's id.

    Raises:
        UnknownPart: ccxt has no such venue, the venue has a file of its own here, or there is nothing to watch.
    """
    venue = _venue_of(exchange_id)

    def open_account(options: VenueOptions, account: AccountOptions, market: Market) -> AccountData:
        if not isinstance(market, CcxtMarket):
            raise TypeError("an account needs the market of its own venue")
        return CcxtAccount(venue, options, account, market)

    return ExchangeAdapter(
        exchange=f"{PREFIX}{exchange_id}",
        title=f"{exchange_id} (through ccxt)",
        required_credentials=venue.credentials,
        open_market=partial(CcxtMarket, venue),
        open_account=open_account,
        card=card_of(venue),
        raw_calls=READ_CALLS,
    )


def credentials_for(exchange_id: str) -> tuple[str, ...]:
    """The parts of a key at one venue. Raises as `adapter_for`.

    Raises:
        CredentialsError: the venue cannot be read with what liqwatch takes.
    """
    venue = _venue_of(exchange_id)
    if venue.no_key:
        raise CredentialsError(f"{PREFIX}{exchange_id} {venue.no_key}", mend="type the positions in")
    return venue.credentials


def cards() -> dict[str, VenueCard]:
    """What is known of every venue that is reached through ccxt, by its name in the config."""
    return {f"{PREFIX}{exchange_id}": card_of(VENUES[exchange_id]) for exchange_id in known_ids()}


def card_of(venue: CcxtVenue) -> VenueCard:
    """SILVER where the mark price is pushed, BRONZE where it is polled."""
    pushed = {"watch_mark_price": "a stream of marks", "watch_ticker": "a stream of tickers that carry the mark"}
    source = pushed.get(venue.stream, "asked over REST: marks, funding rates, tickers or mark candles")
    missing = [f"no accounts by key: it {venue.no_key}"] if venue.no_key else ["account polled, rights not told"]
    return VenueCard(
        grade=Grade.SILVER if venue.stream else Grade.BRONZE,
        mark_source=source,
        tiers="" if venue.tiers_unusable else "where ccxt tells them",
        verified=venue.verified,
        missing="; ".join([*missing, venue.missing] if venue.missing else missing),
    )


def _venue_of(exchange_id: str) -> CcxtVenue:
    if exchange_id in FIRST_CLASS:
        name, region = FIRST_CLASS[exchange_id]
        mend = f'use exchange = "{name}"' + (f' and region = "{region}"' if region else "")
        raise UnknownPart(f"{PREFIX}{exchange_id} has an adapter of its own", mend=mend)
    if exchange_id in WITHOUT_POSITIONS:
        raise UnknownPart(f"nothing to watch at {PREFIX}{exchange_id}", mend=WITHOUT_POSITIONS[exchange_id])
    installed = _installed()
    if exchange_id not in installed:
        near = difflib.get_close_matches(exchange_id, [*known_ids(), *FIRST_CLASS], n=1)
        mend = f"did you mean {_spelt(near[0])}?" if near else "see `liqwatch exchanges`"
        raise UnknownPart(f"ccxt has no exchange {exchange_id!r}", mend=mend)
    if exchange_id in VENUES:
        return VENUES[exchange_id]
    if HAS_POSITIONS not in installed[exchange_id].read_text(encoding="utf-8"):
        raise UnknownPart(f"{PREFIX}{exchange_id} has no positions that ccxt can read", mend="see `liqwatch exchanges`")
    return CcxtVenue(exchange_id=exchange_id, missing="not looked at yet")


def _spelt(exchange_id: str) -> str:
    return FIRST_CLASS[exchange_id][0] if exchange_id in FIRST_CLASS else f"{PREFIX}{exchange_id}"


@cache
def _installed() -> dict[str, Path]:
    """The venue files of the installed package, found without importing it."""
    spec = importlib.util.find_spec(LIBRARY)
    places = list(spec.submodule_search_locations or ()) if spec is not None else []
    files = (file for place in places for file in Path(place, "async_support").glob("*.py"))
    return {file.stem: file for file in files if not file.stem.startswith("_")}
