"""What an exchange day of a session came to, as text for people and grep (facts, section 5.7).

A viewer of the events: each is counted on its exchange day, once, also in a session that was resumed and has its
journal's events brought here again. One file a session, `trading_summary_YYYYMMDD_HHMMSS.txt` after its name, with a
part for each day: begun at the day's close, complete when the next day or the session's end has come.
"""

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

from msgspec import Struct, field

from sentio_tui.engine.end_of_day import NEVER
from sentio_tui.engine.metrics import daily_returns, mean_return_of_days, mean_return_per_block, session_minutes
from sentio_tui.engine.state import State
from sentio_tui.engine.words import number
from sentio_tui.journal.atomic import replace_file
from sentio_tui.market.calendar import Calendar
from sentio_tui.model.bars import MINUTE, Millis
from sentio_tui.model.decisions import Direction, Reason
from sentio_tui.model.events import (
    AnyEvent,
    BarDropped,
    BarReceived,
    Decided,
    OrderFilled,
    OrderRejected,
    SessionEnded,
)
from sentio_tui.model.orders import Side
from sentio_tui.model.snapshot import Figure, Unknown

_COUNTED: Final = frozenset({BarReceived, BarDropped, Decided, OrderFilled, OrderRejected})
_NO_DAY: Final = date.min


class _Day(Struct):
    """What was counted on one exchange day. `last` is the time of its newest event, `begin` that of its first."""

    date: date
    close: Millis | None
    begin: Millis
    last: Millis
    bars: Counter[str] = field(default_factory=Counter)
    dropped: Counter[str] = field(default_factory=Counter)
    directions: Counter[Direction] = field(default_factory=Counter)
    reasons: Counter[Reason] = field(default_factory=Counter)
    sides: Counter[Side] = field(default_factory=Counter)
    rejected: int = 0
    round_trips: int = 0
    won: int = 0


