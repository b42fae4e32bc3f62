"""Replay: opening a long session and going to any moment of it, as the screen would."""

import random
import time
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from statistics import median
from typing import Final

from benchmarks import market
from benchmarks.disk import folder
from benchmarks.memory import resident, slope
from benchmarks.table import Result, Size, alternate
from sentio_tui.journal.writer import JournalWriter
from sentio_tui.sessions.assemble import assemble
from sentio_tui.sessions.recorded import RecordedSession, open_journal

SEEKS: Final = 50
"""Moments of one run, drawn at random; the slowest of them counts."""

PASSES: Final = 6
STEADY: Final = 100_000
"""Bytes from one pass to the next that still count as none."""


def seeking(size: Size) -> Sequence[Result]:
    """From one moment to another far away, until the snapshot for the panes is there."""
    dice = random.Random(5)
    with folder() as name:
        path = Path(name, "live_20250106_000000.jsonl")
        with closing(JournalWriter(path)) as writer:
            writer.append(market.events(size.events))
        begun = time.perf_counter()
        session = open_journal(path)
        opened = time.perf_counter() - begun

        def worst() -> float:
            return max(_seek(session, dice.randint(1, session.place.events)) for _ in range(SEEKS))

        (times,) = alternate(size.rounds, worst)
    slowest = max(times)
    return [
        Result(
            f"seek in a session of {session.place.events:,} events, the slowest of {SEEKS * len(times)}",
            f"{slowest * 1000:.1f} ms",
            "<= 100 ms",
            slowest <= 0.1,
        ),
        Result("  opening it, once", f"{opened:.2f} s"),
    ]


def replaying(size: Size) -> Sequence[Result]:
    """A day of three symbols, bar by bar from its start to its end, again and again: what stays in memory."""
    with folder() as name:
        live = assemble(market.session_settings(size.minutes), Path(name))
        live.start()
        live.wait()
        if live.failure:
            raise RuntimeError(f"the session broke off: {live.failure}")
        session = open_journal(live.journal)
        samples, times = [], []
        for _ in range(PASSES):
            session.seek(1)
            begun = time.perf_counter()
            while session.step_bar(1):
                session.snapshot()
            times.append((time.perf_counter() - begun) / max(session.place.bars, 1))
            samples.append(resident())
    growth = slope(samples[1:])
    return [
        Result(
            f"memory, {size.minutes / 60:g} h replayed bar by bar, {PASSES} times",
            f"{growth / 1e3:+,.0f} kB a time after the first",
            f"flat (<= {STEADY / 1e3:.0f} kB)",
            growth <= STEADY,
        ),
        Result("  one bar and its snapshot", f"{median(times) * 1e3:.2f} ms"),
    ]


def _seek(session: RecordedSession, event: int) -> float:
    begun = time.perf_counter()
    session.seek(event)
    if session.snapshot().seq != event:
        raise RuntimeError(f"sought event {event}, found {session.place.event}")
    return time.perf_counter() - begun
