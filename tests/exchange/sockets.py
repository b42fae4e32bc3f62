"""What the two kinds of websockets share: an outgoing queue, pings, slots, and the ways to break."""

import asyncio
from collections.abc import Callable
from typing import Final

from aiohttp import WSMessage, WSMsgType, web

from sentio_tui.model.bars import Millis
from tests.exchange.clock import FakeClock
from tests.exchange.faults import Faults, Rule
from tests.exchange.wire import Frame, encoded

UNCLEAN: Final = 90
"""Seconds for which a connection that broke without a goodbye still counts."""


class Slots:
    """Which connections count: one for each group of endpoints and key."""

    def __init__(self, clock: FakeClock) -> None:
        self._clock = clock
        self._taken: dict[tuple[str, str], object] = {}
        self._held: dict[tuple[str, str], Millis] = {}

    def take(self, group: str, key: str, who: object) -> bool:
        """False when another one has it, or had it and broke off lately."""
        slot = (group, key)
        if slot in self._taken or self._held.get(slot, 0) > self._clock.now:
            return False
        self._taken[slot] = who
        return True

    def free(self, who: object, *, clean: bool) -> None:
        for slot, owner in list(self._taken.items()):
            if owner is who:
                del self._taken[slot]
                if not clean:
                    self._held[slot] = self._clock.now + UNCLEAN * 1000


class Socket:
    """One websocket of the server. What is sent leaves in order, whoever sends it."""

    def __init__(self, request: web.Request, faults: Faults, *, msgpack: bool) -> None:
        self.request: Final = request
        self.path: Final = request.path
        self.msgpack: Final = msgpack
        self.ws: Final = web.WebSocketResponse(timeout=1.0, autoping=False, compress=True, max_msg_size=1 << 22)
        self.muted = False
        self.clean = False
        self.binary_text = False
        self._faults = faults
        self._queue: asyncio.Queue[Callable[[], object] | Frame | int] = asyncio.Queue()
        self._writer: asyncio.Task[None] | None = None

    async def open(self) -> None:
        await self.ws.prepare(self.request)
        self._writer = asyncio.create_task(self._write())

    def send(self, *messages: object) -> None:
        """Each in an array of its own, as control messages are."""
        for message in messages:
            self.put(Frame([message]))

    def put(self, frame: Frame) -> None:
        if not self.muted:
            self._queue.put_nowait(frame)

    def close(self, code: int = 1000) -> None:
        """After what is still in the queue."""
        self._queue.put_nowait(code)

    def abort(self, rule: Rule | None = None) -> None:
        """Breaks the connection, in the middle of a frame if the rule says so."""
        middle = rule is not None and rule.word("at", "between") == "frame_middle"
        self._queue.put_nowait(lambda: self._break(middle=middle))

    def _break(self, *, middle: bool) -> None:
        transport = self.request.transport
        if transport is not None:
            if middle:
                # A binary frame that promises 256 bytes and has ten.
                transport.write(b"\x82\x7e\x01\x00" + b"\x91" * 10)
            transport.abort()

    async def receive(self) -> WSMessage | None:
        """The next message of the client; None at the end."""
        while True:
            message = await self.ws.receive()
            if message.type is WSMsgType.PING:
                if self._faults.take("no_pong", path=self.path) is None:
                    await self.ws.pong(message.data)
            elif message.type is WSMsgType.PONG:
                continue
            elif message.type in (WSMsgType.TEXT, WSMsgType.BINARY):
                return message
            else:
                self.clean = self.clean or message.type in (WSMsgType.CLOSE, WSMsgType.CLOSING)
                return None

    async def finish(self) -> None:
        """Ends the writer, and the connection where it is still there."""
        if self._writer is not None:
            self._writer.cancel()
            await asyncio.gather(self._writer, return_exceptions=True)
        if not self.ws.closed:
            await self.ws.close()

    async def _write(self) -> None:
        while True:
            item = await self._queue.get()
            try:
                if isinstance(item, int):
                    self.clean = True
                    await self.ws.close(code=item)
                    return
                if not isinstance(item, Frame):
                    item()
                    return
                data = encoded(item, self.msgpack)
                if isinstance(data, bytes):
                    await self.ws.send_bytes(data)
                elif self.binary_text:
                    await self.ws.send_bytes(data.encode())
                else:
                    await self.ws.send_str(data)
            except (ConnectionError, RuntimeError):
                return  # the client is gone, which `receive` sees too
