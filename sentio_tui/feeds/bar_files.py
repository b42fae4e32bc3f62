"""Reading one file of minute bars, CSV or Parquet, and finding what is wrong with it.

What a file holds is told from its content alone: Parquet by its first bytes, the layout by its header, the symbol by
its column or by the configuration. Renaming a file changes nothing. Layouts, columns in any order:

    timestamp,symbol,open,high,low,close,volume            ISO 8601 times with an offset
    ts_utc,ts_nyt_epoch,open,high,low,close,volume         the same time twice: ISO 8601, and seconds since the epoch

`symbol` may be left out of the first and added to the second. Times stand for the start of the minute.
"""

from __future__ import annotations

import re
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

from msgspec import Struct

from sentio_tui.feeds.base import FeedError
from sentio_tui.model.bars import MINUTE

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]
    Marks = NDArray[np.bool_]

NUMBERS: Final = ("open", "high", "low", "close", "volume")
SHOWN: Final = 5
"""How many problems of a file, and of a whole load, are told one by one."""

_PARQUET: Final = b"PAR1"
_NEW_YORK: Final = "America/New_York"
"""Where the original's files come from."""
_BEHIND: Final = (0, 4 * 3600, 5 * 3600)
"""Seconds by which `ts_nyt_epoch` may trail `ts_utc`: some files count it on New York's wall clock."""
_OFFSET: Final = re.compile(r"(?:Z|([+-])(\d\d):?(\d\d)?)$")


class Problem(Struct, frozen=True):
    """Something wrong in one line (CSV, the header is line 1) or row (Parquet, the first is row 1)."""

    place: int
    text: str


class BarFile(Struct, frozen=True):
    """The good rows of a file as columns of one length, in the file's order, and the problems of the others.

    `codes` index `names`, the symbols; `names_symbols` says whether they come from the file itself. `times` are Millis.
    `numbers` has one row each for open, high, low, close and volume. `problems` are the first few of `problem_count`.
    """

    path: Path
    unit: str
    places: Ints
    names_symbols: bool
    names: list[str]
    codes: Ints
    times: Ints
    numbers: Floats
    problems: list[Problem]
    problem_count: int


def read_bar_file(path: Path, data_symbol: str | None, zone: str) -> BarFile:
    """The bars of a file. `data_symbol` is the symbol of one that has no symbol column.

    `zone` is the exchange's: a file whose offsets change with its daylight saving, or New York's, is of one zone.
    Raises FeedError where the file as a whole is unusable; problems of single rows are in the result.
    """
    try:
        with path.open("rb") as file:
            first = file.read(len(_PARQUET))
    except FileNotFoundError:
        raise FeedError(f"{path}: no such file") from None
    except OSError as error:
        raise FeedError(f"{path}: cannot be read ({error.strerror})") from None
    if not first:
        raise FeedError(f"{path}: the file is empty")
    sheet = _Parquet(path) if first == _PARQUET else _Csv(path)
    _check_header(path, sheet.columns, data_symbol)
    if not sheet.table.num_rows and not sheet.torn:
        raise FeedError(f"{path}: the file has a header but no rows")
    return _Check(sheet, data_symbol, ZoneInfo(zone)).result()


class _Csv:
    unit: Final = "line"

    def __init__(self, path: Path) -> None:
        import numpy as np
        import pyarrow as pa
        from pyarrow import csv

        self.path = path
        self.torn: list[Problem] = []
        text = dict.fromkeys(("timestamp", "symbol", "ts_utc", "ts_nyt_epoch", *NUMBERS), pa.string())

        def torn(row: csv.InvalidRow) -> str:
            self.torn.append(
                Problem(row.number, f"{row.actual_columns} values where the header has {row.expected_columns}")
            )
            return "skip"

        try:
            self.table: pa.Table = csv.read_csv(
                path,
                read_options=csv.ReadOptions(use_threads=False),
                parse_options=csv.ParseOptions(ignore_empty_lines=False, invalid_row_handler=torn),
                convert_options=csv.ConvertOptions(column_types=text, strings_can_be_null=False),
            )
            self.columns: list[str] = self.table.column_names
        except (pa.ArrowInvalid, UnicodeDecodeError) as error:
            raise FeedError(f"{path}: neither a Parquet nor a CSV file ({_first_line(error)})") from None
        places = np.arange(2, 2 + self.table.num_rows + len(self.torn), dtype=np.int64)
        self.places: Ints = np.delete(places, [problem.place - 2 for problem in self.torn])