class CloseSummaries:
    """Follows a session's events, in order, and knows when its file is due."""

    def __init__(self, state: State, calendar: Calendar, path: Path) -> None:
        """`state` is that of the session, with all events taken in that are brought here; `path` the file."""
        self.path: Final = path
        self.is_due = False
        """Whether there is more to read than was last asked for."""
        self._state = state
        self._calendar = calendar
        self._zone = ZoneInfo(calendar.zone)
        self._done: list[str] = []
        """The parts of the days that are over."""
        self._ends: list[float] = []
        """Equity at the end of each of them."""
        self._day: _Day | None = None
        self._told_at: Millis = NEVER
        """When the day's close is to be told."""
        self._is_told = False
        self._ended: SessionEnded | None = None
        self._fills = 0
        self._held: dict[str, float] = {}
        self._minute: Millis = -1
        self._date = _NO_DAY

    def take(self, events: Iterable[AnyEvent]) -> None:
        """Count further events. The state may be ahead of them."""
        for event in events:
            if event.at >= self._told_at:
                self._told_at = NEVER
                self._is_told = self.is_due = True
            if type(event) in _COUNTED and not (isinstance(event, BarReceived) and event.bar.backfilled):
                self._count(event)
            elif isinstance(event, SessionEnded):
                self._day_of(event.at)
                self._ended = event
                self.is_due = True

    def text(self) -> str:
        """Every day so far that is over or has closed, as the file has it; nothing further is due until more comes."""
        self.is_due = False
        parts = [self._heading(), *self._done]
        if self._day is not None and (self._is_told or self._ended is not None):
            parts.append("\n".join(self._lines(self._day, self._ended)))
        return "\n\n".join([*parts, f"Summary saved to: {self.path.name}"]) + "\n"

    def write(self, text: str) -> None:
        """Put the text in the place of the file. For a thread of its own. Raises JournalError."""
        replace_file(self.path, [text.encode()])

    def _day_of(self, at: Millis) -> _Day:
        """The day an event counts on. What comes of a bar is known at its end, which may be the close or midnight."""
        if at != self._minute:
            self._minute = at
            self._date = self._calendar.day_of(at - 1)
        day = self._day
        if day is not None and day.date == self._date:
            return day
        if day is not None:
            self._done.append("\n".join(self._lines(day, None)))
            self._ends.append(self._equity(day.last))
            self.is_due = True
        hours = self._calendar.session(self._date)
        self._day = day = _Day(self._date, hours[1] if hours is not None else None, at, at)
        # A minute later than the close, so that the day's last bars, known at the close, have been counted.
        self._told_at = day.close + MINUTE if day.close is not None and at < day.close + MINUTE else NEVER
        self._is_told = False
        return day

    def _count(self, event: AnyEvent) -> None:
        day = self._day_of(event.at)
        day.last = event.at
        match event:
            case BarReceived(bar=bar):
                day.bars[bar.symbol] += 1
            case BarDropped(bar=bar) if not bar.corrected:
                day.dropped[bar.symbol] += 1
            case Decided():
                day.directions[event.signal.direction] += 1
                day.reasons[event.reason] += 1
            case OrderFilled(fill=fill):
                day.sides[fill.side] += 1
                trade = self._state.executions[self._fills].trade
                self._fills += 1
                if trade is not None:
                    day.round_trips += 1
                    day.won += trade.pnl > 0.0
                change = fill.quantity if fill.side is Side.BUY else -fill.quantity
                self._held[fill.symbol] = round(self._held.get(fill.symbol, 0.0) + change, 9)
            case OrderRejected():
                day.rejected += 1

    def _equity(self, at: Millis) -> float:
        """At the end of a minute of market time."""
        curve = self._state.curve
        point = bisect_right(curve.times, at)
        return curve.equity[point - 1] if point else self._state.info.capital

    def _clock(self, at: Millis) -> str:
        return f"{datetime.fromtimestamp(at / 1000, UTC).astimezone(self._zone):%Y-%m-%d %H:%M:%S %Z}"

    def _heading(self) -> str:
        info = self._state.info
        books = "; ".join(f"{book.strategy} on {', '.join(book.symbols)}" for book in info.books)
        return f"=== Session {info.name} ({info.mode}): {books} ==="

    def _title(self, day: _Day, ended: SessionEnded | None) -> str:
        if day.close is None:
            return f"=== Exchange Closed All Day: {day.date} ==="
        if ended is not None and ended.at < day.close:
            return f"=== Session Ended: {self._clock(ended.at)} ({ended.why}) ==="
        return f"=== Market Closed: {self._clock(day.close)} ==="

    def _lines(self, day: _Day, ended: SessionEnded | None) -> Iterator[str]:
        yield self._title(day, ended)
        yield "Bars Received:"
        yield from _counts(sorted(day.bars.items())) or ("    0 bars",)
        if day.dropped:
            yield "Bars Dropped:"
            yield from _counts(sorted(day.dropped.items()))
        yield "Signals Generated:"
        told = ", ".join(f"{day.directions[each]} {each}" for each in Direction)
        yield f"    {day.directions.total()} signals" + (f" ({told})" if day.directions else "")
        yield "Trades Executed:"
        told = f" ({day.sides[Side.BUY]} buys, {day.sides[Side.SELL]} sells)" if day.sides else ""
        yield f"    {day.sides.total()} trades{told}"
        if day.rejected:
            yield f"    {day.rejected} orders rejected"
        yield f"    {day.round_trips} round trips closed" + (f", {day.won} won" if day.round_trips else "")
        yield "Reasons for Not Trading:"
        idle = [(reason.text, count) for reason, count in day.reasons.most_common() if not reason.trades]
        yield from _counts(idle) or ("    none",)
        yield from self._figures(day)

    def _figures(self, day: _Day) -> Iterator[str]:
        capital = self._state.info.capital
        before = self._ends[-1] if self._ends else capital
        equity = self._equity(day.last)
        times = self._state.curve.times
        times = times[: bisect_right(times, day.last)]
        returns = daily_returns([*self._ends, equity], capital) if times else []
        minutes = session_minutes(times, self._state.info.exchange)
        held = [f"{number(quantity)} {symbol}" for symbol, quantity in self._held.items() if quantity]
        yield f"P&L of the Day: {equity - before:+.2f} ({_percent(equity / before - 1.0)})"
        yield f"P&L of the Session: {equity - capital:+.2f} ({_percent(equity / capital - 1.0)})"
        yield f"Equity: {equity:.2f}"
        yield f"MRD: {_percent(mean_return_of_days(returns))}"
        yield f"MRB: {_percent(mean_return_per_block(equity / capital - 1.0, minutes))}"
        yield f"Positions Held: {', '.join(held) or 'none'}"


def _counts(rows: Sequence[tuple[str, int]]) -> list[str]:
    return [f"{count:7} {name}" for name, count in rows]


def _percent(figure: Figure) -> str:
    return f"n/a ({figure.why})" if isinstance(figure, Unknown) else f"{100.0 * figure:+.4f} %"
