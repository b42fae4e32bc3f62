"""Questions that are answered in words, and a list to choose from."""

from collections.abc import Callable, Sequence
from typing import ClassVar, Final

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from sentio_tui.sessions.base import Mark
from sentio_tui.sessions.permit import LiveAccount
from sentio_tui.ui.formatting import clean, money
from sentio_tui.ui.formatting import clock as time_of
from sentio_tui.ui.screens.dialogs import plain

CONFIRMED_BY: Final = 4
"""Last characters of an account's number that a person types to confirm it."""


class Ask(ModalScreen[str | None]):
    """Asks for a line of text and returns it; None when it was left. What is no answer is refused in words, and may
    be corrected."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,ctrl+c,ctrl+q", "leave", "Cancel", show=False)]

    def __init__(self, title: str, text: str, hint: str, check: Callable[[str], str], severe: str = "") -> None:
        """`hint` stands where nothing is written yet. `check` says what is wrong with an answer, or nothing. `severe`
        is the theme's name of the colour the frame takes ("error"); empty is the usual one."""
        super().__init__(classes=f"-{severe}" if severe else None)
        self._title = title
        self._text = text
        self._hint = hint
        self._check = check

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog") as box:
            box.border_title = Content(f" {clean(self._title)} ").markup
            box.border_subtitle = " enter takes it · esc leaves "
            yield Static(plain(self._text), classes="dialog--text")
            yield Input(placeholder=self._hint, compact=True, select_on_focus=False)
            yield Static(id="refusal")

    def on_mount(self) -> None:
        self.query_one(Input).focus()

    def on_input_changed(self) -> None:
        self.query_one("#refusal", Static).update("")

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        problem = self._check(event.value)
        if problem:
            self.query_one("#refusal", Static).update(Content.styled(clean(problem), "$error"))
        else:
            self.dismiss(event.value)

    def action_leave(self) -> None:
        self.dismiss(None)


def real_money(account: LiveAccount) -> Ask:
    """Asks a person to confirm an account with real money by the end of its number."""
    end = account.number[-CONFIRMED_BY:]

    def check(value: str) -> str:
        return "" if value.strip() == end else f"That is not {end}. Nothing is started until it is, or you leave (esc)."

    text = (
        f"This session trades with your money.\n\nAccount {account.number}: {money(account.equity)} {account.currency}"
        f"\n\nType the last {len(end)} characters of the account's number to let it begin."
    )
    return Ask("Real money", text, "", check, severe="error")


class MarkList(ModalScreen[int | None]):
    """The marks of a session, to go to one or remove one. Returns the event to go to; None when it was left."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,M,ctrl+c,ctrl+q", "leave", "Close", show=False),
        Binding("x,delete", "remove", "Remove", show=False),
        Binding("j", "move('down')", show=False),
        Binding("k", "move('up')", show=False),
    ]

    def __init__(self, marks: Callable[[], Sequence[Mark]], zone: str, remove: Callable[[int], None]) -> None:
        """`marks` gives those there are, `remove` takes away the one at an event."""
        super().__init__()
        self._marks = marks
        self._zone = zone
        self._remove = remove

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog") as box:
            box.border_title = " Marks "
            box.border_subtitle = " enter goes there · x removes · esc leaves "
            yield OptionList(*self._options(), markup=False)

    def on_mount(self) -> None:
        self.query_one(OptionList).focus()

    def _options(self) -> list[Option]:
        return [
            Option(f"{time_of(mark.at, self._zone, '%a %Y-%m-%d %H:%M')}  {clean(mark.note) or '(no note)'}")
            for mark in self._marks()
        ]

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        self.dismiss(self._marks()[event.option_index].event)

    def action_remove(self) -> None:
        chosen = self.query_one(OptionList)
        index, marks = chosen.highlighted, self._marks()
        if index is None or index >= len(marks):
            return
        self._remove(marks[index].event)
        left = self._marks()
        if not left:
            self.dismiss(None)
            return
        chosen.clear_options()
        chosen.add_options(self._options())
        chosen.highlighted = min(index, len(left) - 1)

    def action_move(self, where: str) -> None:
        chosen = self.query_one(OptionList)
        (chosen.action_cursor_down if where == "down" else chosen.action_cursor_up)()

    def action_leave(self) -> None:
        self.dismiss(None)
