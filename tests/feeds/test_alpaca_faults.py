"""The Alpaca feed when something goes wrong: it is told, and in the end nothing is missing and nothing came twice."""

import pytest

from sentio_tui.feeds.alpaca_line import LOOK_EVERY
from sentio_tui.model.bars import MINUTE
from sentio_tui.model.events import FeedStatus
from tests.exchange.conditions import until
from tests.exchange.server import FakeAlpaca
from tests.feeds.alpaca_feeds import PATIENCE, SHARES, Listener, figures, reading, truth

DOWN, GAP, LIVE, QUIET, STALE = (
    FeedStatus.DOWN,
    FeedStatus.GAP,
    FeedStatus.LIVE,
    FeedStatus.QUIET,
    FeedStatus.STALE,
)


async def connected(heard: Listener) -> None:
    await until(lambda: heard.status is QUIET, "it is connected")


async def expect_whole(exchange: FakeAlpaca, heard: Listener, begin: int) -> None:
    """What is known equals the truth; every minute was handed on once, in order, before what corrects it."""
    for symbol in SHARES:
        await heard.catches_up(symbol)
        bars = heard.first_of(symbol)
        assert [bar.time for bar in bars] == sorted({bar.time for bar in bars})
        known = figures(heard.feed.store.bars(symbol))
        assert known == truth(exchange, symbol, begin, bars[-1].time)
        last = {bar.time: bar for bar in heard.of(symbol)}
        assert figures(list(last.values())) == known, "the newest word on each minute"


async def test_alpaca_t09_twice_in_disorder_and_corrected_is_the_same_in_the_end(exchange: FakeAlpaca) -> None:
    begin = exchange.clock.now
    async with reading(exchange) as heard:
        await connected(heard)
        for name in ("dup", "late_u", "reorder", "dup", "late_u"):
            exchange.faults.add(name, event="u" if name == "reorder" else "b" if name == "dup" else "", symbol="SPY")
            await heard.minutes(2)
        await heard.goes_on(lambda: sum(bar.corrected for bar in heard.of("SPY")) >= 2, "both corrections")
        await heard.minutes(1)
        await expect_whole(exchange, heard, begin)
    corrected = [bar for bar in heard.of("SPY") if bar.corrected]
    assert all(bar.time < begin + 10 * MINUTE for bar in corrected)
    assert {"dup", "late_u"} <= exchange.faults.fired.keys()
    assert not {DOWN, STALE, GAP} & set(heard.statuses())


async def test_alpaca_t10_a_mute_connection_is_told_and_opened_anew(exchange: FakeAlpaca) -> None:
    begin = exchange.clock.now
    async with reading(exchange) as heard:
        await connected(heard)
        await heard.minutes(2)
        exchange.faults.add("mute_after", event="b", symbol="SPY")
        began = exchange.clock.now
        await heard.goes_on(lambda: STALE in heard.statuses(), "it is stale")
        assert exchange.clock.now - began < MINUTE + PATIENCE, "before the engine would have to say so"
        await heard.goes_on(lambda: heard.status is None, "it is live again")
        await heard.minutes(2)
        await expect_whole(exchange, heard, begin)
    assert heard.statuses()[-3:] == [STALE, GAP, QUIET]
    assert "its history goes on" in heard.last_word(STALE)
    assert DOWN not in heard.statuses(), "we closed it ourselves"


async def test_a_market_in_which_nothing_trades_is_quiet_and_the_connection_stays(exchange: FakeAlpaca) -> None:
    begin = exchange.clock.now
    for symbol in SHARES:
        exchange.market.silence(symbol, begin + 2 * MINUTE, begin + 12 * MINUTE)
    async with reading(exchange) as heard:
        await connected(heard)
        (socket,) = exchange.data.sockets
        await heard.minutes(2)
        await heard.goes_on(lambda: "nothing trades" in heard.last_word(QUIET), "silence is explained")
        assert exchange.clock.now - begin < 2 * MINUTE + PATIENCE
        await heard.goes_on(lambda: exchange.clock.now > begin + 12 * MINUTE, "ten minutes")
        await heard.minutes(1)
        assert exchange.data.sockets == {socket}
        assert STALE not in heard.statuses()
        await until(lambda: heard.statuses("SPY") == [QUIET, LIVE], "one word each way")
        await expect_whole(exchange, heard, begin)


