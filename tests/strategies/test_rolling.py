"""Rolling statistics against their batch definitions."""

import random
from fractions import Fraction
from math import sqrt

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.lib.stride_tricks import sliding_window_view

from sentio_tui.strategies.rolling import RollingExtremes, RollingMeans, RollingMoments

prices = st.floats(min_value=1e-6, max_value=1e7, allow_nan=False)


def random_walk(count: int, seed: int) -> list[float]:
    """Prices that wander over four decades, with jumps that leave the window again."""
    rng = random.Random(seed)
    price, out = 100.0, []
    for _ in range(count):
        price = min(max(price * (1 + rng.gauss(0, 0.01)), 1.0), 10_000.0)
        out.append(price * 1000 if rng.random() < 0.001 else price)
    return out


def test_moments_equal_their_batch_recomputation_over_100_000_values() -> None:
    values, size = random_walk(100_000, 1), 20
    moments = RollingMoments(size)
    got = []
    for value in values:
        moments.push(value)
        got.append(moments.moments())
    windows = sliding_window_view(np.array(values), size)
    figures = np.array(got[size - 1 :])
    np.testing.assert_allclose(figures[:, 0], windows.mean(axis=1), rtol=1e-9)
    np.testing.assert_allclose(figures[:, 1], windows.std(axis=1), rtol=1e-9)


def test_means_equal_their_batch_recomputation_over_100_000_values() -> None:
    values, fast, slow = random_walk(100_000, 2), 10, 30
    means = RollingMeans(fast, slow)
    got = []
    for value in values:
        means.push(value)
        got.append(means.means())
    figures = np.array(got[slow - 1 :])
    np.testing.assert_allclose(figures[:, 0], sliding_window_view(np.array(values), fast).mean(axis=1)[slow - fast :])
    np.testing.assert_allclose(figures[:, 1], sliding_window_view(np.array(values), slow).mean(axis=1))


@settings(deadline=None)
@given(before=st.lists(prices, max_size=60), constant=prices, size=st.integers(2, 25))
def test_t19_equal_values_have_exactly_their_own_mean_and_no_deviation(
    before: list[float], constant: float, size: int
) -> None:
    moments, means = RollingMoments(size), RollingMeans(size - 1, size)
    for value in [*before, *[constant] * size]:
        moments.push(value)
        means.push(value)
    assert moments.moments() == (constant, 0.0)
    assert means.means() == (constant, constant)


@settings(deadline=None)
@given(values=st.lists(prices, min_size=2, max_size=80), size=st.integers(2, 25))
def test_moments_equal_exact_arithmetic(values: list[float], size: int) -> None:
    moments = RollingMoments(size)
    for i, value in enumerate(values, start=1):
        moments.push(value)
        if i >= size:
            window = [Fraction(v) for v in values[i - size : i]]
            mean = sum(window, Fraction()) / size
            variance = sum(((v - mean) ** 2 for v in window), Fraction()) / size
            assert moments.moments() == pytest.approx((float(mean), sqrt(variance)), rel=1e-12, abs=1e-15)


@settings(deadline=None)
@given(values=st.lists(st.floats(-1e9, 1e9), min_size=3, max_size=80), slow=st.integers(2, 25))
def test_means_are_those_of_exact_arithmetic_rounded_once(values: list[float], slow: int) -> None:
    means = RollingMeans(slow - 1, slow)
    for i, value in enumerate(values, start=1):
        pushed = means.push(value)
        if i >= slow and all(abs(v) > 1e-250 or v == 0.0 for v in values):
            window = [Fraction(v) for v in values[i - slow : i]]
            exact = float(sum(window[1:], Fraction()) / (slow - 1)), float(sum(window, Fraction()) / slow)
            assert pushed == means.means() == exact


@settings(deadline=None)
@given(values=st.lists(prices, min_size=1, max_size=80), size=st.integers(1, 25))
def test_extremes_equal_their_batch_recomputation(values: list[float], size: int) -> None:
    extremes = RollingExtremes(size)
    for i, value in enumerate(values, start=1):
        extremes.push(value)
        window = values[max(0, i - size) : i]
        assert extremes.extremes() == (min(window), max(window))


@pytest.mark.parametrize(("fast", "slow"), [(0, 5), (5, 5), (6, 5)])
def test_means_refuse_windows_that_do_not_fit(fast: int, slow: int) -> None:
    with pytest.raises(ValueError, match="fast"):
        RollingMeans(fast, slow)
