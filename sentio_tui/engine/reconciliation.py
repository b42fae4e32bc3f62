"""The broker's account is the truth: our ledger is held against it, and a difference stops trading until a person
accepts it or it is gone (T-25).

Only the session's own symbols are compared; what else an account holds is none of our business. Cash may differ by a
little, because a broker charges costs that no fill tells of, and there may be a little less of a coin, because fees of
crypto are taken from what was bought: that much is taken over at once, and told.
"""

from collections.abc import Callable
from typing import Final

from sentio_tui.engine.ledger import DUST
from sentio_tui.engine.state import State
from sentio_tui.model.bars import Millis
from sentio_tui.model.events import AccountAdopted, AccountReported, AnyEvent, Held
from sentio_tui.model.orders import Fill, Side
from sentio_tui.model.snapshot import AccountDifference, AccountView

ACCOUNT: Final = "account"
"""The part that a difference is reported as."""

BROKER: Final = "broker"
"""The part that a broker outside the process is reported as. The codes of its words begin with it: by that a rerun
knows them as inputs."""

LITTLE: Final = 0.001
"""The share of equity by which cash may differ without anybody being asked."""

COIN_FEE: Final = 0.005
"""The share of a coin that may be missing: twice the dearest fee of Alpaca's, for half of it may have been sold. Coins
that are worth no more than the cash that may differ may be missing, too."""

CENT: Final = 0.005
"""Money below which nothing is a difference."""


class Reconciliation:
    """Compares the newest report of the account with the books, and takes it over."""

    def __init__(self, state: State, emit: Callable[[AnyEvent], None]) -> None:
        self._state = state
        self._emit = emit

    def difference(self) -> str:
        """Where the account and the books differ, both sides in words; empty where they do not, or nobody reported."""
        return "; ".join(map(_words, differences(self._state)))

    def against_accepting(self, shown: str) -> str:
        """Why the account cannot be taken over now, in words; empty where it can. `shown` is what a person saw."""
        fault = self._state.faults.get(ACCOUNT, "")
        if not fault:
            return "there is no difference to the broker's account to accept"
        if self._state.reported is None:
            return "the broker has not reported its account yet"
        if shown and shown != fault:
            return f"the account differs otherwise by now ({fault}); look at it again"
        return ""

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
        """Take over small differences in cash and coins. To be called where there are no others."""
        report = self._state.reported
        if report is None:
            return
        held = {each.symbol: each.quantity for each in report.positions}
        charged = any(_is_fee(self._state, symbol, held.get(symbol, 0.0)) for symbol in self._state.info.symbols)
        if charged or abs(report.cash - self._state.cash) > CENT:
            self._adopt(report, "costs that the broker charged", at)

    def accept(self, at: Millis) -> None:
        """Take the account over, whatever differs."""
        report = self._state.reported
        if report is not None:
            self._adopt(report, "accepted", at)

    def _adopt(self, report: AccountReported, why: str, at: Millis) -> None:
        """What differs of a symbol goes to the first book that trades it, the cash to the first book of all. Each book
        pays its share of a coin's fee; what its coins have cost stays the same, so the rest has cost more."""
        state = self._state
        theirs = {held.symbol: held for held in report.positions}
        missing = report.cash - state.cash
        claimed: set[str] = set()
        for book in state.info.books:
            account = state.accounts[book.name]
            before = account.held()
            after = dict(before)
            for symbol in book.symbols:
                held = theirs.get(symbol, Held(symbol, 0.0, 0.0))
                here = _held(state, symbol)
                if _is_fee(state, symbol, held.quantity):
                    if symbol in after:
                        left = round(after.pop(symbol).quantity * held.quantity / here, 9)
                        if left > DUST:
                            after[symbol] = Held(symbol, left, account.positions[symbol].cost / left)
                    continue
                if symbol in claimed:
                    continue
                claimed.add(symbol)
                surplus = held.quantity - here
                if abs(surplus) > DUST:
                    own = after.pop(symbol, Held(symbol, 0.0, 0.0)).quantity + surplus
                    if own > DUST:
                        after[symbol] = Held(symbol, round(own, 9), held.entry_price)
            cash, missing = account.cash + missing, 0.0
            if cash != account.cash or after != before:
                self._emit(AccountAdopted(state.seq + 1, at, book.name, cash, tuple(after.values()), why))


