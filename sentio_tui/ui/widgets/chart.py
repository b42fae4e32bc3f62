"""The equity chart: plotext's picture of a curve, as lines for a `LineBoard`.

plotext draws into one global figure, so everything here may be called from one thread only: the screen's.
"""

import math
import re
from collections.abc import Sequence
from itertools import pairwise
from typing import Final, NamedTuple

from sentio_tui.model.bars import MINUTE, Millis
from sentio_tui.model.snapshot import Curve
from sentio_tui.ui.formatting import clock, left, right, share, utc_offset
from sentio_tui.ui.theming import ChartColours, Rgb
from sentio_tui.ui.widgets.line_board import Line, Span

_HOUR: Final = 60 * MINUTE
_DAY: Final = 24 * _HOUR
STEPS: Final = (
    *(minutes * MINUTE for minutes in (1, 2, 5, 10, 15, 30)),
    *(hours * _HOUR for hours in (1, 2, 3, 6, 12)),
    *(days * _DAY for days in (1, 2, 7, 14, 28, 91, 182, 364)),
)
"""Distances of time marks, in milliseconds."""
LARGEST: Final = 1e15
"""Values beyond it, and what is no number, are left out: plotext cannot place them."""
_SGR: Final = re.compile(r"\x1b\[([0-9;]*)m")
_DRAWDOWN_FROM: Final = 11
"""Lines from which on the drawdown has a picture of its own."""


class Points(NamedTuple):
    """Times in milliseconds and values, of one length."""

    times: Sequence[Millis]
    values: Sequence[float]


def finite(times: Sequence[Millis], values: Sequence[float]) -> Points:
    """The points whose value can be drawn."""
    kept = [(time, value) for time, value in zip(times, values, strict=False) if abs(value) <= LARGEST]
    return Points([time for time, _ in kept], [value for _, value in kept])


