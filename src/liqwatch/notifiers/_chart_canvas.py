"""The picture itself, drawn with Pillow at twice its size and scaled down, which makes the lines smooth.

Dark: most alerts are read at night, and chats in dark mode show a white picture as a flash.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from functools import cache
from typing import TypeAlias

from PIL import Image, ImageDraw, ImageFont

from liqwatch.model import Severity
from liqwatch.notifiers._chart_layout import BOTTOM, HEIGHT, LEFT, RIGHT, TOP, WIDTH, Layout, Line

Colour: TypeAlias = tuple[int, int, int]
Font: TypeAlias = ImageFont.FreeTypeFont | ImageFont.ImageFont

SCALE = 2
BACKGROUND: Colour = (15, 20, 28)
PANEL: Colour = (20, 27, 37)
GRID: Colour = (38, 48, 62)
INK: Colour = (236, 242, 248)
FAINT: Colour = (138, 152, 170)
MARK: Colour = (120, 190, 255)
DARK_INK: Colour = (12, 16, 22)
LIQUIDATION: Colour = (255, 59, 72)
SEVERITIES: Mapping[Severity, Colour] = {
    Severity.NOTICE: (74, 144, 226),
    Severity.WARNING: (245, 196, 66),
    Severity.CRITICAL: (255, 138, 61),
    Severity.EMERGENCY: (232, 62, 140),
}
TITLE_SIZE, LABEL_SIZE, SMALL_SIZE = 28, 24, 20
PILL_LEFT, PILL_RIGHT, PILL_HALF, ARROW = RIGHT + 14, WIDTH - 20, 17, 20


def draw(layout: Layout) -> bytes:
    """The layout as a PNG."""
    canvas = _Canvas()
    canvas.panel()
    canvas.ticks(layout)
    if layout.liquidation is not None:
        canvas.danger(layout.liquidation, is_below=layout.is_below)
    for level in layout.levels:
        canvas.level(level)
    canvas.labels(layout)
    canvas.marks(layout)
    canvas.heading(layout)
    return canvas.png()


class _Canvas:
    """One picture in the making. Points are those of the finished picture."""

    def __init__(self) -> None:
        self._image = Image.new("RGB", (WIDTH * SCALE, HEIGHT * SCALE), BACKGROUND)
        self._draw = ImageDraw.Draw(self._image, "RGBA")

    def png(self) -> bytes:
        """Scaled down and packed."""
        out = io.BytesIO()
        self._image.resize((WIDTH, HEIGHT), Image.Resampling.LANCZOS).save(out, "PNG", optimize=True)
        return out.getvalue()

    def panel(self) -> None:
        """What the lines stand on."""
        self._draw.rounded_rectangle(_box(LEFT, TOP, RIGHT, BOTTOM), 8 * SCALE, fill=PANEL)

    def ticks(self, layout: Layout) -> None:
        """The hours."""
        for x, text in layout.ticks:
            self._line(x, TOP, x, BOTTOM, GRID, 1)
            self._text(min(max(x, LEFT + 32), RIGHT - 32), BOTTOM + 24, text, SMALL_SIZE, FAINT, "mm")

    def danger(self, line: Line, *, is_below: bool) -> None:
        """Beyond the liquidation price, and the line itself."""
        edge = BOTTOM if is_below else TOP
        top, bottom = min(line.y, edge), max(line.y, edge)
        if bottom - top >= 1:
            self._draw.rectangle(_box(LEFT, top, RIGHT, bottom), fill=(*LIQUIDATION, 46))
        self._line(LEFT, line.y, RIGHT, line.y, LIQUIDATION, 4)

    def level(self, line: Line) -> None:
        """A dashed line in the colour of its severity."""
        colour = SEVERITIES[line.severity or Severity.NOTICE]
        for x in range(LEFT, RIGHT, 16):
            self._line(x, line.y, min(x + 9, RIGHT), line.y, colour, 2)

    def marks(self, layout: Layout) -> None:
        """The path of the mark, a soft area under it and a dot at its end."""
        points = [(x * SCALE, y * SCALE) for x, y in layout.marks]
        if len(points) > 1:
            area = [(points[0][0], BOTTOM * SCALE), *points, (points[-1][0], BOTTOM * SCALE)]
            self._draw.polygon(area, fill=(*MARK, 26))
            self._draw.line(points, fill=MARK, width=3 * SCALE, joint="curve")
        x, y = layout.marks[-1]
        self._draw.ellipse(_box(x - 7, y - 7, x + 7, y + 7), fill=INK, outline=MARK, width=2 * SCALE)

    def labels(self, layout: Layout) -> None:
        """Prices at the right, each in its colour."""
        for level in layout.levels:
            colour = SEVERITIES[level.severity or Severity.NOTICE]
            self._text(PILL_LEFT + 8, level.label_y, level.text, LABEL_SIZE, colour)
            self._lead(level, colour)
        if layout.liquidation is not None:
            self._pill(layout.liquidation, LIQUIDATION, INK)
        self._pill(layout.mark, MARK, DARK_INK)

    def heading(self, layout: Layout) -> None:
        """What this is, and how far the mark is from liquidation."""
        self._text(LEFT, 38, _latin(layout.title), TITLE_SIZE, INK)
        if layout.distance:
            self._text(PILL_RIGHT, 38, layout.distance, TITLE_SIZE, LIQUIDATION, "rm")
        self._text(PILL_RIGHT, BOTTOM + 24, "24 h UTC", SMALL_SIZE, FAINT, "rm")

    def _pill(self, line: Line, fill: Colour, ink: Colour) -> None:
        """A price on a coloured ground; an arrow head says that the price lies beyond the picture."""
        self._lead(line, fill)
        y, arrow = line.label_y, ARROW if line.pinned else 0
        right = PILL_LEFT + 16 + arrow + self._draw.textlength(line.text, _font(LABEL_SIZE)) / SCALE
        self._draw.rounded_rectangle(_box(PILL_LEFT, y - PILL_HALF, right, y + PILL_HALF), 6 * SCALE, fill=fill)
        self._text(PILL_LEFT + 8 + arrow, y, line.text, LABEL_SIZE, ink)
        if line.pinned:
            tip, base, x = y - 7 * line.pinned, y + 5 * line.pinned, PILL_LEFT + 14
            corners = [(x - 7, base), (x + 7, base), (x, tip)]
            self._draw.polygon([(at * SCALE, height * SCALE) for at, height in corners], fill=ink)

    def _lead(self, line: Line, colour: Colour) -> None:
        """From the line's end to its label, which may stand higher or lower."""
        self._line(RIGHT, line.y, PILL_LEFT, line.label_y, colour, 2)

    def _line(self, x: float, y: float, to_x: float, to_y: float, colour: Colour, width: int) -> None:
        self._draw.line([(x * SCALE, y * SCALE), (to_x * SCALE, to_y * SCALE)], fill=colour, width=width * SCALE)

    def _text(self, x: float, y: float, text: str, height: int, colour: Colour, anchor: str = "lm") -> None:
        self._draw.text((x * SCALE, y * SCALE), text, font=_font(height), fill=colour, anchor=anchor)


@cache
def _font(height: int) -> Font:
    """The font that Pillow brings along: the same picture on every machine."""
    return ImageFont.load_default(height * SCALE)


def _box(left: float, top: float, right: float, bottom: float) -> tuple[float, float, float, float]:
    return left * SCALE, top * SCALE, right * SCALE, bottom * SCALE


def _latin(text: str) -> str:
    """The built-in font has no other letters; a question mark is more honest than an empty box."""
    return text.encode("latin-1", "replace").decode("latin-1")
