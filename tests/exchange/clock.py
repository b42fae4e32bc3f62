"""The exchange's time: virtual, moved by whoever runs it."""

import asyncio
import heapq
from collections.abc import Callable
from datetime import UTC, datetime
from itertools import count
from typing import Final

from sentio_tui.model.bars import Millis


class Timer:
    """Something to do at a time, unless cancelled before."""

    def __init__(self, due: Millis, action: Callable[[], object]) -> None:
        self.due: Final = due
        self.action: Final = action
        self.cancelled = False

    def cancel(self) -> None:
        self.cancelled = True


class FakeClock:
    """Milliseconds since the epoch that only move when told. What is due on the way is done in order of time."""

    def __init__(self, now: Millis) -> None:
        self._now = now
        self._numbers = count()
        self._timers: list[tuple[Millis, int, Timer]] = []
        self._advancing = False

    @property
    def now(self) -> Millis:
        return self._now

    @property
    def time(self) -> datetime:
        """The same instant, in UTC."""
        return datetime.fromtimestamp(self._now / 1000, UTC)

    def at(self, due: Millis, action: Callable[[], object]) -> Timer:
        """Does it once the clock gets there; a time that has passed is due at the next move of the clock."""
        timer = Timer(due, action)
        heapq.heappush(self._timers, (due, next(self._numbers), timer))
        return timer

    def after(self, seconds: float, action: Callable[[], object]) -> Timer:
        return self.at(self._now + round(seconds * 1000), action)

    def advance(self, seconds: float) -> None:
        self.advance_to(self._now + round(seconds * 1000))

    def advance_to(self, when: Millis) -> None:
        """Raises ValueError for a time that has passed, RuntimeError when called by what a timer does."""
        if when < self._now:
            raise ValueError(f"the clock is at {self._now} and cannot go back to {when}")
        if self._advancing:
            raise RuntimeError("the clock is being advanced already")
        self._advancing = True
        try:
            while self._timers and self._timers[0][0] <= when:
                due, _, timer = heapq.heappop(self._timers)
                self._now = max(self._now, due)
                if not timer.cancelled:
                    timer.action()
            self._now = when
        finally:
            self._advancing = False

    async def wait(self, seconds: float) -> None:
        """Until the clock has moved on by that much. It takes somebody else to move it."""
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

        def wake() -> None:
            if not done.done():
                done.set_result(None)

        timer = self.after(seconds, wake)
        try:
            await done
        finally:
            timer.cancel()


def stamp(at: Millis) -> str:
    """As the API writes an instant: UTC with nanoseconds. The last six digits are made up, always the same."""
    return f"{datetime.fromtimestamp(at // 1000, UTC):%Y-%m-%dT%H:%M:%S}.{at % 1000:03d}456789Z"


def whole(at: Millis) -> str:
    """The start of a bar, without a fraction."""
    return f"{datetime.fromtimestamp(at // 1000, UTC):%Y-%m-%dT%H:%M:%SZ}"


def parse(text: str) -> Millis:
    """Milliseconds of an RFC 3339 time or a date. Raises ValueError."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return int(moment.timestamp() * 1000)
