"""A recorded session: any moment of it in the same panes, and a transport that moves through it."""

import asyncio
import time
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from msgspec.structs import replace

from sentio_tui.engine.state import State
from sentio_tui.engine.view import Viewer
from sentio_tui.feeds.pacing import Pacer
from sentio_tui.journal.catalogue import find
from sentio_tui.journal.names import DOCUMENT, marks_path
from sentio_tui.model.bars import Millis
from sentio_tui.model.commands import AnyCommand
from sentio_tui.model.events import AnyEvent
from sentio_tui.model.snapshot import Snapshot
from sentio_tui.sessions.base import Mark, MarksError, Place, RecordedFill
from sentio_tui.sessions.marks import Marks
from sentio_tui.sessions.moments import moment
from sentio_tui.sessions.recording import KEYFRAME_EVERY, NoRecording, Recording, read_recording
from sentio_tui.sessions.wheel import Seat
from sentio_tui.settings import FeedSettings

SPEEDS: Final = (0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 15.0, 30.0, 60.0, 120.0, 250.0, 500.0, 1000.0)
"""Market time over wall time, from the slowest to the fastest."""

USUAL_SPEED: Final = 60.0
"""A bar a second."""

Reminder = Callable[[int, int], Sequence[AnyEvent]]
"""The notices for what stands after one event, up to another; none where the second is not after the first."""


def open_recorded(folder: Path, name: str) -> "RecordedSession":
    """The session of that name, at its start. Takes as long as reading its journal; raises as `recording_path`."""
    return open_journal(recording_path(folder, name))


def recording_path(folder: Path, name: str) -> Path:
    """The journal of a session.

    Raises UnknownSession with the nearest names, NoRecording where there is nothing to replay, OSError.
    """
    path = Path(find(folder, name).path)
    if path.name == name + DOCUMENT:
        raise NoRecording(
            f"{path}: only the summary of this session is there. It has no journal, so it cannot be replayed."
        )
    return path


def open_journal(path: Path) -> "RecordedSession":
    """The session in a journal, as far as it is written. Raises NoRecording, OSError."""
    return RecordedSession(read_recording(path), path)


