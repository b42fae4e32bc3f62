"""The Alpaca feed through the real alpaca-py, against the local exchange."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Final

import pytest

from sentio_tui.feeds.alpaca import AlpacaFeed, AlpacaSource
from sentio_tui.feeds.base import FeedError, FeedItem, FeedWord
from sentio_tui.market.calendar import AlwaysOpen, Calendar, ExchangeCalendar
from sentio_tui.model.bars import MINUTE, Bar, Millis
from sentio_tui.model.events import FeedStatus
from tests.alpaca.places import SOON, keys_of, place_of
from tests.exchange.conditions import until
from tests.exchange.market import IEX, SIP
from tests.exchange.server import FakeAlpaca

PATIENCE: Final[Millis] = 120_000
NEW_YORK: Final = ExchangeCalendar("XNYS")
SHARES: Final[Mapping[str, Calendar]] = {"SPY": NEW_YORK, "SDS": NEW_YORK}


class Listener:
    """A feed that is being read, and what it said."""

    def __init__(self, exchange: FakeAlpaca, feed: AlpacaFeed) -> None:
        self.items: Final[list[FeedItem]] = []
        self.feed: Final = feed
        self._exchange = exchange

    async def read(self) -> None:
        async for batch in self.feed.batches():
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

    async def goes_on(self, condition: Callable[[], object], what: str, *, step: float = 1.0) -> None:
        """Moves the exchange's clock until it is so."""

        def met() -> object:
            if condition():
                return True
            self._exchange.clock.advance(step)
            return False

        await until(met, what)

    async def minutes(self, count: int) -> None:
        """Lets whole minutes pass, and their bars come, those that trade."""
        for _ in range(count):
            clock = self._exchange.clock
            clock.advance_to(clock.now - clock.now % MINUTE + MINUTE + 100)
            await until(lambda: self._has_come("SPY"), "the minute's bar")

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
) -> AsyncIterator[Listener]:
    made = AlpacaFeed(
        keys_of(exchange),
        place_of(exchange),
        feed or AlpacaSource("iex", exchange.ws_url),
        symbols,
        warm_up_days,
        patience=PATIENCE,
        now=lambda: exchange.clock.now,
        since=since,
        sleep=exchange.clock.wait,
        backoff=SOON,
    )
    listener = Listener(exchange, made)
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


async def test_bars_come_live_and_each_minute_once(exchange: FakeAlpaca) -> None:
    begin = exchange.clock.now
    async with reading(exchange) as heard:
        await until(lambda: heard.status is FeedStatus.QUIET, "it is connected")
        await heard.minutes(5)
        await until(lambda: len(heard.of("SPY")) == 5, "five bars")
    assert not any(bar.backfilled for bar in heard.bars)
    assert figures(heard.of("SPY")) == truth(exchange, "SPY", begin, begin + 4 * MINUTE)
    assert heard.statuses()[0] is FeedStatus.CONNECTING


async def test_alpaca_t08_a_connection_that_breaks_leaves_no_hole_and_nothing_twice(exchange: FakeAlpaca) -> None:
    begin = exchange.clock.now
    async with reading(exchange) as heard:
        await until(lambda: heard.status is FeedStatus.QUIET, "it is connected")
        await heard.minutes(3)
        exchange.faults.add("abort_tcp", event="b", symbol="SPY", at="frame_middle")
        await heard.goes_on(lambda: FeedStatus.DOWN in heard.statuses(), "it breaks in the middle of a bar")
        exchange.clock.advance(95)
        await heard.goes_on(lambda: len(heard.of("SPY")) >= 7, "bars again", step=0.5)
        end = heard.of("SPY")[-1].time
    for symbol in SHARES:
        bars = heard.of(symbol)
        assert figures(bars) == truth(exchange, symbol, begin, end)
        assert [bar.time for bar in bars] == sorted({bar.time for bar in bars})
    late = [bar for bar in heard.of("SPY") if bar.backfilled]
    assert late
    assert late == heard.of("SPY")[3 : 3 + len(late)]
    assert heard.statuses()[-3:] == [FeedStatus.DOWN, FeedStatus.GAP, FeedStatus.QUIET]


