"""A book as its state machine sees it: derived from the state each time, nothing kept (T-08)."""

from collections import deque
from collections.abc import Mapping
from typing import Final

from msgspec import Struct, field

from sentio_tui.engine.ledger import Trade
from sentio_tui.engine.state import State
from sentio_tui.machines.base import Holding, Machine
from sentio_tui.model.orders import Side
from sentio_tui.strategies.base import KnowsItsFault, LearnsFromTrades, ReportsItsModel, Strategy

_SELL: Final = Side.SELL

CLOSES_KEPT: Final = 6
"""As many as it takes to see past the five minutes for which a fund's last price may stand in."""


class BookParts(Struct, frozen=True):
    """What a book is made of: its name, its machine, and one strategy for each driving symbol.

    A book that is `flat_overnight` holds nothing while its exchange is closed (`end_of_day.py`).
    """

    name: str
    machine: Machine
    strategies: Mapping[str, Strategy]
    flat_overnight: bool = False


class View:
    """Implements `machines.base.BookView` for one book of a state."""

    __slots__ = ("_account", "_name", "_state")

    def __init__(self, state: State, name: str) -> None:
        self._state = state
        self._name = name
        self._account = state.accounts[name]

    @property
    def cash(self) -> float:
        return self._account.free_cash

    @property
    def equity(self) -> float:
        account = self._account
        return account.cash + account.value

    @property
    def positions(self) -> int:
        account = self._account
        if not account.reserved:
            return len(account.positions)
        orders = self._state.orders
        return len(account.positions.keys() | {orders[order_id].order.symbol for order_id in account.reserved})

    def holding(self, symbol: str) -> Holding | None:
        return self._account.positions.get(symbol)

    def price(self, symbol: str) -> float | None:
        bar = self._state.bars.get(symbol)
        return bar.close if bar is not None else None

    def has_open_order(self, symbol: str) -> bool:
        orders = self._state.orders
        if not orders:
            return False
        name = self._name
        for known in orders.values():
            order = known.order
            if order.symbol == symbol and order.book == name:
                return True
        return False

    def being_sold(self, symbol: str) -> float:
        """The quantity that open orders are still selling."""
        name = self._name
        quantity = 0.0
        for known in self._state.orders.values():
            order = known.order
            if order.side is _SELL and order.symbol == symbol and order.book == name:
                quantity += (order.quantity or 0.0) - known.filled
        return quantity

    def open_buys(self, symbol: str) -> list[str]:
        """The ids of the open buy orders of a symbol."""
        orders = self._state.orders
        return [order_id for order_id in self._account.reserved if orders[order_id].order.symbol == symbol]

    def is_selling(self) -> bool:
        """Whether a sell order of this book is still open."""
        name = self._name
        for known in self._state.orders.values():
            order = known.order
            if order.side is _SELL and order.book == name:
                return True
        return False


class Driven(Struct):
    """One book driven by one symbol."""

    book: str
    strategy: Strategy
    machine: Machine
    view: View
    failed: str = ""
    learner: LearnsFromTrades | None = None
    doubter: KnowsItsFault | None = None
    reporter: ReportsItsModel | None = None
    """The strategy itself, where it is one."""
    told: str = ""
    """The strategy's fault that people were last told of."""
    closes: deque[float] = field(default_factory=lambda: deque(maxlen=CLOSES_KEPT))
    """The newest of the driving symbol."""

    def __post_init__(self) -> None:
        if isinstance(self.strategy, LearnsFromTrades):
            self.learner = self.strategy
        if isinstance(self.strategy, KnowsItsFault):
            self.doubter = self.strategy
        if isinstance(self.strategy, ReportsItsModel):
            self.reporter = self.strategy

    def learn_from(self, trade: Trade) -> None:
        """Let the strategy know how a round trip of its book ended."""
        if self.learner is not None and trade.book == self.book:
            self.learner.on_trade(trade.pnl)

    def new_fault(self) -> str:
        """What is wrong with the strategy by its own word, once for each fault."""
        fault = self.doubter.fault if self.doubter is not None else ""
        if fault == self.told:
            return ""
        self.told = fault
        return fault
