"""A session as tables: every row is there, every type stays what it is, and what is unknown is empty."""

import csv
import io
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path

import pytest
from msgspec.structs import replace
from pyarrow import parquet

from sentio_tui.engine.state import fold
from sentio_tui.journal.reader import read_all
from sentio_tui.model.bars import MINUTE, Bar
from sentio_tui.model.decisions import Direction, Reason, Signal
from sentio_tui.model.events import (
    AnyEvent,
    BarReceived,
    Decided,
    OrderAccepted,
    OrderCancelled,
    OrderExpired,
    OrderFilled,
    OrderRejected,
    OrderSubmitted,
    SessionStarted,
)
from sentio_tui.model.orders import Fill, Order, OrderType, Side, TimeInForce
from sentio_tui.sessions.assemble import assemble
from sentio_tui.sessions.columns import FORMATS, Kind, Table, as_csv, as_parquet
from sentio_tui.sessions.tables import export_tables, tables
from tests.engine.scripts import COIN as SYMBOL
from tests.engine.scripts import START, info
from tests.sessions.places import simulated


@pytest.fixture(scope="module")
def traded(tmp_path_factory: pytest.TempPathFactory) -> list[AnyEvent]:
    """The events of a session that trades."""
    session = assemble(simulated(), tmp_path_factory.mktemp("sessions"))
    session.start()
    assert session.wait(60.0)
    return read_all(session.journal).events


def cells(table: Table, name: str) -> list[object]:
    index = list(table.columns).index(name)
    return [row[index] for row in table.rows]


def test_every_event_has_its_row(traded: list[AnyEvent]) -> None:
    state, made = fold(traded), tables(traded)
    counts = {name: len(table.rows) for name, table in made.items()}
    assert counts == {
        "bars": sum(isinstance(event, BarReceived) for event in traded),
        "decisions": sum(isinstance(event, Decided) for event in traded),
        "orders": sum(isinstance(event, OrderSubmitted) for event in traded),
        "fills": len(state.executions),
        "trades": len(state.trades),
        "equity": len(state.curve.times),
    }
    assert min(counts.values()) > 0
    assert cells(made["equity"], "equity")[-1] == state.equity
    drawdowns = [float(str(value)) for value in cells(made["equity"], "drawdown")]
    assert max(drawdowns) == pytest.approx(state.curve.now()[1])
    assert cells(made["trades"], "pnl") == [trade.pnl for trade in state.trades]
    assert cells(made["fills"], "equity")[-1] == pytest.approx(state.equity)
    assert sum(float(str(value)) for value in cells(made["orders"], "commission")) == pytest.approx(
        sum(record.fill.commission for record in state.executions)
    )


def test_both_formats_hold_the_same_and_the_types_are_those_of_the_columns(
    traded: list[AnyEvent], tmp_path: Path
) -> None:
    made = tables(traded)
    for suffix, encode in FORMATS.items():
        export_tables(traded, tmp_path, f".{suffix}", encode)
    (stamp,) = {path.stem.partition("_")[2] for path in tmp_path.iterdir()}
    assert {path.name for path in tmp_path.iterdir()} == {
        f"{name}_{stamp}.{suffix}" for name in made for suffix in ("csv", "parquet")
    }
    for name, table in made.items():
        stored = parquet.read_table(tmp_path / f"{name}_{stamp}.parquet")
        wanted = {column: kind.value for column, kind in table.columns.items()}
        assert {field.name: str(field.type).replace("double", "float64") for field in stored.schema} == wanted
        assert [tuple(row.values()) for row in stored.to_pylist()] == list(map(tuple, table.rows))
        with (tmp_path / f"{name}_{stamp}.csv").open(encoding="utf-8", newline="") as file:
            rows = list(csv.reader(file))
        assert rows[0] == list(table.columns)
        kinds = table.columns.values()
        assert [tuple(map(read, kinds, row)) for row in rows[1:]] == [
            tuple(None if value == "" else value for value in row) for row in table.rows
        ]


def read(kind: Kind, text: str) -> object:
    """A cell of a CSV file as its column means it."""
    readers: dict[Kind, Callable[[str], object]] = {
        Kind.INTEGER: int,
        Kind.NUMBER: float,
        Kind.TEXT: str,
        Kind.FLAG: {"true": True, "false": False}.get,
    }
    return readers[kind](text) if text else None


