from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pytest
from pyarrow import csv, parquet

from sentio_tui.feeds.base import FeedError
from sentio_tui.feeds.recorded import RecordedFeed
from sentio_tui.market.calendar import AlwaysOpen, Calendar, ExchangeCalendar
from sentio_tui.model.bars import MINUTE, Bar, Millis

HEADER = "timestamp,symbol,open,high,low,close,volume"
ORIGINAL = "ts_utc,ts_nyt_epoch,open,high,low,close,volume"
T0: Millis = round(datetime(2025, 10, 6, 13, 30, tzinfo=UTC).timestamp() * 1000)


def stamp(at: Millis) -> str:
    return datetime.fromtimestamp(at / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def line(minute: int, symbol: str = "BTC-USD", close: float = 100.0) -> str:
    return f"{stamp(T0 + minute * MINUTE)},{symbol},100,{close + 1},99,{close},2.5"


def write(path: Path, *lines: str, header: str = HEADER) -> Path:
    path.write_text("\n".join([header, *lines]) + "\n")
    return path


def to_parquet(source: Path, target: Path) -> Path:
    parquet.write_table(csv.read_csv(source), target)
    return target


def load(*files: Path, data_symbol: str | None = None, calendar: Calendar | None = None) -> list[Bar]:
    feed = RecordedFeed(files, None, None, data_symbol, calendar or AlwaysOpen())
    feed.load()
    return feed.bars


def refusal(*files: Path, data_symbol: str | None = None, calendar: Calendar | None = None) -> str:
    with pytest.raises(FeedError) as error:
        load(*files, data_symbol=data_symbol, calendar=calendar)
    return str(error.value)


def test_two_clocks_that_disagree_are_an_error(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", "2025-10-06T13:30:00Z,1759757460,1,2,1,2,5", header=ORIGINAL)
    assert "line 2: ts_nyt_epoch 1759757460 is not the time of ts_utc 2025" in refusal(path, data_symbol="SPY")


def test_columns_may_stand_in_any_order_and_blank_lines_are_nothing(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text(
        "volume,symbol,close,low,high,open,timestamp\r\n\r\n1,A,2,1,3,2.5,2025-10-06 13:30:00+00:00\r\n\r\n\r\n"
    )
    assert load(path) == [Bar("A", T0, 2.5, 3.0, 1.0, 2.0, 1.0)]


def test_a_parquet_file_gives_the_same_bars_as_the_csv_it_was_made_of(tmp_path: Path) -> None:
    values = [0.1 + 0.2, 1 / 3, 7424.91, 1e-8, 123456789.123456789]
    lines = [
        f"{stamp(T0 + n * MINUTE)},X,{value!r},{value!r},{value!r},{value!r},{value!r}"
        for n, value in enumerate(values)
    ]
    plain = write(tmp_path / "a.csv", *lines)
    text = csv.read_csv(plain, convert_options=csv.ConvertOptions(column_types={"timestamp": pa.string()}))
    parquet.write_table(text, tmp_path / "text.parquet")
    times = text["timestamp"].cast(pa.timestamp("ns", "UTC"))
    bars = load(plain)
    assert [bar.close for bar in bars] == values
    assert load(tmp_path / "text.parquet") == bars
    for unit, zone in (("s", "UTC"), ("ms", "America/New_York"), ("us", "+09:00"), ("ns", "UTC")):
        table = text.set_column(0, "timestamp", times.cast(pa.timestamp(unit, zone)))
        table = table.set_column(1, "symbol", table["symbol"].dictionary_encode())
        parquet.write_table(table, tmp_path / "typed.parquet")
        assert load(tmp_path / "typed.parquet") == bars


@pytest.mark.parametrize(
    ("row", "why"),
    [
        ("{t},A,abc,2,1,2,5", "open is not a number: 'abc'"),
        ("{t},A,1,,1,2,5", "high is missing"),
        ("{t},A,1,2,nan,2,5", "low is not a finite number: 'nan'"),
        ("{t},A,1,2,1,inf,5", "close is not a finite number: 'inf'"),
        ("{t},A,-1,2,1,2,5", "open is not above zero: '-1'"),
        ("{t},A,1,2,0,2,5", "low is not above zero: '0'"),
        ("{t},A,1,2,1,2,-5", "volume is negative: '-5'"),
        ("{t},A,1,2,1,2,many", "volume is not a number: 'many'"),
        ("{t},A,2.5,2,3,2,5", "high '2' is below low '3'"),
        ("{t},A,3,2,1.5,2,5", "high '2' is below open '3'"),
        ("{t},A,2,2,1.5,3,5", "high '2' is below close '3'"),
        ("{t},A,1,2,1.5,2,5", "low '1.5' is above open '1'"),
        ("{t},A,2,2,1.5,1,5", "low '1.5' is above close '1'"),
        ("{t},,2,2,2,2,5", "symbol is missing"),
        (",A,2,2,2,2,5", "timestamp is missing"),
        ("yesterday,A,2,2,2,2,5", "timestamp is not a time with an offset from UTC: 'yesterday'"),
        ("2025-10-06T13:31:00,A,2,2,2,2,5", "not a time with an offset from UTC: '2025-10-06T13:31:00'"),
        ("1759757460000,A,2,2,2,2,5", "not a time with an offset from UTC: '1759757460000'"),
        ("2025-13-06T13:31:00Z,A,2,2,2,2,5", "not a time with an offset from UTC: '2025-13-06T13:31:00Z'"),
        ("2025-10-06T13:31:30Z,A,2,2,2,2,5", "timestamp is not a whole minute: '2025-10-06T13:31:30Z'"),
        ("2025-10-06T13:31:00.001Z,A,2,2,2,2,5", "timestamp is not a whole minute: '2025-10-06T13:31:00.001Z'"),
        ("2025-10-06T13:29:00Z,A,2,2,2,2,5", "time goes backwards to '2025-10-06T13:29:00Z'"),
        ("2025-10-06T13:30:00Z,A,2,2,2,2,5", "duplicate bar: A 2025-10-06T13:30:00Z is also in"),
        ("2025-10-06T09:31:00-04:00,A,2,2,2,2,5", "timestamp is in another zone than the rows before"),
        ("{t},A,2,2,2,2", "6 values where the header has 7"),
        ("{t},A,2,2,2,2,5,6", "8 values where the header has 7"),
    ],
)
def test_a_bad_row_is_told_with_file_line_and_value(tmp_path: Path, row: str, why: str) -> None:
    first = f"{stamp(T0)},A,2,2,2,2,5"
    bad = row.format(t=stamp(T0 + MINUTE))
    path = write(tmp_path / "a.csv", first, "", bad, f"{stamp(T0 + 2 * MINUTE)},A,2,2,2,2,5")
    assert refusal(path).startswith(f"{path}, line 4: ")
    assert why in refusal(path)
    assert len(refusal(path).splitlines()) == 1


def test_the_first_five_problems_are_told_and_the_rest_counted(tmp_path: Path) -> None:
    good = [line(minute) for minute in range(20)]
    one = write(tmp_path / "a.csv", *good[:4], "1,2,3", good[5].replace("99", "x"), good[6].replace("2.5", "-1"))
    bad = [text.replace(",100,", ",oops,") for text in good[10:]]
    other = write(tmp_path / "b.csv", *bad, good[3])
    said = refusal(one, other).splitlines()
    assert [each.split(":")[0] for each in said[:5]] == [
        f"{one}, line 6",
        f"{one}, line 7",
        f"{one}, line 8",
        f"{other}, line 2",
        f"{other}, line 3",
    ]
    assert said[5:] == ["and 9 more"]


def test_a_file_by_symbol_does_not_go_backwards(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", line(0, "A"), line(1, "A"), line(0, "B"), line(1, "B"))
    assert [bar.symbol for bar in load(path)] == ["A", "B", "A", "B"]


def test_an_offset_that_is_not_the_exchanges_at_the_time_is_mixed(tmp_path: Path) -> None:
    path = write(
        tmp_path / "a.csv",
        "2025-10-30T15:59:00-04:00,SPY,1,1,1,1,1",
        "2025-10-31T09:30:00-05:00,SPY,1,1,1,1,1",
        "2025-10-31T09:31:00-05:00,SPY,1,1,1,1,1",
    )
    said = refusal(path, calendar=ExchangeCalendar("XNYS"))
    assert said == (
        f"{path}, line 3: timestamp is in another zone than the rows before: "
        "'2025-10-31T09:30:00-05:00', but '2025-10-30T15:59:00-04:00' in line 2"
    )


def test_unusable_files_are_named(tmp_path: Path) -> None:
    assert refusal(tmp_path / "none.csv") == f"{tmp_path / 'none.csv'}: no such file"
    empty = tmp_path / "empty.csv"
    empty.touch()
    assert refusal(empty) == f"{empty}: the file is empty"
    assert refusal(tmp_path) == f"{tmp_path}: cannot be read (Is a directory)"
    assert refusal(write(tmp_path / "a.csv")) == f"{tmp_path / 'a.csv'}: the file has a header but no rows"
    blank = tmp_path / "blank.csv"
    blank.write_text(f"{HEADER}\n\n\n")
    assert refusal(blank) == f"{blank}: the file has a header but no rows"
    binary = tmp_path / "a.bin"
    binary.write_bytes(b"\xff\xfe\x00\x01,\n")
    assert "neither a Parquet nor a CSV file" in refusal(binary)
    with pytest.raises(FeedError, match=r"no files; name them in feed\.data"):
        load()


@pytest.mark.parametrize(
    ("header", "why"),
    [
        ("timestamp,symbol,open,high,low,close", "missing 'volume'"),
        ("time,symbol,open,high,low,close,volume", "missing 'timestamp'; unexpected 'time'"),
        ("timestamp,symbol,open,high,low,close,volume,vwap", "unexpected 'vwap'"),
        ("ts_utc,open,high,low,close,volume", "missing 'ts_nyt_epoch'"),
        ("timestamp,open,open,high,low,close,volume", "given twice 'open'"),
        ("2025-10-06T13:30:00Z,A,1,2,1,2,5", "unexpected '2025-10-06T13:30:00Z'"),
    ],
)
def test_a_wrong_header_names_what_is_missing_and_what_is_too_much(tmp_path: Path, header: str, why: str) -> None:
    path = write(tmp_path / "a.csv", line(0), header=header)
    said = refusal(path, data_symbol="A")
    assert said.startswith(f"{path}: wrong header, line 1: ")
    assert why in said


def test_damaged_parquet_and_parquet_without_a_zone(tmp_path: Path) -> None:
    source = write(tmp_path / "a.csv", line(0), line(1))
    path = to_parquet(source, tmp_path / "a.parquet")
    table = parquet.read_table(path)
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    assert refusal(path).startswith(f"{path}: damaged Parquet file (")
    naive = table["timestamp"].cast(pa.timestamp("ms", "UTC")).cast(pa.int64())
    for column, why in (
        (naive.cast(pa.timestamp("ms")), "column timestamp has no time zone"),
        (naive, "column timestamp holds int64"),
    ):
        parquet.write_table(table.set_column(0, "timestamp", column), path)
        assert f"{path}: {why}" in refusal(path)


def test_rows_of_parquet_are_told_by_number(tmp_path: Path) -> None:
    table = pa.table(
        {
            "timestamp": pa.array([T0, T0 + MINUTE, None, T0 + 3 * MINUTE + 1], pa.timestamp("ms", "UTC")),
            "symbol": ["A", None, "A", "A"],
            "open": [1.0, 1.0, 1.0, 1.0],
            "high": [1.0, 1.0, 1.0, 1.0],
            "low": [1.0, 1.0, 1.0, 1.0],
            "close": [float("nan"), 1.0, 1.0, 1.0],
            "volume": [1, 1, 1, 1],
        }
    )
    path = tmp_path / "a.parquet"
    parquet.write_table(table, path)
    assert [each.removeprefix(f"{path}, ").split(": '")[0] for each in refusal(path).splitlines()] == [
        "row 1: close is not a finite number",
        "row 2: symbol is missing",
        "row 3: timestamp is missing",
        "row 4: timestamp is not a whole minute",
    ]
