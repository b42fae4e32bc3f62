"""Cash, positions and round trips of one book, changed by fills alone, or by taking over a broker's account.

Long positions only. Cost basis is the average price of the position. The costs of entry are carried with it and
leave with each sale in proportion, so that the `pnl` of the fills that close adds up to the change in cash of a book
that ends flat.
"""

from collections.abc import Iterable, Mapping
from math import isclose
from typing import Final

from msgspec import Struct

from sentio_tui.machines.base import Holding
from sentio_tui.model.bars import MINUTE, Bar, Millis
from sentio_tui.model.events import BookInfo, Held
from sentio_tui.model.orders import Fill, Order, OrderStatus, Side

DUST = 1e-9
"""Quantities are kept to nine decimals, the finest step a broker takes; what is smaller does not exist."""

_BUY: Final = Side.BUY


class Position(Holding, gc=False):
    """An open position. `cost` is what was paid for it, `entry_costs` the commissions in it, both in money. `price` is
    the last one of this very symbol.

    `lowest` and `highest` are the extreme prices since entry. `bought`, `spent`, `sold`, `proceeds`, `fees` and
    `pnl` run over the whole round trip.
    """

    price: float = 0.0
    cost: float = 0.0
    entry_costs: float = 0.0
    lowest: float = 0.0
    highest: float = 0.0
    bought: float = 0.0
    spent: float = 0.0
    sold: float = 0.0
    proceeds: float = 0.0
    fees: float = 0.0
    pnl: float = 0.0


class OpenOrder(Struct, gc=False):
    """An order that may still fill."""

    order: Order
    status: OrderStatus
    filled: float = 0.0
    broker_id: str = ""


class Trade(Struct, frozen=True, gc=False):
    """A closed round trip: from flat to flat of one symbol in one book.

    `pnl` is net of the costs of both sides. `mae` and `mfe` are the worst and best price while it was held against
    the average entry price, as fractions (mae <= 0 <= mfe).
    """

    number: int
    book: str
    symbol: str
    opened: Millis
    closed: Millis
    quantity: float
    entry_price: float
    exit_price: float
    pnl: float
    fees: float
    mae: float
    mfe: float
    bars_held: int
    reason: str


