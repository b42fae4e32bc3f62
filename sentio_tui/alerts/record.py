"""What was sent, what could not be, and when: a line for each message, beside the session."""

import os
import threading
from collections.abc import Callable
from pathlib import Path

import msgspec

from sentio_tui.alerts.courier import Outcome
from sentio_tui.journal.names import iso


class Record:
    """Appends to a file. May be used from any thread. The file is made with its first line."""

    def __init__(self, path: Path, failed: Callable[[str], None]) -> None:
        """`failed` is told once that the file cannot be written, and why."""
        self._path = path
        self._failed = failed
        self._lock = threading.Lock()
        self._has_failed = False

    def write(self, outcome: Outcome) -> None:
        line = _line(outcome)
        with self._lock:
            try:
                descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
                try:
                    os.write(descriptor, line)
                finally:
                    os.close(descriptor)
            except OSError as error:
                if not self._has_failed:
                    self._has_failed = True
                    self._failed(f"{self._path}: cannot be written: {error.strerror or error}")


def _line(outcome: Outcome) -> bytes:
    message = outcome.message
    row: dict[str, object] = {
        "target": outcome.target,
        "state": outcome.state,
        "time": iso(outcome.at),
        "waited": round(outcome.waited, 3),
        "took": round(outcome.took, 3),
        "attempts": outcome.attempts,
        "why": outcome.why,
        "more": message.more,
        "alerts": [
            {"rule": alert.rule, "kind": alert.kind, "seq": alert.seq, "at": iso(alert.at), "text": alert.text}
            for alert in message.alerts
        ],
    }
    return msgspec.json.encode(row) + b"\n"
