"""Probability, amplification and the calibration of thresholds, against section 3.3 and 3.4 of the facts."""

from math import tanh

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentio_tui.strategies.online_ensemble.decision import Thresholds, amplifier, band_position, base_probability
from sentio_tui.strategies.online_ensemble.parameters import OnlineEnsembleParameters

DEFAULT = OnlineEnsembleParameters()
probability = base_probability(DEFAULT)
amplify = amplifier(DEFAULT)

unit = st.floats(0, 1)
sure = st.floats(0.05, 0.95)


@pytest.mark.parametrize(
    ("prediction", "expected"), [(0.0, 0.5), (0.001, 0.520), (0.002, 0.540), (0.005, 0.598), (0.01, 0.685), (-9.0, 0.1)]
)
def test_a_predicted_return_becomes_the_original_s_probability(prediction: float, expected: float) -> None:
    assert probability(prediction) == pytest.approx(expected, abs=5e-4)
    assert probability(-prediction) == pytest.approx(1 - probability(prediction))


@pytest.mark.parametrize(
    ("base", "position", "expected"),
    [
        (0.52, 0.0, 0.67),
        (0.52, 0.09, 0.52 + 0.07 + 0.05),
        (0.52, 0.11, 0.52 + 0.1 * (1 - 0.11 / 0.3)),
        (0.52, 0.15, 0.57),
        (0.52, 0.30, 0.52),
        (0.52, 0.31, 0.52),
        (0.52, 1.0, 0.52),
        (0.5001, 0.0, 0.6501),
        (0.5, 0.0, 0.5),
        (0.5, 1.0, 0.5),
        (0.48, 1.0, 0.33),
        (0.48, 0.91, 0.48 - 0.07 - 0.05),
        (0.48, 0.85, 0.43),
        (0.48, 0.69, 0.48),
        (0.48, 0.0, 0.48),
        (0.90, 0.0, 0.95),
        (0.10, 1.0, 0.05),
    ],
)
def test_amplification_is_the_table_of_the_facts(base: float, position: float, expected: float) -> None:
    assert amplify(base, position) == pytest.approx(expected, abs=1e-9)


@given(base=sure, position=unit, size=st.floats(0, 0.3), zone=st.floats(0.01, 0.5))
def test_amplification_keeps_the_side_and_the_bounds_and_mirrors(
    base: float, position: float, size: float, zone: float
) -> None:
    own = amplifier(OnlineEnsembleParameters(amplification=size, bollinger_proximity=zone))
    p = own(base, position)
    assert 0.05 <= p <= 0.95
    assert abs(p - base) <= 1.5 * size + 1e-12
    assert p >= base if base >= 0.5 else p <= base
    if size == 0 or zone < position < 1 - zone:
        assert p == base


@given(base=sure, position=st.sampled_from([i / 1024 for i in range(1025)]))
def test_amplification_mirrors(base: float, position: float) -> None:
    if min(abs(position - edge) for edge in (0.1, 0.3, 0.7, 0.9)) > 1e-6:
        assert amplify(1 - base, 1 - position) == pytest.approx(1 - amplify(base, position), abs=1e-9)


@given(low=st.floats(-0.05, 0.05), high=st.floats(-0.05, 0.05), position=unit)
def test_probability_rises_with_the_prediction_on_either_side(low: float, high: float, position: float) -> None:
    low, high = sorted((low, high))
    assert amplify(probability(low), position) <= amplify(probability(high), position) + 1e-12


def test_the_position_in_the_band_is_clamped_and_one_half_without_a_band() -> None:
    assert band_position(100.0, 100.0, 2.0) == 0.5
    assert band_position(99.0, 100.0, 2.0) == 0.25
    assert band_position(90.0, 100.0, 2.0) == 0.0
    assert band_position(110.0, 100.0, 2.0) == 1.0
    assert band_position(100.0, 100.0, 0.0) == 0.5


def test_span_and_gain_are_used() -> None:
    own = base_probability(OnlineEnsembleParameters(probability_span=0.2, probability_gain=10.0))
    assert own(0.01) == pytest.approx(0.5 + 0.2 * tanh(0.1))


def calibrated(pnl: list[float], bars: int = 200, **overrides: float | int | bool) -> tuple[float, float]:
    thresholds = Thresholds(OnlineEnsembleParameters(**overrides))  # type: ignore[arg-type]  # by name
    for each in pnl:
        thresholds.record(each)
    for _ in range(bars):
        thresholds.bar()
    return thresholds.buy, thresholds.sell


def test_t18_after_50_losers_the_thresholds_widen_by_the_step_at_the_next_calibration() -> None:
    assert calibrated([-1.0] * 50, 199) == (0.55, 0.45)
    assert calibrated([-1.0] * 50, 200) == (0.555, 0.445)
    assert calibrated([-1.0] * 50, 400) == (0.56, 0.44)
    assert calibrated([-1.0] * 49, 400) == (0.55, 0.45)


@pytest.mark.parametrize(
    ("wins", "expected"), [(59, (0.555, 0.445)), (60, (0.55, 0.45)), (65, (0.55, 0.45)), (66, (0.545, 0.455))]
)
def test_t18_thresholds_follow_the_win_rate(wins: int, expected: tuple[float, float]) -> None:
    assert calibrated([1.0] * wins + [-1.0] * (100 - wins)) == expected


def test_t18_a_trade_without_gain_is_no_win() -> None:
    assert calibrated([0.0] * 50) == (0.555, 0.445)


def test_t18_only_the_last_500_trades_count() -> None:
    assert calibrated([-1.0] * 900 + [1.0] * 500) == (0.545, 0.455)


@pytest.mark.parametrize(
    ("overrides", "bars", "expected"),
    [
        ({"calibration": False}, 200, (0.55, 0.45)),
        ({"calibration_window": 100}, 200, (0.56, 0.44)),
        ({"calibration_step": 0.01}, 200, (0.56, 0.44)),
        ({"calibration_trades": 51}, 200, (0.55, 0.45)),
        ({"buy": 0.7, "sell": 0.3}, 200, (0.7, 0.3)),
    ],
)
def test_t17_t18_every_parameter_of_the_calibration_is_used(
    overrides: dict[str, float | int | bool], bars: int, expected: tuple[float, float]
) -> None:
    assert calibrated([-1.0] * 50, bars, **overrides) == expected


def test_t17_t18_the_target_is_used() -> None:
    assert calibrated([1.0, -1.0] * 50, calibration_target=0.5) == (0.55, 0.45)
    assert calibrated([1.0, -1.0] * 50, calibration_target=0.4) == (0.545, 0.455)


@given(
    outcomes=st.lists(st.booleans(), min_size=50, max_size=120),
    buy=st.floats(0.53, 0.70),
    sell=st.floats(0.30, 0.49),
    step=st.floats(0.001, 0.1),
)
def test_thresholds_stay_apart_and_within_their_bounds(
    outcomes: list[bool], buy: float, sell: float, step: float
) -> None:
    thresholds = Thresholds(OnlineEnsembleParameters(buy=buy, sell=sell, calibration_step=step, calibration_window=1))
    for won in outcomes:
        thresholds.record(1.0 if won else -1.0)
        thresholds.bar()
        assert 0.51 - 1e-9 <= thresholds.buy <= 0.70 + 1e-9
        assert 0.30 - 1e-9 <= thresholds.sell <= 0.49 + 1e-9
        assert thresholds.buy - thresholds.sell >= 0.04 - 1e-9
