"""Help: what the focused pane shows, and every key."""

import inspect
import textwrap
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.geometry import Size
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

    def __init__(self, subject: Widget | None, keys: KeyTable | None) -> None:
        """`subject` is what had the focus when help was asked for; without `keys` there is nothing below it."""
        super().__init__()
        self._subject = subject
        self._table = keys

    def compose(self) -> ComposeResult:
        with VerticalScroll(classes="dialog help") as box:
            box.border_title = " Help "
            box.border_subtitle = " esc closes "
            if self._subject is not None:
                yield Static(_about(self._subject), classes="help--subject")
            if self._table is not None:
                yield KeyList(self._table)

    def action_scroll(self, where: str) -> None:
        """Moves at once: a text that was only just opened may have no layout yet, and its end is then waited for."""
        box = self.query_one(VerticalScroll)
        match where:
            case "down":
                box.scroll_down(animate=False)
            case "up":
                box.scroll_up(animate=False)
            case "home":
                box.scroll_home(animate=False)
            case _:
                box.scroll_end(animate=False)


def help_text(widget: Widget) -> str:
    """A widget's own help, or its documentation, each paragraph on one line."""
    text = inspect.cleandoc(widget.HELP or type(widget).__doc__ or "")
    return "\n\n".join(" ".join(paragraph.split()) for paragraph in text.split("\n\n"))


class KeyList(Widget):
    """All actions under their headings, with their keys and what they do, wrapped to the width there is."""

    DEFAULT_CSS = """
    KeyList { height: auto; width: 100%; }
    """

    def __init__(self, keys: KeyTable) -> None:
        super().__init__()
        self._table = keys

    def render(self) -> Content:
        return Content("\n").join(key_lines(self._table, self.size.width))

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        return len(key_lines(self._table, width))


def key_lines(keys: KeyTable, width: int) -> list[Content]:
    """The lines of the key list on so many cells."""
    key_width = max(len(keys.all_shown(action.id)) for action in ACTIONS) + 2
    label_width = max(len(action.label) for action in ACTIONS) + 2
    rows = {
        group: [(keys.all_shown(action.id), action.label, action.help) for action in ACTIONS if action.group is group]
        for group in Group
    }
    always = " ".join(shown_key(key) for key in ALWAYS_QUIT)
    rows[Group.SESSION].append((always, "Quit", "As above; these keys cannot be given away."))
    lines: list[Content] = []
    for group, entries in rows.items():
        lines += [Content(""), Content.styled(group.value, "bold $accent-line")]
        for key, name, text in entries:
            indent = 2 + key_width + label_width
            first, *more = textwrap.wrap(text, max(width - indent, 20))
            lines.append(
                Content.assemble("  ", (key.ljust(key_width), "bold"), name.ljust(label_width), (first, "$muted"))
            )
            lines += [Content.styled(" " * indent + line, "$muted") for line in more]
    return lines[1:]


def _about(widget: Widget) -> Content:
    title = str(widget.border_title or widget.id or "")
    return Content.assemble((Content.from_markup(title).plain, "bold $accent-line"), "\n", help_text(widget))
