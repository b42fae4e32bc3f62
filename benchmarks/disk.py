"""The journal: a whole session with it, one durable append against the disk itself, and reading it all back."""

import os
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Final

from benchmarks import market
from benchmarks.table import Result, Size, alternate, median_ratio
from sentio_tui.engine.state import fold
from sentio_tui.journal.reader import read_all
from sentio_tui.journal.writer import JournalWriter
from sentio_tui.model.events import AnyEvent
from sentio_tui.sessions.assemble import assemble
from sentio_tui.sessions.live import LiveSession

SYNCS: Final = 50
"""Durable appends of one run; a disk's figures scatter, so each run takes the median of them."""


def folder() -> "TemporaryDirectory[str]":
    """A folder on the disk of the checkout, for /tmp may be memory. It goes when it is closed."""
    return TemporaryDirectory(prefix=".benchmark-", dir=market.ROOT)


def session_with_journal(size: Size) -> Sequence[Result]:
    """A simulated session of three symbols on its own thread: engine, journal with its syncs, summary document."""
    figures = []
    count = 0
    minutes = max(size.bars // 10, 30)
    for _ in range(size.rounds):
        with folder() as name:
            count, speed = session_speed(assemble(market.session_settings(minutes), Path(name)))
            figures.append(speed)
    speed = median(figures)
    return [Result(f"whole session with journal, {count:,} bars", f"{speed:,.0f} bars/s", ">= 1,000", speed >= 1_000)]


def session_speed(session: LiveSession) -> tuple[int, float]:
    """Run a session to its end: the bars it took, and bars a second. Raises RuntimeError where it breaks off."""
    begun = time.perf_counter()
    session.start()
    session.wait()
    took = time.perf_counter() - begun
    if session.failure:
        raise RuntimeError(f"the session broke off: {session.failure}")
    snapshot = session.snapshot()
    count = snapshot.feed.bars if snapshot is not None else 0
    return count, count / took


def durable_append(size: Size) -> Sequence[Result]:
    """One event appended and on the disk, against the same number of bytes written with nothing but fdatasync."""
    first, *events = market.events(SYNCS * (size.rounds + 1) + 1)
    with folder() as name, closing(JournalWriter(Path(name, "journal.jsonl"))) as writer:
        writer.append_durable([first])
        rest = iter(events)
        bare = os.open(Path(name, "bare"), os.O_WRONLY | os.O_CREAT, 0o600)
        line = b"x" * 300

        def ours() -> float:
            return _median_time(lambda: writer.append_durable([next(rest)]))

        def disk() -> float:
            return _median_time(lambda: _write_through(bare, line))

        try:
            mine, theirs = alternate(size.rounds, ours, disk)
        finally:
            os.close(bare)
    ratio = median_ratio(mine, theirs)
    return [
        Result(
            "journal append, durable",
            f"{median(mine) * 1e6:,.0f} µs",
            "<= 2x one fdatasync",
            ratio <= 2.0,
            f"bare fdatasync: {median(theirs) * 1e6:,.0f} µs",
            f"{ratio:.2f}x",
        )
    ]


def _write_through(descriptor: int, line: bytes) -> None:
    os.write(descriptor, line)
    os.fdatasync(descriptor)


def _median_time(act: Callable[[], None]) -> float:
    times = []
    for _ in range(SYNCS):
        begun = time.perf_counter()
        act()
        times.append(time.perf_counter() - begun)
    return median(times)


def recovery(size: Size) -> Sequence[Result]:
    """A journal read from the disk and folded into the state it left."""
    events: list[AnyEvent] = market.events(size.events)
    with folder() as name:
        path = Path(name, "journal.jsonl")
        with closing(JournalWriter(path)) as writer:
            writer.append(events)
        megabytes = path.stat().st_size / 1e6

        def recover() -> float:
            begun = time.perf_counter()
            state = fold(read_all(path).events)
            took = time.perf_counter() - begun
            if state.seq != len(events):
                raise RuntimeError(f"recovered {state.seq} of {len(events)} events")
            return took

        (times,) = alternate(size.rounds, recover)
    took = median(times)
    what = f"recovery of {len(events):,} events ({megabytes:.1f} MB)"
    return [Result(what, f"{took:.2f} s", "<= 2 s for 100,000", took <= 2.0)]
