"""What a report is made of: a session's events read once, with what happened at each fill and along its minutes."""

from array import array
from bisect import bisect_right
from collections import Counter
from collections.abc import Sequence
from typing import Final

from msgspec import Struct

from sentio_tui.engine.ledger import Trade
from sentio_tui.engine.metrics import daily_returns
from sentio_tui.engine.state import FillRecord, State
from sentio_tui.engine.view import Viewer
from sentio_tui.journal.catalogue import SessionState
from sentio_tui.model.bars import Bar, Millis
from sentio_tui.model.decisions import Reason
from sentio_tui.model.events import (
    AccountAdopted,
    AnyEvent,
    BarReceived,
    Decided,
    OrderFilled,
    SessionInfo,
    SessionResumed,
    SessionStarted,
)
from sentio_tui.model.orders import Side
from sentio_tui.model.snapshot import Snapshot
from sentio_tui.sessions.recording import NoRecording
from sentio_tui.settings import FeedSettings

_MOVES_CURVE: Final = frozenset({BarReceived, OrderFilled, AccountAdopted})


class Entry(Struct, frozen=True, gc=False):
    """One fill as the trade statement has it.

    `bar` counts the market's minutes from 1. `cash` and `equity` are those after it, `pnl` is set on a fill that
    closes, net of the costs of both sides, and `cumulative` is the sum of these so far.
    """

    number: int
    bar: int
    time: Millis
    symbol: str
    side: Side
    quantity: float
    price: float
    value: float
    fee: float
    cash: float
    equity: float
    pnl: float | None
    cumulative: float
    reason: str
    book: str
    strategy: str
    order_id: str


class Prices:
    """The minutes of one driving symbol."""

    def __init__(self) -> None:
        self.times = array("q")
        """When each minute began."""
        self.opens = array("d")
        self.closes = array("d")

    def take(self, bar: Bar) -> None:
        self.times.append(bar.time)
        self.opens.append(bar.open)
        self.closes.append(bar.close)

    def at(self, time: Millis) -> float | None:
        """The open of the minute that began then, else the last close before it; None before the first."""
        index = bisect_right(self.times, time) - 1
        if index < 0:
            return None
        return self.opens[index] if self.times[index] == time else self.closes[index]


class Study:
    """A session up to its last event that could be read. Everything else a report tells is worked out of this."""

    def __init__(self, events: Sequence[AnyEvent], status: SessionState, loss: str = "") -> None:
        """`status` is what the folder of sessions says of it, `loss` what of its journal could not be read. Events are
        taken up to the first that contradicts those before it. Raises NoRecording where not even the first can be."""
        first = events[0] if events else None
        if not isinstance(first, SessionStarted):
            raise NoRecording(loss or "its journal has no events")
        self.status = status
        self.loss = loss
        self.state = State(first)
        self.prices = {symbol: Prices() for book in first.info.books for symbol in book.driving}
        self.exposure = array("d")
        """Of each point of the equity curve: the worth of all positions over equity, as a fraction."""
        self.entries: list[Entry] = []
        self.reasons: Counter[tuple[str, Reason]] = Counter()
        """How often each book gave each reason for a decision."""
        self.resumed: list[SessionResumed] = []
        self.adoptions = 0
        """How often a book took over what a broker's account held."""
        self._bars = 0
        self._minute: Millis = -(2**63)
        try:
            for event in events[1:]:
                self.state.apply(event)
                self._take(event)
        except (ValueError, LookupError) as error:
            why = f"nothing is known of {error}" if isinstance(error, LookupError) else error
            self.loss = f"event {self.state.seq + 1} contradicts those before it: {why}"
        # The speed is that of a screen's clock, and the patience that of a feed: neither is told in a report.
        self.snapshot: Snapshot = Viewer(self.state, 0.0, round(FeedSettings().stale_after * 1000)).snapshot()

    def _take(self, event: AnyEvent) -> None:
        kind = type(event)
        if kind in _MOVES_CURVE:
            if isinstance(event, BarReceived):
                self._bar(event.bar)
            elif isinstance(event, OrderFilled):
                self._filled(self.state.executions[-1])
            else:
                self.adoptions += 1
            self._expose()
        elif isinstance(event, Decided):
            self.reasons[event.book, event.reason] += 1
        elif isinstance(event, SessionResumed):
            self.resumed.append(event)

    def _bar(self, bar: Bar) -> None:
        if bar.backfilled:
            return
        if bar.time > self._minute:
            self._minute = bar.time
            self._bars += 1
        prices = self.prices.get(bar.symbol)
        if prices is not None:
            prices.take(bar)

    def _expose(self) -> None:
        points = len(self.state.curve.times)
        if not points:
            return
        equity = self.state.equity
        share = self.state.positions_value / equity if equity > 0.0 else 0.0
        if points > len(self.exposure):
            self.exposure.append(share)
        else:
            self.exposure[-1] = share

    def _filled(self, record: FillRecord) -> None:
        fill, state = record.fill, self.state
        before = self.entries[-1].cumulative if self.entries else 0.0
        self.entries.append(
            Entry(
                number=record.number,
                bar=self._bars,
                time=fill.time,
                symbol=fill.symbol,
                side=fill.side,
                quantity=fill.quantity,
                price=fill.price,
                value=fill.value,
                fee=fill.commission,
                cash=state.cash,
                equity=state.equity,
                pnl=record.pnl,
                cumulative=before + (record.pnl or 0.0),
                reason=record.reason,
                book=fill.book,
                strategy=record.strategy,
                order_id=fill.order_id,
            )
        )

    @property
    def info(self) -> SessionInfo:
        return self.state.info

    @property
    def bars(self) -> int:
        """Minutes of the market that came in."""
        return self._bars

    @property
    def trades(self) -> Sequence[Trade]:
        return self.state.trades

    @property
    def daily(self) -> list[tuple[str, float]]:
        """The return of each exchange day, by its date."""
        days = self.state.curve.daily()
        returns = daily_returns([equity for _, equity in days], self.info.capital)
        return [(day.isoformat(), value) for (day, _), value in zip(days, returns, strict=True)]
