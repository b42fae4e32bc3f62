"""Brings what a session does to the disk: the journal of its events, and the summary document beside it."""

import asyncio
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

from sentio_tui.engine.state import State
from sentio_tui.journal.atomic import JournalError
from sentio_tui.journal.document_writer import DocumentWriter
from sentio_tui.journal.lock import SessionLock
from sentio_tui.journal.names import close_summary_path, create_journal, document_path, journal_path, session_lock_path
from sentio_tui.journal.writer import JournalWriter, needs_sync
from sentio_tui.market.calendar import Calendar
from sentio_tui.model.bars import Millis
from sentio_tui.model.events import AnyEvent, OrderFilled
from sentio_tui.sessions.close_summary import CloseSummaries
from sentio_tui.sessions.summary import Terms, head, points, trade_row

JOURNAL: Final = "journal"
"""The part that a failing disk is reported as."""

DOCUMENT_EVERY: Final = 1.5
"""Seconds between two documents of a session in which nothing fills; with the time of writing, below two (T-48)."""


class SessionsFolderError(Exception):
    """The folder for sessions cannot be used; names it and says what to do."""


class Recorder:
    """Owns the files of one session. All methods belong to the session's thread, except where told."""

    def __init__(self, name: str, folder: Path, journal: JournalWriter, lock: SessionLock) -> None:
        self.name = name
        self._folder = folder
        self._journal = journal
        self._lock = lock
        self._document = DocumentWriter(document_path(folder, name))
        self._state: State | None = None
        self._terms: Terms | None = None
        self._is_due = False
        self._written_at = 0.0
        self._writing: asyncio.Task[None] | None = None
        self._unwritten = ""
        """Why the document could not be written the last time; empty when it could."""
        self._is_unsynced = False
        self._closes: CloseSummaries | None = None

    @classmethod
    def create(cls, folder: Path, started: Millis) -> "Recorder":
        """Name a session after its start (wall clock) and create its journal. Raises SessionsFolderError."""
        try:
            folder.mkdir(parents=True, exist_ok=True)
            name, journal = create_journal(folder, started)
        except (OSError, JournalError) as error:
            raise _refusal(folder, error) from error
        lock = SessionLock(session_lock_path(folder, name), name, started)
        try:
            lock.acquire()
        except JournalError as error:
            with suppress(OSError, JournalError):
                journal.close()
            for path in (journal.path, lock.path):
                with suppress(OSError):
                    path.unlink()
            raise _refusal(folder, error) from error
        return cls(name, folder, journal, lock)

    @classmethod
    def resume(cls, folder: Path, name: str, last_seq: int, lock: SessionLock) -> "Recorder":
        """Go on with the files of a session whose lock is held. Raises JournalDamaged where the journal does not end
        with event `last_seq`, JournalError where it cannot be written."""
        return cls(name, folder, JournalWriter.resume(journal_path(folder, name), last_seq), lock)

    @property
    def journal(self) -> Path:
        """The file of the events."""
        return self._journal.path

    @property
    def document(self) -> Path:
        """The file of the summary document."""
        return self._document.path

    def announce(self, socket: Path) -> None:
        """Let others find the socket of this session by its lock. Raises OSError."""
        self._lock.announce(socket)

    def attach(
        self, state: State, terms: Terms, calendar: Calendar | None = None, past: Sequence[AnyEvent] = ()
    ) -> None:
        """Say whose events these will be, before the first. `calendar` is that of the closes to be told, if they are;
        `past` the events the state has taken in already."""
        self._state = state
        self._terms = terms
        if calendar is not None:
            self._closes = CloseSummaries(state, calendar, close_summary_path(self._folder, self.name))
            self._closes.take(past)

    def take(self, events: Sequence[AnyEvent]) -> str:
        """Write a turn's events; those that must be are on the disk on return. Why not, or an empty text."""
        if self._closes is not None:
            self._closes.take(events)
        try:
            self._journal.append(events)
            if any(needs_sync(event) for event in events):
                self._journal.sync()
            else:
                self._is_unsynced = True
        except JournalError as error:
            return str(error)
        if not self._is_due and any(type(event) is OrderFilled for event in events):
            self._is_due = True
            self._write_soon()
        return ""

    async def flush(self) -> str:
        """Once a second: what is written reaches the disk, what failed is tried again, and the document is renewed.

        Why something failed, or an empty text.
        """
        try:
            if self._is_unsynced or self._journal.pending_count:
                await asyncio.to_thread(self._journal.sync)
                self._is_unsynced = False
        except JournalError as error:
            return str(error)
        if self._writing is not None and self._writing.done():
            self._writing.result()
        if time.monotonic() - self._written_at >= DOCUMENT_EVERY - 1.0:
            self._is_due = True
            self._write_soon()
        return self._unwritten or await self._tell_closes()

    async def _tell_closes(self) -> str:
        """Write the text on the days that have closed, if one did. Why not, or an empty text: it is tried again."""
        closes = self._closes
        if closes is None or not closes.is_due:
            return ""
        try:
            await asyncio.to_thread(closes.write, closes.text())
        except JournalError as error:
            closes.is_due = True
            return str(error)
        return ""

    def _write_soon(self) -> None:
        if self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(self._write())

    async def _write(self) -> None:
        """Write the document until it is the newest. Fills that come meanwhile share the next writing."""
        while self._is_due:
            self._is_due = False
            try:
                await self._write_once()
            except JournalError as error:
                self._unwritten = str(error)
            else:
                self._unwritten = ""

    async def _write_once(self) -> None:
        state, terms = self._state, self._terms
        if state is None or terms is None:
            return
        writer = self._document
        closed = max(len(state.curve.times) - 1, 0)
        now = time.time_ns() // 1_000_000
        await asyncio.to_thread(
            writer.write,
            head(state, terms, now),
            [trade_row(execution) for execution in state.executions[writer.trade_count :]],
            points(state, writer.point_count, closed),
            next(iter(points(state, closed, len(state.curve.times))), None),
        )
        self._written_at = time.monotonic()

    async def finish(self) -> str:
        """The last document, everything on the disk, the lock released. Why something failed, or an empty text."""
        failed = ""
        if self._writing is not None:
            await asyncio.gather(self._writing, return_exceptions=True)
        try:
            self._journal.close()
        except JournalError as error:
            failed = str(error)
        try:
            await self._write_once()
        except JournalError as error:
            failed = failed or str(error)
        failed = failed or await self._tell_closes()
        self._lock.release()
        return failed

    def save_trace(self, trace: str) -> None:
        """Keep the words of a crash beside the session."""
        (self._folder / f"{self.name}.crash.txt").write_text(trace, encoding="utf-8")


def _refusal(folder: Path, error: OSError | JournalError) -> SessionsFolderError:
    why = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return SessionsFolderError(f"sessions cannot be kept in {folder}: {why}")
