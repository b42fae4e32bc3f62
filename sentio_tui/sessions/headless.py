"""A session without a screen: log lines while it runs, the summary document when it has ended."""

import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from errno import EIO
from types import FrameType
from typing import Final, Literal, TextIO
from zoneinfo import ZoneInfo

from sentio_tui.model.commands import Stop
from sentio_tui.model.events import AnyEvent
from sentio_tui.process import Signals, Streams
from sentio_tui.sessions.lines import LineWriter
from sentio_tui.sessions.live import LiveSession

DONE: Final = 0
FAILED: Final = 1
INTERRUPTED: Final = 130

LOOK_EVERY: Final = 0.1
"""Seconds until a signal is heeded."""


def run(
    session: LiveSession, *, log: TextIO, document: TextIO | None, on_hangup: Literal["detach", "stop"] = "detach"
) -> int:
    """Run a session to its end and return the exit code: 0 done, 1 failed, 130 interrupted.

    Lines go to `log`, the final document to `document` if there is one. SIGINT and SIGTERM end the session in order.
    When the terminal goes away, what would go there is lost, and the session goes on, or ends too. A reader of the
    log that goes away ends the lines, not the session; so does a log that cannot be written, which counts as failed
    in the end.
    """
    streams = Streams()
    lines = _Lines(log, ZoneInfo(session.zone), streams)
    session.listen(lines.take)
    with _interrupts(streams, ends_hung_up=on_hangup == "stop") as interrupted:
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

    def __init__(self, log: TextIO, zone: ZoneInfo, streams: Streams) -> None:
        self._log = log
        self._is_terminal = log.isatty()
        self._streams = streams
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
            if self._is_terminal and error.errno == EIO:  # it has gone, and SIGHUP comes
                self._streams.lose()
                return
            self.failure = error.strerror or str(error)


@contextmanager
def _interrupts(streams: Streams, *, ends_hung_up: bool) -> Iterator[threading.Event]:
    """An event that the first SIGINT or SIGTERM sets, instead of what they did before; a SIGHUP too where it ends."""
    interrupted = threading.Event()

    def note(number: int, frame: FrameType | None) -> None:
        if number == signal.SIGHUP:
            streams.lose()
        if number != signal.SIGHUP or ends_hung_up:
            interrupted.set()

    if threading.current_thread() is not threading.main_thread():
        yield interrupted
        return
    before = {number: signal.signal(number, note) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    try:
        yield interrupted
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
