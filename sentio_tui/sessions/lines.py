"""The text log: one line an event, in a grammar that grep and awk can rely on.

    ✓ Bar: BTC-USD $97123.40 (O:97100.00 H:97150.10 L:97090.00 V:1.532) [2025-01-06 09:31:00 EST]
    [2025-01-06 09:31:00 EST] Signal: LONG (BTC-USD momentum=0.0213 threshold=0.02) enter: buy signal
    [2025-01-06 09:32:00 EST] Trade: BUY 195 SPY @ 512.35 (Momentum Signal)

Only bar lines have their time at the end: the third field of a bar line is the symbol.
"""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from sentio_tui.engine.words import number, order_of, price, words
from sentio_tui.model.bars import Bar, Millis
from sentio_tui.model.events import (
    AnyEvent,
    BarReceived,
    CancelRequested,
    OrderAccepted,
    OrderFilled,
    OrderSubmitted,
)
from sentio_tui.model.orders import Order


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
        if isinstance(event, OrderSubmitted):
            self._orders[event.order.id] = event.order
            return words(event, event.order)
        order_id = order_of(event)
        if order_id is None:
            return words(event, None)
        is_open = isinstance(event, OrderAccepted | CancelRequested) or (
            isinstance(event, OrderFilled) and event.fill.remaining > 0
        )
        order = self._orders.get(order_id) if is_open else self._orders.pop(order_id, None)
        return words(event, order)


def _bar(bar: Bar) -> str:
    prices = f"O:{price(bar.open)} H:{price(bar.high)} L:{price(bar.low)} V:{number(bar.volume)}"
    return f"✓ Bar: {'_'.join(_one_line(bar.symbol).split()) or '?'} ${price(bar.close)} ({prices})"


def _one_line(text: str) -> str:
    """Text from outside must not break the line, nor reach the terminal as control sequences."""
    return text if text.isprintable() else "".join(c if c.isprintable() else f"\\x{ord(c):02x}" for c in text)
