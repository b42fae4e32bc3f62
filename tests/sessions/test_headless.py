"""A session without a screen."""

import errno
import io
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import pytest

from sentio_tui.journal import document_writer
from sentio_tui.journal.atomic import JournalError
from sentio_tui.journal.reader import read_all
from sentio_tui.model.events import SessionEnded
from sentio_tui.sessions.assemble import assemble
from sentio_tui.sessions.headless import run
from tests.sessions.places import simulated


def test_lines_go_to_the_log_and_the_document_to_its_place(tmp_path: Path) -> None:
    log, document = io.StringIO(), io.StringIO()
    assert run(assemble(simulated(60.0), tmp_path), log=log, document=document) == 0
    lines = log.getvalue().splitlines()
    bars = [line.split() for line in lines if line.startswith("✓ Bar:")]
    assert {fields[2] for fields in bars} == {"BTC-USD", "ETH-USD", "SOL-USD"}
    assert any("Signal: " in line for line in lines)
    assert any("Trade: BUY " in line for line in lines)
    assert json.loads(document.getvalue())["state"] == "ended"


class Gone(io.StringIO):
    """A reader that has gone away."""

    def write(self, text: str) -> int:
        raise BrokenPipeError


def test_a_reader_that_goes_away_does_not_end_the_session(tmp_path: Path) -> None:
    session = assemble(simulated(60.0), tmp_path)
    assert run(session, log=Gone(), document=None) == 0
    assert isinstance(read_all(session.document.with_suffix(".jsonl")).events[-1], SessionEnded)


def _started(tmp_path: Path, *options: str) -> "subprocess.Popen[str]":
    command = [sys.executable, "-m", "sentio_tui", "run", "--sessions-dir", str(tmp_path), *options]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_sigterm_ends_a_session_in_order_with_130(tmp_path: Path) -> None:
    process = _started(tmp_path, "--speed", "600")
    assert process.stdout is not None
    for line in process.stdout:
        if "Trade: BUY" in line:
            break
    os.kill(process.pid, signal.SIGTERM)
    rest, errors = process.communicate(timeout=60)
    assert process.returncode == 130, errors
    assert "Session ended" in rest
    (journal,) = tmp_path.glob("*.jsonl")
    content = read_all(journal)
    assert content.torn is None
    assert isinstance(content.events[-1], SessionEnded)
    (document,) = tmp_path.glob("live_*.json")
    assert json.loads(document.read_text())["positions"] == {}


def test_positions_are_kept_where_configured(tmp_path: Path) -> None:
    process = _started(tmp_path, "--speed", "600", "--set", "session.at_exit=keep")
    assert process.stdout is not None
    for line in process.stdout:
        if "Trade: BUY" in line:
            break
    os.kill(process.pid, signal.SIGINT)
    process.communicate(timeout=60)
    assert process.returncode == 130
    (document,) = tmp_path.glob("live_*.json")
    assert json.loads(document.read_text())["positions"] != {}


class Full(io.StringIO):
    """A log on a full disk."""

    def write(self, text: str) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_a_log_that_cannot_be_written_fails_but_the_session_goes_on(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    session = assemble(simulated(60.0), tmp_path)
    assert run(session, log=Full(), document=None) == 1
    assert "No space left" in capsys.readouterr().err
    assert isinstance(read_all(session.document.with_suffix(".jsonl")).events[-1], SessionEnded)


def test_a_session_that_is_not_all_on_disk_fails_and_prints_no_document(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(path: Path, parts: Iterable[bytes | bytearray]) -> None:
        raise JournalError(path, OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)))

    monkeypatch.setattr(document_writer, "replace_file", full)
    log, document = io.StringIO(), io.StringIO()
    assert run(assemble(simulated(60.0), tmp_path), log=log, document=document) == 1
    assert document.getvalue() == ""
    assert "not all of the session is on disk" in log.getvalue()
    assert "No space left" in log.getvalue()


def test_an_output_without_the_marks_of_the_log_gets_them_as_numbers(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "sentio_tui", "run", "--sessions-dir", str(tmp_path)]
    command += ["--speed", "0", "--duration", "5"]
    done = subprocess.run(command, capture_output=True, env={**os.environ, "PYTHONIOENCODING": "ascii"}, check=False)
    assert done.returncode == 0, done.stderr
    assert b"\\u2713 Bar: BTC-USD" in done.stdout


def test_a_closed_output_does_not_end_the_session(tmp_path: Path) -> None:
    command = f"exec {sys.executable} -m sentio_tui run --sessions-dir {tmp_path} --speed 0 --duration 5 >&-"
    done = subprocess.run(["sh", "-c", command], stderr=subprocess.PIPE, check=False)
    assert (done.returncode, done.stderr) == (0, b"")
