"""Quantities and prices that come in steps: whole shares, fractions of a coin, ticks."""

from functools import lru_cache
from math import ceil, floor
from typing import Final

_NOISE: Final = 1e-6
"""What the arithmetic of a few floats may be off by, in steps."""
_NOISE_OF_SUMS: Final = 1e-3
"""The same for the sum of many: a ledger's holding, given back as the quantity of an order."""
_RELATIVE: Final = 1e-13


class Steps:
    """The multiples of one step, counted in whole numbers so that adding and subtracting them is exact."""

    __slots__ = ("_per_one", "step")

    def __init__(self, step: float) -> None:
        if not 0.0 < step < float("inf"):
            raise ValueError(f"a step must be a positive number, not {step!r}")
        self.step = step
        inverse = round(1.0 / step)
        # 3 / 10 is the float nearest to 0.3, 3 * 0.1 is not.
        self._per_one = inverse if inverse >= 1 and abs(inverse * step - 1.0) < 1e-12 else 0

    def value(self, count: int) -> float:
        """The quantity or price of `count` steps: the float nearest to it."""
        return count / self._per_one if self._per_one else count * self.step

    def nearest(self, value: float) -> int:
        return round(self._ratio(value))

    def down(self, value: float) -> int:
        """The number of whole steps in `value`. What is a rounding error below a whole step counts as whole."""
        ratio = value * self._per_one if self._per_one else value / self.step
        return floor(ratio + _NOISE + abs(ratio) * _RELATIVE)

    def up(self, value: float) -> int:
        """The fewest steps that reach `value`, but for a rounding error."""
        ratio = value * self._per_one if self._per_one else value / self.step
        return ceil(ratio - _NOISE - abs(ratio) * _RELATIVE)

    def count(self, value: float) -> int | None:
        """The number of steps `value` is; None when it is no multiple.

        A thousandth of a step is taken for the rounding error of a sum.
        """
        ratio = self._ratio(value)
        nearest = round(ratio)
        return nearest if abs(ratio - nearest) <= _NOISE_OF_SUMS + abs(ratio) * _RELATIVE else None

    def _ratio(self, value: float) -> float:
        return value * self._per_one if self._per_one else value / self.step


@lru_cache(maxsize=256)
def steps_of(step: float) -> Steps:
    """The steps of a size. Raises ValueError when the size is not a positive number."""
    return Steps(step)
