"""What charts need of a session's curve and bars, thinned as it grows, so that a year is no larger than a day.

Time is cut into stretches of one length. Where there are more than a chart can show, the length doubles and
neighbours are put together; nothing that stuck out is lost by it.
"""

from typing import Final, NamedTuple

from sentio_tui.engine.curve import EquityCurve
from sentio_tui.model.bars import MINUTE, Bar, Millis
from sentio_tui.web.pieces import Candles, Curve

STRETCHES: Final = 1_000
"""Of a curve at the most: about the pixels a chart has."""

CANDLES: Final = 6_000
"""Of all symbols together at the most."""

FEWEST: Final = 120
"""Candles a symbol may have however many symbols there are."""


class Mark(NamedTuple):
    """How much of a chart a page has: rows that stay as they are while the thinning is that of `epoch`, and how many
    bars or points are in all of it."""

    epoch: int
    rows: int
    taken: int


NOTHING: Final = Mark(-1, 0, 0)


class _Point(NamedTuple):
    time: Millis
    equity: float
    drawdown: float


class _Stretch:
    """The points of a stretch that stick out: the lowest, the highest, the deepest under the peak."""

    __slots__ = ("deep", "high", "low", "start")

    def __init__(self, start: Millis, point: _Point) -> None:
        self.start = start
        self.low = self.high = self.deep = point

    def take(self, point: _Point) -> None:
        if point.equity < self.low.equity:
            self.low = point
        if point.equity > self.high.equity:
            self.high = point
        if point.drawdown < self.deep.drawdown:
            self.deep = point

    def join(self, later: "_Stretch") -> None:
        for point in (later.low, later.high, later.deep):
            self.take(point)

    def points(self) -> list[_Point]:
        return sorted({self.low, self.high, self.deep})


class CurveChart:
    """The equity curve of a session, followed from its first point on."""

    def __init__(self, capital: float, stretches: int = STRETCHES) -> None:
        self._most = stretches
        self._length: Millis = MINUTE
        self._peak = capital
        self._taken = 0
        self._stretches: list[_Stretch] = []
        """All but the last one are as they will stay, until they are put together with a neighbour."""
        self._rows: list[_Point] = []
        """Of these."""
        self._newest: _Point | None = None
        self._epoch = 0

    def follow(self, curve: EquityCurve) -> None:
        """Take in what has come since the last call. The newest point may still be restated."""
        times, equity = curve.times, curve.equity
        last = len(times) - 1
        for index in range(self._taken, last):
            self._take(self._point(times[index], equity[index]))
            self._peak = max(self._peak, equity[index])
        self._taken = max(last, 0)
        self._newest = self._point(times[last], equity[last]) if last >= 0 else None

    def mark(self) -> Mark:
        return Mark(self._epoch, len(self._rows), self._taken)

    def since(self, mark: Mark) -> Curve:
        """What a page is to put behind, or in the place of, the rows it has."""
        since = mark.rows if mark.epoch == self._epoch else 0
        rows = self._rows[since:]
        tail = self._stretches[-1].points() if self._stretches else []
        newest = [self._newest] if self._newest is not None else []
        points = [*rows, *tail, *newest]
        return Curve(
            since,
            [point.time for point in points],
            [point.equity for point in points],
            [point.drawdown for point in points],
        )

    def _point(self, time: Millis, equity: float) -> _Point:
        peak = max(self._peak, equity)
        return _Point(time, equity, equity / peak - 1.0 if peak > 0.0 else 0.0)

    def _take(self, point: _Point) -> None:
        start = point.time - point.time % self._length
        stretches = self._stretches
        if stretches and start == stretches[-1].start:
            stretches[-1].take(point)
            return
        if stretches:
            self._rows += stretches[-1].points()
        stretches.append(_Stretch(start, point))
        if len(stretches) > self._most:
            self._thin()

    def _thin(self) -> None:
        """Let stretches be twice as long until there are few enough."""
        while len(self._stretches) > self._most:
            self._length *= 2
            joined: list[_Stretch] = []
            for stretch in self._stretches:
                stretch.start -= stretch.start % self._length
                if joined and joined[-1].start == stretch.start:
                    joined[-1].join(stretch)
                else:
                    joined.append(stretch)
            self._stretches = joined
        self._rows = [point for stretch in self._stretches[:-1] for point in stretch.points()]
        self._epoch += 1


class _Candle(NamedTuple):
    time: Millis
    open: float
    high: float
    low: float
    close: float

    def joined(self, later: "_Candle") -> "_Candle":
        return _Candle(self.time, self.open, max(self.high, later.high), min(self.low, later.low), later.close)


class PriceChart:
    """The bars of one symbol, put together where there are too many."""

    def __init__(self, symbols: int = 1) -> None:
        """`symbols`: how many share the room there is."""
        self._most = max(FEWEST, min(STRETCHES, CANDLES // max(symbols, 1)))
        self._length: Millis = MINUTE
        self._candles: list[_Candle] = []
        self._epoch = 0
        self.count = 0
        """Bars taken."""

    def take(self, bar: Bar) -> None:
        """The next bar, not before the one before."""
        self.count += 1
        candles = self._candles
        start = bar.time - bar.time % self._length
        candle = _Candle(start, bar.open, bar.high, bar.low, bar.close)
        if candles and start <= candles[-1].time:
            candles[-1] = candles[-1].joined(candle)
            return
        candles.append(candle)
        if len(candles) > self._most:
            self._thin()

    def mark(self) -> Mark:
        return Mark(self._epoch, max(len(self._candles) - 1, 0), self.count)

    def since(self, mark: Mark) -> Candles:
        """What a page is to put behind, or in the place of, the rows it has."""
        since = mark.rows if mark.epoch == self._epoch else 0
        candles = self._candles[since:]
        return Candles(
            since,
            self._length // MINUTE,
            [candle.time for candle in candles],
            [candle.open for candle in candles],
            [candle.high for candle in candles],
            [candle.low for candle in candles],
            [candle.close for candle in candles],
        )

    def _thin(self) -> None:
        while len(self._candles) > self._most:
            self._length *= 2
            joined: list[_Candle] = []
            for candle in self._candles:
                start = candle.time - candle.time % self._length
                if joined and joined[-1].time == start:
                    joined[-1] = joined[-1].joined(candle)
                else:
                    joined.append(candle._replace(time=start))
            self._candles = joined
        self._epoch += 1
