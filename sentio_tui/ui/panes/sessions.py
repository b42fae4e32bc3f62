"""The sessions on disk, as rows."""

from collections.abc import Sequence
from typing import Final

from textual import on
from textual.message import Message

from sentio_tui.journal.catalogue import Listed, SessionState
from sentio_tui.model.bars import Millis
from sentio_tui.model.events import Mode
from sentio_tui.model.snapshot import Snapshot
from sentio_tui.ui.formatting import MISSING, UNKNOWN, clock, marked, percent, tone
from sentio_tui.ui.panes.tables import TablePane
from sentio_tui.ui.widgets.line_table import Cell, Column, LineTable, Row

_STATES: Final = {
    SessionState.RUNNING: Cell("● running", "gain"),
    SessionState.ENDED: Cell("■ ended", "muted"),
    SessionState.INTERRUPTED: Cell("‖ interrupted", "warning", short="‖ interr."),
    SessionState.UNREADABLE: Cell("✖ unreadable", "error", short="✖ unread."),
}
_NOTHING: Final = Cell(UNKNOWN, "muted", float("nan"))
TICK: Final = "✓ "
"""Before the name of a session that is marked for comparing."""


class SessionsPane(TablePane):
    """Sessions, the newest first."""

    NUMBER = 0
    NAME = "sessions"
    TITLE = "Sessions"
    HELP = """\
The sessions on disk, the newest first: how they were made, when they ran (UTC, by the wall clock), what came of them.
Return counts from the capital at the start; drawdown is the deepest fall under the highest equity before it; trades are
closed round trips. n/a is what the files do not say; the lines below the table say why.

enter opens the session: one that runs as it is now, another as a replay. `r` goes on with one that was interrupted.
`space` marks a session, `c` compares the two that are marked, or the marked one with the one under the cursor. `d`
deletes a session after a question: its journal, summary, marks. A summary that is missing, or older than its journal,
is made anew while you look.

`/` filters, `o` or a click on a header sorts, `O` turns the order round, left and right bring hidden columns into
view, `u` looks at the disk again (it is looked at every few seconds anyway), `s` starts a new session, `b` or escape
goes back to the cockpit, `q` quits."""
    EMPTY = "no sessions yet"
    COLUMNS = (
        Column("name", "Session", 22, most=25),
        Column("state", "State", 9, most=13),
        Column("mode", "Mode", 6, priority=6),
        Column("strategy", "Strategy", 11, most=17, priority=1),
        Column("started", "Started UTC", 16, priority=4),
        Column("ended", "Ended UTC", 16, priority=7),
        Column("return", "Return", 9, most=10, numeric=True),
        Column("drawdown", "Drawdown", 8, priority=2, numeric=True),
        Column("trades", "Trades", 6, most=7, priority=3, numeric=True),
        Column("fills", "Fills", 6, most=7, priority=8, numeric=True),
        Column("symbols", "Symbols", 8, priority=9, grow=True),
    )

    class Selected(Message):
        """Another session is selected, or none."""

    @on(LineTable.Moved)
    def _moved(self, event: LineTable.Moved) -> None:
        # The table's own message would not get past this pane where the pane itself brought it about, by its filter.
        event.stop()
        self.post_message(self.Selected())

    def show(self, snapshot: Snapshot) -> None:
        raise TypeError("sessions are shown by show_rows")

    def show_rows(self, rows: Sequence[Row], busy: str) -> None:
        """`busy` says in the lower border what is being done."""
        self.table.set_rows(rows)
        if busy:
            self.set_subtitle(busy)
        else:
            self.table.post_message(LineTable.Changed())


def session_row(listed: Listed, *, is_chosen: bool) -> Row:
    """A row of the table; one that is chosen for comparing is marked."""
    mark = TICK if is_chosen else "  "
    return Row(
        listed.name,
        (
            Cell(mark + listed.name, "strong" if is_chosen else "", listed.name),
            _STATES[listed.state],
            _mode(listed.mode),
            _text(listed.strategy),
            _moment(listed.started),
            _moment(listed.ended),
            _return(listed.return_fraction),
            _NOTHING if listed.max_drawdown is None else _depth(listed.max_drawdown),
            _count(listed.closed_trades),
            _count(listed.fills),
            Cell(", ".join(listed.symbols), "muted"),
        ),
    )


def _mode(mode: str | None) -> Cell:
    """One that trades real money stands out."""
    return Cell(mode.upper(), "error") if mode == Mode.LIVE else _text(mode)


def _text(value: str | None) -> Cell:
    return Cell(MISSING, "muted", "") if value is None else Cell(value)


def _moment(at: Millis | None) -> Cell:
    """Sorted by the moment itself; what is unknown comes before all times."""
    return Cell(MISSING, "muted", "") if at is None else Cell(clock(at, "UTC", "%Y-%m-%d %H:%M"), "", f"{at:020}")


def _return(value: float | None) -> Cell:
    if value is None:
        return _NOTHING
    return Cell(marked(value, percent, 10, digits=4), tone(value, 4), value, marked(value, percent, 9, digits=4))


def _depth(value: float) -> Cell:
    return Cell(percent(-value), "loss" if tone(-value, 4) == "loss" else "", value, percent(-value, 8))


def _count(value: int | None) -> Cell:
    return _NOTHING if value is None else Cell(f"{value:,}", "", float(value))
