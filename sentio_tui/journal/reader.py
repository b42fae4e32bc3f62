"""Reading a journal: strict about everything but the end, where a crash may have torn the last line."""

import gzip
import os
import zlib
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct

from sentio_tui.journal.atomic import JournalError
from sentio_tui.model.events import AnyEvent, SessionStarted

_OPENING: Final = b'{"event":"session_started"'
_BLOCK: Final = 1 << 16
_PIECE: Final = 1 << 18
"""Bytes decoded at one go: some milliseconds."""

_decoder: msgspec.json.Decoder[AnyEvent] = msgspec.json.Decoder(AnyEvent)
_lax: msgspec.json.Decoder[AnyEvent] = msgspec.json.Decoder(AnyEvent, strict=False)


class JournalContent(Struct, frozen=True):
    """The whole events of a journal, in order.

    `torn` says in words what is wrong with the end, None when nothing is. `good_bytes` is the length of the whole
    events, for a compressed journal as unpacked.
    """

    events: list[AnyEvent]
    torn: str | None
    good_bytes: int


class JournalDamaged(Exception):
    """A journal that is wrong elsewhere than at its torn end.

    `line` counts from 1 (0: the file as a whole), `good` holds the whole events before it.
    """

    def __init__(self, path: Path, line: int, problem: str, good: JournalContent) -> None:
        place = f"{path}, line {line}" if line else str(path)
        count = len(good.events)
        before = {0: "No event before it is whole.", 1: "The 1 event before it is whole."}
        super().__init__(f"{place}: {problem}. {before.get(count, f'The {count} events before it are whole.')}")
        self.path = path
        self.line = line
        self.problem = problem
        self.good = good


def read_all(path: Path) -> JournalContent:
    """Every event of a journal, plain or compressed (`.gz`). A file of no bytes has none.

    The end is torn when the file does not end with a line break, or its last line is no JSON. Raises JournalDamaged
    for any other line that is no event, a gap or a repeat in `seq`, and a first event that is not SessionStarted
    with number 1; OSError where the file cannot be read.
    """
    data = _load(path)
    good = data.rfind(b"\n") + 1
    try:
        events = _decoded(data, good)
    except ValueError:
        events = []
    content = JournalContent(events, None, good)
    if not _is_in_order(events) or len(events) != data.count(b"\n"):
        content = _line_by_line(path, data[:good])
        good = content.good_bytes
    tail = data[good:]
    if not tail:
        return content
    if not content.events and tail[: len(_OPENING)] != _OPENING[: len(tail)]:
        raise JournalDamaged(path, 1, "this is no journal: it does not begin with session_started", content)
    torn = f"the last line was torn: {_size(len(tail))} from byte {good} on are no whole event ({_excerpt(tail)})"
    return JournalContent(content.events, torn, good)


def head(path: Path) -> SessionStarted:
    """The first event, without reading the rest. Raises JournalDamaged where there is none, OSError."""
    nothing = JournalContent([], None, 0)
    try:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
            line = file.readline()
    except (EOFError, zlib.error, gzip.BadGzipFile) as cause:
        raise JournalDamaged(path, 0, f"the compressed file is broken: {cause}", nothing) from cause
    if not line.endswith(b"\n"):
        raise JournalDamaged(path, 1, "the session ended before its first event was written", nothing)
    try:
        event = decode_line(line)
    except ValueError as cause:
        raise JournalDamaged(path, 1, f"no event: {cause}", nothing) from cause
    if not isinstance(event, SessionStarted) or event.seq != 1:
        raise JournalDamaged(path, 1, "the first event is not session_started with number 1", nothing)
    return event


def tail(path: Path) -> tuple[AnyEvent | None, int]:
    """The last whole event, read from the end, and the number of bytes up to its end; None and 0 where there is none.

    What stands before it is not checked. Raises JournalDamaged where the last line is JSON but no event, OSError.
    """
    if path.suffix == ".gz":
        return _last_of(path, _load(path), 0) or (None, 0)
    with path.open("rb") as file:
        start = file.seek(0, os.SEEK_END)
        data = b""
        while start:
            step = min(start, max(_BLOCK, len(data)))
            start -= step
            file.seek(start)
            data = file.read(step) + data
            found = _last_of(path, data, start)
            if found:
                return found
    return None, 0


def tail_event(path: Path) -> AnyEvent | None:
    """The last whole event, or None; as `tail`."""
    return tail(path)[0]


