"""What the built-in strategies share: a window over the last minutes of closes."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Annotated, Final, TypeVar

from msgspec import Meta

from sentio_tui.model.bars import MINUTE, Bar, Millis
from sentio_tui.model.decisions import Direction, Signal
from sentio_tui.strategies.base import Parameters

# An enum member read off its class costs half as much as building the signal.
LONG: Final = Direction.LONG
SHORT: Final = Direction.SHORT
NEUTRAL: Final = Direction.NEUTRAL

WEEK_MINUTES: Final = 7 * 24 * 60

Window = Annotated[int, Meta(ge=2, le=WEEK_MINUTES, description="window, minutes")]
Threshold = Annotated[float, Meta(gt=0, lt=1)]
MaxGap = Annotated[
    int,
    Meta(
        ge=0,
        le=WEEK_MINUTES,
        description="longest gap that is bridged, minutes; a longer one starts the window anew; 0 bridges all",
    ),
]

P = TypeVar("P", bound=Parameters)


def expect(parameters: Parameters, kind: type[P]) -> P:
    """The parameters as the strategy's own kind. Raises TypeError where they are another strategy's."""
    if not isinstance(parameters, kind):
        raise TypeError(f"expected {kind.__name__}, got {type(parameters).__name__}")
    return parameters


def percent(fraction: float) -> str:
    """A parameter in words: two decimals, or more where it has more."""
    value = fraction * 100
    text = f"{value:.2f}"
    return f"{text if abs(float(text) - value) < 1e-9 else f'{value:.6g}'} %"


class WindowStrategy(ABC):
    """A strategy over the closes of the last minutes, the current one included.

    A window counts minutes, not bars: a minute without a bar has the last close before it. More than
    `max_gap_minutes` missing ones in a row empty the window, and the strategy warms up again.
    """

    _push: Callable[[float], object]
    """Takes in the close of the next minute."""

    def __init__(self, symbol: str, lookback: int, max_gap_minutes: int, trigger: str) -> None:
        self._symbol = symbol
        self._lookback = lookback
        self._max_gap = max_gap_minutes
        self._trigger = trigger
        self._seen = 0
        """Minutes since the window was last empty."""
        self._due: Millis = 0
        """The minute after the newest bar."""
        self._close = 0.0
        self._clear()

    @property
    def lookback(self) -> int:
        return self._lookback

    def on_bar(self, bar: Bar) -> Signal:
        time = bar.time
        close = bar.close
        if time != self._due:
            self._bridge(time)
        self._due = time + MINUTE
        self._close = close
        seen = self._seen = self._seen + 1
        if seen < self._lookback:
            self._push(close)
            return self._warming_up(time, close, self._lookback - seen)
        return self._signal(time, close)

    def _bridge(self, time: Millis) -> None:
        missing = (time - self._due) // MINUTE
        if self._seen == 0 or missing <= 0:
            return
        if 0 < self._max_gap < missing:
            self._clear()
            self._seen = 0
            return
        for _ in range(min(missing, self._lookback)):
            self._push(self._close)
        self._seen += missing

    def _warming_up(self, time: Millis, close: float, missing: int) -> Signal:
        return Signal(self._symbol, time, NEUTRAL, {"price": close}, self._trigger, missing=missing)

    @abstractmethod
    def _clear(self) -> None:
        """Begin with an empty window, and set `_push` to what fills it."""

    @abstractmethod
    def _signal(self, time: Millis, close: float) -> Signal:
        """Take in the close that fills the window, and say what the window then means."""