async def test_crypto_has_a_connection_of_its_own_and_a_feed_of_shares_is_needed(exchange: FakeAlpaca) -> None:
    symbols: Mapping[str, Calendar] = {"SPY": NEW_YORK, "BTC-USD": AlwaysOpen()}
    async with reading(exchange, symbols) as heard:
        await until(lambda: exchange.subscribed == 2, "two connections")
        await heard.goes_on(lambda: heard.of("SPY") and heard.of("BTC-USD"), "bars of both")
    assert not heard.statuses()
    async with reading(exchange, {"BTC-USD": AlwaysOpen()}, feed=AlpacaSource("crypto", exchange.ws_url)) as heard:
        await heard.goes_on(lambda: heard.of("BTC-USD"), "coins alone")
    wrong = AlpacaFeed(keys_of(exchange), place_of(exchange), AlpacaSource("crypto"), symbols, 0, patience=PATIENCE)
    with pytest.raises(FeedError, match="no bars of SPY"):
        await anext(wrong.batches())


async def test_the_days_before_come_first_back_filled_and_in_order_of_time(exchange: FakeAlpaca) -> None:
    exchange.clock.advance(3600)
    now = exchange.clock.now
    async with reading(exchange, warm_up_days=2) as heard:
        await until(lambda: heard.status is FeedStatus.QUIET, "the past is there")
        past = heard.bars
        await heard.minutes(2)
        await until(lambda: not heard.bars[-1].backfilled, "a live bar")
    assert all(bar.backfilled for bar in past)
    assert [bar.time for bar in past] == sorted(bar.time for bar in past)
    friday, monday = (NEW_YORK.session(NEW_YORK.day_of(now - days * 86_400_000)) for days in (4, 1))
    assert friday is not None
    assert monday is not None
    assert NEW_YORK.day_of(now).weekday() == 1, "a Tuesday"
    assert past[0].time == friday[0]
    assert {bar.time for bar in past if bar.symbol == "SPY"} >= set(range(*monday, MINUTE))
    assert figures([bar for bar in past if bar.symbol == "SPY"]) == truth(exchange, "SPY", friday[0], past[-1].time)
    assert now - past[-1].time <= 2 * MINUTE


async def test_a_session_that_goes_on_gets_what_it_missed_and_no_bar_again(exchange: FakeAlpaca) -> None:
    begin = exchange.clock.now
    exchange.clock.advance(1800)
    known = dict.fromkeys(SHARES, begin + 9 * MINUTE)
    async with reading(exchange, warm_up_days=5, since=known) as heard:
        await until(lambda: heard.status is FeedStatus.QUIET, "the past is there")
        await heard.minutes(2)
        await until(lambda: not heard.bars[-1].backfilled, "a live bar")
    for symbol in SHARES:
        bars = heard.of(symbol)
        assert figures(bars) == truth(exchange, symbol, begin + 10 * MINUTE, bars[-1].time)


async def test_a_delayed_feed_is_not_late_for_that(exchange: FakeAlpaca) -> None:
    exchange.clock.advance(3600)
    begin = exchange.clock.now - 15 * MINUTE
    async with reading(exchange, {"SPY": NEW_YORK}, feed=AlpacaSource("delayed_sip", exchange.ws_url)) as heard:
        await until(lambda: heard.status is FeedStatus.QUIET, "it is connected")
        await heard.goes_on(lambda: len(heard.of("SPY")) >= 4, "delayed bars")
    bars = heard.of("SPY")
    assert not any(bar.backfilled for bar in bars)
    assert FeedStatus.STALE not in heard.statuses()
    assert figures(bars) == truth(exchange, "SPY", begin, bars[-1].time, SIP)