def differences(state: State) -> tuple[AccountDifference, ...]:
    """What of the session's own symbols and of the cash is not as the broker's account was last reported."""
    report = state.reported
    if report is None:
        return ()
    theirs = {held.symbol: held.quantity for held in report.positions}
    found = [
        AccountDifference(symbol, here, there)
        for symbol in state.info.symbols
        if abs((here := _held(state, symbol)) - (there := theirs.get(symbol, 0.0))) > DUST
        and not _is_fee(state, symbol, there)
    ]
    if abs(report.cash - state.cash) > max(CENT, LITTLE * abs(state.equity)):
        found.append(AccountDifference("", state.cash, report.cash))
    return tuple(found)


def missing(state: State) -> dict[str, str]:
    """The symbols of which the account has less than the books, both sides in words, while that stops trading."""
    if ACCOUNT not in state.faults:
        return {}
    return {each.symbol: _words(each) for each in differences(state) if each.symbol and each.there < each.here}


def account_view(state: State) -> AccountView | None:
    """The newest report against the books, for people; None before the first."""
    report = state.reported
    if report is None:
        return None
    others = tuple(held for held in report.positions if held.symbol not in state.info.symbols)
    return AccountView(report.at, differences(state), others, state.faults.get(ACCOUNT, ""))


def left_over(state: State) -> str:
    """What a session leaves behind at its end, in words; empty where that is nothing. Orders at a broker elsewhere
    outlive it, and may still fill."""
    held = [
        f"{position.quantity:g} {symbol}"
        for account in state.accounts.values()
        for symbol, position in account.positions.items()
    ]
    said = [f"holding {', '.join(held)}"] if held else []
    if state.reported is not None and state.orders:
        orders = ", ".join(f"{known.order.side} {known.order.symbol}" for known in state.orders.values())
        said.append(f"with orders that its broker still has ({orders})")
    return " and ".join(said)


def _held(state: State, symbol: str) -> float:
    accounts = state.accounts.values()
    return sum(account.positions[symbol].quantity for account in accounts if symbol in account.positions)


def _is_fee(state: State, symbol: str, there: float) -> bool:
    """Whether a fee explains what the account has less of a coin (whose symbol has a dash, as in BTC-USD): a share of
    what is held, or what is left of a position that was sold before the fee was known."""
    here = _held(state, symbol)
    if "-" not in symbol or not 0.0 <= there < here - DUST:
        return False
    price = max(account.positions[symbol].price for account in state.accounts.values() if symbol in account.positions)
    return here - there <= COIN_FEE * here or (here - there) * price <= LITTLE * state.equity


def _words(each: AccountDifference) -> str:
    if each.symbol:
        return f"{each.symbol}: {each.here:g} here, {each.there:g} in the account"
    return f"cash: {each.here:,.2f} here, {each.there:,.2f} in the account"


def account_lines(view: AccountView) -> list[str]:
    """Both sides of every difference as a table, and what else the account holds. Symbols may be any text."""
    rows = [("", "here", "account")]
    for each in view.differences:
        form = "{:,.9g}" if each.symbol else "{:,.2f}"
        rows.append((each.symbol or "cash", form.format(each.here), form.format(each.there)))
    if len(rows) == 1:
        lines = [view.fault or "The session and the account agree."]
    else:
        widths = [max(len(row[column]) for row in rows) for column in range(3)]
        lines = [f"{row[0]:<{widths[0]}}  {row[1]:>{widths[1]}}  {row[2]:>{widths[2]}}" for row in rows]
    if view.others:
        held = ", ".join(f"{held.quantity:g} {held.symbol}" for held in view.others)
        lines += ["", f"Left alone, for the session does not trade it: {held}."]
    return lines
