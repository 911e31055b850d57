"""At which readings an alert would change: what a guard has to watch for, and nothing else.

Most thresholds of a ladder mean nothing to an alert as it stands: what is at rest waits for its levels to fire, what
burns for a worse one or for the end of the present one. Follows `alerts/machine.py`; the property test of the guards
holds the two together.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

from liqwatch.alerts.policy import RulePolicy
from liqwatch.model import AlertRecord, AlertState, Severity
from liqwatch.rules.base import Danger, Ladder


def turning_points(record: AlertRecord | None, policy: RulePolicy) -> Iterator[float]:
    """Every reading at which the next look would find more than other figures."""
    levels = policy.ladder.levels
    if record is None or not record.is_burning:
        yield from (level.fire_at for level in levels)
        return
    present = record.severity or Severity.NOTICE
    yield from (level.fire_at for level in levels if level.severity > present)
    # The end of the present level is where no level as bad holds any more; recovering is over where any holds again.
    is_recovering = record.state is AlertState.RECOVERING
    ends = [level.clear_at for level in levels if is_recovering or level.severity >= present]
    if ends:
        yield max(ends) if policy.ladder.danger is Danger.BELOW else min(ends)
    if record.answered_at is not None and record.answered_room is not None:
        yield _reading_of(policy.ladder, record.answered_room - policy.alerts.deeper_by * abs(record.answered_room))


def _reading_of(ladder: Ladder, room: float) -> float:
    """The reading that leaves so much room: the inverse of `Ladder.room`."""
    if ladder.danger is Danger.BELOW:
        return room
    if ladder.limit is not None:
        return ladder.limit - room
    return 1.0 / room if room > 0 else math.inf
