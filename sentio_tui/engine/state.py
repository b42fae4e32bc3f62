"""The state of a session: the fold of its events, and nothing else.

Live, attached, replayed, recovered and reported sessions all use `State.apply`. It raises ValueError where an event
contradicts those before it.
"""

from collections import Counter, deque
from collections.abc import Callable
from typing import Final

from msgspec import Struct

from sentio_tui.engine.curve import EquityCurve
from sentio_tui.engine.ledger import Account, OpenOrder, Trade
from sentio_tui.engine.words import LOGGED, is_routine, words
from sentio_tui.model.bars import MINUTE, Bar, Millis
from sentio_tui.model.decisions import Direction, Reason
from sentio_tui.model.events import (
    AccountAdopted,
    AccountReported,
    AnyEvent,
    BarDropped,
    BarReceived,
    CancelRequested,
    CommandGiven,
    Decided,
    Event,
    FaultReported,
    FeedReported,
    FeedStatus,
    ModelReported,
    Noted,
    OrderAccepted,
    OrderCancelled,
    OrderExpired,
    OrderFilled,
    OrderRejected,
    OrderSubmitted,
    Phase,
    PhaseChanged,
    SessionEnded,
    SessionInfo,
    SessionResumed,
    SessionStarted,
    TimerFired,
)
from sentio_tui.model.orders import Fill, Order, OrderStatus, Side, intent_of

NOTES_KEPT: Final = 500
"""Log lines kept in memory; the journal has all of them."""

# Reading a member off an enum class costs as much as a function call.
_NEUTRAL: Final = Direction.NEUTRAL
_BY_SIGNAL: Final = frozenset({Reason.ENTER, Reason.EXIT, Reason.REBALANCE})
_BUY: Final = Side.BUY
_SUBMITTED: Final = OrderStatus.SUBMITTED
_ACCEPTED: Final = OrderStatus.ACCEPTED
_PARTIALLY_FILLED: Final = OrderStatus.PARTIALLY_FILLED


class FillRecord(Struct, frozen=True, gc=False):
    """A fill with what the session knows of it. `pnl` is set on a fill that closes, `trade` on one that ends a round
    trip."""

    number: int
    fill: Fill
    reason: str
    strategy: str
    pnl: float | None
    trade: Trade | None


