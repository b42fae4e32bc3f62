"""A program in a pseudo-terminal, and the screen a person would see of it."""

import re
from collections import defaultdict
from collections.abc import Callable
from typing import Final, NamedTuple

import pyte
from pyte.screens import Cursor

TIMEOUT: Final = 60.0
"""Seconds a condition may take at the most: two slow cores run several programs at once."""

RETRY: Final = 1.0
"""Seconds until a key that may have met a deaf dialog is pressed again."""

_ALTERNATE: Final = 1049
_ATOMIC: Final = 2026
_QUERY: Final = re.compile(rb"\x1b\[\?2026\$p")
_UNKNOWN_TO_PYTE: Final = re.compile(r"\x1b\[[<=>][0-9;]*[A-Za-z]")
_KITTY: Final = re.compile(r"\x1b\[([<>])[0-9]*u")

_MODES: Final = {
    _ALTERNATE: ("the alternate screen", False),
    25: ("the cursor", True),
    7: ("line wrap", True),
    1000: ("mouse clicks", False),
    1002: ("mouse drags", False),
    1003: ("mouse moves", False),
    1006: ("mouse reports in SGR", False),
    1015: ("mouse reports in urxvt's way", False),
    1016: ("mouse reports in pixels", False),
    1004: ("focus reports", False),
    2004: ("bracketed paste", False),
    2048: ("size reports", False),
    _ATOMIC: ("a frame", False),
}
"""Private modes, and whether a shell expects them to be on."""

_KEYS: Final = {
    "enter": "\r",
    "escape": "\x1b",
    "tab": "\t",
    "shift+tab": "\x1b[Z",
    "space": " ",
    "backspace": "\x7f",
    "up": "\x1b[A",
    "down": "\x1b[B",
    "right": "\x1b[C",
    "left": "\x1b[D",
    "home": "\x1b[H",
    "end": "\x1b[F",
    "f1": "\x1bOP",
}


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


class _Screen(pyte.Screen):
    """With an alternate screen, which pyte lacks: what was there before comes back when it is left."""

    def __init__(self, size: Size) -> None:
        super().__init__(*size)
        self._below: tuple[defaultdict[int, object], Cursor] | None = None

    def set_mode(self, *modes: int, private: bool = False, **rest: object) -> None:
        super().set_mode(*modes, private=private, **rest)
        if private and _ALTERNATE in modes and self._below is None:
            self._below = (self.buffer, self.cursor)
            self.buffer = defaultdict(self.buffer.default_factory)
            self.cursor = Cursor(0, 0)

    def reset_mode(self, *modes: int, private: bool = False, **rest: object) -> None:
        super().reset_mode(*modes, private=private, **rest)
        if private and _ALTERNATE in modes and self._below is not None:
            (self.buffer, self.cursor), self._below = self._below, None

    def has(self, mode: int) -> bool:
        return mode << 5 in self.mode


Wanted = str | re.Pattern[str] | Callable[["Terminal"], object]
"""A text or a pattern on the screen, or a question to the terminal."""
