"""A session without a screen."""

import io
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

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
