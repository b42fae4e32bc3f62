"""The broker's own account of a book: cash, holdings, and what open orders have set aside of either."""

from typing import Final

from sentio_tui.brokers.steps import steps_of
from sentio_tui.model.instruments import Instrument
from sentio_tui.model.orders import Fill, Side

_BUY: Final = Side.BUY


def cash_flow(fill: Fill) -> float:
    """What a fill adds to the cash. One sum, then one addition: every ledger that does the same agrees to the bit,
    and a buy that cost no more than the cash never leaves it below zero."""
    value = fill.quantity * fill.price
    return -(value + fill.commission) if fill.side is _BUY else value - fill.commission


class Account:
    """Cash is never below zero, no holding either. What open buys set aside is never more than the cash."""

    __slots__ = ("_aside", "_cash", "_held", "_selling")

    def __init__(self, cash: float) -> None:
        if not 0.0 <= cash < float("inf"):
            raise ValueError(f"the cash of an account must be 0 or more, not {cash!r}")
        self._cash = cash
        self._aside: dict[str, float] = {}
        self._held: dict[str, int] = {}
        self._selling: dict[str, int] = {}

    @property
    def cash(self) -> float:
        return self._cash

    @property
    def free(self) -> float:
        """Cash that no open buy has set aside."""
        return self.available("")

    def available(self, order_id: str) -> float:
        """The cash an order may spend: its own and what is free."""
        others = 0.0
        for owner, amount in self._aside.items():
            if owner != order_id:
                others += amount
        return max(0.0, self._cash - others)

    def set_aside(self, order_id: str, amount: float) -> None:
        """Keep cash for an open buy, in place of what was kept before; never more than is available to it."""
        self._aside[order_id] = min(amount, self.available(order_id))

    def release(self, order_id: str) -> None:
        self._aside.pop(order_id, None)

    def quantity(self, instrument: Instrument) -> float:
        """What is held of a symbol, in its units."""
        return steps_of(instrument.quantity_step).value(self._held.get(instrument.symbol, 0))

    def spare(self, symbol: str) -> int:
        """Steps that are held and that no open sell has claimed."""
        return self._held.get(symbol, 0) - self._selling.get(symbol, 0)

    def claim(self, symbol: str, count: int) -> None:
        """Keep steps of a holding for an open sell; a negative count gives them back."""
        self._selling[symbol] = self._selling.get(symbol, 0) + count

    def settle(self, fill: Fill, count: int) -> None:
        """Book a fill of `count` steps."""
        self._cash += cash_flow(fill)
        symbol, held = fill.symbol, self._held
        held[symbol] = held.get(symbol, 0) + (count if fill.side is _BUY else -count)
