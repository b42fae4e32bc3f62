"""The clock of a session's market: what its exchange does next, and when books are sold out for the night.

All of it follows from the session's first event and the market time.
"""

from collections import Counter
from datetime import date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from sentio_tui.market.calendar import AlwaysOpen, Calendar, ExchangeCalendar
from sentio_tui.model.bars import Millis
from sentio_tui.model.events import SessionInfo
from sentio_tui.model.snapshot import MarketClock, MarketEvent

_AROUND: Final = timedelta(days=14)
"""The days whose closes tell which is the usual one."""


class MarketClocks:
    """Tells the clock of one session at any market time. The calendar is loaded when it is first asked."""

    def __init__(self, info: SessionInfo) -> None:
        self._exchange = info.exchange
        self._sells_out = any(book.flat_overnight for book in info.books)
        self._before_close = info.before_close
        self._calendar: Calendar | None = None
        self._early: dict[date, bool] = {}

    def at(self, at: Millis) -> MarketClock | None:
        """None for a market that never closes, or whose hours the session does not know."""
        if self._exchange in ("", AlwaysOpen.name):
            return None
        try:
            calendar = self._calendar = self._calendar or ExchangeCalendar(self._exchange)
            return self._clock(calendar, at)
        except ValueError as error:
            return MarketClock(self._exchange, False, MarketEvent.OPEN, at, at, False, unknown=str(error))

    def _clock(self, calendar: Calendar, at: Millis) -> MarketClock:
        closes = calendar.next_close(at)
        is_early = self._is_early(calendar, closes)
        liquidation = closes - self._before_close if self._sells_out else None
        is_open = calendar.is_open(at)
        if not is_open:
            event, when = MarketEvent.OPEN, calendar.next_open(at)
        elif liquidation is not None and at < liquidation:
            event, when = MarketEvent.LIQUIDATION, liquidation
        else:
            event, when = MarketEvent.EARLY_CLOSE if is_early else MarketEvent.CLOSE, closes
        return MarketClock(self._exchange, is_open, event, when, closes, is_early, liquidation)

    def _is_early(self, calendar: Calendar, closes: Millis) -> bool:
        """Whether a close comes before the usual hour, in the exchange's own time."""
        day = calendar.day_of(closes - 1)
        if day not in self._early:
            zone = ZoneInfo(calendar.zone)
            hours: Counter[time] = Counter()
            for other in calendar.sessions_between(day - _AROUND, day + _AROUND):
                session = calendar.session(other)
                if session is not None:
                    hours[datetime.fromtimestamp(session[1] / 1000, zone).time()] += 1
            usual = max(hours, key=lambda hour: (hours[hour], hour))
            self._early[day] = datetime.fromtimestamp(closes / 1000, zone).time() < usual
        return self._early[day]
