"""What happened, in words."""

from typing import Final

from sentio_tui.model.events import Level, Noted
from sentio_tui.model.snapshot import Snapshot
from sentio_tui.ui.formatting import clock
from sentio_tui.ui.panes.tables import TablePane
from sentio_tui.ui.widgets.line_table import Cell, Column, Row

_LEVELS: Final = {
    Level.DEBUG: ("· debug", "muted", ""),
    Level.INFO: ("• info", "flat", ""),
    Level.WARNING: ("▲ warning", "warning", "warning"),
    Level.ALARM: ("✖ alarm", "error", "error"),
}
"""The word, its style, and the style of the text, by level."""
_SEVERITY: Final = {level: str(place) for place, level in enumerate(Level)}


class LogPane(TablePane):
    """The notes of the session, the newest at the bottom."""

    NUMBER = 6
    NAME = "log"
    TITLE = "Log"
    HELP = """\
What the session noted, the newest at the bottom, at the market time of the exchange's zone. The level stands in words:
debug, info, warning, alarm.

`/` filters: `/alarm` shows the alarms, `/!fill` hides the fills. `o` or a click on a header sorts. While the last row
is selected the newest stays in view; End goes back there."""
    EMPTY = "nothing noted yet"
    NEWEST = "bottom"
    COLUMNS = (
        Column("time", "Time", 8, priority=2),
        Column("level", "Level", 9, priority=1),
        Column("text", "Text", 16, grow=True),
        Column("code", "Kind", 13, priority=3),
    )

    def show(self, snapshot: Snapshot) -> None:
        zone = snapshot.info.clock_zone
        self.table.set_rows(
            self.rows_of(
                snapshot.notes,
                key=lambda note: str(note.seq),
                make=lambda key, note: _row(key, note, zone),
                basis=zone,
            )
        )


def _row(key: str, note: Noted, zone: str) -> Row:
    word, style, tint = _LEVELS[note.level]
    return Row(
        key,
        (
            Cell(clock(note.at, zone), "muted", f"{note.at:020} {note.seq:012}"),
            Cell(word, style, _SEVERITY[note.level]),
            Cell(note.text, tint),
            Cell(note.code, "muted"),
        ),
    )
