"""Breakout: goes with a price that leaves its range."""

from collections.abc import Mapping
from typing import Annotated, ClassVar, Self

from msgspec import Meta

from sentio_tui.model.bars import Millis
from sentio_tui.model.decisions import Signal
from sentio_tui.strategies.base import Parameters
from sentio_tui.strategies.rolling import RollingExtremes
from sentio_tui.strategies.window import (
    LONG,
    NEUTRAL,
    SHORT,
    MaxGap,
    Threshold,
    Window,
    WindowStrategy,
    expect,
    percent,
)


class BreakoutParameters(Parameters, frozen=True):
    window_minutes: Window = 20
    threshold: Annotated[Threshold, Meta(description="how far beyond the range it fires, fraction of price")] = 0.01
    max_gap_minutes: MaxGap = 30


class Breakout(WindowStrategy):
    """Long above the high · (1 + `threshold`), short below the low · (1 − `threshold`).

    High and low are those of the closes of the window without the current one, as in the original: N minutes hold
    N − 1 of them. `distance` is from the close to the nearer level, as a fraction of the close.
    """

    name: ClassVar[str] = "breakout"
    summary: ClassVar[str] = "Buys above the range of the last minutes and sells below it."
    parameters: ClassVar[type[Parameters]] = BreakoutParameters
    presets: ClassVar[Mapping[str, Parameters]] = {
        "conservative": BreakoutParameters(window_minutes=20, threshold=0.01),
        "balanced": BreakoutParameters(window_minutes=20, threshold=0.0075),
        "aggressive": BreakoutParameters(window_minutes=15, threshold=0.005),
    }

    def __init__(self, symbol: str, parameters: BreakoutParameters) -> None:
        self._size = parameters.window_minutes
        self._above = 1 + parameters.threshold
        self._below = 1 - parameters.threshold
        beyond = percent(parameters.threshold)
        trigger = f"buy above high +{beyond}, sell below low −{beyond} of {self._size} minutes"
        super().__init__(symbol, self._size, parameters.max_gap_minutes, trigger)

    @classmethod
    def create(cls, symbol: str, parameters: Parameters) -> Self:
        return cls(symbol, expect(parameters, BreakoutParameters))

    def _clear(self) -> None:
        self._range = RollingExtremes(self._size - 1)
        self._push = self._range.push

    def _signal(self, time: Millis, close: float) -> Signal:
        span = self._range
        low, high = span.extremes()
        span.push(close)
        upper = high * self._above
        lower = low * self._below
        if close > upper:
            direction, distance = LONG, 0.0
        elif close < lower:
            direction, distance = SHORT, 0.0
        else:
            direction = NEUTRAL
            rise = upper - close
            fall = close - lower
            distance = (rise if rise < fall else fall) / close
        values = {"price": close, "low": low, "high": high, "lower": lower, "upper": upper}
        return Signal(self._symbol, time, direction, values, self._trigger, distance)
