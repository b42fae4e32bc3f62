"""A session as tables for other programs, row by row from its events."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from msgspec import Struct

from sentio_tui.engine.state import State
from sentio_tui.journal.atomic import replace_file
from sentio_tui.model.bars import Millis
from sentio_tui.model.events import (
    AnyEvent,
    BarReceived,
    Decided,
    OrderAccepted,
    OrderCancelled,
    OrderExpired,
    OrderFilled,
    OrderRejected,
    OrderSubmitted,
    SessionStarted,
)
from sentio_tui.model.orders import Order, OrderStatus
from sentio_tui.sessions.columns import (
    BARS,
    DECISIONS,
    EQUITY,
    FILLS,
    ORDERS,
    TRADES,
    VALUE,
    Encoder,
    Kind,
    Table,
    Value,
)


def tables(events: Sequence[AnyEvent]) -> dict[str, Table]:
    """Every table by its name. Raises ValueError for events that are no session."""
    if not events or not isinstance(events[0], SessionStarted):
        raise ValueError("a session's events begin with its start")
    reading = _Reading(events[0])
    for event in events[1:]:
        reading.take(event)
    return reading.tables()


def export_tables(events: Sequence[AnyEvent], folder: Path, suffix: str, encode: Encoder) -> list[Path]:
    """Write `bars_`, `decisions_`, `orders_`, `fills_`, `trades_` and `equity_YYYYMMDD_HHMMSS` with a suffix (".csv").

    Returns their paths. Raises ValueError for events that are no session, JournalError where a file cannot be written.
    """
    made = tables(events)
    assert isinstance(events[0], SessionStarted)
    stamp = events[0].info.name.removeprefix("live_")
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for name, table in made.items():
        path = folder / f"{name}_{stamp}{suffix}"
        replace_file(path, [encode(table)])
        paths.append(path)
    return paths


class _Outcome(Struct):
    """What became of an order so far."""

    seq: int
    order: Order
    status: OrderStatus = OrderStatus.SUBMITTED
    filled: float = 0.0
    value: float = 0.0
    commission: float = 0.0
    closed: Millis | None = None
    why: str = ""
    broker_id: str = ""


class _Reading:
    """Follows a session's events and keeps the rows of all tables."""

    def __init__(self, started: SessionStarted) -> None:
        self._state = State(started)
        self._zone = ZoneInfo(started.info.clock_zone)
        self._bars: list[Sequence[Value]] = []
        self._decisions: list[tuple[list[Value], Mapping[str, float]]] = []
        self._orders: dict[str, _Outcome] = {}
        self._fills: list[Sequence[Value]] = []

    def take(self, event: AnyEvent) -> None:
        self._state.apply(event)
        match event:
            case BarReceived(seq=seq, bar=bar):
                prices = (bar.open, bar.high, bar.low, bar.close, bar.volume)
                when = (bar.time, self._clock(bar.time))
                self._bars.append((seq, *when, bar.symbol, *prices, bar.synthetic, bar.backfilled))
            case Decided():
                self._decided(event)
            case OrderSubmitted(seq=seq, order=order):
                self._orders[order.id] = _Outcome(seq, order)
            case OrderFilled():
                self._filled(event)
            case OrderAccepted() | OrderRejected() | OrderCancelled() | OrderExpired():
                self._answered(event)

    def tables(self) -> dict[str, Table]:
        return {
            "bars": Table(BARS, self._bars),
            "decisions": self._decision_table(),
            "orders": Table(ORDERS, [self._order_row(outcome) for outcome in self._orders.values()]),
            "fills": Table(FILLS, self._fills),
            "trades": Table(TRADES, list(self._trade_rows())),
            "equity": Table(EQUITY, list(self._equity_rows())),
        }

    def _clock(self, at: Millis | None) -> str | None:
        if at is None:
            return None
        return datetime.fromtimestamp(at / 1000, self._zone).isoformat(timespec="milliseconds")

    def _decided(self, event: Decided) -> None:
        signal, account = event.signal, self._state.accounts[event.book]
        row: list[Value] = [
            event.seq,
            event.at,
            self._clock(event.at),
            event.book,
            event.symbol,
            account.info.strategy,
            signal.direction.value,
            event.reason.value,
            event.reason.trades,
            event.detail,
            event.state,
            event.target or event.state,
            signal.probability,
            signal.distance,
            signal.trigger,
            signal.missing,
            account.equity,
        ]
        self._decisions.append((row, signal.values))

    def _decision_table(self) -> Table:
        """With a column for each number that any decision was made from, in the order in which they first came up."""
        names = dict.fromkeys(name for _, values in self._decisions for name in values)
        columns = {**DECISIONS, **{VALUE + name: Kind.NUMBER for name in names}}
        return Table(columns, [(*row, *map(values.get, names)) for row, values in self._decisions])

    def _filled(self, event: OrderFilled) -> None:
        state, fill = self._state, event.fill
        record = state.executions[-1]
        self._fills.append(
            (
                event.seq,
                fill.time,
                self._clock(fill.time),
                fill.id,
                fill.order_id,
                fill.book,
                fill.symbol,
                fill.side.value,
                fill.quantity,
                fill.price,
                fill.value,
                fill.commission,
                fill.remaining,
                record.pnl,
                None if record.trade is None else record.trade.number,
                record.reason,
                record.strategy,
                state.cash,
                state.equity,
            )
        )
        outcome = self._orders.get(fill.order_id)
        if outcome is not None:
            outcome.filled += fill.quantity
            outcome.value += fill.value
            outcome.commission += fill.commission
            outcome.status = OrderStatus.PARTIALLY_FILLED
            if fill.remaining <= 0.0:
                outcome.status, outcome.closed = OrderStatus.FILLED, event.at

    def _answered(self, event: OrderAccepted | OrderRejected | OrderCancelled | OrderExpired) -> None:
        outcome = self._orders.get(event.order_id)
        if outcome is None:
            return
        match event:
            case OrderAccepted(broker_id=broker_id):
                outcome.broker_id = broker_id
                if outcome.status is OrderStatus.SUBMITTED:
                    outcome.status = OrderStatus.ACCEPTED
                return
            case OrderRejected(why=why):
                outcome.status, outcome.why = OrderStatus.REJECTED, why
            case OrderCancelled(why=why):
                outcome.status, outcome.why = OrderStatus.CANCELLED, why
            case OrderExpired():
                outcome.status = OrderStatus.EXPIRED
        outcome.closed = event.at

    def _order_row(self, outcome: _Outcome) -> Sequence[Value]:
        order = outcome.order
        return (
            outcome.seq,
            order.time,
            self._clock(order.time),
            order.id,
            order.book,
            order.symbol,
            order.side.value,
            order.type.value,
            order.time_in_force.value,
            order.quantity,
            order.notional,
            order.limit_price,
            order.stop_price,
            order.trail,
            order.reason,
            outcome.status.value,
            outcome.filled,
            outcome.value / outcome.filled if outcome.filled else None,
            outcome.commission,
            outcome.closed,
            self._clock(outcome.closed),
            outcome.why,
            outcome.broker_id,
        )

    def _trade_rows(self) -> Iterable[Sequence[Value]]:
        for trade in self._state.trades:
            spent = trade.quantity * trade.entry_price
            yield (
                trade.number,
                trade.book,
                self._state.accounts[trade.book].info.strategy,
                trade.symbol,
                trade.opened,
                self._clock(trade.opened),
                trade.closed,
                self._clock(trade.closed),
                trade.quantity,
                trade.entry_price,
                trade.exit_price,
                trade.pnl,
                trade.fees,
                trade.pnl / spent if spent else None,
                trade.mae,
                trade.mfe,
                trade.bars_held,
                trade.reason,
            )

    def _equity_rows(self) -> Iterable[Sequence[Value]]:
        capital = peak = self._state.info.capital
        curve = self._state.curve
        for at, equity in zip(curve.times, curve.equity, strict=True):
            peak = max(peak, equity)
            yield at, self._clock(at), equity, equity / capital - 1.0, 1.0 - equity / peak