class RecordedSession:
    """Implements `sessions.base.Session` and `Transport`. It has no thread: asking for a snapshot moves it on.

    `clock` gives seconds of a clock that never goes back.
    """

    def __init__(self, recording: Recording, path: Path, clock: Callable[[], float] = time.monotonic) -> None:
        self._recording = recording
        self._path = path
        self._clock = clock
        self._state = recording.state(1)
        self._viewer = viewer_of(self._state)
        self._latest: Snapshot | None = None
        self._speed = USUAL_SPEED
        self._pacer: Pacer | None = None
        """Set while it plays."""
        self._reminder: Reminder = _nothing
        self._unseen: list[AnyEvent] = []
        name = path.name.partition(".")[0]
        self._marks_file = Marks(marks_path(path.parent, name), name)
        self._loss = recording.loss
        try:
            self._marks = self._marks_file.read()
        except MarksError as error:
            self._marks = ()
            self._loss = f"{self._loss}; {error}" if self._loss else str(error)

    @property
    def name(self) -> str:
        return self._recording.info.name

    @property
    def journal(self) -> Path:
        return self._path

    @property
    def ends_with_screen(self) -> bool:
        return False

    @property
    def is_over(self) -> bool:
        """Never: it can always be played again."""
        return False

    @property
    def failure(self) -> str:
        return ""

    def snapshot(self) -> Snapshot:
        self._advance()
        latest = self._latest
        if latest is None or latest.seq != self._state.seq:
            self._latest = latest = replace(self._viewer.snapshot(), accepts=frozenset())
        return latest

    def drain(self) -> Sequence[AnyEvent]:
        """What the reminder said. What was told once when the session ran is not told again."""
        unseen, self._unseen = self._unseen, []
        return unseen

    def remind(self, reminder: "Reminder") -> None:
        """From now on ask for notices when playing, or a step of bars, goes on from one event to another."""
        self._reminder = reminder

    @property
    def events(self) -> Sequence[AnyEvent]:
        """All of the recording."""
        return self._recording.all

    def send(self, command: AnyCommand) -> None:
        """A recording takes no commands: its snapshots accept none."""

    @property
    def seat(self) -> Seat:
        """Nobody can drive what is over."""
        return Seat(viewers=0)

    def take_wheel(self) -> None:
        """There is none."""

    def close(self) -> None:
        self.pause()

    # The transport.

    @property
    def place(self) -> Place:
        recording, event = self._recording, self._state.seq
        return Place(
            event=event,
            events=recording.events,
            bar=recording.bar_of(event),
            bars=recording.bars,
            at=recording.time(event),
            is_playing=self._pacer is not None,
            speed=self._speed,
        )

    @property
    def fills(self) -> Sequence[RecordedFill]:
        return self._recording.fills

    @property
    def marks(self) -> Sequence[Mark]:
        return self._marks

    @property
    def loss(self) -> str:
        return self._loss

    def bar_of(self, event: int) -> int:
        return self._recording.bar_of(event)

    def find_time(self, text: str) -> Millis:
        recording = self._recording
        first, last = recording.time(recording.end_of_bar(0)), recording.time(recording.events)
        return moment(text, recording.info.clock_zone, max(first, recording.time(self._state.seq)), first, last)

    def play(self) -> None:
        if self._state.seq == self._recording.events:
            self._go(1)
        self._pace()

    def pause(self) -> None:
        self._advance()
        self._pacer = None

    def set_speed(self, speed: float) -> None:
        """Raises ValueError for a speed that is not above 0."""
        if not speed > 0.0:
            raise ValueError(f"speed {speed} is not above 0")
        self._advance()
        self._speed = speed
        if self._pacer is not None:
            self._pacer.set_speed(speed)

    def step_bar(self, by: int) -> bool:
        self.pause()
        recording, event = self._recording, self._state.seq
        bar = recording.bar_of(event)
        target = bar + by - (1 if by > 0 and event < recording.end_of_bar(bar) else 0)
        moved = self._jump(recording.end_of_bar(target) if target >= 0 else 1)
        self._unseen += self._reminder(event, self._state.seq)
        return moved

    def step_fill(self, by: int) -> bool:
        return self._step([fill.event for fill in self._recording.fills], by)

    def step_mark(self, by: int) -> bool:
        return self._step([mark.event for mark in self._marks], by)

    def _step(self, events: Sequence[int], by: int) -> bool:
        """To the event of an ordered list that is so many after, or before, this one."""
        self.pause()
        now = self._state.seq
        index = bisect_right(events, now) + by - 1 if by > 0 else bisect_left(events, now) + by
        return 0 <= index < len(events) and self._jump(events[index])

    def seek(self, event: int) -> None:
        self._go(min(max(event, 1), self._recording.events))
        if self._pacer is not None:
            self._pace()

    def seek_bar(self, bar: int) -> None:
        self.seek(self._recording.end_of_bar(bar))

    def seek_time(self, at: Millis) -> None:
        self.seek(self._recording.event_at(at))

    def seek_deepest(self) -> bool:
        self.pause()
        if not self._recording.deepest:
            return False
        self._go(self._recording.deepest)
        return True

    def set_mark(self, note: str) -> None:
        event = self._state.seq
        self._marks = self._marks_file.set(Mark(event, self._recording.time(event), note))

    def remove_mark(self, event: int) -> None:
        self._marks = self._marks_file.remove(event)

    def _jump(self, event: int) -> bool:
        moved = event != self._state.seq
        self._go(event)
        return moved

    def _go(self, event: int) -> None:
        ahead = event - self._state.seq
        if 0 <= ahead <= KEYFRAME_EVERY:
            self._recording.forward(self._state, event)
        else:
            self._state = self._recording.state(event)
            self._viewer = viewer_of(self._state)

    def _pace(self) -> None:
        """Play from here: the next event comes when the time between has passed. Bars of the past take no time."""
        begin = self._recording.end_of_bar(0)
        if self._state.seq < begin:
            self._go(begin)
        self._pacer = Pacer(self._speed, self._clock, asyncio.sleep)
        self._pacer.is_due(self._recording.time(self._state.seq))

    def _advance(self) -> None:
        """Take in what is due by now."""
        pacer, recording = self._pacer, self._recording
        if pacer is None:
            return
        event = self._state.seq
        while event < recording.events and pacer.is_due(recording.time(event + 1)):
            event += 1
        self._unseen += self._reminder(self._state.seq, event)
        self._go(event)
        if event == recording.events:
            self._pacer = None


def _nothing(after: int, upto: int) -> Sequence[AnyEvent]:
    return ()


def viewer_of(state: State) -> Viewer:
    """The view the session had of itself, by its own settings; the usual ones where it does not tell them."""
    from sentio_tui.sessions.markets import patience_of  # loads all feeds, and no screen needs them for its first frame

    usual = FeedSettings()
    told = state.info.settings.get("feed")
    feed: dict[str, object] = told if isinstance(told, dict) else {}
    alpaca = feed.get("alpaca")
    like = replace(usual, stale_after=_number(feed.get("stale_after"), usual.stale_after))
    if feed.get("kind") == "alpaca" and isinstance(alpaca, dict) and alpaca.get("feed") == "delayed_sip":
        like = replace(like, kind="alpaca", alpaca=replace(usual.alpaca, feed="delayed_sip"))
    return Viewer(state, _number(feed.get("speed"), usual.speed), patience_of(like))


def _number(value: object, usual: float) -> float:
    return float(value) if isinstance(value, int | float) else usual
