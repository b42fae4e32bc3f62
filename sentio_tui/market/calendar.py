"""When a market is open, and which exchange day an instant belongs to.

A session is open from its open, included, to its close, excluded. A day is the exchange's own, never UTC's unless
the market says so. Rules that depend on the hour ask here and are driven by timers.
"""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from difflib import get_close_matches
from functools import lru_cache
from typing import Final, Protocol
from zoneinfo import ZoneInfo

from msgspec import Struct

from sentio_tui.model.bars import Millis
from sentio_tui.model.instruments import AssetClass

DAY: Final = 86_400_000
"""Milliseconds of a UTC day."""

_FIRST: Final = "1969-01-01"
_LAST: Final = "2049-12-31"
"""Fixed, so that what a calendar says does not depend on the day it is asked. Some exchanges know less."""

ROUND_THE_CLOCK: Final = "24/7"
"""The name of a market that never closes."""

_USUAL: Final = {AssetClass.CRYPTO: ROUND_THE_CLOCK, AssetClass.EQUITY: "XNYS"}

_EPOCH_ORDINAL: Final = date(1970, 1, 1).toordinal()


class Calendar(Protocol):
    """The hours of one market.

    `name` is that of the exchange, `zone` the IANA name its times are shown in, `periods` the trading days of a year.
    Methods raise ValueError for times the calendar does not know: unknown is not closed.
    """

    @property
    def name(self) -> str: ...

    @property
    def zone(self) -> str: ...

    @property
    def periods(self) -> int: ...

    def is_open(self, at: Millis) -> bool: ...

    def day_of(self, at: Millis) -> date:
        """The exchange day an instant belongs to, in or out of hours."""
        ...

    def session(self, day: date) -> tuple[Millis, Millis] | None:
        """Open and close of an exchange day; None when the market is closed all day."""
        ...

    def next_open(self, at: Millis) -> Millis:
        """The first opening after `at`: of a session, or after a lunch break."""
        ...

    def next_close(self, at: Millis) -> Millis:
        """The first end of a session after `at`. A lunch break ends none."""
        ...

    def sessions_between(self, first: date, last: date) -> Sequence[date]:
        """The days with a session from `first` to `last`, both included."""
        ...


