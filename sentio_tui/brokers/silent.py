"""A broker that says nothing, for sessions whose broker is in another place, when they are run again."""

from collections.abc import Callable, Iterable, Sequence
from typing import Protocol

from sentio_tui.brokers.base import BrokerNews, OpenIntent, OutsideBroker
from sentio_tui.model.bars import Bar, Millis
from sentio_tui.model.events import Answer
from sentio_tui.model.orders import Fill, Order


class Successor(OutsideBroker, Protocol):
    """A broker that can go on with another process's orders."""

    def adopt(self, intents: Iterable[OpenIntent], fills: Iterable[Fill] = ()) -> None: ...


class SilentBroker:
    """Takes orders and cancels and answers nothing: in a rerun the answers are in the journal.

    When the session goes on, `hand_over` names the broker that does, with the orders that are still open; from then on
    everything goes to it.
    """

    name = "silent"

    def __init__(self) -> None:
        self._successor: Successor | None = None
        self._bars: dict[str, Bar] = {}
        self._cancelled: list[str] = []

    def hand_over(self, successor: Successor, open_orders: Iterable[OpenIntent], fills: Iterable[Fill] = ()) -> None:
        """`open_orders` are those of the session, `fills` the ones it knows. The successor is not running yet."""
        for bar in self._bars.values():
            successor.on_bar(bar, bar.time)
        for order_id in self._cancelled:
            successor.cancel(order_id, 0)
        successor.adopt(open_orders, fills)
        self._bars.clear()
        self._cancelled.clear()
        self._successor = successor

    def submit(self, order: Order, at: Millis) -> None:
        if self._successor is not None:
            self._successor.submit(order, at)

    def cancel(self, order_id: str, at: Millis) -> None:
        if self._successor is not None:
            self._successor.cancel(order_id, at)
        else:
            self._cancelled.append(order_id)

    def on_bar(self, bar: Bar, at: Millis) -> None:
        if self._successor is not None:
            self._successor.on_bar(bar, at)
        else:
            self._bars[bar.symbol] = bar

    def at_last_price(self, order_id: str, at: Millis) -> None:
        """Prices are made elsewhere."""

    def end_of_data(self, at: Millis) -> None:
        """Prices are made elsewhere."""

    def answers(self) -> Sequence[Answer]:
        return ()

    def release(self) -> None:
        if self._successor is not None:
            self._successor.release()

    async def run(self, tell: Callable[[BrokerNews], None]) -> None:
        """Raises RuntimeError before there is a successor: nothing would ever be answered."""
        if self._successor is None:
            raise RuntimeError("a silent broker has no account to be connected to")
        await self._successor.run(tell)