def decimate(points: Points, columns: int) -> Points:
    """At most two points a column of pixels, its lowest and its highest, so that no spike is lost. The first and the
    last point are always kept."""
    times, values = points
    if len(times) <= 2 * columns or columns < 1:
        return points
    start, span = times[0], max(1, times[-1] - times[0])
    buckets: dict[int, tuple[int, int]] = {}
    for index, (time, value) in enumerate(zip(times, values, strict=True)):
        column = min(columns - 1, (time - start) * columns // span)
        low, high = buckets.get(column, (index, index))
        buckets[column] = (index if value < values[low] else low, index if value > values[high] else high)
    picked = sorted({0, len(times) - 1, *(index for pair in buckets.values() for index in pair)})
    return Points([times[index] for index in picked], [values[index] for index in picked])


def deepest_of_each(points: Points, columns: int, ends: tuple[Millis, Millis]) -> Points:
    """The lowest value of each column of pixels between two moments, up to that of the last point; a column without
    a point has the value before."""
    start, span = ends[0], max(1, ends[1] - ends[0])
    lowest: dict[int, float] = {}
    for time, value in zip(*points, strict=True):
        column = min(columns - 1, max(0, (time - start) * columns // span))
        lowest[column] = min(value, lowest.get(column, math.inf))
    times: list[Millis] = []
    values: list[float] = []
    for column in range(min(lowest, default=0), max(lowest, default=-1) + 1):
        values.append(lowest.get(column, values[-1] if values else 0.0))
        times.append(start + round((column + 0.5) * span / columns))
    return Points(times, values)


def equity_chart(
    curve: Curve, initial: float, zone: str, width: int, height: int, colours: ChartColours
) -> tuple[Line, ...]:
    """The curve with the initial capital as a line of reference and, given enough lines, the drawdown below it.

    Exactly `height` lines of at most `width` cells; none when no point can be drawn or there is no room.
    """
    equity = finite(curve.times, curve.equity)
    if not equity.times or width < 16 or height < 3:
        return ()
    drawdown = finite(curve.times, curve.drawdown)
    below = max(5, height * 3 // 10) if height >= _DRAWDOWN_FROM and drawdown.times else 0
    above = height - below
    low, high = limits([*equity.values, initial] if abs(initial) <= LARGEST else equity.values)
    levels = round_values(low, high, max(2, (above - 1) // 3))
    labels = value_labels(levels)
    deepest = min([*drawdown.values, -0.001]) if below else 0.0
    depths = [0.0, deepest] if below else []
    depth_labels = [share(depth) for depth in depths]
    margin = max(map(len, (*labels, *depth_labels)))
    columns = 2 * (width - margin - 1)
    ends = (equity.times[0], max(equity.times[-1], equity.times[0] + MINUTE))
    axis = time_axis(*ends, zone, (width - margin - 1) // 11)

    upper = _picture(
        decimate(equity, columns),
        (width, above),
        ends,
        (low, high),
        (levels, [right(label, margin) for label in labels]),
        None if below else axis,
        colours.equity,
        colours.axis,
        reference=initial if abs(initial) <= LARGEST else None,
    )
    if not below:
        return _with_zone(upper, margin, ends[0], zone)
    lower = _picture(
        deepest_of_each(drawdown, columns, ends),
        (width, below),
        ends,
        (deepest, 0.0),
        (depths, [right(label, margin) for label in depth_labels]),
        axis,
        colours.drawdown,
        colours.axis,
        filled=True,
    )
    return (*upper, *_with_zone(lower, margin, ends[0], zone))


def _picture(
    points: Points,
    size: tuple[int, int],
    ends: tuple[Millis, Millis],
    heights: tuple[float, float],
    levels: tuple[Sequence[float], Sequence[str]],
    axis: tuple[Sequence[Millis], Sequence[str]] | None,
    colour: Rgb | None,
    frame: Rgb | None,
    *,
    reference: float | None = None,
    filled: bool = False,
) -> tuple[Line, ...]:
    import plotext

    empty_canvas(size, ends, heights, levels, axis, frame)
    if reference is not None:
        plotext.horizontal_line(reference, color=frame or "default")
    # Filling needs no lines between the points where there is one for each column of pixels; those are costly.
    draw = plotext.scatter if filled else plotext.plot
    draw(points.times, points.values, marker="braille", color=colour or "default", fillx=filled)
    return drawn()


def empty_canvas(
    size: tuple[int, int],
    ends: tuple[Millis, Millis],
    heights: tuple[float, float],
    levels: tuple[Sequence[float], Sequence[str]],
    axis: tuple[Sequence[Millis], Sequence[str]] | None,
    frame: Rgb | None,
) -> None:
    """Begin plotext's one picture: `size` in cells, the range of times and of values, their marks, and the colour of
    what is around them. Without an `axis` there are no marks of time."""
    import plotext

    plotext.clear_figure()
    plotext.limit_size(False, False)
    plotext.plot_size(*size)
    plotext.canvas_color("default")
    plotext.axes_color("default")
    plotext.ticks_color(frame or "default")
    plotext.frame(False)
    plotext.xaxes(axis is not None, False)
    plotext.yaxes(True, False)
    plotext.xlim(*ends)
    plotext.ylim(*heights)
    plotext.yticks(levels[0], levels[1])
    plotext.xticks(*(axis or ([], [])))


def drawn() -> tuple[Line, ...]:
    """Plotext's picture as it is now."""
    import plotext

    return tuple(from_ansi(text) for text in plotext.build().rstrip("\n").split("\n"))


def from_ansi(text: str) -> Line:
    """A line of text with SGR sequences for 24-bit foreground colours, as spans. Other sequences count as a reset."""
    spans: list[Span] = []
    style, start = "", 0
    for match in _SGR.finditer(text):
        if match.start() > start:
            spans.append(Span(text[start : match.start()], style))
        start = match.end()
        codes = match[1].split(";")
        is_colour = codes[:2] == ["38", "2"] and len(codes) == 5
        style = f"#{int(codes[2]):02x}{int(codes[3]):02x}{int(codes[4]):02x}" if is_colour else ""
    if start < len(text):
        spans.append(Span(text[start:], style))
    return Line(tuple(spans))


def limits(values: Sequence[float]) -> tuple[float, float]:
    """The range to draw: that of the values with a little air, and never empty."""
    low, high = min(values), max(values)
    air = (high - low) * 0.04
    if not math.isfinite(air):
        return low, high
    return (low - air, high + air) if air > abs(high) * 1e-9 else (low - _around(low), high + _around(high))


def _around(value: float) -> float:
    return abs(value) * 0.001 or 1.0


def round_values(low: float, high: float, most: int) -> list[float]:
    """Round values within a range, at most so many; the ends when there are none."""
    span = high - low
    if not math.isfinite(span) or span <= 0:
        return [low]
    power = 10.0 ** math.floor(math.log10(span / most))
    for factor in (1, 2, 2.5, 5, 10, 20):
        step = factor * power
        first = math.ceil(low / step)
        count = math.floor(high / step) - first + 1
        if 1 <= count <= most:
            return [(first + index) * step for index in range(count)]
    return [low, high]


def value_labels(levels: Sequence[float]) -> list[str]:
    """The marks with as many decimals as it takes to tell them apart."""
    step = min((abs(b - a) for a, b in pairwise(levels)), default=1.0)
    digits = 0 if step >= 1 and all(level == round(level) for level in levels) else 2 if step >= 0.01 else 4
    if max(map(abs, levels)) >= 1e9:
        return [f"{level:.4g}" for level in levels]
    return [f"{level:,.{digits}f}" for level in levels]


def time_axis(start: Millis, end: Millis, zone: str, most: int) -> tuple[list[Millis], list[str]]:
    """Round moments of the zone's clock between two others, at most so many, and how to write them."""
    most = max(1, most)
    step = next((step for step in STEPS if (end - start) // step < most), max(STEPS[-1], (end - start) // most + 1))
    east = utc_offset(start, zone)
    first = -(-(start + east) // step) * step - east
    marks = list(range(first, end + 1, step)) or [start]
    return marks, [clock(mark, zone, "%d %b" if (mark + east) % _DAY == 0 else "%H:%M") for mark in marks]


def _with_zone(lines: tuple[Line, ...], margin: int, at: Millis, zone: str) -> tuple[Line, ...]:
    """The zone's short name on the line of the time marks: at its left end where that is free, else at its right."""
    name = clock(at, zone, "%Z")
    *rest, last = lines
    text = last.text
    width = len(text)
    style = next((span.style for span in last.spans if span.text.strip()), "")
    for start, end in ((0, margin + 1), (width - len(name) - 1, width)):
        if start >= 0 and len(name) < end - start and not text[start:end].strip():
            middle = Span(left(name, end) if start == 0 else right(name, end - start), style)
            return (*rest, Line((*_slice(last.spans, 0, start), middle, *_slice(last.spans, end, width))))
    return lines


def _slice(spans: Sequence[Span], start: int, end: int) -> list[Span]:
    """What of the spans lies between two columns; every character is one cell wide."""
    kept: list[Span] = []
    at = 0
    for span in spans:
        text = span.text[max(0, start - at) : max(0, end - at)]
        at += len(span.text)
        if text:
            kept.append(Span(text, span.style))
    return kept
