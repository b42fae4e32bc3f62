"""A program in a pseudo-terminal."""

import fcntl
import os
import re
import select
import signal
import struct
import subprocess
import termios
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import pyte

from tests.e2e.screen import FRAME, Place, Seen, Size

TIMEOUT: Final = 60.0
"""Seconds a condition may take at the most: two slow cores run several programs at once."""

LOOK: Final = 0.05
"""Seconds until the program's end is looked for again: nothing is written at it."""

RETRY: Final = 1.0
"""Seconds until a key is pressed again that a dialog, deaf while it opens, may not have heard."""

_FRAME_QUERY: Final = b"\x1b[?2026$p"
_FRAME_END: Final = b"\x1b[?2026l"
_FRAME_KNOWN: Final = b"\x1b[?2026;2$y"

_LAST: Final = b"\0"
"""Shows nothing on any terminal."""

_CHUNK: Final = 1 << 16

_KEYS: Final = {
    "enter": "\r",
    "escape": "\x1b",
    "tab": "\t",
    "shift+tab": "\x1b[Z",
    "space": " ",
    "up": "\x1b[A",
    "down": "\x1b[B",
    "right": "\x1b[C",
    "left": "\x1b[D",
    "home": "\x1b[H",
    "end": "\x1b[F",
    "f1": "\x1bOP",
}


