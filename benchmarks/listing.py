"""What people do with sessions that are over: list a thousand of them, export and report a large one, make its
summary anew."""

import time
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Final

from benchmarks import market
from benchmarks.disk import folder
from benchmarks.table import Result, Size, alternate
from sentio_tui import paths
from sentio_tui.journal.catalogue import SessionState, listing
from sentio_tui.journal.document import read_document
from sentio_tui.journal.names import JOURNAL, document_path, journal_path
from sentio_tui.journal.reader import read_all
from sentio_tui.journal.writer import JournalWriter
from sentio_tui.model.events import SessionEnded
from sentio_tui.reports.making import make, read
from sentio_tui.sessions.columns import FORMATS
from sentio_tui.sessions.rebuild import rebuild
from sentio_tui.sessions.tables import export_tables

SESSIONS: Final = 1_000
NAME: Final = "live_20250106_000000"


def listing_sessions(size: Size) -> Sequence[Result]:
    """All sessions of a folder, each with a summary of a day of minutes and a journal; a tenth were interrupted."""
    count = min(SESSIONS, size.bars // 100)
    with folder() as name:
        place = Path(name)
        _write(place, min(size.events, 3_000))
        journal = journal_path(place, NAME).read_bytes()
        ended = document_path(place, NAME).read_bytes()
        document = read_document(document_path(place, NAME))
        running = ended.replace(b'"state": "ended"', b'"state": "running"', 1)
        running = running.replace(f'  "end_time": "{document.end_time}",\n'.encode(), b"", 1)
        cut = journal[: journal[:-1].rfind(b"\n") + 1]
        for number in range(2, count + 1):
            is_interrupted = number % 10 == 0
            document_path(place, f"{NAME}_{number}").write_bytes(running if is_interrupted else ended)
            journal_path(place, f"{NAME}_{number}").write_bytes(cut if is_interrupted else journal)

        def look() -> float:
            begun = time.perf_counter()
            found = listing(place)
            took = time.perf_counter() - begun
            interrupted = sum(each.state is SessionState.INTERRUPTED for each in found)
            if (len(found), interrupted) != (count, count // 10):
                raise RuntimeError(f"listed {len(found)} of {count} sessions, {interrupted} of them interrupted")
            return took

        (times,) = alternate(size.rounds, look)
    took = median(times)
    return [Result(f"listing of {count:,} sessions", f"{took:.2f} s", "<= 1 s", took <= 1.0)]


def big_session(size: Size) -> Sequence[Result]:
    """The journal of a large session, read and written as tables, reported, and folded into a new summary."""
    with folder() as name:
        place = Path(name)
        _write(place, size.events)
        path = journal_path(place, NAME)
        results = []
        for suffix, encode in FORMATS.items():

            def export(suffix: str = suffix, encode: Callable[..., bytes] = encode) -> None:
                with TemporaryDirectory(dir=place) as out:
                    export_tables(read_all(path).events, Path(out), f".{suffix}", encode)

            results.append(_timed(f"export of {size.events:,} events as {suffix}", export, size))
        for form in ("html", "md"):

            def report(form: str = form) -> None:
                make(read(place, [NAME]), form, [paths.packaged_themes()], "")

            results.append(_timed(f"report of {size.events:,} events as {form}", report, size))
        results.append(_timed(f"new summary from {size.events:,} events", lambda: rebuild(place, NAME), size))
    return results


def _timed(what: str, act: Callable[[], object], size: Size) -> Result:
    def timed() -> float:
        begun = time.perf_counter()
        act()
        return time.perf_counter() - begun

    (times,) = alternate(min(size.rounds, 3), timed)
    return Result(what, f"{median(times):.2f} s")


def _write(place: Path, count: int) -> None:
    """A session of so many events and its summary."""
    events = market.events(count - 1)
    events.append(SessionEnded(count, events[-1].at, "the data ended"))
    with closing(JournalWriter(place / (NAME + JOURNAL))) as writer:
        writer.append(events)
    rebuild(place, NAME)
