from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from sentio_tui.engine.market_clock import MarketClocks
from sentio_tui.market.calendar import ExchangeCalendar
from sentio_tui.model.bars import Millis
from sentio_tui.model.events import SessionInfo
from sentio_tui.model.snapshot import MarketEvent
from tests.engine.scripts import info

BEFORE = 120_000


def at(text: str) -> Millis:
    return round(datetime.fromisoformat(text).timestamp() * 1000)


def session(exchange: str = "XNYS", *, flat: bool = True) -> SessionInfo:
    plain = info()
    books = (replace(plain.books[0], flat_overnight=flat),)
    return replace(plain, exchange=exchange, books=books, before_close=BEFORE)


@pytest.mark.parametrize(
    ("now", "is_open", "event", "then", "is_early"),
    [
        ("2013-10-10T12:00Z", False, MarketEvent.OPEN, "2013-10-10T13:30Z", False),
        ("2013-10-10T13:30Z", True, MarketEvent.LIQUIDATION, "2013-10-10T19:58Z", False),
        ("2013-10-10T19:58Z", True, MarketEvent.CLOSE, "2013-10-10T20:00Z", False),
        ("2013-10-10T20:00Z", False, MarketEvent.OPEN, "2013-10-11T13:30Z", False),
        # Thanksgiving, and the half day after it.
        ("2024-11-28T16:00Z", False, MarketEvent.OPEN, "2024-11-29T14:30Z", True),
        ("2024-11-29T16:00Z", True, MarketEvent.LIQUIDATION, "2024-11-29T17:58Z", True),
        ("2024-11-29T17:59Z", True, MarketEvent.EARLY_CLOSE, "2024-11-29T18:00Z", True),
        ("2024-11-29T18:00Z", False, MarketEvent.OPEN, "2024-12-02T14:30Z", False),
        # The weekend in which New York's clock goes forward.
        ("2025-03-07T22:00Z", False, MarketEvent.OPEN, "2025-03-10T13:30Z", False),
    ],
)
def test_t10_t11_the_next_event_is_the_calendars(
    now: str, is_open: bool, event: MarketEvent, then: str, is_early: bool
) -> None:
    clock = MarketClocks(session()).at(at(now))
    assert clock is not None
    assert (clock.is_open, clock.next, clock.next_at, clock.is_early) == (is_open, event, at(then), is_early)


def test_without_a_book_to_sell_out_the_close_comes_next() -> None:
    clock = MarketClocks(session(flat=False)).at(at("2013-10-10T15:00Z"))
    assert clock is not None
    assert (clock.next, clock.liquidation) == (MarketEvent.CLOSE, None)


@pytest.mark.parametrize("exchange", ["", "24/7"])
def test_a_market_that_never_closes_has_no_clock(exchange: str) -> None:
    assert MarketClocks(session(exchange)).at(at("2013-10-10T15:00Z")) is None


@pytest.mark.parametrize(
    ("exchange", "now", "words"),
    [("XNYZ", "2013-10-10T15:00Z", "unknown exchange 'XNYZ'"), ("XNYS", "2061-01-03T15:00Z", "is known from")],
)
def test_what_nobody_knows_is_said(exchange: str, now: str, words: str) -> None:
    clock = MarketClocks(session(exchange)).at(at(now))
    assert clock is not None
    assert words in clock.unknown


@given(st.integers(at("2000-01-03T00:00Z"), at("2045-01-03T00:00Z")))
def test_the_clock_always_points_ahead(now: Millis) -> None:
    clock = MarketClocks(session()).at(now)
    calendar = ExchangeCalendar("XNYS")
    assert clock is not None
    assert clock.is_open is calendar.is_open(now) is (clock.next is not MarketEvent.OPEN)
    assert now < clock.next_at <= clock.closes
    assert clock.liquidation == clock.closes - BEFORE
    assert calendar.is_open(clock.next_at) is (clock.next in (MarketEvent.OPEN, MarketEvent.LIQUIDATION))
