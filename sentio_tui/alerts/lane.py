"""What waits for one target: grouped, rate-limited, tried again. Time is given from outside, in seconds."""

from collections import deque
from typing import Final

from msgspec import Struct

from sentio_tui.alerts.alert import Alert

KEPT: Final = 1_000
"""Alerts that may wait for one target; those beyond are counted, not kept."""


class Pace(Struct, frozen=True):
    """Seconds. `gather` is how long the first alert waits for others to share its message, `interval` the least time
    between two messages. A message that fails is tried `attempts` times in all, after `first_retry` and then twice as
    long each time, up to `longest_retry`."""

    gather: float = 1.0
    interval: float = 10.0
    attempts: int = 8
    first_retry: float = 2.0
    longest_retry: float = 120.0


class Parcel(Struct):
    """The alerts of one message. `more` are those that found no place, `since` is when the first of them was given,
    `tries` how often it was begun to be sent."""

    alerts: tuple[Alert, ...]
    more: int
    since: float
    tries: int = 0


class Lane:
    """Belongs to whoever sends: not to be shared between threads without a lock."""

    def __init__(self, pace: Pace) -> None:
        self._pace = pace
        self._waiting: deque[Alert] = deque()
        self._more = 0
        self._since = 0.0
        """When the first of those that wait was given."""
        self._parcel: Parcel | None = None
        self._is_out = False
        self._retry_at = 0.0
        self._begun = float("-inf")
        """When the newest message was begun for the first time."""
        self._is_closing = False

    @property
    def is_empty(self) -> bool:
        """Whether everything it was given is sent, or given up."""
        return self._parcel is None and not self._waiting

    def offer(self, alert: Alert, now: float) -> None:
        if not self._waiting:
            self._since = now
        if len(self._waiting) < KEPT:
            self._waiting.append(alert)
        else:
            self._more += 1

    def left(self) -> Parcel:
        """All that is not sent."""
        parcel = self._parcel or Parcel((), 0, self._since)
        return Parcel((*parcel.alerts, *self._waiting), parcel.more + self._more, parcel.since, parcel.tries)

    def close(self) -> None:
        """Nothing more comes: what waits is due at once."""
        self._is_closing = True
        if self._parcel is not None:
            self._retry_at = min(self._retry_at, self._begun)

    @property
    def due(self) -> float | None:
        """When to `take` next; None while something is under way, or nothing waits."""
        if self._is_out or self.is_empty:
            return None
        if self._parcel is not None:
            return self._retry_at
        if self._is_closing:
            return self._since
        return max(self._since + self._pace.gather, self._begun + self._pace.interval)

    def take(self, now: float) -> Parcel | None:
        """What is to be sent now; None before it is due. `sent` or `failed` must follow."""
        due = self.due
        if due is None or now < due:
            return None
        if self._parcel is None:
            self._parcel = Parcel(tuple(self._waiting), self._more, self._since)
            self._waiting.clear()
            self._more = 0
            self._begun = now
        self._parcel.tries += 1
        self._is_out = True
        return self._parcel

    def sent(self) -> None:
        self._is_out = False
        self._parcel = None

    def failed(self, now: float, *, for_good: bool) -> bool:
        """Whether it is given up: after the last attempt, or where another one can do no good."""
        self._is_out = False
        parcel, pace = self._parcel, self._pace
        if parcel is None or for_good or parcel.tries >= pace.attempts:
            self._parcel = None
            return True
        self._retry_at = now + min(pace.first_retry * 2.0 ** (parcel.tries - 1), pace.longest_retry)
        return False
