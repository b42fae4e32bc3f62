"""A session that another process runs, seen over its socket."""

import asyncio
import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

from msgspec import Struct
from msgspec.structs import replace
from websockets.asyncio.client import ClientConnection, connect, unix_connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus

from sentio_tui import __version__
from sentio_tui.journal.reader import JournalDamaged, read_all
from sentio_tui.model.commands import AnyCommand
from sentio_tui.model.events import AnyEvent, Level, Noted, SessionEnded
from sentio_tui.model.snapshot import Snapshot
from sentio_tui.sessions import wire
from sentio_tui.sessions.base import must_be_told
from sentio_tui.sessions.running import Running, run_of
from sentio_tui.sessions.wheel import Seat, notice

ANSWER: Final = 5.0
"""Seconds a session has to answer when somebody attaches."""

PATIENCE: Final = 60.0
"""Seconds a lost session is looked for as long as its process runs."""

PAUSE: Final = 0.25
"""Seconds between two looks."""

PING: Final = 5.0
"""Seconds after which a host is asked whether it is still there, and that it has to answer: a screen must not go on
showing figures that no longer move."""

UNSEEN_KEPT: Final = 10_000
"""Events that must not be missed, kept for a screen that does not come to fetch them."""

_LOG: Final = logging.getLogger("sentio_tui.attached")
_LOG.addHandler(logging.NullHandler())
_LOG.propagate = False  # a line of the library on the standard error would spoil the screen


class NotAttached(Exception):
    """The session cannot be reached: says why, and what can be done."""


class _Lost(Exception):
    """The line broke: why, and whether the host sent us away for good."""

    def __init__(self, why: str, for_good: bool = False) -> None:
        super().__init__(why)
        self.for_good = for_good