def repair(path: Path) -> str | None:
    """Cut a torn end off, on disk, and say what was cut; None where nothing was torn.

    Raises JournalDamaged where more is wrong than the end (nothing is cut then), JournalError where the file cannot
    be written, ValueError for a compressed journal.
    """
    if path.suffix == ".gz":
        raise ValueError(f"{path}: a compressed journal is not repaired; unpack it first (gunzip)")
    content = read_all(path)
    if content.torn is None:
        return None
    try:
        descriptor = os.open(path, os.O_WRONLY)
        try:
            os.ftruncate(descriptor, content.good_bytes)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    except OSError as cause:
        raise JournalError(path, cause) from cause
    return f"{path}: {content.torn}; cut off, {len(content.events)} whole events remain"


def _load(path: Path) -> bytes:
    data = path.read_bytes()
    if path.suffix != ".gz":
        return data
    try:
        return gzip.decompress(data)
    except (EOFError, zlib.error, gzip.BadGzipFile) as cause:
        nothing = JournalContent([], None, 0)
        raise JournalDamaged(path, 0, f"the compressed file is broken: {cause}", nothing) from cause


def _decoded(data: bytes, end: int) -> list[AnyEvent]:
    """The events of all lines up to a line's end. Piece by piece: whoever reads a journal beside a session that runs
    leaves its thread the interpreter in between. Raises ValueError where one is no event."""
    events: list[AnyEvent] = []
    begin = 0
    with memoryview(data) as view:
        while begin < end:
            close = data.rfind(b"\n", begin, min(begin + _PIECE, end)) + 1 or data.find(b"\n", begin, end) + 1
            events += decode_lines(view[begin:close])
            begin = close
    return events


def decode_lines(data: bytes | memoryview) -> list[AnyEvent]:
    """The events of whole lines. Raises ValueError where one is no event, or holds a figure that is no number."""
    return _decoder.decode_lines(data)


def decode_line(line: bytes) -> AnyEvent:
    """Raises ValueError. Figures that are no numbers stand in quotes, which only the lax decoder takes for floats."""
    try:
        return _decoder.decode(line)
    except msgspec.ValidationError:
        if b'"nan"' in line or b'inf"' in line:
            return _lax.decode(line)
        raise


def _is_in_order(events: list[AnyEvent]) -> bool:
    if not events:
        return True
    if not isinstance(events[0], SessionStarted):
        return False
    return all(event.seq == number for number, event in enumerate(events, 1))


def _line_by_line(path: Path, data: bytes) -> JournalContent:
    """The slow way, which knows the line. The last line may be torn and is left out then."""
    events: list[AnyEvent] = []
    good = 0
    lines = data.split(b"\n")[:-1]
    for number, line in enumerate(lines, 1):
        problem = ""
        try:
            event = decode_line(line)
        except ValueError as cause:
            if number == len(lines) and events and not is_json(line):
                break
            problem = f"no event: {cause}"
        else:
            if number == 1 and not isinstance(event, SessionStarted):
                problem = "the first event is not session_started"
            elif event.seq != number:
                problem = f"event {event.seq} stands where event {number} was due"
        if problem:
            raise JournalDamaged(path, number, problem, JournalContent(events, None, good))
        events.append(event)
        good += len(line) + 1
    return JournalContent(events, None, good)


def _last_of(path: Path, data: bytes, start: int) -> tuple[AnyEvent, int] | None:
    """The last whole event of a piece of a journal that begins at byte `start`, and where it ends."""
    end = data.rfind(b"\n")
    while end >= 0:
        begin = data.rfind(b"\n", 0, end) + 1
        if begin == 0 and start:
            return None
        line = data[begin:end]
        try:
            return decode_line(line), start + end + 1
        except ValueError as cause:
            if is_json(line):
                problem = f"the last line is no event: {cause}"
                raise JournalDamaged(path, 0, problem, JournalContent([], None, 0)) from cause
        end = begin - 1
    return None


def is_json(line: bytes) -> bool:
    """Whether a line is whole, if not an event. Half a line never is."""
    try:
        msgspec.json.decode(line)
    except ValueError:
        return False
    return True


def _size(count: int) -> str:
    return "1 byte" if count == 1 else f"{count} bytes"


def _excerpt(data: bytes) -> str:
    return repr(data[:60])[2:-1] + ("..." if len(data) > 60 else "")