async def test_a_symbol_that_does_not_trade_is_quiet_while_others_do(exchange: FakeAlpaca) -> None:
    begin = exchange.clock.now
    exchange.market.silence("SDS", begin + 2 * MINUTE, begin + 10 * MINUTE)
    for minute in (0, 1, 10):
        exchange.market.put("SDS", begin + minute * MINUTE, 20.0)
    async with reading(exchange) as heard:
        await connected(heard)
        await heard.minutes(10)
        await heard.goes_on(lambda: heard.statuses("SDS")[-1:] == [LIVE], "it trades again")
    assert heard.statuses("SDS") == [QUIET, LIVE]
    assert not heard.statuses("SPY")


async def test_outside_exchange_hours_silence_is_nothing_to_explain(exchange: FakeAlpaca) -> None:
    exchange.clock.advance(6.5 * 3600 - 60)
    async with reading(exchange) as heard:
        await connected(heard)
        close = exchange.clock.now + MINUTE
        for symbol in SHARES:
            exchange.market.silence(symbol, close, close + 600 * MINUTE)
        await heard.goes_on(lambda: "closed" in heard.last_word(QUIET), "the market is closed", step=20)
        asked = len(exchange.requests)
        await heard.goes_on(lambda: exchange.clock.now > close + 120 * MINUTE, "two hours", step=20)
        assert len(exchange.requests) - asked <= 120 * MINUTE / LOOK_EVERY + 1
    assert STALE not in heard.statuses()
    assert not heard.statuses("SPY")


@pytest.mark.parametrize(("fault", "words"), [("auth_402", "keys"), ("auth_409", "plan")])
async def test_what_no_retry_heals_is_told_and_the_session_goes_on(
    exchange: FakeAlpaca, fault: str, words: str
) -> None:
    exchange.faults.add(fault, times=None)
    async with reading(exchange) as heard:
        await until(lambda: heard.status is DOWN, "it is told")
        exchange.clock.advance(3600)
        await until(lambda: exchange.sockets_open == 0, "no socket is left")
    assert set(heard.statuses()) == {FeedStatus.CONNECTING, DOWN}
    assert words in heard.last_word(DOWN)
    assert "not tried again" in heard.last_word(DOWN)
    assert exchange.faults.fired[fault] == 1


async def test_a_taken_connection_is_told_once_and_tried_until_it_is_free(exchange: FakeAlpaca) -> None:
    begin = exchange.clock.now
    async with reading(exchange) as heard:
        await connected(heard)
        await heard.minutes(2)
        exchange.cut()
        await until(lambda: "another process" in heard.last_word(DOWN), "its place is held")
        for _ in range(3):
            exchange.clock.advance(30)
            await until(lambda: exchange.sockets_open == 0, "refused")
        await heard.goes_on(lambda: heard.status is None, "live again")
        await heard.minutes(1)
        await expect_whole(exchange, heard, begin)
    assert [word.detail for word in heard.words if "another process" in word.detail][1:] == []


async def test_too_many_symbols_are_told_and_not_tried_again(exchange: FakeAlpaca) -> None:
    exchange.faults.add("sub_error", code=405, times=None)
    async with reading(exchange) as heard:
        await until(lambda: heard.status is DOWN, "it is told")
        began = exchange.clock.now
        await heard.goes_on(lambda: exchange.clock.now > began + 3 * MINUTE, "time for another attempt")
    assert "too many symbols" in heard.last_word(DOWN)
    assert exchange.faults.fired["sub_error"] == 1


async def test_a_subscription_that_failed_at_alpaca_is_tried_again(exchange: FakeAlpaca) -> None:
    exchange.faults.add("sub_error", code=500)
    async with reading(exchange) as heard:
        await until(lambda: heard.status is DOWN, "it is told")
        await heard.goes_on(lambda: heard.bars, "bars after all")
    assert heard.statuses()[-1] is QUIET


