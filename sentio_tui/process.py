"""The two processes of the cockpit: the child holds the screen and the session, the parent stands in the shell's job.

Both are of one process group, so that the child may use the terminal. The parent lives as long as the screen and only
waits: nothing heavy is imported here.
"""

import contextvars
import os
import signal
import sys
import termios
from collections.abc import Callable
from contextlib import suppress
from types import FrameType
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    import asyncio

PASSED_ON: Final = signal.SIGUSR1
"""What the parent makes of a SIGINT or SIGTERM. One that is sent to the whole group so counts once, not twice."""

_ENDING: Final = frozenset({signal.SIGINT, signal.SIGTERM})
_PLAIN: Final = frozenset({signal.SIGHUP, signal.SIGQUIT, signal.SIGTSTP})
"""Signals the parent passes on as they are: heard twice, they do what they do once."""

_HEARD: Final = frozenset({*_ENDING, *_PLAIN, signal.SIGCHLD, PASSED_ON})

_STANDARD: Final = (0, 1, 2)
"""Input, output and errors."""

_KILLED: Final = 128
"""Added to a signal's number, it is the exit code of who was killed by it: the shell's convention."""

_RESET: Final = (
    "\x18"  # gives up a sequence that was cut
    "\x1b[?2026l\x1b[?1000l\x1b[?1002l\x1b[?1003l\x1b[?1015l\x1b[?1006l\x1b[?1016l\x1b[?2004l\x1b[?2048l\x1b[?1004l"
    "\x1b[?7h\x1b[<u\x1b[?1049l\x1b[?25h\x1b[0m"
)
"""Ends what a screen that was killed left on: a frame, mouse, paste, size and focus reports, its keyboard protocol, the
alternate screen; line wrap, the cursor and plain text come back."""


class Signals:
    """What was asked of this process by signal, from its first moment to its last.

    An event loop's own handlers would not do: they go with the loop, and the next SIGHUP would kill the session.
    """

    def __init__(self) -> None:
        self.hung_up = False
        """The terminal has gone, or somebody said so."""
        self._direct = 0
        self._passed_on = 0
        self._heeded = 0
        self._wake: Callable[[], object] = _nothing

    def catch(self) -> None:
        """Begin to listen. To be called on the main thread."""
        for number in (signal.SIGHUP, *_ENDING, PASSED_ON):
            signal.signal(number, self._note)

    def wake_in(
        self, loop: "asyncio.AbstractEventLoop", context: contextvars.Context, call: Callable[[], object]
    ) -> None:
        """Let the loop call this after each signal from now on, and once now, as there may be news. It is called in
        this context: a signal comes in whatever one there is."""

        def wake() -> None:
            with suppress(RuntimeError):  # the loop has ended meanwhile
                loop.call_soon_threadsafe(call, context=context)

        self._wake = wake
        wake()

    def ends(self) -> int:
        """How often the process was asked to end since the last call."""
        asked = max(self._direct, self._passed_on)
        new = asked - self._heeded
        self._heeded = asked
        return new

    def _note(self, number: int, _frame: FrameType | None) -> None:
        if number == signal.SIGHUP:
            self.hung_up = True
        elif number == PASSED_ON:
            self._passed_on += 1
        else:
            self._direct += 1
        self._wake()


class Streams:
    """Those standard streams of this process that are a terminal now."""

    def __init__(self) -> None:
        self._descriptors = [descriptor for descriptor in _STANDARD if os.isatty(descriptor)]

    def lose(self) -> None:
        """Put the null device in their place: their terminal has gone, or is left."""
        null = os.open(os.devnull, os.O_RDWR)
        for descriptor in self._descriptors:
            os.dup2(null, descriptor)
        os.close(null)


