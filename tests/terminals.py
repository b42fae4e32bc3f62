"""A command whose standard error is a terminal."""

import os
import pty
import subprocess
import sys
from collections.abc import Mapping


def on_a_terminal(*arguments: str, environ: Mapping[str, str]) -> tuple[int, bytes, str]:
    """Runs `sentio-tui` in a process of its own; exit code, standard output, and what it wrote to the terminal."""
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "sentio_tui", *arguments]
    full = {**os.environ, "TERM": "xterm-256color", **environ}
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=theirs, env=full, check=False)
    os.close(theirs)
    told = b""
    try:
        while part := os.read(ours, 4096):
            told += part
    except OSError:
        pass  # on Linux, the end of a pseudo-terminal nobody writes to any more
    os.close(ours)
    return done.returncode, done.stdout, told.decode()
