"""Two sessions side by side: equity overlaid, and every figure with the difference."""

from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Final, cast

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.getters import query_one
from textual.message import Message
from textual.screen import Screen

from sentio_tui.journal.document import DocumentDamaged
from sentio_tui.model.snapshot import Snapshot
from sentio_tui.ui.actions import BY_ID, SAME_AS
from sentio_tui.ui.comparison import Compared, NotComparable, read_side, rows
from sentio_tui.ui.formatting import clean, cut
from sentio_tui.ui.panes.base import Pane
from sentio_tui.ui.panes.tables import TablePane
from sentio_tui.ui.screens.help import Help
from sentio_tui.ui.status import KeyBar, KeyHint
from sentio_tui.ui.theming import Rgb, colour_of
from sentio_tui.ui.widgets.line_board import BLANK, Line, Span
from sentio_tui.ui.widgets.line_table import Column
from sentio_tui.ui.widgets.overlay import MARKERS, Curve, overlay

if TYPE_CHECKING:
    from sentio_tui.ui.app import Cockpit

_KEYS: Final = (("align", "a", "Align"), ("swap", "x", "Swap"), ("back", "escape,b,c", "Back"))
_SHARED: Final = ("filter", "sort", "reverse", "theme", "help", "quit")
_COLOURS: Final = ("chart-equity", "accent-line")
"""The theme's variables of the two curves."""

_SINCE: Final = "since the start of each"
_DATES: Final = "by market date, UTC"


class CurvesPane(Pane):
    """Both curves over each other."""

    NUMBER = 0
    NAME = "curves"
    TITLE = "Equity"

    def __init__(self) -> None:
        super().__init__()
        self.can_focus = False
        self.border_title = "Return on the capital at the start"
        self.sides: tuple[Compared, ...] = ()
        self.trouble = "Reading…"
        self.zone = ""
        """UTC where the curves stand at their dates; empty where they begin together."""
        self._drawn_in: tuple[Rgb | None, ...] = ()

    def show(self, snapshot: Snapshot) -> None:
        raise TypeError("curves are shown by paint")

    def paint(self) -> None:
        width, height = self.size
        if width < 2 or height < 2:
            return
        self.set_subtitle(_DATES if self.zone else _SINCE)
        if self.trouble:
            self.set_lines([BLANK, *(Line((Span(cut(line, width), "warning"),)) for line in self.trouble.split("\n"))])
            return
        self._drawn_in = colours = self._colours()
        curves = [Curve(side.returns, colour) for side, colour in zip(self.sides, colours, strict=False)]
        legend = [self._legend(index, side, colours[index]) for index, side in enumerate(self.sides)]
        picture = overlay(curves, (width, height - len(legend)), colours[-1], zone=self.zone)
        nothing = (Line((Span("no point of either curve can be drawn", "muted"),)),)
        self.set_lines((*legend, *(picture or nothing)))

    def _legend(self, index: int, side: Compared, colour: Rgb | None) -> Line:
        style = "" if colour is None else "#{:02x}{:02x}{:02x}".format(*colour)
        stroke = "━━" if colour is not None or MARKERS[index] == "braille" else MARKERS[index] * 2
        letter = "AB"[index]
        strategy = clean(side.document.strategy)
        text = cut(f" {letter}  {side.name}  {strategy}", self.size.width - 3)
        return Line((Span(stroke, style), Span(text, "strong")))

    def _colours(self) -> tuple[Rgb | None, ...]:
        return tuple(colour_of(self.app, name) for name in (*_COLOURS, "chart-axis"))

    def on_resize(self) -> None:
        self.paint()

    def notify_style_update(self) -> None:
        super().notify_style_update()
        if self._drawn_in and self.is_attached and self._colours() != self._drawn_in:
            self.call_after_refresh(self.paint)