@pytest.mark.parametrize("fault", ["garbage", "map_not_array", "missing_field"])
async def test_a_bar_that_cannot_be_read_is_fetched(exchange: FakeAlpaca, fault: str) -> None:
    begin = exchange.clock.now
    async with reading(exchange) as heard:
        await connected(heard)
        await heard.minutes(2)
        exchange.faults.add(fault, event="b", symbol="SPY")
        await heard.minutes(1)
        await heard.catches_up("SPY")
        await heard.minutes(1)
        await expect_whole(exchange, heard, begin)
    assert GAP in heard.statuses()
    assert [bar.backfilled for bar in heard.first_of("SPY")] == [False, False, True, False]


async def test_a_price_that_is_none_is_shown_to_the_engine_and_the_true_one_fetched(exchange: FakeAlpaca) -> None:
    begin = exchange.clock.now
    async with reading(exchange) as heard:
        await connected(heard)
        await heard.minutes(1)
        exchange.faults.add("nan_price", event="b", symbol="SPY")
        await heard.minutes(1)
        await until(lambda: len(heard.of("SPY")) == 3, "both")
    first, bad, true = heard.of("SPY")
    assert first.time == begin
    assert bad.close != bad.close
    assert (true.time, true.backfilled) == (bad.time, True)


async def test_a_bar_that_was_lost_without_a_word_is_found_in_the_history(exchange: FakeAlpaca) -> None:
    begin = exchange.clock.now
    async with reading(exchange) as heard:
        await connected(heard)
        await heard.minutes(1)
        exchange.faults.add("drop_bars", event="b", symbol="SPY")
        exchange.clock.advance(60)
        await heard.goes_on(lambda: begin + MINUTE in {bar.time for bar in heard.of("SPY")}, "it is found")
        assert [bar.backfilled for bar in heard.of("SPY") if bar.time == begin + MINUTE] == [True]
        assert figures(heard.feed.store.bars("SPY")) == truth(
            exchange, "SPY", begin, heard.feed.store.bars("SPY")[-1].time
        )


async def test_live_bars_do_not_wait_for_ever_for_those_before_them(exchange: FakeAlpaca) -> None:
    begin = exchange.clock.now
    async with reading(exchange) as heard:
        await connected(heard)
        await heard.minutes(2)
        exchange.cut()
        exchange.faults.add("500", times=None, path="/v2/stocks/bars")
        exchange.clock.advance(240)
        await heard.goes_on(lambda: heard.status is GAP, "there is a hole")
        await heard.goes_on(lambda: not heard.bars[-1].backfilled and heard.bars[-1].time > begin + 3 * MINUTE, "live")
        assert heard.statuses("SPY") == [GAP]
        assert "history" in heard.last_word(GAP) or "missing" in heard.last_word(GAP)
        exchange.faults.clear()
        await heard.goes_on(lambda: heard.statuses("SPY") == [GAP, LIVE], "it is filled")
        assert figures(heard.feed.store.bars("SPY")) == truth(
            exchange, "SPY", begin, heard.feed.store.bars("SPY")[-1].time
        )
    late = [bar for bar in heard.of("SPY") if bar.backfilled]
    assert late, "the engine drops them, and the journal has them"


async def test_nothing_is_decided_on_before_the_past_has_been_learned(exchange: FakeAlpaca) -> None:
    exchange.faults.add("500", times=None, path="/v2/stocks/bars")
    async with reading(exchange, warm_up_days=1) as heard:
        await heard.goes_on(lambda: heard.status is DOWN, "it is told")
        began = exchange.clock.now
        await heard.goes_on(lambda: exchange.clock.now > began + 3 * MINUTE, "time passes")
        assert not heard.bars
        exchange.faults.clear()
        await heard.goes_on(lambda: heard.bars and not heard.bars[-1].backfilled, "live bars after the past")
    assert heard.bars[0].backfilled
    times = [bar.time for bar in heard.first_of("SPY")]
    assert times == sorted(times)
