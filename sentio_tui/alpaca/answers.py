"""What Alpaca says of accounts, orders, fills and bars, read from its raw answers. Statuses and kinds stay texts: there
are always some that nobody knew before."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Final, Literal, TypeVar

import msgspec
from msgspec import Struct

from sentio_tui.model.bars import Bar, Millis

T = TypeVar("T", bound=Struct)
Raw = Mapping[str, object]

TERMINAL: Final = frozenset({"filled", "canceled", "expired", "replaced", "rejected"})
"""Statuses after which an order does not change any more."""

_QUOTES: Final = ("USDT", "USDC", "USD", "BTC")
_CENT: Final = Decimal("0.01")
_HUNDREDTH_OF_A_CENT: Final = Decimal("0.0001")


class BadAnswer(Exception):
    """An answer is not of the shape Alpaca describes; names the field."""


class Account(Struct, frozen=True):
    """Money in `currency`."""

    id: str
    status: str
    cash: float
    equity: float
    buying_power: float
    account_number: str = ""
    currency: str = "USD"
    crypto_status: str | None = None
    trading_blocked: bool = False
    account_blocked: bool = False
    trade_suspended_by_user: bool = False

    @property
    def blocked(self) -> str:
        """Why nothing can be traded with it, to follow its name; empty where it can."""
        if self.status != "ACTIVE":
            return f"is {self.status}, not ACTIVE"
        if self.trading_blocked or self.account_blocked:
            return "is blocked from trading"
        return "has trading suspended by its user" if self.trade_suspended_by_user else ""


class Position(Struct, frozen=True):
    """`qty` is negative for a short one. `symbol` is ours, see `our_symbol`."""

    symbol: str
    qty: float
    avg_entry_price: float
    asset_class: str = "us_equity"
    qty_available: float | None = None
    market_value: float | None = None
    current_price: float | None = None


class BrokerOrder(Struct, frozen=True):
    """An order as Alpaca has it. `filled_qty` and `filled_avg_price` are of all executions so far."""

    id: str
    client_order_id: str
    symbol: str
    side: str
    status: str
    type: str = "market"
    time_in_force: str = "day"
    asset_class: str = "us_equity"
    qty: float | None = None
    notional: float | None = None
    filled_qty: float = 0.0
    filled_avg_price: float | None = None
    limit_price: float | None = None
    stop_price: float | None = None
    created_at: str | None = None
    submitted_at: str | None = None
    updated_at: str | None = None
    filled_at: str | None = None

    @property
    def is_done(self) -> bool:
        return self.status in TERMINAL


class TradeUpdate(Struct, frozen=True):
    """A message of the trading stream. `price` and `qty` are of this execution alone; only fills have them, and an
    `execution_id` that no other one has."""

    event: str
    order: BrokerOrder
    execution_id: str | None = None
    price: float | None = None
    qty: float | None = None
    position_qty: float | None = None
    timestamp: str | None = None


class Execution(Struct, frozen=True):
    """A FILL of the account's activities. `id` sorts by time; `cum_qty` is the order's filled quantity after it."""

    id: str
    order_id: str
    symbol: str
    side: str
    price: float
    qty: float
    transaction_time: str
    cum_qty: float | None = None
    leaves_qty: float | None = None
    order_status: str | None = None


class ExchangeClock(Struct, frozen=True):
    """Times are ISO 8601 with an offset."""

    timestamp: str
    is_open: bool
    next_open: str
    next_close: str


class ExchangeDay(Struct, frozen=True):
    """`date` is YYYY-MM-DD, `open` and `close` are HH:MM in New York."""

    date: str
    open: str
    close: str


class Asset(Struct, frozen=True):
    symbol: str
    asset_class: str = msgspec.field(name="class", default="us_equity")
    status: str = "active"
    tradable: bool = False
    fractionable: bool = False
    min_order_size: float | None = None
    min_trade_increment: float | None = None
    price_increment: float | None = None


class NewOrder(Struct, frozen=True):
    """An order to send: `qty` or `notional`, not both. `client_order_id` must be unique for ever."""

    client_order_id: str
    symbol: str
    side: Literal["buy", "sell"]
    qty: Decimal | None = None
    notional: Decimal | None = None
    type: Literal["market", "limit", "stop", "stop_limit"] = "market"
    time_in_force: Literal["day", "gtc", "ioc"] = "day"
    limit_price: Decimal | None = None
    stop_price: Decimal | None = None

    def body(self) -> dict[str, object]:
        """As it is posted. Raises ValueError for an order that has not exactly one of quantity and notional."""
        if (self.qty is None) == (self.notional is None):
            raise ValueError(f"order {self.client_order_id}: give either a quantity or a notional")
        values = {
            "client_order_id": self.client_order_id,
            "symbol": their_symbol(self.symbol),
            "side": self.side,
            "type": self.type,
            "time_in_force": self.time_in_force,
            "qty": _plain(self.qty),
            "notional": _plain(self.notional),
            "limit_price": _plain(self.limit_price),
            "stop_price": _plain(self.stop_price),
        }
        return {name: value for name, value in values.items() if value is not None}


def price(value: float) -> Decimal:
    """A price of a share as Alpaca takes it: whole cents from one dollar on, hundredths of a cent below."""
    exact = Decimal(str(value))
    return exact.quantize(_CENT if exact >= 1 else _HUNDREDTH_OF_A_CENT, rounding=ROUND_HALF_EVEN)


def _plain(value: Decimal | None) -> str | None:
    return None if value is None else f"{value:f}"


def their_symbol(symbol: str) -> str:
    """Our BTC-USD is their BTC/USD; shares have no dash."""
    return symbol.replace("-", "/")


def our_symbol(symbol: str, asset_class: str = "us_equity") -> str:
    """Crypto comes as BTC/USD, and in positions as BTCUSD too."""
    if "/" in symbol:
        return symbol.replace("/", "-")
    if asset_class == "crypto":
        for quote in _QUOTES:
            if symbol.endswith(quote) and len(symbol) > len(quote):
                return f"{symbol.removesuffix(quote)}-{quote}"
    return symbol


def read(raw: object, kind: type[T]) -> T:
    """One answer. Raises BadAnswer."""
    if isinstance(raw, Mapping) and isinstance(symbol := raw.get("symbol"), str):
        raw = {**raw, "symbol": our_symbol(symbol, str(raw.get("asset_class") or raw.get("class") or "us_equity"))}
    try:
        return msgspec.convert(raw, kind, strict=False)
    except msgspec.ValidationError as error:
        raise BadAnswer(f"not {kind.__name__}: {error}") from None


def read_all(raw: object, kind: type[T]) -> tuple[T, ...]:
    """A list of answers. Raises BadAnswer."""
    if not isinstance(raw, Sequence) or isinstance(raw, str):
        raise BadAnswer(f"not a list of {kind.__name__}")
    return tuple(read(each, kind) for each in raw)


def read_update(raw: object) -> TradeUpdate:
    """The `data` of a message of the trading stream. Raises BadAnswer."""
    if not isinstance(raw, Mapping):
        raise BadAnswer("a trade update without data")
    return read({**raw, "order": msgspec.to_builtins(read(raw.get("order"), BrokerOrder))}, TradeUpdate)


def read_bar(raw: object, symbol: str, *, backfilled: bool) -> Bar:
    """A bar of a stream (`T` b or u) or of REST, with `symbol` as ours. Raises BadAnswer."""
    if not isinstance(raw, Mapping):
        raise BadAnswer("not a bar")
    try:
        start, high, low, end, volume = (float(raw[name]) for name in ("o", "h", "l", "c", "v"))
        time = instant(raw["t"])
    except (KeyError, TypeError, ValueError) as error:
        raise BadAnswer(f"not a bar of {symbol}: {type(error).__name__} {error}") from None
    return Bar(symbol, time, start, high, low, end, volume, backfilled=backfilled)


def instant(value: object) -> Millis:
    """A time of Alpaca: text of RFC 3339 with up to nanoseconds, a datetime, or MessagePack's timestamp. Raises
    ValueError."""
    if isinstance(value, str):
        value = datetime.fromisoformat(value)
    if isinstance(value, datetime):
        aware = value if value.tzinfo is not None else value.replace(tzinfo=UTC)
        return round(aware.timestamp() * 1000)
    nanoseconds = getattr(value, "to_unix_nano", None)
    if nanoseconds is None:
        raise ValueError(f"no time: {value!r}")
    return int(nanoseconds()) // 1_000_000


def iso_time(at: Millis) -> str:
    """As Alpaca takes it in a query."""
    return datetime.fromtimestamp(at / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
