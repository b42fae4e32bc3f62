"""Orders as the local exchange keeps them, and what a request for one must look like."""

from collections.abc import Callable, Mapping
from decimal import Decimal, InvalidOperation
from typing import Final

from msgspec import Struct, field

from sentio_tui.model.bars import Millis
from tests.exchange.clock import stamp
from tests.exchange.listings import CRYPTO, Listing

Body = dict[str, object]

BUY: Final = "buy"
SELL: Final = "sell"
TERMINAL: Final = frozenset({"filled", "canceled", "expired", "replaced", "rejected"})
MALFORMED: Final = 40010001
REFUSED: Final = 42210000
FORBIDDEN: Final = 40310000
NOT_FOUND: Final = 40410000

_TYPES: Final = {
    "us_equity": frozenset({"market", "limit", "stop", "stop_limit", "trailing_stop"}),
    CRYPTO: frozenset({"market", "limit", "stop_limit"}),
}
_TIMES: Final = {
    "us_equity": frozenset({"day", "gtc", "opg", "cls", "ioc", "fok"}),
    CRYPTO: frozenset({"gtc", "ioc"}),
}
_ZERO: Final = Decimal(0)


class Refusal(Exception):
    """What the API answers to a request it does not take: an HTTP status and a body."""

    def __init__(self, status: int, message: str, code: int | None = None, **extra: object) -> None:
        super().__init__(message)
        self.status: Final = status
        self.body: Final[Body] = ({} if code is None else {"code": code}) | {"message": message} | extra


def text(number: Decimal | None) -> str | None:
    """As the API writes money and quantities."""
    return None if number is None else format(number.normalize(), "f")


class Order(Struct):
    """One order. `notional` orders have no `qty`; `filled_qty` and `filled_value` count up with each execution."""

    id: str
    client_order_id: str
    listing: Listing
    side: str
    kind: str
    time_in_force: str
    created_at: Millis
    updated_at: Millis
    submitted_at: Millis | None
    qty: Decimal | None = None
    notional: Decimal | None = None
    limit_price: Decimal | None = None
    stop_price: Decimal | None = None
    trail_price: Decimal | None = None
    trail_percent: Decimal | None = None
    hwm: Decimal | None = None
    extended_hours: bool = False
    order_class: str = ""
    status: str = "pending_new"
    filled_qty: Decimal = _ZERO
    filled_value: Decimal = _ZERO
    filled_at: Millis | None = None
    canceled_at: Millis | None = None
    expired_at: Millis | None = None
    failed_at: Millis | None = None
    replaced_at: Millis | None = None
    expires_at: Millis | None = None
    replaced_by: str | None = None
    replaces: str | None = None
    opening: bool = True
    triggered: bool = False
    parent: str | None = None
    legs: list["Order"] = field(default_factory=list)
    script: list[Decimal] = field(default_factory=list)
    """Quantities of the next executions, one for each time the price allows one. Without it, all at once."""

    @property
    def symbol(self) -> str:
        return self.listing.symbol

    @property
    def is_open(self) -> bool:
        return self.status not in TERMINAL

    @property
    def sign(self) -> int:
        return 1 if self.side == BUY else -1

    @property
    def average(self) -> Decimal | None:
        return round(self.filled_value / self.filled_qty, 6) if self.filled_qty else None

    def left(self, price: Decimal) -> Decimal:
        """Shares or coins still to be executed, at a price where the order is for an amount of money."""
        if self.qty is not None:
            return self.qty - self.filled_qty
        assert self.notional is not None
        return max(round((self.notional - self.filled_value) / price, 9), _ZERO)

    def body(self, *, nested: bool = True) -> Body:
        """As in GET /v2/orders/{id}."""

        def when(at: Millis | None) -> str | None:
            return None if at is None else stamp(at)

        intent = ("buy_to_" if self.side == BUY else "sell_to_") + ("open" if self.opening else "close")
        return {
            "id": self.id,
            "client_order_id": self.client_order_id,
            "created_at": stamp(self.created_at),
            "updated_at": stamp(self.updated_at),
            "submitted_at": when(self.submitted_at),
            "filled_at": when(self.filled_at),
            "expired_at": when(self.expired_at),
            "expires_at": stamp(self.expires_at if self.expires_at is not None else self.created_at),
            "canceled_at": when(self.canceled_at),
            "failed_at": when(self.failed_at),
            "replaced_at": when(self.replaced_at),
            "replaced_by": self.replaced_by,
            "replaces": self.replaces,
            "asset_id": self.listing.asset_id,
            "symbol": self.symbol,
            "asset_class": self.listing.kind,
            "notional": text(self.notional),
            "qty": text(self.qty),
            "filled_qty": text(self.filled_qty),
            "filled_avg_price": text(self.average),
            "order_class": self.order_class,
            "order_type": self.kind,
            "type": self.kind,
            "side": self.side,
            "position_intent": intent,
            "time_in_force": self.time_in_force,
            "limit_price": text(self.limit_price),
            "stop_price": text(self.stop_price),
            "status": self.status,
            "extended_hours": self.extended_hours,
            "legs": [leg.body() for leg in self.legs] if nested and self.legs else None,
            "trail_percent": text(self.trail_percent),
            "trail_price": text(self.trail_price),
            "hwm": text(self.hwm),
            "source": None,
            "subtag": None,
            "ratio_qty": None,
        }


