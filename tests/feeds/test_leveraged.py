"""A feed with the members of a family it has no bars of."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentio_tui.feeds.base import Feed, FeedError, FeedItem, FeedWord
from sentio_tui.feeds.leveraged import LeveragedFeed, after_bars
from sentio_tui.feeds.recorded import RecordedFeed
from sentio_tui.market.calendar import AlwaysOpen, Calendar, ExchangeCalendar
from sentio_tui.market.families import SPY, missing_members
from sentio_tui.market.leverage import DatedRates, FundTerms
from sentio_tui.market.validation import fault
from sentio_tui.model.bars import MINUTE, Bar, Millis
from sentio_tui.model.events import FeedStatus

DATA = Path(__file__).resolve().parents[2].parent / "shared" / "data"
SPY_FILE = DATA / "SPY_1min_2013-10-04_2013-10-10.csv"
needs_data = pytest.mark.skipif(not SPY_FILE.is_file(), reason="the real bars are not beside the repository")

OPENING: Millis = round(datetime(2025, 10, 6, 13, 30, tzinfo=UTC).timestamp() * 1000)
FREE = {symbol: FundTerms(100.0) for symbol in SPY.symbols}
ALL = ("SPXL", "SH", "SDS")


class Listed:
    """A feed of listed items, in batches of two."""

    name = "listed"
    is_live = False

    def __init__(self, items: Sequence[FeedItem]) -> None:
        self._items = items

    @property
    def begin(self) -> Millis | None:
        return 7

    async def batches(self, skip: int = 0) -> AsyncIterator[Sequence[FeedItem]]:
        items, _ = after_bars(self._items, skip)
        for index in range(0, len(items), 2):
            yield items[index : index + 2]


@pytest.fixture(scope="module")
def nyse() -> ExchangeCalendar:
    return ExchangeCalendar("XNYS")


def bar(minute: int, price: float = 100.0, symbol: str = "SPY") -> Bar:
    return Bar(symbol, OPENING + minute * MINUTE, price, price, price, price, 100.0)


def items_of(feed: Feed, skip: int = 0) -> list[FeedItem]:
    async def collect() -> list[FeedItem]:
        return [item async for batch in feed.batches(skip) for item in batch]

    return asyncio.run(collect())


def bars_of(feed: Feed, skip: int = 0) -> list[Bar]:
    return [item for item in items_of(feed, skip) if isinstance(item, Bar)]


def made(items: Sequence[FeedItem], missing: Sequence[str] = ALL, calendar: Calendar | None = None) -> LeveragedFeed:
    return LeveragedFeed(Listed(items), SPY, missing, calendar or AlwaysOpen(), terms=FREE)


def closes(bars: Sequence[Bar], symbol: str) -> list[float]:
    return [bar.close for bar in bars if bar.symbol == symbol]


def test_t38_each_base_bar_comes_after_the_members_of_its_minute_in_the_familys_order() -> None:
    items = [bar(0), bar(1, 101.0), bar(3, 99.0)]
    result = bars_of(made(items, ("SDS", "SPXL", "SH")))
    minutes = [((one.time - OPENING) // MINUTE, one.symbol) for one in result]
    assert minutes == [(minute, symbol) for minute in (0, 1, 3) for symbol in (*ALL, "SPY")]
    assert closes(result, "SPXL") == [100.0, 103.0, 97.0]
    assert closes(result, "SH") == [100.0, 99.0, 101.0]
    assert closes(result, "SDS") == [100.0, 98.0, 102.0]


def test_real_bars_pass_as_they_are_and_synthetic_ones_are_marked() -> None:
    items = [bar(0), bar(0, 37.0, "SH"), bar(0, 200.0, "IBM"), bar(1, 101.0), bar(2, 102.0), bar(2, 36.9, "SH")]
    result = bars_of(made(items, ("SPXL", "SDS")))
    assert [one for one in result if not one.synthetic] == items
    assert {one.symbol for one in result if one.synthetic} == {"SPXL", "SDS"}
    # The member that missed its minute has no bar in it.
    assert [one.symbol for one in result if one.time == OPENING + MINUTE] == ["SPXL", "SDS", "SPY"]


def test_t41_each_member_is_announced_once_before_its_first_bar() -> None:
    result = items_of(made([bar(0), bar(1), bar(2)]))
    words = [(index, item) for index, item in enumerate(result) if isinstance(item, FeedWord)]
    assert [word for _, word in words] == [
        FeedWord(FeedStatus.LIVE, "synthetic, made from SPY at +3x", "SPXL"),
        FeedWord(FeedStatus.LIVE, "synthetic, made from SPY at -1x", "SH"),
        FeedWord(FeedStatus.LIVE, "synthetic, made from SPY at -2x", "SDS"),
    ]
    first = next(index for index, item in enumerate(result) if isinstance(item, Bar) and item.synthetic)
    assert all(index < first for index, _ in words)
    assert not [item for item in items_of(made([bar(0)], ())) if isinstance(item, FeedWord)]


def test_the_feeds_own_words_name_and_beginning_pass() -> None:
    word = FeedWord(FeedStatus.GAP, "lost", "SPY")
    feed = made([word, bar(0), word])
    assert [item for item in items_of(feed) if isinstance(item, FeedWord) and item.status is FeedStatus.GAP] == [
        word
    ] * 2
    assert (feed.name, feed.is_live, feed.begin) == ("listed", False, 7)


@given(st.integers(0, 30), st.sampled_from([(), ("SPXL",), ALL]))
def test_skip_counts_all_bars_and_gives_exactly_the_rest(skip: int, missing: tuple[str, ...]) -> None:
    feed = made([bar(minute, 100.0 + minute) for minute in range(6)], missing)
    assert bars_of(feed, skip) == bars_of(feed)[skip:]


def test_a_resumed_session_is_not_told_again_what_is_synthetic() -> None:
    feed = made([bar(minute) for minute in range(6)])
    assert all(isinstance(item, Bar) for item in items_of(feed, 4))


def test_a_bad_base_bar_passes_and_makes_none() -> None:
    bad = Bar("SPY", OPENING + MINUTE, 100.0, 90.0, 99.0, 100.0, 1.0)
    items = [bar(0), bad, bar(0, 500.0), bar(2, 101.0)]  # the third comes twice
    result = bars_of(made(items))
    assert closes(result, "SPXL") == [100.0, 103.0]
    assert [one for one in result if one.symbol == "SPY"] == items


def test_a_member_with_bars_of_its_own_is_not_made_as_well() -> None:
    with pytest.raises(FeedError, match="SPXL is to be made from SPY, but has bars of its own"):
        bars_of(made([bar(0), bar(0, 40.0, "SPXL")]))


def test_what_cannot_be_made_is_refused_at_once() -> None:
    with pytest.raises(FeedError, match="has no TQQQ, IBM; it has SPY, SPXL, SH, SDS"):
        made([], ("TQQQ", "SH", "IBM"))
    with pytest.raises(FeedError, match="no bars of its base SPY"):
        made([], ("SPY", "SH"))
    with pytest.raises(FeedError, match="SH: start price 0"):
        LeveragedFeed(Listed([]), SPY, ["SH"], AlwaysOpen(), terms={"SH": FundTerms(0.0)})


def test_a_wiped_out_fund_is_reported_once() -> None:
    result = items_of(made([bar(0), bar(1, 60.0), bar(2, 61.0)]))
    down = [item for item in result if isinstance(item, FeedWord) and item.status is FeedStatus.DOWN]
    assert [word.symbol for word in down] == ["SPXL"]
    assert "wiped out" in down[0].detail


def test_rates_that_begin_too_late_are_an_error_of_the_feed(nyse: ExchangeCalendar) -> None:
    terms = {"SPXL": FundTerms(100.0, (DatedRates(nyse.day_of(OPENING + 30 * 86_400_000), 0.0, 0.0),))}
    feed = LeveragedFeed(Listed([bar(0), bar(1440)]), SPY, ["SPXL"], nyse, terms=terms)
    with pytest.raises(FeedError, match="SPXL: no expense and financing are known on 2025-10-07"):
        bars_of(feed)


def test_t10_a_funds_day_ends_at_the_exchanges_close(nyse: ExchangeCalendar) -> None:
    """EDT: 13:30 to 20:00 UTC. After hours belong to the next day; midnight means nothing."""
    after_close, midnight, next_open = 390, 630, 1440
    items = [bar(0), bar(389, 110.0), bar(after_close, 121.0), bar(midnight, 110.0), bar(next_open, 121.0)]
    assert closes(bars_of(made(items, calendar=nyse)), "SPXL") == [
        100.0,
        130.0,
        pytest.approx(130.0 * 1.3),
        130.0,
        pytest.approx(130.0 * 1.3),
    ]


def test_t36_history_carries_the_series_on_to_a_day_alone(nyse: ExchangeCalendar) -> None:
    days = [[bar(day * 1440 + minute, 100.0 + day + minute / 10) for minute in range(5)] for day in range(3)]
    whole = LeveragedFeed(Listed([one for day in days for one in day]), SPY, ALL, nyse)
    alone = LeveragedFeed(Listed(days[2]), SPY, ALL, nyse, history=[*days[0], *days[1]])
    assert bars_of(alone) == bars_of(whole)[-20:]
    assert bars_of(alone) == bars_of(alone)
    assert len([item for item in items_of(alone) if isinstance(item, FeedWord)]) == 3


@needs_data
def test_real_days_compound_as_the_funds_do(nyse: ExchangeCalendar) -> None:
    source = RecordedFeed([SPY_FILE], None, None, None, nyse)
    source.load()
    feed = LeveragedFeed(source, SPY, missing_members(SPY, source.symbols_found), nyse, terms=FREE)
    bars = bars_of(feed)
    base = [one for one in bars if one.symbol == "SPY"]
    assert base == source.bars
    assert len(bars) == 4 * len(base)
    previous: dict[str, Bar] = {}
    for one in bars:
        assert fault(one, previous.get(one.symbol)) is None
        previous[one.symbol] = one
    for symbol in ALL:
        of_day: dict[str, tuple[float, float]] = {}
        synthetic = [one for one in bars if one.symbol == symbol]
        for fund, underlying in zip(synthetic, base, strict=True):
            if nyse.is_open(underlying.time):
                of_day[str(nyse.day_of(underlying.time))] = (underlying.close, fund.close)
        days = list(of_day.values())
        assert len(days) == 5
        for (spy, fund_close), (spy_next, fund_next) in pairwise(days):
            expected = SPY.leverage[symbol] * (spy_next / spy - 1)
            assert fund_next / fund_close - 1 == pytest.approx(expected, abs=2e-6)
