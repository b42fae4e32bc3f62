"""A family's bars in the order in which they are decided on; what is missing, and what comes late."""

import asyncio
from collections.abc import AsyncIterator, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from sentio_tui.feeds.base import Feed, FeedError, FeedItem, FeedWord
from sentio_tui.feeds.joined import MOST_FILLED, PATIENCE, JoinedFeed
from sentio_tui.feeds.leveraged import LeveragedFeed
from sentio_tui.market.calendar import AlwaysOpen
from sentio_tui.market.families import SPY
from sentio_tui.market.validation import fault
from sentio_tui.model.bars import MINUTE, Bar
from sentio_tui.model.events import FeedStatus
from tests.feeds.test_leveraged import OPENING, Listed, bar, bars_of, items_of

MEMBERS = ("SPXL", "SH", "SDS")


class Clock:
    """Seconds that pass when somebody waits for them."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.now += seconds


def joined(items: Sequence[FeedItem]) -> JoinedFeed:
    clock = Clock()
    return JoinedFeed(Listed(items), SPY, clock, clock.sleep)


def minute(number: int, *members: str, price: float = 50.0) -> list[Bar]:
    """The base's bar, as recorded data have it before those of the members."""
    return [bar(number), *(bar(number, price + number, symbol) for symbol in members)]


