"""Momentum: goes with a move that is large enough."""

from collections import deque
from collections.abc import Mapping
from typing import Annotated, ClassVar, Self

from msgspec import Meta

from sentio_tui.model.bars import Millis
from sentio_tui.model.decisions import Signal
from sentio_tui.strategies.base import Parameters
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


class MomentumParameters(Parameters, frozen=True):
    window_minutes: Window = 10
    threshold: Annotated[Threshold, Meta(description="move over the window that fires, fraction of price")] = 0.02
    max_gap_minutes: MaxGap = 30


class Momentum(WindowStrategy):
    """momentum = close / first close of the window − 1; long above `threshold`, short below −`threshold`.

    The window includes the current minute, so N minutes span N − 1 changes, as in the original (whose samples came
    about every ten seconds). `distance` is the change of the close, as a fraction of it, that would fire now.
    """

    name: ClassVar[str] = "momentum"
    summary: ClassVar[str] = "Buys a rise and sells a fall over the last minutes that is large enough."
    parameters: ClassVar[type[Parameters]] = MomentumParameters
    presets: ClassVar[Mapping[str, Parameters]] = {
        "conservative": MomentumParameters(window_minutes=10, threshold=0.02),
        "balanced": MomentumParameters(window_minutes=10, threshold=0.015),
        "aggressive": MomentumParameters(window_minutes=8, threshold=0.01),
    }

    def __init__(self, symbol: str, parameters: MomentumParameters) -> None:
        self._size = parameters.window_minutes
        self._threshold = parameters.threshold
        move = percent(parameters.threshold)
        trigger = f"buy above +{move}, sell below −{move} in {self._size} minutes"
        super().__init__(symbol, self._size, parameters.max_gap_minutes, trigger)

    @classmethod
    def create(cls, symbol: str, parameters: Parameters) -> Self:
        return cls(symbol, expect(parameters, MomentumParameters))

    def _clear(self) -> None:
        self._closes: deque[float] = deque(maxlen=self._size)
        self._push = self._closes.append

    def _signal(self, time: Millis, close: float) -> Signal:
        closes = self._closes
        closes.append(close)
        reference = closes[0]
        threshold = self._threshold
        momentum = close / reference - 1
        if momentum > threshold:
            direction, distance = LONG, 0.0
        elif momentum < -threshold:
            direction, distance = SHORT, 0.0
        else:
            direction, distance = NEUTRAL, (threshold - abs(momentum)) / (1 + momentum)
        values = {"price": close, "reference": reference, "momentum": momentum, "threshold": threshold}
        return Signal(self._symbol, time, direction, values, self._trigger, distance)
