"""Bars to learn from."""

import asyncio
from collections.abc import Sequence

import pytest

from sentio_tui.feeds.base import Feed, FeedItem
from sentio_tui.feeds.recorded import RecordedFeed
from sentio_tui.feeds.warm_up import WarmUp
from sentio_tui.market.calendar import ExchangeCalendar
from sentio_tui.model.bars import Bar
from tests.sessions.places import DATA, needs_data


def collect(feed: Feed, skip: int = 0) -> Sequence[FeedItem]:
    async def read() -> list[FeedItem]:
        return [item async for batch in feed.batches(skip) for item in batch]

    return asyncio.run(read())


@needs_data
@pytest.mark.parametrize("days", [1, 3])
def test_the_days_before_the_date_come_first_and_are_marked(days: int) -> None:
    calendar = ExchangeCalendar("XNYS")
    file = DATA / "SPY_1min_2013-10-04_2013-10-10.csv"
    feed = RecordedFeed([file], ("SPY",), "2013-10-10", None, calendar, days)
    feed.load()
    marked = WarmUp(feed, feed.bars[0].time)
    bars = [item for item in collect(marked) if isinstance(item, Bar)]
    past = [bar for bar in bars if bar.backfilled]
    live = [bar for bar in bars if not bar.backfilled]
    assert len({calendar.day_of(bar.time) for bar in past}) == days
    assert {calendar.day_of(bar.time).isoformat() for bar in live} == {"2013-10-10"}
    assert bars == past + live
    assert marked.begin == past[0].time
    assert collect(marked, 700) == bars[700:]
