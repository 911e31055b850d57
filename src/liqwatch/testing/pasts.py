"""What is remembered of a position and an account: a past made by hand, or of earlier looks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from liqwatch.margin.pools import Holding
from liqwatch.margin.standing import standing_of
from liqwatch.rules.sight import PastPosition, Sight
from liqwatch.testing.sights import NOW


@dataclass(frozen=True)
class Remembered:
    """The port `Past`, as seen from `NOW`."""

    samples: Sequence[PastPosition] = ()
    peak: float | None = None
    since: datetime | None = NOW - timedelta(days=1)

    def position(self, within: timedelta) -> Sequence[PastPosition]:
        """The samples no older than that."""
        return [sample for sample in self.samples if NOW - sample.at <= within]

    def equity_peak(self, within: timedelta) -> float | None:  # noqa: ARG002 - the port's signature
        """The peak, whenever it was."""
        return self.peak

    def first_seen(self) -> datetime | None:
        """Since when the position is known."""
        return self.since


def sample_of(sight: Sight, ago: timedelta = timedelta(minutes=5), **changes: Any) -> PastPosition:  # noqa: ANN401
    """The position of a sight as it would be remembered, that long before `NOW`; `changes` are fields of the sample."""
    health = sight.position
    if health is None:
        raise ValueError("a sight without a position leaves no sample")
    facts = standing_of(sight.pool.marked, Holding(health.position, health.instrument))
    price, distance = health.liquidation_price, health.liquidation_distance
    sample = PastPosition(
        at=NOW - ago,
        mark_price=facts.mark_price,
        liquidation_price=price if isinstance(price, float) else None,
        liquidation_distance=distance if isinstance(distance, float) else None,
        contracts=facts.contracts,
        collateral=facts.collateral,
        other_pnl=facts.other_pnl,
        maintenance_rate=facts.maintenance_rate,
    )
    return replace(sample, **changes)


def after(*earlier: Sight, minutes: float = 5.0) -> Remembered:
    """A past of these looks, that many minutes apart, the last one that many minutes ago."""
    ages = [timedelta(minutes=minutes * (len(earlier) - index)) for index in range(len(earlier))]
    return Remembered([sample_of(sight, ago) for sight, ago in zip(earlier, ages, strict=True)])
