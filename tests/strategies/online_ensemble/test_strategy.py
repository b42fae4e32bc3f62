"""The strategy as the engine sees it: hours, warm-up, signals, faults, parameters, copies."""

import copy
from collections.abc import Callable
from datetime import datetime

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sentio_tui.model.bars import MINUTE, Bar
from sentio_tui.model.decisions import Direction, Signal
from sentio_tui.strategies import registry
from sentio_tui.strategies.base import LearnsFromTrades
from sentio_tui.strategies.online_ensemble import OnlineEnsemble, OnlineEnsembleParameters
from sentio_tui.strategies.online_ensemble.schema import NAMES
from tests.strategies.online_ensemble.market import (
    MIDNIGHT,
    SYMBOL,
    around_the_clock,
    bars_of,
    ensemble,
    recorded,
    run,
    session_minutes,
    trading_days,
    walk,
)

VALUES = (
    "price",
    "prediction",
    "confidence",
    "base_probability",
    "bb_amp",
    "bb_position",
    "prob_1",
    "prob_5",
    "prob_10",
    "buy",
    "sell",
    "volatility",
)


def still(count: int, start: int = MIDNIGHT) -> list[Bar]:
    return [Bar(SYMBOL, start + i * MINUTE, 100.0, 100.0, 100.0, 100.0, 10.0) for i in range(count)]


def test_it_is_found_by_name_with_its_presets() -> None:
    assert registry.find("online_ensemble") is OnlineEnsemble
    assert tuple(OnlineEnsemble.presets) == registry.PRESETS
    conservative, balanced, aggressive = (
        registry.effective("online_ensemble", preset, {}) for preset in registry.PRESETS
    )
    assert isinstance(conservative, OnlineEnsembleParameters)
    assert isinstance(balanced, OnlineEnsembleParameters)
    assert isinstance(aggressive, OnlineEnsembleParameters)
    assert conservative == OnlineEnsembleParameters()
    assert (conservative.buy, conservative.sell, conservative.amplification) == (0.55, 0.45, 0.10)
    assert (balanced.buy, balanced.sell, balanced.amplification) == (0.53, 0.47, 0.10)
    assert (aggressive.buy, aggressive.sell, aggressive.amplification) == (0.52, 0.48, 0.15)
    assert conservative.weights == (0.3, 0.5, 0.2)
    built = registry.build("online_ensemble", "balanced", {"warm_up_bars": 100}, SYMBOL)
    assert built.lookback == 100
    assert isinstance(built, LearnsFromTrades)


@pytest.mark.parametrize(
    ("overrides", "parts"),
    [
        ({"weight_1": 0.4}, ["weight_1 + weight_5 + weight_10 = 0.4 + 0.5 + 0.2 = 1.1", "must be 1"]),
        ({"weight_1": 0.3 + 2e-9}, ["must be 1"]),
        ({"buy": 0.52, "sell": 0.49}, ["buy = 0.52", "0.04", "sell = 0.49"]),
        ({"forgetting": 0.985}, ["forgetting = 0.985", "forgetting_min = 0.99", "adaptive_forgetting"]),
        ({"exchange": "XNYZ"}, ["unknown exchange 'XNYZ'", "XNYS"]),
        ({"forgetting": 0.5}, ["forgetting = 0.5", "from 0.9 to 1"]),
        ({"buy": 0.8}, ["buy = 0.8", "from 0.51 to 0.7"]),
        ({"horizon": 3}, ["unknown parameter 'horizon'"]),
    ],
)
def test_contradictions_are_named(overrides: dict[str, float], parts: list[str]) -> None:
    with pytest.raises(registry.StrategyError) as caught:
        registry.build("online_ensemble", "conservative", overrides, SYMBOL)
    assert all(part in str(caught.value) for part in parts), str(caught.value)


def test_every_contradiction_is_named_at_once() -> None:
    with pytest.raises(ValueError, match=r"must be 1; buy = 0\.51 .*; forgetting = 0\.98 "):
        ensemble(weight_5=0.6, buy=0.51, sell=0.48, forgetting=0.98)


def test_weights_may_miss_one_by_rounding() -> None:
    assert ensemble(weight_1=0.1 + 0.2, weight_5=0.5, weight_10=0.2).lookback == 100


