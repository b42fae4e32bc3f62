"""History from Alpaca into files of the recorded feed: asked for by days, kept by months, nothing asked for twice.

A day is kept whole or not at all, and what is in the files is all that is remembered: a day with bars in them is done.
A day without any is asked for again, since nobody can tell it from one that Alpaca could not give.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date as Day
from pathlib import Path
from typing import Final

from msgspec import Struct

from sentio_tui.alpaca.rest import Rest
from sentio_tui.feeds.bar_files import read_bar_file
from sentio_tui.feeds.bar_writer import FILE_FORMATS, FileFormat
from sentio_tui.feeds.base import FeedError
from sentio_tui.feeds.history import Cleaned, Coverage, Request, cleaned, coverage, finished, missing
from sentio_tui.journal.atomic import JournalError, replace_file, sweep
from sentio_tui.journal.lock import LockHeld, SessionLock
from sentio_tui.market.calendar import Calendar
from sentio_tui.model.bars import Bar, Millis

LOCK: Final = ".download.lock"
_SYMBOL: Final = re.compile(r"[A-Z0-9][A-Z0-9.-]*")
_FILE: Final = re.compile(r"(?P<symbol>[A-Z0-9][A-Z0-9.-]*)_(?P<source>[a-z]+)_\d{4}-\d\d\.(?P<format>[a-z]+)")


class DownloadRefused(Exception):
    """It cannot be downloaded as asked; says why, and what to do."""


class Wanted(Struct, frozen=True):
    """What is to be there in the end: bars of all minutes of the days from `first` to `last` that are over.

    `hours` are those of each symbol, in the order they are told in. Shares come from `shares_from` (iex or sip).
    """

    hours: Mapping[str, Calendar]
    first: Day
    last: Day
    shares_from: str
    format: FileFormat
    folder: Path

    def source(self, symbol: str) -> str:
        return "crypto" if "-" in symbol else self.shares_from


class SymbolReport(Struct, frozen=True):
    """What is there of a symbol, and what was wrong with what came. `why` names the first bar that was left out."""

    symbol: str
    source: str
    coverage: Coverage
    files: Sequence[str]
    duplicates: int
    left_out: int
    why: str


class Download:
    """One download: `requests` is what is missing, `run` asks for it, `report` says what is there. Hold it with `with`:
    two of them must not write into one folder.

    Raises DownloadRefused and JournalError (the folder cannot be written in) at the start.
    """

    def __init__(self, wanted: Wanted, now: Millis, warn: Callable[[str], object]) -> None:
        _expect_symbols(wanted.hours)
        self._wanted = wanted
        self._lock = SessionLock(wanted.folder / LOCK, "a download", now)
        try:
            self._days = {
                symbol: finished(hours, wanted.first, wanted.last, now) for symbol, hours in wanted.hours.items()
            }
        except ValueError as error:
            raise DownloadRefused(str(error)) from None
        self._warn = warn
        self._damaged: set[Path] = set()
        self._month: dict[str, tuple[Path, dict[Millis, Bar]]] = {}
        """By symbol: the file that was written last, and its bars."""
        self._came: dict[str, list[Cleaned]] = {symbol: [] for symbol in wanted.hours}
        self.requests: list[Request] = []
        self._asked = 0
        self.unfinished: Mapping[str, Day] = {
            symbol: day for symbol, hours in wanted.hours.items() if (day := self._unfinished(symbol, hours, now))
        }
        """By symbol: the first of the wanted days that has begun and is not over."""
        if not any(self._days.values()):
            raise DownloadRefused(f"no exchange day from {wanted.first} to {wanted.last} is over")
        try:
            wanted.folder.mkdir(parents=True, exist_ok=True)
        except OSError as cause:
            raise JournalError(wanted.folder, cause) from cause

    def __enter__(self) -> "Download":
        try:
            self._lock.acquire()
        except LockHeld as held:
            raise DownloadRefused(
                f"another download writes into {self._wanted.folder} (process {held.pid}): wait for it, or stop it"
            ) from None
        try:
            self._expect_the_same()
            kept = {symbol: self._kept(symbol) for symbol in self._wanted.hours}
        except BaseException:  # whatever it is, the lock must not outlive it
            self._lock.release()
            raise
        sources = {symbol: self._wanted.source(symbol) for symbol in self._wanted.hours}
        self.requests = missing(self._days, kept, sources, self._wanted.hours)
        return self

    def __exit__(self, *_: object) -> None:
        self._lock.release()

    @property
    def days(self) -> int:
        """How many days anything is missing of, at the start."""
        return len({request.day for request in self.requests})

    @property
    def days_done(self) -> int:
        """How many of them have been asked for."""
        return self.days - len({request.day for request in self.requests[self._asked :]})

    async def run(self, rest: Rest, tell: Callable[[int], object]) -> None:
        """Ask for all that is missing and keep each day as it comes; `tell` hears of `days_done`.

        Raises AlpacaError and JournalError. Days that came before are kept, whatever ends it.
        """
        for request in self.requests:
            found = await rest.minute_bars(request.symbols, request.begin, request.end, request.source)
            for symbol, bars in found.items():
                # A bar of another day would make that one look done.
                asked = [bar for bar in bars if request.begin <= bar.time <= request.end]
                self._keep(symbol, request.day, cleaned(asked))
            self._asked += 1
            tell(self.days_done)

    def _unfinished(self, symbol: str, hours: Calendar, now: Millis) -> Day | None:
        begun = hours.sessions_between(self._wanted.first, min(self._wanted.last, hours.day_of(now)))
        return next((day for day in begun if day not in self._days[symbol]), None)

    def report(self) -> list[SymbolReport]:
        """What the files have of the wanted days now."""
        return [self._report(symbol) for symbol in self._wanted.hours]

    def _report(self, symbol: str) -> SymbolReport:
        paths = [path for path in self._paths(symbol) if path.exists()]
        times = sorted(time for path in paths for time in self._read(path, symbol))
        came = self._came[symbol]
        faults = [wrong for each in came for wrong in each.faults]
        return SymbolReport(
            symbol,
            self._wanted.source(symbol),
            coverage(times, self._wanted.hours[symbol], self._days[symbol]),
            [path.name for path in paths],
            sum(each.duplicates for each in came),
            len(faults),
            faults[0] if faults else "",
        )

    def _keep(self, symbol: str, day: Day, came: Cleaned) -> None:
        self._came[symbol].append(came)
        if not came.bars:
            return
        path = self._path(symbol, day)
        written, month = self._month.get(symbol, (None, {}))
        if path != written:
            month = self._read(path, symbol) if path.exists() else {}
            self._month[symbol] = path, month
        month |= {bar.time: bar for bar in came.bars}
        replace_file(path, [FILE_FORMATS[self._wanted.format]([month[at] for at in sorted(month)])])

    def _kept(self, symbol: str) -> set[Day]:
        """The days a symbol has bars of. What killed processes left is removed."""
        days: set[Day] = set()
        for path in self._paths(symbol):
            sweep(path)
            if path.exists():
                days |= {self._wanted.hours[symbol].day_of(time) for time in self._read(path, symbol)}
        return days

    def _read(self, path: Path, symbol: str) -> dict[Millis, Bar]:
        """The bars of a file by time. One that is damaged has none: its days are asked for again."""
        try:
            file = read_bar_file(path, None, self._wanted.hours[symbol].zone)
        except FeedError as error:
            return self._none(path, str(error))
        bars = map(Bar, [symbol] * len(file.times), file.times.tolist(), *file.numbers.tolist())
        by_time = {bar.time: bar for bar in bars}
        if file.problem_count or file.names != [symbol] or len(by_time) < len(file.times):
            return self._none(path, f"{path}: not as it was written")
        return by_time

    def _none(self, path: Path, why: str) -> dict[Millis, Bar]:
        if path not in self._damaged:
            self._damaged.add(path)
            self._warn(f"{why}; its days are asked for again")
        return {}

    def _paths(self, symbol: str) -> Iterable[Path]:
        return list(dict.fromkeys(self._path(symbol, day) for day in self._days[symbol]))

    def _path(self, symbol: str, day: Day) -> Path:
        return self._wanted.folder / f"{symbol}_{self._wanted.source(symbol)}_{day:%Y-%m}.{self._wanted.format}"

    def _expect_the_same(self) -> None:
        """The recorded feed takes all files of a folder: the same minutes from two sources, or in two formats, would be
        there twice."""
        for path in sorted(self._wanted.folder.iterdir()):
            named = _FILE.fullmatch(path.name)
            if named is None or named["symbol"] not in self._wanted.hours:
                continue
            there = (named["source"], named["format"])
            asked = (self._wanted.source(named["symbol"]), self._wanted.format)
            if there != asked:
                raise DownloadRefused(
                    f"{self._wanted.folder} has {' '.join(there)} files of {named['symbol']} ({path.name}), and "
                    f"{' '.join(asked)} is asked for: choose another folder, the recorded feed would find bars twice"
                )


def _expect_symbols(symbols: Iterable[str]) -> None:
    for symbol in symbols:
        if not _SYMBOL.fullmatch(symbol):
            raise DownloadRefused(f"{symbol!r} is no symbol of Alpaca: write such as SPY, BRK.B or BTC-USD")
