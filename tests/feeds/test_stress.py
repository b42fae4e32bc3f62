"""A market under stress: gaps, wild returns, a crash; the same every time."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import UTC, datetime
from math import log
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sentio_tui.feeds.base import Feed, FeedError, FeedItem, FeedWord
from sentio_tui.feeds.leveraged import LeveragedFeed, after_bars
from sentio_tui.feeds.recorded import RecordedFeed
from sentio_tui.feeds.simulated import SimulatedFeed, simulated_symbol
from sentio_tui.feeds.stress import StressedFeed
from sentio_tui.market.calendar import AlwaysOpen, Calendar, ExchangeCalendar
from sentio_tui.market.families import SPY
from sentio_tui.market.validation import fault
from sentio_tui.model.bars import MINUTE, Bar, Millis
from sentio_tui.model.events import FeedStatus
from sentio_tui.model.instruments import AssetClass

DATA = Path(__file__).resolve().parents[2].parent / "shared" / "data"
SPY_FILE = DATA / "SPY_1min_2013-10-04_2013-10-10.csv"
needs_data = pytest.mark.skipif(not SPY_FILE.is_file(), reason="the real bars are not beside the repository")


def utc(text: str) -> Millis:
    return round(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000)


START = utc("2025-01-06T00:00")


class Listed:
    name = "listed"

    def __init__(self, items: Sequence[FeedItem], is_live: bool = False) -> None:
        self._items = items
        self.is_live = is_live

    @property
    def begin(self) -> Millis | None:
        return START

    async def batches(self, skip: int = 0) -> AsyncIterator[Sequence[FeedItem]]:
        items, _ = after_bars(self._items, skip)
        for index in range(0, len(items), 7):
            yield items[index : index + 7]


def bar(minute: int, price: float = 100.0, symbol: str = "SPY") -> Bar:
    return Bar(symbol, START + minute * MINUTE, price, price * 1.001, price * 0.999, price * 1.0005, 100.0)


def stressed(
    items: Sequence[FeedItem],
    seed: int = 1,
    calendar: Calendar | None = None,
    *,
    gaps: float = 0.0,
    volatility: float = 1.0,
    crash_at: str = "",
    crash: float = 0.0,
    leverage: Mapping[str, float] | None = None,
) -> StressedFeed:
    return StressedFeed(
        Listed(items),
        seed,
        calendar or AlwaysOpen(),
        gap_probability=gaps,
        volatility_multiplier=volatility,
        crash_at=crash_at,
        crash_fraction=crash,
        leverage=leverage,
    )


def items_of(feed: Feed, skip: int = 0) -> list[FeedItem]:
    async def collect() -> list[FeedItem]:
        return [item async for batch in feed.batches(skip) for item in batch]

    return asyncio.run(collect())


def bars_of(feed: Feed, skip: int = 0) -> list[Bar]:
    return [item for item in items_of(feed, skip) if isinstance(item, Bar)]


def pairs(minutes: int) -> list[Bar]:
    return [bar(minute, price, symbol) for minute in range(minutes) for symbol, price in (("SPY", 100.0), ("SH", 40.0))]


def test_without_stress_everything_passes_unchanged() -> None:
    items: list[FeedItem] = [FeedWord(FeedStatus.GAP, "x"), *pairs(20)]
    assert items_of(stressed(items)) == items


def test_what_is_done_is_announced_without_calling_the_feed_live() -> None:
    feed = stressed(pairs(3), gaps=0.05, volatility=2.0, crash_at="15:00", crash=0.1)
    word = items_of(feed)[0]
    text = "under stress: 5.0% of the minutes missing, volatility x2, crash of 10% at 15:00"
    assert word == FeedWord(FeedStatus.CONNECTING, text)
    assert (feed.name, feed.is_live, feed.begin) == ("listed", False, START)


def test_gaps_take_whole_minutes_at_the_rate_asked_for_and_follow_the_seed() -> None:
    items = pairs(2_000)
    first = bars_of(stressed(items, gaps=0.2))
    assert first == bars_of(stressed(items, gaps=0.2))
    left = {one.time for one in first}
    assert len(left) == pytest.approx(1_600, abs=80)
    assert [one for one in items if one.time in left] == first
    assert left != {one.time for one in bars_of(stressed(items, seed=2, gaps=0.2))}
    # The same minutes are missing whichever symbols there are.
    assert left == {one.time for one in bars_of(stressed([one for one in items if one.symbol == "SH"], gaps=0.2))}


@pytest.mark.parametrize("multiplier", [0.5, 2.0, 3.0])
def test_every_log_return_is_multiplied(multiplier: float) -> None:
    items = [bar(minute, price) for minute, price in enumerate((100.0, 101.0, 99.0, 97.5, 103.0))]
    wild = bars_of(stressed(items, volatility=multiplier))
    assert wild[0].open == 100.0
    for before, after, original, then in zip(wild, wild[1:], items, items[1:], strict=False):
        assert log(after.close / before.close) == pytest.approx(multiplier * log(then.close / original.close), abs=3e-6)
        assert log(after.high / before.low) == pytest.approx(multiplier * log(then.high / original.low), abs=3e-6)


def test_a_crash_comes_once_within_three_minutes_and_prices_stay_down() -> None:
    items = [bar(minute) for minute in range(-10, 3 * 1440)]
    crashed = bars_of(stressed(items, crash_at="15:00", crash=0.2))
    start = START + 15 * 60 * MINUTE
    for one, original in zip(crashed, items, strict=True):
        if one.time < start:
            assert one == original
        elif one.time >= start + 3 * MINUTE:
            assert one.close == pytest.approx(original.close * 0.8, abs=1e-4)
    falling = [one for one in crashed if start <= one.time < start + 3 * MINUTE]
    assert [one.close for one in falling] == [
        pytest.approx(100.05 * left, abs=1e-4) for left in (14 / 15, 13 / 15, 0.8)
    ]
    assert falling[0].open == 100.0


def test_a_crash_moves_the_members_of_a_family_by_their_leverage() -> None:
    items = [bar(minute, 100.0, symbol) for minute in range(10) for symbol in SPY.symbols]
    crashed = bars_of(stressed(items, crash_at="00:02", crash=0.1, leverage=SPY.leverage))
    last = {one.symbol: one.close / 100.05 for one in crashed}
    assert last == pytest.approx({"SPY": 0.9, "SPXL": 0.7, "SH": 1.1, "SDS": 1.2}, abs=1e-5)
    ruined = bars_of(stressed(items, crash_at="00:02", crash=0.5, leverage=SPY.leverage))
    assert {one.symbol: one.close for one in ruined}["SPXL"] == pytest.approx(0.1, abs=1e-3)


def test_members_made_from_a_stressed_base_follow_it_exactly() -> None:
    inner = stressed([bar(minute) for minute in range(10)], crash_at="00:02", crash=0.1)
    bars = bars_of(LeveragedFeed(inner, SPY, ("SPXL", "SH", "SDS"), AlwaysOpen()))
    first, last = bars[:4], bars[-4:]
    base = last[-1].close / first[-1].open - 1
    for before, after in zip(first, last, strict=True):
        assert after.close / before.open - 1 == pytest.approx(SPY.leverage[before.symbol] * base, abs=1e-5)


@pytest.mark.parametrize(
    ("begins", "expected"),
    [
        ("2025-10-06T13:30", "2025-10-06T19:00"),  # EDT
        ("2025-01-06T14:30", "2025-01-06T20:00"),  # EST
        ("2025-10-03T19:01", "2025-10-06T19:00"),  # too late on a Friday: the next Monday
        ("2025-11-28T14:30", "2025-12-01T20:00"),  # the half day is over by then
    ],
)
def test_the_crash_is_in_exchange_time_on_a_day_the_exchange_is_open(begins: str, expected: str) -> None:
    first, start = utc(begins), utc(expected)
    times = [first, start - MINUTE, start, start + 3 * MINUTE]
    items = [Bar("SPY", at, 100.0, 100.0, 100.0, 100.0, 1.0) for at in times]
    crashed = bars_of(stressed(items, calendar=ExchangeCalendar("XNYS"), crash_at="15:00", crash=0.3))
    assert [one.close for one in crashed] == [100.0, 100.0, 90.0, 70.0]


def test_history_to_warm_up_on_has_neither_gaps_nor_the_crash() -> None:
    warm = [msgspec.structs.replace(bar(minute), backfilled=True) for minute in range(-1440, 0)]
    played = [bar(minute) for minute in range(1440)]
    feed = stressed([*warm, *played], gaps=0.3, crash_at="00:02", crash=0.2)
    result = bars_of(feed)
    assert result[:1440] == warm
    assert len(result) < 1440 + 1200
    assert result[-1].close == pytest.approx(100.05 * 0.8)


def test_a_crash_outside_the_exchanges_hours_is_an_error() -> None:
    with pytest.raises(FeedError, match="not open at 20:00 America/New_York"):
        stressed([bar(0)], calendar=ExchangeCalendar("XNYS"), crash_at="20:00", crash=0.3)


def test_bad_bars_pass_unchanged_and_leave_no_mark() -> None:
    bad = Bar("SPY", START, -5.0, 1.0, 1.0, 1.0, 1.0)
    items = [bad, bar(0), bad, bar(1, 110.0)]
    wild = bars_of(stressed(items, volatility=2.0, gaps=0.0))
    assert [wild[0], wild[2]] == [bad, bad]
    assert wild[3].open == pytest.approx(121.0)


@settings(max_examples=60)
@given(
    seed=st.integers(0, 2**40),
    gaps=st.floats(0.0, 0.9),
    volatility=st.floats(0.01, 10.0),
    crash=st.floats(0.01, 0.99),
    moves=st.lists(st.tuples(st.floats(0.7, 1.4), st.floats(1.0, 1.49), st.floats(0, 1), st.floats(0, 1)), max_size=15),
    price=st.floats(0.01, 5_000.0),
    skip=st.integers(0, 40),
)
def test_bars_under_any_stress_are_good_and_skip_is_exact(
    seed: int,
    gaps: float,
    volatility: float,
    crash: float,
    moves: list[tuple[float, float, float, float]],
    price: float,
    skip: int,
) -> None:
    items: list[Bar] = []
    for minute, (move, width, opens, ends) in enumerate(moves):
        price = min(max(price * move, 0.01), 1e5)
        for symbol in SPY.symbols:
            room = price * width - price
            open_, close = min(price + opens * room, price * width), min(price + ends * room, price * width)
            items.append(Bar(symbol, START + minute * MINUTE, open_, price * width, price, close, 5.0))
    feed = stressed(items, seed, gaps=gaps, volatility=volatility, crash_at="00:04", crash=crash, leverage=SPY.leverage)
    result = bars_of(feed)
    previous: dict[str, Bar] = {}
    for one in result:
        assert fault(one, previous.get(one.symbol)) is None
        previous[one.symbol] = one
    assert bars_of(feed, skip) == result[skip:]
    kept = {one.time for one in result}
    assert [(one.time, one.symbol) for one in result] == [(one.time, one.symbol) for one in items if one.time in kept]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"seed": -1}, "seed -1 is negative"),
        ({"gaps": 1.0}, "gap_probability 1"),
        ({"gaps": float("nan")}, "gap_probability nan"),
        ({"volatility": 0.0}, "volatility_multiplier 0"),
        ({"volatility": 11.0}, "volatility_multiplier 11"),
        ({"crash_at": "15:00"}, "needs both"),
        ({"crash": 0.2}, "needs both"),
        ({"crash": 1.0, "crash_at": "15:00"}, "crash_fraction 1"),
        ({"crash": 0.2, "crash_at": "25:00"}, "'25:00' is not a time of day"),
        ({"crash": 0.2, "crash_at": "3pm"}, "'3pm' is not a time of day"),
    ],
)
def test_stress_that_makes_no_sense_is_refused(changes: dict[str, object], words: str) -> None:
    with pytest.raises(FeedError, match=f"stress: .*{words}"):
        stressed([], **changes)  # type: ignore[arg-type]  # each case gives one field of its own type


def test_all_that_is_wrong_is_told_together_and_live_feeds_are_refused() -> None:
    with pytest.raises(FeedError, match=r"listed feed is live.*; seed -1.*; gap_probability 2"):
        StressedFeed(Listed([], is_live=True), -1, AlwaysOpen(), gap_probability=2.0)


def test_the_simulated_market_under_stress_is_the_same_every_time() -> None:
    def feed() -> StressedFeed:
        inner = SimulatedFeed([simulated_symbol("SPY", AssetClass.EQUITY)], 18, START, 2)
        calendar = ExchangeCalendar("XNYS")
        return StressedFeed(
            inner, 5, calendar, gap_probability=0.1, volatility_multiplier=2.0, crash_at="15:00", crash_fraction=0.1
        )

    bars = bars_of(feed())
    assert bars_of(feed()) == bars
    assert bars_of(feed(), 300) == bars[300:]
    assert len(bars) < 2 * 390


@needs_data
def test_real_days_under_stress_stay_believable() -> None:
    calendar = ExchangeCalendar("XNYS")
    source = RecordedFeed([SPY_FILE], None, None, None, calendar)
    feed = StressedFeed(
        source, 3, calendar, gap_probability=0.05, volatility_multiplier=5.0, crash_at="15:00", crash_fraction=0.3
    )
    previous: Bar | None = None
    for one in bars_of(LeveragedFeed(feed, SPY, ("SPXL",), calendar)):
        if one.symbol == "SPY":
            assert fault(one, previous) is None
            previous = one
