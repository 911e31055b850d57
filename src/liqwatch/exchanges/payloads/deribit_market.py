"""Deribit's public frames: mark prices, liquidations of others, and what the connection says of itself.

A frame is JSON-RPC 2.0: `{"jsonrpc":"2.0","method":"subscription","params":{"channel":"ticker.BTC-PERPETUAL.100ms",
"data":{"instrument_name":"BTC-PERPETUAL","mark_price":92281.78,"timestamp":1765541474086,…}}}`, a heartbeat, or the
answer to a request (`id`, and `result` or `error`). Figures can be written as `1.423e-4`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Final

import msgspec

from liqwatch.exchanges.payloads.unreadable import UNREADABLE
from liqwatch.exchanges.plumbing.mark_frame import ALIVE, MarkFrame
from liqwatch.model import PublicLiquidation, Side

TICKER_PREFIX: Final = b'{"jsonrpc":"2.0","method":"subscription","params":{"channel":"ticker.'
TRADES_PREFIX: Final = b'{"jsonrpc":"2.0","method":"subscription","params":{"channel":"trades.'
LIQUIDATION: Final = b'"liquidation"'
"""Only trades that a liquidation caused carry this field."""

PLATFORM_STATE: Final = "platform_state"
MAINTENANCE: Final = "maintenance"
UNDECODABLE: Final = MarkFrame(rejected=("undecodable",))
NOTHING_ASKED: Final[Mapping[int, Collection[str]]] = {}

TEST_ID: Final = 1_000_000_001
HEARTBEAT_ID: Final = 1_000_000_002
HEARTBEAT_SECONDS: Final = 10
"""The shortest interval that the venue accepts."""

REFUSALS: Final[Mapping[int, str]] = {
    10028: "too_many_requests",
    11050: "bad_request",
    13778: "channel_needs_login",
}
"""What error codes mean, where that helps."""
MAINTENANCE_CODES: Final = frozenset({11051})
"""system_maintenance"""


def request(method: str, parameters: Mapping[str, object], identifier: int) -> str:
    """One JSON-RPC request."""
    document = {"jsonrpc": "2.0", "id": identifier, "method": method, "params": parameters}
    return msgspec.json.encode(document).decode()


TEST: Final = request("public/test", {}, TEST_ID)
"""Answers a `test_request`, and serves as our own ping: the venue answers it with its version."""
HEARTBEAT: Final = request("public/set_heartbeat", {"interval": HEARTBEAT_SECONDS}, HEARTBEAT_ID)


class Ticker(msgspec.Struct, frozen=True, gc=False):
    """The data of a `ticker` channel, options included: their mark is in units of the base."""

    instrument_name: str
    mark_price: float
    exchange_ms: int = msgspec.field(name="timestamp")


class TickerParameters(msgspec.Struct, frozen=True, gc=False):
    """What a ticker frame carries."""

    data: Ticker


class TickerFrame(msgspec.Struct, frozen=True, gc=False):
    """A frame of a `ticker` channel."""

    params: TickerParameters


class Trade(msgspec.Struct, frozen=True, gc=False):
    """One trade. `direction` is the taker's; `liquidation` names the liquidated side: M(aker), T(aker) or MT."""

    instrument_name: str
    price: float
    direction: str
    exchange_ms: int = msgspec.field(name="timestamp")
    liquidation: str | None = None
    contracts: float | None = None


class PlatformState(msgspec.Struct, frozen=True, gc=False):
    """The data of `platform_state`: a maintenance break, or trading on one index locked."""

    maintenance: bool = False
    locked: bool = False


ABSENT: Final = msgspec.Raw()


class Parameters(msgspec.Struct, frozen=True):
    """Of a notification the channel and its data, of a heartbeat its type."""

    channel: str = ""
    kind: str = msgspec.field(name="type", default="")
    data: msgspec.Raw = ABSENT


class Failure(msgspec.Struct, frozen=True, gc=False):
    """Why a request was refused."""

    code: int = 0
    message: str = ""


class Envelope(msgspec.Struct, frozen=True):
    """Any frame, looked at slowly."""

    method: str | None = None
    identifier: int | str | None = msgspec.field(name="id", default=None)
    params: Parameters | None = None
    result: msgspec.Raw = ABSENT
    error: Failure | None = None


_ticker_frame = msgspec.json.Decoder(TickerFrame, strict=False)
_ticker = msgspec.json.Decoder(Ticker, strict=False)
_trade = msgspec.json.Decoder(Trade, strict=False)
_platform = msgspec.json.Decoder(PlatformState)
_pieces = msgspec.json.Decoder(list[msgspec.Raw])
_names = msgspec.json.Decoder(list[str])
_envelope = msgspec.json.Decoder(Envelope)


