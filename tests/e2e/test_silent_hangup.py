"""A terminal that goes away without a word ends the session in order, and the process."""

import os
import pty
import select
import subprocess
import sys
from pathlib import Path

from sentio_tui.journal.reader import read_all
from sentio_tui.model.events import SessionEnded


def test_a_terminal_that_goes_away_without_a_signal_is_noticed(tmp_path: Path) -> None:
    ours, theirs = pty.openpty()
    command = [str(Path(sys.executable).parent / "sentio-tui"), "--speed", "600", "--sessions-dir", str(tmp_path)]
    environment = os.environ | {"TERM": "xterm-256color", "COLUMNS": "100", "LINES": "30"}
    process = subprocess.Popen(
        command, stdin=theirs, stdout=theirs, stderr=theirs, env=environment, start_new_session=True, cwd=tmp_path
    )
    os.close(theirs)
    seen = b""
    while b"running" not in seen:
        ready, _, _ = select.select([ours], [], [], 60.0)
        assert ready, seen[-500:]
        seen += os.read(ours, 65_536)
    os.close(ours)
    assert process.wait(60.0) == 130
    (journal,) = tmp_path.glob("*.jsonl")
    assert isinstance(read_all(journal).events[-1], SessionEnded)
