"""Events in words: what the text log and the event log on the screen say of each."""

from typing import Final

from sentio_tui.model.events import (
    AccountAdopted,
    AnyEvent,
    BarDropped,
    CancelRequested,
    CommandGiven,
    Decided,
    FaultReported,
    FeedReported,
    FeedStatus,
    Level,
    Noted,
    OrderAccepted,
    OrderCancelled,
    OrderExpired,
    OrderFilled,
    OrderRejected,
    OrderSubmitted,
    PhaseChanged,
    SessionEnded,
    SessionResumed,
    SessionStarted,
)
from sentio_tui.model.orders import Order

_LEVELS: Final = {Level.INFO: "Note", Level.WARNING: "Warning", Level.ALARM: "ALARM"}

LOGGED: Final[dict[type[AnyEvent], tuple[Level, str]]] = {
    SessionStarted: (Level.INFO, "session"),
    SessionResumed: (Level.WARNING, "session"),
    BarDropped: (Level.WARNING, "bar_dropped"),
    CommandGiven: (Level.INFO, "command"),
    FeedReported: (Level.INFO, "feed"),
    AccountAdopted: (Level.WARNING, "account"),
    OrderFilled: (Level.INFO, "fill"),
    OrderRejected: (Level.WARNING, "order_rejected"),
    OrderCancelled: (Level.INFO, "order_cancelled"),
    OrderExpired: (Level.INFO, "order_expired"),
    PhaseChanged: (Level.INFO, "phase"),
    SessionEnded: (Level.INFO, "session"),
}
"""The events that leave a line in the event log by themselves, with its level and code."""


def is_routine(status: FeedStatus, before: FeedStatus | None) -> bool:
    """Whether a change of a symbol is nothing to read of: that it is quiet for some minutes, and trades again."""
    quiet = FeedStatus.QUIET
    return quiet in (status, before) and {status, before} <= {quiet, FeedStatus.LIVE, None}


def words(event: AnyEvent, order: Order | None) -> str | None:
    """What an event says, in one line that may hold text from outside; None for events nobody need read.

    `order` is the order an event is about, if it is known.
    """
    match event:
        case SessionStarted(info=info):
            books = "; ".join(f"{book.strategy} ({book.preset}) on {', '.join(book.symbols)}" for book in info.books)
            return f"Session {info.name} started: {info.mode}, {info.capital:.2f}, {books}"
        case SessionResumed():
            told = [each for each in (event.lost, *event.changed) if each]
            return "Session resumed where it broke off" + (f" ({'; '.join(told)})" if told else "")
        case BarDropped():
            return f"✗ Bar dropped: {event.bar.symbol}: {event.why}"
        case CommandGiven():
            return f"Command: {type(event.command).__name__.lower()} ({event.by})"
        case FeedReported():
            subject = f" {event.symbol}" if event.symbol else ""
            return f"Feed{subject}: {event.status}" + (f" ({event.detail})" if event.detail else "")
        case FaultReported():
            return f"Fault: {event.part}: {event.text}" if event.text else f"Fault over: {event.part}"
        case AccountAdopted():
            held = ", ".join(f"{number(each.quantity)} {each.symbol}" for each in event.positions) or "nothing"
            return f"Account: {event.book} holds {held} and {event.cash:.2f} in cash ({event.why})"
        case Decided():
            return _signal(event)
        case Noted():
            return f"{_LEVELS[event.level]}: {event.text}" if event.level in _LEVELS else None
        case PhaseChanged():
            return f"Phase: {event.phase}" + (f" ({event.why})" if event.why else "")
        case SessionEnded():
            return f"Session ended: {event.why}"
        case _:
            return _of_order(event, order)


def _of_order(event: AnyEvent, order: Order | None) -> str | None:
    name = order_of(event) if order is None else _order(order)
    match event:
        case OrderSubmitted(order=order):
            return f"Order: {_order(order)} ({order.reason})"
        case OrderFilled(fill=fill):
            reason = "" if order is None else f" ({order.reason})"
            return f"Trade: {fill.side.upper()} {number(fill.quantity)} {fill.symbol} @ {price(fill.price)}{reason}"
        case OrderRejected():
            return f"Order rejected: {name}: {event.why}"
        case OrderCancelled():
            return f"Order cancelled: {name}: {event.why}"
        case OrderExpired():
            return f"Order expired: {name}"
        case CancelRequested():
            return f"Order: cancel {event.order_id} ({event.why})"
        case _:
            return None


def order_of(event: AnyEvent) -> str | None:
    """The id of the order an event is about."""
    match event:
        case OrderSubmitted(order=order):
            return order.id
        case OrderFilled(fill=fill):
            return fill.order_id
        case OrderAccepted() | OrderRejected() | OrderCancelled() | OrderExpired() | CancelRequested():
            return event.order_id
        case _:
            return None


def _signal(event: Decided) -> str:
    signal = event.signal
    probability = [] if signal.probability is None else [f"p={signal.probability:.4f}"]
    figures = [f"{name}={value:.6g}" for name, value in signal.values.items()]
    values = " ".join([event.symbol, *probability, *figures])
    if signal.missing:
        values += f" missing={signal.missing}"
    because = event.reason.text + (f": {event.detail}" if event.detail else "")
    return f"Signal: {signal.direction.upper()} ({values}) {because}"


def _order(order: Order) -> str:
    kind = order.type.replace("_", " ")
    if order.quantity is not None:
        return f"{order.side.upper()} {number(order.quantity)} {order.symbol} {kind}"
    return f"{order.side.upper()} {order.symbol} for {order.notional or 0.0:.2f} {kind}"


def price(value: float) -> str:
    """Cents; below one, four digits that count."""
    return f"{value:.2f}" if abs(value) >= 1 or value == 0 else number(float(f"{value:.4g}"))


def number(value: float) -> str:
    """Up to nine decimals, without trailing zeros."""
    return f"{value:.9f}".rstrip("0").rstrip(".")
