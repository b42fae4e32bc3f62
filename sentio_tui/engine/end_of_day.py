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
from sentio_tui.engine.trading_hours import TradingHours
from sentio_tui.market.calendar import Calendar
from sentio_tui.model.bars import MINUTE, Millis
from sentio_tui.model.orders import Side

NEVER: Final[Millis] = 2**62


class EndOfDay:
    """Watches the hours of every symbol of the books that must be flat overnight."""

    def __init__(self, state: State, hours: TradingHours, execution: Execution, broker: Broker) -> None:
        self._state = state
        self._before_close = hours.before_close
        self._markets = [
            (book, calendar, symbols)
            for book in hours.flat
            for calendar, symbols in hours.closing(state.accounts[book].info.symbols).items()
        ]
        self._execution = execution
        self._broker = broker
        self.due: Millis = NEVER

    def holding(self) -> list[str]:
        """The books that hold something and may not keep it."""
        accounts = self._state.accounts
        held = [book for book, _, symbols in self._markets if accounts[book].positions.keys() & set(symbols)]
        return list(dict.fromkeys(held))

    def look(self, at: Millis) -> None:
        """Liquidate what must not be held now, and set the next timer. Called first with the first bar's time."""
        due = NEVER
        for book, calendar, symbols in self._markets:
            self._look(book, calendar, symbols, at)
            due = min(due, self._next(calendar, at))
        self.due = due

    def _look(self, book: str, calendar: Calendar, symbols: Sequence[str], at: Millis) -> None:
        hours = calendar.session(calendar.day_of(at))
        positions = self._state.accounts[book].positions
        held = [symbol for symbol in symbols if symbol in positions]
        if hours is None or not hours[0] <= at < hours[1]:
            self._buy_nothing(book, symbols, at)
            self._sell(book, held, "EOD_CLOSE (missed)", at)
            if hours is not None and at >= hours[1]:
                self._take_last_prices(book, symbols, at)
        elif at >= hours[1] - self._before_close:
            self._buy_nothing(book, symbols, at)
            self._sell(book, held, f"EOD_CLOSE ({_clock(calendar, hours[1] - self._before_close)})", at)
        elif any(positions[symbol].opened < hours[0] for symbol in held):
            self._buy_nothing(book, symbols, at)
            self._sell(book, held, "EOD_CLOSE (held overnight)", at)

    def _buy_nothing(self, book: str, symbols: Sequence[str], at: Millis) -> None:
        """A buy that is still open could fill in the window, or at the next open (T-33)."""
        self._execution.give_up_buys(book, symbols, "end of day", at)

    def _sell(self, book: str, symbols: Sequence[str], words: str, at: Millis) -> None:
        if symbols:
            self._execution.close(book, symbols, words, at)

    def _take_last_prices(self, book: str, symbols: Sequence[str], at: Millis) -> None:
        """The market has closed: what is still being sold takes the last price there was."""
        for order_id, known in list(self._state.orders.items()):
            order = known.order
            if order.book == book and order.symbol in symbols and order.side is Side.SELL:
                self._broker.at_last_price(order_id, at)
        self._execution.collect(at)

    def _next(self, calendar: Calendar, at: Millis) -> Millis:
        """The next time to look after `at`: a window's start, each minute in the window, the close, the open."""
        hours = calendar.session(calendar.day_of(at))
        if hours is not None and at < hours[1]:
            start = hours[1] - self._before_close
            if at < hours[0]:
                return hours[0]
            return start if at < start else min(at - at % MINUTE + MINUTE, hours[1])
        return calendar.next_open(at)


def _clock(calendar: Calendar, at: Millis) -> str:
    return f"{datetime.fromtimestamp(at / 1000, ZoneInfo(calendar.zone)):%H:%M %Z}"
