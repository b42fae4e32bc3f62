"""Bars from files: one or many, CSV or Parquet, joined by time. Gaps stay gaps."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from datetime import date as Day
from pathlib import Path
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from sentio_tui.feeds.bar_files import SHOWN, BarFile, read_bar_file
from sentio_tui.feeds.base import FeedError, FeedItem
from sentio_tui.market.calendar import Calendar
from sentio_tui.model.bars import MINUTE, Bar, Millis

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

BATCH: Final = 256
LONGEST_DAY: Final = 25 * 60
"""Minutes of the day on which clocks are set back."""
_ENDINGS: Final = (".csv", ".parquet")
"""Of the files that are taken from a folder; what they hold is told from their content."""
NEAREST: Final = 5
"""How many of the available days the error for an unknown one names."""


def files_in(places: Sequence[Path]) -> list[Path]:
    """Files as they are, and of folders the CSV and Parquet files right in them, by name. Raises FeedError for a folder
    without any."""
    found: list[Path] = []
    for place in places:
        if not place.is_dir():
            found.append(place)
            continue
        try:
            inside = sorted(path for path in place.iterdir() if path.suffix.lower() in _ENDINGS and path.is_file())
        except OSError as error:
            raise FeedError(f"{place}: cannot be read ({error.strerror})") from None
        if not inside:
            raise FeedError(f"{place}: a folder without CSV or Parquet files (.csv, .parquet)")
        found += inside
    return found


class RecordedFeed:
    """The bars of files, in order of time, and within a minute in that of `symbols` (all, by name, for None).

    `date` picks one exchange day of `calendar`, YYYY-MM-DD; without it all of them are played. `data_symbol` is the
    symbol of files without a symbol column; where all have one it is an error, because it would change nothing. The
    bars of `warm_up_days` exchange days before `date` come first, for `feeds.warm_up`. Files are read by `load`, which
    the first batch calls when nobody did.
    """

    name: str = "recorded"
    is_live: bool = False

    def __init__(
        self,
        files: Sequence[Path],
        symbols: Sequence[str] | None,
        date: str | None,
        data_symbol: str | None,
        calendar: Calendar,
        warm_up_days: int = 0,
    ) -> None:
        self._warm_up_days = warm_up_days
        self._files = tuple(files)
        self._symbols = tuple(symbols) if symbols else None
        self._date = date or None
        self._data_symbol = data_symbol or None
        self._calendar = calendar
        self._rows: _Rows | None = None
        self.bars: list[Bar] = []
        """What is played, after `load`."""
        self.dates: tuple[Day, ...] = ()
        """The exchange days there are bars of, after `load`, whatever `date` is."""
        self.symbols_found: tuple[str, ...] = ()
        """Every symbol in the files, by name, after `load`; configured ones that are missing are no error here."""

    def load(self) -> None:
        """Reads the files once. Raises FeedError with the file, the line and the value of the first few problems."""
        if self._rows is not None:
            return
        day = self._wanted_day()
        if not self._files:
            raise FeedError("recorded market: no files; name them in feed.data")
        files = [read_bar_file(path, self._data_symbol, self._calendar.zone) for path in self._files]
        if self._data_symbol and all(file.names_symbols for file in files):
            raise FeedError(
                f"recorded market: feed.data_symbol (--data-symbol) = {self._data_symbol} is of files without a symbol "
                f"column, but {_named(self._files)} names the symbol of every bar: leave it out. feed.symbols "
                "(--symbols) chooses among them"
            )
        self.symbols_found = tuple(sorted({file.names[code] for file in files for code in set(file.codes.tolist())}))
        order = self._symbols or self.symbols_found
        rows = _join(files, self.symbols_found).only(self.symbols_found, order)
        if not len(rows.times):
            raise FeedError(
                f"recorded market: no bars of {', '.join(order)} in {_named(self._files)}; "
                f"there are {', '.join(self.symbols_found)}"
            )
        times: list[Millis] = rows.times.tolist()
        self.dates = _days(times, self._calendar)
        if day is None:
            self.bars = rows.bars(0, len(times))
        elif day in self.dates:
            begin = bisect_left(times, day, key=self._calendar.day_of)
            self.bars = rows.bars(begin, bisect_right(times, day, key=self._calendar.day_of))
            self._expect_one_day(day)
        else:
            raise FeedError(self._unknown_day(day))
        self._rows = rows

    def _expect_one_day(self, day: Day) -> None:
        """Many days taken for one would be traded as one, without a night between them (T-37): better no session."""
        first, last = self.bars[0].time, self.bars[-1].time
        symbol, most = Counter(bar.symbol for bar in self.bars).most_common(1)[0]
        if last - first >= LONGEST_DAY * MINUTE or most > LONGEST_DAY:
            raise FeedError(
                f"recorded market: {most} bars of {symbol} over {(last - first) / 3_600_000:.1f} hours are taken for "
                f"the one day {day} of {self._calendar.name} in {_named(self._files)}: choose the exchange that the "
                "data are of (instruments.X.exchange)"
            )

    def history_before(self, day: Day) -> list[Bar]:
        """The bars of all earlier exchange days, in the feed's order; whatever `date` is."""
        self.load()
        if self._rows is None:
            return []
        return self._rows.bars(0, bisect_left(self._rows.times.tolist(), day, key=self._calendar.day_of))

    @property
    def begin(self) -> Millis | None:
        """Of the first bar, those of the warm-up counted."""
        first = next(iter(self._warm_up() or self.bars), None)
        return None if first is None else first.time

    async def batches(self, skip: int = 0) -> AsyncIterator[Sequence[FeedItem]]:
        self.load()
        bars = self._warm_up() + self.bars
        for index in range(skip, len(bars), BATCH):
            yield bars[index : index + BATCH]

    def _warm_up(self) -> list[Bar]:
        day = self._wanted_day()
        if day is None or not self._warm_up_days:
            return []
        before = [each for each in self.dates if each < day][-self._warm_up_days :]
        if not before:
            return []
        history = self.history_before(day)
        first = bisect_left(history, before[0], key=lambda bar: self._calendar.day_of(bar.time))
        return history[first:]

    def _wanted_day(self) -> Day | None:
        if self._date is None:
            return None
        try:
            return Day.fromisoformat(self._date)
        except ValueError:
            raise FeedError(f"recorded market: date {self._date!r} is not a day; write it as YYYY-MM-DD") from None

    def _unknown_day(self, day: Day) -> str:
        near = sorted(sorted(self.dates, key=lambda other: abs(other - day))[:NEAREST])
        listed = ", ".join(each.isoformat() for each in near)
        return (
            f"recorded market: no bars of {day}{self._holiday(day)} in {_named(self._files)}; the nearest of "
            f"{len(self.dates)} available days: {listed}"
        )

    def _holiday(self, day: Day) -> str:
        try:
            return "" if self._calendar.session(day) else f", a day on which {self._calendar.name} is closed,"
        except ValueError:  # hours nobody knows are no holiday
            return ""


