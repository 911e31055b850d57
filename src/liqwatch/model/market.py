"""Mark prices as they travel from a venue to the book."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

from liqwatch.model.facts import PublicLiquidation

MarkRow: TypeAlias = tuple[str, float, int]
"""Symbol, mark price, venue time in epoch milliseconds. A tuple because a busy second holds a thousand."""


@dataclass(frozen=True, slots=True)
class MarkBatch:
    """What one frame brought. Empty `rows` still prove that the connection is alive."""

    venue: str
    rows: Sequence[MarkRow]
    received_monotonic: float
    liquidations: Sequence[PublicLiquidation] = ()
