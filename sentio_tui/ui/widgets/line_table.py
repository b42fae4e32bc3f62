"""A table drawn line by line: fixed columns, a cursor, sorting and filtering, cheap enough for live numbers."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Final, NamedTuple

from rich.cells import cell_len
from textual import events
from textual.binding import Binding, BindingType
from textual.message import Message

from sentio_tui.ui.formatting import clean, cut, left, right
from sentio_tui.ui.widgets.line_board import Line, LineBoard, Span

GAP: Final = 2
"""Cells between two columns."""
SCROLL_BAR: Final = 2
"""Cells kept free at the right edge, for the scroll bar and the space before it."""
TRACK, THUMB = "│", "┃"


@dataclass(frozen=True)
class Column:
    """A column of a table, at least `width` cells wide, at `most` where there is room. One column may `grow` into the
    space that is left after that. Widths follow from the table's width alone, never from what is in it. Where not all
    fit, those with the highest `priority` are left out; 0 always stays. `numeric` columns stand at the right edge and
    sort from high to low first."""

    key: str
    label: str
    width: int
    most: int = 0
    priority: int = 0
    numeric: bool = False
    grow: bool = False


class Cell(NamedTuple):
    """The text of a cell and its style (see `line_board.STYLES`). `order` is what it sorts by: a float in numeric
    columns, else a str; the text itself when None. `short` says the same where the text does not fit."""

    text: str
    style: str = ""
    order: float | str | None = None
    short: str = ""


class Row(NamedTuple):
    """One cell a column. `key` names the row for as long as it lives; `style` lies below the styles of its cells."""

    key: str
    cells: tuple[Cell, ...]
    style: str = ""


class LineTable(LineBoard, can_focus=True):
    """Rows under a header.

    The end where the newest row stands (`newest`, "top" or "bottom") is kept in view until a person scrolls or moves
    the cursor away; from then on the rows in view and the selected row stay what they are, whatever comes in. A table
    without such an end keeps its place in the same way.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "move(-1)", "Up", show=False),
        Binding("down", "move(1)", "Down", show=False),
        Binding("left", "pan(-1)", "Columns to the left", show=False),
        Binding("right", "pan(1)", "Columns to the right", show=False),
        Binding("pageup", "page(-1)", "Page up", show=False),
        Binding("pagedown", "page(1)", "Page down", show=False),
        Binding("home,ctrl+home", "edge('top')", "First row", show=False),
        Binding("end,ctrl+end", "edge('bottom')", "Last row", show=False),
    ]
    DEFAULT_CSS = """
    LineTable { height: 1fr; width: 1fr; }
    """

    class Changed(Message):
        """The filter, the order or the number of rows in view is another."""

    class Moved(Message):
        """Another row is selected, or none."""

    def __init__(
        self,
        columns: Sequence[Column],
        *,
        empty: str,
        newest: str = "",
        id: str | None = None,  # noqa: A002 # Textual's name for it
    ) -> None:
        super().__init__(id=id)
        self._columns = tuple(columns)
        self._empty = empty
        self._newest = newest
        self._rows: Sequence[Row] = ()
        self._view: Sequence[Row] = ()
        self._filter = ""
        self._sort: int | None = None
        self._descending = False
        self._top = 0
        self._cursor = 0
        self._key: str | None = None
        self._at_edge = True
        self._pan = 0
        self._placed: tuple[tuple[int, int], ...] = ()
        self._placed_for: tuple[int, int] | None = None
        self._drawn: dict[str, tuple[Row, Line]] = {}
        self._told: tuple[object, ...] = ()

    @property
    def rows(self) -> Sequence[Row]:
        """The rows in view, filtered and in the order shown."""
        return self._view

    @property
    def total(self) -> int:
        """How many rows there are, those that the filter hides included."""
        return len(self._rows)

    @property
    def selected(self) -> str | None:
        """The key of the row under the cursor; None when there is none."""
        return self._view[self._cursor].key if self._view else None

    @property
    def filter_text(self) -> str:
        return self._filter

    @property
    def sorted_by(self) -> str:
        """The label of the column that decides the order, with the direction; empty in the order given."""
        if self._sort is None:
            return ""
        return f"{self._columns[self._sort].label} {'▼' if self._descending else '▲'}"

    def set_rows(self, rows: Sequence[Row]) -> None:
        """Show these rows, keeping the cursor on its row and the view where it is."""
        if rows == self._rows:
            return
        self._rows = rows
        self._arrange()

    def set_filter(self, text: str) -> None:
        """Show only rows that hold the text in any cell, whatever the case; after "!" only those that do not."""
        if text != self._filter:
            self._filter = text
            self._arrange()

    def sort_by(self, key: str | None, *, descending: bool | None = None) -> None:
        """Sort by a column, or keep the order given (None). Numbers go from high to low unless told otherwise."""
        index = None if key is None else next(i for i, column in enumerate(self._columns) if column.key == key)
        self._sort = index
        if index is not None:
            self._descending = self._columns[index].numeric if descending is None else descending
        self._arrange()

    def action_sort(self) -> None:
        """Sort by the next column in view; after the last, back to the order given."""
        shown = [index for index, _ in self._place()]
        at = shown.index(self._sort) + 1 if self._sort in shown else 0
        self.sort_by(self._columns[shown[at]].key if at < len(shown) else None)

    def action_reverse(self) -> None:
        """Turn the order round; without one, sort by the first column."""
        if self._sort is None:
            self.action_sort()
        else:
            self.sort_by(self._columns[self._sort].key, descending=not self._descending)

    def action_move(self, by: int) -> None:
        self._go_to(self._cursor + by)

    def action_page(self, by: int) -> None:
        self._go_to(self._cursor + by * max(1, self._height - 1))

    def action_edge(self, edge: str) -> None:
        self._go_to(0 if edge == "top" else len(self._view) - 1)

    def action_pan(self, by: int) -> None:
        """Bring columns that are left out into view, in place of those after the first."""
        last = len(self._columns) - 1
        if len(self._place_for(0)) > last:
            limit = 0
        else:
            limit = next((pan for pan in range(1, last) if last in dict(self._place_for(pan))), last - 1)
        self._pan = max(0, min(self._pan + by, limit))
        self._paint()

    def on_click(self, event: events.Click) -> None:
        event.stop()
        y = event.y
        if y == 0:
            column = self._column_at(event.x)
            if column is not None and column == self._sort:
                self.action_reverse()
            elif column is not None:
                self.sort_by(self._columns[column].key)
        elif y - 1 + self._top < len(self._view):
            self._go_to(y - 1 + self._top)

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        event.stop()
        self._scroll(3)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        event.stop()
        self._scroll(-3)

    def on_resize(self) -> None:
        self._drawn.clear()
        self._settle()
        self._paint()

    def watch_has_focus(self, has_focus: bool) -> None:
        super().watch_has_focus(has_focus)
        self._paint()

    @property
    def _height(self) -> int:
        return max(0, self.size.height - 1)

    @property
    def _edge(self) -> str:
        """The end that is kept in view: a sorted table has its first row there."""
        return "top" if self._sort is not None and self._newest else self._newest

    def _arrange(self) -> None:
        """Filter and sort anew, and put cursor and view back on the rows they were on."""
        above = self._view[self._top].key if self._top < len(self._view) else None
        view = self._matching()
        if self._sort is not None:
            index, column = self._sort, self._columns[self._sort]
            view = sorted(view, key=lambda row: _order(row.cells[index], column.numeric), reverse=self._descending)
        self._view = view
        if self._at_edge and self._edge:
            self._cursor = 0 if self._edge == "top" else max(0, len(view) - 1)
            self._top = 0 if self._edge == "top" else len(view)
        else:
            places = {row.key: place for place, row in enumerate(view)}
            self._cursor = places.get(self._key or "", min(self._cursor, max(0, len(view) - 1)))
            self._top = places.get(above or "", self._top)
        self._settle()
        if self._drawn and len(self._drawn) > 2 * len(self._rows) + 100:
            self._drawn.clear()
        self._paint()
        told = (self._filter, self.sorted_by, len(view), len(self._rows))
        if told != self._told:
            self._told = told
            self.post_message(self.Changed())

    def _matching(self) -> Sequence[Row]:
        wanted = self._filter.removeprefix("!").casefold()
        if not wanted:
            return self._rows
        holds = not self._filter.startswith("!")
        return [row for row in self._rows if any(wanted in clean(c.text).casefold() for c in row.cells) == holds]

    def _settle(self) -> None:
        """Bring cursor and view back within the rows there are."""
        self._cursor = max(0, min(self._cursor, len(self._view) - 1))
        self._top = max(0, min(self._top, len(self._view) - self._height))
        if self._key != self.selected:
            self._key = self.selected
            self.post_message(self.Moved())

    def _go_to(self, index: int) -> None:
        if not self._view:
            return
        last = len(self._view) - 1
        self._cursor = max(0, min(index, last))
        self._top = max(min(self._top, self._cursor), self._cursor - self._height + 1)
        self._at_edge = self._cursor == (last if self._edge == "bottom" else 0)
        self._settle()
        self._paint()

    def _scroll(self, by: int) -> None:
        lowest = max(0, len(self._view) - self._height)
        self._top = max(0, min(self._top + by, lowest))
        self._at_edge = self._top == (lowest if self._edge == "bottom" else 0)
        self._paint()

    def _place(self) -> tuple[tuple[int, int], ...]:
        """The columns in view as (index, width), from left to right."""
        if self._placed_for != (self.size.width, self._pan):
            self._placed_for = (self.size.width, self._pan)
            self._placed = self._place_for(self._pan)
            self._drawn.clear()
        return self._placed

    def _place_for(self, pan: int) -> tuple[tuple[int, int], ...]:
        columns = self._columns
        room = self.size.width - SCROLL_BAR
        kept = [index for index in range(len(columns)) if index == 0 or index > pan]

        def used() -> int:
            return sum(columns[index].width for index in kept) + GAP * (len(kept) - 1)

        while len(kept) > 1 and used() > room:
            kept.remove(kept[-1] if pan else max(kept[1:], key=lambda index: (columns[index].priority, index)))
        widths = {index: columns[index].width for index in kept}
        spare = max(0, room - used())
        for index in sorted(kept, key=lambda index: (columns[index].priority, index)):
            more = min(spare, max(0, columns[index].most - columns[index].width))
            widths[index] += more
            spare -= more
        grower = next((index for index in kept if columns[index].grow), None)
        if grower is not None:
            widths[grower] += spare
        return tuple((index, min(room, width)) for index, width in widths.items()) if room > 0 else ()

    def _column_at(self, x: int) -> int | None:
        start = 0
        for index, width in self._place():
            if start <= x < start + width + GAP:
                return index
            start += width + GAP
        return None

    def _paint(self) -> None:
        if not self.size.width or not self.size.height:
            return
        placed = self._place()
        height = self._height
        lines = [self._header(placed)]
        if not self._view:
            lines.append(Line((Span(cut(self._nothing(), self.size.width - 1), "muted"),)))
        shown = self._view[self._top : self._top + height]
        thumb = self._thumb(height)
        for y, row in enumerate(shown):
            line = self._line(row, placed)
            if self.has_focus and self._top + y == self._cursor:
                line = Line(line.spans, "cursor")
            if thumb is not None:
                mark = Span(THUMB, "muted") if y in thumb else Span(TRACK, "grid")
                line = Line((*line.spans, mark), line.ground)
            lines.append(line)
        self.set_lines(lines)

    def _nothing(self) -> str:
        return f"no row for “{self._filter}” (esc clears the filter)" if self._filter and self._rows else self._empty

    def _thumb(self, height: int) -> range | None:
        """The lines at whose right edge the scroll bar's thumb stands; None when all rows are in view."""
        count = len(self._view)
        if count <= height or height < 2:
            return None
        length = max(1, height * height // count)
        start = round(self._top / (count - height) * (height - length))
        return range(start, start + length)

    def _header(self, placed: Sequence[tuple[int, int]]) -> Line:
        spans: list[Span] = []
        for position, (index, width) in enumerate(placed):
            column = self._columns[index]
            fit = right if column.numeric else left
            label = column.label
            if index == self._sort:
                mark = "▼" if self._descending else "▲"
                label = mark + cut(label, width - 1) if column.numeric else cut(label, width - 1) + mark
            spans.append(Span(fit(label, width), "header"))
            if position < len(placed) - 1:
                spans.append(Span(" " * GAP))
        return Line(tuple(spans))

    def _line(self, row: Row, placed: Sequence[tuple[int, int]]) -> Line:
        drawn = self._drawn.get(row.key)
        if drawn is not None and (drawn[0] is row or drawn[0] == row):
            return drawn[1]
        spans: list[Span] = []
        used = 0
        for position, (index, width) in enumerate(placed):
            cell = row.cells[index]
            fit = right if self._columns[index].numeric else left
            text = cell.short if cell.short and cell_len(cell.text) > width else cell.text
            spans.append(Span(fit(text, width), f"{row.style} {cell.style}".strip()))
            used += width
            if position < len(placed) - 1:
                spans.append(Span(" " * GAP))
                used += GAP
        spans.append(Span(" " * max(0, self.size.width - 1 - used)))
        line = Line(tuple(spans))
        self._drawn[row.key] = (row, line)
        return line


def _order(cell: Cell, numeric: bool) -> tuple[float, str]:
    """What a cell sorts by: numbers before anything else, what is no number lowest."""
    order = cell.text if cell.order is None else cell.order
    if isinstance(order, str):
        return (-math.inf if numeric else 0.0, clean(order).casefold())
    return (-math.inf if math.isnan(order) else order, "")
