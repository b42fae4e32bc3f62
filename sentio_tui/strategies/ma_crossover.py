"""Moving-average crossover: goes with the turn of a trend."""

from collections.abc import Mapping
from typing import Annotated, ClassVar, Final, Self

from msgspec import Meta

from sentio_tui.model.bars import Millis
from sentio_tui.model.decisions import Signal
from sentio_tui.strategies.base import Parameters
from sentio_tui.strategies.rolling import RollingMeans
from sentio_tui.strategies.window import LONG, NEUTRAL, SHORT, WEEK_MINUTES, MaxGap, WindowStrategy, expect


class MovingAverageCrossoverParameters(Parameters, frozen=True):
    fast_minutes: Annotated[int, Meta(ge=1, le=WEEK_MINUTES, description="window of the fast average, minutes")] = 10
    slow_minutes: Annotated[int, Meta(ge=2, le=WEEK_MINUTES, description="window of the slow average, minutes")] = 30
    max_gap_minutes: MaxGap = 30


_EQUAL: Final = 1e-12
"""Averages closer than this fraction are equal: prices are decimals, which binary fractions only come near."""


class MovingAverageCrossover(WindowStrategy):
    """Long when the fast average has come from at or below the slow one to above it since the last bar, short the
    other way round.

    It waits for one bar more than the two pairs of averages need, as the original did. `distance` is the gap between
    the averages as a fraction of the close; it is not the move of the price that would close the gap.
    """

    name: ClassVar[str] = "ma_crossover"
    summary: ClassVar[str] = "Buys when the fast average of the price crosses above the slow one, sells when below."
    parameters: ClassVar[type[Parameters]] = MovingAverageCrossoverParameters
    presets: ClassVar[Mapping[str, Parameters]] = {
        "conservative": MovingAverageCrossoverParameters(fast_minutes=10, slow_minutes=30),
        "balanced": MovingAverageCrossoverParameters(fast_minutes=9, slow_minutes=25),
        "aggressive": MovingAverageCrossoverParameters(fast_minutes=8, slow_minutes=21),
    }

    _previous: float | None
    """Fast less slow after the bar before (not the minute: averages also cross while minutes are missing). None while
    they were incomplete."""

    def __init__(self, symbol: str, parameters: MovingAverageCrossoverParameters) -> None:
        self._fast_minutes = parameters.fast_minutes
        self._slow_minutes = parameters.slow_minutes
        trigger = (
            f"buy when the {self._fast_minutes}-minute average crosses above the {self._slow_minutes}-minute one, "
            "sell when below"
        )
        super().__init__(symbol, self._slow_minutes + 2, parameters.max_gap_minutes, trigger)

    @classmethod
    def create(cls, symbol: str, parameters: Parameters) -> Self:
        """Raises ValueError where the fast window is not shorter than the slow one."""
        own = expect(parameters, MovingAverageCrossoverParameters)
        if own.fast_minutes >= own.slow_minutes:
            raise ValueError(f"fast_minutes = {own.fast_minutes} must be below slow_minutes = {own.slow_minutes}")
        return cls(symbol, own)

    def _clear(self) -> None:
        self._averages = RollingMeans(self._fast_minutes, self._slow_minutes)
        self._push = self._averages.push
        self._previous = None

    def _warming_up(self, time: Millis, close: float, missing: int) -> Signal:
        if self._seen >= self._slow_minutes:
            fast, slow = self._averages.means()
            gap = fast - slow
            self._previous = 0.0 if -_EQUAL < gap / slow < _EQUAL else gap
        return super()._warming_up(time, close, missing)

    def _signal(self, time: Millis, close: float) -> Signal:
        fast, slow = self._averages.push(close)
        previous = self._previous
        if previous is None:
            # Missing minutes completed the averages since the bar before: there is nothing to compare with yet.
            return self._warming_up(time, close, 1)
        gap = fast - slow
        if -_EQUAL < gap / slow < _EQUAL:
            gap = 0.0
        self._previous = gap
        if previous <= 0.0 < gap:
            direction, distance = LONG, 0.0
        elif gap < 0.0 <= previous:
            direction, distance = SHORT, 0.0
        else:
            direction, distance = NEUTRAL, (gap if gap >= 0.0 else -gap) / close
        values = {"price": close, "fast": fast, "slow": slow}
        return Signal(self._symbol, time, direction, values, self._trigger, distance)
