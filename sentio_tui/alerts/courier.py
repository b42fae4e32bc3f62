"""Brings the alerts of one target there, on a thread of its own: a target that is dead or slow delays no other."""

import threading
import time
from collections.abc import Callable, Iterable

from msgspec import Struct

from sentio_tui.alerts.alert import Alert, Message, Source
from sentio_tui.alerts.lane import Lane, Pace, Parcel


class NotDelivered(Exception):
    """A message did not arrive; says why, without any secret. `for_good`: trying again can do no good."""

    def __init__(self, why: str, *, for_good: bool = False) -> None:
        super().__init__(why)
        self.for_good = for_good


Deliver = Callable[[Message], None]
"""Brings a message to its target, within the target's own time limit. Raises NotDelivered."""


class Outcome(Struct, frozen=True):
    """What became of a message: `state` is "sent", "failed" (given up) or "late" (not sent when the session ended).

    `waited` and `took` are seconds: from the first alert to the last attempt, and that attempt itself. `at` is the wall
    clock then, in milliseconds.
    """

    target: str
    state: str
    message: Message
    attempts: int
    at: int
    waited: float
    took: float
    why: str = ""


Report = Callable[[Outcome], None]
"""Is told what became of each message. Called on the courier's thread."""


class Courier:
    """`clock` counts seconds and only goes forward."""

    def __init__(
        self,
        name: str,
        source: Source,
        deliver: Deliver,
        pace: Pace,
        report: Report,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.name = name
        self._source = source
        self._deliver = deliver
        self._lane = Lane(pace)
        self._report = report
        self._clock = clock
        self._changed = threading.Condition()
        self._is_closing = False
        self._is_abandoned = False
        self._why = ""
        """Why the newest attempt failed; empty when it did not."""
        self._thread = threading.Thread(target=self._run, name=f"alerts {name}", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def give(self, alerts: Iterable[Alert]) -> None:
        """Returns at once."""
        now = self._clock()
        with self._changed:
            for alert in alerts:
                self._lane.offer(alert, now)
            self._changed.notify()

    def close(self) -> None:
        """Send what waits at once, and end. Returns at once."""
        with self._changed:
            self._is_closing = True
            self._lane.close()
            self._changed.notify()

    def is_done(self, timeout: float) -> bool:
        """Wait, after `close`; whether everything is sent or given up by then."""
        self._thread.join(timeout)
        return not self._thread.is_alive()

    def abandon(self, timeout: float) -> None:
        """Wait, after `close`; what is not sent by then is reported as late, and its thread left to itself."""
        if self.is_done(timeout):
            return
        with self._changed:
            left = self._lane.left()
            self._is_abandoned = True
            self._changed.notify()
        if left.alerts:
            why = f"{self._why}; the session ended" if self._why else "the session ended before it was done"
            self._tell(left, "late", self._clock(), why)

    def _run(self) -> None:
        while (parcel := self._next()) is not None:
            self._bring(parcel)

    def _next(self) -> Parcel | None:
        """Wait for what is to be sent next; None at the end."""
        with self._changed:
            while True:
                now = self._clock()
                parcel = self._lane.take(now)
                if self._is_abandoned or (self._is_closing and self._lane.is_empty):
                    return None
                if parcel is not None:
                    return parcel
                due = self._lane.due
                self._changed.wait(None if due is None else max(0.0, due - now))

    def _bring(self, parcel: Parcel) -> None:
        begun = self._clock()
        why, for_good = "", False
        try:
            self._deliver(Message(self._source, parcel.alerts, parcel.more))
        except NotDelivered as error:
            why, for_good = str(error), error.for_good
        except Exception as error:  # a library's own trouble: its words may hold the address
            why = type(error).__name__
        with self._changed:
            if self._is_abandoned:
                return
            self._why = why
            if not why:
                self._lane.sent()
            elif not self._lane.failed(self._clock(), for_good=for_good):
                return
        self._tell(parcel, "failed" if why else "sent", begun, why)

    def _tell(self, parcel: Parcel, state: str, begun: float, why: str) -> None:
        now = self._clock()
        self._report(
            Outcome(
                target=self.name,
                state=state,
                message=Message(self._source, parcel.alerts, parcel.more),
                attempts=parcel.tries,
                at=time.time_ns() // 1_000_000,
                waited=now - parcel.since,
                took=now - begun,
                why=why,
            )
        )