def read_market_frame(
    frame: bytes, wanted: Mapping[str, str], asked: Mapping[int, Collection[str]] = NOTHING_ASKED
) -> MarkFrame:
    """Decode a frame; rows only of `wanted` (native symbol to unified). Never raises.

    `asked` maps the id of a subscription request to its channels: one that the acknowledgement lacks is unknown to
    the venue, which says so in no other way.
    """
    if frame.startswith(TICKER_PREFIX):
        try:
            ticker = _ticker_frame.decode(frame).params.data
        except UNREADABLE:
            pass
        else:
            return _marked(ticker, wanted)
    elif frame.startswith(TRADES_PREFIX) and LIQUIDATION not in frame:
        return ALIVE
    try:
        return _second_look(_envelope.decode(frame), wanted, asked)
    except UNREADABLE:
        return UNDECODABLE


def _marked(ticker: Ticker, wanted: Mapping[str, str]) -> MarkFrame:
    if ticker.instrument_name not in wanted:
        return MarkFrame(is_data=True)
    row = (wanted[ticker.instrument_name], ticker.mark_price, ticker.exchange_ms)
    return MarkFrame((row,), is_data=True)


def _second_look(envelope: Envelope, wanted: Mapping[str, str], asked: Mapping[int, Collection[str]]) -> MarkFrame:
    """Slow and careful; what is refused gets a name."""
    parameters = envelope.params or Parameters()
    if envelope.method == "heartbeat":
        return MarkFrame(replies=(TEST,) if parameters.kind == "test_request" else (), is_alive=True)
    if envelope.method == "subscription":
        return _notified(parameters, wanted)
    if envelope.error is not None:
        return refused(envelope.error, is_answer=envelope.identifier is not None)
    if envelope.identifier is None or not bytes(envelope.result):
        return MarkFrame(rejected=("unknown_frame",))
    expected = asked.get(envelope.identifier) if isinstance(envelope.identifier, int) else None
    missing = lacking(envelope.result, expected)
    return MarkFrame(rejected=("unknown_channel",), is_alive=True) if missing else ALIVE


def lacking(result: msgspec.Raw, expected: Collection[str] | None) -> bool:
    """Whether an acknowledgement leaves out a channel that was asked for; without `expected`, whether it is empty.

    An answer that is no list of channels leaves out nothing.
    """
    try:
        granted = _names.decode(result)
    except UNREADABLE:
        return False
    return not granted if expected is None else not set(expected) <= set(granted)


def refused(failure: Failure, *, is_answer: bool) -> MarkFrame:
    """What an error says: its reason, and whether the venue is in maintenance."""
    if failure.code in MAINTENANCE_CODES:
        return MarkFrame(rejected=(MAINTENANCE,), is_alive=is_answer, end=MAINTENANCE)
    return MarkFrame(rejected=(reason_of(failure),), is_alive=is_answer)


def reason_of(failure: Failure) -> str:
    """A short name of a refusal."""
    return REFUSALS.get(failure.code, "request_refused")


def _notified(parameters: Parameters, wanted: Mapping[str, str]) -> MarkFrame:
    family = parameters.channel.partition(".")[0]
    try:
        if family == "ticker":
            return _marked(_ticker.decode(parameters.data), wanted)
        if family == "trades":
            return _traded(_pieces.decode(parameters.data), wanted)
        if family == PLATFORM_STATE:
            return _platform_said(_platform.decode(parameters.data))
    except UNREADABLE:
        return MarkFrame(rejected=("bad_row",))
    return MarkFrame(rejected=("other_channel",))


def _platform_said(state: PlatformState) -> MarkFrame:
    if state.maintenance:
        return MarkFrame(rejected=(MAINTENANCE,), is_alive=True, end=MAINTENANCE)
    return MarkFrame(rejected=("trading_locked",), is_alive=True) if state.locked else ALIVE


def _traded(pieces: Sequence[msgspec.Raw], wanted: Mapping[str, str]) -> MarkFrame:
    liquidations: list[PublicLiquidation] = []
    rejected: list[str] = []
    for piece in pieces:
        try:
            liquidations.extend(_liquidations(_trade.decode(piece), wanted))
        except UNREADABLE:
            rejected.append("bad_row")
    return MarkFrame(rejected=rejected, liquidations=liquidations, is_alive=True)


def _liquidations(trade: Trade, wanted: Mapping[str, str]) -> Sequence[PublicLiquidation]:
    """The positions that a trade ended by force: the taker's, the maker's, or both."""
    if not trade.liquidation or trade.instrument_name not in wanted:
        return ()
    if trade.contracts is None:
        raise msgspec.ValidationError("a liquidation without its contracts")
    taker = Side.LONG if trade.direction == "sell" else Side.SHORT
    sides = {"T": taker, "M": Side(-taker.value)}
    return [
        PublicLiquidation(wanted[trade.instrument_name], sides[letter], trade.contracts, trade.price, trade.exchange_ms)
        for letter in trade.liquidation
        if letter in sides
    ]