def test_t12_warming_up_is_a_state_that_counts_down_and_learns() -> None:
    bars = trading_days(4)
    strategy = OnlineEnsemble.create(SYMBOL, OnlineEnsembleParameters())
    assert strategy.lookback == 960
    signals = run(strategy, bars)
    for i, signal in enumerate(signals):
        assert signal.missing == max(0, 960 - 1 - i)
        assert (signal.probability is None) == (i < 959)
        if i < 959:
            assert signal.direction is Direction.NEUTRAL
            assert signal.distance is None
            assert "probability" not in "".join(signal.values)
    assert signals[0].values == {"price": bars[0].close, "bars": 1.0, "updates_1": 0, "updates_5": 0, "updates_10": 0}
    assert signals[500].values["updates_1"] == 499.0
    assert signals[500].values["updates_10"] == 481.0
    assert len({signal.probability for signal in signals[959:]}) > 500, "it predicts"


@settings(deadline=None, max_examples=25)
@given(bars=st.integers(1, 60), updates=st.integers(1, 60), period=st.integers(2, 60))
def test_t12_the_lookback_is_what_the_parameters_need(bars: int, updates: int, period: int) -> None:
    strategy = ensemble(warm_up_bars=bars, warm_up_updates=updates, bollinger_period=period)
    signals = run(strategy, around_the_clock(130))
    assert [signal.missing for signal in signals] == [max(0, strategy.lookback - 1 - i) for i in range(130)]
    assert strategy.lookback == max(bars, updates + 10, period)


def test_t12_labels_that_a_break_takes_are_waited_for() -> None:
    """Days of twenty minutes: of each, a ten-minute horizon learns ten labels, and with the next day's first bar the
    five whose minute is at most five after the last. Counted in bars, that is more than the lookback."""
    times = [MIDNIGHT + day * 86_400_000 + i * MINUTE for day in range(4) for i in range(20)]
    strategy = ensemble(warm_up_bars=1, warm_up_updates=20, bollinger_period=2)
    signals = run(strategy, bars_of(times, walk(80, 1)))
    assert strategy.lookback == 30
    assert next(i for i, signal in enumerate(signals) if signal.missing == 0) == 34
    assert strategy.updates == {1: 3 * 20 + 19, 5: 3 * 20 + 15, 10: 3 * 15 + 10}


def test_a_signal_has_its_values_in_their_order() -> None:
    signals = run(ensemble(), around_the_clock(400))[100:]
    for signal in signals:
        values = signal.values
        assert tuple(values) == VALUES
        p, buy, sell = signal.probability, values["buy"], values["sell"]
        assert p is not None
        assert p == pytest.approx(values["base_probability"] + values["bb_amp"])
        expected = Direction.LONG if p > buy else Direction.SHORT if p < sell else Direction.NEUTRAL
        assert signal.direction is expected
        near = 0.0 if expected is not Direction.NEUTRAL else min(buy - p, p - sell)
        assert signal.distance == pytest.approx(near)
        assert 0 < values["confidence"] <= 1
        assert signal.trigger == "long above a probability of 0.550, short below 0.450"
    assert {signal.direction for signal in signals} == set(Direction)


def test_the_prediction_is_the_weighted_mean_of_the_horizons() -> None:
    signal = run(ensemble(), around_the_clock(300))[-1]
    predictions = [np.arctanh((signal.values[f"prob_{h}"] - 0.5) / 0.4) / 50 for h in (1, 5, 10)]
    assert signal.values["prediction"] == pytest.approx(np.dot(predictions, [0.3, 0.5, 0.2]), rel=1e-6)


def test_t21_the_horizons_probabilities_differ() -> None:
    for signal in run(ensemble(), around_the_clock(400))[100:]:
        assert len({signal.values[f"prob_{horizon}"] for horizon in (1, 5, 10)}) == 3


def test_bars_outside_the_session_are_not_learned_from_and_change_nothing() -> None:
    bars = recorded()
    strategy, other = ensemble(exchange="XNYS"), ensemble(exchange="XNYS")
    signals = [(bar, strategy.on_bar(bar)) for bar in bars]
    inside = [(bar, signal) for bar, signal in signals if "outside_hours" not in signal.values]
    assert len(inside) == 5 * 390
    assert strategy.updates == {h: 5 * (390 - h) for h in (1, 5, 10)}
    assert [other.on_bar(bar) for bar, _ in inside] == [signal for _, signal in inside]
    for bar, signal in signals:
        if "outside_hours" in signal.values:
            assert signal.direction is Direction.NEUTRAL
            assert signal.values == {"price": bar.close, "outside_hours": 1.0}
            assert signal.trigger == "outside the hours of XNYS"
            assert signal.probability is None
    early = next(signal for bar, signal in signals if bar.time > bars[0].time)
    assert early.missing == strategy.lookback, "nothing was learned before the open"


