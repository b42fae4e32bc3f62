"""A home, a working directory and a folder of sessions of their own for each test, and what runs in them."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from time import monotonic, sleep

import pytest

from sentio_tui.journal.document import Document, read_document
from sentio_tui.journal.lock import holder
from sentio_tui.journal.reader import read_all
from sentio_tui.model.events import AnyEvent, OrderFilled, SessionEnded
from sentio_tui.sessions.running import running
from tests.e2e.screen import Size
from tests.e2e.terminal import LOOK, TIMEOUT, Terminal

WIDE = Size(160, 48)
SMALL = Size(80, 24)

START = datetime(2025, 1, 6, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
ENDLESS = 3000
"""Minutes of a market that no test sees the end of."""

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
        """A session that was detached is in nobody's process group: its lock says who holds it."""
        for lock in self.sessions.glob("*.lock"):
            who = holder(lock)
            if who is not None and who.pid:
                with suppress(ProcessLookupError):
                    os.kill(who.pid, signal.SIGKILL)
                wait_until(partial(_is_free, lock))
        self._running.close()

    def open(self, *options: str, size: Size = WIDE, controls: bool = True, **variables: str) -> Terminal:
        """The cockpit in a terminal of its own. `variables` are added to the environment."""
        command = (str(PROGRAM), "--sessions-dir", str(self.sessions), *options)
        return self.open_command(*command, size=size, controls=controls, **variables)

    def open_command(self, *command: str, size: Size = WIDE, controls: bool = True, **variables: str) -> Terminal:
        environment = self._environment(variables)
        return self._running.enter_context(Terminal(command, size, environment, self.cwd, controls=controls))

    def pipe(self, *options: str, command: str = "", **variables: str) -> subprocess.CompletedProcess[str]:
        """The program, or one of its commands, without a terminal: its output goes to pipes."""
        return subprocess.run(
            [PROGRAM, *command.split(), "--sessions-dir", self.sessions, *options],
            cwd=self.cwd,
            env=self._environment(variables),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=TIMEOUT,
            check=False,
        )

    def background(self, *options: str) -> subprocess.Popen[bytes]:
        """`sentio-tui run` without a terminal, as soon as others can attach to it."""
        process = subprocess.Popen(
            [PROGRAM, "run", "--sessions-dir", self.sessions, *options],
            cwd=self.cwd,
            env=self._environment({}),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
        )
        self._running.callback(process.wait)
        self._running.callback(process.kill)
        wait_until(lambda: any(each.socket and each.pid == process.pid for each in running(self.sessions)))
        return process

    def attach(self, *options: str, size: Size = WIDE) -> Terminal:
        """`sentio-tui attach` in a terminal of its own, as soon as it shows the session."""
        command = (str(PROGRAM), "attach", "--sessions-dir", str(self.sessions), *options)
        terminal = self.open_command(*command, size=size)
        terminal.wait_for("● running")
        return terminal

    def trading(self, *options: str, size: Size = WIDE) -> Terminal:
        """A cockpit on the rising market, as soon as a position is open. Options win over the market's own."""
        terminal = self.open(*self.rising(), *options, size=size)
        terminal.wait_for(shows("3 Positions", "RISE-USD"))
        return terminal

    def rising(self, minutes: int = ENDLESS, symbol: str = "RISE-USD", speed: int = 1200) -> tuple[str, ...]:
        """Options for a recorded market in which momentum buys after a few minutes and never sells.

        Given fewer minutes than it usually has, bars come every two hours after them.
        """
        times = [START + number * MINUTE for number in range(minutes)]
        if minutes < ENDLESS:
            times += [times[-1] + number * 119 * MINUTE for number in range(1, 20)]
        rows = ["timestamp,symbol,open,high,low,close,volume"]
        price = 100.0
        for time in times:
            following = price * 1.002
            rows.append(f"{time.isoformat()},{symbol},{price},{following},{price},{following},1000000")
            price = following
        data = self.cwd / "rising.csv"
        data.write_text("\n".join(rows) + "\n", encoding="utf-8")
        settings = ("machine.slots.take_profit=0", "machine.slots.stop_loss=0", "ui.frames=5")
        options = [part for setting in settings for part in ("--set", setting)]
        return ("--feed", "recorded", "--data", str(data), "--speed", str(speed), *options)

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

    def holder(self) -> int:
        """The process of the one session that runs. Fails where none does, or several do."""
        held = [who.pid for lock in self.sessions.glob("*.lock") if (who := holder(lock)) is not None]
        assert len(held) == 1, held
        return held[0]

    def states(self) -> list[str]:
        """What `sentio-tui sessions` says of each session, the newest first."""
        answer = self.pipe("--json", command="sessions")
        return [listed["state"] for listed in json.loads(answer.stdout)]

    def is_complete(self) -> bool:
        """Whether one session is on disk, its journal and its document whole, and nothing else."""
        (events,) = self.journals()
        (document,) = self.documents()
        fills = sum(isinstance(event, OrderFilled) for event in events)
        files = sorted(path.suffix for path in self.sessions.iterdir())
        return (
            isinstance(events[-1], SessionEnded)
            and [event.seq for event in events] == list(range(1, len(events) + 1))
            and document.is_ended
            and document.last_seq == events[-1].seq
            and len(document.trades) == fills
            and files == [".json", ".jsonl"]
        )

    def _environment(self, variables: dict[str, str]) -> dict[str, str]:
        folders = {
            f"XDG_{kind.upper()}_HOME": str(self.home / kind)
            for kind in ("config", "data", "state", "cache", "runtime")
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


def wait_until(condition: Callable[[], object], timeout: float = TIMEOUT) -> None:
    """Wait for something that no terminal shows."""
    deadline = monotonic() + timeout
    while not condition():
        assert monotonic() < deadline, f"not within {timeout:g} s: {condition}"
        sleep(LOOK)


def _is_free(lock: Path) -> bool:
    return holder(lock) is None


def shows(title: str, text: str) -> Callable[[Terminal], bool]:
    """Whether a text is in a pane."""
    return lambda screen: text in screen.pane(title)


def focuses(title: str) -> Callable[[Terminal], bool]:
    """Whether a pane has the focus."""
    return lambda screen: screen.focused() == title


def go_to(terminal: Terminal, title: str) -> None:
    """Press a pane's number; return when the pane has the focus."""
    terminal.press(title[0])
    terminal.wait_for(focuses(title))


def filter_by(terminal: Terminal, title: str, text: str) -> None:
    """Type a filter into a pane that has the focus."""
    terminal.press("/")
    terminal.wait_for(shows(title, "filter:"))
    terminal.press(text)
    terminal.wait_for(shows(title, f"/{text} "))


def keep_filter(terminal: Terminal, title: str, text: str) -> None:
    """Leave the line that the filter was typed into; the filter stays."""
    terminal.press("enter")
    terminal.wait_for(lambda screen: all(line.strip("│ ") != text for line in screen.pane(title).splitlines()))


def quit_by(terminal: Terminal, key: str = "q") -> None:
    """Quit, and say yes to the question. The program may still be closing its session on return."""
    terminal.press(key)
    answer(terminal, "Stop it and quit?", "y")


def answer(terminal: Terminal, question: str, key: str) -> None:
    """Wait for a question and answer it."""
    terminal.wait_for(question)
    terminal.press_until(key, lambda screen: question not in screen.text)


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
