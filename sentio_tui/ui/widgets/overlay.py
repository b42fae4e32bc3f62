"""Several curves in one picture, against the time since each began or against the date."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Final, NamedTuple

from sentio_tui.model.bars import MINUTE, Millis
from sentio_tui.ui.formatting import right
from sentio_tui.ui.theming import Rgb
from sentio_tui.ui.widgets.chart import (
    STEPS,
    Points,
    decimate,
    drawn,
    empty_canvas,
    finite,
    limits,
    round_values,
    time_axis,
)
from sentio_tui.ui.widgets.line_board import Line

MARKERS: Final = ("braille", "x")
"""Where there is no colour, curves are told apart by what they are drawn with."""


class Curve(NamedTuple):
    """Returns since the start, as fractions, at times; and the colour of the line, None for the terminal's own."""

    points: Points
    colour: Rgb | None


def overlay(curves: Sequence[Curve], size: tuple[int, int], frame: Rgb | None, *, zone: str = "") -> tuple[Line, ...]:
    """The curves in percent, with the line of no return. Each begins at the left edge where no `zone` is given; else
    all stand at their dates on the zone's clock.

    Lines of at most the width of `size`; none when no point can be drawn or there is no room.
    """
    import plotext

    width, height = size
    shown = [Curve(finite(*curve.points), curve.colour) for curve in curves]
    if not zone:
        shown = [Curve(_from_zero(curve.points), curve.colour) for curve in shown]
    if width < 16 or height < 3 or not any(curve.points.times for curve in shown):
        return ()
    times = [time for curve in shown for time in (*curve.points.times[:1], *curve.points.times[-1:])]
    ends = (min(times), max(*times, min(times) + MINUTE))
    low, high = limits([0.0, *(value for curve in shown for value in curve.points.values)])
    levels = round_values(low, high, max(2, (height - 1) // 3))
    labels = _percents(levels)
    margin = max(map(len, labels))
    most = (width - margin - 1) // 11
    axis = time_axis(*ends, zone, most) if zone else _elapsed_axis(ends[1], most)
    empty_canvas(size, ends, (low, high), (levels, [right(label, margin) for label in labels]), axis, frame)
    plotext.horizontal_line(0.0, color=frame or "default")
    for index, (points, colour) in enumerate(shown):
        if points.times:
            thin = decimate(points, 2 * (width - margin - 1))
            marker = MARKERS[index % len(MARKERS)] if colour is None else MARKERS[0]
            plotext.plot(thin.times, thin.values, marker=marker, color=colour or "default")
    return drawn()


def _from_zero(points: Points) -> Points:
    first = points.times[0] if points.times else 0
    return Points([time - first for time in points.times], points.values)


def _percents(levels: Sequence[float]) -> list[str]:
    """With as many decimals as it takes to tell the marks apart."""
    step = min((abs(b - a) for a, b in pairwise(levels)), default=0.01)
    digits = 0 if step >= 0.01 else 1 if step >= 0.001 else 2 if step >= 0.0001 else 3
    return [f"{level * 100:+,.{digits}f}%" if abs(level) > step / 1e6 else "0%" for level in levels]


def _elapsed_axis(end: Millis, most: int) -> tuple[list[Millis], list[str]]:
    """Round lengths of time from nothing on, at most so many, and how to write them."""
    most = max(1, most)
    step = next((step for step in STEPS if end // step < most), max(STEPS[-1], end // most + 1))
    marks = list(range(0, end + 1, step))
    return marks, [_elapsed(mark) for mark in marks]


def _elapsed(length: Millis) -> str:
    days, rest = divmod(length // MINUTE, 24 * 60)
    hours, minutes = divmod(rest, 60)
    return f"{days}d" if days and not rest else f"{days}d{hours:02}h" if days else f"{hours}:{minutes:02}"
