"""OKX's wire: swaps and an X-Perp, REST and websocket v5.

Each argument of a subscription is acknowledged or refused by itself; pings and pongs are bare text.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

from liqwatch.model import Side
from liqwatch.testing.venue.book import VenueAccount, VenuePosition
from liqwatch.testing.venue.marks import compact
from liqwatch.testing.venue.wire import plain
from liqwatch.testing.venue.wire_protocol import AccountChange, Frame, NoSuchPath, Peer, RestAnswer, RestCall, Scene
from liqwatch.testing.venue.wires import _okx_rest as rest
from liqwatch.testing.venue.wires import _okx_rows as rows

PUBLIC, PRIVATE = "/ws/v5/public", "/ws/v5/private"
MARKS, LIQUIDATIONS = "mark-price", "liquidation-orders"
PUBLIC_CHANNELS = frozenset({MARKS, LIQUIDATIONS})
POSITIONS, ACCOUNT, BOTH, ORDERS, WARNINGS = (
    "positions",
    "account",
    "balance_and_position",
    "orders",
    "liquidation-warning",
)
PRIVATE_CHANNELS = frozenset({POSITIONS, ACCOUNT, BOTH, ORDERS, WARNINGS})
CONNECTION = "a4d3ae55"
USER = "44705892343619584"
LONGEST_LOGIN_GAP_SECONDS = 30
EVENT_KINDS = {
    "wallet": "transferred",
    "margin": "adjust_margin",
    "leverage": "set_leverage",
    "liquidation": "liquidation",
    "deleveraging": "adl",
}
FORCED_CATEGORIES = {"liquidation": "full_liquidation", "deleveraging": "adl"}


class OkxWire:
    """One instance serves one simulated venue."""

    exchange = "okx"
    mark_paths: tuple[str, ...] = ("/api/v5/public/mark-price",)
    markets = rows.MARKETS

    def answer(self, call: RestCall, scene: Scene) -> RestAnswer:
        """Answer a REST call."""
        return rest.answer(call, scene)

    def is_forbidden(self, call: RestCall) -> bool:
        """Whatever is not a question changes something."""
        return call.method != "GET"

    def opened(self, peer: Peer, scene: Scene) -> Iterable[Frame]:  # noqa: ARG002  nothing is said first
        """Nothing is said first."""
        if peer.path not in (PUBLIC, PRIVATE):
            raise NoSuchPath
        return ()

    def heard(self, peer: Peer, text: str, scene: Scene) -> Iterable[Frame]:
        """Pings, logins and subscriptions."""
        if text == "ping":
            return ["pong"]
        message = json.loads(text)
        operation, arguments = message.get("op"), message.get("args", [])
        if operation == "login":
            return [self._login(peer, arguments[0], scene)]
        if operation not in ("subscribe", "unsubscribe"):
            return [failed("60012", f"Invalid request: {text}")]
        return [frame for each in arguments for frame in self._subscription(peer, operation, each, scene)]

    def _login(self, peer: Peer, argument: dict[str, str], scene: Scene) -> str:
        account = scene.book.accounts.get(argument.get("apiKey", ""))
        seconds = argument.get("timestamp", "0")
        if account is None or scene.faults.reject_keys:
            return failed("60032", "API key doesn't exist")
        if abs(int(seconds) - scene.now_ms() // 1000) > LONGEST_LOGIN_GAP_SECONDS:
            return failed("60006", "Timestamp request expired")
        if account.passphrase is not None and argument.get("passphrase") != account.passphrase:
            return failed("60024", "Wrong passphrase")
        expected = rest.signature(account.secret or "", f"{seconds}GET/users/self/verify")
        if account.secret is not None and argument.get("sign") != expected:
            return failed("60007", "Invalid sign")
        peer.account = account
        return compact({"event": "login", "code": "0", "msg": "", "connId": CONNECTION})

    def _subscription(self, peer: Peer, operation: str, argument: dict[str, str], scene: Scene) -> Iterator[str]:
        channel = argument.get("channel", "")
        known = PUBLIC_CHANNELS if peer.path == PUBLIC else PRIVATE_CHANNELS
        if peer.path == PRIVATE and peer.account is None:
            yield failed("60011", "Please log in")
            return
        if channel not in known or (channel == MARKS and argument.get("instId") not in scene.book.markets):
            named = ",".join(f"{name}:{value}" for name, value in argument.items())
            yield failed("60018", f"Wrong URL or {named} doesn't exist. Please use the correct URL.")
            return
        stream = f"{channel}:{argument.get('instId') or argument.get('instType', '')}"
        if operation == "unsubscribe":
            peer.streams[:] = [each for each in peer.streams if each != stream]
        elif stream not in peer.streams:
            peer.streams.append(stream)
        told = {name: value for name, value in argument.items() if name != "extraParams"}
        yield compact({"event": operation, "arg": told, "connId": CONNECTION})
        if operation == "subscribe" and peer.account is not None:
            yield compact({"event": "channel-conn-count", "channel": channel, "connCount": "1", "connId": CONNECTION})
            yield from self._snapshot(channel, peer.account, scene)

    def _snapshot(self, channel: str, account: VenueAccount, scene: Scene) -> Iterator[str]:
        listed: list[Any] = []
        if channel == POSITIONS:
            listed = [rows.position_row(scene, account, each) for each in account.positions]
        elif channel == ACCOUNT:
            listed = [rows.balance_row(scene, account)]
        elif channel == BOTH:
            yield pushed(
                BOTH, [self._both_row(account, account.positions, (), account.cross_wallets, "snapshot", scene)]
            )
            return
        else:
            return
        pages = rest.pages_of(listed, scene)
        for number, page in enumerate(pages, start=1):
            yield pushed(channel, page, eventType="snapshot", curPage=number, lastPage=number == len(pages))

    def marks(self, peer: Peer, scene: Scene) -> Iterable[Frame]:
        """A frame for each subscribed market."""
        for name, market in scene.book.markets.items():
            if f"{MARKS}:{name}" in peer.streams:
                argument = {"channel": MARKS, "instId": name}
                yield compact({"arg": argument, "data": [rows.mark_row(scene, market)]})

    def changed(self, peer: Peer, change: AccountChange, scene: Scene) -> Iterable[Frame]:
        """The forced order first, then wallets and positions together, then each by itself."""
        subscribed = {stream.partition(":")[0] for stream in peer.streams}
        for channel, listed in self._news(change, scene):
            if listed and channel in subscribed:
                kind = {"eventType": "event_update"} if channel in (POSITIONS, ACCOUNT) else {}
                yield pushed(channel, listed, **kind)

    def _news(self, change: AccountChange, scene: Scene) -> Iterator[tuple[str, list[Any]]]:
        account = change.account
        if change.kind == "margin_call":
            yield WARNINGS, [self._warning(account, each, scene) for each in change.positions]
            return
        category = FORCED_CATEGORIES.get(change.kind)
        if category is not None:
            touched = (*change.closed, *change.positions)
            yield ORDERS, [self._forced_order(account, each, category, scene) for each in touched]
        kind = EVENT_KINDS.get(change.kind, "filled")
        wallets = {asset: account.cross_wallets.get(asset, 0.0) for asset in change.assets}
        yield BOTH, [self._both_row(account, change.positions, change.closed, wallets, kind, scene)]
        yield (
            POSITIONS,
            [
                *(rows.position_row(scene, account, each) for each in change.positions),
                *(rows.position_row(scene, account, each, is_open=False) for each in change.closed),
            ],
        )
        yield ACCOUNT, [rows.balance_row(scene, account)]

    def _both_row(
        self,
        account: VenueAccount,
        positions: Iterable[VenuePosition],
        closed: Iterable[VenuePosition],
        wallets: dict[str, float],
        kind: str,
        scene: Scene,
    ) -> dict[str, Any]:
        names = ("avgPx", "ccy", "instId", "instType", "mgnMode", "pos", "posId", "posSide", "uTime")
        listed = [rows.position_row(scene, account, each) for each in positions]
        listed += [rows.position_row(scene, account, each, is_open=False) for each in closed]
        return {
            "balData": [
                {"cashBal": repr(cash), "ccy": asset, "uTime": str(scene.now_ms())} for asset, cash in wallets.items()
            ],
            "eventType": kind,
            "pTime": str(scene.event_ms()),
            "posData": [{name: row[name] for name in names} for row in listed],
            "trades": [],
        }

    def _warning(self, account: VenueAccount, position: VenuePosition, scene: Scene) -> dict[str, Any]:
        row = rows.position_row(scene, account, position)
        names = ("ccy", "instId", "instType", "lever", "markPx", "mgnMode", "mgnRatio", "pos", "posId", "posSide")
        return {name: row[name] for name in names} | {"pTime": str(scene.now_ms())}

    def _forced_order(
        self, account: VenueAccount, position: VenuePosition, category: str, scene: Scene
    ) -> dict[str, Any]:
        return {
            "category": category,
            "instId": position.native_symbol,
            "instType": rows.family_of(position.native_symbol),
            "ordId": "2497956918703121000",
            "ordType": "market",
            "posSide": rows.side_text(account, position),
            "side": closing_side(position),
            "state": "filled",
            "sz": plain(position.contracts),
            "uTime": str(scene.now_ms()),
        }

    def liquidated(self, peer: Peer, position: VenuePosition, price: float, scene: Scene) -> Iterable[Frame]:
        """A sample of the venue's forced orders, by family."""
        name = position.native_symbol
        family = rows.family_of(name)
        if f"{LIQUIDATIONS}:{family}" not in peer.streams:
            return
        detail = {
            "bkLoss": "0",
            "bkPx": plain(price),
            "ccy": "",
            "posSide": position.side.word,
            "side": closing_side(position),
            "sz": plain(position.contracts),
            "ts": str(scene.now_ms()),
        }
        underlying = rows.instrument_family(name)
        row = {"details": [detail], "instFamily": underlying, "instId": name, "instType": family, "uly": underlying}
        yield compact({"arg": {"channel": LIQUIDATIONS, "instType": family}, "data": [row]})


def closing_side(position: VenuePosition) -> str:
    """The side of the order that closes a position."""
    return "sell" if position.side is Side.LONG else "buy"


def failed(code: str, message: str) -> str:
    """An error event."""
    return compact({"event": "error", "code": code, "msg": message, "connId": CONNECTION})


def pushed(channel: str, listed: list[Any], **more: Any) -> str:  # noqa: ANN401  fields of the head
    """A private frame."""
    argument = {"channel": channel, "uid": USER}
    if channel in (POSITIONS, ORDERS, WARNINGS):
        argument["instType"] = "ANY"
    return compact({"arg": argument, **more, "data": listed})


WIRE = OkxWire
