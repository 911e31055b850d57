"""What a story for the demo is, how near its positions come to liquidation, and how it is played."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC
from typing import Protocol

from liqwatch.clock import Clock, from_milliseconds
from liqwatch.model import Side
from liqwatch.testing.venue.book import VenueAccount, VenueBook, VenuePosition
from liqwatch.testing.venue.markets import VenueMarket
from liqwatch.testing.venue.simulator import VenueSimulator

FRAMES_PER_SECOND = 20
STORY_SECONDS = 25.0
STORY_FRAMES = int(STORY_SECONDS * FRAMES_PER_SECOND)
UNIFIED_BASES = {"XBT": "BTC"}
"""Venues' own names of a base asset that ccxt writes in another way."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Approach:
    """How near one position comes to its liquidation price, at which point of the story.

    `distance` and `last_distance` (at the end) are fractions of the mark; None when no price liquidates it.
    """

    account: str
    symbol: str
    native_symbol: str
    side: Side
    distance: float | None
    progress: float
    mark_price: float
    liquidation_price: float | None
    last_distance: float | None


class Story(Protocol):
    """Markets, accounts and price path of a demo."""

    @property
    def exchange(self) -> str:
        """Where it plays."""
        ...

    @property
    def markets(self) -> Sequence[VenueMarket]:
        """Its markets at their first price."""
        ...

    @property
    def account_names(self) -> Mapping[str, str]:
        """What each account is called, by its key."""
        ...

    def accounts(self) -> Sequence[VenueAccount]:
        """The accounts as they stand before the crash; fresh ones with every call."""
        ...

    def price(self, native_symbol: str, progress: float) -> float:
        """Mark price (quote currency) at `progress` 0 … 1."""
        ...

    def closest_approaches(self) -> Sequence[Approach]:
        """The whole story computed with the venue's own arithmetic, without a socket."""
        ...


def closest_of(story: Story, frames: int) -> tuple[Approach, ...]:
    """The closest approach of each position."""
    closest: dict[tuple[str, str, Side], Approach] = {}
    for approach in approaches_of(story, frames):
        key = (approach.account, approach.native_symbol, approach.side)
        nearest = closest.get(key, approach)
        if _nearness(approach) < _nearness(nearest):
            nearest = approach
        closest[key] = replace(nearest, last_distance=approach.distance)
    return tuple(closest.values())


def approaches_of(story: Story, frames: int) -> Iterator[Approach]:
    """Every position at every frame, in the order of time."""
    book = VenueBook(story.markets, story.accounts())
    for frame in range(frames + 1):
        progress = frame / frames
        for symbol in book.markets:
            book.mark_prices[symbol] = story.price(symbol, progress)
        for account in book.accounts.values():
            for position in account.positions:
                yield _approach(book, story.account_names[account.api_key], account, position, progress)


async def play_story(story: Story, venue: VenueSimulator, clock: Clock, seconds: float) -> None:
    """Drive the venue through the story in `seconds`, publishing 20 times a second."""
    started = clock.monotonic()
    symbols = [market.native_symbol for market in story.markets]
    progress = 0.0
    while progress < 1.0:
        progress = min((clock.monotonic() - started) / seconds, 1.0)
        for symbol in symbols:
            venue.set_price(symbol, story.price(symbol, progress))
        await venue.publish()
        await clock.sleep(1 / FRAMES_PER_SECOND)


def unified_symbol(market: VenueMarket) -> str:
    """The market as alerts call it."""
    base = UNIFIED_BASES.get(market.base_asset, market.base_asset)
    symbol = f"{base}/{market.quote_asset}:{market.margin_asset}"
    if market.is_perpetual:
        return symbol
    return f"{symbol}-{from_milliseconds(market.delivery_ms).astimezone(UTC):%y%m%d}"


def _approach(
    book: VenueBook, account_name: str, account: VenueAccount, position: VenuePosition, progress: float
) -> Approach:
    figures = book.figures(account, position)
    liquidation = figures.liquidation_price
    distance = None
    if liquidation is not None:
        distance = position.side.value * (figures.mark_price - liquidation) / figures.mark_price
    return Approach(
        account=account_name,
        symbol=unified_symbol(figures.market),
        native_symbol=position.native_symbol,
        side=position.side,
        distance=distance,
        progress=progress,
        mark_price=figures.mark_price,
        liquidation_price=liquidation,
        last_distance=distance,
    )


def _nearness(approach: Approach) -> float:
    return float("inf") if approach.distance is None else approach.distance
