"""The local exchange without its network: orders from request to execution, driven by a virtual clock."""

from collections import deque
from collections.abc import Callable, Iterable, Mapping
from decimal import ROUND_DOWN, Decimal
from functools import partial
from typing import Final

from msgspec import Struct

from sentio_tui.model.bars import MINUTE, Millis
from tests.exchange.account import Account, Execution
from tests.exchange.clock import FakeClock, stamp
from tests.exchange.listings import CRYPTO, LISTINGS, Listing
from tests.exchange.market import Market
from tests.exchange.matching import could_cross, execution_price
from tests.exchange.orders import (
    FORBIDDEN,
    MALFORMED,
    NOT_FOUND,
    REFUSED,
    SELL,
    Body,
    Order,
    Refusal,
    exits,
    number,
    requested,
    text,
)
from tests.exchange.orders import price as price_of
from tests.exchange.ticker import Ticker

BEGIN: Final = 1_752_586_200_000
"""2025-07-15 13:30 UTC: the open of a plain Tuesday in New York."""
LONGEST_ID: Final = 128


class Update(Struct, frozen=True):
    """What the trading stream tells: an event of an order, with the order as it was then."""

    event: str
    order: Body
    at: Millis
    execution: Execution | None = None

    def data(self) -> Body:
        body: Body = {"event": self.event, "timestamp": stamp(self.at), "order": self.order}
        if self.execution is not None:
            body["execution_id"] = self.execution.id
            body["price"] = text(self.execution.price)
            body["qty"] = text(self.execution.qty)
            body["position_qty"] = text(self.execution.position)
        return body


