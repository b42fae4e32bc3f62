"""What strategies need made once on a machine before they can run, such as compiled code.

It is made in a process of its own: a compiler holds Python's lock for long stretches, and a screen would stand still.
What it leaves on the disk is then loaded here.
"""

import os
import select
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from typing import Final

from sentio_tui.settings import Settings
from sentio_tui.strategies import registry
from sentio_tui.strategies.base import NeedsPreparing

Tell = Callable[[str], object]

_POLL: Final = 0.1
"""Seconds between two questions whether it is still wanted."""


class NotWanted(Exception):
    """Nobody waits for what is being made."""


def prepare(settings: Settings, tell: Tell, is_wanted: Callable[[], bool] = lambda: True) -> None:
    """Make ready what the configured strategies need, and load it. `tell` gets a line, for people, before each step.

    A strategy that is not there is left to whoever makes the books. Raises NotWanted soon after `is_wanted` says no,
    and what a strategy raises that cannot be prepared here either.
    """
    for name in dict.fromkeys([book.strategy.name for book in settings.books] or [settings.strategy.name]):
        try:
            kind = registry.find(name)
        except registry.StrategyError:
            continue
        if not isinstance(kind, NeedsPreparing):
            continue
        if not kind.is_prepared():
            command = [sys.executable, "-P", "-m", __spec__.name, name]
            if trouble := run_elsewhere(command, tell, is_wanted):
                tell(f"{name}: making it ready in another process failed ({trouble}); it is tried here")
            elif not kind.is_prepared():
                tell(f"{name}: what was made could not be kept; it is made again here")
        kind.prepare(tell)


def run_elsewhere(command: Sequence[str], tell: Tell, is_wanted: Callable[[], bool]) -> str:
    """Run a process and tell each line of its output. Why it failed, or nothing.

    Raises NotWanted, and kills the process, soon after `is_wanted` says no.
    """
    with tempfile.TemporaryFile() as errors:
        try:
            process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=errors)
        except OSError as error:
            return error.strerror or str(error)
        with process:
            try:
                _relay(process, tell, is_wanted)
            except BaseException:  # whatever it is, the process must not outlive it
                process.kill()
                raise
        if not process.returncode:
            return ""
        errors.seek(0)
        last = errors.read().decode(errors="replace").strip().splitlines()[-1:]
        return last[0] if last else f"exit code {process.returncode}"


def _relay(process: "subprocess.Popen[bytes]", tell: Tell, is_wanted: Callable[[], bool]) -> None:
    assert process.stdout is not None
    pending = b""
    while is_wanted():
        if not select.select([process.stdout], [], [], _POLL)[0]:
            continue
        piece = os.read(process.stdout.fileno(), 4096)
        if not piece:
            return
        *lines, pending = (pending + piece).split(b"\n")
        for line in lines:
            tell(line.decode(errors="replace"))
    raise NotWanted("nobody waits for the session any more")


def _main(name: str) -> None:
    kind = registry.find(name)
    if isinstance(kind, NeedsPreparing):
        kind.prepare(lambda line: print(line, flush=True))


if __name__ == "__main__":
    _main(sys.argv[1])
