"""The picture that goes along with a message, where there is one and it can be drawn."""

from __future__ import annotations

import functools
import threading

import structlog

from liqwatch.model import Chart, Message

_log = structlog.get_logger(__name__)

PATIENCE_SECONDS = 1.0
"""How long a channel waits for the picture that another one is drawing; then the words go alone."""
KEPT = 8

_drawing = threading.Lock()


def picture_of(message: Message) -> bytes | None:
    """The chart as a PNG; None without a chart or without the library. No picture is worth losing the words for.

    Drawing takes a while (70 ms) and keeps everybody else from computing: one alert on many channels is drawn once.
    """
    if message.chart is None or not _drawing.acquire(timeout=PATIENCE_SECONDS):
        return None
    try:
        return _drawn(message.chart)
    except Exception as error:  # noqa: BLE001 - see above
        _log.warning("chart_not_drawn", error=type(error).__name__)
        return None
    finally:
        _drawing.release()


@functools.lru_cache(maxsize=KEPT)
def _drawn(chart: Chart) -> bytes | None:
    from liqwatch.notifiers._chart import render_png  # noqa: PLC0415 - drawing is loaded by who needs it

    return render_png(chart)
