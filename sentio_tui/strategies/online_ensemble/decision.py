"""From a predicted return to a probability, and the thresholds it is held against."""

from collections import deque
from collections.abc import Callable
from math import tanh
from typing import Final

from sentio_tui.strategies.online_ensemble.parameters import (
    MAX_BUY,
    MAX_SELL,
    MIN_BUY,
    MIN_SELL,
    SEPARATION,
    OnlineEnsembleParameters,
)

LOWEST: Final = 0.05
HIGHEST: Final = 0.95
"""A probability is never beyond these."""

_RESULTS = 500
_NARROW = 0.05
"""How far above its target the win rate is before the thresholds narrow."""
_FLAT = 1e-8
"""A band narrower than this share of the price says nothing."""


def clamp(p: float) -> float:
    return LOWEST if p < LOWEST else HIGHEST if p > HIGHEST else p


def base_probability(parameters: OnlineEnsembleParameters) -> Callable[[float], float]:
    """The function from a predicted return to the probability of a rise."""
    span, gain = parameters.probability_span, parameters.probability_gain

    def probability(prediction: float) -> float:
        return clamp(0.5 + span * tanh(gain * prediction))

    return probability


def band_position(close: float, mean: float, half_width: float) -> float:
    """Where the close is in the band, 0 at the lower edge and 1 at the upper; one half in a band without width."""
    if 2.0 * half_width < _FLAT * mean:
        return 0.5
    position = (close - mean + half_width) / (2.0 * half_width)
    return 0.0 if position < 0.0 else 1.0 if position > 1.0 else position


def amplifier(parameters: OnlineEnsembleParameters) -> Callable[[float, float], float]:
    """The function from base probability and band position to the amplified probability.

    Near the lower edge a probability above one half is raised, near the upper edge one below is lowered: by up to
    `amplification` across the zone, and by half as much again in the outer third of it.
    """
    size, zone = parameters.amplification, parameters.bollinger_proximity
    extra, outer = size / 2.0, zone / 3.0

    def amplify(base: float, position: float) -> float:
        if base > 0.5 and position <= zone:
            added = size * (1.0 - position / zone)
            return clamp(base + (added + extra if position < outer else added))
        if base < 0.5 and position >= 1.0 - zone:
            rest = 1.0 - position
            added = size * (1.0 - rest / zone)
            return clamp(base - (added + extra if rest < outer else added))
        return base

    return amplify


class Thresholds:
    """`buy` and `sell`, moved by the results of closed trades."""

    def __init__(self, parameters: OnlineEnsembleParameters) -> None:
        self.buy = parameters.buy
        self.sell = parameters.sell
        self._parameters = parameters
        self._wins: deque[bool] = deque(maxlen=_RESULTS)
        self._bars = 0

    def record(self, pnl: float) -> None:
        """A closed round trip. Neither gain nor loss is no win."""
        self._wins.append(pnl > 0.0)

    def bar(self) -> bool:
        """One bar of a model that predicts. Returns whether the thresholds moved."""
        self._bars += 1
        p = self._parameters
        if self._bars % p.calibration_window or not p.calibration or len(self._wins) < p.calibration_trades:
            return False
        rate = sum(self._wins) / len(self._wins)
        step = p.calibration_step
        if rate < p.calibration_target:
            buy, sell = self.buy + step, self.sell - step
        elif rate > p.calibration_target + _NARROW:
            buy, sell = self.buy - step, self.sell + step
        else:
            return False
        buy = min(max(buy, MIN_BUY), MAX_BUY)
        sell = min(max(sell, MIN_SELL), MAX_SELL)
        if buy - sell < SEPARATION:
            middle = (buy + sell) / 2.0
            buy, sell = middle + SEPARATION / 2.0, middle - SEPARATION / 2.0
        moved = (buy, sell) != (self.buy, self.sell)
        self.buy, self.sell = buy, sell
        return moved
