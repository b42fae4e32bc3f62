"""Folders of sessions for the tests of the screens that list them."""

import os
from contextlib import closing
from pathlib import Path

from msgspec.structs import replace

from sentio_tui.journal.names import document_path, journal_path
from sentio_tui.journal.writer import JournalWriter
from sentio_tui.model.decisions import Direction
from sentio_tui.model.events import AnyEvent, SessionEnded, SessionStarted
from sentio_tui.sessions.rebuild import rebuild
from tests.engine.scripts import COIN, START, bar, engine, run

DAY = 86_400_000
NAMES = tuple(f"live_2025010{day}_143000" for day in (9, 8, 7, 6))
"""The newest first."""
WINS, LOSES, BROKEN_OFF, DAMAGED = NAMES

_LONG = [Direction.NEUTRAL, Direction.LONG, *[Direction.NEUTRAL] * 57, Direction.SHORT, Direction.NEUTRAL]


def events(name: str, step: float, minutes: int = 61, *, started: int = START, ended: bool = True) -> list[AnyEvent]:
    """A session that buys at the start and sells at the end; each minute the price goes up by `step`."""
    made = run(engine({COIN: _LONG}), [bar(minute, 100.0 + step * minute) for minute in range(minutes)])
    first = made[0]
    assert isinstance(first, SessionStarted)
    made[0] = replace(first, info=replace(first.info, name=name, started=started))
    if ended:
        made.append(SessionEnded(len(made) + 1, made[-1].at, "the data ended"))
    return made


def write(folder: Path, name: str, made: list[AnyEvent], written: int, *, summary: bool = True) -> None:
    """A session's files, last written at a time in milliseconds."""
    path = journal_path(folder, name)
    with closing(JournalWriter(path)) as writer:
        writer.append(made)
    os.utime(path, (written / 1000, written / 1000))
    if summary:
        rebuild(folder, name)


def stock(folder: Path) -> Path:
    """Four sessions: one that won, one that lost, one that was interrupted, and a damaged summary."""
    folder.mkdir(parents=True, exist_ok=True)
    for number, (name, step) in enumerate(((WINS, 0.05), (LOSES, -0.04))):
        started = START + (3 - number) * DAY
        write(folder, name, events(name, step, started=started), started + 3_600_000)
    started = START + DAY
    made = events(BROKEN_OFF, 0.02, 30, started=started, ended=False)
    write(folder, BROKEN_OFF, made, started + 1_800_000)
    document_path(folder, DAMAGED).write_text('{"session_name": "live_20250106_143000",\n  "state": ', encoding="utf-8")
    return folder
