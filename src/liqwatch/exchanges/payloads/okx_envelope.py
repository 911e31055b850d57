"""What every OKX answer is wrapped in, and how OKX writes figures: as text, "" where there is none."""

from __future__ import annotations

import math
import re
from typing import Generic, TypeAlias, TypeVar

import msgspec

from liqwatch.errors import CredentialsError, ExchangeBlocked, ExchangeError, LiqwatchError, PayloadError
from liqwatch.exchanges.payloads.unreadable import UNREADABLE

SWAP, FUTURES = "SWAP", "FUTURES"
CONTRACTS = (SWAP, FUTURES)
"""The families that are watched; the others (SPOT, MARGIN, OPTION, EVENTS) have other arithmetic."""
DATED = re.compile(r"-\d{6}$")
GRANTED = "0"
TOO_MANY_REQUESTS = frozenset({"50011", "50061", "50013"})
REQUEST_PAUSE_SECONDS = 2.0
"""OKX counts requests in windows of two seconds."""

Figure: TypeAlias = str | float
Row = TypeVar("Row")


class Page(msgspec.Struct, Generic[Row], frozen=True):
    """A signed answer: `{"code":"0","data":[…],"msg":""}`."""

    rows: list[Row] = msgspec.field(name="data")


class Envelope(msgspec.Struct, frozen=True):
    """A public answer; rows are decoded one by one, so that an odd one blinds nobody."""

    code: str
    message: str = msgspec.field(name="msg", default="")
    rows: list[msgspec.Raw] = msgspec.field(name="data", default_factory=list)


_envelope = msgspec.json.Decoder(Envelope)


def rows_of(body: bytes, what: str) -> list[msgspec.Raw]:
    """The rows of a public answer; OKX refuses with a code in the body, often under status 200.

    Raises:
        PayloadError: no such envelope.
        ExchangeBlocked: too many requests.
        ExchangeError: any other refusal.
    """
    try:
        envelope = _envelope.decode(body)
    except UNREADABLE as error:
        raise PayloadError(f"{what}: {error}") from error
    if envelope.code != GRANTED:
        raise refused(envelope.code, f"{what}: {envelope.message}")
    return envelope.rows


def refused(code: str, text: str) -> LiqwatchError:
    """The error that a code stands for."""
    if code in TOO_MANY_REQUESTS:
        return ExchangeBlocked(text, retry_after_seconds=REQUEST_PAUSE_SECONDS)
    return CredentialsError(text) if code.startswith("501") else ExchangeError(f"{text} ({code})")


def number(figure: Figure) -> float | None:
    """A figure as the venue wrote it; None for "", for text that is no number, and for infinities."""
    try:
        value = float(figure)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def milliseconds(figure: Figure) -> int:
    """An epoch time in ms; 0 where there is none."""
    return round(number(figure) or 0.0)


def contract_family(native_symbol: str) -> str:
    """SWAP or FUTURES by the name, "" for what is neither: `BTC-USDT-SWAP`, `BTC-USD-260925`."""
    if native_symbol.endswith("-SWAP"):
        return SWAP
    return FUTURES if DATED.search(native_symbol) else ""


def instrument_family(native_symbol: str) -> str:
    """What tiers are asked by: the name without its last part (`BTC-USDT`, `BTC-USD_UM_XPERP`)."""
    return native_symbol.rpartition("-")[0]