def test_a_table_without_rows_has_its_columns_and_types() -> None:
    made = tables([SessionStarted(1, START, info())])
    for table in made.values():
        assert as_csv(table).decode() == ",".join(table.columns) + "\n"
        stored = parquet.read_table(io.BytesIO(as_parquet(table)))
        assert (stored.num_rows, stored.column_names) == (0, list(table.columns))


def numbered(*makers: Sequence[object]) -> list[AnyEvent]:
    """Events of one session; each maker is a class and what comes after its number and time."""
    events: list[AnyEvent] = [SessionStarted(1, START, replace(info(), clock_zone="America/New_York"))]
    for seq, (kind, *arguments) in enumerate(makers, 2):
        assert isinstance(kind, type)
        events.append(kind(seq, START + seq * MINUTE, *arguments))
    return events


def order(number: int, side: Side = Side.BUY, **more: object) -> Order:
    given: dict[str, object] = {"quantity": 10.0, "type": OrderType.MARKET, "time_in_force": TimeInForce.GTC, **more}
    return Order(f"o{number}", "main", SYMBOL, side, START, "enter", **given)  # type: ignore[arg-type]  # fields by name


def test_orders_tell_what_became_of_them() -> None:
    fill = Fill("f1", "o1", "main", SYMBOL, Side.BUY, 4.0, 100.0, 1.0, START, remaining=6.0)
    rest = Fill("f2", "o1", "main", SYMBOL, Side.BUY, 6.0, 110.0, 1.5, START)
    part = Fill("f3", "o2", "main", SYMBOL, Side.BUY, 1.0, 100.0, 0.5, START, remaining=9.0)
    events = numbered(
        *((OrderSubmitted, order(number)) for number in range(1, 7)),
        (OrderAccepted, "o1", "b1"),
        (OrderFilled, fill),
        (OrderAccepted, "o1", "b1"),
        (OrderFilled, rest),
        (OrderFilled, part),
        (OrderRejected, "o3", "no cash"),
        (OrderCancelled, "o4", "flatten"),
        (OrderExpired, "o5"),
        (OrderAccepted, "nobody's", "b9"),
    )
    made = tables(events)["orders"]
    assert cells(made, "status") == ["filled", "partially_filled", "rejected", "cancelled", "expired", "submitted"]
    assert cells(made, "filled_quantity") == [10.0, 1.0, 0.0, 0.0, 0.0, 0.0]
    assert cells(made, "average_price") == [106.0, 100.0, None, None, None, None]
    assert cells(made, "commission") == [2.5, 0.5, 0.0, 0.0, 0.0, 0.0]
    assert cells(made, "why") == ["", "", "no cash", "flatten", "", ""]
    assert cells(made, "broker_id") == ["b1", "", "", "", "", ""]
    assert [time is None for time in cells(made, "closed_ms")] == [False, True, False, False, False, True]


def test_what_is_no_number_is_empty_and_times_are_the_exchanges() -> None:
    signal = Signal(SYMBOL, START, Direction.NEUTRAL, {"slope": float("nan"), "far": float("inf"), "near": 1.5})
    other = Signal(SYMBOL, START, Direction.LONG, {"near": 2.0, "late": 3.0}, probability=0.75)
    events = numbered(
        (BarReceived, Bar(SYMBOL, START, 1.0, 1.0, 1.0, 1.0, 5.0)),
        (Decided, "main", SYMBOL, Reason.NEUTRAL, signal, 'a "quoted", text\nof two lines'),
        (Decided, "main", SYMBOL, Reason.ENTER, other),
    )
    made = tables(events)["decisions"]
    rows = list(csv.DictReader(io.StringIO(as_csv(made).decode())))
    names = ("value_slope", "value_far", "value_near", "value_late", "probability", "distance", "trades")
    assert [[row[name] for name in names] for row in rows] == [
        ["", "", "1.5", "", "", "", "false"],
        ["", "", "2.0", "3.0", "0.75", "", "true"],
    ]
    assert rows[0]["detail"] == 'a "quoted", text\nof two lines'
    frame = parquet.read_table(io.BytesIO(as_parquet(made))).to_pydict()
    assert frame["value_slope"] == [None, None]
    assert frame["value_late"] == [None, 3.0]
    for row in rows:
        moment = datetime.fromisoformat(row["time"])
        assert moment.timestamp() * 1000 == int(row["time_ms"])
        assert moment.utcoffset() == datetime.fromisoformat("2025-01-06T00:00:00-05:00").utcoffset()


def test_what_is_no_session_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="begin with its start"):
        export_tables([], tmp_path, ".csv", as_csv)
    assert not list(tmp_path.iterdir())
