"""One process at a time: a lock on a session, and one on an account.

The kernel holds the lock for as long as the process lives, so a crash frees it. What stands in the file only says who
holds it. Nobody is ever stopped for it (T-51).
"""

import fcntl
import os
from pathlib import Path
from typing import Self

import msgspec
from msgspec import Struct

from sentio_tui.journal.atomic import JournalError, write_all
from sentio_tui.journal.names import iso
from sentio_tui.model.bars import Millis


class Holder(Struct, frozen=True):
    """Who holds a lock. `started` is ISO 8601, `socket` the path where the session is served, empty where it is not.
    Process 0 with empty texts: somebody who has not said yet."""

    pid: int = 0
    session: str = ""
    started: str = ""
    socket: str = ""


class LockHeld(Exception):
    """Another process holds the lock."""

    def __init__(self, path: Path, pid: int, session: str, since: str) -> None:
        who = f"session {session} (process {pid}, since {since})" if pid else "another process that just started"
        super().__init__(f"{path}: in use by {who}. Attach to it, or stop it first.")
        self.path = path
        self.pid = pid
        self.session = session
        self.since = since


class SessionLock:
    """A lock file, for a session or an account. Also a context manager. A fork takes the lock along."""

    def __init__(self, path: Path, session: str, started: Millis) -> None:
        self.path = path
        self._descriptor = -1
        self._session = session
        self._started = iso(started)

    @property
    def is_held(self) -> bool:
        """Whether this very object holds it."""
        return self._descriptor >= 0

    def acquire(self) -> None:
        """Take the lock, or raise LockHeld at once; JournalError where the file cannot be written."""
        if self.is_held:
            return
        try:
            while not self._try():
                pass
        except OSError as cause:
            raise JournalError(self.path, cause) from cause

    def announce(self, socket: Path) -> None:
        """Say where the session is served. Raises OSError."""
        if self.is_held:
            self._say(self._descriptor, str(socket))

    def rename(self, session: str) -> None:
        """Say that another session holds it: one that was taken before its session had a name. Raises OSError."""
        self._session = session
        if self.is_held:
            self._say(self._descriptor, "")

    def release(self) -> None:
        """Remove the file and let go. Without the lock nothing happens."""
        if not self.is_held:
            return
        try:
            if _stands_at(self._descriptor, self.path):
                self.path.unlink()
        finally:
            os.close(self._descriptor)
            self._descriptor = -1

    def __enter__(self) -> Self:
        self.acquire()
        return self

    def __exit__(self, *_: object) -> None:
        self.release()

    def _try(self) -> bool:
        """False where the file was removed under our hands by the one who let go of it."""
        descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        try:
            if not _lock_alone(descriptor):
                holder = _who(descriptor)
                raise LockHeld(self.path, holder.pid, holder.session, holder.started)
            if not _stands_at(descriptor, self.path):
                os.close(descriptor)
                return False
            self._say(descriptor, "")
        except BaseException:  # whatever it is, the descriptor would hold the lock until the process ends
            os.close(descriptor)
            raise
        self._descriptor = descriptor
        return True

    def _say(self, descriptor: int, socket: str) -> None:
        me = msgspec.json.encode(Holder(os.getpid(), self._session, self._started, socket)) + b"\n"
        os.ftruncate(descriptor, 0)
        os.lseek(descriptor, 0, os.SEEK_SET)
        write_all(descriptor, me)


def holder(path: Path) -> Holder | None:
    """Who holds the lock now; None where nobody does. Takes nothing and changes nothing. Raises OSError."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
    except FileNotFoundError:
        return None
    try:
        return None if _lock_shared(descriptor) else _who(descriptor)
    finally:
        os.close(descriptor)


def _lock_alone(descriptor: int) -> bool:
    """A look by `holder` is in the way for an instant only: it shares the lock with us, a true holder does not."""
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if not _lock_shared(descriptor):
                return False
            fcntl.flock(descriptor, fcntl.LOCK_UN)
        else:
            return True


def _lock_shared(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _stands_at(descriptor: int, path: Path) -> bool:
    """Whether the open file is still the one of that name."""
    try:
        there = os.stat(path, follow_symlinks=False)
    except FileNotFoundError:
        return False
    return os.path.samestat(os.fstat(descriptor), there)


def _who(descriptor: int) -> Holder:
    try:
        return msgspec.json.decode(os.pread(descriptor, 4096, 0), type=Holder)
    except ValueError:
        return Holder()
