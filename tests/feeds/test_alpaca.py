"""The Alpaca feed through the real alpaca-py: what it brings, from where, in which order."""

from collections.abc import Mapping

import pytest

from sentio_tui.feeds.alpaca import AlpacaFeed, AlpacaSource
from sentio_tui.feeds.base import FeedError
from sentio_tui.feeds.joined import MOST_FILLED
from sentio_tui.market.calendar import AlwaysOpen, Calendar
from sentio_tui.market.families import SPY
from sentio_tui.market.validation import fault
from sentio_tui.model.bars import MINUTE, Bar
from sentio_tui.model.events import FeedStatus
from tests.alpaca.places import keys_of, place_of
from tests.exchange.conditions import until
from tests.exchange.market import SIP
from tests.exchange.server import FakeAlpaca
from tests.feeds.alpaca_feeds import NEW_YORK, PATIENCE, SHARES, figures, reading, truth


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
    assert heard.statuses("SPY")[-1:] == [FeedStatus.LIVE], "whatever was said before the session broke off"


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


async def test_t38_a_familys_minutes_are_in_order_over_a_connection_that_breaks(exchange: FakeAlpaca) -> None:
    begin = exchange.clock.now
    symbols = dict.fromkeys(SPY.symbols, NEW_YORK)
    async with reading(exchange, symbols, warm_up_days=1, family=SPY) as heard:

        def live() -> int:
            return sum(not bar.backfilled for bar in heard.first_of(SPY.base))

        await until(lambda: heard.status is FeedStatus.QUIET, "the past is there")
        await heard.goes_on(lambda: live() == 4, "four minutes")
        exchange.cut()
        await heard.goes_on(lambda: live() >= 8, "four more")
    assert FeedStatus.DOWN in heard.statuses()
    last: dict[str, Bar] = {}
    for bar in (bar for bar in heard.bars if not bar.corrected):
        assert fault(bar, last.get(bar.symbol)) is None, "the engine takes every one"
        last[bar.symbol] = bar
        if bar.symbol == SPY.base and not bar.backfilled:
            for symbol in SPY.symbols[1:]:
                assert bar.time - last[symbol].time <= (MOST_FILLED + 1) * MINUTE, symbol
    today = [bar.time for bar in heard.first_of(SPY.base) if bar.time >= begin]
    assert today == list(range(begin, today[-1] + 1, MINUTE)), "no minute of the base is missing"
