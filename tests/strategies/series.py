"""Bars for the tests of strategies, and the batch formulas the strategies are held against."""

import csv
import random
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from sentio_tui.model.bars import MINUTE, Bar
from sentio_tui.model.decisions import Direction, Signal
from sentio_tui.strategies import registry
from sentio_tui.strategies.base import Strategy

DATA = Path(__file__).parents[2].parent / "shared" / "data"
NAMES = tuple(name for name in registry.BUILT_IN if name != "online_ensemble")
"""The five over a window of closes; the ensemble has tests of its own."""
SYMBOL = "BTC-USD"

Array = NDArray[np.float64]


def bar(minute: int, close: float) -> Bar:
    return Bar(SYMBOL, minute * MINUTE, close, close, close, close, 1.0)


def bars(closes: Iterable[float], start: int = 1_000) -> list[Bar]:
    """One bar a minute, without gaps."""
    return [bar(start + i, close) for i, close in enumerate(closes)]


def strategy(name: str, preset: str = "conservative", /, **overrides: float) -> Strategy:
    return registry.build(name, preset, overrides, SYMBOL)


def run(instance: Strategy, series: Iterable[Bar]) -> list[Signal]:
    return [instance.on_bar(item) for item in series]


def directions(signals: Iterable[Signal]) -> set[Direction]:
    return {signal.direction for signal in signals if signal.direction is not Direction.NEUTRAL}


def random_walk(count: int, seed: int = 1, sigma: float = 0.004) -> list[float]:
    """Closes in cents, so that equal ones occur."""
    rng, price, out = random.Random(seed), 1_000.0, []
    for _ in range(count):
        price *= 1 + rng.gauss(0, sigma * (5 if rng.random() < 0.02 else 1))
        out.append(round(price, 2))
    return out


def recorded(file: str) -> list[Bar]:
    path = DATA / file
    if not path.exists():
        pytest.skip(f"real bars are not here: {path}")
    with path.open() as lines:
        rows = list(csv.DictReader(lines))
    return [bar(int(datetime.fromisoformat(row["timestamp"]).timestamp()) // 60, float(row["close"])) for row in rows]


def batch(name: str, closes: Sequence[float], p: Mapping[str, float]) -> dict[str, Array]:
    """Section 7.2 of the facts in whole arrays: the figures of every minute, NaN before there are enough.

    `edge` is how far the figures are beyond the trigger: positive buys, negative sells, NaN is neither.
    """
    prices = np.array(closes)
    out: dict[str, Array]
    if name == "momentum":
        n = int(p["window_minutes"])
        momentum = prices / padded(prices[: 1 - n], n - 1) - 1
        out = {"momentum": momentum, "edge": beyond(momentum, p["threshold"], -p["threshold"])}
    elif name == "mean_reversion":
        n = int(p["window_minutes"])
        windows = sliding_window_view(prices, n)
        mean, sigma = padded(windows.mean(axis=1), n - 1), padded(windows.std(axis=1), n - 1)
        lower, upper = mean - p["deviations"] * sigma, mean + p["deviations"] * sigma
        edge = -beyond(prices, upper, lower)
        out = {"mean": mean, "sigma": sigma, "lower": lower, "upper": upper, "edge": edge}
    elif name == "breakout":
        n = int(p["window_minutes"])
        before = sliding_window_view(prices[:-1], n - 1)
        high, low = padded(before.max(axis=1), n - 1), padded(before.min(axis=1), n - 1)
        edge = beyond(prices, high * (1 + p["threshold"]), low * (1 - p["threshold"]))
        out = {"high": high, "low": low, "edge": edge}
    elif name == "ma_crossover":
        f, s = int(p["fast_minutes"]), int(p["slow_minutes"])
        fast = padded(sliding_window_view(prices, f).mean(axis=1), f - 1)
        slow = padded(sliding_window_view(prices, s).mean(axis=1), s - 1)
        gap = fast - slow
        gap[np.abs(gap) < 1e-12 * slow] = 0.0
        before = padded(gap[:-1], 1)
        before[: s + 1] = np.nan
        edge = np.where((before <= 0) & (gap > 0), gap, np.where((before >= 0) & (gap < 0), gap, np.nan))
        out = {"fast": fast, "slow": slow, "edge": edge}
    else:
        n, m = int(p["window_minutes"]), int(p["move_minutes"])
        returns = prices[1:] / prices[:-1] - 1
        volatility = padded(sliding_window_view(returns, n).std(axis=1), n)
        move = prices / padded(prices[: 1 - m], m - 1) - 1
        edge = beyond(move, p["move_threshold"], -p["move_threshold"])
        edge[~(volatility < p["threshold"])] = np.nan
        out = {"volatility": volatility, "move": move, "edge": edge}
    return out


def padded(values: Array, missing: int) -> Array:
    return np.concatenate([np.full(missing, np.nan), values])


def beyond(values: Array, upper: Array | float, lower: Array | float) -> Array:
    """How far above the upper or (negative) below the lower level; NaN in between."""
    edge = np.where(values > upper, values - upper, np.where(values < lower, values - lower, np.nan))
    edge[np.abs(edge) < 1e-9] = np.nan
    return edge
