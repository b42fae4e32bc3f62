"""A home, a working directory and a folder of sessions of their own for each test, and what runs in them."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from sentio_tui.journal.document import Document, read_document
from sentio_tui.journal.reader import read_all
from sentio_tui.model.events import AnyEvent
from tests.e2e.terminal import TIMEOUT, Size, Terminal

WIDE = Size(160, 48)
SMALL = Size(80, 24)

PROGRAM = Path(sys.executable).parent / "sentio-tui"


class Desk:
    """Where a test's programs run. Closing it ends them all."""

    def __init__(self, folder: Path) -> None:
        self.cwd = folder / "work"
        self.home = folder / "home"
        self.sessions = folder / "sessions"
        self.cwd.mkdir()
        self.home.mkdir()
        self._running = ExitStack()

    def close(self) -> None:
        self._running.close()

    def open(self, *options: str, size: Size = WIDE, **variables: str) -> Terminal:
        """The cockpit in a terminal of its own. `variables` are added to the environment."""
        return self.open_command(str(PROGRAM), "--sessions-dir", str(self.sessions), *options, size=size, **variables)

    def open_command(self, *command: str, size: Size = WIDE, **variables: str) -> Terminal:
        return self._running.enter_context(Terminal(command, size, self._environment(variables), self.cwd))

    def pipe(self, *options: str, **variables: str) -> subprocess.CompletedProcess[str]:
        """The program without a terminal: its output goes to pipes."""
        return subprocess.run(
            [PROGRAM, "--sessions-dir", self.sessions, *options],
            cwd=self.cwd,
            env=self._environment(variables),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=TIMEOUT,
            check=False,
        )

    def trading(self, size: Size = WIDE) -> Terminal:
        """A cockpit on a market that rises and rises, as soon as a position is open that nothing will close."""
        return self.trading_with(size=size)

    def trading_with(self, *options: str, size: Size = WIDE) -> Terminal:
        terminal = self.open(*self.rising(), *options, size=size)
        terminal.wait_for(lambda screen: any("RISE-USD" in line for line in screen.pane("3 Positions")))
        return terminal

    def rising(self, minutes: int = 3000, symbol: str = "RISE-USD", speed: int = 600) -> tuple[str, ...]:
        """Options for a recorded market in which momentum buys after a few minutes and never sells."""
        data = self.cwd / "rising.csv"
        rows = ["timestamp,symbol,open,high,low,close,volume"]
        price = 100.0
        for minute in range(minutes):
            day, hour = divmod(minute // 60, 24)
            time = f"2025-01-{6 + day:02}T{hour:02}:{minute % 60:02}:00Z"
            following = price * 1.002
            rows.append(f"{time},{symbol},{price:.4f},{following:.4f},{price:.4f},{following:.4f},1000000")
            price = following
        data.write_text("\n".join(rows) + "\n", encoding="utf-8")
        never = ("--set", "machine.slots.take_profit=0", "--set", "machine.slots.stop_loss=0")
        return ("--feed", "recorded", "--data", str(data), "--speed", str(speed), *never)

    def journals(self) -> list[list[AnyEvent]]:
        """The events of each session on disk, the oldest first. Fails where one is torn."""
        found = []
        for path in sorted(self.sessions.glob("live_*.jsonl")):
            content = read_all(path)
            assert content.torn is None, f"{path.name}: {content.torn}"
            found.append(content.events)
        return found

    def documents(self) -> list[Document]:
        return [read_document(path) for path in sorted(self.sessions.glob("live_*.json"))]

    def _environment(self, variables: dict[str, str]) -> dict[str, str]:
        folders = {
            f"XDG_{kind.upper()}_HOME": str(self.home / kind) for kind in ("config", "data", "state", "cache", "runtime")
        }
        return {
            "PATH": os.environ.get("PATH", os.defpath),
            "HOME": str(self.home),
            "TERM": "xterm-256color",
            "COLORTERM": "truecolor",
            "LANG": "C.UTF-8",
            **folders,
            **variables,
        }


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    made = Desk(tmp_path)
    try:
        yield made
    finally:
        made.close()


@pytest.fixture(params=[WIDE, SMALL], ids=str)
def size(request: pytest.FixtureRequest) -> Size:
    """The two sizes the screen is drawn for."""
    chosen = request.param
    assert isinstance(chosen, Size)
    return chosen
