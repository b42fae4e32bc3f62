"""The list of sessions on disk: look, sort, filter, open, resume, compare, delete."""

import time
from collections.abc import Callable, Sequence
from functools import partial
from textwrap import wrap
from typing import TYPE_CHECKING, ClassVar, Final, cast

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.getters import query_one
from textual.message import Message
from textual.screen import Screen

from sentio_tui.journal.catalogue import Listed, SessionState, listing
from sentio_tui.model.events import Mode
from sentio_tui.ui.actions import BY_ID, SAME_AS
from sentio_tui.ui.formatting import clean, clock, duration, money
from sentio_tui.ui.library import LIST
from sentio_tui.ui.panes.sessions import SessionsPane, session_row
from sentio_tui.ui.screens.dialogs import Choice, question
from sentio_tui.ui.screens.help import Help
from sentio_tui.ui.status import KeyBar, KeyHint, StatusLine
from sentio_tui.ui.widgets.line_board import Line, LineBoard, Span

if TYPE_CHECKING:
    from sentio_tui.ui.app import Cockpit
    from sentio_tui.ui.library import Library

LOOK_EVERY: Final = 3.0
"""Seconds between two looks at the disk."""

_KEYS: Final = (
    ("open", "enter", "Open"),
    ("resume", "r", "Resume"),
    ("choose", "space", "Mark"),
    ("compare", "c", "Compare"),
    ("delete", "d,delete", "Delete"),
    ("look", "u", "Look again"),
    ("start", "s", "New session"),
    ("back", "escape,b", "Back"),
)
"""What can be done here alone: action, keys, label, in the order of the key bar."""
_SHARED: Final = ("filter", "sort", "reverse", "theme", "help", "quit")
"""What means the same here as in the cockpit, by the same keys."""

_ADVICE: Final = {
    SessionState.RUNNING: "It runs: enter looks at it as it is now.",
    SessionState.INTERRUPTED: "It was interrupted: r goes on with it, enter replays it.",
}


class Details(LineBoard):
    """The selected session in words: who it is, when it ran, and what is wrong with its files."""

    DEFAULT_CSS = """
    Details { height: 5; width: 100%; padding: 0 2; }
    """

    def __init__(self) -> None:
        super().__init__(id="details")
        self._said: Sequence[tuple[str, str]] = ()

    def show(self, said: Sequence[tuple[str, str]]) -> None:
        """Texts, each with a style. They may come from outside; what is long goes over several lines."""
        self._said = tuple(said)
        self.on_resize()

    def on_resize(self) -> None:
        width, height = self.size
        lines = [
            Line((Span(line, style),))
            for text, style in self._said
            for line in wrap(clean(text), max(width, 20), break_on_hyphens=False) or [""]
        ]
        self.set_lines(lines[:height])


