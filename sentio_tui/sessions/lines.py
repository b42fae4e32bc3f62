"""The text log: one line an event, in a grammar that grep and awk can rely on.

    ✓ Bar: BTC-USD $97123.40 (O:97100.00 H:97150.10 L:97090.00 V:1.532) [2025-01-06 09:31:00 EST]
    [2025-01-06 09:31:00 EST] Signal: LONG (BTC-USD momentum=0.0213 threshold=0.02) enter: buy signal
    [2025-01-06 09:32:00 EST] Trade: BUY 195 SPY @ 512.35 (Momentum Signal)

Only bar lines have their time at the end: the third field of a bar line is the symbol.
"""

from datetime import UTC, datetime
from typing import Final
from zoneinfo import ZoneInfo

from sentio_tui.model.bars import Bar, Millis
from sentio_tui.model.events import (
    AnyEvent,
    BarDropped,
    BarReceived,
    CancelRequested,
    CommandGiven,
    Decided,
    FaultReported,
    FeedReported,
    Level,
    Noted,
    OrderCancelled,
    OrderExpired,
    OrderFilled,
    OrderRejected,
    OrderSubmitted,
    PhaseChanged,
    SessionEnded,
    SessionStarted,
    TimerFired,
)
from sentio_tui.model.orders import Order

_LEVELS: Final = {Level.INFO: "Note", Level.WARNING: "Warning", Level.ALARM: "ALARM"}


class LineWriter:
    """Turns events, in their order, into lines. It remembers open orders, to name the reason of a fill."""

    def __init__(self, zone: ZoneInfo) -> None:
        self._zone = zone
        self._orders: dict[str, Order] = {}

    def line(self, event: AnyEvent) -> str | None:
        """The event's line without its end, or None for events that are not logged."""
        if isinstance(event, BarReceived):
            return f"{_bar(event.bar)} [{self._time(event.at)}]"
        text = self._text(event)
        return None if text is None else f"[{self._time(event.at)}] {_one_line(text)}"

    def _time(self, at: Millis) -> str:
        return f"{datetime.fromtimestamp(at / 1000, UTC).astimezone(self._zone):%Y-%m-%d %H:%M:%S %Z}"

    def _text(self, event: AnyEvent) -> str | None:
        match event:
            case SessionStarted(info=info):
                books = "; ".join(
                    f"{book.strategy} ({book.preset}) on {', '.join(book.symbols)}" for book in info.books
                )
                return f"Session {info.name} started: {info.mode}, {info.capital:.2f}, {books}"
            case BarDropped():
                return f"✗ Bar dropped: {event.bar.symbol}: {event.why}"
            case CommandGiven():
                return f"Command: {type(event.command).__name__.lower()} ({event.by})"
            case FeedReported():
                subject = f" {event.symbol}" if event.symbol else ""
                return f"Feed{subject}: {event.status}" + (f" ({event.detail})" if event.detail else "")
            case FaultReported():
                return f"Fault: {event.part}: {event.text}" if event.text else f"Fault over: {event.part}"
            case Decided():
                return _signal(event)
            case Noted():
                return f"{_LEVELS[event.level]}: {event.text}" if event.level in _LEVELS else None
            case PhaseChanged():
                return f"Phase: {event.phase}" + (f" ({event.why})" if event.why else "")
            case SessionEnded():
                return f"Session ended: {event.why}"
            case TimerFired():
                return None
            case _:
                return self._order(event)

    def _order(self, event: AnyEvent) -> str | None:
        match event:
            case OrderSubmitted(order=order):
                self._orders[order.id] = order
                return f"Order: {_order(order)} ({order.reason})"
            case OrderFilled(fill=fill):
                known = self._orders.get(fill.order_id)
                if fill.remaining == 0:
                    self._orders.pop(fill.order_id, None)
                reason = "" if known is None else f" ({known.reason})"
                return (
                    f"Trade: {fill.side.upper()} {_number(fill.quantity)} {fill.symbol} @ {_price(fill.price)}{reason}"
                )
            case OrderRejected() | OrderCancelled():
                outcome = "rejected" if isinstance(event, OrderRejected) else "cancelled"
                return f"Order {outcome}: {self._closed(event.order_id)}: {event.why}"
            case OrderExpired():
                return f"Order expired: {self._closed(event.order_id)}"
            case CancelRequested():
                return f"Order: cancel {event.order_id} ({event.why})"
            case _:  # OrderAccepted: the order's own line has said it
                return None

    def _closed(self, order_id: str) -> str:
        order = self._orders.pop(order_id, None)
        return order_id if order is None else _order(order)


def _bar(bar: Bar) -> str:
    prices = f"O:{_price(bar.open)} H:{_price(bar.high)} L:{_price(bar.low)} V:{_number(bar.volume)}"
    return f"✓ Bar: {'_'.join(_one_line(bar.symbol).split()) or '?'} ${_price(bar.close)} ({prices})"


def _signal(event: Decided) -> str:
    signal = event.signal
    values = " ".join([event.symbol, *(f"{name}={value:.6g}" for name, value in signal.values.items())])
    if signal.missing:
        values += f" missing={signal.missing}"
    because = event.reason.text + (f": {event.detail}" if event.detail else "")
    return f"Signal: {signal.direction.upper()} ({values}) {because}"


def _order(order: Order) -> str:
    kind = order.type.replace("_", " ")
    if order.quantity is not None:
        return f"{order.side.upper()} {_number(order.quantity)} {order.symbol} {kind}"
    return f"{order.side.upper()} {order.symbol} for {order.notional or 0.0:.2f} {kind}"


def _price(price: float) -> str:
    """Cents; below one, four digits that count."""
    return f"{price:.2f}" if abs(price) >= 1 or price == 0 else _number(float(f"{price:.4g}"))


def _number(value: float) -> str:
    """Up to nine decimals, without trailing zeros."""
    return f"{value:.9f}".rstrip("0").rstrip(".")


def _one_line(text: str) -> str:
    """Text from outside must not break the line, nor reach the terminal as control sequences."""
    return text if text.isprintable() else "".join(c if c.isprintable() else f"\\x{ord(c):02x}" for c in text)
