"""`make run-exchange`: the exchange runs as long as the program on it, and no longer."""

import subprocess
import time
from pathlib import Path
from typing import Self

import pytest

from sentio_tui.journal.lock import SessionLock
from sentio_tui.journal.names import session_lock_path
from tests.exchange import cockpit

NAME = "live_20250106_000000"


def test_the_programs_exit_code_is_passed_on_and_no_exchange_is_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    started: list[subprocess.Popen[bytes]] = []

    class Noted(subprocess.Popen[bytes]):
        def __enter__(self) -> Self:
            started.append(self)
            return super().__enter__()

    monkeypatch.setattr(subprocess, "Popen", Noted)
    assert cockpit.main(["--run", "--sessions-dir", str(tmp_path / "kept"), "--symbols", "SPY,NOPE"]) == 2
    assert "NOPE is unknown to Alpaca" in capfd.readouterr().err
    assert not (tmp_path / "kept").exists()
    assert len(started) == 2
    assert all(process.poll() is not None for process in started)


def test_it_waits_for_a_session_that_was_detached(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    lock = SessionLock(session_lock_path(tmp_path, NAME), NAME, 0)
    lock.acquire()
    looks: list[float] = []

    def sleep(seconds: float) -> None:
        looks.append(seconds)
        if len(looks) == 3:
            lock.release()

    monkeypatch.setattr(time, "sleep", sleep)
    cockpit._outlast(tmp_path)
    assert len(looks) == 3
    assert f"{NAME} goes on" in capsys.readouterr().out
    cockpit._outlast(tmp_path)
    assert len(looks) == 3, "nothing runs: nothing to wait for"


def test_its_sessions_are_where_the_program_keeps_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert cockpit.sessions_dir(["--speed", "1", "--sessions-dir", "kept"]) == tmp_path / "kept"
