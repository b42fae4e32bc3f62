"""The 126 features against their batch recomputation, and what must hold of them on any bars."""

import math
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sentio_tui.model.bars import MINUTE, Bar
from sentio_tui.strategies.online_ensemble.schema import FEATURES, NAMES
from tests.strategies.online_ensemble.batch import batch
from tests.strategies.online_ensemble.market import (
    MIDNIGHT,
    SYMBOL,
    Array,
    around_the_clock,
    bars_of,
    ensemble,
    recorded,
    session_minutes,
    trading_days,
    walk,
)

AT = {name: i for i, name in enumerate(NAMES)}


def features(bars: list[Bar], exchange: str = "XNYS") -> Array:
    """One row for every bar of the session."""
    strategy = ensemble(exchange=exchange)
    rows = []
    for bar in bars:
        signal = strategy.on_bar(bar)
        if "outside_hours" not in signal.values:
            assert strategy.fault in ("", "the model is not predicting")
            rows.append(strategy.model.features)
    return np.array(rows)


@dataclass(frozen=True)
class Case:
    bars: list[Bar]
    rows: Array
    expected: dict[str, Array]


@pytest.fixture(scope="module")
def long_run() -> Case:
    """Over 5,600 bars of fifteen days, minutes missing here and there."""
    rng = np.random.default_rng(7)
    times = [time for day in session_minutes(15) for time in day if rng.random() > 0.02]
    bars = bars_of(times, [round(close, 2) for close in walk(len(times), 3)], 3)
    assert len(bars) > 5_600
    return Case(bars, features(bars), batch(bars, "America/New_York"))


