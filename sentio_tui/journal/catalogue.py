"""What sessions there are on disk. Reads summaries, and of a journal at most its two ends."""

import difflib
import os
from collections.abc import Sequence, Set
from enum import StrEnum
from functools import lru_cache
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from sentio_tui.journal.document import DocumentDamaged, DocumentHead, read_head
from sentio_tui.journal.lock import holder
from sentio_tui.journal.names import DOCUMENT, JOURNAL, LOCK, PACKED_JOURNAL, is_session_name, millis, name_order
from sentio_tui.journal.reader import JournalDamaged, head, tail_event
from sentio_tui.model.bars import Millis
from sentio_tui.model.events import AnyEvent, SessionEnded


class SessionState(StrEnum):
    RUNNING = "running"
    """A process holds its lock."""
    ENDED = "ended"
    INTERRUPTED = "interrupted"
    """It did not end, and nobody holds its lock."""
    UNREADABLE = "unreadable"


class Listed(Struct, frozen=True, kw_only=True):
    """One session on disk. `path` is its journal, or its document where there is no journal.

    Returns and drawdowns are fractions, `max_drawdown` is 0 or above. None is what the files do not say; `problem`
    tells in words what is wrong with them, empty when nothing is.
    """

    name: str
    path: str
    state: SessionState
    mode: str | None = None
    strategy: str | None = None
    symbols: tuple[str, ...] = ()
    started: Millis | None = None
    ended: Millis | None = None
    written: Millis | None = None
    """The wall clock when anything of it was written last, as far as its files tell."""
    capital: float | None = None
    return_fraction: float | None = None
    fills: int | None = None
    closed_trades: int | None = None
    max_drawdown: float | None = None
    is_outdated: bool = False
    """The journal knows more than the summary: `sessions.rebuild` makes it anew."""
    problem: str = ""


class UnknownSession(Exception):
    """No session by that name in the folder; names the nearest ones, or the newest where none is near."""

    def __init__(self, folder: Path, name: str, nearest: Sequence[str]) -> None:
        advice = f"Did you mean {' or '.join(nearest)}?" if nearest else "There are none."
        super().__init__(f"{folder}: no session {name!r}. {advice}")
        self.name = name
        self.nearest = tuple(nearest)


def listing(folder: Path) -> list[Listed]:
    """All sessions of a folder, newest first. Only files named as ours count (T-44); no folder, no sessions.

    Raises OSError where the folder cannot be read. A session that cannot be read is listed with its problem.
    """
    files = _files(folder)
    found = [_listed(folder, name, suffixes) for name, suffixes in files.items()]
    return sorted(found, key=lambda listed: name_order(listed.name), reverse=True)


def find(folder: Path, name: str) -> Listed:
    """The session of that name. Raises UnknownSession, OSError."""
    files = _files(folder)
    if name in files:
        return _listed(folder, name, files[name])
    newest = sorted(files, key=name_order, reverse=True)
    raise UnknownSession(folder, name, difflib.get_close_matches(name, newest, n=3, cutoff=0.7) or newest[:3])


def _files(folder: Path) -> dict[str, set[str]]:
    """The suffixes there are of each session. A lock alone is no session."""
    found: dict[str, set[str]] = {}
    try:
        entries = os.scandir(folder)
    except FileNotFoundError:
        return found
    with entries:
        for entry in entries:
            name, dot, rest = entry.name.partition(".")
            suffix = dot + rest
            if suffix in {JOURNAL, PACKED_JOURNAL, DOCUMENT, LOCK} and is_session_name(name) and entry.is_file():
                found.setdefault(name, set()).add(suffix)
    return {name: suffixes for name, suffixes in found.items() if suffixes != {LOCK}}


def _listed(folder: Path, name: str, suffixes: Set[str]) -> Listed:
    journal = next((folder / (name + suffix) for suffix in (JOURNAL, PACKED_JOURNAL) if suffix in suffixes), None)
    document = folder / (name + DOCUMENT)
    problems: list[str] = []
    is_running = LOCK in suffixes and _is_held(folder / (name + LOCK), problems)
    listed = None
    last_seq: int | None = None
    if DOCUMENT in suffixes:
        try:
            known = read_head(document)
            listed = _from_head(name, journal or document, known)
            last_seq = known.last_seq
        except (DocumentDamaged, ValueError, OSError) as cause:
            problems.append(f"the summary cannot be read: {cause}")
    elif not is_running:
        problems.append("the summary is missing")
    if journal is not None and (listed is None or listed.state is not SessionState.ENDED):
        try:
            listed = _from_journal(name, journal, listed, last_seq)
        except (JournalDamaged, OSError) as cause:
            problems.append(f"the journal cannot be read: {cause}")
    if listed is None:
        listed = Listed(name=name, path=str(journal or document), state=SessionState.UNREADABLE)
    if is_running:
        problem = "; ".join(problems)
        return replace(listed, state=SessionState.RUNNING, ended=None, is_outdated=False, problem=problem)
    if listed.problem:
        problems.append(listed.problem)
    return replace(listed, problem="; ".join(problems))


def _is_held(path: Path, problems: list[str]) -> bool:
    try:
        return holder(path) is not None
    except OSError as cause:
        problems.append(f"the lock cannot be read: {cause}")
        return False


def _from_head(name: str, path: Path, document: DocumentHead) -> Listed:
    """Raises ValueError for a time that is none."""
    metrics = document.metrics
    started = millis(document.start_time)
    last = document.end_time or document.updated
    deepest = metrics.max_drawdown
    return Listed(
        name=name,
        path=str(path),
        state=SessionState.ENDED if document.is_ended else SessionState.INTERRUPTED,
        mode=document.mode,
        strategy=document.strategy,
        symbols=document.symbols,
        started=started,
        ended=None if document.end_time is None else millis(document.end_time),
        written=None if last is None else max(started, millis(last)),
        capital=document.initial_capital,
        return_fraction=metrics.total_return / 100.0,
        fills=metrics.num_trades,
        closed_trades=metrics.closed_trades,
        max_drawdown=None if deepest is None else deepest / 100.0,
    )


def _from_journal(name: str, path: Path, summary: Listed | None, last_seq: int | None) -> Listed:
    """What the two ends of a journal add to a summary that does not know of an end, or is not there. `last_seq` is the
    last event the summary knows of."""
    last = _last_event(path)
    state = SessionState.ENDED if isinstance(last, SessionEnded) else SessionState.INTERRUPTED
    if summary is not None:
        is_outdated = last is not None and last.seq != last_seq
        problem = "the summary is older than the journal" if is_outdated else ""
        return replace(summary, state=state, is_outdated=is_outdated, problem=problem)
    info = head(path).info
    return Listed(
        name=name,
        path=str(path),
        state=state,
        mode=info.mode.value,
        strategy=", ".join(dict.fromkeys(book.strategy for book in info.books)),
        symbols=info.symbols,
        started=info.started,
        written=max(info.started, path.stat().st_mtime_ns // 1_000_000),
        capital=info.capital,
        is_outdated=True,
    )


def _last_event(path: Path) -> AnyEvent | None:
    if path.suffix != ".gz":
        return tail_event(path)
    found = path.stat()
    return _last_of_packed(path, found.st_mtime_ns, found.st_size)


@lru_cache(maxsize=1024)
def _last_of_packed(path: Path, changed: int, size: int) -> AnyEvent | None:
    """A compressed journal has to be unpacked to see its end; who looks at the folder again and again does it once."""
    return tail_event(path)
