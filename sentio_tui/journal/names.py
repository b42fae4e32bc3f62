"""Names of sessions and of their files, and how times are written in them."""

import os
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from sentio_tui.journal.writer import JournalWriter
from sentio_tui.model.bars import Millis

JOURNAL: Final = ".jsonl"
PACKED_JOURNAL: Final = ".jsonl.gz"
DOCUMENT: Final = ".json"
LOCK: Final = ".lock"
MARKS: Final = ".marks.json"
"""What a person marked in a session, and the notes to it."""
REPORT: Final = ".report."
"""What the name of a report kept beside its session goes on with; then comes the format."""
ALERTS: Final = ".alerts.jsonl"
"""What was sent to people of a session, and what could not be."""
CRASH: Final = ".crash.txt"
"""The words of a crash."""
SUFFIXES: Final = (JOURNAL, PACKED_JOURNAL, DOCUMENT, LOCK)

_NAME: Final = re.compile(r"live_(\d{8}_\d{6})(?:_(\d{1,9}))?", re.ASCII)
_ACCOUNT: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", re.ASCII)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND: Final = timedelta(milliseconds=1)


def iso(time: Millis) -> str:
    """ISO 8601 with the offset of UTC; milliseconds only where there are any."""
    return (_EPOCH + time * _MILLISECOND).isoformat(timespec="milliseconds" if time % 1000 else "seconds")


def millis(text: str) -> Millis:
    """The time an ISO 8601 text means. One without an offset, as the original wrote, is taken as the machine's own
    time. Raises ValueError."""
    return (datetime.fromisoformat(text).astimezone(UTC) - _EPOCH) // _MILLISECOND


def is_session_name(name: str) -> bool:
    return _NAME.fullmatch(name) is not None


def name_order(name: str) -> tuple[str, int]:
    """A key that sorts names of sessions from the oldest to the newest. Raises ValueError for another name."""
    found = _NAME.fullmatch(name)
    if found is None:
        raise ValueError(f"{name!r} is no name of a session (live_YYYYMMDD_HHMMSS)")
    return found[1], int(found[2] or 1)


def journal_path(folder: Path, name: str) -> Path:
    return folder / (name + JOURNAL)


def document_path(folder: Path, name: str) -> Path:
    return folder / (name + DOCUMENT)


def marks_path(folder: Path, name: str) -> Path:
    return folder / (name + MARKS)


def alerts_path(folder: Path, name: str) -> Path:
    return folder / (name + ALERTS)


def close_summary_path(folder: Path, name: str) -> Path:
    """What its exchange days came to, as text."""
    return folder / f"trading_summary_{name.removeprefix('live_')}.txt"


def session_lock_path(folder: Path, name: str) -> Path:
    return folder / (name + LOCK)


def account_lock_path(folder: Path, account: str) -> Path:
    """The lock of an account. Raises ValueError for a name that could not be a file's, or that is a session's."""
    if _ACCOUNT.fullmatch(account) is None or is_session_name(account):
        raise ValueError(f"{account!r} cannot name an account: use letters, digits, dots, dashes, underscores")
    return folder / (account + LOCK)


def new_name(folder: Path, started: Millis) -> str:
    """A name that no file in the folder has: live_YYYYMMDD_HHMMSS of the start in UTC, then with _2, _3, ...

    UTC, so that names sort by time whatever the machine's zone and however the clocks are changed.
    """
    base = f"live_{_EPOCH + started * _MILLISECOND:%Y%m%d_%H%M%S}"
    name = base
    number = 1
    while any(os.path.lexists(folder / (name + suffix)) for suffix in SUFFIXES):
        number += 1
        name = f"{base}_{number}"
    return name


def create_journal(folder: Path, started: Millis) -> tuple[str, JournalWriter]:
    """Name a new session and create its journal. Of two processes at the same second each gets its own name: who
    creates the journal has the name. Raises JournalError where it cannot be created."""
    while True:
        name = new_name(folder, started)
        try:
            return name, JournalWriter(journal_path(folder, name))
        except FileExistsError:
            continue
