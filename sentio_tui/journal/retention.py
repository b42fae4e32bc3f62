"""Keeping the folder of sessions small: packing journals, and removing sessions.

Both hold the session's lock while they work, so they never touch one that runs and none can be resumed meanwhile.
"""

import gzip
import os
import zlib
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, Final

from msgspec import Struct

from sentio_tui.journal.atomic import JournalError, replace_file, sweep, sync_folder
from sentio_tui.journal.lock import SessionLock
from sentio_tui.journal.names import (
    ALERTS,
    CRASH,
    DOCUMENT,
    JOURNAL,
    MARKS,
    PACKED_JOURNAL,
    REPORT,
    close_summary_path,
    journal_path,
    session_lock_path,
)
from sentio_tui.model.bars import Millis

_BLOCK: Final = 1 << 20
_GZIP: Final = zlib.MAX_WBITS | 16
"""What zlib wants to hear to write a gzip file."""

_REPORTS: Final = tuple(REPORT + form for form in ("html", "md", "json", "csv"))

REMOVED: Final = (JOURNAL, PACKED_JOURNAL, MARKS, ALERTS, CRASH, *_REPORTS, DOCUMENT)
"""The files of a session, in the order in which they go: what is listed as long as any is there goes last."""


class Packed(Struct, frozen=True):
    """The size of a journal in bytes, before and after."""

    before: int
    after: int


class NotTheSame(Exception):
    """A journal was packed and did not read back to the same bytes; the journal stands, the packed file is gone."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"{path}: the compressed file does not read back to the same bytes; check the disk")
        self.path = path


def size(folder: Path, name: str) -> int:
    """The bytes of a session's files. Raises OSError."""
    return sum(path.stat().st_size for path in _files(folder, name))


def pack(folder: Path, name: str, now: Millis) -> Packed:
    """Put a compressed journal in the place of the plain one. The document, the marks and the rest stay.

    After a crash the plain journal, the compressed one, or both are there, each whole; the plain one counts then, and
    packing again makes one of two. `now` is the wall clock. Raises LockHeld for a session that runs, NotTheSame,
    JournalError where a file cannot be written, OSError where the journal cannot be read.
    """
    journal = journal_path(folder, name)
    packed = folder / (name + PACKED_JOURNAL)
    with SessionLock(session_lock_path(folder, name), name, now):
        sweep(packed)
        with journal.open("rb") as file:
            found = os.fstat(file.fileno())
            replace_file(packed, _compressed(file))
            file.seek(0)
            if not _is_same(file, packed):
                packed.unlink()
                raise NotTheSame(packed)
        try:
            # The time of the last event stays readable where no document tells it.
            os.utime(packed, ns=(found.st_atime_ns, found.st_mtime_ns))
            sync_folder(folder)
            journal.unlink()
            sync_folder(folder)
        except OSError as cause:
            raise JournalError(packed, cause) from cause
        return Packed(found.st_size, packed.stat().st_size)


def remove(folder: Path, name: str, now: Millis) -> int:
    """Remove every file of a session; how many bytes that freed. `now` is the wall clock.

    Raises LockHeld for a session that runs, JournalError where a file cannot be removed: those after it then stand.
    """
    with SessionLock(session_lock_path(folder, name), name, now):
        freed = 0
        for path in _files(folder, name):
            try:
                length = path.stat().st_size
                path.unlink()
            except OSError as cause:
                raise JournalError(path, cause) from cause
            freed += length
        sweep(close_summary_path(folder, name))
        for suffix in REMOVED:
            sweep(folder / (name + suffix))
        with suppress(OSError):  # they are gone either way
            sync_folder(folder)
        return freed


def _files(folder: Path, name: str) -> list[Path]:
    *paths, document = [folder / (name + suffix) for suffix in REMOVED]
    return [path for path in (*paths, close_summary_path(folder, name), document) if path.is_file()]


def _compressed(file: BinaryIO) -> Iterator[bytes]:
    squeeze = zlib.compressobj(wbits=_GZIP)
    while block := file.read(_BLOCK):
        yield squeeze.compress(block)
    yield squeeze.flush()


def _is_same(file: BinaryIO, packed: Path) -> bool:
    try:
        with gzip.open(packed) as unpacked:
            while True:
                wanted = file.read(_BLOCK)
                if unpacked.read(_BLOCK) != wanted:
                    return False
                if not wanted:
                    return True
    except (OSError, EOFError, zlib.error):
        return False
