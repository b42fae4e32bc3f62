"""What a feed says of itself, against what the engine sees of it."""

import pytest

from sentio_tui.engine.engine import Engine, Rules
from sentio_tui.engine.view import Viewer
from sentio_tui.market.calendar import ExchangeCalendar
from sentio_tui.model.bars import MINUTE
from sentio_tui.model.decisions import Direction, Reason
from sentio_tui.model.events import FeedReported, FeedStatus, Level, Noted
from tests.engine.scripts import COIN, OTHER, START, bar, engine

BUY, HOLD = Direction.LONG, Direction.NEUTRAL
PATIENCE = 2 * MINUTE


def made(other: list[Direction]) -> Engine:
    built = engine({COIN: [], OTHER: other}, rules=Rules(patience=PATIENCE))
    built.open()
    for symbol in (COIN, OTHER):
        built.bar(bar(0, 100.0, symbol), START + MINUTE)
    return built


def codes(built: Engine) -> list[str]:
    return [note.code for note in built.state.notes if note.level is Level.ALARM]


def test_a_symbol_in_which_nothing_trades_is_quiet_not_stale_but_is_not_bought() -> None:
    built = made([HOLD, BUY])
    built.feed(FeedStatus.QUIET, "", OTHER, START + 3 * MINUTE)
    for minute in range(1, 8):
        built.bar(bar(minute, 100.0), START + (minute + 1) * MINUTE)
    assert built.state.symbol_status[OTHER] is FeedStatus.QUIET
    assert codes(built) == []
    health = {each.symbol: each.status for each in Viewer(built.state, 1.0, PATIENCE).snapshot().feed.symbols}
    assert health == {COIN: FeedStatus.LIVE, OTHER: FeedStatus.QUIET}
    assert not any(OTHER in note.text for note in built.state.notes if note.code == "feed"), "no line of the log"
    built.bar(bar(1, 100.0, OTHER), START + 8 * MINUTE)
    assert built.state.decided["main", OTHER].reason is Reason.FEED_STALE


def test_t24_a_symbol_nobody_explains_becomes_stale() -> None:
    built = made([])
    for minute in range(1, 8):
        built.bar(bar(minute, 100.0), START + (minute + 1) * MINUTE)
    assert built.state.symbol_status[OTHER] is FeedStatus.STALE
    assert codes(built) == ["symbol_stale"]


@pytest.mark.parametrize("status", [FeedStatus.STALE, FeedStatus.DOWN])
def test_t24_a_feed_that_is_cut_off_raises_one_alarm(status: FeedStatus) -> None:
    built = made([])
    events = built.feed(status, "no connection", "", START + MINUTE)
    assert [type(event) for event in events] == [FeedReported, Noted]
    built.feed(status, "still none", "", START + MINUTE)
    assert codes(built) == [f"feed_{status}"]
    assert built.state.feed_status is status
    built.bar(bar(1, 100.0), START + 2 * MINUTE)
    assert built.state.feed_status is FeedStatus.LIVE
    built.feed(status, "again", "", START + 2 * MINUTE)
    assert codes(built) == [f"feed_{status}"] * 2


def test_t24_nothing_is_bought_while_its_part_of_the_feed_is_down() -> None:
    built = made([HOLD, BUY])
    built.feed(FeedStatus.DOWN, "no connection", OTHER, START + MINUTE)
    built.bar(bar(1, 100.0, OTHER), START + 2 * MINUTE)
    assert built.state.decided["main", OTHER].reason is Reason.FEED_STALE
    assert not built.state.orders
    for minute in range(1, 6):
        built.bar(bar(minute, 100.0), START + (minute + 1) * MINUTE)
    assert built.state.symbol_status[OTHER] is FeedStatus.DOWN, "the feed knows better than that it is silent"


def test_a_feed_with_a_longer_patience_may_be_silent_longer_at_the_open() -> None:
    opening = 1_736_173_800_000
    calendar = ExchangeCalendar("XNYS")
    assert calendar.is_open(opening)
    built = engine({COIN: []}, rules=Rules(patience=17 * MINUTE), calendar=calendar)
    built.open()
    built.timer(opening + 4 * MINUTE)
    assert codes(built) == []
    built.timer(opening + 18 * MINUTE)
    assert codes(built) == ["symbol_silent"]


def test_of_symbols_that_are_cut_off_together_one_alarm_tells() -> None:
    built = made([])
    for symbol in (COIN, OTHER):
        built.feed(FeedStatus.DOWN, "no connection", symbol, START + MINUTE)
    assert codes(built) == ["feed_down"]
    feed = Viewer(built.state, 1.0, PATIENCE).snapshot().feed
    assert feed.status is FeedStatus.DOWN, "the whole of it"
    built.feed(FeedStatus.QUIET, "connected", OTHER, START + 2 * MINUTE)
    assert built.state.notes[-1].text == f"Feed {OTHER}: quiet (connected)", "the end of trouble is told"
    feed = Viewer(built.state, 1.0, PATIENCE).snapshot().feed
    assert [each.status for each in feed.symbols] == [FeedStatus.DOWN, FeedStatus.QUIET]


def test_the_age_of_a_price_goes_on_while_nothing_is_heard() -> None:
    built = made([])
    viewer = Viewer(built.state, 1.0, PATIENCE)
    assert viewer.snapshot().at == START + MINUTE
    assert viewer.snapshot(START + 9 * MINUTE).at == START + 9 * MINUTE
    last = viewer.snapshot(START + 9 * MINUTE).feed.last
    assert last == START + MINUTE, "when its minute was over"
