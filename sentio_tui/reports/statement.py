"""The trade statement with the original's columns (facts, section 5.9), and what more there is of a fill."""

from typing import Final

from sentio_tui.plain import clean
from sentio_tui.reports.study import Study
from sentio_tui.reports.words import Clock
from sentio_tui.sessions.columns import Kind, Table, as_csv

COLUMNS: Final = {
    "#": Kind.INTEGER,
    "Bar": Kind.INTEGER,
    "Time": Kind.TEXT,
    "Symbol": Kind.TEXT,
    "Action": Kind.TEXT,
    "Qty": Kind.NUMBER,
    "Price": Kind.NUMBER,
    "Value": Kind.NUMBER,
    "Cash": Kind.NUMBER,
    "Portfolio": Kind.NUMBER,
    "Trade P&L": Kind.NUMBER,
    "Cum P&L": Kind.NUMBER,
    "Reason": Kind.TEXT,
    "Fee": Kind.NUMBER,
    "Book": Kind.TEXT,
    "Strategy": Kind.TEXT,
    "Order": Kind.TEXT,
}

_BEGIN_FORMULAS: Final = ("=", "+", "-", "@", "＝", "＋", "－", "＠")


def inert(text: str) -> str:
    """Text from outside as it may stand in a cell: a spreadsheet takes what begins like a formula for one."""
    text = clean(text)
    return f"'{text}" if text.lstrip().startswith(_BEGIN_FORMULAS) else text


def statement(study: Study) -> Table:
    """A row for each fill. Times are ISO 8601 on the exchange's clock, `Portfolio` is equity after the fill."""
    clock = Clock(study.info.clock_zone)
    return Table(
        COLUMNS,
        [
            (
                entry.number,
                entry.bar,
                clock.iso(entry.time),
                inert(entry.symbol),
                entry.side.value.upper(),
                entry.quantity,
                entry.price,
                entry.value,
                entry.cash,
                entry.equity,
                entry.pnl,
                entry.cumulative,
                inert(entry.reason),
                entry.fee,
                inert(entry.book),
                inert(entry.strategy),
                inert(entry.order_id),
            )
            for entry in study.entries
        ],
    )


def statement_csv(study: Study) -> bytes:
    """UTF-8 with a header line."""
    return as_csv(statement(study))