def test_hours_are_the_exchange_s_on_half_days_and_after_the_clock_changed() -> None:
    """9 March 2024 was in winter time, the 11th in summer time; 3 July ended at 13:00."""

    def taken(times: list[str]) -> list[bool]:
        strategy = ensemble(exchange="XNYS")
        stamps = [int(datetime.fromisoformat(time).timestamp()) * 1000 for time in times]
        return ["outside_hours" not in strategy.on_bar(bar).values for bar in bars_of(stamps, [100.0] * len(times))]

    assert taken(["2024-03-08T14:29+00:00", "2024-03-08T14:30+00:00", "2024-03-08T20:59+00:00"]) == [False, True, True]
    assert taken(["2024-03-11T13:29+00:00", "2024-03-11T13:30+00:00", "2024-03-11T20:00+00:00"]) == [False, True, False]
    assert taken(["2024-07-03T16:59+00:00", "2024-07-03T17:00+00:00", "2024-07-05T13:30+00:00"]) == [True, False, True]


def test_t04_a_model_that_says_the_same_for_20_bars_is_at_fault() -> None:
    strategy = ensemble()
    signals = run(strategy, still(118))
    assert signals[-1].probability == 0.5
    assert strategy.fault == ""
    run(strategy, still(1, MIDNIGHT + 118 * MINUTE))
    assert strategy.fault == "the model is not predicting"
    run(strategy, around_the_clock(60, start=MIDNIGHT + 119 * MINUTE))
    assert strategy.fault == ""


def test_t04_a_model_that_predicts_is_not_at_fault() -> None:
    strategy = ensemble(exchange="XNYS")
    for bar in recorded():
        strategy.on_bar(bar)
        assert strategy.fault == ""


def test_a_prediction_that_is_not_finite_is_a_fault_and_no_signal() -> None:
    strategy = ensemble()
    bars = around_the_clock(202)
    run(strategy, bars[:200])
    strategy.model._memory[0, :] = np.inf
    signal = strategy.on_bar(bars[200])
    assert strategy.fault == "the prediction is not finite"
    assert (signal.direction, signal.probability, signal.trigger) == (Direction.NEUTRAL, None, strategy.fault)


def test_t18_closed_trades_reach_the_thresholds() -> None:
    strategy = ensemble(buy=0.54, sell=0.46)
    bars = around_the_clock(700)
    signals = run(strategy, bars[:150])
    for _ in range(50):
        strategy.on_trade(-1.0)
    signals += run(strategy, bars[150:])
    # Ready with the 100th bar: that one is the first of the two hundred.
    assert [signal.values["buy"] for signal in (signals[297], signals[298], signals[498])] == [0.54, 0.545, 0.55]
    assert strategy.thresholds == pytest.approx((0.555, 0.445))
    assert signals[297].trigger == "long above a probability of 0.540, short below 0.460"
    assert signals[298].trigger == "long above a probability of 0.545, short below 0.455"


def test_t05_thresholds_decide() -> None:
    bars = around_the_clock(500)
    wide, narrow = (
        [signal.direction for signal in run(ensemble(**values), bars)]
        for values in ({"buy": 0.70, "sell": 0.30}, {"buy": 0.52, "sell": 0.48})
    )
    assert sum(each is not Direction.NEUTRAL for each in wide) < sum(each is not Direction.NEUTRAL for each in narrow)


def last(**overrides: float | int | str | bool) -> Signal:
    return run(ensemble(**overrides), trading_days(2, 3))[-1]


LOOKING: dict[str, Callable[[OnlineEnsemble], object]] = {
    "forgetting": lambda s: s.model.forgetting,
    "initial_variance": lambda s: s.model.variances[0],
    "regularisation": lambda s: s.model.regularisation,
    "buy": lambda s: s.thresholds[0],
    "sell": lambda s: s.thresholds[1],
    "warm_up_bars": lambda s: s.lookback,
    "warm_up_updates": lambda s: s.lookback,
}
OTHER: dict[str, float | int | str | bool] = {
    "forgetting": 0.993,
    "adaptive_forgetting": False,
    "forgetting_min": 0.994,
    "forgetting_max": 0.9955,
    "initial_variance": 10.0,
    "variance_limit": 1.0,
    "regularisation": 0.5,
    "warm_up_bars": 300,
    "warm_up_updates": 500,
    "probability_span": 0.3,
    "probability_gain": 80.0,
    "buy": 0.56,
    "sell": 0.44,
    "bollinger_period": 40,
    "bollinger_deviations": 3.0,
    "bollinger_proximity": 0.45,
    "amplification": 0.0,
    "exchange": "XNYS",
}
CALIBRATION = {"calibration", "calibration_window", "calibration_target", "calibration_step", "calibration_trades"}
"""What test_t17_t18 in test_decision looks at."""


