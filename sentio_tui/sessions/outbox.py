"""What waits to be sent to one viewer of a session: the newest snapshot, and a bounded number of events."""

import asyncio
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import Final, Protocol

from websockets.exceptions import ConnectionClosed

from sentio_tui.sessions import wire

KEPT: Final = 10_000
"""Events that must not be missed, kept for viewers that come back."""

WAITING: Final = 2 * KEPT
"""Events that may wait for one viewer before it is cut off."""

FRAMES: Final = 1_000
"""Frames that may."""

FAREWELL: Final = 2.0
"""Seconds the last frames to a viewer may take."""


class Line(Protocol):
    """What is asked of a connection."""

    async def send(self, message: bytes, /) -> None: ...

    async def close(self) -> None: ...


class Outbox:
    """What waits for one viewer, and the task that sends it. Nobody waits for it."""

    def __init__(self, line: Line, abort: Callable[[], None]) -> None:
        """`abort` ends the line at once."""
        self._line = line
        self._abort = abort
        self._frames: deque[tuple[bytes, int]] = deque()
        self._events = 0
        self._newest = b""
        self._ends = False
        self._wake = asyncio.Event()

    def tell(self, frame: bytes, events: int = 0) -> None:
        """Something it must not miss: `events` of them."""
        if self._ends:
            return
        self._frames.append((frame, events))
        self._events += events
        self._wake.set()
        if self._events > WAITING or len(self._frames) > FRAMES:
            self.cut(f"{self._events:,} events were waiting for this screen")

    def show(self, frame: bytes) -> None:
        """A snapshot, instead of the one that may still be waiting."""
        if not self._ends:
            self._newest = frame
            self._wake.set()

    def cut(self, why: str) -> None:
        """It has fallen behind: forget what waits, and let it come back for it."""
        self._frames.clear()
        self._events = 0
        self._newest = b""
        self.finish(wire.encode(wire.Refused(why, again=True)))

    def finish(self, last: bytes) -> None:
        """Send what waits, then this, then close."""
        if not self._ends:
            self._ends = True
            if self._newest:
                self._frames.append((self._newest, 0))
            self._frames.append((last, 0))
            self._wake.set()
            asyncio.get_running_loop().call_later(FAREWELL, self.abort)

    def abort(self) -> None:
        self._ends = True
        self._abort()

    async def send(self) -> None:
        with suppress(ConnectionClosed):
            while not self._ends or self._frames:
                await self._wake.wait()
                self._wake.clear()
                while self._frames:
                    frame, events = self._frames.popleft()
                    self._events -= events
                    await self._line.send(frame)
                newest, self._newest = self._newest, b""
                if newest and not self._ends:
                    await self._line.send(newest)
            await self._line.close()
