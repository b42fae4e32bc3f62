"""The events of a recorded session, and its state after any of them."""

from array import array
from bisect import bisect_right
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from sentio_tui.engine.keyframes import Keyframe
from sentio_tui.engine.state import State
from sentio_tui.journal.reader import JournalDamaged, read_all
from sentio_tui.model.bars import Millis
from sentio_tui.model.events import AnyEvent, BarReceived, OrderFilled, SessionInfo, SessionStarted
from sentio_tui.sessions.base import RecordedFill

KEYFRAME_EVERY: Final = 4_096
"""Events between two keyframes: some milliseconds of folding."""


class NoRecording(Exception):
    """There is nothing to replay; says why."""


class Recording:
    """Every moment of a session. Events are counted from 1; a moment is the state after one of them.

    A bar is a minute of the market, with the bars of all symbols in it and all that came of them: it goes up to the
    event before the next one. Bar 0 is what was before the first; bars of the past that a session learned from before
    it began belong to it.
    """

    def __init__(self, events: Sequence[AnyEvent], loss: str = "") -> None:
        """`loss` says what is wrong with the end of the journal. Events are taken up to the first that contradicts
        those before it. Raises NoRecording where not even the first can be taken."""
        first = events[0] if events else None
        if not isinstance(first, SessionStarted):
            raise NoRecording(loss or "its journal has no events")
        self.loss = loss
        self.info: SessionInfo = first.info
        self.fills: list[RecordedFill] = []
        self._times = array("q", [first.at])
        self._bars = array("q")
        self._minute: Millis = -(2**63)
        state = State(first)
        self._keyframes = [Keyframe(state)]
        try:
            for event in events[1:]:
                state.apply(event)
                self._index(event, state)
        except (ValueError, LookupError) as error:
            why = f"nothing is known of {error}" if isinstance(error, LookupError) else error
            self.loss = f"event {len(self._times) + 1} contradicts those before it: {why}"
        self._events = events[: len(self._times)]
        self._deepest = self._find_deepest(state)

    def _index(self, event: AnyEvent, state: State) -> None:
        kind = type(event)
        self._times.append(state.at)
        if kind is BarReceived and isinstance(event, BarReceived):
            if not event.bar.backfilled and event.bar.time > self._minute:
                self._minute = event.bar.time
                self._bars.append(event.seq)
        elif kind is OrderFilled and isinstance(event, OrderFilled):
            self.fills.append(RecordedFill(event.seq, len(self._bars), event.fill.side))
        if event.seq % KEYFRAME_EVERY == 0:
            self._keyframes.append(Keyframe(state))

    def _find_deepest(self, state: State) -> int:
        """The event at which the curve was deepest under its peak, 0 when it never was."""
        curve = state.curve
        peak, deepest, at = state.info.capital, 0.0, 0
        for time, equity in zip(curve.times, curve.equity, strict=True):
            peak = max(peak, equity)
            if peak > 0.0 and 1.0 - equity / peak > deepest:
                deepest, at = 1.0 - equity / peak, time
        return self.event_at(at) if deepest > 0.0 else 0

    @property
    def events(self) -> int:
        """How many there are."""
        return len(self._times)

    @property
    def all(self) -> Sequence[AnyEvent]:
        """Every event, in order."""
        return self._events

    @property
    def bars(self) -> int:
        return len(self._bars)

    @property
    def deepest(self) -> int:
        """The event after which the drawdown was the deepest; 0 where there was none."""
        return self._deepest

    def state(self, event: int) -> State:
        """A new state, after this event. Raises IndexError for an event there is not."""
        if not 1 <= event <= self.events:
            raise IndexError(f"there is no event {event}: they count from 1 to {self.events}")
        state = self._keyframes[event // KEYFRAME_EVERY].state()
        self.forward(state, event)
        return state

    def forward(self, state: State, event: int) -> None:
        """Bring a state of this session on to a later event."""
        for following in self._events[state.seq : event]:
            state.apply(following)

    def time(self, event: int) -> Millis:
        """Market time after an event."""
        return self._times[event - 1]

    def event_at(self, at: Millis) -> int:
        """The last event up to a market time; the first where there is none."""
        return max(1, bisect_right(self._times, at))

    def bar_of(self, event: int) -> int:
        """The bar an event belongs to."""
        return bisect_right(self._bars, event)

    def end_of_bar(self, bar: int) -> int:
        """The last event that belongs to a bar; beyond the first and last bar, that of the nearest."""
        bar = min(max(bar, 0), self.bars)
        return self.events if bar == self.bars else self._bars[bar] - 1


def read_recording(path: Path) -> Recording:
    """The recording in a journal, up to the first damage there is. Raises NoRecording, OSError."""
    return Recording(*read_events(path))


def read_events(path: Path) -> tuple[list[AnyEvent], str]:
    """The events of a journal up to the first damage, and what is wrong there in words, empty where nothing is.

    Raises NoRecording where there is none, OSError.
    """
    try:
        content = read_all(path)
    except JournalDamaged as error:
        if not error.good.events:
            raise NoRecording(str(error)) from error
        place = f"line {error.line}: " if error.line else ""
        return error.good.events, f"the journal is damaged at {place}{error.problem}"
    if not content.events:
        raise NoRecording(content.torn or f"{path}: the journal has no events")
    return content.events, content.torn or ""
