"""Whether an order makes sense by itself, before any account or price is asked."""

from math import isfinite
from typing import Final

from sentio_tui.brokers.matching import limit_on_tick
from sentio_tui.brokers.steps import steps_of
from sentio_tui.model.instruments import Instrument
from sentio_tui.model.orders import Order, OrderType, Side

_NEEDS: Final[dict[OrderType, frozenset[str]]] = {
    OrderType.MARKET: frozenset(),
    OrderType.LIMIT: frozenset({"limit_price"}),
    OrderType.STOP: frozenset({"stop_price"}),
    OrderType.STOP_LIMIT: frozenset({"limit_price", "stop_price"}),
    OrderType.TRAILING_STOP: frozenset({"trail"}),
}


_MARKET: Final = OrderType.MARKET
_SELL: Final = Side.SELL


def fault(order: Order, instrument: Instrument) -> str:
    """What is wrong with the order, in words for a person; empty when nothing is."""
    wrong = _size_fault(order, instrument)
    if wrong:
        return wrong
    if order.type is _MARKET and order.limit_price is None and order.stop_price is None and order.trail is None:
        return ""
    return _price_fault(order, instrument)


def _size_fault(order: Order, instrument: Instrument) -> str:
    if order.quantity is not None and order.notional is not None:
        return "bad quantity: the order has a quantity and a notional, it needs one of them"
    if order.notional is not None:
        if order.side is _SELL:
            return "bad quantity: a sell needs a quantity, not a notional"
        return "" if _positive(order.notional) else f"bad notional: {order.notional} is not a positive amount"
    if order.quantity is None:
        return "bad quantity: the order has neither a quantity nor a notional"
    if not _positive(order.quantity):
        return f"bad quantity: {order.quantity} is not a positive number"
    if not steps_of(instrument.quantity_step).count(order.quantity):
        return f"bad quantity: {order.quantity:.12g} is not a multiple of {instrument.quantity_step:.12g}"
    return ""


def _price_fault(order: Order, instrument: Instrument) -> str:
    needs = _NEEDS[order.type]
    kind = order.type.value.replace("_", " ")
    given = {"limit_price": order.limit_price, "stop_price": order.stop_price, "trail": order.trail}
    for field, value in given.items():
        name = field.replace("_", " ")
        if value is None:
            if field in needs:
                return f"no {name}: a {kind} order needs one"
        elif field not in needs:
            return f"bad {name}: a {kind} order takes none"
        elif not _positive(value):
            return f"bad {name}: {value} is not a positive number"
    if order.trail is not None and order.trail >= 1.0:
        return f"bad trail: {order.trail} is a fraction of the price and must be below 1"
    if order.limit_price is not None and not limit_on_tick(order.side, order.limit_price, instrument):
        return f"bad limit price: {order.limit_price:.12g} is below the price step {instrument.price_step:.12g}"
    return ""


def _positive(value: float) -> bool:
    return value > 0.0 and isfinite(value)
