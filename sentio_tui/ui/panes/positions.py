"""What is held now."""

from typing import Final

from sentio_tui.model.snapshot import PositionView, Snapshot
from sentio_tui.ui.formatting import age, change, glyph, money, percent, price, quantity, tone
from sentio_tui.ui.panes.tables import TablePane
from sentio_tui.ui.widgets.line_table import Cell, Column, Row

_QUANTITY: Final = 11
_PRICE: Final = 11
_CURRENT: Final = 13
_VALUE: Final = 11
_PNL: Final = 12
_PERCENT: Final = 8


class PositionsPane(TablePane):
    """Open positions, each with its profit or loss so far."""

    NUMBER = 3
    NAME = "positions"
    TITLE = "Positions"
    HELP = """\
What is held now. Entry is the average price paid, without costs; P&L is what selling at the current price would bring
against all that was paid, the costs of the entry included. A price marked stale is old: no bar came within the
feed's patience, and the profit made of it is dimmed. A tilde before a price marks a synthetic series, one that was computed from another symbol's bars.

Arrows move, `o` or a click on a header sorts, `/` filters, left and right bring hidden columns into view."""
    EMPTY = "no open positions"
    COLUMNS = (
        Column("symbol", "Symbol", 9),
        Column("quantity", "Quantity", _QUANTITY, priority=3, numeric=True),
        Column("entry", "Entry", _PRICE, priority=4, numeric=True),
        Column("price", "Current", _CURRENT, priority=2, numeric=True),
        Column("pnl", "P&L", _PNL, numeric=True),
        Column("percent", "P&L %", _PERCENT, priority=1, numeric=True),
        Column("value", "Value", _VALUE, priority=6, numeric=True),
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
    current = marks + price(position.price, _CURRENT - len(marks))
    mood = "muted" if position.stale else tone(position.pnl)
    source = position.strategy if alone else f"{position.book} {position.strategy}"
    return Row(
        key,
        (
            Cell(position.symbol, "strong"),
            Cell(quantity(position.quantity, _QUANTITY), "", position.quantity),
            Cell(price(position.entry_price, _PRICE), "", position.entry_price),
            Cell(current, "stale" if position.stale else "", position.price),
            Cell(f"{glyph(position.pnl)} {change(position.pnl, _PNL - 2)}", mood, position.pnl),
            Cell(percent(position.pnl_fraction, _PERCENT), mood, position.pnl_fraction),
            Cell(money(position.value, _VALUE), "", position.value),
            Cell(held, "muted", -float(position.opened)),
            Cell(source, "muted"),
        ),
    )