class State:
    """Everything known after the last event. Read it freely; only `apply` writes."""

    def __init__(self, started: SessionStarted) -> None:
        if started.seq != 1:
            raise ValueError(f"a session starts with event 1, not {started.seq}")
        info = started.info
        self.info: SessionInfo = info
        self.seq = started.seq
        self.at: Millis = started.at
        self.begun: Millis = started.at
        self.first: Millis | None = None
        self.phase = Phase.READY
        self.why = ""
        self.faults: dict[str, str] = {}
        self.accounts = {book.name: Account(book) for book in info.books}
        self._books = tuple(self.accounts.values())
        self._idle = info.capital - sum(book.capital for book in info.books)
        """Capital that no book was given: it stays cash."""
        self._is_holding = False
        self._worth = self.equity
        """Equity after the last event; without a position, only a fill changes it."""
        self.reported: AccountReported | None = None
        """The newest word of a broker's account; None where nobody has reported one since the session (re)started."""
        self.orders: dict[str, OpenOrder] = {}
        self.order_count: dict[str, int] = {}
        """How often each intent (order id without its attempt) was submitted."""
        self.rejected = 0
        self.bars: dict[str, Bar] = {}
        """The newest bar of each symbol."""
        self.bar_counts: dict[str, int] = dict.fromkeys(info.symbols, 0)
        self.dropped: dict[str, int] = dict.fromkeys(info.symbols, 0)
        self.feed_status = FeedStatus.CONNECTING
        self.feed_detail = ""
        self.symbol_status: dict[str, FeedStatus] = {}
        self.curve = EquityCurve(info.capital, info.clock_zone)
        self.executions: list[FillRecord] = []
        self.trades: list[Trade] = []
        self.decided: dict[tuple[str, str], Decided] = {}
        self.models: dict[tuple[str, str], ModelReported] = {}
        """The newest report of each book's model of a symbol."""
        self._reasons: dict[Reason, int] = {}
        self._directions = {Direction.LONG: 0, Direction.SHORT: 0}
        self.signals_executed = 0
        """Buy and sell signals that led to an order of which something filled."""
        self._hoped: dict[tuple[str, Millis, str], int] = {}
        """Those whose orders have not filled yet: book, time, and the symbol of an entry or an exit."""
        self._notes: deque[Noted] = deque(maxlen=NOTES_KEPT)
        self._unworded: deque[tuple[AnyEvent, Order | None]] = deque(maxlen=NOTES_KEPT)
        self.note_count = 0
        self._log(started, None)

    @property
    def reasons(self) -> Counter[Reason]:
        """How often each reason was given for a decision."""
        return Counter(self._reasons)

    @property
    def directions(self) -> Counter[Direction]:
        """How often each direction was signalled."""
        neutral = sum(self._reasons.values()) - sum(self._directions.values())
        return +Counter({**self._directions, _NEUTRAL: neutral})

    @property
    def notes(self) -> deque[Noted]:
        """The newest lines of the event log. They are put in words when somebody reads them: most are never read."""
        unworded, notes = self._unworded, self._notes
        while unworded:
            event, order = unworded.popleft()
            notes.append(event if isinstance(event, Noted) else _line(event, order))
        return notes

    @property
    def equity(self) -> float:
        """Cash, that of no book included, plus the worth of all positions, each at its own symbol's last price."""
        return self._idle + sum(account.cash + account.value for account in self.accounts.values())

    @property
    def cash(self) -> float:
        return self._idle + sum(account.cash for account in self.accounts.values())

    @property
    def positions_value(self) -> float:
        return sum(account.value for account in self.accounts.values())

    def apply(self, event: AnyEvent) -> None:
        """Take the next event in. Events must come in order and without gaps."""
        if type(event) is Decided:
            self.apply_decision(event)
        elif type(event) is BarReceived:
            self.apply_bar(event)
        else:
            self._follow(event.seq, event.at)
            _FOLD[type(event)](self, event)

    def _follow(self, seq: int, at: Millis) -> None:
        if seq != self.seq + 1:
            raise ValueError(f"event {seq} cannot follow event {self.seq}")
        self.seq = seq
        if at > self.at:
            self.at = at

    # The two events of every bar have ways in of their own, with `_follow` written out: the interpreter is fast where
    # a line always meets the same type.

    def apply_bar(self, event: BarReceived) -> None:
        """`apply` for a bar."""
        seq, at = event.seq, event.at
        if seq != self.seq + 1:
            self._follow(seq, at)
        self.seq = seq
        if at > self.at:
            self.at = at
        bar = event.bar
        symbol = bar.symbol
        bars = self.bars
        before = bars.get(symbol)
        bars[symbol] = bar
        self.bar_counts[symbol] += 1
        if bar.backfilled:
            return
        if self.first is None:
            self.first = bar.time
        if self._is_holding:
            equity = self._idle
            for account in self._books:
                positions = account.positions
                if symbol in positions:
                    account.live(positions[symbol], bar, before)
                equity += account.cash + account.value
            self._worth = equity
        self.curve.mark(at, self._worth, self._is_holding)

    def apply_decision(self, event: Decided) -> None:
        """`apply` for a decision."""
        seq, at = event.seq, event.at
        if seq != self.seq + 1:
            self._follow(seq, at)
        self.seq = seq
        if at > self.at:
            self.at = at
        self.decided[event.book, event.symbol] = event
        reasons, reason = self._reasons, event.reason
        try:
            reasons[reason] += 1
        except KeyError:
            reasons[reason] = 1
        direction = event.signal.direction
        if direction is not _NEUTRAL:
            self._directions[direction] += 1
            if reason in _BY_SIGNAL:
                self._hoped[event.book, event.at, "" if reason is Reason.REBALANCE else event.symbol] = 1

    def _log(self, event: AnyEvent, order: Order | None) -> None:
        """Leave a line in the event log for what people want to read of."""
        self._unworded.append((event, order))
        self.note_count += 1

    def _bar_dropped(self, event: BarDropped) -> None:
        if not event.bar.corrected:
            self._log(event, None)
            self.dropped[event.bar.symbol] = self.dropped.get(event.bar.symbol, 0) + 1

    def _only_logged(self, event: CommandGiven | Noted) -> None:
        self._log(event, None)

    def _resumed(self, event: SessionResumed) -> None:
        self._log(event, None)
        self.reported = None

    def _silent(self, event: TimerFired | CancelRequested) -> None:
        pass

    def _feed(self, event: FeedReported) -> None:
        if not event.symbol or not is_routine(event.status, self.symbol_status.get(event.symbol)):
            self._log(event, None)
        if event.symbol:
            self.symbol_status[event.symbol] = event.status
        else:
            self.feed_status, self.feed_detail = event.status, event.detail

    def _fault(self, event: FaultReported) -> None:
        if event.text:
            self.faults[event.part] = event.text
        else:
            self.faults.pop(event.part, None)

    def _modelled(self, event: ModelReported) -> None:
        self.models[event.book, event.symbol] = event

    def _submitted(self, event: OrderSubmitted) -> None:
        order = event.order
        self.orders[order.id] = OpenOrder(order, _SUBMITTED)
        intent = intent_of(order.id)
        self.order_count[intent] = self.order_count.get(intent, 0) + 1
        if order.side is _BUY:
            self.accounts[order.book].reserved[order.id] = self._needs(order)

    def _needs(self, order: Order) -> float:
        if order.notional is not None:
            return order.notional
        bar = self.bars.get(order.symbol)
        price = order.limit_price or order.stop_price or (bar.close if bar is not None else 0.0)
        return (order.quantity or 0.0) * price

    def _accepted(self, event: OrderAccepted) -> None:
        known = self.orders.get(event.order_id)
        if known is not None:
            known.broker_id = event.broker_id
            if known.status is _SUBMITTED:
                known.status = _ACCEPTED

    def _filled(self, event: OrderFilled) -> None:
        fill = event.fill
        account = self.accounts[fill.book]
        known = self.orders.get(fill.order_id)
        self._log(event, known.order if known is not None else None)
        reason = known.order.reason if known is not None else "not ours"
        bar = self.bars.get(fill.symbol)
        if bar is not None:
            account.lived_whole(fill.symbol, bar, fill.time)
        pnl, trade = account.fill(fill, reason, len(self.trades) + 1, fill.price if bar is None else bar.close)
        self.executions.append(FillRecord(len(self.executions) + 1, fill, reason, account.info.strategy, pnl, trade))
        if trade is not None:
            self.trades.append(trade)
        if known is not None:
            for symbol in (fill.symbol, ""):
                self.signals_executed += self._hoped.pop((fill.book, known.order.time, symbol), 0)
            known.filled = round(known.filled + fill.quantity, 9)
            known.status = _PARTIALLY_FILLED
            if fill.remaining <= 0.0:
                self._close_order(fill.order_id)
            elif fill.order_id in account.reserved:
                left = account.reserved[fill.order_id] - fill.value - fill.commission
                account.reserved[fill.order_id] = max(0.0, left)
        account.mark()
        self._count_worth(event.at)

    def _account(self, event: AccountReported) -> None:
        self.reported = event

    def _adopted(self, event: AccountAdopted) -> None:
        self._log(event, None)
        self.accounts[event.book].adopt(event.cash, event.positions, event.at, self.bars)
        self._count_worth(event.at)

    def _count_worth(self, at: Millis) -> None:
        self._is_holding = False
        equity = self._idle
        for book in self._books:
            if book.positions:
                self._is_holding = True
            equity += book.cash + book.value
        self._worth = equity
        self.curve.mark(at, equity, self._is_holding)

    def _close_order(self, order_id: str) -> None:
        known = self.orders.pop(order_id, None)
        if known is not None:
            self.accounts[known.order.book].reserved.pop(order_id, None)

    def _rejected(self, event: OrderRejected) -> None:
        self.rejected += 1
        self._done(event)

    def _done(self, event: OrderRejected | OrderCancelled | OrderExpired) -> None:
        known = self.orders.get(event.order_id)
        self._log(event, known.order if known is not None else None)
        self._close_order(event.order_id)

    def _phase(self, event: PhaseChanged) -> None:
        self.phase, self.why = event.phase, event.why
        self._log(event, None)

    def _ended(self, event: SessionEnded) -> None:
        self.phase, self.why = Phase.ENDED, event.why
        self._log(event, None)

    def stale(self, symbol: str, at: Millis, patience: Millis) -> bool:
        """Whether the symbol's newest bar ended longer than `patience` ago, or it never had one."""
        bar = self.bars.get(symbol)
        return bar is None or at - (bar.time + MINUTE) > patience


