"""What a benchmark gives, how large it is, and the one table all of it is printed in."""

from collections.abc import Callable, Iterable, Sequence
from statistics import median
from typing import Final

from msgspec import Struct


class Size(Struct, frozen=True):
    """How much is measured.

    `bars` of one throughput run, `rounds` of everything that is repeated, `events` of a journal that is recovered,
    `minutes` of market time of a long session, `seconds` of wall time a screen is watched, `keys` pressed.
    """

    bars: int
    rounds: int
    events: int
    minutes: int
    seconds: float
    keys: int


FULL: Final = Size(bars=100_000, rounds=9, events=100_000, minutes=1_440, seconds=10.0, keys=100)
QUICK: Final = Size(bars=10_000, rounds=3, events=10_000, minutes=300, seconds=1.0, keys=5)


class Result(Struct, frozen=True):
    """One line of the table, in words and figures for people. `met` is None where there is no budget or no figure."""

    what: str
    figure: str
    budget: str = ""
    met: bool | None = None
    peer: str = ""
    ratio: str = ""


Benchmark = Callable[[Size], Sequence[Result]]

_HEADINGS: Final = ("what", "figure", "budget", "", "peer", "ratio")
_VERDICTS: Final = {True: "met", False: "MISSED", None: ""}


def table(results: Iterable[Result]) -> str:
    """All results as text, a line each."""
    rows = [(row.what, row.figure, row.budget, _VERDICTS[row.met], row.peer, row.ratio) for row in results]
    widths = [max(len(row[column]) for row in (_HEADINGS, *rows)) for column in range(len(_HEADINGS))]
    rule = tuple("-" * width for width in widths)
    lines = [_HEADINGS, rule, *rows]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines
    )


def alternate(rounds: int, *runs: Callable[[], float]) -> list[list[float]]:
    """Each run's figures, taken in turn, so that a machine that grows slow is slow for all of them. One round before
    the first warms up and does not count."""
    figures: list[list[float]] = [[] for _ in runs]
    for number in range(rounds + 1):
        for run, taken in zip(runs, figures, strict=True):
            figure = run()
            if number:
                taken.append(figure)
    return figures


def median_ratio(above: Sequence[float], below: Sequence[float]) -> float:
    """The median of the ratios of figures that were taken one after the other."""
    return median(one / other for one, other in zip(above, below, strict=True))
