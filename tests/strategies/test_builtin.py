"""The five strategies against their formulas, on series made to measure and on real ones."""

from collections.abc import Sequence

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sentio_tui.model.decisions import Direction
from sentio_tui.strategies import registry
from sentio_tui.strategies.window import percent
from tests.strategies.series import (
    NAMES,
    SYMBOL,
    bar,
    bars,
    batch,
    directions,
    random_walk,
    recorded,
    run,
    strategy,
)

PRESETS = registry.PRESETS
BOTH = {Direction.LONG, Direction.SHORT}

LOOKBACK = {
    ("momentum", "conservative"): 10,
    ("momentum", "aggressive"): 8,
    ("mean_reversion", "conservative"): 20,
    ("breakout", "conservative"): 20,
    ("breakout", "aggressive"): 15,
    ("ma_crossover", "conservative"): 32,
    ("ma_crossover", "balanced"): 27,
    ("volatility", "conservative"): 21,
}


def parameters(name: str, preset: str, overrides: dict[str, float] | None = None) -> dict[str, float]:
    values: dict[str, float] = msgspec.structs.asdict(registry.effective(name, preset, overrides or {}))
    return values


def assert_as_batch(
    name: str, preset: str, closes: Sequence[float], overrides: dict[str, float] | None = None
) -> set[Direction]:
    """Every signal is the batch formula's; returns the directions that occurred."""
    instance = registry.build(name, preset, overrides or {}, SYMBOL)
    signals = run(instance, bars(closes))
    figures = batch(name, closes, parameters(name, preset, overrides))
    edge = figures.pop("edge")
    for i, signal in enumerate(signals):
        assert signal.missing == max(0, instance.lookback - 1 - i)
        if signal.missing:
            assert signal.direction is Direction.NEUTRAL
            assert signal.distance is None
            continue
        expected = Direction.NEUTRAL if np.isnan(edge[i]) else Direction.LONG if edge[i] > 0 else Direction.SHORT
        assert signal.direction is expected, (i, signal)
        for key, series in figures.items():
            assert signal.values[key] == pytest.approx(series[i], rel=1e-9, abs=1e-9), (i, key)
        assert signal.values["price"] == closes[i]
        assert signal.distance is not None
        assert signal.distance == 0.0 if expected is not Direction.NEUTRAL else signal.distance >= 0.0
    return directions(signals)


@pytest.mark.parametrize("preset", PRESETS)
@pytest.mark.parametrize("name", NAMES)
def test_signals_are_those_of_the_batch_formula(name: str, preset: str) -> None:
    assert assert_as_batch(name, preset, random_walk(4_000)) == BOTH


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("seed", [5, 6])
def test_signals_are_those_of_the_batch_formula_with_overrides(name: str, seed: int) -> None:
    overrides: dict[str, dict[str, float]] = {
        "momentum": {"window_minutes": 2, "threshold": 0.003},
        "mean_reversion": {"window_minutes": 300, "deviations": 1},
        "breakout": {"window_minutes": 2, "threshold": 0.001},
        "ma_crossover": {"fast_minutes": 1, "slow_minutes": 2},
        "volatility": {"window_minutes": 3, "move_minutes": 60, "threshold": 0.004, "move_threshold": 0.002},
    }
    assert assert_as_batch(name, "balanced", random_walk(1_500, seed), overrides[name]) == BOTH


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("file", ["BTC-USD_1min_2018-04-04_2018-04-05.csv", "SPY_1min_2013-10-04_2013-10-10.csv"])
def test_signals_on_real_closes_are_those_of_the_batch_formula(name: str, file: str) -> None:
    """The closes of real bars, taken as consecutive minutes; their gaps are the business of test_gaps."""
    assert_as_batch(name, "aggressive", [item.close for item in recorded(file)])


def test_original_momentum_compares_with_the_element_n_from_the_end() -> None:
    """By hand: of ten closes the first is the reference, nine minutes back."""
    signals = run(strategy("momentum"), bars([100.0, *[90.0] * 8, 103.0]))
    assert signals[-1].values["reference"] == 100.0
    assert signals[-1].values["momentum"] == pytest.approx(0.03)
    assert signals[-1].direction is Direction.LONG


