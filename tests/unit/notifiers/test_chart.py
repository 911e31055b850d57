"""The small picture beside a message, and the line of blocks for channels that show no pictures."""

from __future__ import annotations

import importlib.util
import io
import itertools
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageStat

from liqwatch.model import Chart, Severity
from liqwatch.notifiers._chart import BLOCKS, render_png, sparkline
from liqwatch.notifiers._chart_canvas import BACKGROUND, LIQUIDATION, MARK, SEVERITIES
from liqwatch.notifiers._chart_layout import BOTTOM, HEIGHT, LABEL_HEIGHT, LEFT, RIGHT, TOP, WIDTH, Line, layout_of

NOON = 1_763_640_000.0
FALL = tuple(
    (NOON - 86_400 + minute * 60, 62_000.0 - minute * 2 + 300 * math.sin(minute / 90)) for minute in range(1_441)
)
LEVELS = ((Severity.WARNING, 62_000.0), (Severity.CRITICAL, 58_500.0), (Severity.EMERGENCY, 56_200.0))
CHART = Chart(title="BTC/USDT:USDT long", marks=FALL, liquidation_price=54_420.1, levels=LEVELS)
prices = st.floats(1e-9, 1e9)
anything = st.floats()


def picture(chart: Chart) -> Image.Image:
    png = render_png(chart)
    assert png is not None
    image = Image.open(io.BytesIO(png))
    assert image.format == "PNG"
    assert image.size == (WIDTH, HEIGHT)
    return image.convert("RGB")


def is_like(seen: object, colour: tuple[int, int, int]) -> bool:
    assert isinstance(seen, tuple)
    return all(abs(one - other) <= 40 for one, other in zip(seen, colour, strict=True))


def line_at(chart: Chart, severity: Severity | None) -> Line:
    layout = layout_of(chart)
    assert layout is not None
    lines = [layout.liquidation, *layout.levels] if severity is None else layout.levels
    return next(line for line in lines if line is not None and line.severity is severity)


def share_of_row(image: Image.Image, y: float, colour: tuple[int, int, int]) -> float:
    """How much of a row of the plot has a colour."""
    columns = range(LEFT, RIGHT)
    return sum(is_like(image.getpixel((x, round(y))), colour) for x in columns) / len(columns)


def test_the_liquidation_price_is_a_red_line_across_the_picture() -> None:
    assert share_of_row(picture(CHART), line_at(CHART, None).y, LIQUIDATION) > 0.95


@pytest.mark.parametrize("severity", [Severity.WARNING, Severity.CRITICAL, Severity.EMERGENCY])
def test_each_level_of_the_ladder_is_dashed_in_the_colour_of_its_severity(severity: Severity) -> None:
    share = share_of_row(picture(CHART), line_at(CHART, severity).y, SEVERITIES[severity])
    assert 0.3 < share < 0.8


def test_the_mark_is_drawn_from_the_left_edge_to_the_right_one() -> None:
    image = picture(CHART)
    for x in range(LEFT + 10, RIGHT - 10, 40):
        assert any(is_like(image.getpixel((x, y)), MARK) for y in range(TOP, BOTTOM)), x


def test_the_picture_is_dark_for_chats_at_night() -> None:
    image = picture(CHART)
    assert image.getpixel((2, 2)) == BACKGROUND
    assert ImageStat.Stat(image.convert("L")).mean[0] < 60


def test_every_price_has_its_label_and_no_label_covers_another() -> None:
    crowded = Chart(
        title="t",
        marks=FALL,
        liquidation_price=FALL[-1][1] - 3,
        levels=tuple((severity, FALL[-1][1] + number) for number, severity in enumerate(Severity)),
    )
    for chart in (CHART, crowded):
        layout = layout_of(chart)
        assert layout is not None
        assert layout.liquidation is not None
        heights = sorted(line.label_y for line in (layout.mark, layout.liquidation, *layout.levels))
        assert all(below - above >= LABEL_HEIGHT - 0.001 for above, below in itertools.pairwise(heights))
    placed = layout_of(CHART)
    assert placed is not None
    assert placed.mark.text == f"{FALL[-1][1]:,.0f}".replace(",", " ")


def test_the_hours_of_the_last_day_stand_on_the_axis() -> None:
    layout = layout_of(CHART)
    assert layout is not None
    assert [text for _, text in layout.ticks] == ["12:00", "18:00", "00:00", "06:00", "12:00"]
    assert [x for x, _ in layout.ticks] == [LEFT + hour * (RIGHT - LEFT) / 24 for hour in (0, 6, 12, 18, 24)]


def test_marks_older_than_a_day_are_left_out() -> None:
    old = Chart(title="t", marks=((NOON - 90_000, 1.0), (NOON - 3_600, 60_000.0), (NOON, 60_100.0)))
    layout = layout_of(old)
    assert layout is not None
    assert len(layout.marks) == 2