class SessionsScreen(Screen[None]):
    """Looks at the disk on a thread of its own, every few seconds, and makes summaries anew that are old.

    Files are never changed unasked but for those summaries, and never those of a session that runs.
    """

    AUTO_FOCUS = "LineTable"
    BINDINGS: ClassVar[list[BindingType]] = [
        *(Binding(keys, f"act('{name}')", label) for name, keys, label in _KEYS),
        *(Binding(",".join(BY_ID[name].keys), f"act('{name}')", id=name) for name in _SHARED),
        *(Binding(",".join(BY_ID[name].keys), f"act('{name}')", id=name) for name in SAME_AS),
        Binding("ctrl+q,ctrl+c", "act('quit')", show=False, priority=True),
    ]

    pane = query_one(SessionsPane)
    details = query_one(Details)
    status = query_one(StatusLine)
    keys = query_one(KeyBar)

    class Looked(Message):
        """What is on disk; `trouble` says in words why nothing could be seen. `busy`: there is more to come."""

        def __init__(self, found: Sequence[Listed], trouble: str, busy: str) -> None:
            super().__init__()
            self.found = found
            self.trouble = trouble
            self.busy = busy

    class Deleted(Message):
        """A session is gone, or `why` it is not."""

        def __init__(self, name: str, freed: int, why: str) -> None:
            super().__init__()
            self.name = name
            self.freed = freed
            self.why = why

    def __init__(self, library: "Library") -> None:
        super().__init__(id=LIST)
        self._library = library
        self._found: dict[str, Listed] = {}
        self._trouble = self._busy = ""
        self._has_looked = False
        self._is_looking = False
        self._chosen: tuple[str, ...] = ()
        self._not_rebuilt: dict[str, str] = {}
        """Why a summary could not be made anew, by name. It is not tried again while the list is open."""

    @property
    def cockpit(self) -> "Cockpit":
        return cast("Cockpit", self.app)

    def compose(self) -> ComposeResult:
        yield StatusLine()
        yield SessionsPane()
        yield Details()
        yield KeyBar()

    def on_mount(self) -> None:
        self.pane.border_title = f"Sessions  [dim]{_markup(str(self._library.folder))}[/dim]"
        self._show()
        self._look_again()
        self.set_interval(LOOK_EVERY, self._look_again)

    def action_act(self, action: str) -> None:
        """Take an action of this screen's keys, or say why it cannot be taken."""
        cockpit = self.cockpit
        acts: dict[str, Callable[[], object]] = {
            "open": partial(self._with_selected, self._library.open),
            "resume": partial(self._with_selected, self._library.resume),
            "delete": partial(self._with_selected, self._ask_to_delete),
            "choose": partial(self._with_selected, self._choose),
            "compare": self._compare,
            "look": self._look_again,
            "start": self._library.start,
            "back": self._back,
            "filter": self.pane.action_filter,
            "sort": self.pane.action_sort,
            "reverse": self.pane.action_reverse,
            "help": lambda: cockpit.push_screen(Help(self.pane, None)),
        }
        if action in SAME_AS:
            self.pane.move(action)
        elif action in acts:
            acts[action]()
        else:
            cockpit.act(action)

    @property
    def selected(self) -> Listed | None:
        """The session under the cursor."""
        return self._found.get(self.pane.table.selected or "")

    def _with_selected(self, act: Callable[[Listed], object]) -> None:
        listed = self.selected
        if listed is None:
            self.cockpit.tell("No session is selected.", "warning")
        else:
            act(listed)

    def _back(self) -> None:
        if self._library.shown:
            self.dismiss()
        else:
            self.cockpit.tell("No session is open: enter opens one, s starts one, q quits.")

    def _choose(self, listed: Listed) -> None:
        if listed.name in self._chosen:
            self._chosen = tuple(name for name in self._chosen if name != listed.name)
        else:
            self._chosen = (*self._chosen[-1:], listed.name)
        self._show()

    def _compare(self) -> None:
        names = self._chosen
        selected = self.selected
        if len(names) == 1 and selected is not None and selected.name != names[0]:
            names = (*names, selected.name)
        if len(names) < 2:
            self.cockpit.tell("Mark two sessions first, with space; or one, and go to the other.")
            return
        from sentio_tui.ui.screens.compare import CompareScreen

        self.cockpit.push_screen(CompareScreen(self._library.folder, *names))

    def _ask_to_delete(self, listed: Listed) -> None:
        if listed.state is SessionState.RUNNING:
            self.cockpit.tell(f"Delete: {listed.name} runs. Stop it first.", "warning")
            return
        what = "its journal, its summary, its marks" if listed.path.endswith((".jsonl", ".gz")) else "its summary"
        text = f"Delete {listed.name} for good: {what}?"
        if listed.state is SessionState.INTERRUPTED:
            text += "\nIt was interrupted and could be resumed."

        def answered(value: str | None) -> None:
            if value == "yes":
                self._delete(listed.name)

        cockpit = self.cockpit
        cockpit.push_screen(question("Delete", text, Choice("yes", "y", "Delete"), cockpit.clock), answered)

    @work(thread=True, group="deleting")
    def _delete(self, name: str) -> None:
        from sentio_tui.journal.atomic import JournalError
        from sentio_tui.journal.lock import LockHeld
        from sentio_tui.journal.retention import remove

        try:
            freed = remove(self._library.folder, name, time.time_ns() // 1_000_000)
        except (LockHeld, JournalError, OSError) as error:
            self.post_message(self.Deleted(name, 0, str(error)))
        else:
            self.post_message(self.Deleted(name, freed, ""))

    def on_sessions_screen_deleted(self, event: Deleted) -> None:
        if event.why:
            self.cockpit.tell(f"{event.name} was not deleted: {event.why}", "error", seconds=10)
        else:
            self.cockpit.tell(f"{event.name} is deleted, {event.freed:,} bytes.")
            self._found.pop(event.name, None)
            self._chosen = tuple(name for name in self._chosen if name != event.name)
            self._show()
        self._look_again()

    def _look_again(self) -> None:
        self.status.show(self.cockpit.monitor.condition)
        if not self._is_looking:
            self._is_looking = True
            self._look()

    @work(thread=True, group="looking")
    def _look(self) -> None:
        folder = self._library.folder
        try:
            found = listing(folder)
            names = [each.name for each in found if each.is_outdated and each.name not in self._not_rebuilt]
            for done, name in enumerate(names):
                if not self.is_attached:
                    return
                busy = f"making a summary anew, {done + 1} of {len(names)}"
                self.post_message(self.Looked(found, "", busy))
                self._rebuild(name)
            if names:
                found = listing(folder)
            self.post_message(self.Looked(found, "", ""))
        except OSError as error:
            self.post_message(self.Looked((), f"{folder}: cannot be read: {error.strerror or error}", ""))

    def _rebuild(self, name: str) -> None:
        from sentio_tui.sessions.rebuild import NOT_REBUILT, rebuild

        try:
            rebuild(self._library.folder, name)
        except NOT_REBUILT as error:
            self._not_rebuilt[name] = f"its summary could not be made anew: {error}"

    def on_sessions_screen_looked(self, event: Looked) -> None:
        self._is_looking = bool(event.busy)
        self._has_looked = True
        self._trouble = event.trouble
        self._found = {each.name: each for each in event.found}
        self._chosen = tuple(name for name in self._chosen if name in self._found)
        self._busy = event.busy
        self._show()

    def on_sessions_pane_selected(self) -> None:
        self._show_details()

    def _show(self) -> None:
        items = [(listed, listed.name in self._chosen) for listed in self._found.values()]
        self.pane.show_rows(
            self.pane.rows_of(
                items,
                key=lambda item: item[0].name,
                make=lambda _, item: session_row(item[0], is_chosen=item[1]),
            ),
            self._busy,
        )
        self._show_details()

    def _show_details(self) -> None:
        listed = self.selected
        if listed is not None:
            self.details.show(_about(listed, self._not_rebuilt.get(listed.name, "") if listed.is_outdated else ""))
        elif self._trouble:
            self.details.show([(self._trouble, "warning")])
        else:
            self.details.show([("" if self._has_looked else "Looking…", "muted")])
        self._show_keys()

    def _show_keys(self) -> None:
        listed = self.selected
        table = self.cockpit.key_table
        able = {
            "resume": listed is not None and listed.state is SessionState.INTERRUPTED,
            "delete": listed is not None and listed.state is not SessionState.RUNNING,
            "open": listed is not None,
            "choose": listed is not None,
            "compare": len(self._found) > 1,
            "back": bool(self._library.shown),
        }
        own = [KeyHint(_face(keys), label, name, able.get(name, True)) for name, keys, label in _KEYS]
        shared = [KeyHint(table.shown(name), BY_ID[name].label, name) for name in ("quit", "help", "filter", "sort")]
        self.keys.show((*shared[:2], *own[:5], *shared[2:], *own[5:]))


def _about(listed: Listed, trouble: str) -> list[tuple[str, str]]:
    """What is known of a session, what is wrong with its files, or what can be done with it; with the styles."""
    mode = f"{Mode.LIVE.upper()}, real money" if listed.mode == Mode.LIVE else listed.mode
    who = [listed.name, mode, listed.strategy, ", ".join(listed.symbols)]
    if listed.capital is not None:
        who.append(f"capital {money(listed.capital)}")
    said = [(" · ".join(part for part in who if part), "")]
    if when := _when(listed):
        said.append((when, ""))
    wrong = "; ".join(problem for problem in (trouble, listed.problem) if problem)
    if wrong:
        said.append((wrong, "warning"))
    elif listed.state in _ADVICE:
        said.append((_ADVICE[listed.state], "muted"))
    return said


def _when(listed: Listed) -> str:
    if listed.started is None:
        return ""
    pattern = "%a %Y-%m-%d %H:%M"
    text = f"started {clock(listed.started, 'UTC', pattern)} UTC"
    if listed.ended is None:
        return text
    return f"{text}, ended {clock(listed.ended, 'UTC', pattern)}, after {duration(listed.ended - listed.started)}"


def _face(keys: str) -> str:
    return {"escape": "esc"}.get(first := keys.split(",")[0], first)


def _markup(text: str) -> str:
    return Content(clean(text)).markup
