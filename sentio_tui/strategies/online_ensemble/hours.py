"""Where a bar stands in the exchange's day."""

from datetime import datetime
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

from sentio_tui.market.calendar import Calendar, exchange_of, for_asset
from sentio_tui.model.bars import MINUTE, Millis
from sentio_tui.model.instruments import AssetClass
from sentio_tui.strategies.online_ensemble.model import Clock

_QUARTER = 900_000
"""Zones change their offset, and days begin, at quarters of an hour."""


class Hours:
    """Follows the stretches of trading: a day without a break is one, a lunch break makes it two.

    `start` (included) and `end` (excluded) are those of the stretch entered last; nothing is entered at first.
    """

    def __init__(self, exchange: str) -> None:
        """Empty is XNYS. Raises ValueError for an unknown exchange, with the nearest known names."""
        self.exchange: Final = exchange_of(AssetClass.EQUITY, exchange)
        self._zone = ZoneInfo(_calendar(self.exchange).zone)
        self.start: Millis = 0
        self.end: Millis = 0
        self._opened: Millis | None = None
        self._quarter = -1
        self._minute = 0
        self._weekday = 0.0
        self._monthday = 0.0

    def enter(self, time: Millis) -> int:
        """For a bar outside the stretch entered last: 2 when it begins a day, 1 when it goes on after a break, and 0
        when the market is closed. Raises ValueError for times the calendar does not know."""
        calendar = _calendar(self.exchange)
        if not calendar.is_open(time):
            return 0
        session = calendar.session(calendar.day_of(time))
        if session is None:
            return 0
        self.start, self.end = _stretch(calendar, session, time)
        new_day = session[0] != self._opened
        self._opened = session[0]
        return 2 if new_day else 1

    def clock(self, time: Millis) -> Clock:
        """Minute of the day, weekday from Sunday = 0, day of the month, in the exchange's zone."""
        quarter = time // _QUARTER
        if quarter != self._quarter:
            local = datetime.fromtimestamp(quarter * (_QUARTER // 1000), self._zone)
            self._quarter = quarter
            self._minute = local.hour * 60 + local.minute
            self._weekday = float(local.isoweekday() % 7)
            self._monthday = float(local.day)
        return self._minute + time % _QUARTER // MINUTE, self._weekday, self._monthday


@lru_cache(maxsize=16)
def _calendar(exchange: str) -> Calendar:
    return for_asset(AssetClass.EQUITY, exchange)


def _stretch(calendar: Calendar, session: tuple[Millis, Millis], time: Millis) -> tuple[Millis, Millis]:
    """The stretch of a session that `time` is in."""
    opening, close = session
    again = calendar.next_open(opening)
    if again >= close:
        return session
    if time >= again:
        return again, close
    pause = opening
    while calendar.is_open(pause):
        pause += MINUTE
    return opening, pause