def test_a_single_point_is_a_dot_with_its_price() -> None:
    image = picture(Chart(title="t", marks=((NOON, 3_000.0),), liquidation_price=2_900.0))
    assert is_like(image.getpixel((RIGHT, round(_mark_y(((NOON, 3_000.0),), 2_900.0)))), (236, 242, 248))


def test_a_flat_line_is_drawn_in_the_middle_of_its_own_height() -> None:
    flat = Chart(title="t", marks=tuple((NOON - minute * 60, 100.0) for minute in range(60, -1, -1)))
    layout = layout_of(flat)
    assert layout is not None
    assert {y for _, y in layout.marks} == {(TOP + BOTTOM) / 2}
    assert picture(flat).getbbox() is not None


@pytest.mark.parametrize(("price", "side", "edge"), [(20_000.0, -1, BOTTOM), (190_000.0, 1, TOP)])
def test_a_liquidation_price_far_outside_is_pinned_to_the_edge(price: float, side: int, edge: int) -> None:
    chart = Chart(title="t", marks=FALL, liquidation_price=price)
    line = line_at(chart, None)
    assert (line.pinned, line.y) == (side, edge)
    assert line.text == f"{price:,.0f}".replace(",", " ")
    assert share_of_row(picture(chart), edge, LIQUIDATION) > 0.95


def test_a_spike_between_two_columns_is_not_lost() -> None:
    spiky = [(NOON - 86_000 + second, 100.0) for second in range(0, 86_000, 5)]
    spiky[7_000] = (spiky[7_000][0], 80.0)
    layout = layout_of(Chart(title="t", marks=tuple(spiky)))
    assert layout is not None
    assert len(layout.marks) < 4 * WIDTH
    assert max(y for _, y in layout.marks) > (TOP + BOTTOM) / 2 + 100


def test_without_a_mark_there_is_no_picture() -> None:
    assert render_png(Chart(title="t", marks=(), liquidation_price=1.0)) is None
    assert render_png(Chart(title="t", marks=((NOON, math.nan), (math.nan, 5.0), (NOON, -1.0)))) is None


def test_without_pillow_there_is_no_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "PIL" else find(name))
    assert render_png(CHART) is None


@given(
    st.lists(st.tuples(st.floats(NOON - 90_000, NOON) | anything, prices | anything), max_size=30),
    st.none() | prices | anything,
    st.lists(st.tuples(st.sampled_from(Severity), prices | anything), max_size=5),
)
def test_everything_in_the_picture_has_a_place_in_it(
    marks: list[tuple[float, float]], liquidation: float | None, levels: list[tuple[Severity, float]]
) -> None:
    layout = layout_of(Chart(title="t", marks=tuple(marks), liquidation_price=liquidation, levels=tuple(levels)))
    if layout is None:
        assert not any(0 <= time <= NOON and 1e-9 <= price <= 1e9 for time, price in marks)
        return
    assert all(LEFT <= x <= RIGHT and TOP <= y <= BOTTOM for x, y in layout.marks)
    lines = [layout.mark, *layout.levels, *([layout.liquidation] if layout.liquidation else [])]
    assert all(TOP <= line.y <= BOTTOM for line in lines)
    assert all("nan" not in line.text and "inf" not in line.text for line in lines)


def test_a_title_in_letters_that_the_font_lacks_does_not_break_the_picture() -> None:
    assert picture(Chart(title="币安人生/USDT:USDT", marks=FALL)).getbbox() is not None


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([], ""),
        ([math.nan, math.inf], ""),
        ([5.0], "▄"),
        ([5.0, 5.0, 5.0], "▄▄▄"),
        ([0.0, 7.0], "▁█"),
        ([0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0], BLOCKS),
        ([7.0, math.nan, 0.0], "█▁"),
    ],
)
def test_a_sparkline_shows_how_values_went(values: list[float], expected: str) -> None:
    assert sparkline(values) == expected


@given(st.lists(st.floats(-1e300, 1e300), min_size=1), st.integers(1, 40))
def test_a_sparkline_is_never_longer_than_wanted_and_ends_with_the_last_value(values: list[float], width: int) -> None:
    line = sparkline(values, width)
    assert len(line) == min(len(values), width)
    assert set(line) <= set(BLOCKS)
    if values[-1] == max(values) and len(set(line)) > 1:
        assert line[-1] == BLOCKS[-1]


def _mark_y(marks: tuple[tuple[float, float], ...], liquidation: float) -> float:
    layout = layout_of(Chart(title="t", marks=marks, liquidation_price=liquidation))
    assert layout is not None
    return layout.mark.y