class Shell:
    """The child's way back to the shell that started it."""

    def __init__(self, pipe: int) -> None:
        """`pipe`: the end for writing; the parent waits at the other one."""
        self.pipe = pipe
        self.signals = Signals()
        self._streams = Streams()

    def leave(self, code: int, words: str) -> None:
        """Leave the terminal for good; the parent says the words and ends with the code, so the shell goes on.

        The screen must be closed before.
        """
        for number in (signal.SIGTSTP, signal.SIGCONT, signal.SIGWINCH):
            signal.signal(number, signal.SIG_DFL)
        for stream in (sys.stdout, sys.stderr):
            with suppress(OSError):
                stream.flush()
        os.setsid()
        self._streams.lose()
        with suppress(BrokenPipeError):
            os.write(self.pipe, bytes([code]) + words.encode())
        os.close(self.pipe)


def divide(screen: Callable[[Shell], int]) -> int:
    """Fork. Returns twice: in the child what `screen` returns, in the parent the exit code for the shell.

    To be called before there is a second thread, with a terminal as standard input.
    """
    terminal = _Terminal()
    ours, theirs = os.pipe()
    # Held back until both have their own handlers.
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _HEARD)
    child = os.fork()
    if child:
        os.close(theirs)
        parent = _Parent(child, ours, terminal)
        parent.catch()
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
        return parent.wait()
    os.close(ours)
    shell = Shell(theirs)
    shell.signals.catch()
    signal.pthread_sigmask(signal.SIG_SETMASK, before)
    return screen(shell)


class _Terminal:
    """The line settings (termios) of the standard input, as they are now."""

    def __init__(self) -> None:
        self._input = sys.stdin.fileno()
        self._settings: list[Any] = termios.tcgetattr(self._input)

    def restore(self) -> None:
        """Close what is left of a screen that could not do so itself."""
        with suppress(termios.error, OSError):
            if termios.tcgetattr(self._input) != self._settings:
                os.write(1, _RESET.encode())
                termios.tcsetattr(self._input, termios.TCSAFLUSH, self._settings)


class _Parent:
    """Waits for the child, stops with it, and passes signals on to it."""

    def __init__(self, child: int, pipe: int, terminal: _Terminal) -> None:
        self._child = child
        self._pipe = pipe
        self._terminal = terminal

    def catch(self) -> None:
        for number in (*_ENDING, *_PLAIN):
            signal.signal(number, self._pass_on)
        signal.signal(signal.SIGCHLD, self._stop_with_child)

    def wait(self) -> int:
        """Wait until the child leaves the terminal, or ends; the exit code."""
        told = bytearray()
        while piece := os.read(self._pipe, 4096):
            told += piece
        if told:
            for number in (*_ENDING, *_PLAIN, signal.SIGCHLD):
                signal.signal(number, signal.SIG_DFL)
            _say(1, told[1:].decode())
            return told[0]
        _, status = os.waitpid(self._child, 0)
        if not os.WIFSIGNALED(status):
            return os.waitstatus_to_exitcode(status)
        self._terminal.restore()
        killer = os.WTERMSIG(status)
        why = signal.strsignal(killer) or f"signal {killer}"
        _say(
            2,
            f"sentio-tui: process {self._child}, the screen with its session, was ended by a signal: {why}. What the"
            " session did until then is in its journal; `sentio-tui resume` goes on with it.",
        )
        return _KILLED + killer

    def _pass_on(self, number: int, _frame: FrameType | None) -> None:
        with suppress(ProcessLookupError):
            os.kill(self._child, PASSED_ON if number in _ENDING else number)

    def _stop_with_child(self, _number: int, _frame: FrameType | None) -> None:
        """When the child has stopped, stop too: only so the shell takes the terminal back. Both go on together."""
        with suppress(ChildProcessError):
            if os.waitid(os.P_PID, self._child, os.WSTOPPED | os.WNOHANG) is not None:
                os.kill(os.getpid(), signal.SIGSTOP)
                if os.waitid(os.P_PID, self._child, os.WCONTINUED | os.WNOHANG) is None:
                    os.kill(self._child, signal.SIGCONT)


def _say(descriptor: int, text: str) -> None:
    """Past Python's streams: what a terminal that has gone does not take must not come back at the exit."""
    with suppress(OSError):
        os.write(descriptor, f"{text}\n".encode())


def _nothing() -> None:
    """Nobody waits for news yet."""
