"""What is held now."""

from sentio_tui.model.snapshot import PositionView, Snapshot
from sentio_tui.ui.formatting import age, change, marked, money, percent, price, quantity, tone
from sentio_tui.ui.panes.tables import TablePane
from sentio_tui.ui.widgets.line_table import Cell, Column, Row


class PositionsPane(TablePane):
    """Open positions, each with its profit or loss so far."""

    NUMBER = 3
    NAME = "positions"
    TITLE = "Positions"
    HELP = """\
What is held now. Entry is the average price paid, without costs; P&L is what selling at the current price would bring
against all that was paid, the costs of the entry included. A price marked stale is old: no bar came within the feed's
patience, and the profit made of it is dimmed. A tilde before a price marks a synthetic series, one that was computed
from another symbol's bars.

Arrows move, `o` or a click on a header sorts, `/` filters, left and right bring hidden columns into view."""
    EMPTY = "no open positions"
    COLUMNS = (
        Column("symbol", "Symbol", 8, most=10),
        Column("quantity", "Quantity", 9, most=12, priority=3, numeric=True),
        Column("entry", "Entry", 9, most=11, priority=4, numeric=True),
        Column("price", "Current", 12, most=16, priority=2, numeric=True),
        Column("pnl", "P&L", 10, most=13, numeric=True),
        Column("percent", "P&L %", 7, most=8, priority=1, numeric=True),
        Column("value", "Value", 9, most=12, priority=6, numeric=True),
        Column("age", "Age", 6, priority=5, numeric=True),
        Column("strategy", "Strategy", 12, priority=7, grow=True),
    )

    def show(self, snapshot: Snapshot) -> None:
        alone = len(snapshot.info.books) < 2
        at = snapshot.at
        # An age changes once a minute at the most after its first minute, so it is made outside the rows' cache.
        items = [(position, age(at - position.opened)) for position in snapshot.positions]
        self.table.set_rows(
            self.rows_of(
                items,
                key=lambda item: f"{item[0].book}\0{item[0].symbol}",
                make=lambda key, item: _row(key, *item, alone=alone),
                basis=alone,
            )
        )


def _row(key: str, position: PositionView, held: str, *, alone: bool) -> Row:
    marks = ("stale " if position.stale else "") + ("~" if position.synthetic else "")
    mood = "muted" if position.stale else tone(position.pnl)
    source = position.strategy if alone else f"{position.book} {position.strategy}"
    now, pnl = position.price, position.pnl
    return Row(
        key,
        (
            Cell(position.symbol, "strong"),
            Cell(quantity(position.quantity), "", position.quantity, quantity(position.quantity, 9)),
            Cell(price(position.entry_price), "", position.entry_price, price(position.entry_price, 9)),
            Cell(marks + price(now), "stale" if position.stale else "", now, marks + price(now, 12 - len(marks))),
            Cell(marked(pnl, change), mood, pnl, marked(pnl, change, 10)),
            Cell(percent(position.pnl_fraction), mood, position.pnl_fraction, percent(position.pnl_fraction, 7)),
            Cell(money(position.value), "", position.value, money(position.value, 9)),
            Cell(held, "muted", -float(position.opened)),
            Cell(source, "muted"),
        ),
    )
