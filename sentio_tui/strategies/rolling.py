"""Statistics of the last N values, updated in constant time.

Sums are kept as whole multiples of a power of two, in Python's unbounded integers: nothing rounds as values come and
go, so nothing drifts. Each figure is rounded once, when it is asked for; equal values have exactly their own mean and
a deviation of exactly zero.
"""

from collections import deque
from math import frexp, inf, sqrt
from typing import Final

_SCALE: Final = 2.0**100
"""Keeps every bit of a value above 1e-14."""
_UNIT: Final = 2**100
_PER_UNIT: Final = 2.0**-100

_HEADROOM: Final = 3
"""Powers of two a value may be below the first one until the unit must be made finer."""
_SMALLEST: Final = -900
"""The power of two below which bits are lost: the scale of the smallest unit must be a float."""


class RollingMeans:
    """The means of the last `fast` and of the last `slow` values. Meaningless before `slow` values were pushed.

    Its unit is no finer than the values need: small integers are fast. `_totals` holds the sum of all values so far
    as it was after each of the last, so that the sum of any stretch is one subtraction.
    """

    __slots__ = ("_before_fast", "_exponent", "_fast", "_least", "_scale", "_slow", "_totals", "_unit")

    def __init__(self, fast: int, slow: int) -> None:
        """Raises ValueError where `fast` is below 1 or not below `slow`."""
        if not 1 <= fast < slow:
            raise ValueError(f"fast = {fast} must be from 1 to below slow = {slow}")
        self._fast = fast
        self._slow = slow
        self._totals = deque([0] * (slow + 1), maxlen=slow + 1)
        self._before_fast = -1 - fast
        """Where the sum before the fast window is."""
        self._exponent = 1024
        self._least = inf
        """Two to the power of `_exponent`. Values from here on are whole multiples of `_unit`, a power of two."""
        self._scale = 0.0
        self._unit = 0.0

    def push(self, value: float) -> tuple[float, float]:
        """Take a value in. Returns the fast mean and the slow one."""
        if value < self._least:
            self._refine(abs(value))
        totals = self._totals
        total = totals[-1] + int(value * self._scale)
        totals.append(total)
        unit = self._unit
        # The divisions round; to multiply by a power of two does not.
        return (total - totals[self._before_fast]) / self._fast * unit, (total - totals[0]) / self._slow * unit

    def means(self) -> tuple[float, float]:
        """The fast mean and the slow one."""
        totals, unit = self._totals, self._unit
        total = totals[-1]
        return (total - totals[self._before_fast]) / self._fast * unit, (total - totals[0]) / self._slow * unit

    def _refine(self, size: float) -> None:
        """Make the unit fine enough for every bit of a value of this size, and convert the sums to it."""
        exponent = max(frexp(size)[1] - 1, _SMALLEST)
        if not size or exponent >= self._exponent:
            return
        exponent = max(exponent - _HEADROOM, _SMALLEST)
        shift = self._exponent - exponent
        self._totals = deque((total << shift for total in self._totals), maxlen=self._slow + 1)
        self._exponent = exponent
        self._least = 2.0**exponent
        self._unit = 2.0 ** (exponent - 52)
        self._scale = 2.0 ** (52 - exponent)


class RollingMoments:
    """Mean and population standard deviation of the last `size` values. Meaningless before as many were pushed."""

    __slots__ = ("_size", "_square_divisor", "_squares", "_sum", "_values")

    def __init__(self, size: int) -> None:
        self._size = size
        self._values = deque([0] * size, maxlen=size)
        self._sum = 0
        self._squares = 0
        self._square_divisor = float((size * _UNIT) ** 2)

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
        total, size = self._sum, self._size
        deviation = sqrt(float(size * self._squares - total * total) / self._square_divisor)
        # The division rounds; to multiply by a power of two does not.
        return total / size * _PER_UNIT, deviation

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
