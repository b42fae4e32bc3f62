"""Synthetic funds: daily leverage, daily costs, ordered bars."""

from collections.abc import Sequence
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentio_tui.market.leverage import FLOOR, DatedRates, FundTerms, LeveragedSeries, printed, usual_rates
from sentio_tui.market.validation import fault
from sentio_tui.model.bars import MINUTE, Bar

MONDAY = date(2025, 10, 6)
FRIDAY = date(2025, 10, 10)
HALF_A_TICK = 0.5e-4 + 1e-12


def flat(minute: int, price: float) -> Bar:
    return Bar("SPY", minute * MINUTE, price, price, price, price, 3_000.0)


def terms(start: float | None = 100.0, expense: float = 0.0, financing: float = 0.0) -> FundTerms:
    return FundTerms(start, (DatedRates(date(1970, 1, 1), expense, financing),))


def closes(series: LeveragedSeries, days: Sequence[tuple[date, Sequence[float]]]) -> list[float]:
    """The fund's last close of each day."""
    result, minute = [], 0
    for day, prices in days:
        bar = None
        for price in prices:
            minute += 1
            bar = series.bar(flat(minute, price), day)
        assert bar is not None
        result.append(bar.close)
    return result


@pytest.mark.parametrize("leverage", [3.0, -1.0, -2.0, -3.0, 1.5])
def test_leverage_applies_to_the_return_since_the_last_close(leverage: float) -> None:
    series = LeveragedSeries("X", leverage, terms())
    series.bar(flat(0, 200.0), MONDAY)
    series.bar(flat(1, 220.0), MONDAY)
    up, back = series.bar(flat(2, 202.0), MONDAY), series.bar(flat(3, 200.0), MONDAY)
    assert up.close == pytest.approx(100.0 * (1 + leverage * 0.01), abs=HALF_A_TICK)
    assert back.close == 100.0  # whatever way it went within the day, there is no decay


@pytest.mark.parametrize("leverage", [3.0, -1.0, -2.0])
def test_the_leverage_is_reset_each_day_and_days_compound(leverage: float) -> None:
    """By hand: one day's multiple after the other, overnight gaps in them, less each day's costs."""
    base = [100.0, 104.0, 101.0, 95.0, 99.5, 98.0]
    days = [MONDAY + timedelta(ahead) for ahead in (0, 1, 2, 3, 4, 7)]
    series = LeveragedSeries("X", leverage, terms(50.0, expense=0.0095, financing=0.05))
    made = closes(series, [(day, [price * 0.99, price * 1.02, price]) for day, price in zip(days, base, strict=True)])
    expected = 50.0 * (1 + leverage * (100.0 / 99.0 - 1))
    by_hand = [expected]
    for before, price, nights in zip(base, base[1:], (1, 1, 1, 1, 3), strict=False):
        expected *= (1 - nights * 0.0595 / 365) * (1 + leverage * (price / before - 1))
        by_hand.append(expected)
    assert made == pytest.approx(by_hand, abs=HALF_A_TICK)


def test_t41_a_flat_day_costs_one_days_expense_however_many_minutes_it_has() -> None:
    for minutes in (1, 390):
        series = LeveragedSeries("X", -1.0, terms(50.0, expense=0.0365))
        first, second = closes(series, [(MONDAY, [100.0] * minutes), (MONDAY + timedelta(1), [100.0] * minutes)])
        assert first == 50.0
        assert second == pytest.approx(50.0 * (1 - 0.0001), abs=HALF_A_TICK)


def test_a_weekend_costs_three_days_and_each_day_its_own_rate() -> None:
    rates = (
        DatedRates(date(2025, 10, 12), 0.0, 0.0365),
        DatedRates(date(2025, 1, 1), 0.0, 0.0),
        DatedRates(date(2025, 10, 13), 0.073, 0.0),
    )
    series = LeveragedSeries("X", 3.0, FundTerms(100.0, rates))
    made = closes(series, [(FRIDAY, [10.0]), (FRIDAY + timedelta(3), [10.0])])
    assert made == [100.0, pytest.approx(100.0 * (1 - 0.0001 - 0.0002), abs=HALF_A_TICK)]


def test_rounding_does_not_add_up_over_the_days() -> None:
    series = LeveragedSeries("X", -1.0, terms(0.05, expense=0.0365))
    days = [(MONDAY + timedelta(ahead), [100.0]) for ahead in range(200)]
    assert closes(series, days)[-1] == pytest.approx(0.05 * (1 - 0.0001) ** 199, abs=HALF_A_TICK)


def test_the_first_bar_opens_at_the_start_price_and_costs_nothing() -> None:
    series = LeveragedSeries("X", -2.0, terms(50.0, expense=0.5))
    made = series.bar(Bar("SPY", 0, 100.0, 101.0, 98.0, 99.0, 1_000.0), MONDAY)
    assert made == Bar("X", 0, 50.0, 52.0, 49.0, 51.0, 500.0, synthetic=True)
    assert LeveragedSeries("X", -2.0).bar(flat(0, 167.65), MONDAY).close == 167.65


def test_bars_are_marked_synthetic_and_stay_backfilled() -> None:
    base = Bar("SPY", 0, 100.0, 100.0, 100.0, 100.0, 10.0, backfilled=True)
    made = LeveragedSeries("X", 3.0, terms()).bar(base, MONDAY)
    assert (made.synthetic, made.backfilled, made.volume) == (True, True, 3.3333)


prices = st.floats(20.0, 2_000.0)


