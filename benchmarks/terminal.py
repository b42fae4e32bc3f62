"""A program in a pseudo-terminal, and when each piece of its output came."""

import fcntl
import os
import pty
import re
import signal
import struct
import subprocess
import sys
import termios
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Final, Self

COLUMNS: Final = 160
ROWS: Final = 48
PATIENCE: Final = 60.0
"""Seconds to wait for something on the screen, or for an end, before giving up."""

_NOT_PASSED_ON: Final = ("XDG_", "SENTIO_", "TEXTUAL", "COLUMNS", "LINES", "NO_COLOR", "CI")
"""Variables that would change what is measured."""

_PAUSE: Final = 0.0005
_TICKS: Final = os.sysconf("SC_CLK_TCK")


class Program:
    """Runs a command until the `with` block ends; then it is asked to end, and killed if it does not.

    A thread reads the output as it comes, so that the program never waits for its terminal.
    """

    def __init__(self, command: Sequence[str], home: Path, cwd: Path) -> None:
        """`home` is where it looks for a person's configuration."""
        self._command = command
        self._home = home
        self._cwd = cwd
        self._pieces: list[tuple[float, bytes]] = []

    def __enter__(self) -> Self:
        self._descriptor, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
        environment = {name: value for name, value in os.environ.items() if not name.startswith(_NOT_PASSED_ON)}
        environment |= {"HOME": str(self._home), "TERM": "xterm-256color", "COLORTERM": "truecolor"}
        self.started = time.perf_counter()
        self._process = subprocess.Popen(
            self._command, stdin=theirs, stdout=theirs, stderr=theirs, env=environment, cwd=self._cwd, process_group=0
        )
        os.close(theirs)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._reader.join(PATIENCE)
        os.close(self._descriptor)

    @property
    def mark(self) -> int:
        """How many pieces of output have come so far."""
        return len(self._pieces)

    def press(self, key: str) -> float:
        """Type a key, and say when."""
        at = time.perf_counter()
        os.write(self._descriptor, key.encode())
        return at

    def seen(self, pattern: re.Pattern[bytes], since: int = 0) -> float:
        """When the pattern was complete in the output after that mark. Raises TimeoutError where it never comes."""
        latest = time.perf_counter() + PATIENCE
        while time.perf_counter() < latest:
            at = self._when(pattern, since)
            if at is not None:
                return at
            if self._process.poll() is not None:
                break
            time.sleep(_PAUSE)
        last = b"".join(piece for _, piece in self._pieces)[-2_000:]
        raise TimeoutError(f"{self._command[0]} never showed {pattern.pattern!r}; its last output: {last!r}")

    def cpu(self) -> float:
        """Seconds of processor time of the whole process so far."""
        fields = Path(f"/proc/{self._process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / _TICKS

    def _when(self, pattern: re.Pattern[bytes], since: int) -> float | None:
        pieces = self._pieces[since:]
        found = pattern.search(b"".join(piece for _, piece in pieces))
        if found is None:
            return None
        length = 0
        for at, piece in pieces:
            length += len(piece)
            if length >= found.end():
                return at
        raise AssertionError("a match ends within the output")

    def _read(self) -> None:
        while True:
            try:
                piece = os.read(self._descriptor, 1 << 16)
            except OSError:
                # Linux answers so when the program has closed its side.
                return
            if not piece:
                return
            self._pieces.append((time.perf_counter(), piece))


def installed(name: str) -> str:
    """The path of a console script beside this interpreter. Raises FileNotFoundError with what to do."""
    path = Path(sys.executable).with_name(name)
    if not path.is_file():
        raise FileNotFoundError(f"{path} is not there: install the package first (pip install -e .)")
    return str(path)
