"""The minutes of a feed as they are known by now: what came twice, in disorder or corrected ends in the same bars."""

from collections.abc import Iterable, Mapping
from enum import Enum, IntEnum
from typing import Final

from sentio_tui.model.bars import MINUTE, Bar, Millis

KEPT: Final = 1_440
"""Minutes of each symbol that are remembered. What comes for an older one is of no use to anybody."""

_SLACK: Final = 60
"""How many more may be there before the oldest are dropped, so that not every bar costs a look at all of them."""


class Source(IntEnum):
    """Where a bar comes from. A higher one knows more of a minute than a lower one."""

    STREAM = 1
    HISTORY = 2
    UPDATE = 3
    """The stream's own correction, half a minute after the bar."""


class Taken(Enum):
    NEW = "new"
    CHANGED = "changed"
    """The minute was known with other figures."""
    KNOWN = "known"


class BarStore:
    """Bars by symbol and minute, of the newest minutes of each symbol."""

    def __init__(self, horizons: Mapping[str, Millis]) -> None:
        """`horizons` has all symbols: bars up to that time are somebody's already, and not looked at."""
        self._horizons = dict(horizons)
        self._bars: dict[str, dict[Millis, tuple[Bar, Source]]] = {symbol: {} for symbol in horizons}
        self._newest: dict[str, Millis] = {}

    def take(self, bar: Bar, source: Source) -> Taken:
        """Keep a bar unless better is known of its minute."""
        symbol, time = bar.symbol, bar.time
        if time <= self._horizons[symbol]:
            return Taken.KNOWN
        bars = self._bars[symbol]
        known = bars.get(time)
        if known is None:
            bars[time] = bar, source
            self._newest[symbol] = max(time, self._newest.get(symbol, time))
            if len(bars) > KEPT + _SLACK:
                self._drop_oldest(symbol)
            return Taken.NEW
        before, rank = known
        if source < rank:
            return Taken.KNOWN
        bars[time] = bar, source
        return Taken.KNOWN if _figures(bar) == _figures(before) else Taken.CHANGED

    def newest(self, symbol: str) -> Millis | None:
        """The time of the newest bar; None before the first."""
        return self._newest.get(symbol)

    def bars(self, symbol: str) -> list[Bar]:
        """What is kept of a symbol, in order of time."""
        return [bar for _, (bar, _) in sorted(self._bars[symbol].items())]

    def _drop_oldest(self, symbol: str) -> None:
        bars = self._bars[symbol]
        oldest = sorted(bars)[: len(bars) - KEPT]
        for time in oldest:
            del bars[time]
        self._horizons[symbol] = oldest[-1]


def _figures(bar: Bar) -> tuple[float, float, float, float, float]:
    return bar.open, bar.high, bar.low, bar.close, bar.volume


def in_order(bars: Iterable[Bar], symbols: Iterable[str]) -> list[Bar]:
    """By time; within a minute as the symbols are listed."""
    places = {symbol: place for place, symbol in enumerate(symbols)}
    return sorted(bars, key=lambda bar: (bar.time, places[bar.symbol]))


def whole_minute(at: Millis) -> Millis:
    return at - at % MINUTE