class ComparePane(TablePane):
    """The figures of both, and the difference."""

    NUMBER = 0
    NAME = "figures"
    TITLE = "Figures"
    HELP = """\
Two sessions side by side. The picture shows what each made of its capital at the start, in percent; `a` sets both
curves to begin at the left edge, or at their market dates. Below it stand the figures of the two summaries and the
difference, B less A; pp are percentage points. Its colour says whether B is better, where one can say so; its sign and
glyph only which is more. Then follows what the sessions were made of. n/a is what a summary does not say, and why.

`x` swaps the two, `/` filters, `o` sorts, arrows move, `c`, `b` or escape goes back to the list."""
    EMPTY = "nothing to compare"
    COLUMNS = (
        Column("figure", "Figure", 14, most=16),
        Column("a", "A", 18, most=34, numeric=True),
        Column("b", "B", 18, most=34, numeric=True),
        Column("difference", "B less A", 14, most=18, numeric=True),
    )

    def __init__(self) -> None:
        super().__init__()
        self.border_title = "Figures"

    def show(self, snapshot: Snapshot) -> None:
        raise TypeError("figures are shown by the screen")


class CompareScreen(Screen[None]):
    """Reads the two summaries on a thread of its own."""

    AUTO_FOCUS = "LineTable"
    BINDINGS: ClassVar[list[BindingType]] = [
        *(Binding(keys, f"act('{name}')", label) for name, keys, label in _KEYS),
        *(Binding(",".join(BY_ID[name].keys), f"act('{name}')", id=name) for name in (*_SHARED, *SAME_AS)),
        Binding("ctrl+q,ctrl+c", "act('quit')", show=False, priority=True),
    ]

    curves = query_one(CurvesPane)
    figures = query_one(ComparePane)
    keys = query_one(KeyBar)

    class Read(Message):
        """What was read of both, or what is wrong."""

        def __init__(self, sides: tuple[Compared, ...], trouble: str) -> None:
            super().__init__()
            self.sides = sides
            self.trouble = trouble

    def __init__(self, folder: Path, a: str, b: str) -> None:
        super().__init__(id="compare-screen")
        self._folder = folder
        self._names = (a, b)

    @property
    def cockpit(self) -> "Cockpit":
        return cast("Cockpit", self.app)

    def compose(self) -> ComposeResult:
        with Vertical():
            yield CurvesPane()
            yield ComparePane()
        yield KeyBar()

    def on_mount(self) -> None:
        table = self.cockpit.key_table
        shared = [KeyHint(table.shown(name), BY_ID[name].label, name) for name in ("quit", "help", "filter", "sort")]
        own = [KeyHint({"escape": "esc"}.get(keys.split(",")[0], keys), label, name) for name, keys, label in _KEYS]
        self.keys.show((*shared[:2], *own, *shared[2:]))
        self._read()

    @work(thread=True, group="reading")
    def _read(self) -> None:
        sides: list[Compared] = []
        troubles: list[str] = []
        for name in self._names:
            try:
                sides.append(read_side(self._folder, name))
            except (NotComparable, DocumentDamaged) as error:
                troubles.append(str(error))
            except OSError as error:
                troubles.append(f"{error.filename}: cannot be read: {error.strerror}")
        self.post_message(self.Read(tuple(sides), "\n".join(troubles)))

    def on_compare_screen_read(self, event: Read) -> None:
        self.curves.sides, self.curves.trouble = event.sides, event.trouble
        self.curves.paint()
        if not event.trouble:
            self.figures.table.set_rows(rows(*event.sides))

    def action_act(self, action: str) -> None:
        """Take an action of this screen's keys."""
        match action:
            case "align":
                self.curves.zone = "" if self.curves.zone else "UTC"
                self.curves.paint()
            case "swap":
                self._names = self._names[1], self._names[0]
                self._read()
            case "back":
                self.dismiss()
            case "filter":
                self.figures.action_filter()
            case "sort":
                self.figures.action_sort()
            case "reverse":
                self.figures.action_reverse()
            case "help":
                self.cockpit.push_screen(Help(self.figures, None))
            case _ if action in SAME_AS:
                self.figures.move(action)
            case _:
                self.cockpit.act(action)
