"""A session without a screen: log lines while it runs, the summary document when it has ended."""

import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import FrameType
from typing import Final, TextIO
from zoneinfo import ZoneInfo

from sentio_tui.model.commands import Stop
from sentio_tui.model.events import AnyEvent
from sentio_tui.process import Signals
from sentio_tui.sessions.lines import LineWriter
from sentio_tui.sessions.live import LiveSession

DONE: Final = 0
FAILED: Final = 1
INTERRUPTED: Final = 130

LOOK_EVERY: Final = 0.1
"""Seconds until a signal is heeded."""


def run(session: LiveSession, *, log: TextIO, document: TextIO | None) -> int:
    """Run a session to its end and return the exit code: 0 done, 1 failed, 130 interrupted.

    Lines go to `log`, the final document to `document` if there is one. SIGINT and SIGTERM end the session in order.
    A reader of the log that goes away ends the lines, not the session; so does a log that cannot be written, which
    counts as failed in the end.
    """
    lines = _Lines(log, ZoneInfo(session.zone))
    session.listen(lines.take)
    with _interrupts() as interrupted:
        session.start()
        while not session.wait(LOOK_EVERY):
            if interrupted.is_set():
                session.close()
    if session.failure:
        print(f"The session broke off: {session.failure}", file=log, flush=True)
        return FAILED
    if lines.failure:
        print(f"sentio-tui: the log could not be written: {lines.failure}", file=sys.stderr)
        return FAILED
    if document is not None:
        document.write(session.document.read_text(encoding="utf-8"))
        document.flush()
    return INTERRUPTED if interrupted.is_set() else DONE


def stay(session: LiveSession, signals: Signals) -> int:
    """Wait for the end of a session that nobody looks at; the exit code.

    Asked to end, it ends in order as configured; asked again, it takes the last prices.
    """
    closing: threading.Thread | None = None
    while not session.wait(LOOK_EVERY):
        for _ in range(signals.ends()):
            if closing is None:
                closing = threading.Thread(target=session.close, name="closing")
                closing.start()
            else:
                session.send(Stop(), "exit")
    if session.failure:
        return FAILED
    return DONE if closing is None else INTERRUPTED


class _Lines:
    """Writes the lines of each turn at once, so that who follows the log sees them as they happen."""

    def __init__(self, log: TextIO, zone: ZoneInfo) -> None:
        self._log = log
        self._writer = LineWriter(zone)
        self._is_read = True
        self.failure = ""
        """Why the log could not be written, unless its reader went away."""

    def take(self, events: Sequence[AnyEvent]) -> None:
        if not self._is_read:
            return
        lines = [line for event in events if (line := self._writer.line(event)) is not None]
        if lines:
            self._write("\n".join(lines) + "\n")

    def _write(self, text: str) -> None:
        try:
            self._log.write(text)
            self._log.flush()
        except BrokenPipeError:
            self._is_read = False
        except OSError as error:
            self._is_read = False
            self.failure = error.strerror or str(error)


@contextmanager
def _interrupts() -> Iterator[threading.Event]:
    """An event that the first SIGINT or SIGTERM sets, instead of what they did before."""
    interrupted = threading.Event()

    def note(number: int, frame: FrameType | None) -> None:
        interrupted.set()

    if threading.current_thread() is not threading.main_thread():
        yield interrupted
        return
    before = {number: signal.signal(number, note) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield interrupted
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