class _Parquet:
    unit: Final = "row"

    def __init__(self, path: Path) -> None:
        import numpy as np
        import pyarrow as pa
        from pyarrow import parquet

        self.path = path
        self.torn: list[Problem] = []
        try:
            with parquet.ParquetFile(path) as file:
                self.table: pa.Table = file.read()
            self.columns: list[str] = self.table.column_names
        except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
            raise FeedError(f"{path}: damaged Parquet file ({_first_line(error)})") from None
        self.places: Ints = np.arange(1, 1 + self.table.num_rows, dtype=np.int64)


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:200]


def _check_header(path: Path, columns: list[str], data_symbol: str | None) -> None:
    clocks = {"ts_utc", "ts_nyt_epoch"} if "ts_utc" in columns else {"timestamp"}
    wanted = [*sorted(clocks, reverse=True), *NUMBERS]
    missing = [name for name in wanted if name not in columns]
    unexpected = [name for name in columns if name not in wanted and name != "symbol"]
    twice = sorted({name for name in columns if columns.count(name) > 1})
    said = [
        f"{what} {', '.join(repr(name[:40]) for name in names[:10])}"
        for what, names in (("missing", missing), ("unexpected", unexpected), ("given twice", twice))
        if names
    ]
    if said:
        raise FeedError(
            f"{path}: wrong header, line 1: {'; '.join(said)}. "
            "Columns are timestamp,symbol,open,high,low,close,volume or "
            "ts_utc,ts_nyt_epoch,open,high,low,close,volume"
        )
    if "symbol" not in columns and not data_symbol:
        raise FeedError(f"{path}: no symbol column; say whose bars these are with feed.data_symbol")


