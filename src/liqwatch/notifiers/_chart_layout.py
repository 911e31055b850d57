"""Where everything in the picture stands, in points of the picture; pure arithmetic."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from liqwatch.model import Chart, Severity

WIDTH, HEIGHT = 960, 480
LEFT, TOP, RIGHT, BOTTOM = 28, 76, WIDTH - 168, HEIGHT - 48
DAY_SECONDS = 24 * 3_600
SHOWN_SECONDS = DAY_SECONDS
TICK_SECONDS = 6 * 3_600
FARTHEST = 0.35
"""A price within this fraction of the mark is always shown to scale."""
FLATTEST = 1 / 12
"""A farther one only if the marks still fill this share of the height."""
LEAST_SPAN = 0.002
"""The height never stands for less than this fraction of the price, so that noise does not look like a crash."""
MARGIN = 0.08
LATEST = 253_402_300_800.0
"""The year 10000: nobody's clock."""
LEAST_PRICE, GREATEST_PRICE = 1e-18, 1e18
LABEL_HEIGHT = 36
MOST_PLACES = 12

Point: TypeAlias = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Line:
    """A price drawn across. `severity` None: the liquidation price. `label_y` is where its label found room.

    `pinned` is -1 or 1 where the price lies below or above the picture, 0 where it is to scale.
    """

    severity: Severity | None
    text: str
    y: float
    label_y: float
    pinned: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """The whole picture. `marks` are points from left to right, `ticks` are (x, "06:00")."""

    title: str
    marks: tuple[Point, ...]
    mark: Line
    liquidation: Line | None
    levels: tuple[Line, ...]
    ticks: tuple[tuple[float, str], ...]
    distance: str
    """From the mark to the liquidation price, in percent of the mark; "" where there is none."""
    is_below: bool
    """Whether danger lies below the mark."""


def layout_of(chart: Chart) -> Layout | None:
    """Place a chart; None where there is not a single mark."""
    marks = _last_day(chart.marks)
    if not marks:
        return None
    now, mark = marks[-1]
    liquidation = _price(chart.liquidation_price)
    levels = [(severity, price) for severity, price in chart.levels if _price(price)]
    low, high = _range([price for _, price in marks], [liquidation, *(price for _, price in levels)], mark)
    scale = _Scale(low, high)
    placed = _placed(scale, mark, liquidation, levels)
    return Layout(
        title=chart.title,
        marks=tuple(_thinned((_x(time, now), scale.y(price)) for time, price in marks)),
        mark=placed[0],
        liquidation=next((line for line in placed[1:] if line.severity is None), None),
        levels=tuple(line for line in placed[1:] if line.severity is not None),
        ticks=tuple(_ticks(now)),
        distance=_distance(mark, liquidation),
        is_below=liquidation is None or liquidation < mark,
    )


class _Scale:
    """Prices to heights."""

    def __init__(self, low: float, high: float) -> None:
        self.low, self.high = low, high
        # Three digits tell the heights of the picture apart.
        self.places = min(max(2 - math.floor(math.log10(high - low)), 0), MOST_PLACES)

    def y(self, price: float) -> float:
        share = (price - self.low) / (self.high - self.low)
        return BOTTOM - share * (BOTTOM - TOP)

    def side(self, price: float) -> int:
        return (price > self.high) - (price < self.low)

    def line(self, severity: Severity | None, price: float) -> Line:
        side = self.side(price)
        y = {-1: float(BOTTOM), 0: self.y(price) if side == 0 else 0.0, 1: float(TOP)}[side]
        # Thousands set apart by a blank are read alike in every language.
        return Line(severity, f"{price:,.{self.places}f}".replace(",", " "), y, y, side)


def _placed(
    scale: _Scale, mark: float, liquidation: float | None, levels: Sequence[tuple[Severity, float]]
) -> list[Line]:
    """The mark first. Levels outside the picture are left out; the liquidation price is pinned to its edge."""
    lines = [scale.line(None, mark)]
    if liquidation is not None:
        lines.append(scale.line(None, liquidation))
    lines += [scale.line(severity, price) for severity, price in levels if scale.side(price) == 0]
    return list(_spread(lines))


def _spread(lines: Sequence[Line]) -> Iterator[Line]:
    """Labels pushed apart until none covers another, in the order of their prices; yielded in the order given."""
    order = sorted(range(len(lines)), key=lambda index: (lines[index].y, index))
    heights: dict[int, float] = {}
    lowest = float(TOP)
    for index in order:
        heights[index] = max(lines[index].y, lowest)
        lowest = heights[index] + LABEL_HEIGHT
    highest = BOTTOM - 6.0
    for index in reversed(order):
        heights[index] = min(heights[index], highest)
        highest = heights[index] - LABEL_HEIGHT
    for index, line in enumerate(lines):
        yield Line(line.severity, line.text, line.y, heights[index], line.pinned)


def _last_day(marks: Iterable[Point]) -> list[Point]:
    known = sorted((time, price) for time, price in marks if 0 <= time < LATEST and _price(price))
    return [(time, price) for time, price in known if time > known[-1][0] - SHOWN_SECONDS]


def _price(price: float | None) -> float | None:
    """The price if it can be one: sentinels, infinities and what is no number cannot."""
    return price if price is not None and LEAST_PRICE < price < GREATEST_PRICE else None


def _range(marks: Sequence[float], others: Sequence[float | None], mark: float) -> tuple[float, float]:
    """The prices at the lower and the upper edge."""
    low, high = min(marks), max(marks)
    pad = max(mark * LEAST_SPAN - (high - low), 0.0) / 2
    low, high = low - pad, high + pad
    shown = [price for price in others if price is not None and _is_near(price, mark, high - low)]
    low, high = min([low, *shown]), max([high, *shown])
    room = (high - low) * MARGIN
    return low - room, high + room


def _is_near(price: float, mark: float, span: float) -> bool:
    return abs(price - mark) <= max(FARTHEST * mark, span / FLATTEST)


def _x(time: float, now: float) -> float:
    return RIGHT - (now - time) / SHOWN_SECONDS * (RIGHT - LEFT)


def _thinned(points: Iterable[Point]) -> Iterator[Point]:
    """At most the first, highest, lowest and last point of each column, so that no spike is lost."""
    columns: dict[int, list[Point]] = defaultdict(list)
    for point in points:
        columns[round(point[0])].append(point)
    for column in columns.values():
        extremes = {column[0], min(column, key=lambda point: point[1]), max(column, key=lambda point: point[1])}
        yield from sorted({*extremes, column[-1]}, key=column.index)


def _ticks(now: float) -> Iterator[tuple[float, str]]:
    first = math.ceil((now - SHOWN_SECONDS) / TICK_SECONDS) * TICK_SECONDS
    for time in range(first, math.floor(now) + 1, TICK_SECONDS):
        yield _x(time, now), f"{time % DAY_SECONDS // 3_600:02}:00"


def _distance(mark: float, liquidation: float | None) -> str:
    return "" if liquidation is None else f"{liquidation / mark - 1.0:+.1%}"
