"""When a book may trade a symbol: its exchange's hours, and the end of the day of a book that is flat overnight."""

from collections.abc import Collection, Mapping
from typing import Final

from sentio_tui.market.calendar import ROUND_THE_CLOCK, Calendar
from sentio_tui.model.bars import Millis
from sentio_tui.model.decisions import Reason

BarredBy = tuple[Reason, str]
"""A reason and its words."""

CLOSED: Final[BarredBy] = Reason.OUTSIDE_HOURS, "the exchange is closed"
WINDOW: Final[BarredBy] = Reason.END_OF_DAY, "no entries before the close"


class TradingHours:
    """The hours of every symbol of a session.

    `flat` are the books that hold nothing while an exchange is closed, `before_close` how long before its close they
    open nothing more, in milliseconds. A market that never closes has no end of day.
    """

    def __init__(self, hours: Mapping[str, Calendar], flat: Collection[str] = (), before_close: Millis = 0) -> None:
        self._hours = hours
        self.with_closes: Final = frozenset(symbol for symbol, each in hours.items() if each.name != ROUND_THE_CLOCK)
        """The symbols whose market closes at times."""
        self.flat: Final = tuple(flat)
        self.before_close: Final = before_close

    def is_open(self, symbol: str, at: Millis) -> bool:
        return self._hours[symbol].is_open(at)

    def against_order(self, symbol: str, at: Millis) -> BarredBy | None:
        """What forbids any order in the symbol now."""
        return None if self._hours[symbol].is_open(at) else _closed(symbol)

    def against_entry(self, book: str, symbol: str, at: Millis) -> BarredBy | None:
        """What forbids the book to buy the symbol now."""
        calendar = self._hours[symbol]
        if not calendar.is_open(at):
            return _closed(symbol)
        if book in self.flat and symbol in self.with_closes and at >= calendar.next_close(at) - self.before_close:
            return WINDOW
        return None

    def closing(self, symbols: Collection[str]) -> dict[Calendar, tuple[str, ...]]:
        """The symbols by their market, those of markets that never close left out."""
        markets: dict[Calendar, tuple[str, ...]] = {}
        for symbol in symbols:
            if symbol in self.with_closes:
                calendar = self._hours[symbol]
                markets[calendar] = (*markets.get(calendar, ()), symbol)
        return markets


def _closed(symbol: str) -> BarredBy:
    return Reason.OUTSIDE_HOURS, f"the exchange of {symbol} is closed"