def crafted(name: str, values: dict[str, float]) -> list[float]:
    """Closes on which these parameters must buy, and then sell."""
    window = int(values.get("window_minutes", 0))
    if name in ("momentum", "breakout"):
        jump = 1 + values["threshold"] * 1.01
        fall = 1 - values["threshold"] * 1.001
        return [*[100.0] * window, 100.0 * jump, *[100.0] * (window + 1), 100.0 * fall]
    if name == "mean_reversion":
        return [*[100.0] * window, 90.0, *[100.0] * (window + 1), 110.0]
    if name == "ma_crossover":
        slow = int(values["slow_minutes"])
        return [*[100.0] * (slow + 2), *[110.0] * slow, *[90.0] * slow]
    steps = int(values["move_minutes"]) - 1
    length = int(max(window + 1, steps + 1))
    up = (1 + values["move_threshold"] * 1.01) ** (1 / steps)
    down = (1 - values["move_threshold"] * 1.001) ** (1 / steps)
    rise = [100.0 * up**i for i in range(length)]
    return [*rise, *[rise[-1]] * length, *[rise[-1] * down**i for i in range(1, length + 1)]]


@pytest.mark.parametrize("preset", PRESETS)
@pytest.mark.parametrize("name", NAMES)
def test_t45_each_strategy_buys_and_sells_on_a_crafted_series(name: str, preset: str) -> None:
    closes = crafted(name, parameters(name, preset))
    assert directions(run(strategy(name, preset), bars(closes))) == BOTH


window = st.integers(2, 60)
threshold = st.floats(min_value=1e-5, max_value=0.95)
LEGAL: dict[str, st.SearchStrategy[dict[str, float]]] = {
    "momentum": st.fixed_dictionaries({"window_minutes": window, "threshold": threshold}),
    "mean_reversion": st.tuples(window, st.floats(min_value=0.01, max_value=0.9999)).map(
        lambda pair: {"window_minutes": pair[0], "deviations": pair[1] * (pair[0] - 1) ** 0.5}
    ),
    "breakout": st.fixed_dictionaries({"window_minutes": window, "threshold": threshold}),
    "ma_crossover": st.tuples(st.integers(1, 60), st.integers(1, 60)).map(
        lambda pair: {"fast_minutes": pair[0], "slow_minutes": pair[0] + pair[1]}
    ),
    "volatility": st.fixed_dictionaries(
        {"window_minutes": window, "threshold": threshold, "move_minutes": window, "move_threshold": threshold}
    ),
}


@pytest.mark.parametrize("name", NAMES)
@settings(deadline=None)
@given(data=st.data())
def test_t47_any_legal_override_can_signal(name: str, data: st.DataObject) -> None:
    values = data.draw(LEGAL[name])
    signals = run(strategy(name, **values), bars(crafted(name, values)))
    assert directions(signals) == BOTH


@pytest.mark.parametrize("name", NAMES)
def test_t47_the_widest_window_still_signals(name: str) -> None:
    overrides = {"slow_minutes": 10_080} if name == "ma_crossover" else {"window_minutes": 10_080}
    values = parameters(name, "conservative", {**overrides})
    instance = strategy(name, **overrides)
    assert instance.lookback >= 10_080
    assert directions(run(instance, bars(crafted(name, values)))) == BOTH


@pytest.mark.parametrize(("key", "lookback"), LOOKBACK.items())
def test_t47_the_lookback_follows_from_the_parameters(key: tuple[str, str], lookback: int) -> None:
    assert strategy(*key).lookback == lookback
    override = "slow_minutes" if key[0] == "ma_crossover" else "window_minutes"
    assert strategy(*key, **{override: 100}).lookback > 99


@pytest.mark.parametrize("name", NAMES)
def test_t46_parameters_are_in_time_and_every_warm_signal_knows_its_distance(name: str) -> None:
    rows = registry.describe(registry.find(name))
    counts = [row for row in rows if row.type == "int"]
    assert counts
    assert all(row.name.endswith("_minutes") and "minutes" in row.description for row in counts)
    instance = strategy(name)
    for signal in run(instance, bars(random_walk(200, sigma=0.0001)))[instance.lookback :]:
        assert signal.trigger.startswith(("buy", "with"))
        assert signal.distance is not None
        assert (signal.distance == 0.0) == (signal.direction is not Direction.NEUTRAL)


