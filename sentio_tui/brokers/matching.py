"""At which price an order meets a bar.

A bar tells four prices and not their order, except that the open came first and the close last. Where the order
matters, the reading that is worse for the trader is taken.

market
    The open, with slippage.
limit
    When the bar reaches the limit: at the open if that is already as good, else at the limit. Never worse than the
    limit, never outside the bar. No slippage.
stop
    When the bar reaches the stop: at the stop, or at the open if the bar opens beyond it (a gap), with slippage. From
    then on the rest of the order is a market order.
stop limit
    When the bar reaches the stop the order becomes a limit order. If the bar opens beyond the stop, all of the bar
    counts. If the stop is reached inside the bar, only the close is sure to come after: the order fills in this bar
    when the close is within the limit, at the worst price the limit and the bar allow; else it waits.
trailing stop
    The stop follows the best price since acceptance (for a sell the highest, for a buy the lowest) at the distance
    `trail`. The open moves it at once. The bar's own high (low for a buy) moves it only after the bar has been tested.

Prices with slippage are rounded to the tick against the trader.
"""

from typing import Final, Protocol

from msgspec import Struct

from sentio_tui.brokers.account import Account
from sentio_tui.brokers.steps import steps_of
from sentio_tui.model.bars import Bar, Millis
from sentio_tui.model.instruments import Instrument
from sentio_tui.model.orders import Order, OrderType, Side

# Reading a member off an enum class costs as much as a function call.
_BUY: Final = Side.BUY
_MARKET: Final = OrderType.MARKET


class FillModel(Protocol):
    """When a market order gets its price."""

    def at_once(self, last: Bar) -> float | None:
        """The price a market order takes when it is given, before slippage; None: the open of the next bar."""
        ...


class NextOpen:
    """Market orders wait for the open of the symbol's next bar."""

    def at_once(self, last: Bar) -> float | None:
        return None


class SameClose:
    """Market orders take the close they were decided on, which is optimistic. Nobody could trade at the close of a
    backfilled bar: after one they wait for the next open."""

    def at_once(self, last: Bar) -> float | None:
        return None if last.backfilled else last.close


class Working(Struct, eq=False):
    """An accepted order and what became of it so far.

    `acts_as` changes when a stop triggers. `left` is in steps and counts for orders with a quantity, `budget` is the
    cash left of orders with a notional. `limit` is on the tick. `best` is what a trailing stop follows. `after` is
    the time of the newest bar of any symbol when the order was given: bars that began no later are in its past.
    `estimate` is the price that cash was set aside for.
    """

    order: Order
    instrument: Instrument
    account: Account
    acts_as: OrderType
    after: Millis
    expires: Millis | None
    estimate: float
    best: float
    limit: float = 0.0
    left: int = 0
    budget: float | None = None
    fills: int = 0
    taf_paid: float = 0.0


def slipped(side: Side, price: float, slippage: float, instrument: Instrument) -> float:
    """`price` moved by the fraction `slippage` and on to the tick, both against the trader; always above zero."""
    ticks = steps_of(instrument.price_step)
    if side is _BUY:
        return ticks.value(ticks.up(price * (1.0 + slippage)))
    lower = price * (1.0 - slippage)
    return ticks.value(ticks.down(lower)) or lower


def limit_on_tick(side: Side, limit: float, instrument: Instrument) -> float:
    """A limit between two ticks (by more than a rounding error) counts as the stricter; 0.0 when a buy's is below the
    first."""
    ticks = steps_of(instrument.price_step)
    return ticks.value(ticks.down(limit) if side is Side.BUY else ticks.up(limit))


def estimated_price(order: Order, limit: float, last: Bar, slippage: float, instrument: Instrument) -> float:
    """What a buy pays at most as far as one can tell when it is given: only a gap can make it more."""
    kind = order.type
    if kind is _MARKET:
        price = last.close
    elif kind is OrderType.STOP:
        price = max(last.close, order.stop_price or 0.0)
    elif kind is OrderType.TRAILING_STOP:
        price = last.close * (1.0 + (order.trail or 0.0))
    else:
        return limit
    return slipped(order.side, price, slippage, instrument)


def match_bar(working: Working, bar: Bar, slippage: float) -> float | None:
    """The price at which the order fills in this bar, as far as the volume goes; None when it does not.

    Moves trailing stops and triggers stops, so each bar must be shown to each order once.
    """
    side = working.order.side
    if working.acts_as is _MARKET:
        return slipped(side, bar.open, slippage, working.instrument)
    match working.acts_as:
        case OrderType.LIMIT:
            return _limit(side, working.limit, bar, working.instrument)
        case OrderType.STOP:
            level = working.order.stop_price or 0.0
        case OrderType.TRAILING_STOP:
            working.best = _better(side, working.best, bar.open)
            level = _trailing_level(working)
        case OrderType.STOP_LIMIT:
            return _stop_limit(working, bar)
    if not _reaches(side, bar, level):
        if working.acts_as is OrderType.TRAILING_STOP:
            working.best = _better(side, working.best, bar.low if side is Side.BUY else bar.high)
        return None
    working.acts_as = OrderType.MARKET
    price = max(bar.open, level) if side is Side.BUY else min(bar.open, level)
    return slipped(side, price, slippage, working.instrument)


def _limit(side: Side, limit: float, bar: Bar, instrument: Instrument) -> float | None:
    ticks = steps_of(instrument.price_step)
    # Rounding the open of a bar that is not on the tick could leave the bar or pass the limit: both bound it.
    if side is Side.BUY:
        if bar.low > limit:
            return None
        return max(bar.low, min(limit, bar.high, ticks.value(ticks.up(bar.open))))
    if bar.high < limit:
        return None
    return min(bar.high, max(limit, bar.low, ticks.value(ticks.down(bar.open))))


def _stop_limit(working: Working, bar: Bar) -> float | None:
    side, limit, stop = working.order.side, working.limit, working.order.stop_price or 0.0
    if not _reaches(side, bar, stop):
        return None
    working.acts_as = OrderType.LIMIT
    if side is Side.BUY:
        if bar.open >= stop:
            return _limit(side, limit, bar, working.instrument)
        return min(limit, bar.high) if bar.close <= limit else None
    if bar.open <= stop:
        return _limit(side, limit, bar, working.instrument)
    return max(limit, bar.low) if bar.close >= limit else None


def _reaches(side: Side, bar: Bar, stop: float) -> bool:
    return bar.high >= stop if side is Side.BUY else bar.low <= stop


def _better(side: Side, best: float, price: float) -> float:
    return min(best, price) if side is Side.BUY else max(best, price)


def _trailing_level(working: Working) -> float:
    trail = working.order.trail or 0.0
    return working.best * (1.0 + trail) if working.order.side is Side.BUY else working.best * (1.0 - trail)


def quantity_left(working: Working) -> str:
    steps = steps_of(working.instrument.quantity_step)
    return f"{steps.value(working.left):.12g}"


def too_little(working: Working, price: float) -> str:
    step = working.instrument.quantity_step
    return f"{working.budget:,.2f} does not buy {step:.12g} {working.order.symbol} at {price:.12g} with costs"


def too_dear(working: Working, price: float) -> str:
    return f"the cash does not carry the remaining {quantity_left(working)} {working.order.symbol} at {price:.12g}"
