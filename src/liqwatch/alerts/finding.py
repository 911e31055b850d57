"""One look at one subject, on its way from a rule to the machine and into words."""

from __future__ import annotations

from dataclasses import dataclass

from liqwatch.margin.health import PoolHealth, PositionHealth
from liqwatch.model import AlertKey
from liqwatch.rules.base import Ladder, Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What was seen. `verdict` None: the subject is gone, which is no all-clear. `detail`: further lines.

    `figures_age_seconds` is the age of the oldest mark behind the figures, where that is too old to speak
    of the present. `advice` says what to do next, where there is something.
    """

    key: AlertKey
    headline: str
    verdict: Verdict | None
    pool: PoolHealth | None = None
    position: PositionHealth | None = None
    detail: tuple[str, ...] = ()
    advice: str | None = None
    figures_age_seconds: float | None = None
    ladder: Ladder | None = None
