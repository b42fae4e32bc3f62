"""At which price an order executes, given the best bid and ask and the last trade."""

from decimal import Decimal

from tests.exchange.market import Quote
from tests.exchange.orders import BUY, Order


def execution_price(order: Order, quote: Quote, last: float, slippage: Decimal) -> Decimal | None:
    """None while the market is not there. A stop is triggered by the last trade and stays so; a trailing stop follows
    its best price since it was placed. `slippage` is a fraction of the price, against the order, never beyond a
    limit."""
    if not _triggered(order, Decimal(str(last))):
        return None
    touch = Decimal(str(quote.ask if order.side == BUY else quote.bid))
    price = round(touch * (1 + slippage * order.sign), 4)
    limit = order.limit_price
    if limit is None:
        return price
    if (touch - limit) * order.sign > 0:
        return None
    return min(price, limit) if order.side == BUY else max(price, limit)


def _triggered(order: Order, last: Decimal) -> bool:
    if order.kind not in ("stop", "stop_limit", "trailing_stop") or order.triggered:
        return True
    if order.kind == "trailing_stop":
        _trail(order, last)
    assert order.stop_price is not None
    order.triggered = (last - order.stop_price) * order.sign >= 0
    return order.triggered


def _trail(order: Order, last: Decimal) -> None:
    """A sell follows the high, a buy the low."""
    best = last if order.hwm is None else (min(order.hwm, last) if order.side == BUY else max(order.hwm, last))
    order.hwm = best
    away = order.trail_price if order.trail_price is not None else best * (order.trail_percent or Decimal(0)) / 100
    order.stop_price = round(best + away * order.sign, 2)


def could_cross(order: Order, other: Order) -> bool:
    """Whether an order could trade with one of the same account on the other side, which is a wash trade."""
    if other.symbol != order.symbol or other.side == order.side or not other.is_open or other.status == "held":
        return False
    if order.limit_price is None or other.limit_price is None:
        return True
    return (order.limit_price - other.limit_price) * order.sign >= 0
