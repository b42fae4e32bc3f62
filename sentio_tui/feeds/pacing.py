"""Playing a feed of history at a speed: the wall clock follows the bars' own time, without drift."""

from collections.abc import Awaitable, Callable
from typing import Final

from sentio_tui.model.bars import MINUTE, Millis

LONGEST_GAP: Final = 120 * MINUTE
DUE: Final = 1e-6
"""Seconds before its time at which a moment counts as due: less than any clock can wait."""
SLICE: Final = 0.1
"""Seconds of one sleep at the most, so that a change of speed is felt at once."""


class Pacer:
    """Waits until a moment of market time is due.

    A moment `at` is due `(at - first) / 1000 / speed` seconds after the anchor, the wall time of the first call. The
    anchor is absolute: being late once does not make the next one late. `speed` is market time over wall time, 0 never
    waits. `wall` gives seconds of a clock that never goes back, `sleep` pauses for seconds. A gap of more than
    `skip_gaps_over` milliseconds of market time, such as a night, is jumped. Raises ValueError for a negative speed.
    """

    def __init__(
        self,
        speed: float,
        wall: Callable[[], float],
        sleep: Callable[[float], Awaitable[None]],
        skip_gaps_over: Millis = LONGEST_GAP,
    ) -> None:
        self._speed = _checked(speed)
        self._wall = wall
        self._sleep = sleep
        self._skip_gaps_over = skip_gaps_over
        self._anchor: float | None = None
        self._first: float = 0.0
        self._asked: Millis = 0

    @property
    def speed(self) -> float:
        return self._speed

    async def wait_for(self, at: Millis) -> None:
        """Returns when `at` is due; at once when it is overdue, the first asked for, or after a gap that is jumped."""
        while (early := self._early(at)) > DUE:
            await self._sleep(min(early, SLICE))

    def is_due(self, at: Millis) -> bool:
        """Whether `wait_for` would return at once."""
        return self._early(at) <= DUE

    def _early(self, at: Millis) -> float:
        """Seconds until `at` is due, 0 or below once it is."""
        if self._anchor is None or at - self._asked > self._skip_gaps_over:
            self._anchor, self._first = self._wall(), at
        self._asked = at
        if not self._speed:
            return 0.0
        return self._anchor + (at - self._first) / 1000.0 / self._speed - self._wall()

    def set_speed(self, speed: float) -> None:
        """Goes on from the market time it is now at another speed; a wait under way takes it up."""
        _checked(speed)
        if self._anchor is not None:
            now = self._wall()
            self._first = self._market_time(now)
            self._anchor = now
        self._speed = speed

    def market_time(self) -> float | None:
        """The market time it is now in milliseconds, never beyond the moment last asked for; None before the first."""
        return None if self._anchor is None else self._market_time(self._wall())

    def _market_time(self, now: float) -> float:
        if self._anchor is None or not self._speed:
            return float(self._asked)
        return min(self._first + (now - self._anchor) * 1000.0 * self._speed, float(self._asked))


def _checked(speed: float) -> float:
    if not speed >= 0.0:
        raise ValueError(f"speed {speed} is not 0 or more")
    return speed
