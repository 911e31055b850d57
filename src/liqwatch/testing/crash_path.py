"""The prices of the demo's crash: one day's cascade and an imagined full recovery in a few seconds.

The landmarks of 10 October 2025 set the levels: BTC about 122,000 in the morning, 117,000 before the
fall and a mark low of 101,900; ETH 4,010 and 3,425; SOL 207. The other markets, every curve between
landmarks and the recovery beyond history's 113,000 are this project's own.
"""

from __future__ import annotations

import math
from bisect import bisect_right

MOMENTS = (0.0, 0.12, 0.26, 0.31, 0.36, 0.40, 0.4002, 0.44, 0.47, 0.56, 0.64, 0.76, 0.84, 0.90, 1.0)
"""Progress of each level below: calm, slide, first leg, pause, fall, edge, gap, low, low, rebound, aftershock …"""

LEVELS = {
    "BTCUSDT": (
        122.0,
        121.4,
        117.0,
        113.4,
        114.2,
        110.5,
        109.6,
        101.9,
        102.3,
        110.2,
        107.4,
        116.5,
        122.9,
        123.3,
        123.4,
    ),
    "ETHUSDT": (4400, 4370, 4010, 3860, 3900, 3780, 3740, 3425, 3445, 3840, 3660, 4160, 4450, 4470, 4475),
    "SOLUSDT": (
        222.0,
        220.0,
        207.0,
        196.0,
        198.0,
        190.0,
        187.0,
        165.0,
        166.5,
        190.0,
        181.0,
        236.0,
        223.0,
        221.0,
        220.0,
    ),
    "XRPUSDT": (2.82, 2.81, 2.72, 2.60, 2.63, 2.20, 1.905, 1.90, 1.92, 2.21, 2.12, 2.62, 2.80, 2.83, 2.84),
    "DOGEUSDT": (
        0.250,
        0.249,
        0.240,
        0.228,
        0.231,
        0.192,
        0.1665,
        0.166,
        0.168,
        0.194,
        0.186,
        0.231,
        0.248,
        0.251,
        0.252,
    ),
    "BNBUSDT": (1290, 1285, 1245, 1215, 1222, 1180, 1165, 1010, 1020, 1130, 1095, 1210, 1270, 1280, 1285),
}
"""Quote currency per base unit at each moment (BTC in thousands)."""

SCALES = {"BTCUSDT": 1000.0}
JITTER = 0.0006
"""Largest wobble around the curve, as a fraction of the price."""
JITTER_WAVES = (23.0, 61.0, 149.0)


def price(native_symbol: str, progress: float) -> float:
    """Mark price (quote currency) of a market at `progress` 0 … 1. The same for every run.

    Raises KeyError for a market outside the story.
    """
    levels = LEVELS[native_symbol]
    progress = min(max(progress, 0.0), 1.0)
    leg = min(bisect_right(MOMENTS, progress), len(MOMENTS) - 1)
    share = (progress - MOMENTS[leg - 1]) / (MOMENTS[leg] - MOMENTS[leg - 1])
    eased = share * share * (3 - 2 * share)
    level = levels[leg - 1] + (levels[leg] - levels[leg - 1]) * eased
    return level * SCALES.get(native_symbol, 1.0) * (1 + _wobble(native_symbol, progress))


def _wobble(native_symbol: str, progress: float) -> float:
    """A few sine waves whose phases follow from the market's name."""
    seed = sum(native_symbol.encode())
    waves = (math.sin(2 * math.pi * wave * progress + seed * wave) for wave in JITTER_WAVES)
    return JITTER * sum(waves) / len(JITTER_WAVES)
