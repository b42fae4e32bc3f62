"""History by exchange days: which days are over, which of them are missing, and what is wrong with the bars of some."""

from bisect import bisect_left
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date as Day
from datetime import timedelta
from typing import Final

from msgspec import Struct

from sentio_tui.market.calendar import DAY, Calendar
from sentio_tui.market.validation import fault
from sentio_tui.model.bars import MINUTE, Bar, Millis

AFTER_HOURS: Final = 240 * MINUTE
"""How long after its close an exchange still has bars."""
SETTLED: Final = 16 * MINUTE
"""How long after a day its last bars have come, also to who has them a quarter of an hour late."""
MOST_SYMBOLS: Final = 100
"""Of one question: they stand in its address."""
_EPOCH: Final = Day(1970, 1, 1)


class Request(Struct, frozen=True):
    """One question for history: all that is missing of one exchange day from one source, `end` included."""

    source: str
    day: Day
    symbols: tuple[str, ...]
    begin: Millis
    end: Millis


def span(calendar: Calendar, day: Day) -> tuple[Millis, Millis]:
    """The first minute of an exchange day and that of the next one, out of hours included."""
    midnight = (day - _EPOCH).days * DAY
    minutes = range(midnight - DAY, midnight + 2 * DAY + 1, MINUTE)
    first = bisect_left(minutes, day, key=calendar.day_of)
    return minutes[first], minutes[bisect_left(minutes, day + timedelta(1), lo=first, key=calendar.day_of)]


def finished(calendar: Calendar, first: Day, last: Day, now: Millis) -> list[Day]:
    """The days with a session from `first` to `last` that are over, the hours after the close included. Raises
    ValueError for days whose hours nobody knows."""
    days = []
    for day in calendar.sessions_between(first, min(last, calendar.day_of(now))):
        hours = calendar.session(day)
        if hours is not None and now >= min(hours[1] + AFTER_HOURS, span(calendar, day)[1]) + SETTLED:
            days.append(day)
    return days


def missing(
    wanted: Mapping[str, Collection[Day]],
    kept: Mapping[str, Collection[Day]],
    sources: Mapping[str, str],
    hours: Mapping[str, Calendar],
) -> list[Request]:
    """What to ask for so that every symbol has all its wanted days, and nothing of those that are kept: the oldest
    first, a day of a source at once for up to a hundred symbols."""
    asked: dict[tuple[Day, str, Millis, Millis], list[str]] = {}
    for symbol, days in wanted.items():
        for day in set(days) - set(kept.get(symbol, ())):
            asked.setdefault((day, sources[symbol], *span(hours[symbol], day)), []).append(symbol)
    return [
        Request(source, day, tuple(symbols[first : first + MOST_SYMBOLS]), begin, end - MINUTE)
        for (day, source, begin, end), symbols in sorted(asked.items())
        for first in range(0, len(symbols), MOST_SYMBOLS)
    ]


class Cleaned(Struct, frozen=True):
    """Bars in order of time, each minute once: the last that came of it. `faults` are those that cannot be believed."""

    bars: list[Bar]
    duplicates: int
    faults: list[str]


def cleaned(bars: Iterable[Bar]) -> Cleaned:
    """The bars of one symbol without what no file of the recorded feed should hold."""
    by_time: dict[Millis, Bar] = {}
    faults, duplicates = [], 0
    for bar in bars:
        wrong = fault(bar, None)
        if wrong is not None:
            faults.append(wrong)
        else:
            duplicates += bar.time in by_time
            by_time[bar.time] = bar
    return Cleaned([by_time[at] for at in sorted(by_time)], duplicates, faults)


class Coverage(Struct, frozen=True):
    """How much of its calendar a symbol's bars cover. Minutes are of the sessions of days that have any bar."""

    days: int
    empty_days: tuple[Day, ...]
    bars: int
    minutes: int
    missing_minutes: int
    out_of_hours: int


def coverage(times: Sequence[Millis], calendar: Calendar, days: Sequence[Day]) -> Coverage:
    """Of bars at these times, sorted and each once, on these days. Bars of other days do not count."""
    empty: list[Day] = []
    bars = minutes = absent = outside = 0
    for day in days:
        begin, end = span(calendar, day)
        of_day = times[bisect_left(times, begin) : bisect_left(times, end)]
        hours = calendar.session(day)
        if not of_day or hours is None:
            empty.append(day)
            continue
        expected = sum(map(calendar.is_open, range(*hours, MINUTE)))
        inside = sum(map(calendar.is_open, of_day))
        bars += len(of_day)
        minutes += expected
        absent += expected - inside
        outside += len(of_day) - inside
    return Coverage(len(days), tuple(empty), bars, minutes, absent, outside)
