"""The virtual clock; prices that depend on the seed alone, and tell the stream and the history the same."""

import asyncio
from datetime import UTC, datetime
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentio_tui.model.bars import MINUTE
from tests.exchange.clock import FakeClock, parse, stamp, whole
from tests.exchange.exchange import BEGIN, FakeExchange
from tests.exchange.market import IEX, SIP, Market
from tests.exchange.paths import MinuteBar, bar, path
from tests.exchange.ticker import BarOut, Trade

DAY = 1_440 * MINUTE
NIGHT = BEGIN + 12 * 60 * MINUTE


def test_timers_happen_in_order_at_their_times() -> None:
    clock, seen = FakeClock(1_000), list[tuple[str, int]]()
    clock.after(2, lambda: seen.append(("b", clock.now)))
    clock.after(1, lambda: clock.after(1, lambda: seen.append(("c", clock.now))))
    clock.after(1, lambda: seen.append(("a", clock.now)))
    clock.after(1, lambda: seen.append(("never", clock.now))).cancel()
    clock.after(9, lambda: seen.append(("later", clock.now)))
    clock.advance(3)
    assert seen == [("a", 2_000), ("b", 3_000), ("c", 3_000)]
    assert clock.now == 4_000


def test_clock_does_not_go_back_nor_into_itself() -> None:
    clock = FakeClock(1_000)
    with pytest.raises(ValueError, match="cannot go back"):
        clock.advance(-1)
    clock.after(1, lambda: clock.advance(1))
    with pytest.raises(RuntimeError, match="advanced already"):
        clock.advance(2)
    clock.advance(2)


async def test_waiting_takes_the_clock() -> None:
    clock = FakeClock(0)
    waiting = asyncio.create_task(clock.wait(5))
    await asyncio.sleep(0)
    clock.advance(4.9)
    await asyncio.sleep(0)
    assert not waiting.done()
    clock.advance(0.1)
    await waiting


@given(st.integers(0, 4_000_000_000_000))
def test_instants_are_written_as_they_are_read(at: int) -> None:
    assert parse(stamp(at)) == at
    assert parse(whole(at)) == at - at % 1000
    assert len(stamp(at)) == len("2025-07-15T13:30:00.123456789Z")


@given(
    st.tuples(st.integers(100, 9_000), st.integers(0, 900), st.integers(0, 900), st.integers(0, 900)),
    st.integers(4, 40),
)
def test_trades_make_their_bar(cents: tuple[int, int, int, int], count: int) -> None:
    low = cents[0]
    high = low + cents[1]
    opening, close = (low + min(each, cents[1]) for each in cents[2:])
    made = bar(opening / 100, high / 100, low / 100, close / 100, 1_000.0)
    prices = path(made, count)
    assert len(prices) == count
    assert (prices[0], max(prices), min(prices), prices[-1]) == (made.o, made.h, made.l, made.c)


def test_prices_depend_on_the_seed_alone() -> None:
    first, second, other = Market(7, BEGIN), Market(7, BEGIN), Market(8, BEGIN)
    second.bars("SPY", BEGIN - 5 * DAY, BEGIN, NIGHT)
    second.price("QQQ", NIGHT)
    asked = ("SDS", BEGIN - 2 * DAY, NIGHT, NIGHT)
    assert first.bars(*asked) == second.bars(*asked)
    assert first.bars(*asked) != other.bars(*asked)


@pytest.mark.parametrize("tape", [SIP, IEX])
@pytest.mark.parametrize("symbol", ["SPY", "SDS", "IBM", "BTC/USD"])
def test_bars_are_believable(symbol: str, tape: str) -> None:
    market = Market(3, BEGIN)
    bars = market.bars(symbol, BEGIN - 3 * DAY, NIGHT, NIGHT, tape)
    assert len(bars) > 500
    for _, each in bars:
        assert each.l <= min(each.o, each.c) <= max(each.o, each.c) <= each.h
        assert each.l <= each.vw <= each.h
        assert each.v > 0
        assert each.n >= 1
    assert [at for at, _ in bars] == sorted({at for at, _ in bars})
    assert abs(bars[-1][1].c / bars[0][1].c - 1) < 0.2


