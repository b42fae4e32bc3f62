"""Minutes without a bar: short gaps are bridged with the last close, long ones start the window anew."""

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sentio_tui.model.bars import MINUTE, Bar
from sentio_tui.model.decisions import Direction, Signal
from tests.strategies.series import NAMES, bar, bars, random_walk, recorded, run, strategy


def bridged(series: list[Bar]) -> list[Bar]:
    """The same series with every missing minute given a bar at the last close."""
    out = series[:1]
    for before, after in pairwise(series):
        out += [bar(minute, before.close) for minute in range(before.time // MINUTE + 1, after.time // MINUTE)]
        out.append(after)
    return out


def assert_as_bridged(name: str, series: list[Bar], got: list[Signal]) -> None:
    full = {signal.time: signal for signal in run(strategy(name, max_gap_minutes=0), bridged(series))}
    for signal in got:
        expected = full[signal.time]
        if name == "ma_crossover":
            # A crossing within the gap is told on the next bar; the averages themselves are the same.
            assert signal.missing or signal.values == expected.values
        else:
            assert signal == expected


@pytest.mark.parametrize("name", NAMES)
@settings(deadline=None)
@given(steps=st.lists(st.integers(1, 31), min_size=40, max_size=80), seed=st.integers(0, 100))
def test_a_missing_minute_has_the_last_close_before_it(name: str, steps: list[int], seed: int) -> None:
    minute, series = 1_000, []
    for step, close in zip(steps, random_walk(len(steps), seed, 0.01), strict=True):
        minute += step
        series.append(bar(minute, close))
    assert_as_bridged(name, series, run(strategy(name), series))


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("max_gap", [5, 30])
def test_a_longer_gap_warms_up_again(name: str, max_gap: int) -> None:
    before, after = bars(random_walk(100, 1)), random_walk(100, 2)
    end = before[-1].time // MINUTE
    instance = strategy(name, max_gap_minutes=max_gap)
    run(instance, before)
    late = bars(after, end + max_gap + 2)
    assert run(instance, late) == run(strategy(name, max_gap_minutes=max_gap), late)


@pytest.mark.parametrize("name", NAMES)
def test_a_gap_of_exactly_the_maximum_is_bridged(name: str) -> None:
    instance = strategy(name, max_gap_minutes=5)
    series = bars(random_walk(100, 1))
    run(instance, series)
    assert instance.on_bar(bar(series[-1].time // MINUTE + 6, 1_000.0)).missing == 0


@pytest.mark.parametrize("name", NAMES)
def test_a_maximum_of_zero_bridges_every_gap(name: str) -> None:
    series = bars(random_walk(100, 1))
    late = bars(random_walk(100, 2), series[-1].time // MINUTE + 5_000)
    assert_as_bridged(name, [*series, *late], run(strategy(name, max_gap_minutes=0), [*series, *late]))


@pytest.mark.parametrize("name", NAMES)
def test_the_real_gap_of_seven_hours_warms_up_again(name: str) -> None:
    series = recorded("BTC-USD_1min_2018-04-04_2018-04-05.csv")
    instance = strategy(name)
    signals = run(instance, series)
    resumed = [i for i, (a, b) in enumerate(pairwise(series), start=1) if b.time - a.time > 30 * MINUTE]
    assert len(resumed) == 1
    missing = [signal.missing for signal in signals[resumed[0] :]]
    assert missing[: instance.lookback] == list(range(instance.lookback - 1, -1, -1))
    assert signals[resumed[0] :] == run(strategy(name), series[resumed[0] :])


def test_a_crossing_within_a_gap_is_told_on_the_next_bar() -> None:
    """Long after the last bar the averages have met again; the next bar is compared with the bar before the gap."""
    instance = strategy("ma_crossover", fast_minutes=2, slow_minutes=4)
    closes = [100.0] * 8 + [98.0, 96.0, 94.0]
    run(instance, bars(closes, 0))
    signal = instance.on_bar(bar(len(closes) + 20, 95.0))
    assert signal.direction is Direction.LONG


def test_a_crossing_waits_where_a_gap_completed_the_averages() -> None:
    """There is no complete pair of averages of the bar before, so one bar more is needed."""
    instance = strategy("ma_crossover")
    run(instance, bars([100.0, 90.0, 80.0], 0))
    first = instance.on_bar(bar(32, 500.0))
    assert (first.direction, first.missing) == (Direction.NEUTRAL, 1)
    assert instance.on_bar(bar(33, 10.0)).missing == 0
