"""The account of the local exchange: cash, positions, what open orders hold, and what was executed."""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from decimal import Decimal
from random import Random
from typing import Final
from uuid import UUID

from msgspec import Struct

from sentio_tui.model.bars import Millis
from tests.exchange.clock import stamp
from tests.exchange.listings import CRYPTO, EQUITY, Listing
from tests.exchange.orders import BUY, FORBIDDEN, SELL, Body, Order, Refusal, text

Price = Callable[[str], Decimal]
"""The last price of a symbol."""

COLLAR: Final = Decimal("1.025")
"""What buying power a market order must have, times its value at the ask."""
_ZERO: Final = Decimal(0)


class Position(Struct):
    """`qty` is signed; `value` is what was paid for it, of the same sign. `day_cost` is what unrealised profit of the
    day counts from: the last close for what was held then, the price paid for what was bought since."""

    listing: Listing
    qty: Decimal = _ZERO
    value: Decimal = _ZERO
    day_cost: Decimal = _ZERO

    @property
    def average(self) -> Decimal:
        return self.value / self.qty


class Execution(Struct, frozen=True):
    """One fill, as the trading stream tells it and as the account's activities list it."""

    id: str
    activity_id: str
    order: str
    symbol: str
    side: str
    qty: Decimal
    price: Decimal
    cumulative: Decimal
    leaves: Decimal
    status: str
    at: Millis
    position: Decimal

    def activity(self) -> Body:
        """As in GET /v2/account/activities/FILL."""
        return {
            "activity_type": "FILL",
            "id": self.activity_id,
            "cum_qty": text(self.cumulative),
            "leaves_qty": text(self.leaves),
            "order_id": self.order,
            "order_status": self.status,
            "price": text(self.price),
            "qty": text(self.qty),
            "side": self.side,
            "symbol": self.symbol,
            "transaction_time": stamp(self.at),
            "type": "fill" if self.status == "filled" else "partial_fill",
        }