class FakeExchange:
    """Account, orders and market of one paper account.

    A request changes an order at once; what follows from it (`new`, executions, `canceled`) happens in `settle()`,
    which the server calls when its answer has left. Market orders execute there at the quote of the moment, if the
    market is open; everything else as the clock moves.

    `slippage` is a fraction; `volume_share` of a trade's volume is the most that executes with it, None is no bound.
    While `holding`, nothing executes but what `fill` says; nor does anything in the symbols of `halted`.
    """

    def __init__(
        self,
        seed: int = 1,
        begin: Millis = BEGIN,
        cash: float = 100_000.0,
        listings: Iterable[Listing] = LISTINGS,
        hours: str = "XNYS",
    ) -> None:
        self.clock: Final = FakeClock(begin)
        self.market: Final = Market(seed, begin, listings, hours)
        self.ticker: Final = Ticker(self.clock, self.market)
        self.account: Final = Account(Decimal(str(cash)), seed, begin, self.price)
        self.orders: Final[dict[str, Order]] = {}
        self.listeners: Final[list[Callable[[Update], None]]] = []
        self.slippage = Decimal(0)
        self.volume_share: Decimal | None = None
        self.holding = False
        self.halted: Final[set[str]] = set()
        self._by_client_id: dict[str, Order] = {}
        self._scripts: dict[str, list[Decimal]] = {}
        self._pending: deque[Callable[[], None]] = deque()
        self._equities = self.market.hours.equities
        self.ticker.on_price.append(self._priced)
        self.clock.at(self._equities.next_open(begin), self._opens)
        self.clock.at(self._equities.next_close(begin), self._closes)

    def price(self, symbol: str) -> Decimal:
        return Decimal(str(self.ticker.last(symbol)))

    def listing(self, symbol: str) -> Listing:
        """By symbol, with or without the slash of crypto. Raises Refusal for one that is not listed."""
        for each in self.market.listings.values():
            if symbol in (each.symbol, each.symbol.replace("/", ""), each.asset_id):
                return each
        raise Refusal(404, f"asset not found for {symbol}", NOT_FOUND)

    def submit(self, body: Mapping[str, object]) -> Order:
        """Takes an order. Raises Refusal, after which nothing has happened."""
        try:
            listing = self.listing(str(body.get("symbol", "")))
        except Refusal:
            raise Refusal(422, f'asset "{body.get("symbol", "")}" not found', REFUSED) from None
        if self.account.blocked:
            raise Refusal(403, "account is restricted to liquidation only", FORBIDDEN)
        if not listing.tradable:
            raise Refusal(422, f'asset "{listing.symbol}" is not tradable', REFUSED)
        client_id = str(body.get("client_order_id") or self.account.new_id())
        if len(client_id) > LONGEST_ID:
            raise Refusal(422, f"client_order_id must be no more than {LONGEST_ID} characters", MALFORMED)
        if client_id in self._by_client_id:
            raise Refusal(422, "client_order_id must be unique", MALFORMED)
        order = requested(body, listing, self.account.new_id(), client_id, self.clock.now)
        self._check_window(order)
        order.legs = exits(order, body, self.account.new_id)
        if order.order_class != "oco":
            self._check_wash(order)
        self.account.check(order, self.orders.values())
        order.status = "pending_new" if self._trades_now(order) else "accepted"
        order.script = self._scripts.pop(client_id, []) or self._scripts.pop(order.symbol, [])
        self._keep(order)
        self._pending.append(lambda: self._begin(order))
        return order

    def script(self, which: str, *quantities: float) -> None:
        """The next order with that client id, or else of that symbol, executes in these parts: one at once, the others
        with the next trades. What they leave stays open."""
        self._scripts[which] = [Decimal(str(each)) for each in quantities] + [Decimal(0)]

    def settle(self) -> None:
        """Lets happen what follows from the requests so far."""
        while self._pending:
            self._pending.popleft()()

    def order(self, identity: str) -> Order:
        """By the exchange's id. Raises Refusal."""
        if identity not in self.orders:
            raise Refusal(404, f"order not found for {identity}", NOT_FOUND)
        return self.orders[identity]

    def by_client_id(self, client_id: str) -> Order:
        """Raises Refusal."""
        if client_id not in self._by_client_id:
            raise Refusal(404, f"order not found for {client_id}", NOT_FOUND)
        return self._by_client_id[client_id]

    def cancel(self, identity: str) -> None:
        order = self.order(identity)
        if not order.is_open or order.status == "pending_cancel":
            raise Refusal(422, f'order is already in "{order.status}" state', REFUSED)
        order.status = "pending_cancel"
        order.updated_at = self.clock.now
        self._pending.append(lambda: self._canceled(order))

    def replace(self, identity: str, body: Mapping[str, object]) -> Order:
        """A new order in the place of an open one. Raises Refusal."""
        old = self.order(identity)
        if not old.is_open or old.status in ("pending_cancel", "pending_replace", "held"):
            raise Refusal(422, f'order is not replaceable in "{old.status}" state', REFUSED)
        if old.notional is not None:
            raise Refusal(422, "notional orders can not be replaced", REFUSED)
        changed = {
            "qty": number(body, "qty") or old.qty,
            "time_in_force": body.get("time_in_force") or old.time_in_force,
            "limit_price": price_of(body, "limit_price", old.listing) or old.limit_price,
            "stop_price": price_of(body, "stop_price", old.listing) or old.stop_price,
            "trail_price": (number(body, "trail") if old.trail_price is not None else None) or old.trail_price,
            "trail_percent": (number(body, "trail") if old.trail_percent is not None else None) or old.trail_percent,
        }
        if all(value == getattr(old, name) for name, value in changed.items()):
            raise Refusal(422, "order parameters are not changed", REFUSED)
        client_id = str(body.get("client_order_id") or self.account.new_id())
        if client_id in self._by_client_id:
            raise Refusal(422, "client_order_id must be unique", MALFORMED)
        fields = {"symbol": old.symbol, "side": old.side, "type": old.kind, "extended_hours": old.extended_hours}
        new = requested(fields | changed, old.listing, self.account.new_id(), client_id, self.clock.now)
        others = [each for each in self.orders.values() if each is not old]
        self.account.check(new, others)
        new.order_class, new.parent, new.replaces = old.order_class, old.parent, old.id
        before, old.status = old.status, "pending_replace"
        self._keep(new)
        self._pending.append(lambda: self._replaced(old, new, before))
        return new

    def close_position(self, symbol: str, qty: Decimal | None = None, percentage: Decimal | None = None) -> Order:
        """An order that closes a position, or a part of it. Raises Refusal."""
        listing = self.listing(symbol)
        have = self.account.qty(listing.symbol)
        if not have:
            raise Refusal(404, "position does not exist", NOT_FOUND)
        part = qty if qty is not None else abs(have) * (percentage or Decimal(100)) / 100
        return self.submit(
            {
                "symbol": listing.symbol,
                "side": SELL if have > 0 else "buy",
                "type": "market",
                "time_in_force": "gtc" if listing.kind == CRYPTO else "day",
                "qty": text(round(part, 9)),
            }
        )

    def fill(self, identity: str, qty: float, price: float) -> None:
        """An execution as the caller says, whatever the market does."""
        order = self.order(identity)
        self._execute(order, Decimal(str(qty)), Decimal(str(price)))

    def reject(self, order: Order) -> None:
        """The venue does not take an order that the API took."""
        self._end(order, "rejected")

    def venue_cancels(self, order: Order) -> None:
        """The venue cancels what is left of an order, unasked."""
        self._end(order, "canceled")

    def emit(self, event: str, order: Order, execution: Execution | None = None) -> None:
        """Tells the listeners. Tests may use it to say what did not happen."""
        update = Update(event, order.body(nested=False), self.clock.now, execution)
        for listener in self.listeners:
            listener(update)

    def _keep(self, order: Order) -> None:
        for each in (order, *order.legs):
            self.orders[each.id] = each
            self._by_client_id[each.client_order_id] = each
            each.expires_at = self._expiry(order)
            self.clock.at(each.expires_at, partial(self._end, each, "expired"))

    def _check_wash(self, order: Order) -> None:
        for other in self.orders.values():
            if could_cross(order, other):
                kind = "limit" if other.limit_price is not None else "market/stop"
                reason = f"opposite side {kind} order exists"
                message = "potential wash trade detected. use complex orders"
                raise Refusal(403, message, FORBIDDEN, existing_order_id=other.id, reject_reason=reason)

    def _check_window(self, order: Order) -> None:
        """opg and cls are not taken around what they are for; both again from 19:00, three hours after the close."""
        session = self._equities.session(self._equities.day_of(self.clock.now))
        if order.time_in_force not in ("opg", "cls") or session is None:
            return
        begin = session[0] - 2 * MINUTE if order.time_in_force == "opg" else session[1] - 10 * MINUTE
        if begin <= self.clock.now < session[1] + 180 * MINUTE:
            raise Refusal(422, f"{order.time_in_force} orders are not accepted at this time", REFUSED)

    def _trades_now(self, order: Order) -> bool:
        now = self.clock.now
        if order.time_in_force in ("opg", "cls"):
            return False
        if self.market.is_open(order.symbol, now):
            return True
        return order.extended_hours and self.market.trades_in_extended_hours(order.symbol, now)

    def _expiry(self, order: Order) -> Millis:
        now = self.clock.now
        if order.time_in_force == "gtc" or order.listing.kind == CRYPTO:
            return now + 90 * 1_440 * MINUTE
        return self._equities.next_close(now) + (240 * MINUTE if order.extended_hours else 0)

    def _begin(self, order: Order) -> None:
        if order.status != "pending_new":
            return
        order.status, order.updated_at = "new", self.clock.now
        self.emit("new", order)
        if order.order_class == "oco":
            self._release_legs(order)
        self._match(order, self.ticker.quote(order.symbol).size)
        if order.time_in_force in ("ioc", "fok") and order.is_open:
            self._end(order, "canceled")

    def _match(self, order: Order, volume: float) -> None:
        """`volume` is what trades there, of which a share may be ours."""
        stopped = self.holding or order.symbol in self.halted
        if stopped or order.status not in ("new", "partially_filled") or not self._trades_now(order):
            return
        last = self.ticker.last(order.symbol)
        price = execution_price(order, self.ticker.quote(order.symbol), last, self.slippage)
        if price is None:
            return
        left = order.left(price)
        qty = left
        if self.volume_share is not None:
            step = Decimal("0.000000001") if order.listing.kind == CRYPTO else Decimal(1)
            qty = min(left, (Decimal(str(volume)) * self.volume_share).quantize(step, ROUND_DOWN))
        if order.script:
            qty = min(order.script[0], left)
            # The last entry, 0, stays: what a script leaves does not execute.
            order.script = order.script[1:] if len(order.script) > 1 else order.script
        if qty > 0 and not (order.time_in_force == "fok" and qty < left):
            self._execute(order, qty, price)

    def _execute(self, order: Order, qty: Decimal, price: Decimal) -> None:
        execution = self.account.execute(order, qty, price, self.clock.now)
        self.emit("fill" if order.status == "filled" else "partial_fill", order, execution)
        if order.status != "filled":
            return
        if order.parent is not None:
            parent = self.orders[order.parent]
            self._cancel_all(leg for leg in (*parent.legs, parent) if leg is not order)
        elif order.order_class == "oco":
            self._cancel_all(order.legs)
        else:
            self._release_legs(order)

    def _canceled(self, order: Order) -> None:
        if order.status == "pending_cancel":
            self._end(order, "canceled")

    def _cancel_all(self, orders: Iterable[Order]) -> None:
        for each in orders:
            if each.is_open:
                self._end(each, "canceled")

    def _release_legs(self, order: Order) -> None:
        for leg in order.legs:
            leg.status, leg.updated_at = "new", self.clock.now
            self.emit("new", leg)

    def _end(self, order: Order, status: str) -> None:
        """Ends an order that is still open: canceled, expired or rejected, with its legs."""
        if not order.is_open:
            return
        now = self.clock.now
        order.status, order.updated_at = status, now
        if status == "canceled":
            order.canceled_at = now
        elif status == "expired":
            order.expired_at = now
        else:
            order.failed_at = now
        self.emit(status, order)
        self._cancel_all(order.legs)

    def _replaced(self, old: Order, new: Order, before: str) -> None:
        if not old.is_open or old.filled_qty >= (new.qty or Decimal(0)):
            self.emit("order_replace_rejected", old)
            if old.status == "pending_replace":
                old.status = before
            self._end(new, "rejected")
            return
        old.status, old.replaced_by, old.replaced_at, old.updated_at = "replaced", new.id, *[self.clock.now] * 2
        if new.qty is not None:
            new.qty -= old.filled_qty
        new.legs, old.legs = old.legs, []
        for leg in new.legs:
            leg.parent = new.id
        self.emit("replaced", old)
        self._begin(new)

    def _priced(self, symbol: str, volume: float) -> None:
        for order in [each for each in self.orders.values() if each.symbol == symbol and each.is_open]:
            if order.status == "accepted" and self._trades_now(order):
                order.status = "pending_new"
                self._begin(order)
            else:
                self._match(order, volume)

    def _opens(self) -> None:
        """The regular session begins: what waited for it is new, opg orders execute or expire."""
        self.account.open_day()
        for order in [each for each in self.orders.values() if each.status == "accepted"]:
            if order.time_in_force == "opg":
                self._auction(order)
            elif self._trades_now(order):
                order.status = "pending_new"
                self._begin(order)
        self.clock.at(self._equities.next_open(self.clock.now), self._opens)

    def _closes(self) -> None:
        """The regular session ends: cls orders execute. Day orders expire by timers of their own."""
        for order in [each for each in self.orders.values() if each.status == "accepted"]:
            if order.time_in_force == "cls":
                self._auction(order)
        self.account.close_day()
        self.clock.at(self._equities.next_close(self.clock.now), self._closes)

    def _auction(self, order: Order) -> None:
        order.status = "new"
        self.emit("new", order)
        last = self.ticker.last(order.symbol)
        price = execution_price(order, self.ticker.quote(order.symbol), last, self.slippage)
        if price is not None:
            self._execute(order, order.left(price), price)
        if order.is_open:
            self._end(order, "expired")