def told(items: Sequence[FeedItem]) -> list[tuple[int, str]]:
    return [((item.time - OPENING) // MINUTE, item.symbol) for item in items if isinstance(item, Bar)]


def test_t38_the_members_of_a_minute_come_before_the_base() -> None:
    items = [*minute(0, *MEMBERS), *minute(1, "SDS", "SPXL", "SH"), *minute(5, *MEMBERS)]
    result = items_of(joined(items))
    assert told(result) == [(number, symbol) for number in (0, 1, 5) for symbol in (*MEMBERS, "SPY")]
    assert sorted(map(repr, result)) == sorted(map(repr, items)), "nothing is lost, nothing is made up"


def test_t38_a_missing_member_is_filled_forward_five_times_at_the_most() -> None:
    bars = minute(0, *MEMBERS) + [one for number in range(1, 9) for one in minute(number, "SPXL", "SH")]
    result = bars_of(joined([*bars, *minute(9, *MEMBERS)]))
    filled = [one for one in result if one.symbol == "SDS"]
    assert told(filled) == [(number, "SDS") for number in (0, *range(1, MOST_FILLED + 1), 9)]
    for one in filled[1:-1]:
        assert (one.open, one.high, one.low, one.close, one.volume, one.synthetic) == (50.0,) * 4 + (0.0, True)
    assert not filled[-1].synthetic
    assert told(result)[4:8] == [(1, symbol) for symbol in (*MEMBERS, "SPY")]


def test_what_was_never_there_or_long_ago_is_not_filled() -> None:
    night = minute(0, *MEMBERS) + minute(1080)
    assert told(bars_of(joined(night)))[4:] == [(1080, "SPY")]
    assert told(bars_of(joined(minute(0, "SH")))) == [(0, "SH"), (0, "SPY")]
    alone = [bar(3, 50.0, "SH"), bar(4, 50.0, "SDS")]
    assert bars_of(joined(alone)) == alone, "no base, nothing to fill"


def test_what_is_filled_into_the_past_is_of_the_past() -> None:
    past = [replace(one, backfilled=True) for one in (*minute(0, *MEMBERS), *minute(1))]
    filled = bars_of(joined([*past, *minute(2)]))[4:]
    assert [one.backfilled for one in filled] == [True] * 4 + [False] * 4


def test_bad_bars_and_words_pass() -> None:
    bad = Bar("SDS", OPENING + MINUTE, 5.0, 4.0, 6.0, 5.0, 1.0)
    word = FeedWord(FeedStatus.GAP, "lost", "SPY")
    result = items_of(joined([*minute(0, *MEMBERS), word, *minute(1, "SPXL", "SH"), bad]))
    assert word in result
    assert bad in result
    good = [item for item in result if isinstance(item, Bar) and item.symbol == "SDS" and item != bad]
    assert told(good) == [(0, "SDS"), (1, "SDS")]
    assert good[1].close == 50.0


def test_made_and_real_members_mix() -> None:
    items = [one for number in range(3) for one in minute(number, "SPXL", "SH")]
    made = LeveragedFeed(Listed(items), SPY, ["SDS"], AlwaysOpen())
    clock = Clock()
    result = items_of(JoinedFeed(made, SPY, clock, clock.sleep))
    assert told(result) == [(number, symbol) for number in range(3) for symbol in (*MEMBERS, "SPY")]
    assert isinstance(result[0], FeedWord)


@st.composite
def streams(draw: st.DrawFn) -> list[FeedItem]:
    """A family's items in order of time, with members missing, words, bad bars and minutes without a base."""
    items: list[FeedItem] = []
    number = 0
    for _ in range(draw(st.integers(0, 12))):
        number += draw(st.integers(1, 4))
        for symbol in draw(st.lists(st.sampled_from(SPY.symbols), unique=True)):
            price = draw(st.floats(10.0, 20.0))
            high = price if draw(st.booleans()) else price * draw(st.sampled_from([0.5, 1.1]))
            items.append(Bar(symbol, OPENING + number * MINUTE, price, high, price, price, 5.0))
        if draw(st.booleans()):
            items.append(FeedWord(FeedStatus.GAP, str(number)))
    return items


def rest_after(items: Sequence[FeedItem], count: int) -> list[FeedItem]:
    """What follows the bar of this number."""
    if not count:
        return list(items)
    places = [index for index, item in enumerate(items) if isinstance(item, Bar)]
    return list(items[places[count - 1] + 1 :]) if count <= len(places) else []


@given(streams(), st.integers(0, 60))
def test_what_follows_the_first_bars_is_the_same_however_it_is_read(items: list[FeedItem], skip: int) -> None:
    made = joined(items)
    assert items_of(made, skip) == rest_after(items_of(made), skip)


@given(streams())
def test_t38_the_engine_takes_what_is_joined(items: list[FeedItem]) -> None:
    result = items_of(joined(items))
    assert [item for item in items if isinstance(item, FeedWord)] == [i for i in result if isinstance(i, FeedWord)]
    real = [item for item in result if isinstance(item, Bar) and not item.synthetic]
    assert sorted(map(repr, real)) == sorted(repr(item) for item in items if isinstance(item, Bar))
    last: dict[str, Bar] = {}
    run = dict.fromkeys(SPY.symbols, 0)
    for one in result:
        if not isinstance(one, Bar) or fault(one, last.get(one.symbol)) is not None:
            assert not (isinstance(one, Bar) and one.synthetic)
            continue
        last[one.symbol] = one
        run[one.symbol] = run[one.symbol] + 1 if one.synthetic else 0
        assert run[one.symbol] <= MOST_FILLED
        if one.symbol == "SPY":
            assert all(other.time <= one.time for other in last.values())


# Live


class Live:
    """A live feed that is told what comes and when, in seconds after the batch before."""

    name = "live"
    is_live = True
    begin = None

    def __init__(self, clock: "Steps", *batches: tuple[float, Sequence[FeedItem]]) -> None:
        self._clock = clock
        self._batches = batches

    async def batches(self, skip: int = 0) -> AsyncIterator[Sequence[FeedItem]]:
        at = 0.0
        for after, items in self._batches:
            at += after
            await self._clock.sleep(at - self._clock.now)
            yield items
        if self._batches[-1][1] == ():
            raise FeedError("the line is cut")


class Steps:
    """A clock that goes to the next moment somebody waits for, when nobody has anything else to do."""

    def __init__(self) -> None:
        self.now = 0.0
        self._waiting: list[tuple[float, asyncio.Future[None]]] = []

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        if seconds <= 0.0:
            return
        moment = self.now + seconds, asyncio.get_running_loop().create_future()
        self._waiting.append(moment)
        try:
            await moment[1]
        finally:
            self._waiting.remove(moment)

    async def run(self) -> None:
        """Time passes."""
        while True:
            for _ in range(20):
                await asyncio.sleep(0)
            if self._waiting:
                at, future = min(self._waiting, key=lambda moment: moment[0])
                self.now = at
                if not future.done():
                    future.set_result(None)


def arrivals(*batches: tuple[float, Sequence[FeedItem]]) -> list[tuple[float, int, str, bool]]:
    """When each bar is handed on, its minute, symbol, and whether it was filled."""

    async def collect() -> list[tuple[float, int, str, bool]]:
        clock = Steps()
        passing = asyncio.create_task(clock.run())
        feed: Feed = JoinedFeed(Live(clock, *batches), SPY, clock, clock.sleep)
        seen: list[tuple[float, int, str, bool]] = []
        try:
            async for batch in feed.batches():
                bars = [item for item in batch if isinstance(item, Bar)]
                seen += [(clock.now, *told([one])[0], one.synthetic) for one in bars]
        finally:
            passing.cancel()
        return seen

    return asyncio.run(collect())


def test_t38_a_member_that_is_late_by_less_than_two_seconds_is_joined() -> None:
    seen = arrivals((0.0, [bar(0), bar(0, 50.0, "SPXL")]), (0.5, [bar(0, 50.0, "SH")]), (1.0, [bar(0, 50.0, "SDS")]))
    assert seen == [
        (0.0, 0, "SPXL", False),
        (0.5, 0, "SH", False),
        (1.5, 0, "SDS", False),
        (1.5, 0, "SPY", False),
    ]


def test_t38_the_base_waits_two_seconds_and_a_later_member_comes_as_itself() -> None:
    seen = arrivals(
        (0.0, [bar(0, 50.0, symbol) for symbol in MEMBERS] + [bar(0)]),
        (60.0, [bar(1), bar(1, 51.0, "SPXL"), bar(1, 51.0, "SH")]),
        (5.0, [bar(1, 51.0, "SDS")]),
        (55.0, [bar(2, 52.0, "SDS"), bar(2, 52.0, "SPXL"), bar(2, 52.0, "SH"), bar(2)]),
    )
    assert seen[4:] == [
        (60.0, 1, "SPXL", False),
        (60.0, 1, "SH", False),
        (60.0 + PATIENCE, 1, "SPY", False),
        (65.0, 1, "SDS", False),
        (120.0, 2, "SDS", False),
        (120.0, 2, "SPXL", False),
        (120.0, 2, "SH", False),
        (120.0, 2, "SPY", False),
    ]


def test_t38_a_minute_that_never_came_is_filled_before_the_next_one() -> None:
    seen = arrivals(
        (0.0, [bar(0, 50.0, symbol) for symbol in MEMBERS] + [bar(0)]),
        (60.0, [bar(1), bar(1, 51.0, "SPXL"), bar(1, 51.0, "SH")]),
        (60.0, [bar(2, 52.0, "SPXL"), bar(2, 52.0, "SH"), bar(2)]),
        (60.0, [bar(3, 52.0, symbol) for symbol in MEMBERS] + [bar(3)]),
    )
    assert [(each[1], each[3]) for each in seen if each[2] == "SDS"] == [(0, False), (1, True), (2, True), (3, False)]
    # Each goes out when the base has reached the next minute, or with the member's own next bar.
    assert [each[0] for each in seen if each[2] == "SDS"] == [0.0, 122.0, 180.0, 180.0]
    assert [each[0] for each in seen if each[2] == "SPY"] == [0.0, 62.0, 122.0, 180.0]


def test_a_bar_that_waits_is_handed_on_when_the_feed_ends() -> None:
    assert arrivals((0.0, [bar(0)]))[-1][2] == "SPY"


def test_an_error_of_a_live_feed_passes() -> None:
    with pytest.raises(FeedError, match="the line is cut"):
        arrivals((0.0, [bar(0)]), (1.0, ()))
