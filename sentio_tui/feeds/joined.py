"""A family's feed in which the members' bars of a minute come before the base's, by time and never by index (T-38)."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Final

from sentio_tui.feeds.base import Feed, FeedItem
from sentio_tui.feeds.leveraged import after_bars
from sentio_tui.market.validation import fault
from sentio_tui.model.bars import MINUTE, Bar, Millis
from sentio_tui.model.instruments import Family

MOST_FILLED: Final = 5
"""Minutes after a member's last bar that are filled forward."""

PATIENCE: Final = 2.0
"""Seconds that the base's bar of a live feed waits for late members."""


class JoinedFeed:
    """Another feed, in which what is decided on the base's bar of a minute knows the members' prices of that minute.

    A member that has no bar in a minute of the base gets one at its last close, for five minutes at the most:
    synthetic, without volume, so that nothing fills in it. After that there is none, and the member becomes stale.
    Words and bad bars pass as they come.

    In a live feed members pass as they come too, and the base's bar waits for those that are missing, for two seconds
    at the most. A later member is still handed on, as itself. So its minute is filled only when the base has reached
    the next one: a real bar that comes even later is older than what was handed on; the engine drops it and says so.
    """

    def __init__(
        self, feed: Feed, family: Family, clock: Callable[[], float], sleep: Callable[[float], Awaitable[None]]
    ) -> None:
        """`clock` gives seconds of a clock that never goes back, `sleep` pauses for seconds: of live feeds only."""
        self.name = feed.name
        self.is_live = feed.is_live
        self._feed = feed
        self._family = family
        self._clock = clock
        self._sleep = sleep

    @property
    def begin(self) -> Millis | None:
        return self._feed.begin

    def batches(self, skip: int = 0) -> AsyncIterator[Sequence[FeedItem]]:
        """`skip` counts all bars, those filled forward too. A feed of history is read from its beginning, because what
        is filled follows from what came before; of a live one the feed behind decides what it can leave out."""
        return self._live(skip) if self.is_live else self._history(skip)

    async def _history(self, skip: int) -> AsyncIterator[Sequence[FeedItem]]:
        minutes = _Minutes(self._family)
        async for batch in self._feed.batches():
            items, skip = after_bars(minutes.items(batch), skip)
            if items:
                yield items
        items, skip = after_bars(minutes.rest(), skip)
        if items:
            yield items

    async def _live(self, skip: int) -> AsyncIterator[Sequence[FeedItem]]:
        source = self._feed.batches(skip)
        waiting = _Waiting(self._family)
        reading: asyncio.Task[Sequence[FeedItem] | None] | None = None
        try:
            while True:
                reading = reading or asyncio.create_task(_next(source))
                await self._until(reading, waiting.deadline)
                items: list[FeedItem] = []
                if reading.done():
                    batch, reading = reading.result(), None
                    if batch is None:
                        break
                    items += waiting.items(batch, self._clock())
                items += waiting.overdue(self._clock())
                if items:
                    yield items
            if rest := waiting.rest():
                yield rest
        finally:
            if reading is not None:
                reading.cancel()
                await asyncio.gather(reading, return_exceptions=True)

    async def _until(self, reading: "asyncio.Task[Sequence[FeedItem] | None]", deadline: float | None) -> None:
        """Returns when a batch has come, or at the deadline."""
        if deadline is None:
            await asyncio.wait({reading})
            return
        pause = asyncio.ensure_future(self._sleep(max(0.0, deadline - self._clock())))
        try:
            await asyncio.wait({reading, pause}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            pause.cancel()


async def _next(source: AsyncIterator[Sequence[FeedItem]]) -> Sequence[FeedItem] | None:
    return await anext(source, None)


class _Members:
    """What is known of a family's members: their last bars."""

    def __init__(self, family: Family) -> None:
        self.base: Final = family.base
        self.order: Final = family.symbols[1:]
        self._good: dict[str, Bar] = {}

    def is_good(self, bar: Bar) -> bool:
        """Whether the engine will take the bar; a good one is the symbol's last from now on."""
        if fault(bar, self._good.get(bar.symbol)) is not None:
            return False
        self._good[bar.symbol] = bar
        return True

    def has(self, symbol: str, minute: Millis) -> bool:
        """Whether the member has spoken of the minute, or of a later one."""
        last = self._good.get(symbol)
        return last is not None and last.time >= minute

    def filled(self, symbol: str, base: Bar) -> list[Bar]:
        """The bar of a member that has none in the base's minute: none if its last one is too old."""
        last = self._good.get(symbol)
        if last is None or not 0 < base.time - last.time <= MOST_FILLED * MINUTE:
            return []
        close = last.close
        return [Bar(symbol, base.time, close, close, close, close, 0.0, True, base.backfilled)]


class _Minutes:
    """One reading of a feed of history: bars are held until their minute is over."""

    def __init__(self, family: Family) -> None:
        self._members = _Members(family)
        self._minute: Millis | None = None
        self._base: Bar | None = None
        self._others: dict[str, Bar] = {}

    def items(self, batch: Sequence[FeedItem]) -> list[FeedItem]:
        result: list[FeedItem] = []
        for item in batch:
            if not isinstance(item, Bar) or not self._members.is_good(item):
                result.append(item)
                continue
            minute = self._minute
            if minute is not None and item.time < minute:
                result.append(item)
                continue
            if item.time != minute:
                result += self.rest()
                self._minute = item.time
            if item.symbol == self._members.base:
                self._base = item
            else:
                self._others[item.symbol] = item
        return result

    def rest(self) -> list[FeedItem]:
        """The minute that is held, in order."""
        base, others, members = self._base, self._others, self._members
        self._base, self._others = None, {}
        result: list[FeedItem] = []
        for symbol in members.order:
            if symbol in others:
                result.append(others.pop(symbol))
            elif base is not None:
                result += members.filled(symbol, base)
        result += others.values()
        if base is not None:
            result.append(base)
        return result


class _Waiting:
    """One reading of a live feed: the base's bar is held while members are missing."""

    def __init__(self, family: Family) -> None:
        self._members = _Members(family)
        self._held: Bar | None = None
        self._owed: dict[str, list[Bar]] = {symbol: [] for symbol in family.symbols[1:]}
        """By member, the bars that fill minutes the base went on without it."""
        self.deadline: float | None = None
        """When the base's bar goes on without those that are missing, on the feed's clock."""

    def items(self, batch: Sequence[FeedItem], now: float) -> list[FeedItem]:
        result: list[FeedItem] = []
        members = self._members
        for item in batch:
            if isinstance(item, Bar) and item.symbol == members.base:
                result += self.rest()
                if not members.is_good(item) or item.backfilled:
                    result.append(item)
                else:
                    self._held, self.deadline = item, now + PATIENCE
            else:
                if isinstance(item, Bar) and item.symbol in self._owed and members.is_good(item):
                    # What fills an earlier minute goes before it; the minute it brings itself is not filled.
                    result += [each for each in self._owed[item.symbol] if each.time < item.time]
                    self._owed[item.symbol] = []
                result.append(item)
            if self._held is not None and all(members.has(symbol, self._held.time) for symbol in self._owed):
                result += self.rest()
        return result

    def overdue(self, now: float) -> list[FeedItem]:
        """The bar that has waited long enough."""
        return self.rest() if self.deadline is not None and now >= self.deadline else []

    def rest(self) -> list[FeedItem]:
        """The base's bar, with or without those that are missing; before it what fills the minutes before."""
        base, self._held, self.deadline = self._held, None, None
        if base is None:
            return []
        result: list[FeedItem] = []
        for symbol, owed in self._owed.items():
            result += owed
            self._owed[symbol] = [] if self._members.has(symbol, base.time) else self._members.filled(symbol, base)
        return [*result, base]
