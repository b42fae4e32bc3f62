"""A session that runs in this process: the engine on a thread of its own, with its own event loop."""

import asyncio
import threading
import time
import traceback
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from pathlib import Path
from typing import Final, Literal

from sentio_tui.brokers.base import OutsideBroker
from sentio_tui.engine.engine import Engine
from sentio_tui.engine.view import Viewer
from sentio_tui.feeds.base import Feed
from sentio_tui.feeds.pacing import Pacer
from sentio_tui.model.bars import Millis
from sentio_tui.model.commands import AnyCommand, Leave, Stop
from sentio_tui.model.events import AnyEvent, Level, Noted, Phase
from sentio_tui.model.snapshot import Snapshot
from sentio_tui.sessions.base import Unmissed, must_be_told
from sentio_tui.sessions.inputs import Inputs, Position
from sentio_tui.sessions.recorder import JOURNAL, Recorder
from sentio_tui.sessions.wheel import ALONE, Seat, Wheel, notice, who

UNSEEN_KEPT: Final = 10_000
"""Events that must not be missed, kept for a viewer that does not come to fetch them."""

WATCHED_FOR: Final = 2.0
"""Seconds after the last question for a snapshot during which somebody counts as watching."""

FLUSH_EVERY: Final = 1.0
"""Seconds until the rest of the journal is on the disk at the latest."""

CLOCK: Final = 1_000
"""Milliseconds between two snapshots of a market of now in which nothing happens: what it last said grows older."""

KEYBOARD: Final = "keyboard"
"""Who commands from the screen in this process."""

Listener = Callable[[Sequence[AnyEvent]], None]


