"""Making a session's summary document anew from its journal, where it is missing, damaged or old."""

import time
from pathlib import Path
from typing import Final

import msgspec

from sentio_tui.engine.state import fold
from sentio_tui.journal.atomic import JournalError
from sentio_tui.journal.catalogue import UnknownSession, find
from sentio_tui.journal.document_writer import DocumentWriter
from sentio_tui.journal.lock import LockHeld, SessionLock
from sentio_tui.journal.names import DOCUMENT, document_path, session_lock_path
from sentio_tui.journal.reader import JournalDamaged, read_all
from sentio_tui.model.events import SessionInfo
from sentio_tui.sessions.assemble import terms_of
from sentio_tui.sessions.summary import Terms, head, points, trade_row
from sentio_tui.settings import Settings

NOT_REBUILT: Final = (UnknownSession, LockHeld, JournalDamaged, JournalError, ValueError, OSError)
"""What `rebuild` raises."""


def rebuild(folder: Path, name: str) -> str:
    """Write the document as the session itself would have, and hold its lock meanwhile. What of the journal's end was
    torn and left out, in words; empty when nothing was.

    The time of the last writing, and for an ended session that of its end, is the journal's. Raises UnknownSession,
    LockHeld for a session that runs, FileNotFoundError where there is no journal, JournalDamaged, ValueError for
    events that contradict each other, JournalError where the document cannot be written, OSError.
    """
    journal = Path(find(folder, name).path)
    if journal.suffix == DOCUMENT:
        raise FileNotFoundError(f"{journal}: there is no journal beside it")
    with SessionLock(session_lock_path(folder, name), name, time.time_ns() // 1_000_000):
        content = read_all(journal)
        written = journal.stat().st_mtime_ns // 1_000_000
        state = fold(content.events)
        count = len(state.curve.times)
        DocumentWriter(document_path(folder, name)).write(
            head(state, recorded_terms(state.info), written),
            [trade_row(execution) for execution in state.executions],
            points(state, 0, count - 1),
            next(iter(points(state, max(count - 1, 0), count)), None),
        )
    return content.torn or ""


def recorded_terms(info: SessionInfo) -> Terms:
    """The terms of a recorded session; all unknown where this version does not understand its configuration."""
    try:
        return terms_of(msgspec.convert(info.settings, Settings))
    except (msgspec.ValidationError, ValueError):
        return Terms(None, {}, None, None, None, None, None, None)
