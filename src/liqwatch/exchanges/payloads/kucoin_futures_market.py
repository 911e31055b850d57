"""KuCoin's public frames: mark prices over both of its sockets.

The tokenless socket sends, in binary frames,
`{"T":"mark-price","P":1790113097443102278,"d":{"s":"XBTUSDTM","mp":"86201.79",…,"ts":1790113097000}}` once a second:
`P` is the time of sending in nanoseconds, `ts` the time of the price in milliseconds, the same as `timestamp` in the
classic frame `{"topic":"/contract/instrument:XBTUSDTM","subject":"mark.index.price","data":{"markPrice":…}}`.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from liqwatch.exchanges.payloads.unreadable import UNREADABLE
from liqwatch.exchanges.plumbing.mark_frame import ALIVE, MarkFrame

INSTRUMENT = "/contract/instrument:"
CONNECTION_WORDS = frozenset({"pong", "welcome", "ack"})


class Mark(msgspec.Struct, frozen=True, gc=False):
    """The price in a push of the tokenless socket."""

    symbol: str = msgspec.field(name="s")
    price: float = msgspec.field(name="mp")
    exchange_ms: int = msgspec.field(name="ts", default=0)


class MarkPush(msgspec.Struct, frozen=True, gc=False, tag_field="T", tag="mark-price"):
    """A frame of the channel `mark-price`; any other is no such frame."""

    mark: Mark = msgspec.field(name="d")


class ClassicMark(msgspec.Struct, frozen=True, gc=False):
    """The data of `mark.index.price`; numbers come unquoted."""

    price: float = msgspec.field(name="markPrice")
    exchange_ms: int = msgspec.field(name="timestamp", default=0)


ABSENT = msgspec.Raw()


class Head(msgspec.Struct, frozen=True):
    """What a frame says of itself; the two sockets name things differently."""

    channel: str | None = msgspec.field(name="T", default=None)
    kind: str | None = msgspec.field(name="type", default=None)
    topic: str = ""
    subject: str = ""
    message: str | None = None
    result: bool | None = None
    identifier: str | int | None = msgspec.field(name="id", default=None)
    code: int | str | None = None
    data: msgspec.Raw = ABSENT

    @property
    def is_of_connection(self) -> bool:
        """A greeting, a pong or an acknowledgement: the venue answers."""
        return self.kind in CONNECTION_WORDS or self.message == "welcome" or self.result is True

    @property
    def is_refusal(self) -> bool:
        """The venue has not done what was asked for."""
        return self.kind == "error" or self.result is False


_push = msgspec.json.Decoder(MarkPush, strict=False)
_classic = msgspec.json.Decoder(ClassicMark, strict=False)
head_of = msgspec.json.Decoder(Head).decode
"""Read what a frame says of itself. Raises what `UNREADABLE` names."""


def read_mark_frame(frame: bytes, wanted: Mapping[str, str]) -> MarkFrame:
    """Decode a frame of either public socket; rows only of `wanted` (native symbol to unified). Never raises."""
    try:
        mark = _push.decode(frame).mark
    except UNREADABLE:
        return _second_look(frame, wanted)
    return _frame_of(mark.symbol, mark.price, mark.exchange_ms, wanted)


def _frame_of(native: str, price: float, exchange_ms: int, wanted: Mapping[str, str]) -> MarkFrame:
    return MarkFrame(((wanted[native], price, exchange_ms),) if native in wanted else (), is_data=True)


def _second_look(frame: bytes, wanted: Mapping[str, str]) -> MarkFrame:
    """Slow: whatever is no good price of the tokenless socket."""
    try:
        head = head_of(frame)
    except UNREADABLE:
        return MarkFrame(rejected=("undecodable",))
    if head.topic.startswith(INSTRUMENT):
        return _classic_frame(head, wanted)
    if head.is_refusal:
        return MarkFrame(rejected=("request_refused",), is_alive=True)
    if head.is_of_connection:
        return ALIVE
    if head.channel == "mark-price":
        return MarkFrame(rejected=("bad_row",))
    return MarkFrame(rejected=("unknown_event" if head.channel or head.topic else "unknown_frame",))


def _classic_frame(head: Head, wanted: Mapping[str, str]) -> MarkFrame:
    if head.subject == "funding.rate":
        return ALIVE
    if head.subject != "mark.index.price":
        return MarkFrame(rejected=("unknown_event",))
    try:
        mark = _classic.decode(head.data)
    except UNREADABLE:
        return MarkFrame(rejected=("bad_row",))
    return _frame_of(head.topic.removeprefix(INSTRUMENT), mark.price, mark.exchange_ms, wanted)
