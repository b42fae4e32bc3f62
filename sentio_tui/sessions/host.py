"""Serves the session of this process on a Unix socket, to any number of viewers of the same user.

It lives in the session's own event loop: snapshots are built where the state is, once for all viewers, and only while
there are any. No viewer is ever waited for. Each has a queue of its own: of snapshots it holds the newest alone, of
events a bounded number; who falls behind that is cut off, may come back, and is told what it missed.
"""

import asyncio
import logging
import os
import socket
import struct
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Final, Protocol, Self

from websockets.asyncio.server import Server, ServerConnection, unix_serve
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response

from sentio_tui import __version__
from sentio_tui.model.commands import AnyCommand
from sentio_tui.model.snapshot import Snapshot
from sentio_tui.sessions import wire
from sentio_tui.sessions.base import Unmissed
from sentio_tui.sessions.outbox import FAREWELL, KEPT, Outbox
from sentio_tui.sessions.running import SocketRefused, listen, socket_path
from sentio_tui.sessions.wheel import READ_ONLY, Seat, Wheel

RATE: Final = 10.0
"""Snapshots a second at the most."""

SHARE: Final = 0.02
"""Of one core, for the snapshots and events of all viewers: where building them takes longer, there are fewer."""

VIEWERS: Final = 32
"""At one session at a time."""

INTRODUCTION: Final = 5.0
"""Seconds a viewer has to say who it is."""

_NAME: Final = 64
"""Characters of a viewer's name."""

_LOG: Final = logging.getLogger("sentio_tui.host")
_LOG.addHandler(logging.NullHandler())
_LOG.propagate = False  # a line of the library on the standard error would spoil the screen


class Hosted(Protocol):
    """What the host asks of the session it serves. All of it on the session's thread."""

    wheel: Wheel

    @property
    def name(self) -> str: ...

    @property
    def journal(self) -> Path: ...

    @property
    def failure(self) -> str: ...

    def newest(self) -> Snapshot: ...

    def command(self, command: AnyCommand, by: str) -> str: ...

    def hear(self, listener: Callable[[Unmissed], None]) -> None: ...

    def announce(self, socket: Path) -> None: ...

    def tell(self, text: str) -> None: ...