def test_levels_go_on_from_day_to_day() -> None:
    market = Market(3, BEGIN)
    for symbol in ("SPY", "SDS"):
        bars = market.bars(symbol, BEGIN - 10 * DAY, BEGIN + 10 * DAY, BEGIN + 11 * DAY)
        for (_, before), (_, after) in pairwise(bars):
            assert abs(after.o / before.c - 1) < 0.06


def test_a_fund_follows_its_base() -> None:
    market = Market(3, BEGIN)
    close = NIGHT - 4 * 60 * MINUTE
    day = {
        symbol: market.price(symbol, close) / market.last_close(symbol, close) - 1 for symbol in ("SPY", "SPXL", "SH")
    }
    assert day["SPXL"] == pytest.approx(3 * day["SPY"], abs=0.002)
    assert day["SH"] == pytest.approx(-day["SPY"], abs=0.002)


def test_iex_is_a_part_of_all_and_has_silent_minutes() -> None:
    market = Market(3, BEGIN)
    close = BEGIN + 390 * MINUTE
    everywhere, iex = (dict(market.bars("SDS", BEGIN, close - MINUTE, NIGHT, tape)) for tape in (SIP, IEX))
    assert len(iex) < len(everywhere) <= 390
    assert len(iex) == pytest.approx(390 * 0.75, abs=40)
    assert set(iex) <= set(everywhere)
    assert sum(each.v for each in iex.values()) < 0.1 * sum(each.v for each in everywhere.values())


def test_night_and_weekend_have_no_bars_but_crypto_has() -> None:
    market = Market(3, BEGIN)
    friday, monday = round(datetime(2025, 7, 18, 22, tzinfo=UTC).timestamp()) * 1000, BEGIN + 6 * DAY
    assert not market.bars("SPY", friday, monday - 120 * MINUTE, monday + DAY)
    assert market.bars("BTC/USD", friday, monday, monday + DAY, IEX)


def test_a_put_minute_is_what_both_tapes_say() -> None:
    market = Market(3, BEGIN)
    market.put("SPY", BEGIN, (600.0, 601.0, 599.0, 600.5), 500, updated=(600.0, 602.0, 599.0, 600.5))
    market.silence("SPY", BEGIN + MINUTE, BEGIN + 3 * MINUTE)
    for tape in (SIP, IEX):
        assert market.known("SPY", BEGIN, BEGIN + MINUTE, tape) is None
        early, late = (market.known("SPY", BEGIN, BEGIN + seconds * 1000, tape) for seconds in (61, 90))
        assert isinstance(early, MinuteBar)
        assert isinstance(late, MinuteBar)
        assert (early.h, late.h) == (601.0, 602.0)
        assert [at for at, _ in market.bars("SPY", BEGIN, BEGIN + 3 * MINUTE, NIGHT, tape)][:2] == [
            BEGIN,
            BEGIN + 3 * MINUTE,
        ]


def test_the_stream_tells_what_the_history_says() -> None:
    exchange, told, trades = FakeExchange(seed=5), dict[tuple[str, str, int], MinuteBar](), list[Trade]()
    times: set[int] = set()

    def hear(out: BarOut) -> None:
        told[out.tape, out.symbol, out.at] = out.bar
        times.add((exchange.clock.now - out.at) % DAY)

    exchange.ticker.on_bar.append(hear)
    exchange.ticker.on_trade.append(trades.append)
    exchange.clock.advance(5 * 3600)
    now = exchange.clock.now
    for symbol in ("SPY", "SDS", "ETH/USD"):
        for tape in (SIP, IEX):
            stored = exchange.market.bars(symbol, BEGIN, now, now, tape)
            assert {at: each for (a, b, at), each in told.items() if (a, b) == (tape, symbol)} == dict(stored)
    assert times == {60_050, 90_000}
    of_spy = [trade.price for trade in trades if trade.symbol == "SPY" and trade.at < BEGIN + MINUTE]
    assert of_spy[-1] == told[SIP, "SPY", BEGIN].c
    assert float(exchange.price("SPY")) == exchange.market.price("SPY", now)
