"""Moving through time: what the keys of the transport do, and looking back at a session that goes on meanwhile."""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

from sentio_tui.sessions.base import MarksError, Recorded, Transport
from sentio_tui.sessions.moments import FORMS
from sentio_tui.sessions.recorded import SPEEDS, open_journal
from sentio_tui.sessions.recording import NoRecording
from sentio_tui.ui.formatting import clock
from sentio_tui.ui.screens.asking import Ask, MarkList

if TYPE_CHECKING:
    from sentio_tui.ui.app import Cockpit

PATIENCE: Final = 0.4
"""Seconds after which a person is told that a journal is still being read."""


class Travel:
    """Moves through the recording the cockpit shows. Where it shows a session as it is, it looks back first."""

    def __init__(self, cockpit: "Cockpit", read: Callable[[Path], Recorded] = open_journal) -> None:
        """`read` makes a recording of a journal, on a thread of its own."""
        self._cockpit = cockpit
        self._read = read
        self._is_reading = False
        self._is_due = False
        self._told = ("", float("-inf"))

    def arrived(self) -> None:
        """A session is there. Tell what of a recording is missing."""
        transport = self._cockpit.monitor.transport
        if transport is not None and transport.loss:
            text = f"Not all of this session can be shown: {transport.loss}."
            self._cockpit.tell(text, "warning", seconds=10)
            self._cockpit.monitor.note(text, "incomplete", transport.place.at)

    def act(self, action_id: str) -> None:
        """Take an action that travels."""
        monitor = self._cockpit.monitor
        if action_id == "live" and monitor.looks_back:
            self._look_at_now()
        elif monitor.transport is not None:
            self._move(monitor.transport, action_id)
        else:
            self._look_back(action_id)

    def toggle(self) -> None:
        """Play, or stand still."""
        transport = self._cockpit.monitor.transport
        if transport is not None:
            (transport.pause if transport.place.is_playing else transport.play)()
            self._show()

    def scrub(self, bar: int) -> None:
        """Go to a bar."""
        transport = self._cockpit.monitor.transport
        if transport is not None:
            transport.seek_bar(bar)
            self._show()

    def _show(self) -> None:
        """Show where it stands, once the keys that came together are through."""
        if not self._is_due:
            self._is_due = True
            self._cockpit.call_later(self._show_now)

    def _show_now(self) -> None:
        self._is_due = False
        self._cockpit.show_news()

    def _move(self, transport: Transport, action_id: str) -> None:
        place = transport.place
        moves: Mapping[str, Callable[[], object]] = {
            "bar_back": partial(self._step, transport.step_bar, -1, "This is the start."),
            "bar_forward": partial(self._step, transport.step_bar, 1, self._at_the_end()),
            "trade_back": partial(self._step, transport.step_fill, -1, "There is no trade before this."),
            "trade_forward": partial(self._step, transport.step_fill, 1, "There is no trade after this."),
            "mark_back": partial(self._step, transport.step_mark, -1, "There is no mark before this."),
            "mark_forward": partial(self._step, transport.step_mark, 1, "There is no mark after this."),
            "slower": lambda: transport.set_speed(slower(place.speed)),
            "faster": lambda: transport.set_speed(faster(place.speed)),
            "to_start": lambda: transport.seek(1),
            "to_end": lambda: transport.seek(place.events),
            "to_drawdown": partial(self._deepest, transport),
            "seek": partial(self._ask_time, transport),
            "mark": partial(self._ask_note, transport),
            "marks": partial(self._list_marks, transport),
            "live": lambda: None,
        }
        moves[action_id]()
        self._show()

    def _step(self, step: Callable[[int], bool], by: int, otherwise: str) -> None:
        if not step(by):
            self._tell_once(otherwise)

    def _tell_once(self, text: str) -> None:
        """Tell it, unless it was told just now: a key that is held down would fill the screen with notices."""
        last, at = self._told
        now = self._cockpit.clock()
        if text != last or now - at >= self._cockpit.NOTIFICATION_TIMEOUT:
            self._told = (text, now)
            self._cockpit.tell(text)

    def _at_the_end(self) -> str:
        looks_back = self._cockpit.monitor.looks_back
        return "This is where you began to look back; go back to live for more." if looks_back else "This is the end."

    def _deepest(self, transport: Transport) -> None:
        if not transport.seek_deepest():
            self._cockpit.tell("There was no drawdown.")

    # Looking back.

    def _look_back(self, action_id: str) -> None:
        session = self._cockpit.monitor.session
        journal = session.journal if session is not None else None
        if journal is not None and not self._is_reading:
            self._is_reading = True
            self._cockpit.set_timer(PATIENCE, self._still_reading)
            self._cockpit.run_worker(
                partial(self._open, journal, action_id), thread=True, exit_on_error=False, group="look"
            )

    def _still_reading(self) -> None:
        if self._is_reading:
            self._cockpit.tell("Reading what the session has done so far…")

    def _open(self, journal: Path, action_id: str) -> None:
        """On a thread of its own."""
        try:
            look = self._read(journal)
        except (NoRecording, OSError) as error:
            self._cockpit.call_later(self._not_opened, str(error))
        else:
            self._cockpit.call_later(self._opened, look, action_id)

    def _not_opened(self, why: str) -> None:
        self._is_reading = False
        self._cockpit.tell(f"The session's past cannot be read: {why}", "warning")

    def _opened(self, look: Recorded, action_id: str) -> None:
        self._is_reading = False
        monitor = self._cockpit.monitor
        if monitor.session is None or monitor.session.journal != look.journal:
            return
        look.seek(look.place.events)
        monitor.look_back(look)
        if look.loss:
            self._cockpit.tell(f"Not all of it can be shown: {look.loss}.", "warning", seconds=10)
        self._move(look, action_id)

    def _look_at_now(self) -> None:
        self._cockpit.monitor.look_at_now()
        self._show()

    # What must be asked first. The answer goes to the recording the question was about.

    def _ask_time(self, transport: Transport) -> None:
        def check(text: str) -> str:
            try:
                transport.find_time(text)
            except ValueError as error:
                return str(error)
            return ""

        def answered(text: str | None) -> None:
            if text is not None:
                transport.seek_time(transport.find_time(text))
                self._show()

        here = clock(transport.place.at, self._zone(), "%Y-%m-%d %H:%M")
        question = f"Which time? The exchange's clock says {here}."
        self._cockpit.push_screen(Ask("Go to time", question, FORMS, check), answered)

    def _ask_note(self, transport: Transport) -> None:
        transport.pause()

        def answered(text: str | None) -> None:
            if text is not None:
                self._with_marks(lambda: transport.set_mark(text))

        here = clock(transport.place.at, self._zone(), "%Y-%m-%d %H:%M")
        self._cockpit.push_screen(Ask("Mark", f"A note to {here}; it may be empty.", "note", lambda _: ""), answered)

    def _list_marks(self, transport: Transport) -> None:
        if not transport.marks:
            key = self._cockpit.key_table.shown("mark")
            self._cockpit.tell(f"There are no marks. {key} sets one.")
            return

        def answered(event: int | None) -> None:
            if event is not None:
                transport.pause()
                transport.seek(event)
                self._show()

        def remove(event: int) -> None:
            self._with_marks(lambda: transport.remove_mark(event))

        self._cockpit.push_screen(MarkList(lambda: transport.marks, self._zone(), remove), answered)

    def _with_marks(self, change: Callable[[], None]) -> None:
        try:
            change()
        except MarksError as error:
            self._cockpit.tell(str(error), "error", seconds=10)
        self._show()

    def _zone(self) -> str:
        shown = self._cockpit.monitor.shown
        return shown.info.clock_zone if shown is not None else "UTC"


def faster(speed: float) -> float:
    """The next speed of the ladder; the highest stays."""
    return SPEEDS[min(bisect_right(SPEEDS, speed), len(SPEEDS) - 1)]


def slower(speed: float) -> float:
    """The speed before; the lowest stays."""
    return SPEEDS[max(bisect_left(SPEEDS, speed) - 1, 0)]