@pytest.mark.parametrize("name", ["momentum", "breakout"])
@settings(deadline=None)
@given(seed=st.integers(0, 1_000))
def test_t46_the_distance_is_the_move_that_would_fire(name: str, seed: int) -> None:
    closes = random_walk(25, seed)
    last = run(strategy(name), bars(closes))[-1]
    if last.direction is not Direction.NEUTRAL or not last.distance:
        return

    def fires(move: float) -> bool:
        moved = [*closes[:-1], closes[-1] * (1 + move)]
        return run(strategy(name), bars(moved))[-1].direction is not Direction.NEUTRAL

    assert fires(last.distance + 1e-9) or fires(-last.distance - 1e-9)
    assert not fires(last.distance - 1e-9)
    assert not fires(-last.distance + 1e-9)


@pytest.mark.parametrize("name", NAMES)
def test_t19_a_constant_price_never_fires(name: str) -> None:
    """Also after a wild stretch has left the window, where a drifting mean would part from the price."""
    for constant in (0.1, 7_424.91, 1.1e-6):
        closes = [*[price * constant for price in random_walk(500, 3, 0.05)], *[constant] * 200]
        signals = run(strategy(name), bars(closes))[-150:]
        assert directions(signals) == set()
        last = signals[-1].values
        for key in ("mean", "fast", "slow", "high", "low", "reference"):
            assert last.get(key, constant) == constant
        for key in ("sigma", "volatility", "momentum", "move"):
            assert last.get(key, 0.0) == 0.0


@pytest.mark.parametrize("name", NAMES)
def test_the_same_bars_give_the_same_signals_to_the_byte(name: str) -> None:
    series = bars(random_walk(500))
    first, second = strategy(name), strategy(name)
    other = strategy(name)
    once, twice = [], []
    for item in series:
        once.append(first.on_bar(item))
        other.on_bar(bar(item.time // 60_000, item.close * 2))
        twice.append(second.on_bar(item))
    assert msgspec.json.encode(once) == msgspec.json.encode(twice)


@pytest.mark.parametrize("name", NAMES)
def test_warm_signals_have_the_same_values_in_the_same_order(name: str) -> None:
    instance = strategy(name)
    signals = run(instance, bars(random_walk(300)))
    assert len({tuple(signal.values) for signal in signals if not signal.missing}) == 1
    assert next(iter(signals[-1].values)) == "price"
    assert {signal.symbol for signal in signals} == {SYMBOL}


@pytest.mark.parametrize(
    ("name", "overrides", "named"),
    [
        ("ma_crossover", {"fast_minutes": 30}, ("fast_minutes", "slow_minutes")),
        ("ma_crossover", {"slow_minutes": 5}, ("fast_minutes", "slow_minutes")),
        ("mean_reversion", {"window_minutes": 5}, ("deviations", "window_minutes")),
        ("mean_reversion", {"deviations": 5}, ("deviations", "window_minutes")),
    ],
)
def test_contradicting_parameters_are_refused_by_name(
    name: str, overrides: dict[str, float], named: tuple[str, str]
) -> None:
    cls = registry.find(name)
    with pytest.raises(ValueError, match="=") as caught:
        cls.create(SYMBOL, registry.effective(name, "conservative", overrides))
    assert all(part in str(caught.value) for part in named)


def test_the_parameters_of_another_strategy_are_refused() -> None:
    with pytest.raises(TypeError, match="MomentumParameters"):
        registry.find("momentum").create(SYMBOL, registry.effective("breakout", "conservative", {}))


@pytest.mark.parametrize(
    ("fraction", "text"),
    [(0.02, "2.00 %"), (0.0075, "0.75 %"), (0.005, "0.50 %"), (0.00005, "0.005 %"), (0.012345, "1.2345 %")],
)
def test_percent_shows_two_decimals_or_as_many_as_there_are(fraction: float, text: str) -> None:
    assert percent(fraction) == text


def test_triggers_speak_of_the_parameters_in_force() -> None:
    assert strategy("momentum").on_bar(bar(0, 1.0)).trigger == "buy above +2.00 %, sell below −2.00 % in 10 minutes"
    assert "35-minute" in strategy("ma_crossover", slow_minutes=35).on_bar(bar(0, 1.0)).trigger


def test_averages_that_are_equal_in_decimals_do_not_cross() -> None:
    """167.84 + 167.33 = 167.60 + 167.57, so the averages touch; as binary fractions the fast one falls below."""
    instance = strategy("ma_crossover", fast_minutes=2, slow_minutes=4)
    *_, above, touching = run(instance, bars([165.17, 165.17, 165.17, 165.17, 167.84, 167.33, 167.6, 167.57]))
    assert above.values["fast"] > above.values["slow"]
    assert -1e-13 < touching.values["fast"] - touching.values["slow"] < 0
    assert touching.direction is Direction.NEUTRAL
