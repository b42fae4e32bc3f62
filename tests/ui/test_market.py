from datetime import datetime

import pytest

from sentio_tui.model.snapshot import MarketClock, MarketEvent
from sentio_tui.ui.market import clock_briefly, clock_words

ZONE = "America/New_York"


def at(text: str) -> int:
    return round(datetime.fromisoformat(text).timestamp() * 1000)


def hours(event: MarketEvent, when: str, closes: str, liquidation: str | None, *, early: bool = False) -> MarketClock:
    is_open = event is not MarketEvent.OPEN
    return MarketClock(
        "XNYS", is_open, event, at(when), at(closes), early, at(liquidation) if liquidation is not None else None
    )


WINDOW = hours(MarketEvent.LIQUIDATION, "2025-01-06T20:58Z", "2025-01-06T21:00Z", "2025-01-06T20:58Z")
CLOSING = hours(MarketEvent.CLOSE, "2025-01-06T21:00Z", "2025-01-06T21:00Z", "2025-01-06T20:58Z")
WEEKEND = hours(MarketEvent.OPEN, "2025-01-06T14:30Z", "2025-01-06T21:00Z", "2025-01-06T20:58Z")
HALF = hours(MarketEvent.EARLY_CLOSE, "2024-11-29T18:00Z", "2024-11-29T18:00Z", None, early=True)
EVE = hours(MarketEvent.OPEN, "2024-11-29T14:30Z", "2024-11-29T18:00Z", None, early=True)


@pytest.mark.parametrize(
    ("clock", "now", "words", "sold", "brief"),
    [
        (
            WINDOW,
            "2025-01-06T18:00Z",
            "● open · closes in 3h00 (16:00)",
            "liquidation in 2h58 (15:58)",
            "closes in 3h00 · liquidation in 2h58",
        ),
        (
            CLOSING,
            "2025-01-06T20:59Z",
            "● open · closes in 1m (16:00)",
            "liquidation now, no entries",
            "closes in 1m · liquidation now",
        ),
        (
            WEEKEND,
            "2025-01-04T14:30Z",
            "○ closed · opens in 2d00h (Mon 09:30)",
            "liquidation in 2d06h (Mon 15:58)",
            "opens in 2d00h",
        ),
        (HALF, "2024-11-29T17:30Z", "◑ half day · closes early in 30m (13:00)", None, "half day · closes in 30m"),
        (EVE, "2024-11-29T13:30Z", "○ closed · opens in 1h00 (09:30, half day)", None, "opens in 1h00"),
    ],
)
def test_the_next_event_is_told_with_its_time(
    clock: MarketClock, now: str, words: str, sold: str | None, brief: str
) -> None:
    said = clock_words(clock, at(now), ZONE)
    assert said.forms[0] == words
    assert said.liquidation[:1] == ((sold,) if sold is not None else ())
    assert clock_briefly(clock, at(now))[0] == brief
    for forms in (said.forms, said.liquidation, clock_briefly(clock, at(now))):
        assert list(map(len, forms)) == sorted(map(len, forms), reverse=True)


def test_the_last_minutes_stand_out() -> None:
    assert clock_words(CLOSING, at("2025-01-06T20:59Z"), ZONE).style == "warning"
    assert clock_words(WINDOW, at("2025-01-06T18:00Z"), ZONE).style == ""
    assert clock_words(WEEKEND, at("2025-01-06T14:29Z"), ZONE).style == ""


def test_hours_that_nobody_knows_are_not_told_as_closed() -> None:
    clock = MarketClock("XNYS", False, MarketEvent.OPEN, 0, 0, False, unknown="calendar XNYS is known to 2049 only")
    assert clock_words(clock, 0, ZONE).forms == ("n/a (calendar XNYS is known to 2049 only)", "hours n/a")
    assert clock_briefly(clock, 0) == ()
