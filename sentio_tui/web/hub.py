"""What all pages of a server share: the list of sessions, and one follower for each session that is watched."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Final, Protocol, TypeVar

from sentio_tui.journal.catalogue import Listed, SessionState, UnknownSession, listing
from sentio_tui.web.follower import CannotFollow, Follower
from sentio_tui.web.messages import RATE, Sessions
from sentio_tui.web.pieces import SessionLine, Standing

LISTED: Final = 300
"""Sessions a page is told of."""

MOST: Final = 12
"""Sessions followed at one time."""

LINGER: Final = 15.0
"""Seconds a follower is kept when nobody watches, for who reloads the page."""

LIST_EVERY: Final = 1.0
"""Seconds between two looks at the folder while anybody watches."""

FIGURES_EVERY: Final = 10.0
"""Seconds until a page is told what has changed in the list beside names and states."""

SHARE: Final = 0.05
"""Of a core, for the looks at a folder of many sessions."""

_STANDINGS: Final[dict[SessionState, Standing]] = {
    SessionState.RUNNING: "running",
    SessionState.ENDED: "ended",
    SessionState.INTERRUPTED: "interrupted",
    SessionState.UNREADABLE: "unreadable",
}

AGAIN: Final = 1.0
"""Seconds until what failed is tried again."""

REFUSALS: Final = (CannotFollow, UnknownSession, OSError)
"""Why a session cannot be followed."""

_LOG: Final = logging.getLogger("sentio_tui.web")

Result = TypeVar("Result")


class Busy(Exception):
    """Too many sessions are followed."""


class Watcher(Protocol):
    """Who is told that there is something new."""

    def wake(self) -> None: ...


class Channel:
    """One session that is followed, for everybody who watches it."""

    def __init__(self, follower: Follower) -> None:
        self.follower = follower
        self.problem = ""
        """Why it cannot be shown now, in words; empty when it can."""
        self.watchers: set[Watcher] = set()
        self.users = 0
        # One thread: whoever asks waits for who asked before, also for one that went away meanwhile.
        self._thread = ThreadPoolExecutor(1, thread_name_prefix=f"follower {follower.name}")
        self._task: asyncio.Task[None] | None = None
        self._settled = asyncio.Event()
        """Set when the journal was read to its end, or cannot be."""

    def start(self) -> None:
        self._task = asyncio.create_task(self._follow())

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task
        await self.call(self.follower.close)
        self._thread.shutdown(wait=False)

    async def call(self, function: Callable[[], Result]) -> Result:
        """Ask the follower, on its thread."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, function)

    async def settled(self) -> None:
        """Wait until the journal was read to its end. Raises CannotFollow where it cannot be read."""
        await self._settled.wait()
        if self.problem:
            raise CannotFollow(self.problem)

    async def _follow(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            begun = loop.time()
            problem, more = "", False
            try:
                more = await self.call(self.follower.advance)
            except REFUSALS as error:
                problem = str(error)
            except Exception as error:  # whatever it is, a page must not go on showing what is no longer so
                _LOG.exception("%s cannot be followed any further", self.follower.name)
                self._say(f"the dashboard failed on this session: {type(error).__name__}: {error}")
                return
            self._say(problem)
            pause = AGAIN if problem else 0.0 if more else 1.0 / RATE
            await asyncio.sleep(max(0.0, begun + pause - loop.time()))

    def _say(self, problem: str) -> None:
        self.problem = problem
        if problem or self.follower.is_read:
            self._settled.set()
        for watcher in self.watchers:
            watcher.wake()


class Hub:
    """Runs inside the server's event loop, from `__aenter__` to `__aexit__`."""

    def __init__(self, folder: Path, default: str = "") -> None:
        """`default` is the session that is shown where none is named; empty is the newest that runs, or the newest."""
        self.folder = folder
        self.default = default
        self.sessions = Sessions((), 0, "")
        self._channels: dict[str, Channel] = {}
        self._watchers: set[Watcher] = set()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="sessions")
        self._tasks: set[asyncio.Task[None]] = set()
        self._hurry = asyncio.Event()
        self._anybody = asyncio.Event()
        self.fresh = asyncio.Event()
        """Set while `sessions` is of these moments."""

    async def __aenter__(self) -> "Hub":
        self._spawn(self._watch_folder())
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for channel in list(self._channels.values()):
            await channel.stop()
        self._channels.clear()
        self._thread.shutdown(wait=False, cancel_futures=True)

    def join(self, watcher: Watcher) -> None:
        """Wake this watcher when the list of sessions has changed."""
        self._watchers.add(watcher)
        self._anybody.set()
        if not self.fresh.is_set():
            self._hurry.set()

    def leave(self, watcher: Watcher) -> None:
        self._watchers.discard(watcher)
        if not self._watchers:
            self._anybody.clear()
            self.fresh.clear()

    @property
    def viewers(self) -> int:
        return len(self._watchers)

    async def listed(self) -> Sessions:
        """The sessions of the folder now. Raises OSError where it cannot be read."""
        found = await asyncio.get_running_loop().run_in_executor(self._thread, listing, self.folder)
        return Sessions(tuple(_line(each) for each in found[:LISTED]), len(found), "")

    @asynccontextmanager
    async def channel(self, name: str) -> AsyncIterator[Channel]:
        """The channel of a session, for as long as somebody is inside. Raises Busy."""
        channel = self._channels.get(name) or await self._opened(name)
        channel.users += 1
        try:
            yield channel
        finally:
            channel.users -= 1
            if not channel.users:
                self._spawn(self._let_go(name, channel))

    async def _opened(self, name: str) -> Channel:
        if len(self._channels) >= MOST:
            idle = next((each for each, channel in self._channels.items() if not channel.users), None)
            if idle is None:
                raise Busy(
                    f"{MOST} sessions are watched already, and no more can be followed; close a page of another one"
                )
            await self._channels.pop(idle).stop()
        channel = self._channels.get(name)
        if channel is None:  # or another page asked for it meanwhile
            channel = self._channels[name] = Channel(Follower(self.folder, name))
            channel.start()
        return channel

    async def _let_go(self, name: str, channel: Channel) -> None:
        await asyncio.sleep(LINGER)
        if not channel.users and self._channels.get(name) is channel:
            del self._channels[name]
            await channel.stop()

    def _spawn(self, work: Coroutine[object, object, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _watch_folder(self) -> None:
        """Look at the folder while there is anybody to tell. Figures of sessions that run are told now and then; what
        else has changed, at once."""
        loop = asyncio.get_running_loop()
        told = -FIGURES_EVERY
        while True:
            await self._anybody.wait()
            self._hurry.clear()
            begun, before = loop.time(), self.sessions
            try:
                sessions = await self.listed()
            except OSError as error:
                problem = f"{self.folder} cannot be read: {error.strerror or error}"
                sessions = Sessions(before.sessions, before.total, problem)
            except Exception as error:  # whatever it is, a page must not take an old list for the newest
                _LOG.exception("%s cannot be listed", self.folder)
                problem = f"the dashboard failed on {self.folder}: {type(error).__name__}: {error}"
                sessions = Sessions(before.sessions, before.total, problem)
            is_other = (sessions.problem, _kinds(sessions)) != (before.problem, _kinds(before))
            if is_other or (sessions != before and begun - told >= FIGURES_EVERY):
                self.sessions, told = sessions, begun
            self.fresh.set()
            for watcher in self._watchers:
                watcher.wake()
            with suppress(TimeoutError):
                async with asyncio.timeout(max(LIST_EVERY, (loop.time() - begun) / SHARE)):
                    await self._hurry.wait()


def chosen(sessions: Sessions) -> str:
    """The newest session that runs, or else the newest; empty where there is none."""
    lines = sessions.sessions
    running = (line.name for line in lines if line.standing == "running")
    return next(running, lines[0].name if lines else "")


def _kinds(sessions: Sessions) -> list[tuple[str, str, str]]:
    return [(line.name, line.standing, line.problem) for line in sessions.sessions]


def _line(listed: Listed) -> SessionLine:
    return SessionLine(
        name=listed.name,
        standing=_STANDINGS[listed.state],
        mode=listed.mode,
        strategy=listed.strategy,
        symbols=listed.symbols,
        started=listed.started,
        ended=listed.ended,
        written=listed.written,
        capital=listed.capital,
        return_fraction=listed.return_fraction,
        max_drawdown=listed.max_drawdown,
        fills=listed.fills,
        trades=listed.closed_trades,
        problem=listed.problem,
    )
