"""Statistics of the last N values, updated in constant time.

Sums are kept as whole multiples of a power of two, in Python's unbounded integers: nothing rounds as values come and
go, so nothing drifts. Each figure is rounded once, when it is asked for; equal values have exactly their own mean and
a deviation of exactly zero.
"""

from collections import deque
from math import sqrt
from typing import Final

_SCALE: Final = 2.0**100
"""Keeps every bit of a value above 1e-14."""
_UNIT: Final = 2**100


class RollingMeans:
    """The means of the last `fast` and of the last `slow` values. Meaningless before `slow` values were pushed."""

    __slots__ = ("_fast", "_fast_divisor", "_fast_sum", "_slow_divisor", "_slow_sum", "_values")

    def __init__(self, fast: int, slow: int) -> None:
        """Raises ValueError where `fast` is below 1 or not below `slow`."""
        if not 1 <= fast < slow:
            raise ValueError(f"fast = {fast} must be from 1 to below slow = {slow}")
        self._fast = fast
        self._values = deque([0] * slow, maxlen=slow)
        self._fast_sum = 0
        self._slow_sum = 0
        self._fast_divisor = fast * _UNIT
        self._slow_divisor = slow * _UNIT

    def push(self, value: float) -> None:
        scaled = int(value * _SCALE)
        values = self._values
        self._fast_sum += scaled - values[-self._fast]
        self._slow_sum += scaled - values[0]
        values.append(scaled)

    def means(self) -> tuple[float, float]:
        """The fast mean and the slow one."""
        return self._fast_sum / self._fast_divisor, self._slow_sum / self._slow_divisor


class RollingMoments:
    """Mean and population standard deviation of the last `size` values. Meaningless before as many were pushed."""

    __slots__ = ("_divisor", "_size", "_square_divisor", "_squares", "_sum", "_values")

    def __init__(self, size: int) -> None:
        self._size = size
        self._values = deque([0] * size, maxlen=size)
        self._sum = 0
        self._squares = 0
        self._divisor = size * _UNIT
        self._square_divisor = float(self._divisor * self._divisor)

    def push(self, value: float) -> None:
        scaled = int(value * _SCALE)
        values = self._values
        oldest = values[0]
        change = scaled - oldest
        self._sum += change
        self._squares += change * (scaled + oldest)
        values.append(scaled)

    def moments(self) -> tuple[float, float]:
        """Mean and deviation."""
        return self._sum / self._divisor, self.deviation()

    def deviation(self) -> float:
        total = self._sum
        return sqrt(float(self._size * self._squares - total * total) / self._square_divisor)


class RollingExtremes:
    """Highest and lowest of the last `size` values, of all of them before as many were pushed.

    Each side is a queue of the values that may yet become the extreme, the present one in front.
    """

    __slots__ = ("_count", "_highs", "_lows", "_size")

    def __init__(self, size: int) -> None:
        self._size = size
        self._count = 0
        self._highs: deque[tuple[int, float]] = deque()
        self._lows: deque[tuple[int, float]] = deque()

    def push(self, value: float) -> None:
        count = self._count = self._count + 1
        entry = (count, value)
        expired = count - self._size
        highs = self._highs
        while highs and highs[-1][1] <= value:
            highs.pop()
        highs.append(entry)
        if highs[0][0] <= expired:
            highs.popleft()
        lows = self._lows
        while lows and lows[-1][1] >= value:
            lows.pop()
        lows.append(entry)
        if lows[0][0] <= expired:
            lows.popleft()

    def extremes(self) -> tuple[float, float]:
        """The lowest and the highest. Raises IndexError before the first value."""
        return self._lows[0][1], self._highs[0][1]
