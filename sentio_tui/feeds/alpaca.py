"""Minute bars of Alpaca, live: shares and crypto, each through a connection of its own."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from functools import partial
from typing import Final, Literal

from msgspec import Struct

from sentio_tui.alpaca import streams
from sentio_tui.alpaca.keys import Keys
from sentio_tui.alpaca.lanes import Place
from sentio_tui.alpaca.rest import Rest
from sentio_tui.feeds.alpaca_health import Voice
from sentio_tui.feeds.alpaca_line import History, Line, OnMessage, OnWord, Subject
from sentio_tui.feeds.alpaca_store import BarStore, whole_minute
from sentio_tui.feeds.base import FeedError, FeedItem
from sentio_tui.market.calendar import Calendar, sessions_before
from sentio_tui.model.bars import MINUTE, Bar, Millis

DataFeed = Literal["iex", "sip", "delayed_sip", "test", "crypto"]

_DELAYS: Final[Mapping[str, Millis]] = {"delayed_sip": 15 * MINUTE}
_HISTORY: Final[Mapping[str, str]] = {"iex": "iex", "sip": "sip", "delayed_sip": "sip", "crypto": "crypto"}
"""Whose history has the same bars as a stream. The test feed has none."""


class AlpacaSource(Struct, frozen=True):
    """Which feed of shares, "crypto" where there are none; and the host of the streams, empty for Alpaca's."""

    feed: DataFeed = "iex"
    stream_url: str = ""


def delay_of(feed: str) -> Millis:
    """How much later than its time a bar of this feed comes. Nothing counts as stale for that."""
    return _DELAYS.get(feed, 0)


class AlpacaFeed:
    """Implements `feeds.base.Feed`. It tells everything that goes wrong by words, and goes on trying where that helps.

    A bar is handed on once. What is better known of its minute later is handed on as `corrected`, for the record;
    `store` has the minutes as they are known by now. The account's data limit and the connection are this feed's alone.
    """

    is_live: bool = True
    begin: Millis | None = None

    def __init__(
        self,
        keys: Keys,
        place: Place,
        source: AlpacaSource,
        symbols: Mapping[str, Calendar],
        warm_up_days: int,
        *,
        patience: Millis,
        now: Callable[[], Millis] = lambda: time.time_ns() // 1_000_000,
        since: Mapping[str, Millis] | None = None,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
        backoff: tuple[float, float] = streams.BACKOFF,
    ) -> None:
        """`symbols` are ours, each with its hours; those with a dash are crypto. `warm_up_days` exchange days before
        today come first, back-filled. `patience` is how long a symbol may be without a bar until it counts as stale,
        without the feed's own delay.

        `since`, for a session that goes on, is the time of the newest bar it took of each symbol: bars come from there
        on, and there is no further warm-up of these symbols. `now` is the wall clock, `sleep` takes seconds.
        """
        self._keys = keys
        self._place = place
        self._source = source
        self._symbols = dict(symbols)
        self._warm_up_days = warm_up_days
        self._patience = patience
        self._now = now
        self._since = dict(since or {})
        self._sleep = sleep
        self._backoff = backoff
        self._shares = {symbol: hours for symbol, hours in symbols.items() if "-" not in symbol}
        self._coins = {symbol: hours for symbol, hours in symbols.items() if "-" in symbol}
        parts = [source.feed] * bool(self._shares) + ["crypto"] * bool(self._coins)
        self.name = f"alpaca {' and '.join(parts)}"
        self.store = BarStore({})

    async def batches(self, skip: int = 0) -> AsyncIterator[Sequence[FeedItem]]:
        """Without end. `skip` counts nothing here: where to go on is said by `since`. Raises FeedError."""
        if self._shares and self._source.feed == "crypto":
            raise FeedError(
                f"feed.alpaca.feed is crypto, which has no bars of {', '.join(self._shares)}: choose a feed of shares"
            )
        horizons = {symbol: self._horizon(symbol) for symbol in self._symbols}
        self.store = BarStore(horizons)
        await asyncio.to_thread(streams.prepare)
        outbox = _Outbox()
        rest = Rest(self._keys, self._place, now=self._now, sleep=self._sleep)
        tasks = [asyncio.create_task(line.run()) for line in self._lines(rest, horizons, outbox)]
        for task in tasks:
            task.add_done_callback(outbox.stir)
        try:
            while True:
                items = await outbox.taken()
                for task in tasks:
                    if task.done():
                        task.result()
                if items:
                    yield items
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            rest.close()

    def _lines(self, rest: Rest, horizons: Mapping[str, Millis], outbox: "_Outbox") -> list[Line]:
        groups = [(self._source.feed, self._shares), ("crypto", self._coins)]
        parts = [(feed, symbols) for feed, symbols in groups if symbols]
        return [
            Line(
                Subject(
                    symbols,
                    partial(self._open, feed),
                    _history(rest, feed),
                    delay_of(feed),
                    first=whole_minute(min(horizons[symbol] for symbol in symbols)) + MINUTE,
                    learns=self._warm_up_days > 0 and not self._since.keys() & symbols.keys(),
                ),
                self.store,
                Voice(symbols, outbox.put, is_alone=len(parts) == 1, goes_on=bool(self._since)),
                outbox.put,
                patience=self._patience,
                now=self._now,
                sleep=self._sleep,
            )
            for feed, symbols in parts
        ]

    def _open(self, feed: str, on_message: OnMessage, on_word: OnWord) -> streams.Stream:
        url, backoff = self._source.stream_url, self._backoff
        if feed == "crypto":
            return streams.crypto_stream(self._keys, on_message, on_word, url=url, backoff=backoff)
        assert self._source.feed != "crypto", "there are shares"
        return streams.stock_stream(self._keys, self._source.feed, on_message, on_word, url=url, backoff=backoff)

    def _horizon(self, symbol: str) -> Millis:
        """The time of the newest bar that is not wanted. Raises FeedError."""
        if symbol in self._since:
            return self._since[symbol]
        is_share = "-" not in symbol
        at = self._now() - (delay_of(self._source.feed) if is_share else 0)
        if not self._warm_up_days:
            return whole_minute(at) - MINUTE
        try:
            return sessions_before(self._symbols[symbol], at, self._warm_up_days) - MINUTE
        except ValueError as error:
            raise FeedError(f"feed.warm_up_days = {self._warm_up_days} for {symbol}: {error}") from None


def _history(rest: Rest, feed: str) -> History | None:
    name = _HISTORY.get(feed)
    if name is None:
        return None

    async def bars(symbols: Sequence[str], begin: Millis, end: Millis) -> Mapping[str, Sequence[Bar]]:
        return await rest.minute_bars(symbols, begin, end, name)

    return bars


class _Outbox:
    """What the lines have to say until it is fetched."""

    def __init__(self) -> None:
        self._items: list[FeedItem] = []
        self._stirred = asyncio.Event()

    def put(self, items: Sequence[FeedItem]) -> None:
        self._items += items
        self._stirred.set()

    def stir(self, _: object) -> None:
        self._stirred.set()

    async def taken(self) -> list[FeedItem]:
        await self._stirred.wait()
        self._stirred.clear()
        items, self._items = self._items, []
        return items
