from math import inf, isfinite, nan

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentio_tui.market.validation import WIDEST, fault
from sentio_tui.model.bars import MINUTE, Bar

GOOD = Bar("BTC-USD", 60 * MINUTE, 100.0, 110.0, 90.0, 105.0, 3.0)


def bar(
    symbol: str = "BTC-USD",
    time: int = 61 * MINUTE,
    o: float = 100.0,
    h: float = 110.0,
    low: float = 90.0,
    c: float = 105.0,
    volume: float = 3.0,
) -> Bar:
    return Bar(symbol, time, o, h, low, c, volume)


def test_a_good_bar_has_no_fault() -> None:
    assert fault(GOOD, None) is None
    assert fault(bar(), GOOD) is None
    assert fault(bar(volume=0.0), GOOD) is None
    assert fault(bar(o=1.0, h=1.5, low=1.0, c=1.5), GOOD) is None


@pytest.mark.parametrize(
    ("bad", "why"),
    [
        (bar(symbol=""), "no symbol"),
        (bar(o=nan), "open is not a finite number (nan)"),
        (bar(h=inf), "high is not a finite number (inf)"),
        (bar(low=-inf), "low is not a finite number (-inf)"),
        (bar(c=nan), "close is not a finite number (nan)"),
        (bar(o=inf, h=inf, low=inf, c=inf), "open is not a finite number (inf)"),
        (bar(o=1.5e308, h=inf, low=1.5e308, c=1.5e308), "high is not a finite number (inf)"),
        (bar(volume=nan), "volume is not a finite number (nan)"),
        (bar(volume=inf), "volume is not a finite number (inf)"),
        (bar(volume=-1.0), "volume is negative (-1.0)"),
        (bar(low=0.0), "low is not above zero (0.0)"),
        (bar(o=-100.0), "open is not above zero (-100.0)"),
        (bar(h=80.0), "high is below low (high 80.0, low 90.0)"),
        (bar(o=111.0), "high is not highest (high 110.0, open 111.0)"),
        (bar(c=111.0), "high is not highest (high 110.0, close 111.0)"),
        (bar(o=89.0), "low is not lowest (low 90.0, open 89.0)"),
        (bar(c=89.0), "low is not lowest (low 90.0, close 89.0)"),
        (bar(h=136.0), "moves more than 50% within its minute (high 136.0, low 90.0)"),
        (bar(time=61 * MINUTE + 1), "time is not a whole minute (3660001 ms)"),
        (bar(time=60 * MINUTE), "duplicate of the minute before (3600000 ms)"),
        (bar(time=58 * MINUTE), "time goes backwards by 2 min (3480000 ms)"),
    ],
)
def test_each_fault_is_told_in_words(bad: Bar, why: str) -> None:
    assert fault(bad, GOOD) == why


PRICES = st.floats(allow_nan=True, allow_infinity=True, width=64) | st.floats(50.0, 75.0)
TIMES = st.integers(-3, 3).map(lambda minute: minute * MINUTE) | st.integers(-200_000, 200_000)


@given(st.sampled_from(["", "X"]), TIMES, PRICES, PRICES, PRICES, PRICES, PRICES, TIMES | st.none())
def test_exactly_the_ordered_finite_bars_are_accepted(
    symbol: str, time: int, o: float, h: float, low: float, c: float, volume: float, before: int | None
) -> None:
    previous = None if before is None else Bar("X", before, 60.0, 60.0, 60.0, 60.0, 1.0)
    expected = (
        bool(symbol)
        and all(isfinite(value) for value in (o, h, low, c, volume))
        and min(o, h, low, c) > 0
        and volume >= 0
        and h == max(o, h, low, c)
        and low == min(o, h, low, c)
        and h <= WIDEST * low
        and time % MINUTE == 0
        and (previous is None or time > previous.time)
    )
    why = fault(Bar(symbol, time, o, h, low, c, volume), previous)
    assert (why is None) == expected
    assert why != "not a valid bar"


@given(st.floats(50.0, 75.0), st.floats(50.0, 75.0), st.floats(50.0, 75.0), st.floats(50.0, 75.0), st.floats(0.0, 1e12))
def test_any_four_close_prices_in_order_make_a_good_bar(a: float, b: float, c: float, d: float, volume: float) -> None:
    low, first, second, high = sorted((a, b, c, d))
    assert fault(Bar("X", MINUTE, second, high, low, first, volume), None) is None


def test_a_gap_from_the_bar_before_is_no_fault() -> None:
    assert fault(bar(o=300.0, h=310.0, low=290.0, c=305.0), GOOD) is None