def _line(event: AnyEvent, order: Order | None) -> Noted:
    level, code = LOGGED[type(event)]
    return Noted(event.seq, event.at, level, code, words(event, order) or "")


def _refuse(state: State, event: SessionStarted) -> None:
    raise ValueError(f"event {event.seq} starts a session that has started already")


_FOLD: dict[type[Event], Callable[..., None]] = {
    SessionStarted: _refuse,
    SessionResumed: State._resumed,
    BarDropped: State._bar_dropped,
    CommandGiven: State._only_logged,
    TimerFired: State._silent,
    FeedReported: State._feed,
    FaultReported: State._fault,
    ModelReported: State._modelled,
    OrderSubmitted: State._submitted,
    OrderAccepted: State._accepted,
    OrderFilled: State._filled,
    OrderRejected: State._rejected,
    OrderCancelled: State._done,
    OrderExpired: State._done,
    CancelRequested: State._silent,
    AccountReported: State._account,
    AccountAdopted: State._adopted,
    PhaseChanged: State._phase,
    Noted: State._only_logged,
    SessionEnded: State._ended,
}


def fold(events: list[AnyEvent]) -> State:
    """The state after a whole list of events. Raises ValueError for an empty or contradictory list."""
    if not events or not isinstance(events[0], SessionStarted):
        raise ValueError("a session's events begin with its start")
    state = State(events[0])
    for event in events[1:]:
        state.apply(event)
    return state
