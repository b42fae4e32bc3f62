"""Panes of rows: a table, and a line to type a filter into."""

from collections.abc import Callable, Hashable, Iterable, Sequence
from functools import partial
from typing import ClassVar, Self, TypeVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import Input

from sentio_tui.ui.panes.base import Pane
from sentio_tui.ui.widgets.line_table import Column, LineTable, Row

Item = TypeVar("Item")


class FilterLine(Input):
    """One line to type a filter into. Enter keeps the filter, escape gives it up."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "give_up", "Clear the filter", show=False)]
    DEFAULT_CSS = """
    FilterLine {
        dock: bottom;
        height: 1;
        border: none;
        padding: 0;
        background: $surface;
        display: none;
        &:focus { border: none; }
    }
    """

    def __init__(self, leave: Callable[[], object]) -> None:
        """`leave` takes the focus elsewhere at once: the key after enter is no longer a part of the filter."""
        super().__init__(compact=True, placeholder="filter: text, or !text for rows without it", select_on_focus=False)
        self._leave = leave

    async def action_submit(self) -> None:
        await super().action_submit()
        self._leave()

    def action_give_up(self) -> None:
        self.value = ""
        self.post_message(self.Submitted(self, ""))
        self._leave()


class TablePane(Pane, can_focus=False):
    """A pane of rows that can be sorted and filtered. Its table is what takes the focus."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "clear_filter", "Clear the filter", show=False)]
    COLUMNS: ClassVar[Sequence[Column]]
    EMPTY: ClassVar[str]
    NEWEST: ClassVar[str] = ""

    def __init__(self) -> None:
        super().__init__()
        self.table = LineTable(self.COLUMNS, empty=self.EMPTY, newest=self.NEWEST)
        self.filter_line = FilterLine(self.focus)
        self._made: dict[str, tuple[Hashable, object, Row]] = {}

    def compose(self) -> ComposeResult:
        yield self.table
        yield self.filter_line

    def focus(self, scroll_visible: bool = True) -> Self:
        self.screen.set_focus(self.table, scroll_visible)
        return self

    def rows_of(
        self,
        items: Iterable[Item],
        key: Callable[[Item], str],
        make: Callable[[str, Item], Row],
        basis: Hashable = None,
    ) -> list[Row]:
        """A row for each item, made anew only where the item, or the `basis` of all of them, is another. Items of one
        key get rows of their own."""
        made: dict[str, tuple[Hashable, object, Row]] = {}
        rows: list[Row] = []
        for item in items:
            name = key(item)
            while name in made:
                name += "+"
            known = self._made.get(name)
            if known is None or known[0] != basis or not (known[1] is item or known[1] == item):
                known = (basis, item, make(name, item))
            made[name] = known
            rows.append(known[2])
        self._made = made
        return rows

    def action_sort(self) -> None:
        self.table.action_sort()

    def action_reverse(self) -> None:
        self.table.action_reverse()

    def move(self, action_id: str) -> None:
        """Do at once what a key for moving stands for ("move_down")."""
        table = self.table
        moves: dict[str, Callable[[], None]] = {
            "move_up": partial(table.action_move, -1),
            "move_down": partial(table.action_move, 1),
            "move_left": partial(table.action_pan, -1),
            "move_right": partial(table.action_pan, 1),
            "move_top": partial(table.action_edge, "top"),
            "move_bottom": partial(table.action_edge, "bottom"),
        }
        moves[action_id]()

    def action_filter(self) -> None:
        """Open the line to type a filter into."""
        self.filter_line.display = True
        self.filter_line.value = self.table.filter_text
        self.screen.set_focus(self.filter_line, scroll_visible=False)

    def action_clear_filter(self) -> None:
        self.filter_line.value = ""
        self.table.set_filter("")

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        # Without a filter, escape belongs to whoever is next: it leaves the zoom.
        return bool(self.table.filter_text) if action == "clear_filter" else True

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        event.stop()
        self.table.set_filter(event.value)

    @on(Input.Submitted)
    def _kept(self, event: Input.Submitted) -> None:
        event.stop()
        self.table.set_filter(event.value)
        self.filter_line.display = False
        if self.filter_line.has_focus or self.screen.focused is None:
            self.focus(scroll_visible=False)

    @on(events.DescendantBlur)
    def _left(self, event: events.DescendantBlur) -> None:
        if event.widget is self.filter_line:
            self.filter_line.display = False

    @on(LineTable.Changed)
    def _told(self, event: LineTable.Changed) -> None:
        event.stop()
        table = self.table
        parts = [f"↕ {table.sorted_by}"] if table.sorted_by else []
        if table.filter_text:
            parts.append(f"/{table.filter_text}  {len(table.rows)} of {table.total}")
        self.set_subtitle(" · ".join(parts))
