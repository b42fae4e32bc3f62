"""From an order of ours to the request that Alpaca takes, and its refusals in plain words."""

from decimal import ROUND_DOWN, Decimal
from hashlib import sha256
from typing import Final, Literal

from msgspec.structs import replace

from sentio_tui.alpaca.answers import NewOrder, price
from sentio_tui.alpaca.http import AlpacaError
from sentio_tui.brokers.steps import steps_of
from sentio_tui.model.instruments import AssetClass, Instrument
from sentio_tui.model.orders import Order, OrderType, Side

OURS: Final = "sentio-"
"""What the client order ids of all sessions begin with."""
ROOM: Final = 1.005
"""A buy for an amount of money counts with the last price times this: the next one may be higher."""

_TYPES: Final[dict[OrderType, Literal["market", "limit", "stop", "stop_limit"]]] = {
    OrderType.MARKET: "market",
    OrderType.LIMIT: "limit",
    OrderType.STOP: "stop",
    OrderType.STOP_LIMIT: "stop_limit",
}
_FINEST: Final = Decimal("0.000000001")
_COIN_FEES: Final = Decimal("0.005")
"""The share of bought coins that fees may have taken: twice the dearest one, for half of them may have been sold."""


class NotSent(Exception):
    """An order that Alpaca would not take as it is: says why."""


def session_mark(session: str) -> str:
    """What the client order ids of one session begin with."""
    return f"{OURS}{_hash(session, 10)}-"


def client_id(session: str, order_id: str) -> str:
    """Always the same for one order of one session, and of no other; 42 characters."""
    return session_mark(session) + _hash(f"{session}\n{order_id}", 24)


def request(order: Order, instrument: Instrument, identity: str, last: float | None) -> NewOrder:
    """What is posted. `last` is the last price of the symbol. Raises NotSent.

    Shares are ordered for the day, crypto until it is cancelled: Alpaca knows no day there. A sell is what is held,
    which after Alpaca's fees need not be a multiple of the instrument's step.
    """
    kind = _TYPES.get(order.type)
    if kind is None:
        raise NotSent(f"orders of type {order.type.replace('_', ' ')} are not sent to Alpaca")
    return NewOrder(
        identity,
        order.symbol,
        "buy" if order.side is Side.BUY else "sell",
        qty=_quantity(order, instrument, last),
        type=kind,
        time_in_force="gtc" if instrument.asset_class is AssetClass.CRYPTO else "day",
        limit_price=_price(order.limit_price, instrument),
        stop_price=_price(order.stop_price, instrument),
    )


def _quantity(order: Order, instrument: Instrument, last: float | None) -> Decimal:
    if order.notional is not None:
        if last is None or not last > 0.0:
            raise NotSent(f"there is no price of {order.symbol} yet")
        affordable = order.notional / (last * ROOM)
        quantity = stepped(affordable, instrument)
        if not quantity:
            raise NotSent(
                f"{order.notional:,.2f} buys no {instrument.quantity_step:g} {order.symbol} at {last:,.12g}"
                " with half a percent of room"
            )
        return quantity
    if order.quantity is None or not 0.0 < order.quantity < float("inf"):
        raise NotSent(f"{order.quantity} is no quantity")
    if order.side is Side.BUY:
        quantity = stepped(order.quantity, instrument)
    else:
        quantity = Decimal(str(order.quantity)).quantize(_FINEST, ROUND_DOWN)
    if not quantity:
        raise NotSent(f"{order.quantity:.12g} {order.symbol} is less than {instrument.quantity_step:g}")
    return quantity.normalize()


def stepped(quantity: float, instrument: Instrument) -> Decimal:
    """The largest multiple of the instrument's step that is not above it."""
    steps = steps_of(instrument.quantity_step)
    return Decimal(str(steps.value(steps.down(quantity)))).quantize(_FINEST, ROUND_DOWN).normalize()


def carried(order: Order, sent: NewOrder | None, instrument: Instrument, error: AlpacaError) -> NewOrder | None:
    """A refused order again, as large as the account carries by the words of its refusal: a buy for an amount of money
    where buying power is short, a sale of coins of which Alpaca has taken its fee. None for any other refusal, and
    where much less would be left."""
    if sent is None or sent.qty is None:
        return None
    if order.notional is not None and "insufficient buying power" in error.message:
        needs, has = _figure(error, "cost_basis"), _figure(error, "buying_power")
        if not 0.0 < has < needs:
            return None
        quantity, least = stepped(float(sent.qty) * has / needs, instrument), sent.qty / 2
    elif order.side is Side.SELL and instrument.asset_class is AssetClass.CRYPTO and "insufficient" in error.message:
        available = Decimal(str(_figure(error, "available")))
        quantity, least = available.quantize(_FINEST, ROUND_DOWN), sent.qty * (1 - _COIN_FEES)
    else:
        return None
    return replace(sent, qty=quantity) if least <= quantity < sent.qty else None


def _figure(error: AlpacaError, name: str) -> float:
    """A figure in the body of a refusal; 0.0 where it has none."""
    try:
        return float(str(error.body.get(name)))
    except ValueError:
        return 0.0


def _price(value: float | None, instrument: Instrument) -> Decimal | None:
    if value is None:
        return None
    if instrument.asset_class is not AssetClass.CRYPTO:
        return price(value)
    steps = steps_of(instrument.price_step)
    return Decimal(str(steps.value(steps.nearest(value))))


def refusal(error: AlpacaError) -> str:
    """Why Alpaca did not take an order, in plain words."""
    if error.is_wash_trade:
        return "Alpaca refuses: it could trade with an open order of this account on the other side (wash trade)"
    if "insufficient buying power" in error.message and "buying_power" in error.body:
        needs, has = error.body.get("cost_basis"), error.body.get("buying_power")
        return f"Alpaca refuses: it needs {needs} of buying power, {has} is there"
    if error.status == 0:
        return f"it did not reach Alpaca: {error.message}"
    if error.status == 401:
        return "Alpaca refuses the keys; check them with `sentio-tui doctor`"
    if error.status == 429:
        return "Alpaca refuses: too many requests with these keys"
    return f"Alpaca refuses: {error.message}"


def trouble(error: AlpacaError) -> str:
    """Why the account cannot be looked at, in plain words."""
    if error.status in (401, 403):
        return f"Alpaca refuses to be asked ({error.message.rstrip('.')}); check the keys with `sentio-tui doctor`"
    return f"Alpaca cannot be asked ({error.doing}): {error.message}"


def _hash(text: str, length: int) -> str:
    return sha256(text.encode()).hexdigest()[:length]
