"""A pool that no mark moves has all the room there is, and no guard divides by that."""

from __future__ import annotations

import math
from dataclasses import replace

from liqwatch.margin.assess import assess
from liqwatch.margin.guards import Thresholds, guard_of
from liqwatch.testing.sights import CONTRACT, LONG, account_of, sight_of


def test_positions_of_no_size_leave_every_mark_free() -> None:
    empty = replace(LONG, contracts=0.0)
    plain = replace(CONTRACT, tiers=CONTRACT.tiers[:1])
    sight = sight_of(account_of(empty, replace(empty, symbol="ETH/USDT:USDT")), contract=plain)
    marks = {LONG.symbol: 60_000.0, "ETH/USDT:USDT": 60_000.0}
    guard = guard_of(assess(sight.pool.pool, marks))
    intervals = guard.around(marks, Thresholds(ratios=[0.5, 0.8]))
    assert intervals.keys() == marks.keys()
    assert not any(math.isnan(edge) for interval in intervals.values() for edge in interval)
