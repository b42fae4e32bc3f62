"""The Alpaca feed against the local exchange, and what is heard of it."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Final

from sentio_tui.feeds.alpaca import AlpacaFeed, AlpacaSource
from sentio_tui.feeds.base import Feed, FeedItem, FeedWord
from sentio_tui.feeds.joined import JoinedFeed
from sentio_tui.market.calendar import Calendar, ExchangeCalendar
from sentio_tui.model.bars import MINUTE, Bar, Millis
from sentio_tui.model.events import FeedStatus
from sentio_tui.model.instruments import Family
from tests.alpaca.places import SOON, keys_of, place_of
from tests.exchange.conditions import until
from tests.exchange.market import IEX
from tests.exchange.server import FakeAlpaca

PATIENCE: Final[Millis] = 120_000
NEW_YORK: Final = ExchangeCalendar("XNYS")
SHARES: Final[Mapping[str, Calendar]] = {"SPY": NEW_YORK, "SDS": NEW_YORK}


class Listener:
    """A feed that is being read, and what it said."""

    def __init__(self, exchange: FakeAlpaca) -> None:
        self.items: Final[list[FeedItem]] = []
        self.feed: AlpacaFeed
        self.source: Feed
        self._exchange = exchange
        self._sleepers = 0

    async def sleep(self, seconds: float) -> None:
        """The feed's, by the exchange's clock."""
        self._sleepers += 1
        try:
            await self._exchange.clock.wait(seconds)
        finally:
            self._sleepers -= 1

    async def read(self) -> None:
        async for batch in self.source.batches():
            self.items.extend(batch)

    @property
    def bars(self) -> list[Bar]:
        return [item for item in self.items if isinstance(item, Bar)]

    @property
    def words(self) -> list[FeedWord]:
        return [item for item in self.items if isinstance(item, FeedWord)]

    def of(self, symbol: str) -> list[Bar]:
        return [bar for bar in self.bars if bar.symbol == symbol]

    def statuses(self, symbol: str = "") -> list[FeedStatus]:
        return [word.status for word in self.words if word.symbol == symbol]

    @property
    def status(self) -> FeedStatus | None:
        """What the feed last said of itself; None after a live bar."""
        for item in reversed(self.items):
            if isinstance(item, FeedWord) and not item.symbol:
                return item.status
            if isinstance(item, Bar) and not item.backfilled and not item.corrected:
                return None
        return None

    def first_of(self, symbol: str) -> list[Bar]:
        """The bars of a symbol without those that correct earlier ones."""
        return [bar for bar in self.of(symbol) if not bar.corrected]

    def last_word(self, status: FeedStatus) -> str:
        said = [word.detail for word in self.words if word.status is status and not word.symbol]
        return said[-1] if said else ""

    async def goes_on(self, condition: Callable[[], object], what: str, *, step: float = 1.0) -> None:
        """Moves the exchange's clock until it is so, while the feed waits for that."""

        def met() -> object:
            if condition():
                return True
            if self._sleepers:
                self._exchange.clock.advance(step)
            return False

        await until(met, what)

    async def minutes(self, count: int) -> None:
        """Lets whole minutes pass, and their bars come, those that trade."""
        for _ in range(count):
            clock = self._exchange.clock
            clock.advance_to(clock.now - clock.now % MINUTE + MINUTE + 100)
            await until(lambda: self._has_come("SPY"), "the minute's bar")

    async def catches_up(self, symbol: str) -> None:
        """Until what the feed knows has been read."""
        newest = self.feed.store.newest(symbol)
        await until(lambda: self.first_of(symbol)[-1].time == newest, "the newest bar is handed on")

    def _has_come(self, symbol: str) -> bool:
        now = self._exchange.clock.now
        newest = self.feed.store.newest(symbol)
        return newest is not None and newest >= now - now % MINUTE - MINUTE


@asynccontextmanager
async def reading(
    exchange: FakeAlpaca,
    symbols: Mapping[str, Calendar] = SHARES,
    *,
    feed: AlpacaSource | None = None,
    warm_up_days: int = 0,
    since: Mapping[str, Millis] | None = None,
    family: Family | None = None,
) -> AsyncIterator[Listener]:
    listener = Listener(exchange)
    listener.feed = AlpacaFeed(
        keys_of(exchange),
        place_of(exchange),
        feed or AlpacaSource("iex", exchange.ws_url),
        symbols,
        warm_up_days,
        patience=PATIENCE,
        now=lambda: exchange.clock.now,
        since=since,
        sleep=listener.sleep,
        backoff=SOON,
    )
    listener.source = listener.feed
    if family is not None:
        listener.source = JoinedFeed(listener.feed, family, lambda: exchange.clock.now / 1000, listener.sleep)
    task = asyncio.create_task(listener.read())
    try:
        yield listener
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    assert exchange.sockets_open == 0 or await closed(exchange)


async def closed(exchange: FakeAlpaca) -> bool:
    await until(lambda: exchange.sockets_open == 0, "no socket is left")
    return True


def truth(exchange: FakeAlpaca, symbol: str, begin: Millis, end: Millis, tape: str = IEX) -> list[tuple[float, ...]]:
    """The bars of minutes, as the exchange has them by now."""
    found = exchange.market.bars(symbol.replace("-", "/"), begin, end, exchange.clock.now, tape)
    return [(at, bar.o, bar.h, bar.l, bar.c, float(int(bar.v)) if "-" not in symbol else bar.v) for at, bar in found]


def figures(bars: Sequence[Bar]) -> list[tuple[float, ...]]:
    return [(bar.time, bar.open, bar.high, bar.low, bar.close, bar.volume) for bar in bars]
