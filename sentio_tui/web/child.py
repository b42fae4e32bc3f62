"""The dashboard beside a session: a process of its own, so that browsers cost the session's nothing."""

import os
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final, Protocol, Self

from sentio_tui.alpaca.keys import without_keys
from sentio_tui.model.events import Level
from sentio_tui.settings import Settings

BEGUN: Final = "The dashboard is at"
"""The beginning of what a server says first."""

NONE: Final = "No dashboard"

PATIENCE: Final = 5.0
"""Seconds a server has to end when it is asked to."""


class Told(Protocol):
    """What is asked of the session, from any thread."""

    def say(self, text: str, level: Level) -> None: ...


def command(settings: Settings, folder: Path) -> Sequence[str]:
    """The command line of a dashboard for these sessions."""
    web, ui = settings.web, settings.ui
    values = {
        "web.enabled": "false",
        "web.host": web.host,
        "web.port": str(web.port),
        "web.token_variable": web.token_variable,
        "ui.theme": ui.theme,
        **({"ui.themes_dir": os.path.abspath(os.path.expanduser(ui.themes_dir))} if ui.themes_dir else {}),
    }
    assignments = [part for key, value in values.items() for part in ("--set", f"{key}={value}")]
    return (
        *(sys.executable, "-P", "-m", "sentio_tui", "web", "--with-parent"),
        *("--sessions-dir", str(folder)),
        *assignments,
    )


def _unsaid(_: str) -> None:
    """Nobody is told."""


class Server:
    """At most one server process of this process. It ends when this one does, however that happens: it reads from a
    pipe whose other end is here."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[str] | None = None
        self._turn = threading.Lock()
        self._address = ""
        self._say: Callable[[str], None] = _unsaid

    def start(self, arguments: Sequence[str], say: Callable[[str], None]) -> None:
        """Start it unless it runs, and return when it serves, or cannot: what comes of it is said in words."""
        with self._turn:
            self._say = say
            if self._process is not None and self._process.poll() is None:
                say(self._address)
                return
            try:
                process = subprocess.Popen(
                    arguments,
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.STDOUT,
                    text=True,
                    errors="replace",
                    env=without_keys(os.environ),
                    start_new_session=True,
                )
            except OSError as error:
                say(f"{NONE}: {error.strerror or error}")
                return
            self._process = process
            assert process.stdout is not None
            self._address = process.stdout.readline().strip()
            if self._address.startswith(BEGUN):
                say(self._address)
                threading.Thread(target=self._read, args=(process,), name="dashboard", daemon=True).start()
            else:
                said = f"{self._address} {process.stdout.read()}".split()
                process.wait()
                say(f"{NONE}: {' '.join(said).removeprefix('sentio-tui: ')}")

    def stop(self) -> None:
        """End it, if it runs."""
        with self._turn:
            process, self._process = self._process, None
            self._say = _unsaid
        if process is None:
            return
        assert process.stdin is not None
        process.stdin.close()
        try:
            process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def _read(self, process: "subprocess.Popen[str]") -> None:
        """Take what it says, so that it never waits for us; and say when it ends before its time."""
        assert process.stdout is not None
        last = ""
        for line in process.stdout:
            last = line.strip() or last
        code = process.wait()
        with self._turn:
            if self._process is process:
                self._process = None
                self._say(f"The dashboard has ended (exit code {code}){f': {last}' if last else ''}")


OURS: Final = Server()
"""That of this process: a second session in it finds the first one's, which shows both."""


class Dashboard:
    """Entered with a session, it sees to it that there is a dashboard, and tells where, or why there is none. It stays
    when the session has ended, for whoever still looks at it, and ends with the process."""

    def __init__(self, session: Told, arguments: Sequence[str], server: Server = OURS) -> None:
        self._session = session
        self._arguments = arguments
        self._server = server

    async def __aenter__(self) -> Self:
        # On a thread, for the session goes on meanwhile.
        threading.Thread(
            target=self._server.start, args=(self._arguments, self._tell), name="dashboard", daemon=True
        ).start()
        return self

    async def __aexit__(self, *_: object) -> None:
        """Nothing ends with the session."""

    def _tell(self, text: str) -> None:
        self._session.say(text, Level.INFO if text.startswith(BEGUN) else Level.WARNING)
