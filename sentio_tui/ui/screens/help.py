"""Help: what the focused pane shows, and every key."""

import inspect
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widget import Widget
from textual.widgets import Static

from sentio_tui.ui.actions import ACTIONS, ALWAYS_QUIT, Group, KeyTable, shown_key


class Help(ModalScreen[None]):
    """Scrolls with the arrows; any of the help keys, `q` or escape closes it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,question_mark,f1,ctrl+c,ctrl+q", "dismiss", "Close", show=False),
        Binding("j", "scroll('down')", show=False),
        Binding("k", "scroll('up')", show=False),
        Binding("g", "scroll('home')", show=False),
        Binding("G", "scroll('end')", show=False),
    ]

    def __init__(self, subject: Widget | None, keys: KeyTable) -> None:
        """`subject` is what had the focus when help was asked for."""
        super().__init__()
        self._subject = subject
        self._keys = keys

    def compose(self) -> ComposeResult:
        with VerticalScroll(classes="dialog help") as box:
            box.border_title = " Help "
            box.border_subtitle = " esc closes "
            if self._subject is not None:
                yield Static(_about(self._subject), classes="help--subject")
            yield Static(key_list(self._keys), classes="help--keys")

    def action_scroll(self, where: str) -> None:
        box = self.query_one(VerticalScroll)
        moves = {
            "down": box.action_scroll_down,
            "up": box.action_scroll_up,
            "home": box.action_scroll_home,
            "end": box.action_scroll_end,
        }
        moves[where]()


def help_text(widget: Widget) -> str:
    """A widget's own help, or its documentation."""
    return inspect.cleandoc(widget.HELP or type(widget).__doc__ or "")


def key_list(keys: KeyTable) -> Content:
    """All actions under their headings, with their keys and what they do."""
    width = max(len(keys.all_shown(action.id)) for action in ACTIONS) + 2
    lines: list[Content] = []
    for group in Group:
        lines += [Content(""), Content.styled(group.value, "bold $accent-line")]
        for action in ACTIONS:
            if action.group is group:
                shown = keys.all_shown(action.id)
                lines.append(
                    Content.assemble(
                        "  ", (shown.ljust(width), "bold"), (action.label.ljust(15), ""), (action.help, "$muted")
                    )
                )
    always = " ".join(shown_key(key) for key in ALWAYS_QUIT)
    lines += [Content(""), Content.assemble("  ", (always.ljust(width), "bold"), ("always quit", "$muted"))]
    return Content("\n").join(lines[1:])


def _about(widget: Widget) -> Content:
    title = str(widget.border_title or widget.id or "")
    return Content.assemble((Content.from_markup(title).plain, "bold $accent-line"), "\n", help_text(widget))
