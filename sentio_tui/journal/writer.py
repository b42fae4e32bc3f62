"""Writing a journal: one event a line, numbered without gaps, nothing lost when the disk fails for a while."""

import math
import os
import threading
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final, Self

import msgspec

from sentio_tui.journal.atomic import JournalError, sync_data, sync_folder, write_all
from sentio_tui.journal.reader import JournalContent, JournalDamaged, tail
from sentio_tui.model.events import (
    AccountAdopted,
    AccountReported,
    AnyEvent,
    CancelRequested,
    CommandGiven,
    FaultReported,
    OrderAccepted,
    OrderCancelled,
    OrderExpired,
    OrderFilled,
    OrderRejected,
    OrderSubmitted,
    SessionEnded,
    SessionResumed,
    SessionStarted,
)

LARGEST_UNSYNCED: Final = 32 << 20
"""Bytes after which `append` waits for the disk by itself, so that what is kept for a second attempt is bounded."""

_BLOCK: Final = 1 << 20

_DURABLE: Final = frozenset(
    {
        SessionStarted,
        SessionResumed,
        SessionEnded,
        CommandGiven,
        FaultReported,
        OrderSubmitted,
        CancelRequested,
        OrderAccepted,
        OrderFilled,
        OrderRejected,
        OrderCancelled,
        OrderExpired,
        AccountReported,
        AccountAdopted,
    }
)


def needs_sync(event: AnyEvent) -> bool:
    """Whether the event must be on the disk before anything follows from it. The rest may wait a second."""
    return type(event) in _DURABLE


class JournalRemoved(JournalError):
    """Somebody removed the file while it was written; it is there again, whole."""

    def __init__(self, path: Path) -> None:
        Exception.__init__(
            self, f"{path}: was removed while the session wrote to it; it was written anew, nothing is lost"
        )
        self.path = path


