"""A home and a working directory of their own for every command, and sessions on disk."""

import os
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from msgspec.structs import replace

from sentio_tui import paths
from sentio_tui.journal.names import journal_path
from sentio_tui.journal.writer import JournalWriter
from sentio_tui.model.decisions import Direction
from sentio_tui.model.events import SessionEnded, SessionStarted
from tests.engine.scripts import COIN, bar, engine, of, run

Session = Callable[..., str]


@pytest.fixture(autouse=True)
def _place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(paths, "user_config_dir", lambda: tmp_path / "config")
    monkeypatch.setattr(paths, "user_data_dir", lambda: tmp_path / "data")
    for name in os.environ:
        if name.startswith("SENTIO_"):
            monkeypatch.delenv(name)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The folder of the sessions."""
    made = tmp_path / "kept"
    made.mkdir()
    return made


@pytest.fixture
def session(folder: Path) -> Session:
    """Writes the journal of a session that bought and sold; its name."""

    def write(name: str = "live_20250106_000000", *, written: float | None = None, ended: bool = True) -> str:
        """`written`: the time of the last event, in seconds since 1970."""
        script = [Direction.NEUTRAL, Direction.LONG, Direction.NEUTRAL, Direction.SHORT, Direction.NEUTRAL]
        events = run(engine({COIN: script}), [bar(minute, 100.0 + minute) for minute in range(6)])
        (started,) = of(events, SessionStarted)
        events[0] = replace(started, info=replace(started.info, name=name))
        if ended:
            events.append(SessionEnded(len(events) + 1, events[-1].at, "done"))
        path = journal_path(folder, name)
        with closing(JournalWriter(path)) as writer:
            writer.append(events)
        if written is not None:
            os.utime(path, (written, written))
        return name

    return write
