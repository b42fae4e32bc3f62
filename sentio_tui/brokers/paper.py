"""The paper broker: fills orders from bars, with costs, slippage and the volume there was."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final

from sentio_tui.brokers.account import Account
from sentio_tui.brokers.costs import CostSchedule, CostsUnknown
from sentio_tui.brokers.matching import (
    FillModel,
    NextOpen,
    Working,
    estimated_price,
    limit_on_tick,
    match_bar,
    quantity_left,
    slipped,
    too_dear,
    too_little,
)
from sentio_tui.brokers.steps import steps_of
from sentio_tui.brokers.validity import fault
from sentio_tui.model.bars import MINUTE, Bar, Millis
from sentio_tui.model.events import (
    Answer,
    OrderAccepted,
    OrderCancelled,
    OrderExpired,
    OrderFilled,
    OrderRejected,
)
from sentio_tui.model.instruments import Instrument
from sentio_tui.model.orders import Fill, Order, OrderType, Side, TimeInForce

Expiry = Callable[[Instrument, Millis], Millis]
"""When a DAY order for this instrument that is given at this time ends."""

Hours = Callable[[Instrument, Millis], bool]
"""Whether the instrument is traded at this time."""

# Reading a member off an enum class costs as much as a function call.
_BUY: Final = Side.BUY
_MARKET: Final = OrderType.MARKET
_DAY: Final = TimeInForce.DAY

_NEVER: Millis = 2**63
_ROUNDING = 1e-9
"""By how much, as a fraction, a notional may pass the free cash: the rounding error of another ledger."""


class PaperBroker:
    """An account per book, matched against the bars of the very symbol of each order (`matching.py` says at which
    price).

    Bars: an order meets only bars that began after the newest bar of any symbol it was given on, never the one that
    made the signal, nor that minute of another symbol. Backfilled bars move the last price and match nothing.

    Volume: orders of one symbol share `participation` of each bar's volume, in order of arrival, over all books. A bar
    without volume fills nothing; what is left waits for the next bar. So does one outside the exchange's hours.

    Cash: an open buy sets aside what it is expected to cost, and a buy with a notional that amount; no other order
    can spend it. Cash never goes below zero: a buy that a gap made too dear fills what the cash carries and the rest is
    cancelled. Sells are limited to what is held and not in another open sell: there is no shorting.

    Times: a fill at the open or inside a bar bears the start of that minute, a fill at a close the end of it. Costs
    are those of that time.

    The same calls give the same answers: there is no clock and no randomness here.
    """

    name = "paper"

    def __init__(
        self,
        cash: float | Mapping[str, float],
        instruments: Mapping[str, Instrument],
        costs: CostSchedule,
        *,
        expires: Expiry,
        slippage: float = 0.0,
        participation: float = 1.0,
        fill: FillModel | None = None,
        is_open: Hours = lambda instrument, at: True,
    ) -> None:
        """`cash` by book; a single figure is one account that all books share. `slippage` is a fraction of the price
        against the trader. Raises ValueError for figures out of range."""
        if not 0.0 <= slippage < 1.0:
            raise ValueError(f"slippage must be at least 0 and below 1, not {slippage!r}")
        if not 0.0 < participation <= 1.0:
            raise ValueError(f"participation must be above 0 and at most 1, not {participation!r}")
        self._shared = None if isinstance(cash, Mapping) else Account(cash)
        self._accounts = {book: Account(amount) for book, amount in cash.items()} if isinstance(cash, Mapping) else {}
        self._instruments = dict(instruments)
        self._costs = costs
        self._expires = expires
        self._is_open = is_open
        self._slippage = slippage
        self._participation = participation
        self._fill: FillModel = fill if fill is not None else NextOpen()
        self._known: set[str] = set()
        self._open: dict[str, Working] = {}
        self._resting: dict[str, list[Working]] = {}
        self._last: dict[str, Bar] = {}
        self._taken: dict[str, tuple[Millis, int]] = {}
        self._next_expiry = _NEVER
        self._answers: list[Answer] = []

    def cash(self, book: str) -> float:
        """The cash of a book. Raises KeyError for one without an account."""
        return self._account(book).cash

    def quantity(self, book: str, symbol: str) -> float:
        """What a book holds of a symbol. Raises KeyError for an unknown book or symbol."""
        return self._account(book).quantity(self._instruments[symbol])

    @property
    def open_orders(self) -> Sequence[Order]:
        """Accepted and not done, in order of arrival."""
        return tuple(working.order for working in self._open.values())

    def submit(self, order: Order, at: Millis) -> None:
        """Accept or reject. An id that was given before, whatever came of it, is passed over in silence."""
        if order.id in self._known:
            return
        self._known.add(order.id)
        try:
            accepted = self._accept(order, at)
        except CostsUnknown as error:
            accepted = str(error)
        if isinstance(accepted, str):
            self._answers.append(OrderRejected(0, at, order.id, accepted))
            return
        self._open[order.id] = accepted
        self._resting.setdefault(order.symbol, []).append(accepted)
        if accepted.expires is not None:
            self._next_expiry = min(self._next_expiry, accepted.expires)
        self._answers.append(OrderAccepted(0, at, order.id))
        last = self._last[order.symbol]
        if order.type is _MARKET and self._is_open(accepted.instrument, last.time):
            price = self._fill.at_once(last)
            if price is not None:
                price = slipped(order.side, price, self._slippage, accepted.instrument)
                count = self._execute(accepted, price, self._room(last), last.time + MINUTE, at)
                self._take(last, count)

    def cancel(self, order_id: str, at: Millis) -> None:
        """Cancel an open order. One that is done or unknown is passed over: its end has been told already."""
        working = self._open.get(order_id)
        if working is not None:
            self._cancel(working, "cancelled on request", at)

    def on_bar(self, bar: Bar, at: Millis) -> None:
        """Keep the price, end DAY orders whose time is over, and match the orders of the symbol."""
        symbol = bar.symbol
        if bar.backfilled:
            last = self._last.get(symbol)
            if last is None or last.time < bar.time:
                self._last[symbol] = bar
            return
        self._last[symbol] = bar
        if bar.time >= self._next_expiry:
            self._expire(bar.time, at)
        if symbol in self._resting and self._is_open(self._instruments[symbol], bar.time):
            self._match(bar, at)

    def on_time(self, at: Millis) -> None:
        """No bar, but time went on: DAY orders that end at or before `at` expire."""
        if at >= self._next_expiry:
            self._expire(at, at)

    def at_last_price(self, order_id: str, at: Millis) -> None:
        """A market order, or a stop that has triggered, fills whole at the symbol's last close with slippage, whatever
        the volume. Any other order is left alone."""
        working = self._open.get(order_id)
        if working is None or working.acts_as is not OrderType.MARKET:
            return
        last = self._last[working.order.symbol]
        price = slipped(working.order.side, last.close, self._slippage, working.instrument)
        self._execute(working, price, None, last.time + MINUTE, at)

    def end_of_data(self, at: Millis) -> None:
        """No further price will come: market orders fill at the last price, all others expire."""
        for order_id, working in tuple(self._open.items()):
            if working.acts_as is OrderType.MARKET:
                self.at_last_price(order_id, at)
            else:
                self._end(working)
                self._answers.append(OrderExpired(seq=0, at=at, order_id=order_id))

    def answers(self) -> Sequence[Answer]:
        if not self._answers:
            return ()
        answers, self._answers = self._answers, []
        return answers

    def _account(self, book: str) -> Account:
        return self._accounts[book] if self._shared is None else self._shared

    def _accept(self, order: Order, at: Millis) -> Working | str:
        """The order as it will work, its cash set aside; or why it is rejected."""
        instrument = self._instruments.get(order.symbol)
        if instrument is None:
            return f"unknown symbol {order.symbol}"
        if self._shared is None and order.book not in self._accounts:
            return f"unknown book {order.book}: it has no account"
        wrong = fault(order, instrument)
        if wrong:
            return wrong
        last = self._last.get(order.symbol)
        if last is None:
            return f"no price of {order.symbol} yet"
        if last.close < instrument.price_step:
            return (
                f"the price of {order.symbol}, {last.close:.12g}, is below its price step {instrument.price_step:.12g}"
            )
        limit = 0.0 if order.limit_price is None else limit_on_tick(order.side, order.limit_price, instrument)
        working = Working(
            order=order,
            instrument=instrument,
            account=self._account(order.book),
            acts_as=order.type,
            after=max([bar.time for bar in self._last.values()]),
            expires=self._expires(instrument, at) if order.time_in_force is _DAY else None,
            estimate=estimated_price(order, limit, last, self._slippage, instrument),
            best=last.close,
            limit=limit,
            left=0 if order.quantity is None else steps_of(instrument.quantity_step).nearest(order.quantity),
        )
        refused = self._fund(working, last.time) if order.side is _BUY else self._claim(working, last.time)
        return refused or working

    def _fund(self, working: Working, at: Millis) -> str:
        """Set the cash of a buy aside; or say why there is not enough."""
        order, account = working.order, working.account
        free = account.free
        if order.notional is None:
            cost = self._cost(working, working.left, working.estimate, at)
            if not cost <= free:
                return (
                    f"not enough cash: {quantity_left(working)} {order.symbol} needs {cost:,.2f}, {free:,.2f} is free"
                )
            account.set_aside(order.id, cost)
            return ""
        if order.notional > free + account.cash * _ROUNDING:
            return f"not enough cash: the order may spend {order.notional:,.2f}, {free:,.2f} is free"
        working.budget = order.notional
        if not self._costs.affordable(working.instrument, working.budget, working.estimate, at):
            return f"not enough cash: {too_little(working, working.estimate)}"
        account.set_aside(order.id, working.budget)
        return ""

    def _claim(self, working: Working, at: Millis) -> str:
        """Set the holding of a sell aside; or say why it cannot be sold."""
        order, account = working.order, working.account
        spare = account.spare(order.symbol)
        if working.left > spare:
            steps = steps_of(working.instrument.quantity_step)
            return (
                f"bad quantity: {quantity_left(working)} {order.symbol} to sell, "
                f"{steps.value(spare):.12g} held and not in another open sell"
            )
        self._costs.in_force(working.instrument.asset_class, at)
        account.claim(order.symbol, working.left)
        return ""

    def _match(self, bar: Bar, at: Millis) -> None:
        room = self._room(bar)
        taken = 0
        for working in tuple(self._resting[bar.symbol]):
            if bar.time <= working.after:
                continue
            price = match_bar(working, bar, self._slippage)
            if price is not None and taken < room:
                taken += self._execute(working, price, room - taken, bar.time, at)
        self._take(bar, taken)

    def _room(self, bar: Bar) -> int:
        """Steps of the bar's volume that orders may still take."""
        steps = steps_of(self._instruments[bar.symbol].quantity_step)
        time, taken = self._taken.get(bar.symbol, (bar.time, 0))
        share = steps.down(self._participation * bar.volume)
        return share - taken if time == bar.time else share

    def _take(self, bar: Bar, count: int) -> None:
        if count:
            time, taken = self._taken.get(bar.symbol, (bar.time, 0))
            self._taken[bar.symbol] = (bar.time, count + taken if time == bar.time else count)

    def _execute(self, working: Working, price: float, room: int | None, time: Millis, at: Millis) -> int:
        """Fill what the order, the volume and the cash allow, and end the order when nothing can follow. `room` is in
        steps, None without limit. Returns the steps filled."""
        if room is not None and room <= 0:
            return 0
        if working.order.side is _BUY:
            return self._buy(working, price, room, time, at)
        return self._sell(working, price, working.left if room is None else min(working.left, room), time, at)

    def _sell(self, working: Working, price: float, count: int, time: Millis, at: Millis) -> int:
        order, account, instrument = working.order, working.account, working.instrument
        quantity = steps_of(instrument.quantity_step).value(count)
        commission = self._costs.commission(instrument, order.side, quantity, price, time, working.taf_paid)
        if account.free + (quantity * price - commission) < 0.0:
            self._cancel(working, f"the proceeds at {price:.12g} and the free cash do not cover the costs", at)
            return 0
        working.taf_paid += self._costs.taf(instrument, order.side, quantity, time, working.taf_paid)
        working.left -= count
        account.claim(order.symbol, -count)
        self._report(working, count, working.left, price, commission, time, at)
        if not working.left:
            self._end(working)
        return count

    def _buy(self, working: Working, price: float, room: int | None, time: Millis, at: Millis) -> int:
        order, account, instrument = working.order, working.account, working.instrument
        steps = steps_of(instrument.quantity_step)
        available = account.available(order.id)
        budget = available if working.budget is None else min(working.budget, available)
        carried = steps.nearest(self._costs.affordable(instrument, budget, price, time))
        wanted = carried if working.budget is not None else working.left
        count = min(wanted, carried) if room is None else min(wanted, carried, room)
        short = carried < (wanted if room is None else min(wanted, room))
        if not count:
            why = too_little(working, price) if working.budget is not None else too_dear(working, price)
            self._cancel(working, why, at)
            return 0
        commission = self._costs.commission(instrument, order.side, steps.value(count), price, time)
        if working.budget is None:
            working.left -= count
            left = working.left
        else:
            working.budget = max(0.0, budget - (steps.value(count) * price + commission))
            left = carried - count
            if left:
                left = steps.nearest(self._costs.affordable(instrument, working.budget, price, time))
        self._report(working, count, left, price, commission, time, at)
        if not left:
            self._end(working)
        elif short:
            self._cancel(working, too_dear(working, price), at)
        elif working.budget is not None:
            account.set_aside(order.id, working.budget)
        else:
            account.set_aside(order.id, self._cost(working, left, working.estimate, time))
        return count

    def _report(
        self, working: Working, count: int, left: int, price: float, commission: float, time: Millis, at: Millis
    ) -> None:
        order = working.order
        steps = steps_of(working.instrument.quantity_step)
        working.fills += 1
        fill = Fill(
            f"{order.id}/{working.fills}",
            order.id,
            order.book,
            order.symbol,
            order.side,
            steps.value(count),
            price,
            commission,
            time,
            steps.value(left),
        )
        working.account.settle(fill, count)
        self._answers.append(OrderFilled(0, at, fill))

    def _cost(self, working: Working, count: int, price: float, at: Millis) -> float:
        quantity = steps_of(working.instrument.quantity_step).value(count)
        return quantity * price + self._costs.commission(working.instrument, Side.BUY, quantity, price, at)

    def _expire(self, until: Millis, at: Millis) -> None:
        for working in tuple(self._open.values()):
            if working.expires is not None and working.expires <= until:
                self._end(working)
                self._answers.append(OrderExpired(seq=0, at=at, order_id=working.order.id))
        self._next_expiry = _earliest(self._open.values())

    def _cancel(self, working: Working, why: str, at: Millis) -> None:
        self._end(working)
        self._answers.append(OrderCancelled(seq=0, at=at, order_id=working.order.id, why=why))

    def _end(self, working: Working) -> None:
        """Forget an order and give back what it had set aside."""
        order = working.order
        del self._open[order.id]
        resting = self._resting[order.symbol]
        resting.remove(working)
        if not resting:
            del self._resting[order.symbol]
        if order.side is _BUY:
            working.account.release(order.id)
        else:
            working.account.claim(order.symbol, -working.left)


def _earliest(orders: Iterable[Working]) -> Millis:
    return min((working.expires for working in orders if working.expires is not None), default=_NEVER)
