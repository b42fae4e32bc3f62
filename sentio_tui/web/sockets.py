"""The websocket of a page: what it is told, one message after the other, and the little it may say."""

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Final

import msgspec
from starlette.websockets import WebSocket, WebSocketDisconnect

from sentio_tui import __version__
from sentio_tui.web.answers import encode
from sentio_tui.web.hub import REFUSALS, Busy, Channel, Hub, chosen
from sentio_tui.web.messages import (
    BEAT,
    FROM_PAGE,
    RATE,
    VERSION,
    Beat,
    FromServer,
    Hello,
    Problem,
    Reading,
    Sessions,
    Theme,
    Watch,
)
from sentio_tui.web.picture import Seen

PAGES: Final = 32
"""Websockets at one time."""

PATIENCE: Final = 20.0
"""Seconds a page may take for one message before its connection is given up."""

BINARY, POLICY, LONG, FULL = 1003, 1008, 1009, 1013
"""Codes a websocket is closed with."""

_watch: Final = msgspec.json.Decoder(Watch)


class Refused(Exception):
    """The page said something it may not; `code` is what its websocket is closed with."""

    def __init__(self, code: int, why: str) -> None:
        super().__init__(why)
        self.code = code
        self.why = why


async def serve(socket: WebSocket, hub: Hub, themes: tuple[Theme, ...]) -> None:
    """Serve one page until it goes away or says something wrong."""
    await socket.accept()
    if hub.viewers >= PAGES:
        await socket.close(FULL, f"{PAGES} pages are open, more are not served")
        return
    page = _Page(socket, hub, socket.query_params.get("file", ""))
    hub.join(page)
    telling = asyncio.create_task(page.tell(Hello(VERSION, __version__, BEAT, RATE, themes)))
    hearing = asyncio.create_task(page.hear())
    try:
        done, _ = await asyncio.wait({telling, hearing}, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    except Refused as refused:
        await socket.close(refused.code, refused.why)
    except (WebSocketDisconnect, TimeoutError):
        pass  # it has gone, or takes nothing any more
    finally:
        hub.leave(page)
        for task in (telling, hearing):
            task.cancel()
        await asyncio.gather(telling, hearing, return_exceptions=True)


class _Page:
    """One page. Only `tell` sends, so that there is at most one message on its way, and what a slow page misses is put
    together to one."""

    def __init__(self, socket: WebSocket, hub: Hub, file: str) -> None:
        self._socket = socket
        self._hub = hub
        self._file = file
        """What the page asked for; empty is whatever is the newest when it is looked for."""
        self._news = asyncio.Event()
        self._moved = True
        """It asked for another session than the one it is told of."""
        self._listed: Sessions | None = None
        self._said = 0.0
        """When the last message went out, by the event loop's clock."""

    def wake(self) -> None:
        self._news.set()

    async def hear(self) -> None:
        while True:
            message = await self._socket.receive()
            if message["type"] == "websocket.disconnect":
                raise WebSocketDisconnect(message.get("code", 1005))
            text = message.get("text")
            if text is None:
                raise Refused(BINARY, "only texts are understood")
            if len(text.encode()) > FROM_PAGE:
                raise Refused(LONG, f"more than {FROM_PAGE} bytes")
            try:
                self._file = _watch.decode(text).file
            except msgspec.MsgspecError as error:
                raise Refused(POLICY, 'only {"type":"watch","file":NAME} is understood') from error
            self._moved = True
            self._news.set()

    async def tell(self, hello: Hello) -> None:
        await self._send(hello)
        await self._hub.fresh.wait()
        while True:
            self._moved = False
            await self._list()
            name = self._name()
            if not name:
                why = self._hub.sessions.problem or f"There is no session in {self._hub.folder} yet."
                await self._send(Problem("", why))
                await self._until(lambda: bool(self._name()))
                continue
            try:
                async with self._hub.channel(name) as channel:
                    channel.watchers.add(self)
                    try:
                        await self._show(name, channel)
                    finally:
                        channel.watchers.discard(self)
            except Busy as busy:
                await self._send(Problem(name, str(busy)))
                await self._until(lambda: False)

    def _name(self) -> str:
        return self._file or self._hub.default or chosen(self._hub.sessions)

    async def _show(self, name: str, channel: Channel) -> None:
        """Tell of this session until the page asks for another one."""
        seen: Seen | None = None
        told: Problem | Reading | None = None
        while not self._moved:
            follower = channel.follower
            if channel.problem or not follower.is_read:
                seen = None
                problem = Problem(name, channel.problem) if channel.problem else Reading(name, round(follower.share, 2))
                if problem != told:
                    await self._send(problem)
                    told = problem
            else:
                told = None
                try:
                    frame = await channel.call(follower.whole if seen is None else partial(follower.update, seen))
                except REFUSALS:
                    seen = None  # the channel finds out by itself, and tells
                else:
                    seen = frame.seen
                    await self._put(frame.data)
            await self._wait()

    async def _until(self, is_there: Callable[[], bool]) -> None:
        while not self._moved and not is_there():
            await self._wait()

    async def _wait(self) -> None:
        """Until there may be something new; with a beat where nothing was said for long."""
        loop = asyncio.get_running_loop()
        while not self._news.is_set():
            try:
                async with asyncio.timeout_at(self._said + BEAT):
                    await self._news.wait()
            except TimeoutError:
                await self._send(Beat())
        self._news.clear()
        await self._list()
        if loop.time() >= self._said + BEAT:
            await self._send(Beat())

    async def _list(self) -> None:
        sessions = self._hub.sessions
        if sessions is not self._listed:
            self._listed = sessions
            await self._send(sessions)

    async def _send(self, message: FromServer) -> None:
        await self._put(encode(message))

    async def _put(self, data: bytes) -> None:
        if data:
            async with asyncio.timeout(PATIENCE):
                await self._socket.send_text(data.decode())
            self._said = asyncio.get_running_loop().time()
