"""The account at Alpaca: read at a moment at which every fill in it has been told, and what in it is not ours."""

from collections import deque
from collections.abc import Collection, Iterable, Sequence
from typing import Final

from msgspec import Struct

from sentio_tui.alpaca.answers import BrokerOrder, Execution, Position, instant
from sentio_tui.brokers.alpaca_line import Line
from sentio_tui.brokers.alpaca_orders import DECIMALS, Placed, Stage
from sentio_tui.brokers.alpaca_requests import OURS
from sentio_tui.brokers.alpaca_sending import NOT_LANDED, Sender
from sentio_tui.brokers.base import AccountWord
from sentio_tui.model.bars import MINUTE, Millis
from sentio_tui.model.events import Held, Level

ATTEMPTS: Final = 5
"""How often the account is read until nothing moves meanwhile."""
SETTLE: Final = 2.0
"""Seconds that positions have to follow the fills."""
SHOWN_KEPT: Final = 2_000
"""Foreign fills that are remembered as shown."""


class Reading(Struct, frozen=True):
    """What one look at the account found."""

    cash: float
    positions: tuple[Held, ...]
    executions: tuple[Execution, ...]


class Look:
    """Looks at the orders, and at the account."""

    def __init__(self, line: Line, sender: Sender, symbols: Collection[str], mark: str) -> None:
        """`mark` is what the client order ids of this session begin with."""
        self._line = line
        self._sender = sender
        self._symbols = symbols
        self._foreign = Foreign(line, symbols, mark)
        self._expected: dict[str, float] | None = None
        self._started: Millis = line.now()
        self._since = self._started
        """When the newest fill was that the account's list of fills had."""
        self._lost: set[str] = set()
        self.blocked = ""
        """Why nothing can be traded with the account, in words; empty where it can."""

    async def orders(self) -> Sequence[BrokerOrder]:
        """Tell what is new in every open order of ours; try again what could not be cancelled. All that are open.
        Raises AlpacaError."""
        line = self._line
        found = await line.rest.open_orders()
        for order in found:
            line.take(order)
        seen = {order.client_order_id for order in found}
        for placed in line.orders.open():
            if placed.stage in (Stage.PLACED, Stage.UNKNOWN) and placed.identity not in seen:
                await self._look_up(placed)
        for placed in line.orders.open():
            if placed.cancel and not placed.cancelling and placed.stage is Stage.PLACED:
                self._sender.cancel(placed)
        while line.strays:
            self._sender.remove(line.strays.pop())
        return found

    async def _look_up(self, placed: Placed) -> None:
        line = self._line
        found = await line.rest.order(placed.identity)
        if found is not None:
            line.take(found)
        elif placed.stage is Stage.UNKNOWN and line.now() - placed.sent_at >= NOT_LANDED:
            line.answer(placed.deny("it never arrived at Alpaca", line.now()))
            line.changed()
        elif placed.stage is Stage.PLACED and placed.identity not in self._lost:
            self._lost.add(placed.identity)
            text = f"Alpaca does not know order {placed.order.id} any more, which it had taken; it counts as open"
            line.say(Level.ALARM, "order_lost", text)

    async def account(self) -> bool:
        """Tell what the account holds, after every fill in it. False where the outcome of an order is not known, or
        the account does not come to rest: then there is nothing to tell. Raises AlpacaError."""
        line = self._line
        before: Reading | None = None
        for _ in range(ATTEMPTS):
            await self.orders()
            moves = line.moves
            reading = await self._read()
            found = await self.orders()
            if line.is_uncertain:
                return False
            if line.moves != moves:
                continue
            if self._is_expected(reading) or (before is not None and reading.positions == before.positions):
                self._tell(reading, found)
                return True
            before = reading
            await line.until(_never, SETTLE)
        return False

    async def _read(self) -> Reading:
        rest = self._line.rest
        account = await rest.account()
        self.blocked = f"the account {account.blocked}" if account.blocked else ""
        positions = await rest.positions()
        executions = await rest.executions(max(self._since - MINUTE, self._started))
        return Reading(account.cash, tuple(map(_held, positions)), executions)

    def _is_expected(self, reading: Reading) -> bool:
        """Whether the positions are those of the last time and what has filled since. Alpaca's may be behind for a
        moment."""
        expected = self._expected
        if expected is None:
            return not self._line.bought
        holds = _quantities(reading.positions)
        return all(
            round(holds.get(symbol, 0.0) - expected.get(symbol, 0.0) - self._line.bought.get(symbol, 0.0), DECIMALS)
            == 0.0
            for symbol in self._symbols
        )

    def _tell(self, reading: Reading, orders: Iterable[BrokerOrder]) -> None:
        line = self._line
        self._expected = _quantities(reading.positions)
        line.bought.clear()
        if reading.executions:
            self._since = max(self._since, _time_of(reading.executions[-1], self._since))
        self._foreign.show(orders, reading.positions, reading.executions)
        line.tell(AccountWord(reading.cash, reading.positions))
        line.accounts += 1
        line.changed()


class Foreign:
    """What of the account is not this session's: shown once each, and left alone."""

    def __init__(self, line: Line, symbols: Collection[str], mark: str) -> None:
        self._line = line
        self._symbols = symbols
        self._mark = mark
        self._orders: set[str] = set()
        self._positions: set[str] = set()
        self._executions: deque[str] = deque(maxlen=SHOWN_KEPT)

    def show(self, orders: Iterable[BrokerOrder], positions: Iterable[Held], executions: Iterable[Execution]) -> None:
        ours = {placed.broker_id for placed in self._line.orders}
        found = [order for order in orders if self._line.orders.by_identity(order.client_order_id) is None]
        for order in found:
            if order.id not in self._orders:
                self._say(order.symbol, "foreign_order", f"{self._whose(order)}: {_order(order)}; it is left alone")
        self._orders = {order.id for order in found}
        for execution in executions:
            if execution.order_id not in ours and execution.id not in self._executions:
                self._executions.append(execution.id)
                text = f"a fill that is not this session's: {execution.side} {execution.qty:g} {execution.symbol}"
                self._say(execution.symbol, "foreign_fill", f"{text} @ {execution.price:g}")
        held = {each.symbol: each for each in positions if each.symbol not in self._symbols}
        for symbol in held.keys() - self._positions:
            text = f"the account also holds {held[symbol].quantity:g} {symbol}, which this session does not trade"
            self._say(symbol, "foreign_position", f"{text}; it is left alone")
        self._positions = set(held)

    def _say(self, symbol: str, code: str, text: str) -> None:
        self._line.say(Level.WARNING if symbol in self._symbols else Level.INFO, code, text)

    def _whose(self, order: BrokerOrder) -> str:
        if order.client_order_id.startswith(self._mark):
            return "an open order of this session that its journal does not have"
        if order.client_order_id.startswith(OURS):
            return "an open order of another session of this program"
        return "an open order of somebody else"


def _order(order: BrokerOrder) -> str:
    size = f"{order.qty:g}" if order.qty is not None else f"for {order.notional or 0.0:,.2f}"
    limit = "" if order.limit_price is None else f" @ {order.limit_price:g}"
    return f"{order.side} {size} {order.symbol} {order.type}{limit} ({order.client_order_id})"


def _held(position: Position) -> Held:
    return Held(position.symbol, position.qty, position.avg_entry_price)


def _quantities(positions: Iterable[Held]) -> dict[str, float]:
    return {held.symbol: held.quantity for held in positions}


def _time_of(execution: Execution, otherwise: Millis) -> Millis:
    try:
        return instant(execution.transaction_time)
    except ValueError:
        return otherwise


def _never() -> bool:
    return False
