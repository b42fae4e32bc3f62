"""Replay: opening a long session and going to any moment of it, as the screen would."""

import random
import time
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Final

from benchmarks import market
from benchmarks.disk import folder
from benchmarks.table import Result, Size, alternate
from sentio_tui.journal.writer import JournalWriter
from sentio_tui.sessions.recorded import RecordedSession, open_journal

SEEKS: Final = 50
"""Moments of one run, drawn at random; the slowest of them counts."""


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


def _seek(session: RecordedSession, event: int) -> float:
    begun = time.perf_counter()
    session.seek(event)
    if session.snapshot().seq != event:
        raise RuntimeError(f"sought event {event}, found {session.place.event}")
    return time.perf_counter() - begun
