"""The contracts of one venue, under both names."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from liqwatch.model import Instrument, Side


@dataclass(frozen=True, slots=True)
class Listing:
    """`by_symbol` under unified names, `by_native` under the venue's own; `unreadable` rows were left out."""

    by_symbol: Mapping[str, Instrument] = field(default_factory=dict)
    by_native: Mapping[str, Instrument] = field(default_factory=dict)
    unreadable: int = 0

    @classmethod
    def of(cls, instruments: Iterable[Instrument], unreadable: int = 0) -> Listing:
        """Where two rows share a unified name, the one that trades counts."""
        by_symbol: dict[str, Instrument] = {}
        for instrument in instruments:
            known = by_symbol.get(instrument.symbol)
            if known is None or not known.is_trading:
                by_symbol[instrument.symbol] = instrument
        return cls(by_symbol, {each.native_symbol: each for each in by_symbol.values()}, unreadable)

    def unified(self, native: str) -> str:
        """The unified symbol; a market that is not listed keeps the venue's name."""
        instrument = self.by_native.get(native)
        return instrument.symbol if instrument is not None else native

    def subject(self, native: str, side: Side) -> str:
        """What `Position.subject` says of a position in that market."""
        return f"{self.unified(native)} {side.word}"
