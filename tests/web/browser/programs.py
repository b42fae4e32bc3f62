"""The program itself, in processes of its own: sessions that run, and the server of the dashboard."""

import os
import socket
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

from tests.web.serving import PATIENCE

PROGRAM = Path(sys.executable).parent / "sentio-tui"


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
    assert isinstance(port, int)
    return port


class Programs:
    """Starts them in a folder, and ends them with it."""

    def __init__(self, folder: Path) -> None:
        self.sessions = folder / "sessions"
        self.sessions.mkdir()
        self._home = folder
        self._running = ExitStack()

    def run(self, *options: str) -> "subprocess.Popen[bytes]":
        """A session without a screen."""
        return self._start(["run", "--profile", "crypto", "--sessions-dir", str(self.sessions), *options], {})

    def web(self, port: int, token: str = "") -> "subprocess.Popen[bytes]":
        """The dashboard, as soon as it answers."""
        command = ["web", "--port", str(port), "--sessions-dir", str(self.sessions)]
        process = self._start(command, {"DASHBOARD_TOKEN": token} if token else {})
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line.startswith(b"The dashboard is at"), line
        return process

    def _start(self, arguments: list[str], variables: dict[str, str]) -> "subprocess.Popen[bytes]":
        folders = {f"XDG_{kind}_HOME": str(self._home / kind) for kind in ("CONFIG", "DATA", "STATE", "CACHE")}
        environment = {"PATH": os.environ.get("PATH", os.defpath), "HOME": str(self._home), **folders, **variables}
        process = subprocess.Popen(
            [PROGRAM, *arguments],
            cwd=self._home,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE if arguments[0] == "web" else subprocess.DEVNULL,
        )
        self._running.callback(_end, process)
        return process

    def close(self) -> None:
        self._running.close()


def kill(process: "subprocess.Popen[bytes]") -> None:
    """Without a word to anybody, as a machine does that loses its power."""
    process.kill()
    process.wait(PATIENCE)


def _end(process: "subprocess.Popen[bytes]") -> None:
    process.kill()
    process.wait(PATIENCE)
    if process.stdout is not None:
        process.stdout.close()