@pytest.mark.parametrize("name", NAMES)
def test_t19_each_feature_equals_its_batch_recomputation_after_5000_bars(long_run: Case, name: str) -> None:
    got, expected = long_run.rows[5_000:, AT[name]], long_run.expected[name][5_000:]
    assert np.isfinite(expected).all()
    np.testing.assert_allclose(got, expected, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("name", [f.name for f in FEATURES if f.name not in ("volatility_trend",)])
def test_each_feature_is_0_until_its_history_is_there_and_then_right(long_run: Case, name: str) -> None:
    """Filters without an end start their own way: of those only the beginning is looked at."""
    feature = FEATURES[AT[name]]
    got, expected = long_run.rows[:600, AT[name]], long_run.expected[name][:600]
    if feature.bars > 1:
        assert not got[: feature.bars - 1].any()
    windowed = not any(word in name for word in ("ema", "rsi", "macd", "adx", "di_spread", "trix", "atr", "stoch"))
    if windowed:
        after = max(feature.bars, 100) - 1  # u needs a hundred bars to be the batch's
        np.testing.assert_allclose(got[after:], expected[after:], rtol=1e-8, atol=1e-8)


def test_t19_no_feature_is_constant_on_real_bars() -> None:
    rows = features(recorded())
    assert len(rows) == 5 * 390
    assert [name for name, deviation in zip(NAMES, rows.std(axis=0), strict=True) if deviation < 1e-3] == []


def test_t19_features_are_finite_and_of_order_one_on_real_bars() -> None:
    rows = features(recorded())
    assert np.isfinite(rows).all()
    assert np.abs(rows).max() <= 3.0
    typical = np.sqrt((rows[600:] ** 2).mean(axis=0))
    assert typical.min() > 0.05
    assert typical.max() < 2.0


def test_t19_vwap_and_the_day_begin_anew_at_the_open() -> None:
    """The days before change nothing in the figures of a day but the unit of moves."""
    bars = trading_days(3)
    rows = features(bars)
    opening = bars[780]
    row = rows[780]
    typical = (opening.high + opening.low + opening.close) / 3
    vwap, change = (row[AT[name]] / math.sqrt(1 - row[AT[name]] ** 2 / 9) for name in ("vwap", "day_change"))
    assert vwap / change == pytest.approx((opening.close / typical - 1) / (opening.close / opening.open - 1))
    assert row[AT["day_position"]] == pytest.approx(row[AT["close_in_range"]], abs=1e-12), (
        "the day's range is the first bar's"
    )


def test_t19_time_is_the_exchange_s_in_winter_and_summer() -> None:
    for opening in ("2024-01-02T14:30+00:00", "2024-07-02T13:30+00:00"):
        time = int(datetime.fromisoformat(opening).timestamp()) * 1000
        row = features(bars_of([time], [100.0]))[0]
        assert row[AT["hour_sin"]] == pytest.approx(math.sin(2 * math.pi * 9 / 24))
        assert row[AT["minute_cos"]] == pytest.approx(-1.0)


def test_a_return_does_not_reach_over_night_but_the_gap_does() -> None:
    bars = trading_days(2)
    lifted = bars[:390] + [
        Bar(b.symbol, b.time, b.open * 1.05, b.high * 1.05, b.low * 1.05, b.close * 1.05, b.volume) for b in bars[390:]
    ]
    flat, jumped = features(bars), features(lifted)
    for name in ("return_lag_1", "deviation_20", "day_change", "streak"):
        np.testing.assert_allclose(flat[390:, AT[name]], jumped[390:, AT[name]], rtol=1e-6, atol=1e-6)
    assert jumped[390, AT["gap"]] > 2.9 > flat[390, AT["gap"]]


def test_t19_a_constant_series_has_its_own_mean_and_no_deviation() -> None:
    strategy = ensemble()
    for i in range(700):
        strategy.on_bar(Bar(SYMBOL, MIDNIGHT + i * MINUTE, 670.1, 670.1, 670.1, 670.1, 100.0))
    row = dict(zip(NAMES, strategy.model.features, strict=True))
    moving = [name for name, feature in zip(NAMES, FEATURES, strict=True) if feature.group == "moving averages"]
    for name in (*moving, "band_width_20", "deviation_20", "score_50", "cci_20", "macd", "skewness_20"):
        assert row[name] == 0.0, name
    assert np.isfinite(list(row.values())).all()
    _, mean, sigma = strategy.model.see((670.1,) * 4 + (100.0,), (0.0, 0.0, 1.0), 0)
    assert (mean, sigma) == (670.1, 0.0)


price = st.floats(min_value=1e-4, max_value=1e6)
legal_bar = st.tuples(price, price, price, price, st.floats(min_value=0, max_value=1e12)).map(
    lambda t: (t[0], max(t[:4]), min(t[:4]), t[3], t[4])
)


@settings(deadline=None, max_examples=30)
@given(st.lists(legal_bar, min_size=70, max_size=260))
def test_t19_whatever_legal_bars_come_the_features_are_finite_and_bounded(series: list[tuple[float, ...]]) -> None:
    strategy = ensemble()
    for i, (o, h, l, c, v) in enumerate(series):  # noqa: E741
        strategy.on_bar(Bar(SYMBOL, MIDNIGHT + i * MINUTE, o, h, l, c, v))
        assert strategy.fault in ("", "the model is not predicting")
        row = strategy.model.features
        assert np.isfinite(row).all()
        assert np.abs(row).max() <= 3.0 + 1e-12


@settings(deadline=None, max_examples=20)
@given(scale=st.sampled_from([2.0**-10, 0.25, 4.0, 2.0**10]), seed=st.integers(0, 50))
def test_features_do_not_depend_on_the_unit_of_price(scale: float, seed: int) -> None:
    bars = around_the_clock(300, seed)
    other = [
        Bar(SYMBOL, b.time, b.open * scale, b.high * scale, b.low * scale, b.close * scale, b.volume) for b in bars
    ]
    np.testing.assert_allclose(features(bars, "24/7"), features(other, "24/7"), rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize(
    ("bad", "name"),
    [
        (Bar(SYMBOL, 0, 100.0, 101.0, 99.0, float("nan"), 10.0), "range"),
        (Bar(SYMBOL, 0, 100.0, 101.0, 99.0, 100.0, float("inf")), "volume_change"),
        (Bar(SYMBOL, 0, 100.0, 101.0, 99.0, 100.5, 1e308), "obv_20"),
        (Bar(SYMBOL, 0, 0.0, 101.0, 0.0, 100.5, 10.0), "parkinson_20"),
    ],
)
def test_t19_a_bar_that_makes_a_feature_infinite_is_named_and_leaves_no_trace(bad: Bar, name: str) -> None:
    bars = around_the_clock(400)
    strategy, other = ensemble(), ensemble()
    for bar in bars[:300]:
        assert strategy.on_bar(bar) == other.on_bar(bar)
    updates = strategy.updates
    signal = strategy.on_bar(Bar(SYMBOL, bars[300].time, bad.open, bad.high, bad.low, bad.close, bad.volume))
    assert strategy.fault == f"the feature {name} is not finite: the bar is not learned from"
    assert signal.trigger == strategy.fault
    assert signal.values["bad_slot"] >= 0
    assert signal.probability is None
    assert strategy.updates == updates
    for bar in bars[301:]:
        assert strategy.on_bar(bar) == other.on_bar(bar)
    assert strategy.fault == ""