@st.composite
def paths(draw: st.DrawFn) -> list[tuple[date, Bar]]:
    """Good bars of a few days, with gaps and minutes as wild as validation lets through."""
    day, path = MONDAY, []
    level = draw(prices)
    for minute in range(draw(st.integers(1, 12))):
        day += timedelta(draw(st.sampled_from([0, 0, 0, 1, 3])))
        level = min(max(level * draw(st.floats(0.6, 1.6)), 1.0), 1e6)
        width = draw(st.floats(1.0, 1.49))
        inside = st.floats(level, level * width)
        path.append((day, Bar("SPY", minute * MINUTE, draw(inside), level * width, level, draw(inside), 100.0)))
    return path


@given(paths(), st.floats(-5.0, 5.0).filter(lambda multiple: abs(multiple) > 0.01))
def test_t41_every_leverage_of_every_path_gives_good_bars(path: list[tuple[date, Bar]], leverage: float) -> None:
    series = LeveragedSeries("X", leverage, terms(50.0, 0.0095, 0.05))
    previous = base_before = None
    for day, base in path:
        assert fault(base, base_before) is None
        made = series.bar(base, day)
        assert fault(made, previous) is None
        assert min(made.open, made.low, made.close, made.high) >= FLOOR
        assert made.synthetic
        previous, base_before = made, base


def test_t41_high_and_low_change_places_when_the_sign_does() -> None:
    base = Bar("SPY", 0, 100.0, 102.0, 99.0, 101.0, 1.0)
    made = LeveragedSeries("X", -1.0, terms(50.0)).bar(base, MONDAY)
    assert (made.open, made.high, made.low, made.close) == (50.0, 50.5, 49.0, 49.5)


def test_a_fund_that_loses_everything_is_wiped_out_for_good() -> None:
    series = LeveragedSeries("X", 3.0, terms())
    series.bar(flat(0, 100.0), MONDAY)
    assert not series.wiped_out
    gone = series.bar(flat(1, 60.0), MONDAY)
    assert series.wiped_out
    after = series.bar(flat(2, 100.0), MONDAY)
    tomorrow = series.bar(flat(3, 120.0), MONDAY + timedelta(1))
    assert [bar.close for bar in (gone, after, tomorrow)] == [FLOOR] * 3
    assert after.volume == 1_000.0  # what is left can still be sold


def test_a_minute_too_wide_to_be_believed_is_drawn_in_to_its_close() -> None:
    base = Bar("SPY", 0, 100.0, 100.0, 80.0, 90.0, 1.0)
    made = LeveragedSeries("X", 3.0, terms()).bar(base, MONDAY)
    assert made.close == 70.0
    assert (made.open, made.high, made.low) == (84.0, 84.0, 58.3333)


@given(st.lists(st.floats(-1e6, 1e6), min_size=4, max_size=4), st.sampled_from([(4, 0.01), (8, 1e-6)]))
def test_whatever_is_printed_is_ordered_and_believable(values: list[float], grain: tuple[int, float]) -> None:
    low, *inside, high = sorted(values)
    open_, highest, lowest, close = printed(inside[0], high, low, inside[1], *grain)
    assert fault(Bar("X", 0, open_, highest, lowest, close, 0.0), None) is None


@pytest.mark.parametrize(
    ("leverage", "given_terms", "words"),
    [
        (0.0, terms(), "leverage of 0"),
        (float("inf"), terms(), "leverage of inf"),
        (3.0, terms(0.0), "start price 0"),
        (3.0, terms(expense=-0.01), "expense since 1970-01-01"),
        (3.0, terms(expense=1.0), "expense since 1970-01-01"),
        (3.0, terms(financing=-1.0), "financing since 1970-01-01"),
        (3.0, terms(financing=float("nan")), "financing since 1970-01-01"),
        (3.0, FundTerms(1.0, (DatedRates(MONDAY, 0, 0), DatedRates(MONDAY, 0, 0.1))), "two entries .* 2025-10-06"),
    ],
)
def test_terms_that_make_no_sense_are_refused(leverage: float, given_terms: FundTerms, words: str) -> None:
    with pytest.raises(ValueError, match=f"SPXL: .*{words}"):
        LeveragedSeries("SPXL", leverage, given_terms)


def test_days_go_forward_and_have_known_rates() -> None:
    series = LeveragedSeries("X", 3.0, FundTerms(100.0, (DatedRates(date(2025, 10, 8), 0.01, 0.0),)))
    series.bar(flat(0, 100.0), MONDAY)
    with pytest.raises(ValueError, match="known on 2025-10-07, the first begin on 2025-10-08"):
        series.bar(flat(1, 100.0), MONDAY + timedelta(1))
    series = LeveragedSeries("X", 3.0)
    series.bar(flat(0, 100.0), FRIDAY)
    with pytest.raises(ValueError, match="2025-10-06 after one of 2025-10-10"):
        series.bar(flat(1, 100.0), MONDAY)


def test_a_fund_nobody_has_told_the_terms_of_has_the_usual_rates() -> None:
    assert [(each.expense, each.financing) for each in usual_rates(-3.0)] == [(0.0095, 0.05)]
    assert [(each.expense, each.financing) for each in usual_rates(-1.0)] == [(0.0095, 0.02)]
    series = LeveragedSeries("X", 3.0, FundTerms(rates=usual_rates(3.0)))
    series.bar(flat(0, 100.0), MONDAY)
    next_day = series.bar(flat(1440, 100.0), date.fromordinal(MONDAY.toordinal() + 1))
    assert next_day.close == pytest.approx(100.0 * (1 - 0.0595 / 365), abs=1e-4)