class _Rows(Struct, frozen=True):
    """Bars as columns, in order of time and then of symbol. `codes` index `names`."""

    names: tuple[str, ...]
    codes: NDArray[np.int64]
    times: NDArray[np.int64]
    numbers: NDArray[np.float64]

    def only(self, names: Sequence[str], order: Sequence[str]) -> _Rows:
        """The rows of the symbols in `order`, in that order within a minute."""
        import numpy as np

        place = {name: index for index, name in enumerate(order)}
        places = np.array([place.get(name, -1) for name in names], dtype=np.int64)[self.codes]
        rows = np.flatnonzero(places >= 0)
        rows = rows[np.lexsort((places[rows], self.times[rows]))]
        return _Rows(tuple(order), places[rows], self.times[rows], self.numbers[:, rows])

    def bars(self, begin: int, end: int) -> list[Bar]:
        symbols = [self.names[code] for code in self.codes[begin:end].tolist()]
        return list(map(Bar, symbols, self.times[begin:end].tolist(), *self.numbers[:, begin:end].tolist()))


def _join(files: Sequence[BarFile], names: tuple[str, ...]) -> _Rows:
    """All files as one. Raises FeedError with the first problems of any file, a bar given twice among them."""
    import numpy as np

    code = {name: index for index, name in enumerate(names)}
    codes = np.concatenate(
        [np.array([code.get(n, -1) for n in file.names], dtype=np.int64)[file.codes] for file in files]
    )
    times = np.concatenate([file.times for file in files])
    source = np.concatenate([np.full(len(file.times), index, dtype=np.int64) for index, file in enumerate(files)])
    places = np.concatenate([file.places for file in files])
    problems = [(index, each.place, each.text) for index, file in enumerate(files) for each in file.problems]
    count = sum(file.problem_count for file in files)

    order = np.lexsort((times, codes))
    again = np.flatnonzero((np.diff(times[order]) == 0) & (np.diff(codes[order]) == 0))
    count += len(again)
    # In the order of the files, so that the first ones told are the first ones there.
    for pair in sorted(again.tolist(), key=lambda index: int(order[index + 1]))[:SHOWN]:
        former, later = int(order[pair]), int(order[pair + 1])
        original = files[int(source[former])]
        stamp = np.datetime64(int(times[later]), "ms").astype("datetime64[s]")
        text = (
            f"duplicate bar: {names[int(codes[later])]} {stamp}Z is also in "
            f"{original.path}, {original.unit} {int(places[former])}"
        )
        problems.append((int(source[later]), int(places[later]), text))
    if problems:
        told = [f"{files[at].path}, {files[at].unit} {place}: {text}" for at, place, text in sorted(problems)[:SHOWN]]
        more = [f"and {count - len(told)} more"] if count > len(told) else []
        raise FeedError("\n".join([*told, *more]))
    return _Rows(names, codes, times, np.concatenate([file.numbers for file in files], axis=1))


def _days(times: list[Millis], calendar: Calendar) -> tuple[Day, ...]:
    """The exchange days of sorted times. A day never ends and comes back, so each is found by bisection."""
    days: list[Day] = []
    begin = 0
    while begin < len(times):
        days.append(calendar.day_of(times[begin]))
        begin = bisect_right(times, days[-1], lo=begin, key=calendar.day_of)
    return tuple(days)


def _named(files: Sequence[Path]) -> str:
    shown = ", ".join(str(path) for path in files[:3])
    return shown if len(files) <= 3 else f"{shown} and {len(files) - 3} more"
