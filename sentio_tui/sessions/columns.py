"""The tables a session is exported as: their columns, and how they are written as CSV and as Parquet.

The columns and their types are the same for every session, but for the numbers behind decisions, which are those of
its strategies. `docs/export.md` explains each. A figure that is unknown or no finite number is empty. Every time is
there twice: milliseconds UTC (`_ms`), and ISO 8601 text on the exchange's clock.
"""

import csv
import io
import math
from collections.abc import Callable, Mapping, Sequence
from enum import Enum
from typing import Final

from msgspec import Struct

Value = int | float | str | bool | None


class Kind(Enum):
    """What a column holds; any cell may be empty."""

    INTEGER = "int64"
    NUMBER = "float64"
    TEXT = "string"
    FLAG = "bool"


_INTEGER, _NUMBER, _TEXT, _FLAG = Kind.INTEGER, Kind.NUMBER, Kind.TEXT, Kind.FLAG
_TIME: Final = {"time_ms": _INTEGER, "time": _TEXT}

BARS: Final = {
    "seq": _INTEGER,
    **_TIME,
    "symbol": _TEXT,
    **dict.fromkeys(("open", "high", "low", "close", "volume"), _NUMBER),
    "synthetic": _FLAG,
    "backfilled": _FLAG,
}
DECISIONS: Final = {
    "seq": _INTEGER,
    **_TIME,
    "book": _TEXT,
    "symbol": _TEXT,
    "strategy": _TEXT,
    "direction": _TEXT,
    "reason": _TEXT,
    "trades": _FLAG,
    "detail": _TEXT,
    "state": _TEXT,
    "target": _TEXT,
    "probability": _NUMBER,
    "distance": _NUMBER,
    "trigger": _TEXT,
    "missing": _INTEGER,
    "book_equity": _NUMBER,
}
ORDERS: Final = {
    "seq": _INTEGER,
    **_TIME,
    "order_id": _TEXT,
    "book": _TEXT,
    "symbol": _TEXT,
    "side": _TEXT,
    "type": _TEXT,
    "time_in_force": _TEXT,
    **dict.fromkeys(("quantity", "notional", "limit_price", "stop_price", "trail"), _NUMBER),
    "reason": _TEXT,
    "status": _TEXT,
    **dict.fromkeys(("filled_quantity", "average_price", "commission"), _NUMBER),
    "closed_ms": _INTEGER,
    "closed": _TEXT,
    "why": _TEXT,
    "broker_id": _TEXT,
}
FILLS: Final = {
    "seq": _INTEGER,
    **_TIME,
    "fill_id": _TEXT,
    "order_id": _TEXT,
    "book": _TEXT,
    "symbol": _TEXT,
    "side": _TEXT,
    **dict.fromkeys(("quantity", "price", "value", "commission", "remaining", "pnl"), _NUMBER),
    "trade": _INTEGER,
    "reason": _TEXT,
    "strategy": _TEXT,
    "cash": _NUMBER,
    "equity": _NUMBER,
}
TRADES: Final = {
    "trade": _INTEGER,
    "book": _TEXT,
    "strategy": _TEXT,
    "symbol": _TEXT,
    "opened_ms": _INTEGER,
    "opened": _TEXT,
    "closed_ms": _INTEGER,
    "closed": _TEXT,
    **dict.fromkeys(("quantity", "entry_price", "exit_price", "pnl", "fees", "return", "mae", "mfe"), _NUMBER),
    "bars_held": _INTEGER,
    "reason": _TEXT,
}
EQUITY: Final = {**_TIME, "equity": _NUMBER, "return": _NUMBER, "drawdown": _NUMBER}

VALUE: Final = "value_"
"""What the names of the columns begin with that hold the numbers behind a decision."""


class Table(Struct, frozen=True):
    """Rows of one width; `columns` names the cells of each and says what they hold."""

    columns: Mapping[str, Kind]
    rows: Sequence[Sequence[Value]]


Encoder = Callable[[Table], bytes]


def as_csv(table: Table) -> bytes:
    """UTF-8 with a header line; true and false are written so, and what is empty is nothing between commas."""
    flags = [kind is _FLAG for kind in table.columns.values()]
    words = {True: "true", False: "false", None: None}
    columns = [
        [words[bool(value) if value is not None else None] for value in column] if is_flag else column
        for is_flag, column in zip(flags, _columns(table), strict=True)
    ]
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(table.columns)
    writer.writerows(zip(*columns, strict=True))
    return out.getvalue().encode()


def as_parquet(table: Table) -> bytes:
    import pyarrow as arrow
    from pyarrow import parquet

    types = {_INTEGER: arrow.int64(), _NUMBER: arrow.float64(), _TEXT: arrow.string(), _FLAG: arrow.bool_()}
    schema = arrow.schema([(name, types[kind]) for name, kind in table.columns.items()])
    made = arrow.table(
        [arrow.array(column, field.type) for column, field in zip(_columns(table), schema, strict=True)], schema=schema
    )
    out = io.BytesIO()
    parquet.write_table(made, out)
    return out.getvalue()


FORMATS: Final[Mapping[str, Encoder]] = {"csv": as_csv, "parquet": as_parquet}


def _columns(table: Table) -> list[list[Value]]:
    """Column by column, with nothing in the place of what is no finite number."""
    turned = [list(column) for column in zip(*table.rows, strict=True)] or [[] for _ in table.columns]
    for index, kind in enumerate(table.columns.values()):
        if kind is _NUMBER:
            turned[index] = [value if _is_finite(value) else None for value in turned[index]]
    return turned


def _is_finite(value: Value) -> bool:
    return isinstance(value, int | float) and math.isfinite(value)
