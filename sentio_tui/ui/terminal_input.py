"""From the bytes a terminal sends to keys, mouse events and pasted text, whatever is in them."""

import os
import select
import threading
from codecs import getincrementaldecoder
from collections.abc import Callable, Iterable
from typing import Final

from textual._xterm_parser import BRACKETED_PASTE_END, BRACKETED_PASTE_START, XTermParser
from textual.message import Message

_ESCAPE: Final = "\x1b"
_WAIT: Final = 0.1
"""Seconds between two looks at the clock: a lone escape is the key, when nothing follows it."""
_AT_ONCE: Final = 4096
"""Bytes of one read."""


class Parser(XTermParser):
    """Textual's, with no escape left in pasted text: it would take what comes after one as keys."""

    def __init__(self) -> None:
        super().__init__()
        self._end = ""
        """The last characters, as far as they may be the beginning of the mark that is awaited."""
        self._is_pasting = False

    def feed(self, data: str) -> Iterable[Message]:
        """Parse the next characters. None at all are the end of the input."""
        kept = "".join(map(self._keep, data))
        if kept or not data:
            yield from super().feed(kept)

    def _keep(self, character: str) -> str:
        """What goes on to Textual's parser, now that this character came."""
        mark = BRACKETED_PASTE_END if self._is_pasting else BRACKETED_PASTE_START
        before = self._end
        self._end += character
        while not mark.startswith(self._end):
            self._end = self._end[1:]
        if not self._is_pasting:
            kept = character
        elif self._end == mark:
            kept = mark
        else:
            kept = (before + character)[: len(before) + 1 - len(self._end)].replace(_ESCAPE, "")
        if self._end == mark:
            self._is_pasting = not self._is_pasting
            self._end = ""
        return kept


def read(descriptor: int, ended: threading.Event, take: Callable[[Message], None]) -> None:
    """Hand every event to `take` until `ended` is set or the terminal has gone. What is no UTF-8 is replaced."""
    parser = Parser()
    decode = getincrementaldecoder("utf-8")("replace").decode
    while not ended.is_set():
        if select.select([descriptor], [], [], _WAIT)[0]:
            try:
                data = os.read(descriptor, _AT_ONCE)
            except OSError:
                return
            if not data:
                return
            if text := decode(data):
                for event in parser.feed(text):
                    take(event)
        for event in parser.tick():
            take(event)