class LiveSession:
    """Implements `sessions.base.Session`. Inputs reach the engine one at a time, on the session's own thread."""

    def __init__(
        self,
        engine: Engine,
        feed: Feed,
        pacer: Pacer,
        recorder: Recorder,
        viewer: Viewer,
        *,
        at_exit: Literal["close", "keep"],
        patience: float,
        opening: Callable[[], Sequence[AnyEvent]],
        done: Position,
        outside: OutsideBroker | None = None,
    ) -> None:
        """`patience`: seconds `close` waits for the prices that close the positions before it takes the last ones.
        `opening` is the session's first turn, `done` what of the feed the engine has taken in before it. `outside` is
        the engine's broker, where that is another place."""
        self._engine = engine
        self._recorder = recorder
        self._viewer = viewer
        self._at_exit = at_exit
        self._patience = patience
        self._opening = opening
        self._outside = outside
        self._inputs = Inputs(engine, feed, pacer, outside, done, self._take, self._is_watched)
        self._listeners: list[Listener] = []
        self._services: list[AbstractAsyncContextManager[object]] = []
        self._endings: list[Callable[[], object]] = []
        self._heard: Callable[[Unmissed], None] | None = None
        self.wheel = Wheel()
        self._screen = ""
        """The name of the screen in this process as a viewer; empty before it looked for the first time."""
        self._seat = ALONE
        self._unseen: deque[AnyEvent] = deque(maxlen=UNSEEN_KEPT)
        self._latest: Snapshot | None = None
        self._asked = False
        self._asked_at = 0.0
        self._failure = ""
        self._loop: asyncio.AbstractEventLoop | None = None
        self._over = threading.Event()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._main, name=f"engine {engine.state.info.name}", daemon=True)

    @property
    def name(self) -> str:
        return self._engine.state.info.name

    @property
    def zone(self) -> str:
        """The exchange's zone, an IANA name."""
        return self._engine.state.info.clock_zone

    @property
    def document(self) -> Path:
        """The file of the summary document."""
        return self._recorder.document

    @property
    def journal(self) -> Path:
        return self._recorder.journal

    def announce(self, socket: Path) -> None:
        """Let others find the socket of this session by its lock. Raises OSError."""
        self._recorder.announce(socket)

    @property
    def ends_with_screen(self) -> bool:
        return True

    @property
    def is_over(self) -> bool:
        return self._over.is_set()

    @property
    def failure(self) -> str:
        return self._failure

    def listen(self, listener: Listener) -> None:
        """Call `listener` with the events of each turn, on the session's thread. Before `start` only."""
        self._listeners.append(listener)

    def serve(self, service: AbstractAsyncContextManager[object]) -> None:
        """Enter `service` on the session's thread once the session is open, and leave it when all of it is on disk.
        Before `start` only."""
        self._services.append(service)

    def at_end(self, ending: Callable[[], object]) -> None:
        """Call `ending` when nothing of the session goes on any more, whatever it ended by. Before `start` only."""
        self._endings.append(ending)

    def hear(self, listener: Callable[[Unmissed], None]) -> None:
        """Call `listener` with each event that must not be missed, and with notices to every screen (number 0), on the
        session's thread. There can be one."""
        self._heard = listener

    def start(self) -> None:
        """Begin, and return when the session takes commands."""
        self._thread.start()
        self._ready.wait()

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until the session is over and all of it is on disk. False if the time (seconds) ran out before."""
        return self._over.wait(timeout)

    def snapshot(self) -> Snapshot | None:
        self._asked_at = time.monotonic()
        if not self._asked and not self._over.is_set():
            self._asked = True
            self._call(self._refresh)
        return self._latest

    def drain(self) -> Sequence[AnyEvent]:
        events = []
        while self._unseen:
            events.append(self._unseen.popleft())
        return events

    def send(self, command: AnyCommand, by: str = KEYBOARD) -> None:
        """`by` the keyboard it is taken only while the screen here drives; who ends the process is not asked."""
        self._call(self._from_screen if by == KEYBOARD else self.command, command, by)

    @property
    def seat(self) -> Seat:
        return self._seat

    def take_wheel(self) -> None:
        self._call(self._take_wheel)

    def leave_screen(self) -> None:
        """The screen in this process is gone, the session goes on: nobody drives until somebody takes the wheel."""
        self._call(self._leave_screen)

    def close(self) -> None:
        """End in order as configured: close the positions or keep them; then wait until all of it is on disk."""
        if not self._thread.is_alive():
            return
        if self._engine.state.phase is not Phase.STOPPING:
            self.send(Stop() if self._at_exit == "close" else Leave(), "exit")
        if not self.wait(self._patience):
            self.send(Stop(), "exit")
            self.wait()
        self._thread.join()

    def _call(self, function: Callable[..., object], *arguments: object) -> None:
        """Run `function` on the session's thread, unless that has ended."""
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
            try:
                self._recorder.save_trace(traceback.format_exc())
            except OSError as trouble:
                self._failure += f" (its trace could not be kept: {trouble.strerror})"
        finally:
            for ending in self._endings:
                ending()
            self._ready.set()
            self._over.set()

    async def _run(self) -> None:
        self._loop = asyncio.get_running_loop()
        async with AsyncExitStack() as services:
            await self._run_with(services)

    async def _run_with(self, services: AsyncExitStack) -> None:
        flusher = asyncio.create_task(self._flush())
        self._done = asyncio.Event()
        running = asyncio.create_task(self._inputs.run())
        ended = asyncio.create_task(self._done.wait())
        try:
            self._take(self._opening())
            for service in self._services:
                await services.enter_async_context(service)
            self._ready.set()
            done, _ = await asyncio.wait({running, ended, flusher}, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            for task in (running, ended, flusher):
                task.cancel()
            await asyncio.gather(running, ended, flusher, return_exceptions=True)
            lost = await self._recorder.finish()
            if lost:
                self._failure = f"not all of the session is on disk: {lost}"
            self._latest = self._viewer.snapshot()

    def _now(self) -> Millis:
        return self._inputs.now

    def command(self, command: AnyCommand, by: str) -> str:
        """Give a command, on the session's thread. Why it came too late, or an empty text; all else is told by
        events."""
        if self._engine.is_over:
            return "the session has ended"
        self._take(self._engine.command(command, by, self._now()))
        return ""

    def _from_screen(self, command: AnyCommand, by: str) -> None:
        refused = self.wheel.steer(self._joined())
        if refused:
            self._unseen.append(notice(f"{type(command).__name__}: {refused}", self._now()))
        else:
            self.command(command, by)

    def _take_wheel(self) -> None:
        self.wheel.take(self._joined())

    def _joined(self) -> str:
        """The screen in this process among the viewers."""
        if not self._screen:
            self._screen = self.wheel.join(who())
            self.wheel.listen(self._sit)
            self._sit()
        return self._screen

    def _sit(self) -> None:
        self._seat = self.wheel.seat(self._screen)

    def _leave_screen(self) -> None:
        if self._screen:
            self.wheel.ignore(self._sit)
            self.wheel.leave(self._screen)
            self._screen = ""

    def tell(self, text: str, level: Level = Level.WARNING) -> None:
        """Say something about the program, not the session, to the screen and the log lines; on the session's
        thread."""
        self._publish((notice(text, self._now(), level),))

    def say(self, text: str, level: Level = Level.WARNING) -> None:
        """`tell`, from any thread."""
        self._call(self.tell, text, level)

    def show(self, notices: Sequence[Noted]) -> None:
        """Hand notices to every screen that looks at the session, here or over the socket. From any thread."""
        self._call(self._show, notices)

    def _show(self, notices: Sequence[Noted]) -> None:
        if self._screen:
            self._unseen.extend(notices)
        if self._heard is not None:
            for each in notices:
                self._heard(each)

    def _take(self, events: Sequence[AnyEvent]) -> None:
        """Record a turn's events, then let the world know of them."""
        if not events:
            return
        failed = self._recorder.take(events)
        self._publish(events)
        if failed:
            trouble = self._engine.fault(JOURNAL, failed, self._now())
            self._recorder.take(trouble)
            self._publish(trouble)
        elif self._outside is not None:
            self._outside.release()
        if self._engine.is_over:
            self._done.set()

    def _publish(self, events: Sequence[AnyEvent]) -> None:
        for event in events:
            if must_be_told(event):
                self._unseen.append(event)
                if self._heard is not None and event.seq:
                    self._heard(event)
        for listener in self._listeners:
            listener(events)

    def _is_watched(self) -> bool:
        return time.monotonic() - self._asked_at < WATCHED_FOR

    def _refresh(self) -> None:
        self._asked = False
        self._joined()
        self.newest()

    def newest(self) -> Snapshot:
        """The session as it is now, on its thread. What is built for one viewer serves the others."""
        latest, state, now = self._latest, self._engine.state, self._now()
        at = state.at if self._engine.is_over else max(state.at, now - now % CLOCK)
        if latest is None or latest.seq != state.seq or latest.at < at:
            latest = self._latest = self._viewer.snapshot(at)
        return latest

    async def _flush(self) -> None:
        """Once a second: the journal to the disk, the document when it is due, and another try after a failure."""
        while True:
            await asyncio.sleep(FLUSH_EVERY)
            failed = await self._recorder.flush()
            self._take(self._engine.fault(JOURNAL, failed, self._now()))
            if not failed and self._outside is not None:
                self._outside.release()