class Account:
    """Money and holdings. `multiplier` is 1 for an account without margin, 2 with it."""

    def __init__(self, cash: Decimal, seed: int, created: Millis, price: Price) -> None:
        self.cash = cash
        self.multiplier = 2
        self.coin_fee = _ZERO
        """The share of bought coins that is taken as the fee, as Alpaca does it: no execution tells of it."""
        self.last_equity = cash
        self.positions: Final[dict[str, Position]] = {}
        self.executions: Final[list[Execution]] = []
        self.blocked = False
        self._at_close: tuple[Decimal, dict[str, Decimal]] = (cash, {})
        self._random = Random(f"{seed} account")
        self._price = price
        self._created = created
        self.id: Final = self.new_id()

    def new_id(self) -> str:
        return str(UUID(int=self._random.getrandbits(128), version=4))

    @property
    def equity(self) -> Decimal:
        return self.cash + sum((self._worth(each) for each in self.positions.values()), _ZERO)

    def buying_power(self, orders: Iterable[Order]) -> Decimal:
        """What may still be bought, after what open buys hold."""
        held = sum((self.cost(order) for order in orders if order.is_open and order.side == BUY), _ZERO)
        gross = sum((abs(self._worth(each)) for each in self.positions.values()), _ZERO)
        return max(self.equity * self.multiplier - gross - held, _ZERO)

    def cost(self, order: Order) -> Decimal:
        """What an open buy holds of the buying power."""
        if order.parent is not None:
            return _ZERO
        if order.notional is not None:
            return max(order.notional - order.filled_value, _ZERO)
        price = order.limit_price or order.stop_price or self._price(order.symbol) * COLLAR
        return order.left(price) * price

    def qty(self, symbol: str) -> Decimal:
        position = self.positions.get(symbol)
        return position.qty if position is not None else _ZERO

    def held(self, symbol: str, orders: Iterable[Order]) -> Decimal:
        """What open orders would take off the position. The legs of one bracket hold it once."""
        closing = SELL if self.qty(symbol) >= 0 else BUY
        by_parent: dict[str, Decimal] = {}
        for order in orders:
            if order.is_open and order.symbol == symbol and order.side == closing and order.status != "held":
                key = order.parent or order.id
                by_parent[key] = max(by_parent.get(key, _ZERO), order.left(self._price(symbol)))
        return sum(by_parent.values(), _ZERO)

    def check(self, order: Order, orders: Iterable[Order]) -> None:
        """Raises Refusal for an order that the account has not the money or the shares for."""
        orders = list(orders)
        have = self.qty(order.symbol)
        wanted = order.left(self._price(order.symbol))
        order.opening = have * order.sign >= 0
        if order.opening and order.side == BUY:
            self._check_money(order, orders)
            return
        if order.opening:
            if not order.listing.shortable or wanted != wanted.to_integral_value():
                raise self._short_of(order, have, _ZERO, wanted)
            self._check_money(order, orders)
            return
        held = self.held(order.symbol, orders)
        if wanted > abs(have) - held:
            raise self._short_of(order, abs(have), held, wanted)

    def _check_money(self, order: Order, orders: list[Order]) -> None:
        power, cost = self.buying_power(orders), self.cost(order)
        if order.listing.kind == CRYPTO:
            power = min(power, self.cash)
        if cost > power:
            extra = {"buying_power": text(round(power, 2)), "cost_basis": text(round(cost, 2))}
            raise Refusal(403, "insufficient buying power", FORBIDDEN, **extra)

    @staticmethod
    def _short_of(order: Order, have: Decimal, held: Decimal, wanted: Decimal) -> Refusal:
        available = max(have - held, _ZERO)
        message = f"insufficient qty available for order (requested: {text(wanted)}, available: {text(available)})"
        return Refusal(
            403,
            message,
            FORBIDDEN,
            available=text(available),
            existing_qty=text(have),
            held_for_orders=text(held),
            related_orders=[],
            symbol=order.symbol,
        )

    def execute(self, order: Order, qty: Decimal, price: Decimal, at: Millis) -> Execution:
        """Books a fill: cash, position and the order's own counts."""
        signed = qty * order.sign
        position = self.positions.setdefault(order.symbol, Position(order.listing))
        self._book(position, signed, price)
        if order.listing.kind == CRYPTO and order.side == BUY:
            position.qty -= round(qty * self.coin_fee, 9)
        self.cash -= signed * price
        order.filled_qty += qty
        order.filled_value += qty * price
        left = order.left(price)
        order.status = "filled" if left <= Decimal("0.000000001") else "partially_filled"
        order.updated_at = at
        if order.status == "filled":
            order.filled_at = at
        if not position.qty:
            del self.positions[order.symbol]
        # Nobody outside Alpaca knows whether the two ids are the same: here they are not, so nothing can rely on it.
        activity = f"{datetime.fromtimestamp(at / 1000, UTC):%Y%m%d%H%M%S}{at % 1000:03d}::{self.new_id()}"
        execution = Execution(
            self.new_id(),
            activity,
            order.id,
            order.symbol,
            order.side,
            qty,
            price,
            order.filled_qty,
            max(left, _ZERO),
            order.status,
            at,
            self.qty(order.symbol),
        )
        self.executions.append(execution)
        return execution

    @staticmethod
    def _book(position: Position, signed: Decimal, price: Decimal) -> None:
        if position.qty * signed >= 0:
            position.value += signed * price
            position.day_cost += signed * price
        else:
            closed = min(abs(signed), abs(position.qty)) / abs(position.qty)
            position.value -= position.value * closed
            position.day_cost -= position.day_cost * closed
            beyond = abs(signed) - abs(position.qty)
            if beyond > 0:
                opened = beyond * (1 if signed > 0 else -1)
                position.value = position.day_cost = opened * price
        position.qty += signed

    def close_day(self) -> None:
        """The end of a session: what the next day's profit will be counted from."""
        self._at_close = self.equity, {symbol: self._worth(each) for symbol, each in self.positions.items()}

    def open_day(self) -> None:
        """The beginning of a session."""
        self.last_equity, worths = self._at_close
        for symbol, position in self.positions.items():
            position.day_cost = worths.get(symbol, position.day_cost)

    def body(self, orders: Iterable[Order]) -> Body:
        """As in GET /v2/account. The fields of pattern day trading are gone since 2026-07-06."""
        orders = list(orders)
        worths = [self._worth(each) for each in self.positions.values()]
        longs = sum((each for each in worths if each > 0), _ZERO)
        shorts = sum((each for each in worths if each < 0), _ZERO)
        equity, power = self.equity, self.buying_power(orders)
        gross = longs - shorts
        money = {
            "cash": self.cash,
            "equity": equity,
            "portfolio_value": equity,
            "last_equity": self.last_equity,
            "buying_power": power,
            "regt_buying_power": power,
            "effective_buying_power": power,
            "options_buying_power": min(power, max(self.cash, _ZERO)),
            "non_marginable_buying_power": min(power, max(self.cash, _ZERO)),
            "long_market_value": longs,
            "short_market_value": shorts,
            "position_market_value": gross,
            "initial_margin": gross / 2,
            "maintenance_margin": gross * 3 / 10,
            "last_maintenance_margin": _ZERO,
            "sma": equity,
            "accrued_fees": _ZERO,
            "pending_transfer_in": _ZERO,
            "pending_transfer_out": _ZERO,
            "intraday_adjustments": _ZERO,
            "pending_reg_taf_fees": _ZERO,
        }
        return {
            "id": self.id,
            "account_number": "PA3LOCAL0001",
            "status": "ACTIVE",
            "crypto_status": "ACTIVE",
            "options_approved_level": 0,
            "options_trading_level": 0,
            "currency": "USD",
            **{name: text(round(amount, 2)) for name, amount in money.items()},
            "multiplier": str(self.multiplier),
            "trading_blocked": self.blocked,
            "transfers_blocked": False,
            "account_blocked": False,
            "trade_suspended_by_user": False,
            "shorting_enabled": self.multiplier > 1,
            "created_at": stamp(self._created),
            "balance_asof": f"{datetime.fromtimestamp(self._created / 1000, UTC):%Y-%m-%d}",
        }

    def position_body(self, symbol: str, last_day: Decimal, orders: Iterable[Order]) -> Body:
        """As in GET /v2/positions/{symbol}. `last_day` is the last close."""
        position = self.positions[symbol]
        price, worth = self._price(symbol), self._worth(position)
        profit, of_day = worth - position.value, worth - position.day_cost
        return {
            "asset_id": position.listing.asset_id,
            # The listing's symbol in orders has a slash for crypto; in positions it has none, as far as is known.
            "symbol": symbol.replace("/", ""),
            "exchange": position.listing.exchange,
            "asset_class": position.listing.kind,
            "asset_marginable": position.listing.kind == EQUITY,
            "qty": text(position.qty),
            "qty_available": text(max(abs(position.qty) - self.held(symbol, orders), _ZERO)),
            "avg_entry_price": text(round(position.average, 6)),
            "side": "long" if position.qty > 0 else "short",
            "market_value": text(worth),
            "cost_basis": text(round(position.value, 6)),
            "unrealized_pl": text(round(profit, 6)),
            "unrealized_plpc": text(round(profit / abs(position.value), 8)),
            "unrealized_intraday_pl": text(round(of_day, 6)),
            "unrealized_intraday_plpc": text(round(of_day / abs(position.day_cost), 8)),
            "current_price": text(price),
            "lastday_price": text(last_day),
            "change_today": text(round(price / last_day - 1, 8)),
        }

    def _worth(self, position: Position) -> Decimal:
        return position.qty * self._price(position.listing.symbol)
