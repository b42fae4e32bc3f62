"""The terminal under the screen: how it is read, and what to do when it goes away."""

import asyncio
import os
import select
import signal
import sys
import threading
from collections.abc import Callable

from textual.drivers.linux_driver import LinuxDriver

from sentio_tui.ui import terminal_input


class TerminalDriver(LinuxDriver):
    """Textual's, with a reader of its own: neither pasted text nor a stray byte may steer a session or end it."""

    def run_input_thread(self) -> None:
        terminal_input.read(self.fileno, self.exit_event, self.process_message)

    def _sigcont_application(self, *_: object) -> None:
        """Go on after a stop. SIGSTOP gives no warning: what SIGTSTP does before the stop is made up for here, lest the
        screen be opened twice, with the raw terminal taken for what the shell wants back."""
        if self._is_in_background():
            os.kill(os.getpid(), signal.SIGSTOP)
            return
        if self._auto_restart and not self._must_signal_resume:
            self.suspend_application_mode()
            self._must_signal_resume = True
        super()._sigcont_application()

    def _is_in_background(self) -> bool:
        try:
            return os.tcgetpgrp(self.fileno) != os.getpgrp()
        except OSError:  # not the terminal of this session: there is no foreground to wait for
            return False


class TerminalGone:
    """Ends the program when its terminal has gone, by signal or by the terminal's own word.

    The screen cannot be used for it: its writer waits for ever on a terminal that is gone, and its reader spins.
    """

    def __init__(self, close: Callable[[], None], code: int) -> None:
        """`close` ends the session in order and may take its time; `code` is the exit code."""
        self._close = close
        self._code = code
        self._is_ending = threading.Lock()

    def watch(self, loop: asyncio.AbstractEventLoop) -> None:
        """Begin to watch. To be called on the main thread."""
        loop.add_signal_handler(signal.SIGHUP, self.end)
        threading.Thread(target=self._wait, name="terminal", daemon=True).start()

    def end(self) -> None:
        """Close the session on a thread of its own, then end the process, whatever hangs. Only once."""
        if self._is_ending.acquire(blocking=False):
            threading.Thread(target=self._end, name="hang-up").start()

    def _wait(self) -> None:
        """Without events asked for, poll returns only when the other side has hung up. Some terminals never do."""
        poll = select.poll()
        poll.register(sys.__stdin__.fileno() if sys.__stdin__ is not None else 0, 0)
        if any(event & (select.POLLHUP | select.POLLERR) for _, event in poll.poll()):
            self.end()

    def _end(self) -> None:
        try:
            self._close()
        finally:
            os._exit(self._code)
