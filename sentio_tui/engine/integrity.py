"""Whether a book's equity can be believed (T-07): it may not move more in a bar than its holdings could.

A book's worth between two of its driving bars changes with prices that follow the driving symbol, at most at the
family's largest leverage, and with costs. What is beyond that and one percent is no market move: a fund valued at
another's price, a split nobody told of, a wrong sum. People are alarmed, with the figures; the money is theirs.
"""

from collections.abc import Callable
from typing import Final

from sentio_tui.engine.book import Driven
from sentio_tui.engine.state import State
from sentio_tui.model.bars import Bar, Millis
from sentio_tui.model.events import AnyEvent, Level, Noted

TOLERANCE: Final = 0.01
"""What equity may change beyond the move, as a fraction."""


class Integrity:
    """Looks at one book after another, each time its driving symbol has a bar."""

    def __init__(self, state: State, emit: Callable[[AnyEvent], None]) -> None:
        self._state = state
        self._emit = emit
        self._worth: dict[str, float] = {}
        """The equity of each book at its newest driving bar."""

    def look(self, part: Driven, bar: Bar, at: Millis) -> None:
        """Compare the book's equity with that at its driving bar before."""
        worth = part.view.equity
        before = self._worth.get(part.book, 0.0)
        self._worth[part.book] = worth
        # Most bars end here: whatever the prices did, so little is always possible.
        if before and not (1.0 - TOLERANCE) * before <= worth <= (1.0 + TOLERANCE) * before:
            self._judge(part, bar, before, worth, at)
        part.closes.append(bar.close)

    def _judge(self, part: Driven, bar: Bar, before: float, worth: float, at: Millis) -> None:
        account = self._state.accounts[part.book]
        move = max((abs(bar.close / close - 1.0) for close in part.closes), default=0.0)
        leverage = 1.0
        if account.info.ladder is not None:
            leverage = max(abs(each) for each in account.info.ladder.family.leverage.values())
        costs = 0.0
        for record in reversed(self._state.executions):
            if record.fill.time < bar.time:
                break
            costs += record.fill.commission
        if abs(worth - before) - costs <= (leverage * move + TOLERANCE) * before:
            return
        held = ", ".join(f"{each.quantity:g} {each.symbol} at {each.price:g}" for each in account.positions.values())
        text = (
            f"{part.book}: equity went from {before:,.2f} to {worth:,.2f} with a bar of {bar.symbol} that moved "
            f"{move:.2%}, of which its holdings follow {leverage:g} times at most; check the prices of what it holds "
            f"({held or 'nothing'})"
        )
        self._emit(Noted(self._state.seq + 1, at, Level.ALARM, "integrity", text))
