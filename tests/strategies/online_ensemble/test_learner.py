"""Three horizons on one covariance matrix: the same as three filters of the textbook, and healthy for ever."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sentio_tui.model.bars import MINUTE
from sentio_tui.strategies.online_ensemble.model import Model
from sentio_tui.strategies.online_ensemble.parameters import OnlineEnsembleParameters
from tests.strategies.online_ensemble.market import (
    Array,
    bars_of,
    ensemble,
    run,
    session_minutes,
    trading_days,
    walk,
)
from tests.strategies.online_ensemble.textbook import HORIZONS, Filter, labels

Plain = OnlineEnsembleParameters(adaptive_forgetting=False)
FOR_EVER = 10**9


def minutes_with_gaps(seed: int) -> tuple[list[int], list[int]]:
    """Minutes of five days of 300, a tenth of them missing and some longer gaps, and the end of each one's day."""
    rng = np.random.default_rng(seed)
    minutes, ends = [], []
    for day in range(5):
        start, end = day * 1440, day * 1440 + 300
        minute = start
        while minute < end:
            minutes.append(minute)
            ends.append(end)
            minute += 1 if rng.random() > 0.1 else int(rng.integers(2, 15))
    return minutes, ends


@pytest.mark.parametrize("adaptive", [False, True])
@pytest.mark.parametrize("gaps", [False, True])
def test_t13_t14_t15_t16_equals_three_filters_that_learn_when_their_labels_are_known(
    gaps: bool, adaptive: bool
) -> None:
    """Coefficients are compared on every bar: the labels are raw forward returns of exactly h minutes of one day,
    and none is learned from before it is known."""
    if gaps:
        minutes, ends = minutes_with_gaps(3)
    else:
        minutes = [day * 1440 + i for day in range(5) for i in range(300)]
        ends = [day * 1440 + 300 for day in range(5) for _ in range(300)]
    n = len(minutes)
    rng = np.random.default_rng(5)
    features = rng.normal(0, 1, (n, 126))
    closes = walk(n, 4)
    model = Model(OnlineEnsembleParameters(adaptive_forgetting=adaptive))
    filters = [Filter(126, 100.0, 0.01) for _ in HORIZONS]
    known = [labels(minutes, closes, ends, horizon) for horizon in HORIZONS]
    taken = [0, 0, 0]
    forgetting: list[float] = []
    for i in range(n):
        begins = 0 if i and ends[i] == ends[i - 1] else 2
        model.features = features[i]
        predicted = model.step(minutes[i], closes[i], begins, ends[i])
        for h, each in enumerate(filters):
            while taken[h] < i and known[h][taken[h]][1] <= i:
                j = taken[h]
                each.take(features[j], known[h][j][0], forgetting[j])
                taken[h] += 1
            np.testing.assert_allclose(model.coefficients[h], each.theta, rtol=0, atol=1e-12)
            assert predicted[h] == pytest.approx(each.theta @ features[i], rel=0, abs=1e-12)
        # λ of this bar: adapted by the labels this bar's close made known, before its features are taken in.
        forgetting.append(model.forgetting)
    assert model.updates == tuple(each.updates for each in filters)
    assert (len(set(forgetting)) > 1) == adaptive
    shortest = filters[0]
    while taken[0] < n:
        shortest.take(features[taken[0]], None, forgetting[taken[0]])
        taken[0] += 1
    np.testing.assert_allclose(model.covariance, shortest.p, rtol=1e-9, atol=1e-10)
    np.testing.assert_allclose(model.variances, np.diag(shortest.p), rtol=1e-9, atol=1e-10)


def test_t14_after_n_bars_of_a_day_each_horizon_has_learned_n_minus_h_labels() -> None:
    strategy = ensemble(exchange="XNYS")
    for i, bar in enumerate(trading_days(2)):
        strategy.on_bar(bar)
        day, n = divmod(i, 390)
        assert strategy.updates == {h: day * (390 - h) + max(0, n + 1 - h) for h in HORIZONS}


def test_t16_no_label_reaches_over_a_lunch_break() -> None:
    times = session_minutes(1, exchange="XTKS")[0]
    assert any(later - time > MINUTE for time, later in pairwise(times))
    strategy = ensemble(exchange="XTKS")
    run(strategy, bars_of(times, walk(len(times), 1)))
    assert strategy.updates == {h: len(times) - 2 * h for h in HORIZONS}


def test_a_close_stands_in_for_at_most_five_missing_minutes() -> None:
    def updates(missing: int) -> tuple[int, int, int]:
        model = Model(Plain)
        for i, minute in enumerate([0, missing + 1]):
            model.features = np.ones(126)
            model.step(minute, 100.0 + i, 2 if i == 0 else 0, FOR_EVER)
        return model.updates

    assert updates(0) == (1, 0, 0)
    assert updates(4) == (1, 1, 0)
    assert updates(5) == (1, 1, 0)
    assert updates(12) == (1, 1, 0), "ten minutes on, the last close is ten minutes old"


def test_the_last_minutes_of_a_day_that_are_missing_are_filled_too_but_not_beyond_the_close() -> None:
    model = Model(Plain)
    for minute in range(297):
        model.features = np.ones(126)
        model.step(minute, 100.0, 2 if minute == 0 else 0, 300)
    assert model.updates == (296, 292, 287)
    model.step(1440, 100.0, 2, 1740)
    # Of minute 296, 297 and of 292 to 294, 297 to 299, are within the day and within five minutes of the last bar.
    assert model.updates == (297, 295, 290)


