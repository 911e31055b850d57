"""Keep a task alive: an unexpected end is counted, told in the log once, and begun again after a pause.

Only for tasks whose work can be begun anew (feeds, the control socket). Cancellation passes through.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import structlog

from liqwatch.clock import Clock
from liqwatch.errors import LiqwatchError
from liqwatch.ports import Telemetry
from liqwatch.redaction import redact

log = structlog.get_logger(__name__)

FIRST_PAUSE_SECONDS = 1.0
LONGEST_PAUSE_SECONDS = 30.0


async def keep_alive(name: str, run: Callable[[], Awaitable[None]], clock: Clock, telemetry: Telemetry) -> None:
    """Run `run` for ever; a normal return ends the supervision."""
    pause = FIRST_PAUSE_SECONDS
    while True:
        began = clock.monotonic()
        try:
            await run()
        except LiqwatchError as error:
            log.warning("task_failed", task=name, error=str(error), again_in_seconds=pause)
        except Exception as error:
            log.exception("task_crashed", task=name, error=redact(str(error)), again_in_seconds=pause)
        else:
            return
        telemetry.count("task_restarts_total", task=name.partition(":")[0])
        pause = FIRST_PAUSE_SECONDS if clock.monotonic() - began > LONGEST_PAUSE_SECONDS else pause
        await clock.sleep(pause)
        pause = min(2 * pause, LONGEST_PAUSE_SECONDS)