class AlwaysOpen:
    """A market that never closes, such as crypto. Its day is UTC's and each day is a session; `zone` only shows."""

    name: Final = ROUND_THE_CLOCK
    periods: Final = 365

    def __init__(self, zone: str = "UTC") -> None:
        self.zone: Final = zone

    def is_open(self, at: Millis) -> bool:
        return True

    def day_of(self, at: Millis) -> date:
        return date.fromordinal(at // DAY + _EPOCH_ORDINAL)

    def session(self, day: date) -> tuple[Millis, Millis]:
        midnight = (day.toordinal() - _EPOCH_ORDINAL) * DAY
        return midnight, midnight + DAY

    def next_open(self, at: Millis) -> Millis:
        return at - at % DAY + DAY

    def next_close(self, at: Millis) -> Millis:
        return at - at % DAY + DAY

    def sessions_between(self, first: date, last: date) -> Sequence[date]:
        return [first + timedelta(days) for days in range((last - first).days + 1)]


class ExchangeCalendar:
    """The hours of an exchange, with its holidays, half days and daylight saving.

    `name` is an ISO 10383 code or an alias of exchange_calendars ("XNYS", "NYSE"). Raises ValueError for an unknown
    one, with the nearest known names. The first calendar of a process takes about half a second to load.
    """

    periods: Final = 252

    def __init__(self, name: str = "XNYS") -> None:
        hours = _hours(name)
        self.name: Final = name
        self.zone: Final = hours.zone
        self._tz = ZoneInfo(hours.zone)
        self._days = hours.days
        self._closes = hours.closes
        self._starts = hours.starts
        self._ends = hours.ends
        self._sessions = hours.sessions
        self._overnight = hours.overnight

    def is_open(self, at: Millis) -> bool:
        stretch = bisect_right(self._starts, at) - 1
        if stretch < 0 or at >= self._closes[-1]:
            raise self._unknown()
        return at < self._ends[stretch]

    def day_of(self, at: Millis) -> date:
        if self._overnight:
            index = bisect_right(self._closes, at)
            if index < len(self._days) and self._sessions[self._days[index]][0] <= at:
                return self._days[index]
        return datetime.fromtimestamp(at // 1000, self._tz).date()

    def session(self, day: date) -> tuple[Millis, Millis] | None:
        found = self._sessions.get(day)
        if found is None and not self._days[0] <= day <= self._days[-1]:
            raise self._unknown()
        return found

    def next_open(self, at: Millis) -> Millis:
        stretch = bisect_right(self._starts, at)
        if stretch == len(self._starts):
            raise self._unknown()
        return self._starts[stretch]

    def next_close(self, at: Millis) -> Millis:
        index = bisect_right(self._closes, at)
        if index == len(self._closes):
            raise self._unknown()
        return self._closes[index]

    def sessions_between(self, first: date, last: date) -> Sequence[date]:
        if first < self._days[0] or last > self._days[-1]:
            raise self._unknown()
        after = bisect_right(self._days, last)
        return self._days[bisect_right(self._days, first - timedelta(1)) : after]

    def _unknown(self) -> ValueError:
        return ValueError(f"calendar {self.name} is known from {self._days[0]} to {self._days[-1]} only")


def exchange_of(asset_class: AssetClass, exchange: str = "") -> str:
    """The exchange itself, or where none is named the usual one: XNYS for equities, 24/7 for crypto."""
    return exchange or _USUAL[asset_class]


def for_asset(asset_class: AssetClass, exchange: str = "") -> Calendar:
    """The hours of an exchange, or of the usual one of the asset class. Raises ValueError for an unknown one, with the
    nearest known names."""
    name = exchange_of(asset_class, exchange)
    return AlwaysOpen() if name == ROUND_THE_CLOCK else ExchangeCalendar(name)


def expect_exchange(name: str) -> None:
    """Raises ValueError for an unknown exchange, with the nearest known names. Loads no hours."""
    if name in _USUAL.values():
        return
    import exchange_calendars

    known: list[str] = exchange_calendars.get_calendar_names(include_aliases=True)
    if name not in known:
        spelled = {each.upper(): each for each in known}
        near = [spelled[each] for each in get_close_matches(name.upper(), spelled, n=3, cutoff=0.5)]
        hint = f"; the nearest are {', '.join(near)}" if near else "; write an ISO 10383 code such as XNYS or XLON"
        raise ValueError(f"unknown exchange {name!r}{hint}")


def leading(calendars: Iterable[Calendar]) -> Calendar:
    """The calendar that days and the shown time follow where there are several: the first of a market that closes,
    because its day is what people plan by; the first of all where none does. Raises ValueError for none at all."""
    listed = list(calendars)
    if not listed:
        raise ValueError("there is no market to follow")
    return next((each for each in listed if not isinstance(each, AlwaysOpen)), listed[0])


def sessions_before(calendar: Calendar, at: Millis, count: int) -> Millis:
    """The opening of the exchange day that is `count` sessions before the one `at` is in or before. Raises ValueError
    where the calendar does not know it."""
    day = calendar.day_of(at)
    try:
        sessions = calendar.sessions_between(day - timedelta(days=2 * count + 10), day - timedelta(days=1))
    except OverflowError as error:
        raise ValueError(str(error)) from None
    hours = calendar.session(sessions[-count])
    return at if hours is None else hours[0]


class _Hours(Struct, frozen=True):
    """An exchange's hours as plain lists, in order of time, because exchange_calendars' own objects are slow.

    `days` and `closes` have one entry a session; `starts` and `ends` one for each stretch of trading, of which a
    session with a lunch break has two.
    """

    zone: str
    days: list[date]
    closes: list[Millis]
    starts: list[Millis]
    ends: list[Millis]
    sessions: dict[date, tuple[Millis, Millis]]
    overnight: bool
    """Whether a session opens on another local date than its own."""


@lru_cache(maxsize=16)
def _hours(name: str) -> _Hours:
    import exchange_calendars

    expect_exchange(name)
    try:
        table = exchange_calendars.get_calendar(name, start=_FIRST, end=_LAST)
    except ValueError:
        # An exchange whose holidays are recorded for fewer years: what the library gives by itself.
        try:
            table = exchange_calendars.get_calendar(name)
        except ValueError as error:
            raise ValueError(f"exchange_calendars cannot compute {name!r}: {str(error)[:200]}") from None

    def millis(nanos: list[int]) -> list[Millis]:
        return [instant // 1_000_000 for instant in nanos]

    zone = str(table.tz)
    days: list[date] = [stamp.date() for stamp in table.sessions]
    opens = millis(table.opens_nanos.tolist())
    closes = millis(table.closes_nanos.tolist())
    starts, ends = opens, closes
    if table.has_break:
        no_break = -(2**63)  # pandas' NaT
        pauses = [
            (begin // 1_000_000, end // 1_000_000)
            for begin, end in zip(table.break_starts_nanos.tolist(), table.break_ends_nanos.tolist(), strict=True)
            if begin != no_break
        ]
        starts = sorted([*opens, *(end for _, end in pauses)])
        ends = sorted([*closes, *(begin for begin, _ in pauses)])
    tz = ZoneInfo(zone)
    overnight = any(
        datetime.fromtimestamp(opening // 1000, UTC).astimezone(tz).date() != day
        for day, opening in zip(days[:10], opens[:10], strict=True)
    )
    sessions = {day: (opening, close) for day, opening, close in zip(days, opens, closes, strict=True)}
    return _Hours(zone, days, closes, starts, ends, sessions, overnight)
