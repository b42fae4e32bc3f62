"""Orders, their answers, and fills."""

from enum import StrEnum

from msgspec import Struct

from sentio_tui.model.bars import Millis


class Side(StrEnum):
    BUY = "buy"
    SELL = "sell"


class OrderType(StrEnum):
    MARKET = "market"
    LIMIT = "limit"
    STOP = "stop"
    STOP_LIMIT = "stop_limit"
    TRAILING_STOP = "trailing_stop"


class TimeInForce(StrEnum):
    DAY = "day"
    """Expires at the end of the exchange day (for crypto: of the UTC day)."""
    GTC = "gtc"


class OrderStatus(StrEnum):
    SUBMITTED = "submitted"
    ACCEPTED = "accepted"
    PARTIALLY_FILLED = "partially_filled"
    FILLED = "filled"
    REJECTED = "rejected"
    CANCELLED = "cancelled"
    EXPIRED = "expired"

    @property
    def is_open(self) -> bool:
        return self in _OPEN


_OPEN = frozenset({OrderStatus.SUBMITTED, OrderStatus.ACCEPTED, OrderStatus.PARTIALLY_FILLED})


class Order(Struct, frozen=True, gc=False, omit_defaults=True):
    """The intent to trade, as it was decided. What became of it is told by events.

    Exactly one of `quantity` and `notional` is set. `notional` is the cash a buy may spend, costs included; the
    broker works out the quantity at the price it fills at, so such a buy always fits its cash.
    `trail` is the distance of a trailing stop as a fraction of the best price since acceptance.
    `id` is the client order id: deterministic, unique in the session.
    """

    id: str
    book: str
    symbol: str
    side: Side
    time: Millis
    reason: str
    quantity: float | None = None
    notional: float | None = None
    type: OrderType = OrderType.MARKET
    limit_price: float | None = None
    stop_price: float | None = None
    trail: float | None = None
    time_in_force: TimeInForce = TimeInForce.GTC


class Fill(Struct, frozen=True, gc=False, omit_defaults=True):
    """One execution. `price` includes slippage, `commission` holds every cost of this execution that is not price.

    `time` is the market time of the price it was filled at. `remaining` is what is left of the order: a quantity,
    or 0.0 when the order is done.
    """

    id: str
    order_id: str
    book: str
    symbol: str
    side: Side
    quantity: float
    price: float
    commission: float
    time: Millis
    remaining: float = 0.0

    @property
    def value(self) -> float:
        """Quantity times price, without costs."""
        return self.quantity * self.price


def intent_of(order_id: str) -> str:
    """An order id without its attempt, which stands behind the minute (a symbol may have a "#" of its own)."""
    front, colon, last = order_id.rpartition(":")
    return front + colon + last.partition("#")[0]
