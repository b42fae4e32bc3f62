"""What a snapshot says of the time since the last event, and of a feed whose symbols are in trouble."""

import pytest

from sentio_tui.engine.view import Viewer
from sentio_tui.model.bars import MINUTE
from sentio_tui.model.decisions import Direction
from sentio_tui.model.events import FeedStatus
from tests.engine.scripts import COIN, OTHER, START, bar, engine, run

LIVE, QUIET, GAP, DOWN = FeedStatus.LIVE, FeedStatus.QUIET, FeedStatus.GAP, FeedStatus.DOWN
CONNECTING = FeedStatus.CONNECTING


def test_t24_what_was_last_said_grows_older_while_nothing_happens() -> None:
    made = engine({COIN: [Direction.LONG]})
    run(made, [bar(0, 100.0), bar(1, 100.0)])
    viewer = Viewer(made.state, 1.0, 2 * MINUTE)
    now = viewer.snapshot()
    assert now.at == START + 2 * MINUTE
    assert not now.positions[0].stale
    later = viewer.snapshot(START + 5 * MINUTE)
    assert later.at == START + 5 * MINUTE
    assert later.positions[0].stale
    assert viewer.snapshot(START).at == now.at, "never before its last event"


@pytest.mark.parametrize(
    ("coin", "other", "whole"),
    [(LIVE, DOWN, LIVE), (DOWN, DOWN, DOWN), (DOWN, QUIET, DOWN), (GAP, QUIET, GAP), (QUIET, QUIET, QUIET)],
)
def test_t24_a_feed_of_which_no_symbol_is_live_is_not_live(
    coin: FeedStatus, other: FeedStatus, whole: FeedStatus
) -> None:
    made = engine({COIN: [], OTHER: []})
    run(made, [bar(0, 100.0), bar(0, 50.0, OTHER)])
    for symbol, status in ((COIN, coin), (OTHER, other)):
        made.feed(status, "", symbol, made.state.at)
    feed = Viewer(made.state, 1.0, 2 * MINUTE).snapshot().feed
    assert feed.status is whole
    assert [health.status for health in feed.symbols] == [coin, other]


@pytest.mark.parametrize(
    ("coin", "other", "whole"),
    [(QUIET, QUIET, QUIET), (QUIET, None, CONNECTING), (CONNECTING, QUIET, CONNECTING), (QUIET, DOWN, DOWN)],
)
def test_t24_a_feed_whose_symbols_are_all_connected_is_not_connecting(
    coin: FeedStatus, other: FeedStatus | None, whole: FeedStatus
) -> None:
    made = engine({COIN: [], OTHER: []})
    for symbol, status in ((COIN, coin), (OTHER, other)):
        if status is not None:
            made.feed(status, "", symbol, made.state.at)
    feed = Viewer(made.state, 1.0, 2 * MINUTE).snapshot().feed
    assert feed.status is whole
    assert [health.status for health in feed.symbols] == [coin, other or CONNECTING]
    made.bar(bar(0, 100.0), START + MINUTE)
    made.feed(CONNECTING, "", "", made.state.at)
    feed = Viewer(made.state, 1.0, 2 * MINUTE).snapshot().feed
    assert feed.status is CONNECTING, "what the symbols said is of the time before"
