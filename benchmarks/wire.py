"""From the wire to a decision: bars of a local exchange in another process, through the real alpaca-py, the Alpaca feed
and an engine that trades each symbol while somebody watches.

`python -m benchmarks.wire COUNT RATE FIRST` is the exchange: it prints its port, and sends its bars once somebody
listens and says so. A bar's volume is the microsecond at which it was sent, by the clock that all processes share.
"""

import asyncio
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import IO, Final

from benchmarks import market
from benchmarks.table import Result, Size
from sentio_tui.alpaca.keys import Keys
from sentio_tui.alpaca.lanes import Place
from sentio_tui.feeds.alpaca import AlpacaFeed, AlpacaSource
from sentio_tui.feeds.pacing import Pacer
from sentio_tui.market.calendar import AlwaysOpen
from sentio_tui.model.bars import MINUTE, Millis
from sentio_tui.model.events import AnyEvent, BarReceived, Decided
from sentio_tui.sessions.inputs import BEGINNING, Inputs

RATE: Final = 1_000
"""Bars a second, each in a frame of its own."""
BUDGET: Final = 5.0
"""Milliseconds, at the 99th percentile."""
SYMBOLS: Final = tuple(f"S{number:02}" for number in range(20))
TRADABLE: Final = 60
"""Minutes of each symbol after which its strategy has a window to decide by; before that it only says so."""
LONGEST: Final = 60.0
"""Seconds without any bar after which the exchange has failed."""


def wire(size: Size) -> Sequence[Result]:
    """How long a bar takes while a thousand a second arrive."""
    count = max(round(size.seconds * RATE), len(SYMBOLS) * 2)
    took = sorted(asyncio.run(_measure(count)))
    worst, middle = (took[min(round(len(took) * share), len(took) - 1)] for share in (0.99, 0.5))
    what = f"wire to decision, {RATE:,} bars a second, p99"
    return [
        Result(what, f"{worst:.2f} ms", f"<= {BUDGET:g} ms", worst <= BUDGET),
        Result("  its median", f"{middle:.2f} ms"),
    ]


async def _measure(count: int) -> list[float]:
    """Milliseconds from the server's socket to the decision, of each bar in which the strategies can decide."""
    # Minutes that have not begun: nothing is missing before them, and no bar is old news.
    first = time.time_ns() // 60_000_000_000 * MINUTE + 10 * MINUTE
    warm = min(TRADABLE * len(SYMBOLS), count // 2)
    took: list[float] = []
    heard = 0
    all_came = asyncio.Event()

    def take(events: Sequence[AnyEvent]) -> None:
        nonlocal heard
        now = time.monotonic_ns() // 1_000
        received = [event for event in events if isinstance(event, BarReceived)]
        if not received:
            return
        if not any(isinstance(event, Decided) for event in events):
            raise RuntimeError(f"no decision on {received[0].bar}")
        heard += 1
        if heard > warm:
            took.append((now - received[0].bar.volume) / 1_000)
        if heard == count:
            all_came.set()

    with _exchange(count, first) as (port, begin):
        feed = AlpacaFeed(
            Keys("PK-LOCAL-EXCHANGE", "local-exchange-secret-that-opens-nothing"),
            Place("paper", f"http://127.0.0.1:{port}", f"http://127.0.0.1:{port}"),
            AlpacaSource("iex", f"ws://127.0.0.1:{port}"),
            dict.fromkeys(SYMBOLS, AlwaysOpen()),
            0,
            patience=120_000,
        )
        engine = market.crossover(SYMBOLS)
        engine.open()
        inputs = Inputs(engine, feed, Pacer(1.0, time.monotonic, asyncio.sleep), None, BEGINNING, take, lambda: True)
        running = asyncio.create_task(inputs.run())
        begin.write("go\n")
        begin.flush()
        try:
            async with asyncio.timeout(count / RATE + LONGEST):
                coming = asyncio.create_task(all_came.wait())
                done, _ = await asyncio.wait({coming, running}, return_when=asyncio.FIRST_COMPLETED)
                if running in done:
                    running.result()
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
    return took


@contextmanager
def _exchange(count: int, first: Millis) -> Iterator[tuple[int, IO[str]]]:
    """Its port, and where it is told to begin."""
    command = [sys.executable, "-m", "benchmarks.wire", str(count), str(RATE), str(first)]
    with subprocess.Popen(
        command, cwd=market.ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            yield int(process.stdout.readline()), process.stdin
        finally:
            process.kill()


async def _serve(count: int, rate: int, first: Millis) -> None:
    from tests.exchange.data_stream import bar_message
    from tests.exchange.paths import MinuteBar
    from tests.exchange.server import FakeAlpaca
    from tests.exchange.wire import Frame

    prices = [(bar.open, bar.high, bar.low, bar.close) for bar in market.bars(count // len(SYMBOLS) + 1)]
    async with FakeAlpaca() as alpaca:
        print(alpaca.port, flush=True)
        await asyncio.to_thread(sys.stdin.readline)
        while not alpaca.subscribed:  # noqa: ASYNC110 - the server has no event for it
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.5)  # the feed asks the history first
        begun = time.monotonic()
        for number in range(count):
            minute, place = divmod(number, len(SYMBOLS))
            await asyncio.sleep(max(begun + number / rate - time.monotonic(), 0.0))
            sent = time.monotonic_ns() // 1_000
            bar = MinuteBar(*prices[minute], sent, 1, prices[minute][0])
            message = bar_message("b", SYMBOLS[place], first + minute * MINUTE, bar, crypto=False)
            for socket in alpaca.data.sockets:
                socket.put(Frame([message]))
        await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(_serve(int(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])))
