"""Hyperliquid's wire: `POST /info` for every question, `/ws` for every stream, no key anywhere.

An account's `api_key` is its address, in small letters. With `is_multi_asset` it is a unified account: one spot balance
per collateral token, marked to market, behind the positions of all dexes.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from liqwatch.testing.venue.book import VenuePosition
from liqwatch.testing.venue.markets import VenueBracket, VenueMarket, bracket_table
from liqwatch.testing.venue.marks import compact
from liqwatch.testing.venue.wire_protocol import (
    AccountChange,
    Frame,
    NoSuchPath,
    Peer,
    RestAnswer,
    RestCall,
    Scene,
)
from liqwatch.testing.venue.wires import _hyperliquid_info as info

USER_STREAMS = ("allDexsClearinghouseState", "clearinghouseState", "userEvents", "userNonFundingLedgerUpdates")
BAD_REQUEST = "Error parsing JSON into valid websocket request: "


def single_tier(max_leverage: int) -> tuple[VenueBracket, ...]:
    """One rate for every size."""
    return bracket_table((float("inf"), 1 / (2 * max_leverage), max_leverage))


def perpetual(
    name: str, mark_price: float, brackets: tuple[VenueBracket, ...], *, price_tick: float, step: float
) -> VenueMarket:
    """A market of the dex in its name; its margin asset names the dex's pool, as the dexes' margins are apart."""
    dex = name.rpartition(":")[0]
    return VenueMarket(
        native_symbol=name,
        base_asset=name.upper().replace(":", "-"),
        mark_price=mark_price,
        price_tick=price_tick,
        quantity_step=step,
        brackets=brackets,
        margin_asset=f"{dex}:USDC" if dex else "USDC",
        quote_asset="USDC",
        liquidation_fee_rate=0.0,
    )


class HyperliquidWire:
    """The venue's own dex, and `xyz`."""

    exchange = "hyperliquid"
    mark_paths: tuple[str, ...] = ()
    markets = (
        perpetual(
            "BTC",
            86_000.0,
            bracket_table((150_000_000.0, 1 / 80, 40), (float("inf"), 1 / 40, 20)),
            price_tick=1.0,
            step=0.00001,
        ),
        perpetual(
            "ETH",
            2_100.0,
            bracket_table((100_000_000.0, 1 / 50, 25), (float("inf"), 1 / 30, 15)),
            price_tick=0.1,
            step=0.0001,
        ),
        perpetual("SOL", 86.0, single_tier(20), price_tick=0.001, step=0.01),
        perpetual("kPEPE", 0.003349, single_tier(10), price_tick=0.000001, step=1.0),
        perpetual("xyz:XYZ100", 30_400.0, single_tier(30), price_tick=1.0, step=0.0001),
    )

    def answer(self, call: RestCall, scene: Scene) -> RestAnswer:
        """Answer `POST /info`."""
        if (call.method, call.path) != ("POST", "/info"):
            return RestAnswer(None, 404)
        return info.answer(call.document, scene)

    def is_forbidden(self, call: RestCall) -> bool:
        """Orders, transfers and settings are all `POST /exchange`."""
        return call.path == "/exchange"

    def opened(self, peer: Peer, scene: Scene) -> Iterable[Frame]:
        """The venue waits for the client."""
        del scene
        if peer.path != "/ws":
            raise NoSuchPath
        return ()

    def heard(self, peer: Peer, text: str, scene: Scene) -> Iterable[Frame]:
        """Pings and subscriptions. An unknown coin closes the socket without a word, as the venue does."""
        request = info.document_of(text)
        subscription = request.get("subscription")
        if request.get("method") == "ping":
            return [compact({"channel": "pong"})]
        if request.get("method") not in {"subscribe", "unsubscribe"} or not isinstance(subscription, dict):
            return [compact({"channel": "error", "data": BAD_REQUEST + text})]
        stream = _stream_of(subscription)
        acknowledgement = compact({"channel": "subscriptionResponse", "data": request})
        if request["method"] == "unsubscribe":
            peer.streams[:] = [each for each in peer.streams if each != stream]
            return [acknowledgement]
        if stream in peer.streams:
            return [compact({"channel": "error", "data": f"Already subscribed: {compact(subscription)}"})]
        if subscription["type"] == "activeAssetCtx" and subscription.get("coin") not in scene.book.markets:
            raise ConnectionAbortedError("unknown coin")
        peer.streams.append(stream)
        return [acknowledgement, *self._first_words(peer, subscription, scene)]

    def _first_words(self, peer: Peer, subscription: dict[str, str], scene: Scene) -> Iterable[Frame]:
        kind = subscription["type"]
        if kind == "activeAssetCtx":
            return [info.context_frame(subscription["coin"], scene)]
        if kind not in USER_STREAMS:
            return ()
        user = subscription.get("user", "").lower()
        peer.account = scene.book.accounts.get(user, peer.account)
        peer.notes["user"] = user
        if kind == "userNonFundingLedgerUpdates":
            told = {"isSnapshot": True, "user": user, "nonFundingLedgerUpdates": []}
            return [compact({"channel": kind, "data": told})]
        return self._states(peer, kind, scene)

    def _states(self, peer: Peer, kind: str, scene: Scene) -> Iterable[Frame]:
        account = peer.account or info.nobody(peer.notes["user"])
        states = {dex: info.clearinghouse_state(account, dex, scene) for dex in info.dexes(scene)}
        if kind == "allDexsClearinghouseState":
            told = {"user": account.api_key, "clearinghouseStates": [[dex, state] for dex, state in states.items()]}
            return [compact({"channel": kind, "data": told})]
        if kind == "clearinghouseState":
            main = {"dex": "", "user": account.api_key, "clearinghouseState": states[""]}
            return [compact({"channel": kind, "data": main})]
        return ()

    def marks(self, peer: Peer, scene: Scene) -> Iterable[Frame]:
        """One frame for each coin, and the account's states again: they move with the marks."""
        for stream in list(peer.streams):
            kind, _, coin = stream.partition(" ")
            if kind == "activeAssetCtx":
                yield info.context_frame(coin, scene)
            elif kind == "allDexsClearinghouseState" and not scene.faults.silence_account_events:
                yield from self._states(peer, kind, scene)

    def changed(self, peer: Peer, change: AccountChange, scene: Scene) -> Iterable[Frame]:
        """Forced fills before the state without the position; a ledger update where money came or went."""
        kinds = {stream.partition(" ")[0] for stream in peer.streams}
        if change.kind in {"liquidation", "deleveraging"} and "userEvents" in kinds:
            fills = [info.forced_fill(change, position, scene) for position in _as_they_were(change)]
            yield compact({"channel": "user", "data": {"fills": fills}})
        if change.kind == "wallet" and "userNonFundingLedgerUpdates" in kinds:
            update = {"time": scene.now_ms(), "hash": "0x00", "delta": {"type": "deposit", "usdc": "0.0"}}
            told = {"user": change.account.api_key, "nonFundingLedgerUpdates": [update]}
            yield compact({"channel": "userNonFundingLedgerUpdates", "data": told})
        for kind in ("allDexsClearinghouseState", "clearinghouseState"):
            if kind in kinds and change.kind != "margin_call":
                yield from self._states(peer, kind, scene)

    def liquidated(self, peer: Peer, position: VenuePosition, price: float, scene: Scene) -> Iterable[Frame]:
        """The venue has no public stream of liquidations."""
        del peer, position, price, scene
        return ()


def _stream_of(subscription: dict[str, str]) -> str:
    return f"{subscription.get('type', '')} {subscription.get('coin', subscription.get('dex', ''))}".rstrip()


def _as_they_were(change: AccountChange) -> list[VenuePosition]:
    return [*change.closed, *(replace(position) for position in change.positions)]


WIRE = HyperliquidWire
