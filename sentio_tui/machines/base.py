"""What a state machine is: a signal and the holdings in, the holdings it wants out."""

from typing import ClassVar, Protocol

from msgspec import Struct

from sentio_tui.model.bars import Bar, Millis
from sentio_tui.model.decisions import Signal, Verdict


class Holding(Struct, gc=False):
    """What a book holds of one symbol. `entry_price` is the average without costs, `bars_held` counts the symbol's
    bars since the first fill."""

    symbol: str
    quantity: float
    entry_price: float
    opened: Millis
    bars_held: int


class BookView(Protocol):
    """What a machine may know of its book. Everything here is derived from fills and prices."""

    @property
    def cash(self) -> float:
        """Cash that no open order has reserved."""
        ...

    @property
    def equity(self) -> float: ...

    @property
    def positions(self) -> int:
        """Symbols held, or with a buy under way."""
        ...

    def holding(self, symbol: str) -> Holding | None: ...

    def price(self, symbol: str) -> float | None:
        """The symbol's own last price; None before its first bar."""
        ...

    def has_open_order(self, symbol: str) -> bool: ...

    def is_selling(self) -> bool:
        """Whether a sell of the book is still open."""
        ...


class Machine(Protocol):
    """One instance serves one book. It keeps no copy of the holdings: its state is derived from `view` each time."""

    name: ClassVar[str]

    def decide(self, signal: Signal, bar: Bar, view: BookView) -> Verdict:
        """What to hold after this bar of a driving symbol. Called for every such bar, warming up included, so that
        stops work whatever the strategy says."""
        ...