class Host:
    """An asynchronous context manager; the session is served inside. What keeps it from serving is told by the session
    and never ends the trading."""

    def __init__(self, session: Hosted, places: Sequence[Path], *, owner: int | None = None) -> None:
        """`places`: folders for sockets, the first that can be used is taken. `owner`: the user who may connect."""
        self._session = session
        self._places = places
        self._owner = os.getuid() if owner is None else owner
        self._path: Path | None = None
        self._server: Server | None = None
        self._beating: asyncio.Task[None] | None = None
        self._watched = asyncio.Event()
        self._viewers: dict[str, Outbox] = {}
        self._shown: Snapshot | None = None
        self._shown_frame = b""
        self._events: deque[Unmissed] = deque(maxlen=KEPT)
        self._notices: list[Unmissed] = []
        """Those to every screen: told to who is here, and not kept for others."""
        self._untold = 0
        """How many of the newest events have not been told yet."""
        self._forgotten = 0
        """The number of the newest event that is no longer kept, or was before the host."""

    async def __aenter__(self) -> Self:
        session = self._session
        self._forgotten = session.newest().seq
        session.hear(self._hear)
        session.wheel.listen(self._seat_all)
        try:
            path = socket_path(self._places, session.journal.parent, session.name)
            listening, gone = listen(path)
            self._path = path
            self._server = await unix_serve(
                self._serve,
                sock=listening,
                process_request=self._admit,
                compression=None,
                max_size=wire.FROM_VIEWER,
                open_timeout=INTRODUCTION,
                close_timeout=FAREWELL,
                server_header=None,
                logger=_LOG,
            )
            session.announce(path)
        except (SocketRefused, OSError) as error:
            session.tell(f"Nobody can attach to this session: {error}")
        else:
            self._beating = asyncio.create_task(self._beat())
            if gone:
                session.tell(f"Removed what dead processes had left in {path.parent}: {', '.join(gone)}")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        if self._beating is not None:
            self._beating.cancel()
        if self._server is not None:
            failure = f"{kind.__name__}: {error}" if kind is not None else self._session.failure
            await self._end(self._server, failure)
        if self._path is not None:
            with suppress(OSError):
                self._path.unlink()

    async def _end(self, server: Server, failure: str) -> None:
        """The last snapshot and the end to everyone who still reads; who does not is cut."""
        try:
            self._tell_news()
        except Exception as error:  # whatever it is, the session has ended in order
            failure = failure or f"its last moment cannot be shown: {error}"
        viewers = list(self._viewers.values())
        for viewer in viewers:
            viewer.finish(wire.encode(wire.Over(failure)))
        server.close(close_connections=False)
        with suppress(TimeoutError):
            async with asyncio.timeout(FAREWELL):
                await server.wait_closed()
                return
        for viewer in viewers:
            viewer.abort()
        await server.wait_closed()

    def _admit(self, connection: ServerConnection, _: Request) -> Response | None:
        """Refuse another user, should the permissions of the folder ever let one through."""
        user = _user_of(connection.transport.get_extra_info("socket"))
        if user is None or user == self._owner:
            return None
        return connection.respond(403, f"This session belongs to user {self._owner}, and you are user {user}.\n")

    async def _serve(self, connection: ServerConnection) -> None:
        try:
            async with asyncio.timeout(INTRODUCTION):
                first = wire.opening(await connection.recv())
        except (wire.WireError, TimeoutError) as error:
            await _refuse(connection, str(error) or f"no word for {INTRODUCTION:g} s")
            return
        except ConnectionClosed:
            return
        if isinstance(first, wire.Query):
            await self._answer(connection)
        elif len(self._viewers) >= VIEWERS:
            await _refuse(connection, f"{VIEWERS} viewers look at this session already")
        else:
            await self._welcome(connection, first)

    async def _answer(self, connection: ServerConnection) -> None:
        """How the session is, once."""
        wheel = self._session.wheel
        seat = Seat(wheel.driver, False, len(wheel.viewers))
        with suppress(ConnectionClosed):
            await connection.send(self._greeting(self._session.newest().seq))
            await connection.send(wire.encode(wire.Seated(seat, wheel.viewers)))
            await connection.send(self._frame())

    async def _welcome(self, connection: ServerConnection, hello: wire.Hello) -> None:
        self._tell_news()  # to those who are here; the new one begins after it
        wheel = self._session.wheel
        name = wheel.join(_clean(hello.who), READ_ONLY if hello.read_only else "")
        viewer = self._viewers[name] = Outbox(connection, connection.transport.abort)
        sending = asyncio.create_task(viewer.send())
        try:
            since = self._session.newest().seq if hello.after is None else max(hello.after, self._forgotten)
            viewer.tell(self._greeting(since))
            viewer.tell(wire.encode(wire.Seated(wheel.seat(name), wheel.viewers)))
            for frame, count in wire.frames([event for event in self._events if event.seq > since]):
                viewer.tell(frame, count)
            viewer.show(self._frame())
            self._watched.set()
            async for data in connection:
                self._take(name, viewer, wire.from_viewer(data))
        except wire.WireError as error:
            viewer.finish(wire.encode(wire.Refused(str(error))))
            await asyncio.wait([sending])
        except ConnectionClosed:
            pass
        finally:
            del self._viewers[name]
            if not self._viewers:
                self._watched.clear()
            wheel.leave(name)
            sending.cancel()

    def _take(self, name: str, viewer: "Outbox", message: wire.FromViewer) -> None:
        session = self._session
        match message:
            case wire.Order(number, command):
                refused = session.wheel.steer(name) or session.command(command, f"socket:{name}")
                viewer.tell(wire.encode(wire.Reply(number, refused)))
            case wire.TakeWheel(number):
                viewer.tell(wire.encode(wire.Reply(number, session.wheel.take(name))))
            case _:
                raise wire.WireError("a second introduction")

    def _greeting(self, since: int) -> bytes:
        session = self._session
        started = session.newest().info.started
        return wire.encode(
            wire.Welcome(__version__, session.name, started, os.getpid(), str(session.journal.absolute()), since)
        )

    def _seat_all(self) -> None:
        wheel = self._session.wheel
        for name, viewer in self._viewers.items():
            viewer.tell(wire.encode(wire.Seated(wheel.seat(name), wheel.viewers)))

    def _hear(self, event: Unmissed) -> None:
        if not event.seq:
            if self._viewers:
                self._notices.append(event)
            return
        events = self._events
        if len(events) == KEPT:
            self._forgotten = events[0].seq
        events.append(event)
        self._untold += 1

    async def _beat(self) -> None:
        """While somebody watches: what is new, at a pace that costs the engine no more than it may."""
        try:
            while True:
                await self._watched.wait()
                begun = time.perf_counter()
                self._tell_news()
                cost = time.perf_counter() - begun
                await asyncio.sleep(max(1 / RATE, cost / SHARE))
        except Exception as error:  # whatever it is, nobody may go on looking at figures that no longer move
            why = f"the session cannot be shown any more: {error}"
            for viewer in self._viewers.values():
                viewer.finish(wire.encode(wire.Refused(why)))
            self._session.tell(f"Viewers were cut off: {why}")

    def _tell_news(self) -> None:
        untold, self._untold = self._untold, 0
        notices, self._notices = self._notices, []
        if not self._viewers:
            return
        viewers = list(self._viewers.values())
        if untold > KEPT:
            for viewer in viewers:
                viewer.cut(f"more than {KEPT:,} events at once")
        elif untold:
            kept = len(self._events)
            news = [self._events[place] for place in range(kept - untold, kept)]
            for frame, count in wire.frames(news):
                for viewer in viewers:
                    viewer.tell(frame, count)
        for frame, count in wire.frames(notices):
            for viewer in viewers:
                viewer.tell(frame, count)
        if self._session.newest() is not self._shown:
            frame = self._frame()
            for viewer in viewers:
                viewer.show(frame)

    def _frame(self) -> bytes:
        """The newest snapshot, encoded once for all."""
        newest = self._session.newest()
        if newest is not self._shown:
            self._shown_frame = wire.encode(wire.Shown(newest))
            self._shown = newest
        return self._shown_frame


async def _refuse(connection: ServerConnection, why: str) -> None:
    with suppress(ConnectionClosed):
        await connection.send(wire.encode(wire.Refused(why)))


def _user_of(connected: socket.socket) -> int | None:
    """The user at the other end; None where the system cannot say, and the folder's permissions alone protect."""
    if not hasattr(socket, "SO_PEERCRED"):
        return None
    _, user, _ = struct.unpack("3i", connected.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i")))
    return int(user)


def _clean(name: str) -> str:
    return "".join(character for character in name if character.isprintable())[:_NAME] or "somebody"
