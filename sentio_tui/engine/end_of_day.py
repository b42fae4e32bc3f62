"""Flat every night: books that may not hold anything while their exchange is closed.

What is liquidated depends on what is held, never on a flag (T-32). It is driven by timers and by the clock, not by bars
or counts of bars (T-34, T-35), and goes on until nothing is held: from the window's start every minute, at the close at
the last price there was, and after a night that should not have been, at once (T-09 to T-11, T-33).
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from sentio_tui.brokers.base import Broker
from sentio_tui.engine.execution import Execution
from sentio_tui.engine.state import State
from sentio_tui.market.calendar import AlwaysOpen, Calendar
from sentio_tui.model.bars import MINUTE, Millis
from sentio_tui.model.decisions import Reason
from sentio_tui.model.orders import Side

NEVER: Final[Millis] = 2**62


class EndOfDay:
    """Watches the hours of the books that must be flat overnight."""

    def __init__(
        self,
        state: State,
        books: Sequence[str],
        calendar: Calendar | None,
        before_close: Millis,
        execution: Execution,
        broker: Broker,
    ) -> None:
        """`calendar` is that of the books, None without any. `before_close`: the window from which nothing is opened
        and everything is sold, in milliseconds."""
        self._state = state
        self._books = tuple(books)
        self._calendar = calendar if calendar is not None else AlwaysOpen()
        self._zone = ZoneInfo(self._calendar.zone)
        self._before_close = before_close
        self._execution = execution
        self._broker = broker
        self.due: Millis = NEVER

    def forbids(self, book: str, at: Millis) -> tuple[Reason, str] | None:
        """Why the book may open nothing at a time, or None."""
        if book not in self._books:
            return None
        hours = self._calendar.session(self._calendar.day_of(at))
        if hours is None or not hours[0] <= at < hours[1]:
            return Reason.OUTSIDE_HOURS, "the exchange is closed"
        if at >= hours[1] - self._before_close:
            return Reason.END_OF_DAY, "no entries before the close"
        return None

    def holding(self) -> list[str]:
        """The books that hold something and may not keep it."""
        return [book for book in self._books if self._state.accounts[book].positions]

    def look(self, at: Millis) -> None:
        """Liquidate what must not be held now, and set the next timer. Called first with the first bar's time."""
        if not self._books:
            return
        hours = self._calendar.session(self._calendar.day_of(at))
        for book in self._books:
            positions = self._state.accounts[book].positions
            if not positions:
                continue
            if hours is None or not hours[0] <= at < hours[1]:
                self._sell(book, "EOD_CLOSE (missed)", at)
                if hours is not None and at >= hours[1]:
                    self._take_last_prices(book, at)
            elif at >= hours[1] - self._before_close:
                self._sell(book, f"EOD_CLOSE ({self._clock(hours[1] - self._before_close)})", at)
            elif any(position.opened < hours[0] for position in positions.values()):
                self._sell(book, "EOD_CLOSE (held overnight)", at)
        self.due = self._next(at)

    def _sell(self, book: str, words: str, at: Millis) -> None:
        self._execution.cancel_buys(book, "end of day", at)
        self._execution.close_book(book, words, at)

    def _clock(self, at: Millis) -> str:
        return f"{datetime.fromtimestamp(at / 1000, self._zone):%H:%M %Z}"

    def _take_last_prices(self, book: str, at: Millis) -> None:
        """The market has closed: what is still being sold takes the last price there was."""
        for order_id, known in list(self._state.orders.items()):
            if known.order.book == book and known.order.side is Side.SELL:
                self._broker.at_last_price(order_id, at)
        self._execution.collect(at)

    def _next(self, at: Millis) -> Millis:
        """The next time to look after `at`: a window's start, each minute in the window, the close, the open."""
        hours = self._calendar.session(self._calendar.day_of(at))
        if hours is not None and at < hours[1]:
            start = hours[1] - self._before_close
            if at < hours[0]:
                return hours[0]
            return start if at < start else min(at - at % MINUTE + MINUTE, hours[1])
        return self._calendar.next_open(at)
