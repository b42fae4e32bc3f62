"""What ten browsers on the dashboard cost the process that trades: a real session, a real server, ten websockets."""

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import IO, Final

from websockets.asyncio.client import connect

from benchmarks.table import Result, Size

BUDGET: Final = 0.02
"""Of a core, for all of them."""

MANY: Final = 10

SPEED: Final = 600
"""Market time over wall time: ten minutes a second, each with three bars."""

PAIRS: Final = 3
"""Stretches without browsers and with them, one after the other."""


def browsers(size: Size) -> Sequence[Result]:
    """Processor time of the session's process with ten browsers and without, and of the server's."""
    with TemporaryDirectory(prefix="sentio-") as name:
        costs, server, messages = asyncio.run(_measure(Path(name), size.seconds))
    cost = median(costs)
    return [
        Result(
            f"{MANY} browsers on the dashboard", f"{cost:.2%} of the session's core", f"<= {BUDGET:.0%}", cost <= BUDGET
        ),
        Result("  the dashboard's own process", f"{server:.2%} of a core"),
        Result("  messages a browser gets", f"{messages:.1f} a second"),
    ]


async def _measure(folder: Path, seconds: float) -> tuple[list[float], float, float]:
    """What browsers cost the session, in each pair; the server's share with them, and messages a second of one."""
    shared = ["--sessions-dir", str(folder)]
    with (
        _program("run", *shared, "--speed", str(SPEED)) as (trading, told),
        _program("web", *shared, "--port", "0") as (serving, first),
    ):
        await asyncio.to_thread(told.readline)
        address = (await asyncio.to_thread(first.readline)).split()[-1]
        draining = asyncio.create_task(asyncio.to_thread(told.read))
        costs, shares, counts = [], [], []
        for _ in range(PAIRS):
            alone = await _share(trading, seconds)
            async with _watching(address) as heard:
                before, spent, begun = len(heard), _spent(serving), time.perf_counter()
                costs.append(await _share(trading, seconds) - alone)
                passed = time.perf_counter() - begun
                shares.append((_spent(serving) - spent) / passed)
                counts.append((len(heard) - before) / passed / MANY)
        trading.terminate()
        await draining
    return costs, median(shares), median(counts)


async def _share(process: "subprocess.Popen[str]", seconds: float) -> float:
    begun, spent = time.perf_counter(), _spent(process)
    await asyncio.sleep(seconds)
    return (_spent(process) - spent) / (time.perf_counter() - begun)


def _spent(process: "subprocess.Popen[str]") -> float:
    """Processor time of a process so far, in seconds."""
    fields = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@contextmanager
def _program(*arguments: str) -> Iterator[tuple["subprocess.Popen[str]", IO[str]]]:
    command = [sys.executable, "-m", "sentio_tui", *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield process, process.stdout
        finally:
            process.terminate()


@asynccontextmanager
async def _watching(address: str) -> AsyncIterator[list[int]]:
    """Ten browsers, and the sizes of the messages they got."""
    heard: list[int] = []

    async def read(url: str, stack: AsyncExitStack) -> None:
        socket = await stack.enter_async_context(connect(url, compression=None, max_size=None))
        while True:
            message = await socket.recv()
            heard.append(len(message))

    url = address.replace("http:", "ws:") + "api/events"
    async with AsyncExitStack() as stack:
        readers = [asyncio.create_task(read(url, stack)) for _ in range(MANY)]
        await asyncio.sleep(1.0)  # the whole session first
        try:
            yield heard
        finally:
            for reader in readers:
                reader.cancel()
            await asyncio.gather(*readers, return_exceptions=True)