class _Check:
    """Goes through the columns of one file; a row that has a problem is looked at no further."""

    def __init__(self, sheet: _Csv | _Parquet, data_symbol: str | None, zone: ZoneInfo) -> None:
        import numpy as np

        self._sheet = sheet
        self._table = sheet.table
        self._data_symbol = data_symbol or ""
        self._zone = zone
        self._clock = "ts_utc" if "ts_utc" in sheet.columns else "timestamp"
        self._good: Marks = np.ones(sheet.table.num_rows, dtype=np.bool_)
        self._problems = sheet.torn[:SHOWN]
        self._count = len(sheet.torn)

    def result(self) -> BarFile:
        import numpy as np

        self._skip_blank_lines()
        times = self._times()
        names, codes = self._symbols()
        numbers = np.stack([self._numbers(name) for name in NUMBERS])
        self._check_prices(numbers)
        self._check_order(codes, times)
        good = self._good
        self._problems.sort(key=lambda problem: problem.place)
        return BarFile(
            self._sheet.path,
            self._sheet.unit,
            self._sheet.places[good],
            "symbol" in self._sheet.columns,
            names,
            codes[good],
            times[good],
            numbers[:, good],
            self._problems[:SHOWN],
            self._count,
        )

    def _blame(self, bad: Marks, text: str, *columns: str) -> None:
        """Marks rows as bad; `text` may name the values of `columns` as {0}, {1} and so on."""
        import numpy as np

        rows = np.flatnonzero(bad & self._good)
        self._good[rows] = False
        self._count += len(rows)
        for row in rows[:SHOWN].tolist():
            values = [self._table.column(column)[row].as_py() for column in columns]
            self._problems.append(Problem(int(self._sheet.places[row]), text.format(*map(str, values))))

    def _skip_blank_lines(self) -> None:
        import numpy as np
        import pyarrow.compute as pc

        if self._sheet.unit == "line":
            blank = np.ones(len(self._good), dtype=np.bool_)
            for column in self._table.columns:
                blank &= pc.equal(column, "").to_numpy()
            self._good[blank] = False
            if not self._good.any() and not self._count:
                raise FeedError(f"{self._sheet.path}: the file has a header but no rows")

    def _column(self, name: str) -> tuple[pa.Array, Marks]:
        """A column as one array (text as string), and which rows have something in it; the rest is blamed."""
        import pyarrow as pa
        import pyarrow.compute as pc

        column = self._table.column(name)
        kind = column.type.value_type if pa.types.is_dictionary(column.type) else column.type
        if pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
            column = column.cast(pa.string())
            filled = pc.fill_null(pc.not_equal(column, ""), False)
        else:
            filled = pc.is_valid(column)
        array: pa.Array = column.combine_chunks()
        present: Marks = filled.to_numpy()
        self._blame(~present, f"{name} is missing")
        return array, self._good.copy()

    def _parsed(self, name: str, kind: pa.DataType, column: pa.Array, wanted: Marks, failure: str) -> pa.Array:
        """The column as another type, null where it is not wanted; values that are none of it are blamed."""
        import numpy as np
        import pyarrow as pa
        import pyarrow.compute as pc

        asked = pc.if_else(pa.array(wanted), column, pa.scalar(None, column.type))
        try:
            return pc.cast(asked, kind)
        except pa.ArrowInvalid:
            pass
        except pa.ArrowNotImplementedError:
            raise FeedError(f"{self._sheet.path}: column {name} holds {column.type}, not {kind}") from None
        values: list[object] = []
        bad = np.zeros(len(wanted), dtype=np.bool_)
        for row, value in enumerate(asked):
            try:
                values.append(
                    pc.cast(value, kind).as_py() if pa.types.is_floating(kind) else pc.cast(value, kind).value
                )
            except pa.ArrowInvalid:
                values.append(None)
                bad[row] = True
        self._blame(bad, failure, name)
        return pa.array(values, pa.int64()).cast(kind) if pa.types.is_timestamp(kind) else pa.array(values, kind)

    def _times(self) -> Ints:
        """Millis; 0 in bad rows."""
        import pyarrow as pa
        import pyarrow.compute as pc

        name = self._clock
        column, present = self._column(name)
        if pa.types.is_timestamp(column.type) and column.type.tz is None:
            raise FeedError(f"{self._sheet.path}: column {name} has no time zone; store it as UTC")
        written = pa.types.is_string(column.type)
        if not written and not pa.types.is_timestamp(column.type):
            raise FeedError(f"{self._sheet.path}: column {name} holds {column.type}; store times with their zone")
        utc = pa.timestamp("ns", "UTC")
        stamps = self._parsed(name, utc, column, present, name + " is not a time with an offset from UTC: '{0}'")
        nanos: Ints = pc.fill_null(stamps.cast(pa.int64()), 0).to_numpy(zero_copy_only=False)
        self._blame(nanos % (MINUTE * 1_000_000) != 0, name + " is not a whole minute: '{0}'", name)
        times: Ints = nanos // 1_000_000
        if written:
            self._check_zone(name, column, times)
        if name == "ts_utc":
            self._check_epoch(times)
        return times

    def _check_zone(self, name: str, column: pa.Array, times: Ints) -> None:
        import numpy as np
        import pyarrow.compute as pc

        tails = pc.fill_null(pc.utf8_slice_codeunits(column, -6), "").dictionary_encode()
        seconds = np.array([_offset(tail) for tail in tails.dictionary.to_pylist()], dtype=np.int64)
        offsets = seconds[tails.indices.to_numpy()]
        used = offsets[self._good]
        if not len(used) or (used == used[0]).all():
            return
        quarters, of_row = np.unique(times[self._good] // 900_000, return_inverse=True)
        for zone in (self._zone, ZoneInfo(_NEW_YORK)):
            local = np.array([_local(quarter * 900, zone) for quarter in quarters.tolist()], dtype=np.int64)
            if (local[of_row] == used).all():
                return
        odd = self._good & (offsets != used[0])
        first = int(np.flatnonzero(self._good)[0])
        like = f"'{column[first].as_py()}' in {self._sheet.unit} {int(self._sheet.places[first])}"
        # One word for the whole file: every further line would only say it again.
        self._good[np.flatnonzero(odd)[1:]] = False
        self._blame(odd, name + " is in another zone than the rows before: '{0}', but " + like, name)

    def _check_epoch(self, times: Ints) -> None:
        import numpy as np
        import pyarrow as pa
        import pyarrow.compute as pc

        name = "ts_nyt_epoch"
        column, present = self._column(name)
        seconds = self._parsed(name, pa.float64(), column, present, name + " is not a number: '{0}'")
        behind = times / 1000 - pc.fill_null(seconds, 0.0).to_numpy(zero_copy_only=False)
        self._blame(~np.isin(behind, _BEHIND), "ts_nyt_epoch {0} is not the time of ts_utc {1}", name, "ts_utc")

    def _symbols(self) -> tuple[list[str], Ints]:
        import numpy as np
        import pyarrow as pa

        if "symbol" not in self._sheet.columns:
            return [self._data_symbol], np.zeros(len(self._good), dtype=np.int64)
        column, _ = self._column("symbol")
        if not pa.types.is_string(column.type):
            raise FeedError(f"{self._sheet.path}: column symbol holds {column.type}, not text")
        coded = column.fill_null("").dictionary_encode()
        names: list[str] = coded.dictionary.to_pylist()
        return names, coded.indices.to_numpy().astype(np.int64)

    def _numbers(self, name: str) -> Floats:
        """NaN in bad rows."""
        import numpy as np
        import pyarrow as pa
        import pyarrow.compute as pc

        column, present = self._column(name)
        parsed = self._parsed(name, pa.float64(), column, present, name + " is not a number: '{0}'")
        values: Floats = pc.fill_null(parsed, np.nan).to_numpy(zero_copy_only=False)
        self._blame(~np.isfinite(values), name + " is not a finite number: '{0}'", name)
        return values

    def _check_prices(self, numbers: Floats) -> None:
        """What no real bar can be. A move that is only too wide to believe is left to the engine, which drops it."""
        import numpy as np

        prices, volume = numbers[:4], numbers[4]
        opens, highs, lows, closes = prices
        with np.errstate(invalid="ignore"):
            for name, values in zip(NUMBERS, prices, strict=False):
                self._blame(values <= 0, name + " is not above zero: '{0}'", name)
            self._blame(volume < 0, "volume is negative: '{0}'", "volume")
            self._blame(highs < lows, "high '{0}' is below low '{1}'", "high", "low")
            for name, values in (("open", opens), ("close", closes)):
                self._blame(values > highs, f"high '{{0}}' is below {name} '{{1}}'", "high", name)
                self._blame(values < lows, f"low '{{0}}' is above {name} '{{1}}'", "low", name)

    def _check_order(self, codes: Ints, times: Ints) -> None:
        """Time of each symbol must not go backwards. That it stands still is found when all files are joined."""
        import numpy as np

        rows = np.flatnonzero(self._good)
        rows = rows[np.argsort(codes[rows], kind="stable")]
        back = (np.diff(times[rows]) < 0) & (np.diff(codes[rows]) == 0)
        bad = np.zeros(len(self._good), dtype=np.bool_)
        bad[rows[1:][back]] = True
        self._blame(bad, "time goes backwards to '{0}'", self._clock)


def _offset(tail: str) -> int:
    """Seconds east of UTC of a time written with an offset; 0 for one without, which is blamed elsewhere."""
    found = _OFFSET.search(tail)
    if found is None or found[1] is None:
        return 0
    seconds = int(found[2]) * 3600 + int(found[3] or 0) * 60
    return -seconds if found[1] == "-" else seconds


def _local(at: int, zone: ZoneInfo) -> int:
    """Seconds east of UTC of a zone at a time in seconds."""
    offset = datetime.fromtimestamp(at, zone).utcoffset()
    return int(offset.total_seconds()) if offset is not None else 0