class AttachedSession:
    """Implements `sessions.base.Session` over the socket, on a thread of its own."""

    def __init__(self, found: Running, who: str, *, read_only: bool, patience: float = PATIENCE) -> None:
        """`who` names this viewer to the others; `patience` as PATIENCE."""
        self._found = found
        self._who = who
        self._read_only = read_only
        self._patience = patience
        self._journal: Path | None = None
        self._latest: Snapshot | None = None
        self._seat = Seat()
        self._unseen: deque[AnyEvent] = deque(maxlen=UNSEEN_KEPT)
        self._told: int | None = None
        """The number of the newest event up to which nothing was missed; None before the first answer."""
        self._version = __version__
        """The program that serves it."""
        self._connection: ClientConnection | None = None
        self._asked: dict[int, str] = {}
        """What was sent and not yet answered, in words, by number."""
        self._sending: asyncio.Queue[bytes] = asyncio.Queue()
        self._numbers = 0
        self._failure = ""
        self._is_closing = False
        self._loop: asyncio.AbstractEventLoop | None = None
        self._task: asyncio.Task[None] | None = None
        self._ready = threading.Event()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._main, name=f"attached {found.name}", daemon=True)

    @property
    def name(self) -> str:
        return self._found.name

    @property
    def journal(self) -> Path | None:
        return self._journal

    @property
    def ends_with_screen(self) -> bool:
        return False

    @property
    def is_over(self) -> bool:
        return self._over.is_set()

    @property
    def failure(self) -> str:
        return self._failure

    @property
    def seat(self) -> Seat:
        return self._seat

    def attach(self) -> None:
        """Begin, and return with the first snapshot there. Raises NotAttached."""
        self._thread.start()
        self._ready.wait()
        if self._latest is None:
            self._thread.join()
            raise NotAttached(f"{self.name}: {self._failure or 'it ended just now'}")

    def snapshot(self) -> Snapshot | None:
        return self._latest

    def drain(self) -> Sequence[AnyEvent]:
        events = []
        while self._unseen:
            events.append(self._unseen.popleft())
        return events

    def send(self, command: AnyCommand) -> None:
        self._call(self._order, command)

    def take_wheel(self) -> None:
        self._call(self._take_wheel)

    def close(self) -> None:
        self._is_closing = True
        self._call(self._leave)
        if self._thread.is_alive():
            self._thread.join()

    def _call(self, function: Callable[..., None], *arguments: object) -> None:
        loop = self._loop
        if loop is None:
            return
        try:
            loop.call_soon_threadsafe(function, *arguments)
        except RuntimeError:
            if not loop.is_closed():
                raise

    def _main(self) -> None:
        try:
            asyncio.run(self._run())
        except Exception as error:  # the thread's last line of defence: the screen must stay and say what happened
            self._failure = f"{type(error).__name__}: {error}"
        finally:
            self._over.set()
            self._ready.set()

    async def _run(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._task = asyncio.current_task()
        if self._is_closing:
            return
        with suppress(asyncio.CancelledError):
            await self._follow()

    def _leave(self) -> None:
        if self._task is not None:
            self._task.cancel()

    async def _follow(self) -> None:
        """Look at the session until it is over, through every break of the line."""
        found, patience, since = self._found, ANSWER, time.monotonic()
        while True:
            try:
                await self._visit(found)
                return
            except (OSError, InvalidHandshake, ConnectionClosed, wire.WireError, _Lost) as error:
                why = _words(error) + self._other_version(error)
                if isinstance(error, wire.WireError) or (isinstance(error, _Lost) and error.for_good):
                    self._failure = why
                    return
            if self._connection is not None:
                patience, since = self._patience, time.monotonic()
            self._forget_line()
            if time.monotonic() - since >= patience:
                self._failure = f"no answer for {patience:g} s, though process {found.pid} runs it: {why}"
                return
            self._seat = replace(self._seat, cut_off=f"{why}; trying again")
            await asyncio.sleep(PAUSE)
            now = await asyncio.to_thread(run_of, found.folder, found.name)
            if now is None:
                await self._end_unseen()
                return
            found = now

    def _other_version(self, error: Exception) -> str:
        """What a frame that cannot be read may come from."""
        if not isinstance(error, wire.WireError) or self._version == __version__:
            return ""
        return f" (it is served by sentio-tui {self._version}, this is {__version__}; attach with that one)"

    async def _visit(self, found: Running) -> None:
        """One line to the host, until the session is over. Raises _Lost and what the libraries raise."""
        async with _line(found) as connection:
            hello = wire.Hello(wire.PROTOCOL, __version__, self._who, self._read_only, self._told)
            await connection.send(wire.encode(hello))
            async with asyncio.timeout(ANSWER):
                await self._take(wire.from_host(await connection.recv()))
            self._connection = connection
            sender = asyncio.create_task(self._send(connection))
            try:
                async for data in connection:
                    if await self._take(wire.from_host(data)):
                        return
            finally:
                sender.cancel()
        raise _Lost("the line to it broke")

    async def _send(self, connection: ClientConnection) -> None:
        with suppress(ConnectionClosed):
            while True:
                await connection.send(await self._sending.get())

    async def _take(self, message: wire.FromHost) -> bool:
        """Take in what the host says; whether the session is over."""
        match message:
            case wire.Shown(snapshot):
                self._latest = snapshot
                self._ready.set()
            case wire.Happened(events) if events:
                self._unseen.extend(events)
                self._told = max(self._told or 0, events[-1].seq)
            case wire.Seated(seat):
                self._seat = seat
            case wire.Reply(number, refused):
                asked = self._asked.pop(number, "")
                if refused:
                    self._tell(f"{asked}: {refused}")
            case wire.Welcome():
                self._version = message.version
                self._journal = Path(message.journal)
                await self._catch_up(message.since)
            case wire.Refused(why, again):
                raise _Lost(why, for_good=not again)
            case wire.Over(failure):
                self._failure = failure
                return True
        return False

    async def _catch_up(self, since: int) -> None:
        """The host has forgotten what happened between the last event told and number `since`: the journal has not."""
        told, self._told = self._told, since
        if told is not None and since > told:
            self._unseen.extend(await asyncio.to_thread(self._recorded, told, since))

    async def _end_unseen(self) -> None:
        """Nobody runs the session any more, and no goodbye came: the journal tells how it went on."""
        events = await asyncio.to_thread(self._recorded, self._told or 0, None)
        self._unseen.extend(events)
        if events and isinstance(events[-1], SessionEnded):
            self._seat = replace(self._seat, cut_off="it ended unseen, the figures are those from before")
        else:
            self._failure = f"its process is gone; `sentio-tui resume {self.name}` goes on with it"

    def _recorded(self, after: int, upto: int | None) -> Sequence[AnyEvent]:
        """The events after number `after`, up to `upto` or the end, that must not be missed, from the journal."""
        events = _journal(self._journal)
        last = events[-1].seq if events else 0
        end = last if upto is None else upto
        found: list[AnyEvent] = [event for event in events if after < event.seq <= end and must_be_told(event)]
        if last < end or not events:
            what = f"from event {max(after, last) + 1} " + ("on" if upto is None else f"to {upto}")
            text = f"What happened {what} could not be told here; it stands in {self._journal}"
            found.append(Noted(end, self._now(), Level.ALARM, "not_told", text))
        return found

    def _forget_line(self) -> None:
        self._connection = None
        self._sending = asyncio.Queue()
        for asked in self._asked.values():
            self._tell(f"{asked}: the line broke before an answer came; look whether it was taken")
        self._asked.clear()

    def _order(self, command: AnyCommand) -> None:
        self._ask(type(command).__name__, lambda number: wire.Order(number, command))

    def _take_wheel(self) -> None:
        self._ask("Drive", wire.TakeWheel)

    def _ask(self, words: str, message: Callable[[int], wire.FromViewer]) -> None:
        """Never kept for later: what a person asks for now must not happen at another time."""
        if self._connection is None:
            self._tell(f"{words}: not sent, {self._seat.cut_off or 'there is no line to the session'}")
            return
        self._numbers += 1
        self._asked[self._numbers] = words
        self._sending.put_nowait(wire.encode(message(self._numbers)))

    def _tell(self, text: str) -> None:
        self._unseen.append(notice(text, self._now()))

    def _now(self) -> int:
        return self._latest.at if self._latest is not None else 0


class Glance(Struct, frozen=True):
    """How a running session is at one moment."""

    welcome: wire.Welcome
    seated: wire.Seated
    snapshot: Snapshot


def glance(found: Running) -> Glance:
    """Ask a running session once how it is. Raises NotAttached."""
    try:
        return asyncio.run(_glance(found))
    except (OSError, InvalidHandshake, ConnectionClosed, wire.WireError, _Lost) as error:
        raise NotAttached(f"{found.name}: {_words(error)}") from error


async def _glance(found: Running) -> Glance:
    async with _line(found) as connection, asyncio.timeout(ANSWER):
        await connection.send(wire.encode(wire.Query(wire.PROTOCOL, __version__)))
        match wire.from_host(await connection.recv()):
            case wire.Refused(why):
                raise _Lost(why)
            case wire.Welcome() as welcome:
                seated, shown = [wire.from_host(await connection.recv()) for _ in range(2)]
                if isinstance(seated, wire.Seated) and isinstance(shown, wire.Shown):
                    return Glance(welcome, seated, shown.snapshot)
            case _:
                pass
        raise _Lost("it answers another question")


def _line(found: Running) -> connect:
    """A line to the host, as a context manager. Raises _Lost where the session is not served."""
    if not found.socket:
        raise _Lost(f"process {found.pid} runs it and does not serve it")
    return unix_connect(
        found.socket,
        uri="ws://session/",
        compression=None,
        max_size=wire.FROM_HOST,
        open_timeout=ANSWER,
        close_timeout=1.0,
        ping_interval=PING,
        ping_timeout=PING,
        user_agent_header=None,
        logger=_LOG,
    )


def _journal(path: Path | None) -> Sequence[AnyEvent]:
    """The whole events of a journal that may be written at this moment, as far as it can be read."""
    try:
        return read_all(path).events if path is not None else ()
    except JournalDamaged as error:
        return error.good.events
    except OSError:
        return ()


def _words(error: Exception) -> str:
    """Why there is no line, for a person."""
    match error:
        case InvalidStatus():
            return error.response.body.decode("utf-8", "replace").strip() or str(error)
        case ConnectionClosed(rcvd=None):
            return "the line to its process broke"
        case ConnectionClosed():
            return f"its process closed the line ({error.rcvd.reason or error.rcvd.code})" if error.rcvd else str(error)
        case TimeoutError():
            return f"no answer for {ANSWER:g} s"
        case OSError():
            return error.strerror or str(error)
        case _:
            return str(error)
