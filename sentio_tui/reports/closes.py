"""Reports beside a session that runs: at each close of its exchange, and when all of it is on disk.

A process of its own makes them out of the journal, so that the engine loses nothing. What came of it is told as a
notice; whatever goes wrong, the session goes on and ends as it would.
"""

import asyncio
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final, Protocol, Self

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from sentio_tui.alpaca.keys import without_keys
from sentio_tui.engine.end_of_day import NEVER
from sentio_tui.journal.reader import JournalDamaged, head
from sentio_tui.mail import MailError, address, credentials
from sentio_tui.market.calendar import ROUND_THE_CLOCK, Calendar, ExchangeCalendar
from sentio_tui.model.bars import MINUTE, Millis
from sentio_tui.model.events import AnyEvent, Level
from sentio_tui.settings import MailSettings

PATIENCE: Final = 120.0
"""Seconds the end of a session waits for its report at the most."""


class Job(Struct, frozen=True):
    """What the process is to do: the reports of one session, into its folder, and by mail."""

    folder: str
    session: str
    formats: tuple[str, ...]
    theme_dirs: tuple[str, ...]
    theme: str
    mail: MailSettings
    email_to: tuple[str, ...] = ()


class Outcome(Struct, frozen=True):
    """The files that were written, and what went wrong; empty when nothing did."""

    written: tuple[str, ...] = ()
    problem: str = ""


class Session(Protocol):
    """What is asked of the session."""

    @property
    def journal(self) -> Path: ...

    def listen(self, listener: Callable[[Sequence[AnyEvent]], None]) -> None: ...

    def tell(self, text: str, level: Level = ...) -> None: ...


class Maker(Protocol):
    """Makes the reports once."""

    def make(self, patience: float | None = None) -> Outcome:
        """Wait for them, so many seconds at the most. Nothing comes of it where it was stopped meanwhile."""
        ...

    def stop(self) -> None:
        """From another thread: end what is under way, something newer follows."""
        ...


class Process:
    """A maker that is a process of its own."""

    def __init__(self, job: Job) -> None:
        self._input = msgspec.json.encode(job)
        self._process: subprocess.Popen[bytes] | None = None
        self._turn = threading.Lock()
        self._is_stopped = False

    def make(self, patience: float | None = None) -> Outcome:
        with self._turn:
            if self._is_stopped:
                return Outcome()
            try:
                process = self._process = self._started()
            except OSError as error:
                return Outcome(problem=error.strerror or str(error))
        problem = ""
        try:
            out, wrong = process.communicate(self._input, patience)
        except subprocess.TimeoutExpired:
            process.kill()
            out, wrong = process.communicate()
            problem = f"it took longer than {patience:g} seconds"
        if self._is_stopped:
            return Outcome()
        if process.returncode and not problem:
            said = wrong.decode(errors="replace").strip().splitlines()
            problem = said[-1] if said else f"its process ended with {process.returncode}"
        return Outcome(tuple(out.decode(errors="replace").splitlines()), problem)

    def stop(self) -> None:
        with self._turn:
            self._is_stopped = True
            if self._process is not None:
                self._process.terminate()

    @staticmethod
    def _started() -> "subprocess.Popen[bytes]":
        pipe = subprocess.PIPE
        command = (sys.executable, "-P", "-m", "sentio_tui.reports")
        # A session of its own: ctrl+c in the terminal is not meant for it.
        environment = without_keys(os.environ)
        return subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, env=environment, start_new_session=True)


class ClosingReports:
    """Serves a session (`LiveSession.serve`): entered when it is open, left when all of it is on disk."""

    def __init__(self, session: Session, job: Job, maker: Callable[[Job], Maker] = Process) -> None:
        self._session = session
        self._job = job
        self._maker = maker
        self._calendar: Calendar | None = None
        self._at: Millis = 0
        self._due: Millis = NEVER
        self._closed = asyncio.Event()
        self._work: asyncio.Task[None] | None = None
        self._current: Maker | None = None
        session.listen(self._look)

    async def __aenter__(self) -> Self:
        self._check_mail()
        try:
            exchange = (await asyncio.to_thread(head, self._session.journal)).info.exchange
            if exchange not in ("", ROUND_THE_CLOCK):
                self._calendar = await asyncio.to_thread(ExchangeCalendar, exchange)
        except (JournalDamaged, OSError, ValueError) as error:
            self._session.tell(f"No reports at the market's closes: {error}")
        self._due = self._next()
        self._work = asyncio.create_task(self._make_when_closed())
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._work is not None:
            self._work.cancel()
            if self._current is not None:
                self._current.stop()
            with suppress(asyncio.CancelledError):
                await self._work
        await self._make(PATIENCE)

    def _look(self, events: Sequence[AnyEvent]) -> None:
        """On the session's thread, with every turn's events."""
        at = events[-1].at
        if at > self._at:
            self._at = at
            if at >= self._due:
                self._due = self._next()
                self._closed.set()

    def _next(self) -> Millis:
        """When the next close is to be told: a minute later, so that the day's last bars have been taken in."""
        if self._calendar is None:
            return NEVER
        try:
            return self._calendar.next_close(self._at - MINUTE) + MINUTE
        except ValueError:
            return NEVER

    def _check_mail(self) -> None:
        """Say at the start what would else be found out at the end of the day."""
        if not self._job.email_to:
            return
        try:
            credentials(self._job.mail)
            for each in self._job.email_to:
                address(each)
        except MailError as error:
            self._job = replace(self._job, email_to=())
            self._session.tell(f"Reports will not be mailed: {error}")

    async def _make_when_closed(self) -> None:
        """Closes that come while one is made share the next one."""
        while True:
            await self._closed.wait()
            self._closed.clear()
            await self._make()

    async def _make(self, patience: float | None = None) -> None:
        maker = self._current = self._maker(self._job)
        made = await asyncio.to_thread(maker.make, patience)
        for path in made.written:
            self._session.tell(f"Report: {path}", Level.INFO)
        if made.problem:
            self._session.tell(f"The report failed: {made.problem}")
