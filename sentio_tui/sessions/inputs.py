"""What comes to a session's engine from outside: the feed, the clock, a broker in another place. Each at its time."""

import asyncio
import time
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

from sentio_tui.brokers.base import AccountWord, BrokerFault, BrokerNews, BrokerWord, OutsideBroker
from sentio_tui.engine.engine import Engine
from sentio_tui.engine.reconciliation import BROKER
from sentio_tui.feeds.base import Feed, FeedItem, FeedWord
from sentio_tui.feeds.pacing import Pacer
from sentio_tui.model.bars import MINUTE, Bar, Millis
from sentio_tui.model.events import AnyEvent, FeedStatus

BURST: Final = 0.002
"""Seconds of turns at full speed before commands, viewers and the disk get their turn."""

BREATH: Final = 0.006
"""Seconds the engine rests after a burst while somebody watches, so that the screen's thread gets the interpreter."""

TICK: Final = 1.0
"""Seconds between two looks at the timers of a live session."""


JUMP: Final = 5_000
"""Milliseconds by which the machine's clock may run ahead of or behind a steady one between two looks."""


class Position(NamedTuple):
    """How far a session has come in its feed: the bars it took in, and what the feed said of itself since the last."""

    bars: int
    words: int


BEGINNING: Final = Position(0, 0)


class Inputs:
    """Runs on the session's loop and hands the events of each turn to `take`."""

    def __init__(
        self,
        engine: Engine,
        feed: Feed,
        pacer: Pacer,
        outside: OutsideBroker | None,
        position: Position,
        take: Callable[[Sequence[AnyEvent]], None],
        is_watched: Callable[[], bool],
    ) -> None:
        """`position` is what of the feed the engine has taken in already; `is_watched` whether somebody looks on."""
        self._engine = engine
        self._feed = feed
        self._pacer = pacer
        self._outside = outside
        self._position = position
        self._take = take
        self._is_watched = is_watched

    @property
    def now(self) -> Millis:
        """Market time: the wall clock of a live feed, else that of the newest input."""
        return time.time_ns() // 1_000_000 if self._feed.is_live else self._engine.state.at

    async def run(self) -> None:
        """Until the data or the session ends."""
        tasks = [asyncio.create_task(self._feed_engine())]
        if self._feed.is_live:
            tasks.append(asyncio.create_task(self._tick()))
        if self._outside is not None:
            tasks.append(asyncio.create_task(self._outside.run(self._answered)))
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _feed_engine(self) -> None:
        """Bring the feed's items to the engine, each at its time."""
        pause_at = time.perf_counter() + BURST
        bars, words = self._position
        if self._feed.is_live:
            words = 0  # what it said before is over
        async for batch in self._feed.batches(bars):
            for item in batch:
                if words and isinstance(item, FeedWord):
                    words -= 1
                    continue
                words = 0
                await self._pace(item)
                self._input(item)
                if self._engine.is_over:
                    return
                if time.perf_counter() >= pause_at:
                    await asyncio.sleep(BREATH if not self._is_urgent(item) and self._is_watched() else 0)
                    pause_at = time.perf_counter() + BURST
            if self._engine.is_over:
                return
        at = self.now
        self._timers(at + 1)  # with those of the last bar's very end: data may end when the exchange closes
        self._take(self._engine.feed(FeedStatus.ENDED, "the data ended", "", at))

    def _is_urgent(self, item: FeedItem) -> bool:
        """Whether what follows may be decided on now: that waits for no screen."""
        return self._feed.is_live and not (isinstance(item, Bar) and item.backfilled)

    async def _pace(self, item: FeedItem) -> None:
        if not self._feed.is_live and isinstance(item, Bar) and self._pacer.speed and not item.backfilled:
            await self._pacer.wait_for(item.time + MINUTE)

    def _input(self, item: FeedItem) -> None:
        if isinstance(item, FeedWord):
            self._take(self._engine.feed(item.status, item.detail, item.symbol, self.now))
            return
        at = self.now if self._feed.is_live else item.time + MINUTE
        self._timers(at)
        if not self._engine.is_over:
            self._take(self._engine.bar(item, at))

    def _timers(self, at: Millis) -> None:
        """Everything that was due before `at`, in its order. Hours are kept by timers, not by bars (T-34)."""
        engine = self._engine
        while engine.due < at:
            self._take(engine.timer(engine.due))

    async def _tick(self) -> None:
        """A live feed that says nothing: timers come all the same, and somebody looks for what is silent (T-24)."""
        wall, steady = self.now, time.monotonic()
        while True:
            await asyncio.sleep(TICK)
            at, ticked = self.now, time.monotonic()
            jump = at - wall - round((ticked - steady) * 1000)
            wall, steady = at, ticked
            if abs(jump) > JUMP:
                # Also a machine that slept. A timer that has fired is not due again, whichever way it went.
                detail = f"the machine's clock jumped by {jump / 1000:+.0f} s"
                self._take(self._engine.feed(self._engine.state.feed_status, detail, "", at))
            self._timers(at)
            if at >= self._engine.look_due:
                self._take(self._engine.timer(at))

    def _answered(self, news: BrokerNews) -> None:
        match news:
            case AccountWord():
                self._take(self._engine.account(news.cash, news.positions, self.now))
            case BrokerWord():
                self._take(self._engine.word(news.level, f"{BROKER}_{news.code}", news.text, self.now))
            case BrokerFault():
                self._take(self._engine.fault(BROKER, news.text, self.now))
            case _:
                self._take(self._engine.answer(news))
