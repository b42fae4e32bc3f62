"""What the charts of a report have in common: how plotly takes them, and which points of many are drawn.

A colour is written as the theme's variable with an "@" in front ("@trade-gain"); the page puts in what is in force.
Text from outside is escaped: plotly takes it for markup otherwise.
"""

import html
import math
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Final

import numpy as np
from msgspec import Struct
from numpy.typing import ArrayLike, NDArray

from sentio_tui.plain import clean

STRETCHES: Final = 800
"""Of a curve at the most: its lowest and highest of each are drawn."""
POINTS: Final = 2_000
"""Single points of a chart at the most, such as trades."""

Data = dict[str, object]


class Chart(Struct, frozen=True):
    """`name` is its id on the page, `note` says what is drawn, and what was left out."""

    name: str
    title: str
    note: str
    data: list[Data]
    layout: Data
    is_wide: bool = True


def text(words: str) -> str:
    """Text from outside as plotly shows it."""
    return html.escape(clean(words), quote=False)


def stretches(values: ArrayLike, *others: ArrayLike, most: int = STRETCHES) -> "NDArray[np.int64]":
    """Where the lowest and the highest of each of `most` stretches lie, in order, with both ends. All sequences are of
    one length."""
    columns = [np.asarray(each, dtype=np.float64) for each in (values, *others)]
    total = len(columns[0])
    if total <= 2 * most:
        return np.arange(total)
    bounds = np.arange(most + 1) * total // most
    chosen = {0, total - 1}
    for column in columns:
        for start, stop in pairwise(bounds.tolist()):
            part = column[start:stop]
            chosen.update((start + int(part.argmin()), start + int(part.argmax())))
    return np.array(sorted(chosen), dtype=np.int64)


def broken(reason: str, at: int = 60) -> str:
    """A long reason on several lines."""
    lines = [""]
    for word in clean(reason).split():
        if lines[-1] and len(lines[-1]) + len(word) >= at:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip()
    return "<br>".join(html.escape(line[:200], quote=False) for line in lines)


def spread(total: int, values: Sequence[float] | None = None) -> list[int]:
    """Which of many to draw: all, or evenly, or the lowest and highest of each stretch."""
    if total <= POINTS:
        return list(range(total))
    if values is not None:
        lowest_and_highest: list[int] = stretches(values, most=POINTS // 2).tolist()
        return lowest_and_highest
    return sorted({round(index * (total - 1) / (POINTS - 1)) for index in range(POINTS)})


def thinned(drawn: int, there: int, what: str, how: str = "the lowest and highest of each stretch") -> str:
    """A sentence on what is not drawn; empty where all is."""
    return f" Drawn are {drawn:,} of {there:,} {what}: {how}." if drawn < there else ""


def tones(values: Iterable[float]) -> list[str]:
    """The colours of gains and losses."""
    return ["@trade-gain" if value > 0.0 else "@trade-loss" if value < 0.0 else "@trade-flat" for value in values]


def line(colour: str) -> Data:
    return {"color": colour, "width": 1.6}


def rounded(values: ArrayLike, digits: int) -> list[float | None]:
    """What is no finite number is a gap."""
    return [
        value if math.isfinite(value) else None
        for value in np.round(np.asarray(values, dtype=np.float64), digits).tolist()
    ]