class Terminal(Seen):
    """Runs `command` as the leader of a session with a terminal of its own.

    It tells the program that it can draw whole frames at once, so what is read from the screen is never half a frame.
    Leaving it as a context manager kills what still runs.
    """

    def __init__(
        self, command: Sequence[str], size: Size, environment: Mapping[str, str], cwd: Path, *, controls: bool = True
    ) -> None:
        """Without `controls` the terminal is not the session's own: nobody is told by a signal when it goes away."""
        super().__init__(size)
        self.output = bytearray()
        self._waiting = bytearray()
        self._stream = pyte.ByteStream(self._screen)
        self._answered = 0
        self._exit_code: int | None = None
        self._master, self._slave = os.openpty()
        self._set_size(size)
        self._flags = termios.tcgetattr(self._slave)
        # All that is left of the program, children included, holds the other end of this pipe.
        self._alive, alive = os.pipe()
        try:
            self._process = subprocess.Popen(
                list(command),
                stdin=self._slave,
                stdout=self._slave,
                stderr=self._slave,
                cwd=cwd,
                env=dict(environment),
                pass_fds=(alive,),
                start_new_session=True,
                preexec_fn=_take_terminal if controls else None,
            )
        except BaseException:  # no process came of it: nobody else would close the terminal
            self._release()
            raise
        finally:
            os.close(alive)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self._release()

    def wait_for(self, wanted: "Wanted", timeout: float = TIMEOUT) -> None:
        """Read until a text or pattern is on the screen, or a question to the terminal is answered with yes."""
        if not self._read_until(_condition(wanted), timeout):
            name = wanted if isinstance(wanted, str) else getattr(wanted, "pattern", "what was asked for")
            code = self._process.poll()
            ended = "" if code is None else f" (the program has ended with {code})"
            raise AssertionError(f"not on the screen{ended}: {name}\n{self._picture()}")

    def wait_gone(self, text: str, timeout: float = TIMEOUT) -> None:
        self.wait_for(lambda terminal: text not in terminal.text, timeout)

    def wait_exit(self, timeout: float = TIMEOUT) -> int:
        """Read until the program and its children have ended; its exit code, negative for a signal."""
        if not self._read_until(lambda terminal: terminal.has_ended, timeout):
            raise AssertionError(f"still running after {timeout:g} s\n{self._picture()}")
        self._drain()
        if self._exit_code is None:
            self._exit_code = self._process.wait()
        return self._exit_code

    def wait_command(self, timeout: float = TIMEOUT) -> int:
        """Read until the command itself has ended, as a shell waits for it: its children may go on. Its exit code."""
        if not self._read_until(lambda terminal: terminal.process_ended or terminal.has_ended, timeout):
            raise AssertionError(f"still running after {timeout:g} s\n{self._picture()}")
        self._drain()
        return self._process.wait()

    @property
    def pid(self) -> int:
        """The command's own process, which leads its group."""
        return self._process.pid

    @property
    def process_ended(self) -> bool:
        """Whether the command itself has ended."""
        return self._process.poll() is not None

    @property
    def has_ended(self) -> bool:
        """Whether the command and its children have ended."""
        return bool(select.select([self._alive], [], [], 0)[0])

    def press(self, *keys: str) -> None:
        """Press keys by name ("space", "f1", "ctrl+p"); anything else is typed as it is."""
        for key in keys:
            control = key.removeprefix("ctrl+")
            data = chr(ord(control) & 0x1F) if control != key else _KEYS.get(key, key)
            self.send(data.encode())

    def paste(self, text: str) -> None:
        """Paste as a terminal does that brackets what it pastes."""
        self.send(f"\x1b[200~{text}\x1b[201~".encode())

    def send(self, data: bytes) -> None:
        """Write it at once, so that the program reads it at once."""
        os.write(self._master, data)

    def press_until(self, key: str, wanted: "Wanted", timeout: float = TIMEOUT) -> None:
        """Press a key, again and again where a dialog that has just opened does not hear it yet."""
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            self.press(key)
            if self._read_until(_condition(wanted), RETRY):
                return
        self.wait_for(wanted, 0)

    def click(self, place: Place) -> None:
        """Press and release the left mouse button."""
        for end in "Mm":
            os.write(self._master, f"\x1b[<0;{place.column + 1};{place.row + 1}{end}".encode())

    def resize(self, size: Size) -> None:
        """Another size, and nothing on the screen; the kernel tells the program with SIGWINCH."""
        self._screen.resize(size.rows, size.columns)
        self.erase()
        self._set_size(size)

    def erase(self) -> None:
        """Wipe the screen behind the program's back, as a stray message of another program would spoil it."""
        self._screen.erase_in_display(2)

    def freeze(self) -> None:
        """Take nothing more of what is written: the program waits at its next write."""
        termios.tcflow(self._slave, termios.TCOOFF)

    def thaw(self) -> None:
        termios.tcflow(self._slave, termios.TCOON)

    def hang_up(self) -> None:
        """Close the terminal's window. Nothing can be read or pressed after it."""
        os.close(self._master)
        self._master = -1

    def send_signal(self, number: signal.Signals) -> None:
        """To the command itself."""
        self._process.send_signal(number)

    def wait_stopped(self) -> None:
        """Wait until the process has stopped. What it writes before fits into what the kernel keeps."""
        os.waitid(os.P_PID, self._process.pid, os.WSTOPPED | os.WNOWAIT)

    def send_group(self, number: signal.Signals) -> None:
        """To the command and its children, as the terminal and a shell do."""
        os.killpg(self._process.pid, number)

    def left_behind(self) -> list[str]:
        """What differs from the terminal the program was given: modes and flags, in words. Empty is as it should be."""
        found = self.odd_modes()
        pushed, popped = (len(re.findall(pattern, self.output)) for pattern in (rb"\x1b\[>\d+u", rb"\x1b\[<\d*u"))
        if pushed != popped:
            found.append(f"keyboard protocol: pushed {pushed} times, popped {popped} times")
        if termios.tcgetattr(self._slave) != self._flags:
            found.append("the line settings (termios)")
        return found

    def _read_until(self, condition: Callable[["Terminal"], object], timeout: float) -> bool:
        """Whether the condition came true. It is asked after each frame, so a program that never rests cannot hide
        it."""
        deadline = time.monotonic() + timeout
        while True:
            ended = self.has_ended
            while self._take_frame():
                if not self._screen.has(FRAME) and condition(self):
                    return True
                if time.monotonic() > deadline:
                    return False
            if not self._screen.has(FRAME) and condition(self):
                return True
            left = deadline - time.monotonic()
            if ended or left <= 0:
                return False
            select.select([end for end in (self._master, self._alive) if end >= 0], [], [], min(left, LOOK))

    def _take_frame(self) -> bool:
        """Take in what the program wrote, up to the end of a frame at the most; whether there was anything."""
        while self._master >= 0 and len(self._waiting) < _CHUNK and select.select([self._master], [], [], 0)[0]:
            data = os.read(self._master, _CHUNK)
            self.output += data
            self._waiting += data
            asked = self.output.find(_FRAME_QUERY, self._answered)
            if asked >= 0:
                self._answered = asked + len(_FRAME_QUERY)
                os.write(self._master, _FRAME_KNOWN)
        end = self._waiting.find(_FRAME_END)
        size = len(self._waiting) if end < 0 else end + len(_FRAME_END)
        self._stream.feed(bytes(self._waiting[:size]))
        del self._waiting[:size]
        return size > 0

    def _drain(self) -> None:
        """Take in all that was written: a byte of our own comes after it, on whatever way the kernel takes."""
        if self._master >= 0:
            os.write(self._slave, _LAST)
            while not self.output.endswith(_LAST):
                select.select([self._master], [], [])
                self._take_frame()
        while self._take_frame():
            pass

    def _set_size(self, size: Size) -> None:
        fcntl.ioctl(self._slave, termios.TIOCSWINSZ, struct.pack("HHHH", size.rows, size.columns, 0, 0))

    def _release(self) -> None:
        for descriptor in (self._master, self._slave, self._alive):
            if descriptor >= 0:
                os.close(descriptor)


Wanted = str | re.Pattern[str] | Callable[[Terminal], object]
"""A text or a pattern on the screen, or a question to the terminal."""


def _condition(wanted: Wanted) -> Callable[[Terminal], object]:
    if isinstance(wanted, str):
        return lambda terminal: wanted in terminal.text
    if isinstance(wanted, re.Pattern):
        return lambda terminal: wanted.search(terminal.text)
    return wanted


def _take_terminal() -> None:
    """In the child: make the terminal the session's own, so that resizing it is told by a signal."""
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
