"""Whole numbers of steps, and the rounding errors that must not cost one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentio_tui.brokers.steps import Steps, steps_of

STEPS = (1.0, 0.01, 0.0001, 1e-8, 0.05, 0.25, 5.0, 0.03)


@given(step=st.sampled_from(STEPS), count=st.integers(0, 10**12))
def test_a_count_comes_back_from_its_value(step: float, count: int) -> None:
    steps = Steps(step)
    value = steps.value(count)
    assert steps.nearest(value) == steps.count(value) == count
    assert steps.down(value) == steps.up(value) == count


def test_values_are_the_nearest_floats() -> None:
    assert Steps(0.1).value(3) == 0.3
    assert Steps(0.01).value(10_010) == 100.10


def test_a_rounding_error_is_no_step() -> None:
    cents = Steps(0.01)
    assert cents.up(100.0 * 1.001) == cents.down(100.0 * 1.001) == 10_010
    assert Steps(1.0).down(0.1 * 30) == 3
    assert Steps(0.1).count(0.1 + 0.2) == 3


@pytest.mark.parametrize(("value", "down", "up"), [(10.004, 1000, 1001), (10.009, 1000, 1001), (0.004, 0, 1)])
def test_between_two_steps(value: float, down: int, up: int) -> None:
    cents = Steps(0.01)
    assert (cents.down(value), cents.up(value), cents.count(value)) == (down, up, None)


@pytest.mark.parametrize("step", [0.0, -1.0, float("nan"), float("inf")])
def test_a_step_is_a_positive_number(step: float) -> None:
    with pytest.raises(ValueError, match="positive"):
        steps_of(step)