def number(body: Mapping[str, object], name: str) -> Decimal | None:
    """A figure of a request, as a string or a number. Raises Refusal for one that is none, or not above 0."""
    value = body.get(name)
    if value is None:
        return None
    try:
        figure = Decimal(str(value))
    except InvalidOperation:
        raise Refusal(422, f"invalid {name}: {value}", MALFORMED) from None
    if not figure.is_finite() or figure <= 0:
        raise Refusal(422, f"{name} must be > 0", MALFORMED)
    return figure


def price(body: Mapping[str, object], name: str, listing: Listing) -> Decimal | None:
    """A price of a request. Raises Refusal for a finer one than the exchanges take (SEC Rule 612)."""
    figure = number(body, name)
    if figure is None or listing.kind == CRYPTO:
        return figure
    decimals = 2 if figure >= 1 else 4
    if figure != round(figure, decimals):
        message = f"invalid {name} {figure}. sub-penny increment does not fulfill minimum pricing criteria"
        raise Refusal(422, message, REFUSED)
    return figure


def requested(body: Mapping[str, object], listing: Listing, identity: str, client_id: str, now: Millis) -> Order:
    """The order a request asks for. Raises Refusal for what no account could order."""
    side, kind, tif = str(body.get("side", "")), str(body.get("type", "")), str(body.get("time_in_force", ""))
    qty, notional = number(body, "qty"), number(body, "notional")
    if side not in (BUY, SELL):
        raise Refusal(422, "side must be buy or sell", MALFORMED)
    if qty is None and notional is None:
        raise Refusal(422, "qty or notional is required", MALFORMED)
    if qty is not None and notional is not None:
        raise Refusal(422, "only one of qty or notional is accepted", MALFORMED)
    if kind not in _TYPES[listing.kind]:
        raise Refusal(422, f"invalid order type for {listing.kind}: {kind}", REFUSED)
    if tif not in _TIMES[listing.kind]:
        word = "crypto time_in_force" if listing.kind == CRYPTO else "time_in_force"
        raise Refusal(422, f"invalid {word}: {tif}", REFUSED)
    order = Order(
        identity,
        client_id,
        listing,
        side,
        kind,
        tif,
        now,
        now,
        now,
        qty,
        notional,
        price(body, "limit_price", listing),
        price(body, "stop_price", listing),
        number(body, "trail_price"),
        number(body, "trail_percent"),
        extended_hours=bool(body.get("extended_hours") or False),
        order_class=str(body.get("order_class") or ""),
    )
    _check_prices(order)
    _check_fraction(order)
    if order.extended_hours and (kind != "limit" or tif not in ("day", "gtc")):
        raise Refusal(422, "extended hours order must be DAY or GTC limit orders", REFUSED)
    return order


def exits(order: Order, body: Mapping[str, object], new_id: Callable[[], str]) -> list[Order]:
    """The legs that end the position of a bracket, oco or oto order, held for now. The one of an oco order that takes
    the profit is the order itself. Raises Refusal for legs that are missing."""
    if order.order_class not in ("bracket", "oco", "oto"):
        return []
    profit, loss = body.get("take_profit"), body.get("stop_loss")
    enough = profit or loss if order.order_class == "oto" else profit and loss
    if not enough:
        raise Refusal(422, f"{order.order_class} orders require take_profit and stop_loss", MALFORMED)
    side = order.side if order.order_class == "oco" else (SELL if order.side == BUY else BUY)
    shared: Body = {"side": side, "time_in_force": order.time_in_force, "qty": text(order.qty)}
    wanted: list[Body] = []
    if isinstance(profit, dict) and order.order_class != "oco":
        wanted.append(shared | {"type": "limit", "limit_price": profit.get("limit_price")})
    if isinstance(loss, dict):
        wanted.append(shared | loss | {"type": "stop_limit" if loss.get("limit_price") else "stop"})
    legs = [requested(each, order.listing, new_id(), new_id(), order.created_at) for each in wanted]
    for leg in legs:
        leg.status, leg.parent, leg.order_class, leg.opening = "held", order.id, order.order_class, False
    return legs


def _check_prices(order: Order) -> None:
    if order.kind in ("limit", "stop_limit") and order.limit_price is None:
        raise Refusal(422, f"{order.kind} orders require a limit price", MALFORMED)
    if order.kind in ("stop", "stop_limit") and order.stop_price is None:
        raise Refusal(422, f"{order.kind} orders require a stop price", MALFORMED)
    if order.kind == "market" and (order.limit_price or order.stop_price):
        raise Refusal(422, "market orders must not have a stop or limit price", MALFORMED)
    if order.kind == "trailing_stop" and (order.trail_price is None) == (order.trail_percent is None):
        raise Refusal(422, "trailing stop orders must specify one of trail_price or trail_percent", MALFORMED)


def _check_fraction(order: Order) -> None:
    if order.listing.kind == CRYPTO:
        return
    if order.notional is None and order.qty is not None and order.qty == order.qty.to_integral_value():
        return
    if not order.listing.fractionable:
        raise Refusal(403, f'asset "{order.symbol}" is not fractionable', FORBIDDEN)
    if order.time_in_force != "day":
        raise Refusal(422, "fractional orders must be DAY orders", REFUSED)
    if order.order_class not in ("", "simple"):
        raise Refusal(422, "fractional orders must be simple orders", REFUSED)
    if order.notional is not None and order.notional < 1:
        raise Refusal(403, "cost basis must be >= minimal amount of order 1", FORBIDDEN)
