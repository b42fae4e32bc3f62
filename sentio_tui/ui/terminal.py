"""The terminal under the screen: how it is read and written, what stops and continues it, and when it has gone."""

import os
import queue
import select
import signal
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from errno import EIO
from io import TextIOWrapper
from types import FrameType
from typing import TYPE_CHECKING, Final, Literal, TextIO, cast

from textual.drivers.linux_driver import LinuxDriver

from sentio_tui.plain import clean
from sentio_tui.ui import terminal_input

if TYPE_CHECKING:
    from textual.app import App

BEHIND: Final = 6
"""Writes that may wait for the terminal, at three a frame, before nothing more is painted. Its queue holds thirty."""

PATIENCE: Final = 2.0
RETRY: Final = 0.1
"""Seconds one waits for a terminal that takes nothing, and between two tries to do without it."""

NOTICE: Final = 300
"""Characters of a notification on the desktop."""


def desktop_notice(text: str, form: Literal["auto", "osc9", "osc777"], environ: Mapping[str, str]) -> str:
    """What asks a terminal for a notification on its desktop: its own, whichever machine this runs on.

    `text` has the title on its first line and may come from outside: nothing of it reaches the terminal as a control
    sequence. Terminals that know none of it show nothing. tmux hands it on where `allow-passthrough` is on.
    """
    title, _, body = (clean(line)[:NOTICE] for line in text.partition("\n"))
    kind = environ.get("TERM", "")
    is_777 = kind.startswith(("rxvt", "foot")) or bool({"VTE_VERSION", "KONSOLE_VERSION"} & environ.keys())
    if form == "osc777" or (form == "auto" and is_777):
        # The field's separator has no escape.
        sequence = f"\x1b]777;notify;{title.replace(';', ',')};{body.replace(';', ',')}\x1b\\"
    else:
        # Some terminals take a number in front for a command of their own.
        sequence = f"\x1b]9;sentio-tui: {title}" + (f": {body}" if body else "") + "\x1b\\"
    if "TMUX" in environ:
        return "\x1bPtmux;" + sequence.replace("\x1b", "\x1b\x1b") + "\x1b\\"
    return sequence


