"""The screen of a terminal, as a person sees it."""

import re
from typing import Any, Final, NamedTuple

import pyte
from pyte.screens import Char, Cursor

ALTERNATE: Final = 1049
FRAME: Final = 2026

_MODES: Final = {
    ALTERNATE: ("the alternate screen", False),
    FRAME: ("an unfinished frame", False),
    25: ("the cursor", True),
    7: ("line wrap", True),
    1000: ("mouse clicks", False),
    1002: ("mouse drags", False),
    1003: ("mouse moves", False),
    1006: ("mouse reports (SGR)", False),
    1015: ("mouse reports (urxvt)", False),
    1016: ("mouse reports in pixels", False),
    1004: ("focus reports", False),
    2004: ("bracketed paste", False),
    2048: ("size reports", False),
}
"""Private modes, and whether a shell expects them to be on."""

_CORNERS: Final = {"╭": ("╮", "╰"), "┏": ("┓", "┗")}
"""Upper left corners of a pane, and the upper right and lower left ones that go with them."""


class Size(NamedTuple):
    """Cells."""

    columns: int
    rows: int

    def __str__(self) -> str:
        return f"{self.columns}x{self.rows}"


class Place(NamedTuple):
    """A cell, from 0."""

    column: int
    row: int


class Screen(pyte.Screen):
    """With the alternate screen that pyte lacks: what was there before comes back when it is left."""

    def __init__(self, size: Size) -> None:
        super().__init__(*size)
        self._below: tuple[dict[int, Any], Cursor] | None = None

    def set_mode(self, *modes: int, **kwargs: Any) -> None:
        super().set_mode(*modes, **kwargs)
        if kwargs.get("private") and ALTERNATE in modes and self._below is None:
            self._below = (dict(self.buffer), self.cursor)
            self.buffer.clear()
            self.cursor = Cursor(0, 0)

    def reset_mode(self, *modes: int, **kwargs: Any) -> None:
        super().reset_mode(*modes, **kwargs)
        if kwargs.get("private") and ALTERNATE in modes and self._below is not None:
            lines, self.cursor = self._below
            self._below = None
            self.buffer.clear()
            self.buffer.update(lines)

    def has(self, mode: int) -> bool:
        return mode << 5 in self.mode


class Seen:
    """What is on a screen."""

    def __init__(self, size: Size) -> None:
        self._screen = Screen(size)

    @property
    def lines(self) -> list[str]:
        """One character a cell."""
        screen = self._screen
        return [
            "".join([row[column].data[:1] or " " for column in range(screen.columns)])
            for row in (screen.buffer[number] for number in range(screen.lines))
        ]

    @property
    def text(self) -> str:
        return "\n".join(line.rstrip() for line in self.lines)

    @property
    def title_colours(self) -> dict[str, str]:
        """The colour of each pane's border, by the pane's title."""
        return {title: self.cell(place).fg for title, place in self._panes().items()}

    def pane(self, title: str) -> str:
        """What a pane shows, borders included; empty when it is not in sight."""
        place = self._panes().get(title)
        if place is None:
            return ""
        lines = self.lines
        left, top = place
        closing, below = _CORNERS[lines[top][left]]
        right = lines[top].find(closing, left)
        bottom = next((row for row in range(top + 1, len(lines)) if lines[row][left] == below), len(lines))
        return "\n".join(line[left:right] for line in lines[top : bottom + 1])

    def titles(self) -> set[str]:
        """The titles of the panes that can be seen."""
        return set(self._panes())

    def focused(self) -> str | None:
        """The title of the pane whose border stands out."""
        panes = self._panes()
        bold = [title for title, (column, row) in panes.items() if self.cell(Place(column + 3, row)).bold]
        return bold[0] if len(bold) == 1 else None

    def find(self, text: str) -> Place | None:
        """Where a text begins, the first from above."""
        for row, line in enumerate(self.lines):
            if (column := line.find(text)) >= 0:
                return Place(column, row)
        return None

    def cell(self, place: Place) -> Char:
        """The character of a cell with its colours ("default" or six hexadecimal digits) and styles."""
        return self._screen.buffer[place.row][place.column]

    def colours(self) -> set[str]:
        """Every colour on the screen."""
        size = (self._screen.lines, self._screen.columns)
        cells = [self._screen.buffer[row][column] for row in range(size[0]) for column in range(size[1])]
        return {cell.fg for cell in cells} | {cell.bg for cell in cells}

    def odd_modes(self) -> list[str]:
        """The modes that are not as a shell expects them, in words."""
        return [
            f"{name}: {'off' if on else 'on'}" for mode, (name, on) in _MODES.items() if self._screen.has(mode) != on
        ]

    def _panes(self) -> dict[str, Place]:
        """The upper left corner of each pane in sight, by title."""
        found = {}
        for row, line in enumerate(self.lines):
            for match in re.finditer(r"[╭┏][─━] (\d \w+)", line):
                found[match[1]] = Place(match.start(), row)
        return found

    def _picture(self) -> str:
        edge = "-" * self._screen.columns
        return f"{edge}\n{self.text}\n{edge}"
