"""Volatility: goes with a move that comes out of a quiet market."""

from collections import deque
from collections.abc import Mapping
from typing import Annotated, ClassVar, Self

from msgspec import Meta

from sentio_tui.model.bars import Millis
from sentio_tui.model.decisions import Signal
from sentio_tui.strategies.base import Parameters
from sentio_tui.strategies.rolling import RollingMoments
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


class VolatilityParameters(Parameters, frozen=True):
    window_minutes: Annotated[Window, Meta(description="number of one-minute returns, minutes")] = 20
    threshold: Annotated[Threshold, Meta(description="volatility below which it acts, fraction per minute")] = 0.02
    move_minutes: Annotated[Window, Meta(description="window of the move, minutes")] = 5
    move_threshold: Annotated[Threshold, Meta(description="move that fires, fraction of price")] = 0.01
    max_gap_minutes: MaxGap = 30


class Volatility(WindowStrategy):
    """While the population standard deviation of the last simple one-minute returns is below `threshold`: long when
    close / first close of the last `move_minutes` − 1 is above `move_threshold`, short when below −`move_threshold`.

    The window of the move includes the current minute, so N minutes span N − 1 changes, as in the original.
    `distance` is the larger of two: the change of the close, as a fraction of it, that would make the move, and how
    far the volatility is above its threshold.
    """

    name: ClassVar[str] = "volatility"
    summary: ClassVar[str] = "While the market is quiet, buys a sudden rise and sells a sudden fall."
    parameters: ClassVar[type[Parameters]] = VolatilityParameters
    presets: ClassVar[Mapping[str, Parameters]] = {
        "conservative": VolatilityParameters(threshold=0.02),
        "balanced": VolatilityParameters(threshold=0.018),
        "aggressive": VolatilityParameters(threshold=0.015),
    }

    def __init__(self, symbol: str, parameters: VolatilityParameters) -> None:
        self._size = parameters.window_minutes
        self._threshold = parameters.threshold
        self._move_size = parameters.move_minutes
        self._move_threshold = parameters.move_threshold
        move = percent(parameters.move_threshold)
        trigger = (
            f"with volatility below {percent(parameters.threshold)}: "
            f"buy above +{move}, sell below −{move} in {self._move_size} minutes"
        )
        super().__init__(symbol, max(self._size + 1, self._move_size), parameters.max_gap_minutes, trigger)

    @classmethod
    def create(cls, symbol: str, parameters: Parameters) -> Self:
        return cls(symbol, expect(parameters, VolatilityParameters))

    def _clear(self) -> None:
        self._returns = RollingMoments(self._size)
        self._push_return = self._returns.push
        self._closes: deque[float] = deque(maxlen=self._move_size)
        self._push = self._take

    def _take(self, close: float) -> None:
        closes = self._closes
        if closes:
            self._push_return(close / closes[-1] - 1)
        closes.append(close)

    def _signal(self, time: Millis, close: float) -> Signal:
        closes, returns = self._closes, self._returns
        returns.push(close / closes[-1] - 1)
        closes.append(close)
        volatility = returns.deviation()
        threshold = self._threshold
        move = close / closes[0] - 1
        fires = self._move_threshold
        if volatility < threshold and move > fires:
            direction, distance = LONG, 0.0
        elif volatility < threshold and move < -fires:
            direction, distance = SHORT, 0.0
        else:
            direction = NEUTRAL
            distance = (fires - abs(move)) / (1 + move)
            excess = volatility - threshold
            if excess > distance:
                distance = excess
        values = {
            "price": close,
            "volatility": volatility,
            "threshold": threshold,
            "move": move,
            "move_threshold": fires,
        }
        return Signal(self._symbol, time, direction, values, self._trigger, distance)
