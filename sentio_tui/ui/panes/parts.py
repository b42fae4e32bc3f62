"""Lines that more than one pane draws."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final, NamedTuple

from rich.cells import cell_len

from sentio_tui.model.decisions import Reason
from sentio_tui.ui.formatting import bar, clean, cut, left, number, right, share
from sentio_tui.ui.widgets.line_board import BLANK, Line, Span

GAP: Final = 3
"""Cells between two columns."""


class Block(NamedTuple):
    """Lines that belong together. The lower the rank, the more they matter; with fewer than `least` lines of them
    nothing is said."""

    rank: int
    least: int
    lines: Sequence[Line]


def stacked(blocks: Iterable[Block], height: int) -> list[Line]:
    """Blocks one below the other in at most `height` lines. The most important take what they need first; a block that
    would be left with fewer than its least lines is left out."""
    shown = list(blocks)
    sizes = [0] * len(shown)
    for index in sorted(range(len(shown)), key=lambda index: shown[index].rank):
        lines, room = len(shown[index].lines), height - sum(sizes)
        if min(lines, room) >= min(shown[index].least, lines):
            sizes[index] = min(lines, room)
    return [line for block, size in zip(shown, sizes, strict=True) for line in block.lines[:size]]


def beside(first: Sequence[Line], width: int, second: Sequence[Line]) -> list[Line]:
    """Two columns; the first is `width` cells wide."""
    lines = []
    for index in range(max(len(first), len(second))):
        one = first[index] if index < len(first) else BLANK
        other = second[index] if index < len(second) else BLANK
        room = width + GAP - sum(cell_len(span.text) for span in one.spans)
        lines.append(Line((*one.spans, Span(" " * room), *other.spans)))
    return lines


def rule(title: str, width: int) -> Line:
    """A title with a line to the edge."""
    text = cut(title, width - 4)
    return Line((Span(text + " ", "header"), Span("─" * max(0, width - cell_len(text) - 1), "grid")))


def meter(fraction: float, width: int, style: str) -> tuple[Span, Span]:
    """A horizontal bar of exactly `width` cells."""
    filled, rest = bar(fraction, width)
    return Span(filled, style), Span(rest, "grid")


def labelled(label: str, text: str, width: int) -> list[Line]:
    """A label with its text, in at most two lines."""
    first, *rest = wrapped(f"{label} {text}", width, 2)
    at = len(label) + 1
    return [Line((Span(first[:at], "muted"), Span(first[at:]))), *(Line((Span(part),)) for part in rest)]


def value_lines(values: Mapping[str, float], width: int) -> list[Line]:
    """Names and values, two or more pairs a line where they fit."""
    columns = max(1, width // 20)
    each = (width - 2 * (columns - 1)) // columns
    cells = []
    for name, value in values.items():
        text = number(value, min(12, each))
        label = cut(name.replace("_", " "), each - len(text) - 1)
        cells.append((Span(left(label, each - len(text)), "muted"), Span(text, "strong")))
    lines = []
    for start in range(0, len(cells), columns):
        spans: list[Span] = []
        for position, cell in enumerate(cells[start : start + columns]):
            spans += [Span("  "), *cell] if position else cell
        lines.append(Line(tuple(spans)))
    return lines


def reason_lines(reasons: Mapping[Reason, int], width: int) -> list[Line]:
    """How often each reason was given, the most frequent first."""
    ranked = sorted(reasons.items(), key=lambda pair: (-pair[1], pair[0].value))
    total, most = sum(reasons.values()), max(reasons.values(), default=0)
    names = min(width // 2, max((len(reason.text) for reason, _ in ranked), default=1))
    counts = max((len(f"{count:,}") for count in reasons.values()), default=1)
    room = width - names - counts - 9
    return [
        Line(
            (
                Span(left(reason.text, names) + " ", "accent" if reason.trades else ""),
                *meter(count / most, room if room >= 4 else 0, "accent" if reason.trades else "muted"),
                Span(f" {count:>{counts},}", "strong"),
                Span(right(share(count / total, 6), 7), "muted"),
            )
        )
        for reason, count in ranked
        if count > 0
    ]


def wrapped(text: str, width: int, most: int) -> list[str]:
    """Words in at most so many lines; what does not fit is told by an ellipsis."""
    lines: list[str] = []
    rest = clean(text).strip()
    while rest and len(lines) < most - 1 and cut(rest, width) != rest:
        head = cut(rest, width)[:-1]
        at = head.rfind(" ")
        head = head[:at] if at > width // 2 else head
        lines.append(head.rstrip())
        rest = rest[len(head) :].lstrip()
    if rest:
        lines.append(cut(rest, width))
    return lines
