"""What alerts ask of the hours of a session's markets: whether one is open, and whether all is sold at the close."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final
from zoneinfo import ZoneInfo

from msgspec import Struct

from sentio_tui.config import ConfigError
from sentio_tui.engine.engine import END_OF_DAY
from sentio_tui.engine.risk import day_start
from sentio_tui.engine.state import State
from sentio_tui.engine.trading_hours import TradingHours
from sentio_tui.engine.words import number
from sentio_tui.market.calendar import Calendar
from sentio_tui.model.bars import Millis
from sentio_tui.model.events import AnyEvent, SessionInfo, TimerFired
from sentio_tui.sessions.assemble import instrument
from sentio_tui.sessions.books import family_of
from sentio_tui.sessions.markets import hours_of, on_exchanges
from sentio_tui.sessions.resume import NotResumed, recorded_settings


def hours_in(info: SessionInfo) -> Mapping[str, Calendar]:
    """The hours of each symbol, as the session was configured; none where this version cannot read that."""
    try:
        settings = recorded_settings(info)
        family = family_of(settings)
        instruments = {symbol: instrument(settings, symbol) for symbol in info.symbols}
        return hours_of(settings, on_exchanges(instruments, family))
    except (NotResumed, ConfigError):
        return {}


class Found(Struct, frozen=True):
    """What to tell of an end of day, and whether it is the good end."""

    text: str
    is_flat: bool


class Flat:
    """Follows the books that must hold nothing overnight. Each close is told once: when they are flat, or when the
    close has passed and they are not."""

    def __init__(self, state: State, hours: Mapping[str, Calendar]) -> None:
        self._state = state
        self._zone = ZoneInfo(state.info.clock_zone)
        self._before = state.info.before_close
        trading = TradingHours(hours)
        self._markets = [
            (book.name, calendar, symbols)
            for book in state.info.books
            if book.flat_overnight and hours
            for calendar, symbols in trading.closing(book.symbols).items()
        ]
        self._told: Millis = 0
        """The newest close that was told."""
        self.close: Final[dict[Millis, list[tuple[str, tuple[str, ...]]]]] = {}
        """The closes at hand, each with what must be sold by then: books and their symbols."""

    def look(self, event: AnyEvent) -> Found | None:
        """What the event, which the state has taken in, makes of the day."""
        if isinstance(event, TimerFired) and event.timer == END_OF_DAY:
            self._open_windows(event.at)
        for close, parts in self.close.items():
            held = self._held(parts)
            if held and event.at <= close:
                continue
            del self.close[close]
            self._told = max(self._told, close)
            if held:
                return Found(f"End of day: NOT flat after the close, still there: {held}", False)
            return Found(self._flat(event.at), True)
        return None

    def _open_windows(self, at: Millis) -> None:
        for book, calendar, symbols in self._markets:
            hours = calendar.session(calendar.day_of(at))
            if hours is None or not hours[1] - self._before <= at < hours[1] or hours[1] <= self._told:
                continue
            parts = self.close.setdefault(hours[1], [])
            if (book, symbols) not in parts:
                parts.append((book, symbols))

    def _held(self, parts: list[tuple[str, tuple[str, ...]]]) -> str:
        """What the books still hold, or have ordered, in words; empty for nothing."""
        found: list[str] = []
        orders = [known.order for known in self._state.orders.values()]
        for book, symbols in parts:
            positions = self._state.accounts[book].positions
            found += [f"{number(positions[each].quantity)} {each}" for each in symbols if each in positions]
            found += [f"an order of {each.symbol}" for each in orders if each.book == book and each.symbol in symbols]
        return ", ".join(found)

    def _flat(self, at: Millis) -> str:
        when = f"{datetime.fromtimestamp(at / 1000, UTC).astimezone(self._zone):%H:%M %Z}"
        start, equity = day_start(self._state), self._state.equity
        return f"End of day: flat at {when}; P&L of the day {equity - start:+,.2f} ({equity / start - 1.0:+.2%})"