class TerminalDriver(LinuxDriver):
    """Textual's, for a terminal that may go away and a process that others stop and continue.

    Its reader is its own: neither pasted text nor a stray byte may steer a session or end it.
    """

    def __init__(
        self, app: "App[object]", *, debug: bool = False, mouse: bool = True, size: tuple[int, int] | None = None
    ) -> None:
        super().__init__(app, debug=debug, mouse=mouse, size=size)
        if self._file is not None:
            self._file = cast("TextIOWrapper", _Lossy(self._file))
        self._is_open = False
        self._is_over = False
        self._is_stuck = False
        self._is_suspending = False
        self._is_stopping = False
        self._is_going_on = False

    @property
    def is_behind(self) -> bool:
        """Whether the terminal has not taken the last frames yet, as over a line that is slow or dead.

        Who paints on would wait for it, and no signal would be heard meanwhile.
        """
        return self._writer_thread is not None and self._writer_thread._queue.qsize() > BEHIND

    def write(self, data: str) -> None:
        """Not for long: what a terminal that takes nothing has no room for is lost, and the screen is painted anew when
        there is room again."""
        if self._writer_thread is None:
            return
        waiting = self._writer_thread._queue
        try:
            waiting.put(data, timeout=0.0 if self._is_stuck else PATIENCE)
        except queue.Full:
            self._is_stuck = True
        else:
            if self._is_stuck:
                self._is_stuck = False
                self.send_message(self.SignalResume())

    def close(self) -> None:
        """Let go of the terminal, also of one that takes nothing: what is not written by then is lost."""
        writer = self._writer_thread
        if writer is None:
            return
        with suppress(queue.Full):
            writer._queue.put_nowait(None)
        writer.join(PATIENCE)
        while writer.is_alive():
            _let_go(writer._file.fileno())
            # A write that waits begins anew after a signal, and then finds the null device.
            signal.signal(signal.SIGUSR2, _nothing)
            signal.pthread_kill(writer.ident or 0, signal.SIGUSR2)
            with suppress(queue.Full):
                writer._queue.put_nowait(None)
            writer.join(RETRY)

    def run_input_thread(self) -> None:
        terminal_input.read(self.fileno, self.exit_event, self.process_message)

    def start_application_mode(self) -> None:
        """In the background the process stops in here, and nothing is opened until it is told to go on."""
        before = self._writer_thread
        super().start_application_mode()  # type: ignore[no-untyped-call]  # Textual gives it no types
        self._is_open = self._writer_thread is not before

    def suspend_application_mode(self) -> None:
        self._is_suspending = True
        try:
            super().suspend_application_mode()
        finally:
            self._is_suspending = False

    def stop_application_mode(self) -> None:
        self._is_over = not self._is_suspending
        super().stop_application_mode()
        self._is_open = False

    def _sigtstp_application(self, *_: object) -> None:
        """The whole group is asked to stop, and the parent passes it on: the second time comes in between."""
        if not self._is_stopping:
            self._is_stopping = True
            try:
                super()._sigtstp_application()
            finally:
                self._is_stopping = False

    def _sigcont_application(self, *_: object) -> None:
        """Go on after a stop; not when the screen is closed for good, as a hang-up sends this too.

        SIGSTOP gives no warning: what SIGTSTP does before the stop is made up for here, lest the screen be opened
        twice, with the raw terminal taken for what the shell wants back.
        """
        if self._is_over or self._is_going_on or not self._auto_restart:
            return
        if self._is_in_background():
            os.kill(os.getpid(), signal.SIGSTOP)
            return
        self._is_going_on = True
        try:
            if self._is_open:
                self.suspend_application_mode()
                self._must_signal_resume = True
            self.resume_application_mode()
        finally:
            self._is_going_on = False

    def _is_in_background(self) -> bool:
        try:
            return os.tcgetpgrp(self.fileno) != os.getpgrp()
        except OSError:  # not the terminal of this session: there is no foreground to wait for
            return False


class _Lossy:
    """A stream to a terminal that may go away: what is written to it then is lost.

    Textual's writer would end at the first error, and the screen would wait for it for ever.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        with self._losing():
            self._stream.write(text)
        return len(text)

    def flush(self) -> None:
        with self._losing():
            self._stream.flush()

    def fileno(self) -> int:
        return self._stream.fileno()

    @contextmanager
    def _losing(self) -> Iterator[None]:
        """What the stream still holds has to go somewhere, or it fails once more at the exit."""
        try:
            yield
        except OSError as error:
            if error.errno == EIO:
                _let_go(self.fileno())


def _let_go(descriptor: int) -> None:
    """Put the null device in the place of the terminal."""
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, descriptor)
    os.close(null)


def _nothing(_number: int, _frame: FrameType | None) -> None:
    """The signal itself is what is wanted."""


class TerminalWatch:
    """Sends this process the SIGHUP that a terminal which goes away does not always send."""

    def __init__(self, pipes: Sequence[int]) -> None:
        """`pipes`: ends for writing, to processes without which the terminal is lost too."""
        self._watched = (sys.__stdin__.fileno() if sys.__stdin__ is not None else 0, *pipes)
        self._stopped, self._stop = os.pipe()
        self._thread = threading.Thread(target=self._wait, name="terminal", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Let go of the terminal: while it is watched, it is held open."""
        os.close(self._stop)
        self._thread.join()
        os.close(self._stopped)

    def _wait(self) -> None:
        """Without events asked for, poll returns only when the other side has gone. Some terminals never tell."""
        poll = select.poll()
        for descriptor in (*self._watched, self._stopped):
            poll.register(descriptor, 0)
        gone = {descriptor for descriptor, _ in poll.poll()}
        if self._stopped not in gone:
            os.kill(os.getpid(), signal.SIGHUP)
