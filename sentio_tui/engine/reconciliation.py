"""The broker's account is the truth: our ledger is held against it, and a difference stops trading until a person
accepts it or it is gone (T-25).

Only the session's own symbols are compared; what else an account holds is none of our business. Cash may differ by a
little, because a broker charges costs that no fill tells of: that much is taken over at once, and told.
"""

from collections.abc import Callable
from typing import Final

from sentio_tui.engine.ledger import DUST
from sentio_tui.engine.state import State
from sentio_tui.model.bars import Millis
from sentio_tui.model.events import AccountAdopted, AccountReported, AnyEvent, Held
from sentio_tui.model.orders import Fill, Side

ACCOUNT: Final = "account"
"""The part that a difference is reported as."""

LITTLE: Final = 0.001
"""The share of equity by which cash may differ without anybody being asked."""

CENT: Final = 0.005
"""Money below which nothing is a difference."""


class Reconciliation:
    """Compares the newest report of the account with the books, and takes it over."""

    def __init__(self, state: State, emit: Callable[[AnyEvent], None]) -> None:
        self._state = state
        self._emit = emit

    def difference(self) -> str:
        """Where the account and the books differ, both sides in words; empty where they do not, or nobody reported."""
        report = self._state.reported
        if report is None:
            return ""
        found = []
        theirs = {held.symbol: held.quantity for held in report.positions}
        for symbol in self._state.info.symbols:
            ours = self._held(symbol)
            if abs(ours - theirs.get(symbol, 0.0)) > DUST:
                found.append(f"{symbol}: {ours:g} here, {theirs.get(symbol, 0.0):g} in the account")
        if abs(report.cash - self._state.cash) > max(CENT, LITTLE * abs(self._state.equity)):
            found.append(f"cash: {self._state.cash:,.2f} here, {report.cash:,.2f} in the account")
        return "; ".join(found)

    def contradicts(self, fill: Fill) -> str:
        """Why a fill cannot be true of what its book holds, in words; empty where it can."""
        if fill.side is Side.BUY:
            return ""
        position = self._state.accounts[fill.book].positions.get(fill.symbol)
        held = position.quantity if position is not None else 0.0
        if fill.quantity <= held + DUST:
            return ""
        return f"fill {fill.id} sells {fill.quantity:g} {fill.symbol}, {fill.book} holds {held:g}"

    def take_costs(self, at: Millis) -> None:
        """Take over a small difference in cash. To be called where there is no other."""
        report = self._state.reported
        if report is not None and abs(report.cash - self._state.cash) > CENT:
            self._adopt(report, "costs that the broker charged", at)

    def accept(self, at: Millis) -> None:
        """Take the account over, whatever differs."""
        report = self._state.reported
        if report is not None:
            self._adopt(report, "accepted", at)

    def _held(self, symbol: str) -> float:
        accounts = self._state.accounts.values()
        return sum(account.positions[symbol].quantity for account in accounts if symbol in account.positions)

    def _adopt(self, report: AccountReported, why: str, at: Millis) -> None:
        """What differs of a symbol goes to the first book that trades it, the cash to the first book of all."""
        state = self._state
        theirs = {held.symbol: held for held in report.positions}
        missing = report.cash - state.cash
        claimed: set[str] = set()
        for book in state.info.books:
            account = state.accounts[book.name]
            before = account.held()
            after = dict(before)
            for symbol in book.symbols:
                if symbol in claimed:
                    continue
                claimed.add(symbol)
                held = theirs.get(symbol, Held(symbol, 0.0, 0.0))
                surplus = held.quantity - self._held(symbol)
                if abs(surplus) > DUST:
                    own = after.pop(symbol, Held(symbol, 0.0, 0.0)).quantity + surplus
                    if own > DUST:
                        after[symbol] = Held(symbol, round(own, 9), held.entry_price)
            cash, missing = account.cash + missing, 0.0
            if cash != account.cash or after != before:
                self._emit(AccountAdopted(state.seq + 1, at, book.name, cash, tuple(after.values()), why))
