"""Binance USDⓈ-M on loopback as most tests and the demo use it, with what only its wire can show."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from liqwatch.clock import Clock
from liqwatch.model import Side
from liqwatch.testing.venue import happenings
from liqwatch.testing.venue.book import VenueAccount
from liqwatch.testing.venue.markets import VenueMarket
from liqwatch.testing.venue.simulator import VenueSimulator
from liqwatch.testing.venue.wire_protocol import AccountChange
from liqwatch.testing.venue.wires._binance import LISTEN_KEY_EXPIRED, Family
from liqwatch.testing.venue.wires.binance_usdm import BinanceUsdmWire


class BinanceVenue(VenueSimulator):
    """`async with BinanceVenue(...) as venue`: see `VenueSimulator`."""

    def __init__(
        self,
        *,
        markets: Iterable[VenueMarket] | None = None,
        accounts: Iterable[VenueAccount] = (),
        clock: Clock | None = None,
        port: int = 0,
        publish_every_seconds: float | None = 1.0,
        liquidates: bool = False,
    ) -> None:
        """Nothing is opened yet."""
        self._listen_keys = (wire := BinanceUsdmWire()).listen_keys
        super().__init__(
            wire,
            accounts=accounts,
            markets=markets,
            clock=clock,
            port=port,
            publish_every_seconds=publish_every_seconds,
            liquidates=liquidates,
        )

    def subscriptions(self) -> list[tuple[str, ...]]:
        """Streams of every open market websocket."""
        return [tuple(peer.streams) for peer in self._hall.peers() if peer.notes["family"] is Family.MARKET]

    def account_streams(self) -> int:
        """How many user-data websockets are open."""
        return sum(peer.notes["family"] is Family.PRIVATE for peer in self._hall.peers())

    async def change_wallet(self, api_key: str, change: float, *, asset: str = "USDT", reason: str = "DEPOSIT") -> None:
        """Add to the free wallet (asset units, negative: take). `reason` as the venue names it."""
        self._tell(replace(happenings.change_wallet(self._account(api_key), asset, change), reason=reason))

    async def change_isolated_wallet(self, api_key: str, native_symbol: str, side: Side, change: float) -> None:
        """Move margin between the free wallet and an isolated position."""
        account = self._account(api_key)
        position = self._position(account, native_symbol, side)
        self._tell(happenings.change_isolated_wallet(self.book, account, position, change, self._event_ms()))

    async def change_leverage(self, api_key: str, native_symbol: str, leverage: int) -> None:
        """Set the leverage of a market, as the trader would elsewhere."""
        self._tell(happenings.change_leverage(self._account(api_key), native_symbol, leverage))

    async def expire_listen_key(self, api_key: str) -> None:
        """End the account's listenKey: its stream is told and then stays open and silent."""
        self._tell(AccountChange(account=self._account(api_key), kind=LISTEN_KEY_EXPIRED))
        self._listen_keys.end(api_key)