class Account:
    """One book's money and holdings."""

    __slots__ = ("cash", "info", "positions", "reserved", "value")

    def __init__(self, info: BookInfo) -> None:
        self.info = info
        self.cash = info.capital
        self.positions: dict[str, Position] = {}
        self.reserved: dict[str, float] = {}
        """Cash set aside for open buy orders, by order id."""
        self.value = 0.0
        """Worth of the positions at each symbol's own last price."""

    @property
    def equity(self) -> float:
        return self.cash + self.value

    @property
    def free_cash(self) -> float:
        return max(0.0, self.cash - sum(self.reserved.values())) if self.reserved else self.cash

    def live(self, position: Position, bar: Bar, before: Bar | None) -> None:
        """One more bar with a position. Its extremes so far are those of the bars before and of this one's open, since
        orders may fill at the open; the rest of this bar counts once the next has come."""
        position.bars_held += 1
        position.price = bar.close
        low = high = bar.open
        if before is not None and before.time >= position.opened:
            if before.low < low:
                low = before.low
            if before.high > high:
                high = before.high
        if low < position.lowest:
            position.lowest = low
        if high > position.highest:
            position.highest = high
        self.mark()

    def lived_whole(self, symbol: str, bar: Bar, until: Millis) -> None:
        """The newest bar was over before a fill at `until`: a position held through it has met its extremes."""
        position = self.positions.get(symbol)
        if position is not None and position.opened <= bar.time <= until - MINUTE:
            position.lowest = min(position.lowest, bar.low)
            position.highest = max(position.highest, bar.high)

    def mark(self) -> None:
        """Value every position at its own symbol's last price, never another's (T-07)."""
        value = 0.0
        for position in self.positions.values():
            value += position.quantity * position.price
        self.value = value

    def held(self) -> dict[str, Held]:
        """The positions as an account tells of them, by symbol."""
        return {
            symbol: Held(symbol, position.quantity, position.entry_price) for symbol, position in self.positions.items()
        }

    def adopt(self, cash: float, positions: Iterable[Held], at: Millis, bars: Mapping[str, Bar]) -> None:
        """Hold exactly this from now on. What is held already goes on with its history, and so does what a fee took a
        little of: it has cost the same. What is new was opened `at`, at its entry price, and stands at the symbol's
        last price where there is one."""
        before = self.held()
        old, self.positions = self.positions, {}
        for held in positions:
            symbol = held.symbol
            if before.get(symbol) == held:
                self.positions[symbol] = old[symbol]
                continue
            entry = held.entry_price
            price = bars[symbol].close if symbol in bars else entry
            cost = held.quantity * entry
            if symbol in old and (own := old[symbol]).quantity > held.quantity and isclose(own.cost, cost):
                own.bought = round(own.bought - (own.quantity - held.quantity), 9)
                own.quantity, own.entry_price = held.quantity, entry
                self.positions[symbol] = own
                continue
            self.positions[symbol] = Position(
                symbol,
                held.quantity,
                entry,
                at,
                0,
                price=price,
                cost=cost,
                lowest=entry,
                highest=entry,
                bought=held.quantity,
                spent=cost,
            )
        self.cash = cash
        self.mark()

    def fill(self, fill: Fill, reason: str, number: int, price: float) -> tuple[float | None, Trade | None]:
        """Take a fill in. Returns its `pnl` if it closes (in part), and the round trip if it ends one.

        `number` is given to the round trip; `price` is the symbol's last one. Raises ValueError when
        more is sold than held: the broker and this ledger then disagree, and nothing that follows could be trusted.
        """
        if fill.side is _BUY:
            self._buy(fill, price)
            return None, None
        return self._sell(fill, reason, number)

    def _buy(self, fill: Fill, price: float) -> None:
        value = fill.value
        self.cash -= value + fill.commission
        position = self.positions.get(fill.symbol)
        if position is None:
            position = self.positions[fill.symbol] = Position(
                fill.symbol, 0.0, fill.price, fill.time, 0, price=price, lowest=fill.price, highest=fill.price
            )
        position.quantity = round(position.quantity + fill.quantity, 9)
        position.cost += value
        position.entry_costs += fill.commission
        position.entry_price = position.cost / position.quantity
        position.bought = round(position.bought + fill.quantity, 9)
        position.spent += value
        position.fees += fill.commission

    def _sell(self, fill: Fill, reason: str, number: int) -> tuple[float, Trade | None]:
        position = self.positions.get(fill.symbol)
        if position is None or fill.quantity > position.quantity + DUST:
            held = position.quantity if position is not None else 0.0
            raise ValueError(f"fill {fill.id} sells {fill.quantity} {fill.symbol} but book {fill.book} holds {held}")
        value = fill.value
        self.cash += value - fill.commission
        left = round(position.quantity - fill.quantity, 9)
        share = 1.0 if left < DUST else fill.quantity / position.quantity
        pnl = value - fill.commission - share * (position.cost + position.entry_costs)
        position.sold = round(position.sold + fill.quantity, 9)
        position.proceeds += value
        position.fees += fill.commission
        position.pnl += pnl
        position.lowest = min(position.lowest, fill.price)
        position.highest = max(position.highest, fill.price)
        if left >= DUST:
            position.quantity = left
            position.cost *= 1.0 - share
            position.entry_costs *= 1.0 - share
            return pnl, None
        del self.positions[fill.symbol]
        return pnl, _round_trip(position, fill, reason, number)


def _round_trip(position: Position, fill: Fill, reason: str, number: int) -> Trade:
    entry = position.spent / position.bought
    return Trade(
        number=number,
        book=fill.book,
        symbol=fill.symbol,
        opened=position.opened,
        closed=fill.time,
        quantity=position.bought,
        entry_price=entry,
        exit_price=position.proceeds / position.sold,
        pnl=position.pnl,
        fees=position.fees,
        mae=min(0.0, position.lowest / entry - 1.0),
        mfe=max(0.0, position.highest / entry - 1.0),
        bars_held=position.bars_held,
        reason=reason,
    )