def behaviour(**overrides: float | int | str | bool) -> list[Signal]:
    """On a market that is wild for a while, so that λ goes to both its bounds, and then calm."""
    times = [time for day in session_minutes(2) for time in day]
    closes = walk(390, 5, sigma=5e-3) + walk(390, 6, sigma=5e-4)
    return run(ensemble(**overrides), bars_of(times, closes))


@pytest.fixture(scope="module")
def usual() -> list[Signal]:
    return behaviour()


@pytest.mark.parametrize("name", OTHER)
def test_t17_every_parameter_is_really_used(usual: list[Signal], name: str) -> None:
    assert behaviour(**{name: OTHER[name]}) != usual
    if name in LOOKING:
        fresh = LOOKING[name](ensemble(**{name: OTHER[name]}))
        assert fresh != LOOKING[name](ensemble())
        if name in ("forgetting", "initial_variance", "regularisation", "buy", "sell", "warm_up_bars"):
            assert fresh == OTHER[name]


def test_t17_weights_are_used(usual: list[Signal]) -> None:
    assert behaviour(weight_1=0.5, weight_5=0.3) != usual
    assert behaviour(weight_5=0.2, weight_10=0.5) != usual


def test_t17_no_parameter_is_forgotten_here() -> None:
    fields = {field.name for field in msgspec.structs.fields(OnlineEnsembleParameters)}
    assert fields == set(OTHER) | CALIBRATION | {"weight_1", "weight_5", "weight_10"}


def test_an_amplification_of_zero_is_off() -> None:
    signals = run(ensemble(amplification=0.0), around_the_clock(400))[100:]
    assert {signal.values["bb_amp"] for signal in signals} == {0.0}
    assert {signal.values["bb_amp"] for signal in run(ensemble(), around_the_clock(400))[100:]} != {0.0}


def test_the_band_is_that_of_the_period_and_the_deviations() -> None:
    bars = around_the_clock(300)
    signal = run(ensemble(bollinger_period=37, bollinger_deviations=1.5), bars)[-1]
    closes = np.array([bar.close for bar in bars[-37:]])
    lower = closes.mean() - 1.5 * closes.std()
    expected = np.clip((closes[-1] - lower) / (3.0 * closes.std()), 0, 1)
    assert signal.values["bb_position"] == pytest.approx(expected, rel=1e-9)


def test_the_same_bars_give_the_same_signals() -> None:
    bars = trading_days(3)
    one, other = ensemble(exchange="XNYS"), ensemble(exchange="XNYS")
    assert run(one, bars) == run(other, bars)
    assert np.array_equal(one.model.covariance, other.model.covariance)
    assert np.array_equal(one.model.coefficients, other.model.coefficients)


@settings(deadline=None, max_examples=15)
@given(at=st.integers(1, 799))
def test_t36_a_copy_goes_on_from_the_same_learned_state_by_itself(at: int) -> None:
    bars = trading_days(3)[:800]
    strategy = ensemble(exchange="XNYS")
    run(strategy, bars[:at])
    twin = copy.deepcopy(strategy)
    learned = twin.model.covariance
    rest = run(strategy, bars[at:])
    assert np.array_equal(twin.model.covariance, learned)
    assert run(twin, bars[at:]) == rest


def test_features_rank_by_coefficient_and_certainty() -> None:
    strategy = ensemble()
    assert {value for _, value in strategy.feature_importance()} == {0.0}
    run(strategy, around_the_clock(400))
    rows = strategy.feature_importance()
    assert sorted(name for name, _ in rows) == sorted(NAMES)
    assert [value for _, value in rows] == sorted((value for _, value in rows), reverse=True)
    assert rows[0][1] == 1.0
    theta = np.abs(strategy.model.coefficients)
    expected = np.average(theta, axis=0, weights=[0.3, 0.5, 0.2]) / (1 + np.sqrt(np.diag(strategy.model.covariance)))
    np.testing.assert_allclose([dict(rows)[name] for name in NAMES], expected / expected.max(), rtol=1e-9)


def test_the_model_report_holds_the_features_that_count_and_what_the_learner_is_at() -> None:
    strategy = ensemble()
    assert strategy.model_report().importance == {}
    run(strategy, around_the_clock(400))
    report = strategy.model_report()
    assert list(report.importance.items()) == [row for row in strategy.feature_importance() if row[1] > 0.0]
    assert report.values["forgetting"] == strategy.model.forgetting
    assert [report.values[f"updates_{horizon}"] for horizon in (1, 5, 10)] == [399.0, 395.0, 390.0]
