"""A real process, killed at random moments and resumed each time, ends as one that was left alone.

`SENTIO_KILLS=1000` kills more often than the 50 times of the suite.
"""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Final

import pytest
from msgspec.structs import replace

from sentio_tui.journal.document import Document, TradeRow, read_document
from sentio_tui.journal.lock import holder
from sentio_tui.journal.names import document_path, journal_path, session_lock_path
from sentio_tui.journal.reader import read_all
from sentio_tui.model.events import AnyEvent, SessionResumed
from tests.sessions.test_resume import unbroken

SESSIONS: Final = 5
KILLS: Final = int(os.environ.get("SENTIO_KILLS", "50")) // SESSIONS
"""Of each session. A few more are tried, in case one ends before its turn comes."""
LIMIT: Final = 60.0
"""Seconds after which a process that does not come along counts as stuck."""

RUN: Final = (
    *("run", "--strategy", "mean_reversion", "--preset", "aggressive", "--speed", "0", "--duration", "1500"),
    *("--set", "broker.participation=0.01", "--set", "risk.daily_loss=0.002"),
)


class Desk:
    """A folder of sessions, and the one process that runs there."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir()

    def run(self, *command: str) -> subprocess.Popen[bytes]:
        environment = {key: value for key, value in os.environ.items() if not key.startswith("SENTIO_")}
        return subprocess.Popen(
            [sys.executable, "-m", "sentio_tui", *command, "--sessions-dir", str(self._folder)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            env=environment,
            cwd=self._folder,
        )

    @property
    def name(self) -> str:
        return next(self._folder.glob("*.jsonl")).stem

    @property
    def size(self) -> int:
        return sum(path.stat().st_size for path in self._folder.glob("*.jsonl"))

    def is_running(self, process: subprocess.Popen[bytes]) -> bool:
        """Whether the process holds the session's lock by now."""
        if not any(self._folder.glob("*.jsonl")):
            return False
        held = holder(session_lock_path(self._folder, self.name))
        return held is not None and held.pid == process.pid

    def kill_beyond(self, size: int, process: subprocess.Popen[bytes]) -> bool:
        """Kill the process once it runs the session and the journal has so many bytes; False if it ended before."""
        deadline = time.monotonic() + LIMIT
        while process.poll() is None:
            assert time.monotonic() < deadline
            if self.size >= size and self.is_running(process):
                process.send_signal(signal.SIGKILL)
                process.wait()
                return process.returncode == -signal.SIGKILL
        assert process.returncode == 0, process.stderr.read() if process.stderr else b""
        return False

    def end(self) -> tuple[list[AnyEvent], Document]:
        return (
            read_all(journal_path(self._folder, self.name)).events,
            read_document(document_path(self._folder, self.name)),
        )


def finish(process: subprocess.Popen[bytes]) -> None:
    _, errors = process.communicate(timeout=LIMIT)
    assert process.returncode == 0, errors.decode()


@pytest.fixture(scope="module")
def left_alone(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[AnyEvent], Document, int]:
    desk = Desk(tmp_path_factory.mktemp("whole") / "sessions")
    finish(desk.run(*RUN))
    events, document = desk.end()
    return events, document, desk.size


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(SESSIONS))
def test_killed_at_random_moments_it_ends_as_one_that_was_left_alone(
    seed: int, tmp_path: Path, left_alone: tuple[list[AnyEvent], Document, int]
) -> None:
    events, document, size = left_alone
    desk = Desk(tmp_path / "sessions")
    chance = random.Random(seed)
    targets = sorted(chance.uniform(0, 0.97) * size for _ in range(KILLS + 3))
    process = desk.run(*RUN)
    kills = 0
    for target in targets:
        if not desk.kill_beyond(round(target), process):
            break
        kills += 1
        process = desk.run("resume", "--no-screen")
    if process.poll() is None:
        finish(process)
    resumed, last = desk.end()
    assert kills >= KILLS
    assert sum(isinstance(event, SessionResumed) for event in resumed) <= kills
    # Two sessions differ in name and start; order ids bear the name.
    text = str(unbroken(resumed)[1:]).replace(desk.name, "NAME")
    assert text == str(events[1:]).replace(document.session_name, "NAME")
    assert [_without_id(trade) for trade in last.trades] == [_without_id(trade) for trade in document.trades]
    assert last.equity_history == document.equity_history
    assert last.metrics == document.metrics


def _without_id(trade: TradeRow) -> TradeRow:
    return replace(trade, order_id="")
