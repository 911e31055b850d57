"""How long a funding rate holds, from ccxt: only where the venue itself says it.

ccxt writes an interval of its own for some venues (`1h` for every market of one that has markets of eight hours), so
its `interval` counts only where the raw answer says the same: in a field of that kind, in whatever unit, or by two
times of payment that lie so far apart.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta
from itertools import combinations
from typing import Any, Final

from liqwatch.exchanges.payloads.funding_interval import HOUR, MILLISECOND, SECOND, stated_interval

UNITS: Final = {"": MILLISECOND, "s": SECOND, "m": timedelta(minutes=1), "h": HOUR, "d": timedelta(days=1)}
"""By ccxt's letters; lengths that it has no word for are left in milliseconds."""
WORD: Final = re.compile(r"(\d+(?:\.\d+)?)([smhd]?)")
SAYS_LENGTH: Final = ("interval", "internal", "period", "cycle", "granularity")
"""What the names of such fields hold; `collectionInternal` is one venue's."""


def interval_of(unified: object, info: Mapping[str, Any]) -> timedelta | None:
    """The interval that ccxt tells, where `info`, the venue's own row, says the same."""
    word = WORD.fullmatch(unified) if isinstance(unified, str) else None
    interval = stated_interval(word[1], UNITS[word[2]]) if word else None
    return interval if interval in (*_lengths(info), *_between_payments(info)) else None


def _lengths(info: Mapping[str, Any]) -> list[timedelta | None]:
    stated = [value for name, value in info.items() if any(word in name.lower() for word in SAYS_LENGTH)]
    return [stated_interval(value, unit) for value in stated for unit in UNITS.values()]


def _between_payments(info: Mapping[str, Any]) -> list[timedelta | None]:
    named = [value for name, value in info.items() if "funding" in name.lower() and "time" in name.lower()]
    times = [float(value) for value in named if str(value).isdecimal()]
    return [stated_interval(abs(later - earlier), MILLISECOND) for earlier, later in combinations(times, 2)]
