"""What looking at a session over its socket costs the session: a real host, and viewers in processes of their own.

`python -m benchmarks.viewers SOCKET NAME` is one viewer, until the session is over.
"""

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from benchmarks import market
from benchmarks.table import Result, Size
from sentio_tui.engine.view import Viewer
from sentio_tui.model.bars import MINUTE
from sentio_tui.model.commands import AnyCommand
from sentio_tui.model.snapshot import Snapshot
from sentio_tui.sessions.attached import AttachedSession
from sentio_tui.sessions.base import Unmissed, must_be_told
from sentio_tui.sessions.host import Host
from sentio_tui.sessions.running import Running
from sentio_tui.sessions.wheel import Wheel

BUDGET: Final = 0.02
"""Of a core, for a viewer."""

RATE: Final = 10
"""Changes a second; the session trades a bar at each."""

BEFORE: Final = 1_440
"""Minutes of trading before: a day, so that every list in a snapshot is long."""

MANY: Final = 5


class _Session:
    """Implements `sessions.host.Hosted`: a minute of trading whenever it is told."""

    name = "benchmark"
    failure = ""

    def __init__(self, folder: Path) -> None:
        self.wheel = Wheel()
        self.journal = folder / "benchmark.jsonl"
        self.socket = Path()
        self._engine = market.crossover()
        self._engine.open()
        self._bars = iter(market.bars(BEFORE + 10_000))
        self._viewer = Viewer(self._engine.state, 0.0, 2 * MINUTE)
        self._latest: Snapshot | None = None
        self._heard: Callable[[Unmissed], None] = _nobody
        for _ in range(BEFORE):
            self.step()

    def step(self) -> None:
        bar = next(self._bars)
        for event in self._engine.bar(bar, bar.time + MINUTE):
            if must_be_told(event):
                self._heard(event)

    def newest(self) -> Snapshot:
        if self._latest is None or self._latest.seq != self._engine.state.seq:
            self._latest = self._viewer.snapshot()
        return self._latest

    def command(self, command: AnyCommand, by: str) -> str:
        return "this session takes no command"

    def hear(self, listener: Callable[[Unmissed], None]) -> None:
        self._heard = listener

    def announce(self, socket: Path) -> None:
        self.socket = socket

    def tell(self, text: str) -> None:
        raise RuntimeError(text)


def viewers(size: Size) -> Sequence[Result]:
    """Processor time of the session's process, with viewers and without."""
    with TemporaryDirectory(prefix="sentio-") as name:
        alone, one, many, frames = asyncio.run(_measure(Path(name), size.seconds))
    cost, more = one - alone, (many - one) / (MANY - 1)
    return [
        Result(f"a viewer over the socket, {RATE} Hz", f"{cost:.2%} of a core", f"<= {BUDGET:.0%}", cost <= BUDGET),
        Result("  each further one", f"{more:.2%} of a core", f"<= {BUDGET:.0%}", more <= BUDGET),
        Result("  snapshots it gets", f"{frames:.1f} a second"),
    ]


async def _measure(folder: Path, seconds: float) -> tuple[float, float, float, float]:
    """Shares of a core without, with one and with many viewers; snapshots a second of one."""
    session = _Session(folder)
    async with Host(session, [folder]):
        alone = await _share(session, seconds)
        with _watching(session, 1):
            await _joined(session, 1)
            one = await _share(session, seconds)
        await _joined(session, 0)
        counting = await asyncio.to_thread(_attach, session)
        frames = await _frames(session, counting, seconds)
        await asyncio.to_thread(counting.close)
        with _watching(session, MANY):
            await _joined(session, MANY)
            many = await _share(session, seconds)
    return alone, one, many, frames


async def _share(session: _Session, seconds: float) -> float:
    begun, spent = time.perf_counter(), time.process_time()
    for number in range(1, round(seconds * RATE) + 1):
        session.step()
        await asyncio.sleep(max(begun + number / RATE - time.perf_counter(), 0.0))
    return (time.process_time() - spent) / (time.perf_counter() - begun)


async def _frames(session: _Session, viewer: AttachedSession, seconds: float) -> float:
    seen: set[int] = set()
    begun = time.perf_counter()
    while (passed := time.perf_counter() - begun) < seconds:
        session.step()
        for _ in range(5):
            await asyncio.sleep(1 / RATE / 5)
            snapshot = viewer.snapshot()
            seen.add(snapshot.seq if snapshot is not None else 0)
    return len(seen) / passed


async def _joined(session: _Session, count: int) -> None:
    moved = asyncio.Event()
    session.wheel.listen(moved.set)
    while len(session.wheel.viewers) != count:
        await moved.wait()
        moved.clear()
    session.wheel.ignore(moved.set)
    await asyncio.sleep(2 / RATE)  # past the first snapshots


@contextmanager
def _watching(session: _Session, count: int) -> Iterator[None]:
    command = [sys.executable, "-m", "benchmarks.viewers", str(session.socket), session.name]
    running = [subprocess.Popen(command, cwd=market.ROOT) for _ in range(count)]
    try:
        yield
    finally:
        for process in running:
            process.kill()
            process.wait()


def _attach(session: _Session) -> AttachedSession:
    return _viewer(str(session.socket), session.name)


def _viewer(socket: str, name: str) -> AttachedSession:
    found = Running(name, Path(socket).parent, os.getpid(), "", socket)
    viewer = AttachedSession(found, "viewer", read_only=True, patience=0.0)
    viewer.attach()
    return viewer


def _nobody(_: Unmissed) -> None:
    """Nobody listens yet."""


def main(socket: str, name: str) -> int:
    """Look at it as a screen does, without painting."""
    viewer = _viewer(socket, name)
    while not viewer.is_over:
        viewer.drain()
        viewer.snapshot()
        time.sleep(1 / 8)
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
