"""Reading a journal piece by piece while its session goes on writing it."""

import gzip
import os
import zlib
from pathlib import Path
from typing import Final

from sentio_tui.journal.reader import decode_line, decode_lines, is_json
from sentio_tui.model.events import AnyEvent

PIECE: Final = 1 << 18
"""Bytes read at one go: some milliseconds of decoding."""


class GrowingJournal:
    """The whole events of a journal, plain or compressed, in the order of the file, as far as they are written.

    A line that is not whole yet is left until it is. Where a line is no event `problem` says which, and nothing after
    it is read. Opening raises OSError, as does reading.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._raw = path.open("rb", buffering=0)  # a buffer would give again what has been overwritten since
        self._file = gzip.GzipFile(fileobj=self._raw) if path.suffix == ".gz" else self._raw
        self._rest = b""
        """What was read behind the last whole line. Nothing of it counts before its line break is there."""
        self._torn = 0
        self._lines = 0
        self.problem = ""
        """Why nothing more can be read, in words; empty while it can."""

    def close(self) -> None:
        self._file.close()
        self._raw.close()

    @property
    def torn(self) -> str:
        """What stands at the end and is no whole line, in words; empty where nothing does."""
        if not self._torn:
            return ""
        size = "1 byte" if self._torn == 1 else f"{self._torn:,} bytes"
        return f"the last line is not whole: {size} behind line {self._lines:,}"

    @property
    def share(self) -> float:
        """How much of the file has been read, 0.0 to 1.0."""
        size = os.fstat(self._raw.fileno()).st_size
        return min(1.0, self._raw.tell() / size) if size else 1.0

    @property
    def is_current(self) -> bool:
        """Whether the path is still this file, and no shorter than what was read. A session that is resumed cuts a torn
        line off; one that is packed has another file in its place."""
        try:
            found = self._path.stat()
        except FileNotFoundError:
            return False
        opened = os.fstat(self._raw.fileno())
        return (found.st_dev, found.st_ino) == (opened.st_dev, opened.st_ino) and found.st_size >= self._raw.tell()

    def read(self) -> list[AnyEvent]:
        """The next whole events, of about `PIECE` bytes; none where nothing more is written yet."""
        while not self.problem:
            try:
                piece = self._file.read(PIECE)
            except (EOFError, zlib.error, gzip.BadGzipFile) as error:
                self.problem = f"the compressed journal is broken behind line {self._lines:,}: {error}"
                break
            data = self._rest + piece
            end = data.rfind(b"\n") + 1
            self._rest = data[end:]
            events = self._events(data[:end]) if end else []
            if events:
                return events
            if not piece:
                self._leave_rest()
                break
        return []

    def _leave_rest(self) -> None:
        """At the end of the file, read what is not whole anew the next time: a session that is resumed cuts it off and
        writes something else there."""
        self._torn = len(self._rest)
        if self._file is self._raw:
            self._raw.seek(-len(self._rest), os.SEEK_CUR)
            self._rest = b""

    def _events(self, data: bytes) -> list[AnyEvent]:
        self._torn = 0
        count = data.count(b"\n")
        try:
            events = decode_lines(data)
        except ValueError:
            events = []
        if len(events) == count:
            self._lines += count
            return events
        return self._line_by_line(data)

    def _line_by_line(self, data: bytes) -> list[AnyEvent]:
        """The slow way, which knows the line. A last one that is no JSON is torn, even with its line break."""
        events: list[AnyEvent] = []
        lines = data.split(b"\n")[:-1]
        for number, line in enumerate(lines, 1):
            try:
                events.append(decode_line(line))
            except ValueError as error:
                if number == len(lines) and not self._rest and not is_json(line):
                    self._rest = line + b"\n"
                else:
                    self.problem = f"the journal is damaged at line {self._lines + 1:,}: no event: {error}"
                break
            self._lines += 1
        return events