class JournalWriter:
    """The one writer of a journal.

    The file holds, in this order, what is surely on the disk, what is written but perhaps still in the system's
    memory, and then, in this process only, the `pending` events that could not be written. An error moves nothing
    out of this row: the next call goes on where the last one failed.

    `append` and `retry` belong to one thread; `sync` may be called from another.
    """

    def __init__(self, path: Path) -> None:
        """Create the file, for its owner alone.

        Raises FileExistsError where there is one by this name, JournalError where it cannot be created.
        """
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
        except FileExistsError:
            raise
        except OSError as cause:
            raise JournalError(path, cause) from cause
        self._begin(path, descriptor, 0, 0)
        try:
            sync_folder(path.parent)
        except OSError as cause:
            self._abandon()
            raise JournalError(path, cause) from cause

    @classmethod
    def resume(cls, path: Path, last_seq: int) -> Self:
        """Go on with a journal whose last event is number `last_seq`.

        Raises JournalDamaged where the end is torn (repair it first) or another event is the last, JournalError where
        the file cannot be written, OSError where it cannot be read.
        """
        last, end = tail(path)
        found = 0 if last is None else last.seq
        if found != last_seq:
            problem = f"the last event is {found}, not {last_seq}"
            raise JournalDamaged(path, 0, problem, JournalContent([], None, 0))
        try:
            descriptor = os.open(path, os.O_RDWR)
        except OSError as cause:
            raise JournalError(path, cause) from cause
        if os.fstat(descriptor).st_size != end:
            os.close(descriptor)
            raise JournalDamaged(path, 0, "the last line is torn; repair it first", JournalContent([], None, 0))
        writer = cls.__new__(cls)
        writer._begin(path, descriptor, end, last_seq)
        return writer

    def _begin(self, path: Path, descriptor: int, size: int, last_seq: int) -> None:
        self.path = path
        self._descriptor = descriptor
        self._encoder = msgspec.json.Encoder()
        self._synced = size
        self._unsynced = bytearray()
        self._pending = b""
        self._last_seq = last_seq
        self._is_doubtful = False
        """A sync failed: the system may have dropped what it had not yet written, so it is written again."""
        self._bytes_lock = threading.Lock()
        self._sync_lock = threading.Lock()

    @property
    def last_seq(self) -> int:
        """The number of the last event taken in, pending ones included."""
        return self._last_seq

    @property
    def pending_count(self) -> int:
        """How many events could not be written yet."""
        return self._pending.count(b"\n")

    def append(self, events: Sequence[AnyEvent]) -> None:
        """Write events, after those that are pending.

        Raises ValueError where their numbers do not follow without a gap or a text is no Unicode: then none is taken.
        Raises JournalError where they cannot be written: then they are taken and pending, not to be appended again.
        """
        if not events:
            return
        self._check_order(events)
        lines = self._encode(events)
        with self._bytes_lock:
            self._pending += lines
            self._last_seq = events[-1].seq
            self._flush()
        if len(self._unsynced) > LARGEST_UNSYNCED:
            self.sync()

    def append_durable(self, events: Sequence[AnyEvent]) -> None:
        """`append`, and wait until everything so far is on the disk. Raises as `append` and `sync` do."""
        self.append(events)
        self.sync()

    def sync(self) -> None:
        """Wait until every event taken is on the disk. Raises JournalError; the next call tries again.

        A file that was removed is written anew, whole, and JournalRemoved tells of it.
        """
        with self._sync_lock:
            with self._bytes_lock:
                self._flush()
                if os.fstat(self._descriptor).st_nlink == 0:
                    self._put_back()
                    raise JournalRemoved(self.path)
                count = len(self._unsynced)
            try:
                sync_data(self._descriptor)
            except OSError as cause:
                self._is_doubtful = True
                raise JournalError(self.path, cause) from cause
            with self._bytes_lock:
                del self._unsynced[:count]
                self._synced += count

    def _put_back(self) -> None:
        """Write the file anew from what the descriptor still holds, with both locks held. Raises JournalError."""
        end = self._synced + len(self._unsynced)
        try:
            descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
            try:
                for start in range(0, end, _BLOCK):
                    write_all(descriptor, os.pread(self._descriptor, min(_BLOCK, end - start), start))
                os.fsync(descriptor)
                sync_folder(self.path.parent)
            except BaseException:  # whatever it is, half a file must not stand in the place of the whole one
                os.close(descriptor)
                self.path.unlink(missing_ok=True)
                raise
        except OSError as cause:
            raise JournalError(self.path, cause) from cause
        os.close(self._descriptor)
        self._descriptor = descriptor
        self._synced = end
        self._unsynced.clear()

    def retry(self) -> None:
        """Write what is pending, if anything is. Raises JournalError."""
        with self._bytes_lock:
            self._flush()

    def close(self) -> None:
        """Put everything on the disk and let go of the file. Closing twice is fine.

        Raises JournalError where something could not be written; the file is closed all the same.
        """
        if self._descriptor < 0:
            return
        try:
            self.sync()
        except JournalRemoved:
            pass  # it is there again, whole, and nobody is left to tell
        finally:
            self._abandon()

    def _abandon(self) -> None:
        os.close(self._descriptor)
        self._descriptor = -1

    def _check_order(self, events: Sequence[AnyEvent]) -> None:
        if self._descriptor < 0:
            raise ValueError(f"{self.path}: the journal is closed")
        due = self._last_seq
        if due == 0 and not isinstance(events[0], SessionStarted):
            raise ValueError(f"{self.path}: a journal begins with session_started, not {type(events[0]).__name__}")
        for event in events:
            due += 1
            if event.seq != due:
                raise ValueError(f"{self.path}: event {event.seq} cannot follow event {due - 1}")

    def _encode(self, events: Sequence[AnyEvent]) -> bytes:
        lines = self._encoder.encode_lines(events)
        if b"null" not in lines:
            return lines
        # JSON has no word for NaN and the infinities: the encoder writes null, which would not come back as a float.
        return self._encoder.encode_lines([_quoted(msgspec.to_builtins(event)) for event in events])

    def _flush(self) -> None:
        """Bring everything taken into the file. The caller holds `_bytes_lock`. Raises JournalError."""
        try:
            if self._is_doubtful:
                os.lseek(self._descriptor, self._synced, os.SEEK_SET)
                write_all(self._descriptor, bytes(self._unsynced))
                self._is_doubtful = False
            if self._pending:
                self._write_pending()
        except OSError as cause:
            raise JournalError(self.path, cause) from cause

    def _write_pending(self) -> None:
        end = self._synced + len(self._unsynced)
        os.lseek(self._descriptor, end, os.SEEK_SET)
        try:
            write_all(self._descriptor, self._pending)
        finally:
            done = os.lseek(self._descriptor, 0, os.SEEK_CUR) - end
            whole = self._pending.rfind(b"\n", 0, done) + 1
            self._unsynced += self._pending[:whole]
            self._pending = self._pending[whole:]
            if done > whole:
                # Where this fails too, the next attempt overwrites the half line: it begins at the same byte.
                with suppress(OSError):
                    os.ftruncate(self._descriptor, end + whole)


def _quoted(value: object) -> object:
    """Built-in values with NaN and the infinities as the strings "nan", "inf" and "-inf"; the reader knows them."""
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if isinstance(value, dict):
        return {key: _quoted(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_quoted(item) for item in value]
    return value
