"""What was bought and sold."""

from sentio_tui.model.orders import Side
from sentio_tui.model.snapshot import FillView, Snapshot
from sentio_tui.ui.formatting import change, clock, marked, price, quantity, tone
from sentio_tui.ui.panes.tables import TablePane
from sentio_tui.ui.widgets.line_table import Cell, Column, Row


class TradesPane(TablePane):
    """Executions, the newest first."""

    NUMBER = 4
    NAME = "trades"
    TITLE = "Trades"
    HELP = """\
Every execution, the newest first, at the market time of its price, in the exchange's zone. The log tells it when it is
known: at the end of that minute. A buy is ▲, a sell ▼. P&L stands on the executions that close something; it is net of
the costs of both sides, so it adds up to the change in equity. The reason is the decision's: enter, exit, stop loss,
take profit and so on.

Arrows move, `o` or a click on a header sorts, `/` filters, left and right bring hidden columns into view. While the
first row is selected the newest stays in view."""
    EMPTY = "no trades yet"
    NEWEST = "top"
    COLUMNS = (
        Column("time", "Time", 8),
        Column("side", "Side", 6),
        Column("symbol", "Symbol", 8, most=10),
        Column("quantity", "Quantity", 9, most=12, priority=4, numeric=True),
        Column("price", "Price", 9, most=11, priority=2, numeric=True),
        Column("pnl", "P&L", 10, most=13, priority=1, numeric=True),
        Column("reason", "Reason", 11, priority=3, grow=True),
        Column("strategy", "Strategy", 12, priority=5),
    )

    def show(self, snapshot: Snapshot) -> None:
        zone, alone = snapshot.info.clock_zone, len(snapshot.info.books) < 2
        self.table.set_rows(
            self.rows_of(
                reversed(snapshot.fills),
                key=lambda fill: str(fill.number),
                make=lambda key, fill: _row(key, fill, zone, alone=alone),
                basis=(zone, alone),
            )
        )


def _row(key: str, fill: FillView, zone: str, *, alone: bool) -> Row:
    bought = fill.side is Side.BUY
    pnl = Cell("", "", float("nan"))
    if fill.pnl is not None:
        pnl = Cell(marked(fill.pnl, change), tone(fill.pnl), fill.pnl, marked(fill.pnl, change, 10))
    return Row(
        key,
        (
            Cell(clock(fill.time, zone), "muted", f"{fill.time:020} {fill.number:012}"),
            Cell("▲ buy" if bought else "▼ sell", "gain" if bought else "loss"),
            Cell(fill.symbol, "strong"),
            Cell(quantity(fill.quantity), "", fill.quantity, quantity(fill.quantity, 9)),
            Cell(price(fill.price), "", fill.price, price(fill.price, 9)),
            pnl,
            Cell(fill.reason.replace("_", " ")),
            Cell(fill.strategy if alone else f"{fill.book} {fill.strategy}", "muted"),
        ),
    )
