"""The equity curve: one point for each minute of market time, and what is measured along it."""

from array import array
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sentio_tui.model.bars import Millis
from sentio_tui.model.snapshot import Curve


class EquityCurve:
    """Points (time, equity) in order of time. The newest point is open: it is restated until the next time begins.

    Peak, drawdowns and exposure are those of the points, so every viewer that has the points finds the same figures.
    Days are calendar days of `zone`.
    """

    __slots__ = (
        "_day_end",
        "_held_now",
        "_zone",
        "days",
        "drawdown",
        "equity",
        "held",
        "max_drawdown",
        "peak",
        "times",
    )

    def __init__(self, capital: float, zone: str) -> None:
        self.times = array("q")
        self.equity = array("d")
        self.peak = capital
        self.drawdown = 0.0
        """Of the last closed point, as a fraction of the peak, 0.0 or above."""
        self.max_drawdown = 0.0
        self.held = 0
        """Closed points with an open position."""
        self.days: list[tuple[date, float]] = []
        """Each exchange day with its last closed point's equity."""
        self._held_now = False
        self._zone = ZoneInfo(zone)
        self._day_end = 0

    def mark(self, at: Millis, equity: float, held: bool) -> None:
        """State the equity at a time, not before that of the newest point."""
        times = self.times
        if times and times[-1] >= at:
            self.equity[-1] = equity
        else:
            if times:
                self._close()
            times.append(at)
            self.equity.append(equity)
        self._held_now = held

    def _close(self) -> None:
        equity = self.equity[-1]
        if equity >= self.peak:
            self.peak = equity
            self.drawdown = 0.0
        else:
            self.drawdown = 1.0 - equity / self.peak
            if self.drawdown > self.max_drawdown:
                self.max_drawdown = self.drawdown
        if self._held_now:
            self.held += 1
        at = self.times[-1]
        if at >= self._day_end:
            day = datetime.fromtimestamp(at / 1000, self._zone).date()
            midnight = datetime.combine(day + timedelta(days=1), time(), self._zone)
            self._day_end = int(midnight.timestamp() * 1000)
            self.days.append((day, equity))
        else:
            self.days[-1] = (self.days[-1][0], equity)

    def now(self) -> tuple[float, float]:
        """Current and deepest drawdown with the open point taken in."""
        if not self.equity:
            return 0.0, 0.0
        equity = self.equity[-1]
        current = 0.0 if equity >= self.peak else 1.0 - equity / self.peak
        return current, max(current, self.max_drawdown)

    def daily(self) -> list[tuple[date, float]]:
        """Equity at the end of each exchange day, the open point taken in."""
        days = list(self.days)
        if self.times:
            day = datetime.fromtimestamp(self.times[-1] / 1000, self._zone).date()
            if days and days[-1][0] == day:
                days[-1] = (day, self.equity[-1])
            else:
                days.append((day, self.equity[-1]))
        return days

    @property
    def held_share(self) -> tuple[int, int]:
        """Points with an open position, and all points."""
        return self.held + (1 if self._held_now and self.times else 0), len(self.times)

    def thinned(self, buckets: int = 400) -> Curve:
        """At most `2 * buckets + 2` points: the lowest and highest of each stretch, in order, and both ends."""
        equity, times = self.equity, self.times
        count = len(times)
        if count <= 2 * buckets:
            chosen = list(range(count))
        else:
            chosen = [0]
            for bucket in range(buckets):
                start, stop = bucket * count // buckets, (bucket + 1) * count // buckets
                part = equity[start:stop]
                low, high = start + part.index(min(part)), start + part.index(max(part))
                chosen.extend(sorted({low, high}))
            chosen.append(count - 1)
            chosen = sorted(set(chosen))
        values = tuple(equity[index] for index in chosen)
        return Curve(tuple(times[index] for index in chosen), values, self._drawdowns(chosen))

    def _drawdowns(self, chosen: list[int]) -> tuple[float, ...]:
        """Drawdown at the chosen points against the peak of all points before them, as fractions, 0.0 or below.

        The highest of each stretch is among the chosen, so the running peak over them is that over all points up to
        the stretch before.
        """
        peak = max(self.equity[0], 0.0) if chosen else 0.0
        result = []
        for index in chosen:
            value = self.equity[index]
            peak = max(peak, value)
            result.append(value / peak - 1.0 if peak > 0.0 else 0.0)
        return tuple(result)
