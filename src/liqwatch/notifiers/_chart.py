"""A small picture beside a message: the mark of the last 24 hours, the liquidation price, the levels of the ladder.

Drawn with Pillow (the extra `[charts]`), which draws lines and text and nothing else we would have to carry:
matplotlib and its needs are ten times as large and take half a second and 57 MB to load in a daemon that must wake
somebody; pygal and its like draw SVG, which chat services do not show. Text channels get block characters.
"""

from __future__ import annotations

import importlib.util
import math
from collections.abc import Sequence

from liqwatch.model import Chart
from liqwatch.notifiers._chart_layout import layout_of

BLOCKS = "▁▂▃▄▅▆▇█"
FLAT = BLOCKS[3]
SPARKLINE_WIDTH = 24


def render_png(chart: Chart) -> bytes | None:
    """The picture as a PNG, 960 by 480, readable on a phone; None without Pillow, or without a single mark."""
    layout = layout_of(chart)
    if layout is None or importlib.util.find_spec("PIL") is None:
        return None
    # Loaded here: the extra may be missing, and a daemon that only writes text never needs it.
    from liqwatch.notifiers._chart_canvas import draw  # noqa: PLC0415

    return draw(layout)


def sparkline(values: Sequence[float], width: int = SPARKLINE_WIDTH) -> str:
    """The values as a line of block characters, lowest to highest; "" where there are none.

    More values than `width` are thinned so that the last one stays; a flat line stands at half height.
    """
    known = [value for value in values if math.isfinite(value)]
    if not known or width < 1:
        return ""
    count = min(len(known), width)
    last = len(known) - 1
    thinned = [known[last - (count - 1 - place) * len(known) // count] for place in range(count)]
    low, high = min(thinned), max(thinned)
    if low == high:
        return FLAT * count
    return "".join(BLOCKS[round((value - low) / (high - low) * (len(BLOCKS) - 1))] for value in thinned)