@settings(deadline=None, max_examples=40)
@given(seed=st.integers(0, 10_000), days=st.integers(1, 3), keep=st.floats(0.3, 1.0))
def test_t14_t16_counts_of_labels_are_those_of_brute_force_whatever_is_missing(
    seed: int, days: int, keep: float
) -> None:
    rng = np.random.default_rng(seed)
    minutes = [day * 1440 + i for day in range(days) for i in range(40) if rng.random() < keep] or [0]
    ends = [minute // 1440 * 1440 + 40 for minute in minutes]
    closes = walk(len(minutes), seed)
    model = Model(Plain)
    for i, minute in enumerate(minutes):
        model.features = rng.normal(0, 1, 126)
        model.step(minute, closes[i], 0 if i and ends[i] == ends[i - 1] else 2, ends[i])
    expected = tuple(sum(label is not None for label, _ in labels(minutes, closes, ends, h)) for h in HORIZONS)
    assert model.updates == expected


def constant(rng: np.random.Generator, i: int) -> Array:
    return np.ones(126)


def zero(rng: np.random.Generator, i: int) -> Array:
    return np.zeros(126)


def noise(rng: np.random.Generator, i: int) -> Array:
    return np.clip(rng.normal(0, 1, 126), -3, 3)


def one_at_a_time(rng: np.random.Generator, i: int) -> Array:
    x = np.zeros(126)
    x[i % 126] = 3.0
    return x


def collinear(rng: np.random.Generator, i: int) -> Array:
    return np.repeat(rng.normal(0, 1, 6), 21)


def then_constant(rng: np.random.Generator, i: int) -> Array:
    return noise(rng, i) if i < 2_000 else np.full(126, -1.0)


@pytest.mark.parametrize("inputs", [constant, zero, noise, one_at_a_time, collinear, then_constant])
@pytest.mark.parametrize("forgetting", [0.995, 0.95, 1.0])
def test_t20_covariance_stays_symmetric_positive_and_bounded_over_10000_updates(
    inputs: object, forgetting: float
) -> None:
    assert callable(inputs)
    rng = np.random.default_rng(1)
    model = Model(OnlineEnsembleParameters(adaptive_forgetting=False, forgetting=forgetting))
    for i in range(10_000):
        model.features = inputs(rng, i)
        model.step(i, 100.0 + rng.normal(), 0 if i else 2, FOR_EVER)
    covariance = model.covariance
    assert np.array_equal(covariance, covariance.T)
    eigenvalues = np.linalg.eigvalsh(covariance)
    assert eigenvalues[0] > 0
    # Between two bars that hold it a variance grows by 1/λ a bar, and each of the 126 waits for its turn.
    assert covariance.diagonal().max() <= 1_000.0 / forgetting**126
    assert eigenvalues[-1] / eigenvalues[0] < 1e14
    assert model.resets == 0
    assert np.isfinite(model.coefficients).all()
    np.testing.assert_allclose(model.variances, covariance.diagonal(), rtol=1e-6)


def test_t20_covariance_stays_healthy_on_the_features_of_100_days() -> None:
    strategy = ensemble(exchange="XNYS")
    run(strategy, trading_days(100))
    eigenvalues = np.linalg.eigvalsh(strategy.model.covariance)
    assert 0 < eigenvalues[0] < eigenvalues[-1] < 126 * 1_000 / 0.99**126
    assert strategy.model.resets == 0


def test_t17_t20_a_covariance_that_rounding_has_spoilt_begins_anew_as_configured() -> None:
    model = Model(OnlineEnsembleParameters(initial_variance=7.0, adaptive_forgetting=False, forgetting=0.99))
    x = np.ones(126)
    x[1] = 0.0
    model.features = x
    model._matrix[0, 0] = -1e9
    model.step(0, 100.0, 2, FOR_EVER)
    assert model.resets == 1
    assert np.linalg.eigvalsh(model.covariance)[0] > 0
    # A direction that nothing was seen of has only been forgotten once.
    assert model.variances[1] == pytest.approx(7.0 / 0.99)


def test_labels_that_stand_still_leave_forgetting_within_its_bounds() -> None:
    model = Model(OnlineEnsembleParameters())
    for i in range(2_000):
        model.features = np.ones(126)
        model.step(i, 100.0, 0 if i else 2, FOR_EVER)
    assert model.forgetting == pytest.approx(0.999, abs=1e-6)


def test_forgetting_follows_the_deviation_of_the_last_100_one_minute_labels() -> None:
    model = Model(OnlineEnsembleParameters())
    closes = walk(240, 6, sigma=0.002)
    expected = 0.995
    recent: list[float] = []
    for i, close in enumerate(closes):
        model.features = np.zeros(126)
        model.step(i, close, 0 if i else 2, FOR_EVER)
        if i:
            recent.append(close / closes[i - 1] - 1)
            if i % 10 == 0:
                sigma = float(np.std(recent[-100:])) if len(recent) >= 20 else 0.001
                target = min(max(0.995 - 0.005 * np.log(sigma / 0.001), 0.990), 0.999)
                expected = 0.9 * expected + 0.1 * target
        assert model.forgetting == pytest.approx(expected, rel=1e-12)
    assert expected < 0.995
