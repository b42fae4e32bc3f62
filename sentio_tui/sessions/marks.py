"""Marks a person set in a session, with a note each, kept in a file beside it."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from sentio_tui.journal.atomic import JournalError, replace_file
from sentio_tui.sessions.base import Mark, MarksError

NOTE_LENGTH: Final = 200
"""Characters of a note; the rest is cut off."""


class _File(Struct, frozen=True):
    session: str
    marks: tuple[Mark, ...]


class Marks:
    """The marks of one session, in the order of their events; at most one at an event.

    The file is read again before each change, so that of two viewers neither loses the other's marks.
    """

    def __init__(self, path: Path, session: str) -> None:
        self._path = path
        self._session = session

    def read(self) -> Sequence[Mark]:
        """All marks on disk; none where there is no file. Raises MarksError."""
        try:
            return tuple(sorted(msgspec.json.decode(self._path.read_bytes(), type=_File).marks))
        except FileNotFoundError:
            return ()
        except (OSError, ValueError) as error:
            why = error.strerror if isinstance(error, OSError) else error
            raise MarksError(
                f"{self._path}: the marks cannot be read: {why}. Put the file right or remove it."
            ) from error

    def set(self, mark: Mark) -> Sequence[Mark]:
        """Add a mark, in place of one at the same event; all marks. Raises MarksError."""
        others = [other for other in self.read() if other.event != mark.event]
        return self._write([*others, replace(mark, note=mark.note.strip()[:NOTE_LENGTH])])

    def remove(self, event: int) -> Sequence[Mark]:
        """Take the mark at an event away; all marks that are left. Raises MarksError."""
        return self._write([mark for mark in self.read() if mark.event != event])

    def _write(self, marks: Sequence[Mark]) -> Sequence[Mark]:
        ordered = tuple(sorted(marks))
        text = msgspec.json.format(msgspec.json.encode(_File(self._session, ordered)))
        try:
            replace_file(self._path, [text, b"\n"])
        except JournalError as error:
            raise MarksError(str(error)) from error
        return ordered
