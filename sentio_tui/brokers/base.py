"""What a broker is: orders in, answers out, never as a return value of the order."""

from collections.abc import Callable, Sequence
from typing import Protocol, runtime_checkable

from msgspec import Struct

from sentio_tui.model.bars import Bar, Millis
from sentio_tui.model.events import Answer, Held, Level
from sentio_tui.model.orders import Order


class Broker(Protocol):
    """The engine calls these and then collects the answers; each becomes an input of its own.

    A broker outside the process answers later, through the session; then `answers` stays empty.
    """

    name: str

    def submit(self, order: Order, at: Millis) -> None: ...

    def cancel(self, order_id: str, at: Millis) -> None: ...

    def on_bar(self, bar: Bar, at: Millis) -> None:
        """A valid bar of any symbol: resting orders may match."""
        ...

    def at_last_price(self, order_id: str, at: Millis) -> None:
        """The market has closed on an open market order: it fills at the symbol's last price, where prices are ours
        to make. A broker outside the process does nothing."""
        ...

    def end_of_data(self, at: Millis) -> None:
        """No further price will come: market orders fill at the symbol's last price, the rest expire."""
        ...

    def answers(self) -> Sequence[Answer]:
        """The answers since the last call, in order. Their `seq` is 0."""
        ...


class AccountWord(Struct, frozen=True):
    """What an account holds, at a moment at which every fill in it has been told before."""

    cash: float
    positions: tuple[Held, ...]


class BrokerWord(Struct, frozen=True):
    """A line for the event log. `code` names the kind ("foreign_order"), for filters and alerts."""

    level: Level
    code: str
    text: str


class BrokerFault(Struct, frozen=True):
    """Why a broker cannot be traded through; empty when it can again. Strategies make no orders meanwhile."""

    text: str


BrokerNews = Answer | AccountWord | BrokerWord | BrokerFault
"""What a broker in another place says."""


class OpenIntent(Protocol):
    """An order that a session that goes on believes open: how much of it has filled, and the broker's id of it, empty
    where the broker has not told one."""

    @property
    def order(self) -> Order: ...

    @property
    def filled(self) -> float: ...

    @property
    def broker_id(self) -> str: ...


@runtime_checkable
class OutsideBroker(Broker, Protocol):
    """A broker in another place. The engine's orders wait in it until they are on disk; then `release` sends them.

    `answers` stays empty: what it says comes through `run`.
    """

    def release(self) -> None:
        """Everything submitted or cancelled so far is on disk and may leave the process."""
        ...

    async def run(self, tell: Callable[[BrokerNews], None]) -> None:
        """Be connected until cancelled. `tell` is called on the session's loop, with `seq` 0 in answers."""
        ...
