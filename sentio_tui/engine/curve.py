"""The equity curve: one point for each minute of market time, and what is measured along it."""

from datetime import date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from sentio_tui.model.bars import MINUTE, Millis
from sentio_tui.model.snapshot import Curve

_BEFORE_ALL: Final[Millis] = -(2**63)


class EquityCurve:
    """Points (time, equity) in order of time. The newest point is open: it is restated until the next time begins.

    Peak, drawdowns and exposure are those of the points, so every viewer that has the points finds the same figures.
    Days are calendar days of `zone`.
    """

    __slots__ = (
        "_day",
        "_day_close",
        "_day_end",
        "_held_now",
        "_newest",
        "_open",
        "_zone",
        "days",
        "equity",
        "held",
        "max_drawdown",
        "peak",
        "times",
    )

    def __init__(self, capital: float, zone: str) -> None:
        self.times: list[Millis] = []
        self.equity: list[float] = []
        self.peak = capital
        self.max_drawdown = 0.0
        self.held = 0
        """Closed points with an open position."""
        self.days: list[tuple[date, float]] = []
        """The exchange days that are over, each with the equity at its end."""
        self._newest: Millis = _BEFORE_ALL
        self._open = capital
        self._held_now = False
        self._zone = ZoneInfo(zone)
        self._day: date | None = None
        self._day_close = capital
        self._day_end = 0

    def mark(self, at: Millis, equity: float, held: bool) -> None:
        """State the equity at a time, not before that of the newest point. What a live market brings within a minute
        belongs to the point at which the minute began."""
        at -= at % MINUTE
        newest = self._newest
        if newest >= at:
            self.equity[-1] = self._open = equity
            self._held_now = held
            return
        closed = self._open
        peak = self.peak
        if closed >= peak:
            self.peak = closed
        else:
            drawdown = 1.0 - closed / peak
            if drawdown > self.max_drawdown:
                self.max_drawdown = drawdown
        if self._held_now:
            self.held += 1
        if newest >= self._day_end:
            self._begin_day(newest)
        self._day_close = closed
        self._newest = at
        self._open = equity
        self._held_now = held
        self.times.append(at)
        self.equity.append(equity)

    def _begin_day(self, at: Millis) -> None:
        if self._day is not None:
            self.days.append((self._day, self._day_close))
        self._day = datetime.fromtimestamp(at / 1000, self._zone).date()
        midnight = datetime.combine(self._day + timedelta(days=1), time(), self._zone)
        self._day_end = int(midnight.timestamp() * 1000)

    def reopen(self) -> None:
        """Give the newest point its own equity again, where the lists come from a curve that has gone on."""
        if self.equity:
            self.equity[-1] = self._open

    def now(self) -> tuple[float, float]:
        """Current and deepest drawdown with the open point taken in."""
        if not self.equity:
            return 0.0, 0.0
        equity = self.equity[-1]
        current = 0.0 if equity >= self.peak else 1.0 - equity / self.peak
        return current, max(current, self.max_drawdown)

    @property
    def days_over(self) -> int:
        """How many exchange days had ended when the newest point came."""
        return len(self.days) + (self._day is not None and self._newest >= self._day_end)

    def daily(self) -> list[tuple[date, float]]:
        """Equity at the end of each exchange day, the open point taken in."""
        days = list(self.days)
        if self._day is not None:
            days.append((self._day, self._day_close))
        if self.times:
            day = datetime.fromtimestamp(self.times[-1] / 1000, self._zone).date()
            if days and days[-1][0] == day:
                days.pop()
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
