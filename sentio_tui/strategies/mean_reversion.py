"""Mean reversion: bets on the return from an unusual price to the usual one."""

from collections.abc import Mapping
from math import sqrt
from typing import Annotated, ClassVar, Self

from msgspec import Meta

from sentio_tui.model.bars import Millis
from sentio_tui.model.decisions import Signal
from sentio_tui.strategies.base import Parameters
from sentio_tui.strategies.rolling import RollingMoments
from sentio_tui.strategies.window import LONG, NEUTRAL, SHORT, MaxGap, Window, WindowStrategy, expect


class MeanReversionParameters(Parameters, frozen=True):
    window_minutes: Window = 20
    deviations: Annotated[
        float,
        Meta(gt=0, le=100, description="distance of the bands from the mean, standard deviations; below √(window − 1)"),
    ] = 2.0
    max_gap_minutes: MaxGap = 30


class MeanReversion(WindowStrategy):
    """Bands at mean ± `deviations` population standard deviations of the window; long below, short above.

    The current close is part of the window. `distance` is from the close to the nearer band, as a fraction of the
    close, with the bands held where they are.
    """

    name: ClassVar[str] = "mean_reversion"
    summary: ClassVar[str] = "Buys far below the mean of the last minutes and sells far above it."
    parameters: ClassVar[type[Parameters]] = MeanReversionParameters
    presets: ClassVar[Mapping[str, Parameters]] = {
        "conservative": MeanReversionParameters(deviations=2.0),
        "balanced": MeanReversionParameters(deviations=1.8),
        "aggressive": MeanReversionParameters(deviations=1.5),
    }

    def __init__(self, symbol: str, parameters: MeanReversionParameters) -> None:
        self._size = parameters.window_minutes
        self._deviations = parameters.deviations
        trigger = (
            f"buy below mean − {self._deviations:g} sigma, sell above mean + {self._deviations:g} sigma "
            f"of {self._size} minutes"
        )
        super().__init__(symbol, self._size, parameters.max_gap_minutes, trigger)

    @classmethod
    def create(cls, symbol: str, parameters: Parameters) -> Self:
        """Raises ValueError where no close could ever be beyond the bands: of N values, none is further from their
        mean than √(N − 1) population standard deviations (Samuelson's inequality)."""
        own = expect(parameters, MeanReversionParameters)
        reach = sqrt(own.window_minutes - 1)
        if own.deviations >= reach:
            raise ValueError(
                f"deviations = {own.deviations:g} can never be passed with window_minutes = {own.window_minutes}: "
                f"choose deviations below {reach:.4g}, or window_minutes above {own.deviations**2 + 1:.6g}"
            )
        return cls(symbol, own)

    def _clear(self) -> None:
        self._moments = RollingMoments(self._size)
        self._push = self._moments.push

    def _signal(self, time: Millis, close: float) -> Signal:
        moments = self._moments
        moments.push(close)
        mean, sigma = moments.moments()
        width = self._deviations * sigma
        lower = mean - width
        upper = mean + width
        if close < lower:
            direction, distance = LONG, 0.0
        elif close > upper:
            direction, distance = SHORT, 0.0
        else:
            direction, distance = NEUTRAL, (close - lower if close < mean else upper - close) / close
        values = {"price": close, "mean": mean, "sigma": sigma, "lower": lower, "upper": upper}
        return Signal(self._symbol, time, direction, values, self._trigger, distance)
