import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sentio_tui.model.bars import MINUTE
from sentio_tui.model.snapshot import Curve
from sentio_tui.ui.theming import ChartColours
from sentio_tui.ui.widgets.chart import Points, decimate, deepest_of_each, equity_chart, from_ansi
from sentio_tui.ui.widgets.line_board import Line, Span
from tests.ui.sample_parts import CAPITAL, START
from tests.ui.samples import busy, hostile

PLAIN = ChartColours(None, None, None, None)
COLOURED = ChartColours((1, 2, 3), (200, 0, 0), (90, 90, 90), (0, 0, 0))
NEW_YORK = "America/New_York"


def flat(points: int, value: float = CAPITAL) -> Curve:
    return Curve(tuple(START + n * MINUTE for n in range(points)), (value,) * points, (0.0,) * points)


def styles(lines: tuple[Line, ...]) -> set[str]:
    return {span.style for line in lines for span in line.spans if span.text.strip()}


def text(lines: tuple[Line, ...]) -> str:
    return "\n".join(line.text for line in lines)


@pytest.mark.parametrize("size", [(110, 16), (76, 5), (36, 4), (100, 40)])
def test_the_picture_has_the_size_it_was_given(size: tuple[int, int]) -> None:
    lines = equity_chart(busy().curve, CAPITAL, NEW_YORK, *size, COLOURED)
    assert len(lines) == size[1]
    assert all(len(line.text) <= size[0] for line in lines)


def test_it_has_the_exchanges_time_the_capital_and_the_drawdown() -> None:
    drawn = text(equity_chart(busy().curve, CAPITAL, NEW_YORK, 110, 18, COLOURED))
    assert "10,000" in drawn
    assert "11:00" in drawn
    assert "EST" in drawn
    assert "-1.7%" in drawn
    assert "16:00" not in drawn


def test_low_pictures_leave_the_drawdown_out() -> None:
    assert "%" not in text(equity_chart(busy().curve, CAPITAL, NEW_YORK, 76, 6, COLOURED))


def test_colours_are_those_given_and_none_without() -> None:
    assert styles(equity_chart(busy().curve, CAPITAL, NEW_YORK, 100, 18, COLOURED)) == {"#010203", "#c80000", "#5a5a5a"}
    assert styles(equity_chart(busy().curve, CAPITAL, NEW_YORK, 100, 18, PLAIN)) == {""}


@pytest.mark.parametrize("points", [1, 2, 50])
@pytest.mark.parametrize("value", [CAPITAL, 0.0, -3.0, 1e12, 1e-9])
def test_a_flat_curve_is_drawn(points: int, value: float) -> None:
    drawn = text(equity_chart(flat(points, value), value, "UTC", 60, 14, PLAIN))
    assert any(0x2800 < ord(character) < 0x2900 for character in drawn)


def test_nothing_is_drawn_without_points_or_room() -> None:
    assert equity_chart(Curve(), CAPITAL, "UTC", 60, 14, PLAIN) == ()
    assert equity_chart(flat(3, math.nan), CAPITAL, "UTC", 60, 14, PLAIN) == ()
    assert equity_chart(flat(3), CAPITAL, "UTC", 10, 14, PLAIN) == ()
    assert equity_chart(flat(3), CAPITAL, "UTC", 60, 2, PLAIN) == ()


def test_values_that_are_no_numbers_are_left_out() -> None:
    assert len(equity_chart(hostile().curve, math.nan, "No/Where", 80, 16, PLAIN)) == 16


def test_one_picture_leaves_nothing_behind_in_the_next() -> None:
    first = equity_chart(flat(30, 5.0), 5.0, "UTC", 60, 14, PLAIN)
    equity_chart(busy().curve, CAPITAL, NEW_YORK, 110, 18, COLOURED)
    assert equity_chart(flat(30, 5.0), 5.0, "UTC", 60, 14, PLAIN) == first


@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.floats(allow_nan=True, allow_infinity=True), min_size=1, max_size=30),
    st.integers(16, 70),
    st.integers(3, 16),
    st.integers(1, 200 * 24 * 60),
)
def test_any_curve_can_be_drawn(values: list[float], width: int, height: int, minutes: int) -> None:
    curve = Curve(
        tuple(START + n * minutes * MINUTE for n in range(len(values))), tuple(values), (-0.01,) * len(values)
    )
    lines = equity_chart(curve, CAPITAL, NEW_YORK, width, height, PLAIN)
    assert len(lines) in {0, height}
    assert all(len(line.text) <= width for line in lines)


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=500), st.integers(1, 60))
def test_thinning_keeps_the_ends_and_the_extremes(values: list[float], columns: int) -> None:
    points = Points([START + n * MINUTE for n in range(len(values))], values)
    thin = decimate(points, columns)
    assert len(thin.times) <= max(2 * columns + 2, 2)
    assert (thin.values[0], thin.values[-1]) == (values[0], values[-1])
    assert (min(thin.values), max(thin.values)) == (min(values), max(values))
    assert list(thin.times) == sorted(set(thin.times))


def test_a_column_without_a_point_has_the_drawdown_before() -> None:
    points = Points([0, 10, 90], [-1.0, -2.0, -0.5])
    assert deepest_of_each(points, 5, (0, 100)).values == [-2.0, -2.0, -2.0, -2.0, -0.5]


def test_sequences_of_colour_become_spans_and_others_vanish() -> None:
    assert from_ansi("a\x1b[38;2;1;2;3mb\x1b[0mc\x1b[4m") == Line((Span("a"), Span("b", "#010203"), Span("c")))
