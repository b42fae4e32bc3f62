"""Curves over each other: where they begin, how they are told apart, and what cannot be drawn."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentio_tui.model.bars import MINUTE
from sentio_tui.ui.widgets.chart import Points
from sentio_tui.ui.widgets.line_board import Line
from sentio_tui.ui.widgets.overlay import Curve, overlay

START = 1_736_121_600_000
DAY = 24 * 60 * MINUTE
RED, BLUE, GREY = (200, 0, 0), (0, 0, 200), (90, 90, 90)


def rising(start: int, minutes: int, by: float) -> Points:
    return Points([start + minute * MINUTE for minute in range(minutes)], [by * minute for minute in range(minutes)])


def coloured(lines: Sequence[Line], colour: str) -> list[int]:
    """The columns in which anything stands in that colour."""
    columns: set[int] = set()
    for line in lines:
        at = 0
        for span in line.spans:
            if span.style == colour:
                columns.update(at + index for index, mark in enumerate(span.text) if mark.strip())
            at += len(span.text)
    return sorted(columns)


def test_both_begin_at_the_left_edge_though_years_apart() -> None:
    curves = [Curve(rising(START, 60, 0.001), RED), Curve(rising(START + 700 * DAY, 120, -0.001), BLUE)]
    lines = overlay(curves, (80, 16), GREY)
    first, second = coloured(lines, "#c80000"), coloured(lines, "#0000c8")
    assert max(first[0], second[0]) < 8  # where both are at nothing, one is drawn over the other
    assert second[-1] > first[-1] + 20
    text = "\n".join(line.text for line in lines)
    assert "0%" in text
    assert "0:00" in text
    assert "1:00" in text
    assert "-10%" in text


def test_at_their_dates_the_later_one_stands_to_the_right() -> None:
    curves = [Curve(rising(START, 60, 0.001), RED), Curve(rising(START + DAY, 120, -0.001), BLUE)]
    lines = overlay(curves, (80, 16), GREY, zone="UTC")
    assert coloured(lines, "#c80000")[-1] < coloured(lines, "#0000c8")[0]
    assert "07 Jan" in "\n".join(line.text for line in lines)


def test_without_colours_they_differ_by_what_they_are_drawn_with() -> None:
    curves = [Curve(rising(START, 60, 0.001), None), Curve(rising(START, 60, -0.001), None)]
    text = "\n".join(line.text for line in overlay(curves, (60, 12), None))
    assert "x" in text
    assert any(0x2800 < ord(mark) < 0x2900 for mark in text)


@pytest.mark.parametrize(("size", "points"), [((10, 10), 5), ((60, 2), 5), ((60, 10), 0)])
def test_nothing_is_drawn_without_room_or_points(size: tuple[int, int], points: int) -> None:
    assert overlay([Curve(rising(START, points, 0.1), RED)], size, GREY) == ()


_RETURNS = st.lists(st.floats(allow_nan=True, allow_infinity=True, width=32), max_size=30)


@given(_RETURNS, _RETURNS, st.integers(16, 90), st.integers(3, 30), st.sampled_from(["", "America/New_York"]))
def test_whatever_the_values_the_picture_keeps_its_size(
    one: list[float], other: list[float], width: int, height: int, zone: str
) -> None:
    curves = [
        Curve(Points([START + 977 * index for index in range(len(values))], values), RED) for values in (one, other)
    ]
    lines = overlay(curves, (width, height), GREY, zone=zone)
    assert len(lines) in {0, height}
    assert all(len(line.text) <= width for line in lines)
