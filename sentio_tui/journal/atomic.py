"""Files that are either the old or the new one, never half of one; and the error of a file that cannot be written."""

import errno
import itertools
import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Final

_ADVICE: Final = {
    errno.ENOSPC: "Free some space on that disk.",
    errno.EDQUOT: "Free some space: the disk quota is used up.",
    errno.EFBIG: "The limit on the size of a file was reached; raise it (ulimit -f).",
    errno.EROFS: "The disk is read-only; choose another folder for sessions.",
    errno.EACCES: "Make the folder and the file writable, or choose another folder.",
    errno.EPERM: "Make the folder and the file writable, or choose another folder.",
    errno.ENOENT: "Create the folder first.",
    errno.ENOTDIR: "A part of this path is a file; choose a folder.",
    errno.EIO: "The disk reports a failure; check it before going on.",
}

_count = itertools.count()


class JournalError(Exception):
    """A file of a session cannot be written. `cause` is the system's error, `path` the file."""

    def __init__(self, path: Path, cause: OSError) -> None:
        advice = _ADVICE.get(cause.errno or 0, "See what the system says.")
        super().__init__(f"{path}: cannot be written: {cause.strerror or cause}. {advice}")
        self.path = path
        self.cause = cause


def write_all(descriptor: int, data: bytes | bytearray) -> None:
    """Write every byte at the descriptor's position. Raises OSError; what was written by then is not told."""
    with memoryview(data) as view:
        done = 0
        while done < len(view):
            step = os.write(descriptor, view[done:])
            if step == 0:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            done += step


def sync_data(descriptor: int) -> None:
    """Wait until the file's bytes and length are on the disk. Raises OSError."""
    if hasattr(os, "fdatasync"):
        os.fdatasync(descriptor)
    else:
        os.fsync(descriptor)


def sync_folder(folder: Path) -> None:
    """Wait until the names in a folder are on the disk. Raises OSError."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    except OSError as cause:
        # Some network file systems cannot sync a folder; their names are durable or not as they please.
        if cause.errno not in {errno.EINVAL, errno.ENOTSUP}:
            raise
    finally:
        os.close(descriptor)


def replace_file(path: Path, parts: Iterable[bytes | bytearray]) -> None:
    """Put a file with these parts in the place of `path`, readable by its owner alone.

    A reader sees the old file or the new one. After a crash of the machine either may be there, whole. Raises
    JournalError; then the old file stands as it was and nothing else is left behind.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.{next(_count)}.tmp")
    try:
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    except OSError as cause:
        raise JournalError(path, cause) from cause
    try:
        try:
            for part in parts:
                write_all(descriptor, part)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        os.replace(temporary, path)
    except BaseException as failure:
        with suppress(OSError):
            os.unlink(temporary)
        if isinstance(failure, OSError):
            raise JournalError(path, failure) from failure
        raise


def sweep(path: Path) -> None:
    """Remove what killed processes left of their attempts to replace `path`. Call it where nobody else writes it."""
    for leftover in path.parent.glob(f".{path.name}.*.tmp"):
        with suppress(OSError):
            leftover.unlink()
