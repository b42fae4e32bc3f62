"""From targets to orders on their way: intents with deterministic ids, sells before buys, reasons for people."""

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from sentio_tui.brokers.base import Broker
from sentio_tui.engine.book import View
from sentio_tui.engine.rebalance import Purchase, sales, spending
from sentio_tui.engine.reconciliation import missing
from sentio_tui.engine.risk import Risk
from sentio_tui.engine.state import State
from sentio_tui.engine.trading_hours import TradingHours
from sentio_tui.model.bars import MINUTE, Millis
from sentio_tui.model.decisions import Reason, Target
from sentio_tui.model.events import (
    AnyEvent,
    CancelRequested,
    Level,
    Noted,
    OrderSubmitted,
)
from sentio_tui.model.instruments import Instrument
from sentio_tui.model.orders import Order, Side

BUY_WITHIN: Final = 5 * MINUTE
"""Buys wait this long for the book's sells to fill; then they are given up and the book stays in cash (T-27). The buys
of a ladder have as long to fill themselves: what rests longer keeps it from going anywhere else."""

STEP_ROOM: Final = 1.02
"""A step's price with what it may cost more at the next open."""

LEAST_SPENT: Final = 0.01
"""Money below which no buy is made."""

CLOSING_ATTEMPTS: Final = 3
"""How often a refused closing order is made again in one minute of market time."""

# Reading a member off an enum class costs as much as a function call.
_BUY: Final = Side.BUY
_SELL: Final = Side.SELL
_DETAILED: Final = frozenset({Reason.STOP_LOSS, Reason.TAKE_PROFIT, Reason.REBALANCE, Reason.LIQUIDATE})
"""Reasons that say in their detail what an order's reason should: the others bear the strategy's name."""


class Execution:
    """Makes the orders of a session and keeps the buys that wait for sells."""

    def __init__(
        self,
        state: State,
        views: Mapping[str, View],
        instruments: Mapping[str, Instrument],
        broker: Broker,
        risk: Risk,
        hours: TradingHours,
        emit: Callable[[AnyEvent], None],
        collect: Callable[[Millis], None],
    ) -> None:
        self._state = state
        self._views = views
        self._instruments = instruments
        self._broker = broker
        self._risk = risk
        self._hours = hours
        self._emit = emit
        self.collect = collect
        self._titles = {name: _title(account.info.strategy) for name, account in state.accounts.items()}
        self.waiting: dict[str, list[Purchase]] = {}
        """By book: the weights it is on its way to, whose buys wait until its sells have filled. A target in cash
        does not wait: the machine has counted with the cash that is free."""
        self._climbing = [account for account in state.accounts.values() if account.info.ladder is not None]
        self._late: set[str] = set()
        """Orders that were cancelled for taking too long; a broker elsewhere may take a while for that."""
        self._withheld: set[tuple[str, str]] = set()
        """Books and symbols whose closing waits for a person to accept the account, which has been told."""

    def pursue(self, book: str, targets: Sequence[Target], reason: Reason, detail: str, at: Millis) -> None:
        """Make the orders that lead from the holdings to the targets. New weights replace the old ones of the book."""
        words = detail if reason in _DETAILED else self._titles[book]
        view = self._views[book]
        weighs = False
        for target in targets:
            if target.weight == 0.0:
                for order_id in view.open_buys(target.symbol):
                    self.cancel(order_id, reason.text, at)
        for sale in sales(targets, view, self._instruments):
            self._submit(book, sale.symbol, _SELL, words, at, quantity=sale.quantity)
        for target in targets:
            if target.notional is not None:
                self._buy(book, target, words, at)
            else:
                weighs = True
        if weighs:
            purchases = [Purchase(target, words, at + BUY_WITHIN) for target in targets if target.weight]
            if purchases:
                self.waiting[book] = purchases
                self.buy_when_sold(at)
            else:
                self.waiting.pop(book, None)

    def look(self, at: Millis) -> None:
        """At each bar: waiting buys whose sells are done, and buys that take too long."""
        if self.waiting:
            self.buy_when_sold(at)
        for account in self._climbing:
            for order_id in list(account.reserved):
                order = self._state.orders[order_id].order
                if at >= order.time + BUY_WITHIN and order_id not in self._late:
                    self._late.add(order_id)
                    text = f"{order.book}: the buy of {order.symbol} did not fill in time, the rest of it is given up"
                    self._note(Level.WARNING, "buys_given_up", text, at)
                    self.cancel(order_id, "not filled in time", at)

    def buy_when_sold(self, at: Millis) -> None:
        """Make the waiting buys of every book whose sells are done; give up those that waited too long."""
        for book in list(self.waiting):
            view = self._views[book]
            if not view.is_selling():
                for purchase in self.waiting.pop(book):
                    barred = self._hours.against_entry(book, purchase.target.symbol, at)
                    if barred is not None:
                        text = f"{book}: no buy of {purchase.target.symbol}, {barred[1]}; stays in cash"
                        self._note(Level.WARNING, "buys_given_up", text, at)
                    elif spending(purchase.target, view) >= self._least(purchase.target.symbol, view):
                        self._buy(book, purchase.target, purchase.reason, at)
            elif self.waiting[book] and at >= self.waiting[book][0].deadline:
                del self.waiting[book]
                self._note(Level.WARNING, "buys_given_up", f"{book}: sells did not fill in time, stays in cash", at)

    def _least(self, symbol: str, view: View) -> float:
        """What the smallest step of a symbol costs, with room for slippage and costs: less than that is no difference
        in holdings."""
        return (view.price(symbol) or 0.0) * self._instruments[symbol].quantity_step * STEP_ROOM

    def _buy(self, book: str, target: Target, words: str, at: Millis) -> None:
        spend = spending(target, self._views[book])
        if spend >= LEAST_SPENT:
            self._submit(book, target.symbol, _BUY, words, at, notional=spend)

    def close_all(self, words: str, at: Millis) -> None:
        """Sell everything that no open order is selling already."""
        for book in self._state.accounts:
            self.close_book(book, words, at)

    def close_book(self, book: str, words: str, at: Millis) -> None:
        """Sell everything of one book that no open order is selling already."""
        self.close(book, list(self._state.accounts[book].positions), words, at)

    def close(self, book: str, symbols: Sequence[str], words: str, at: Millis) -> None:
        """Sell all that a book holds of the symbols and no open order is selling already.

        Not what the broker's account has less of: what it does not hold it may well sell, as a short position.
        """
        self.waiting.pop(book, None)
        gone = missing(self._state)
        flat = [Target(symbol, weight=0.0) for symbol in symbols if symbol not in gone]
        for symbol in symbols:
            self._withhold(book, symbol, gone.get(symbol, ""), at)
        for sale in sales(flat, self._views[book], self._instruments):
            self._submit(book, sale.symbol, Side.SELL, words, at, quantity=sale.quantity)

    def _withhold(self, book: str, symbol: str, why: str, at: Millis) -> None:
        """Say once that a symbol is not sold."""
        if not why:
            self._withheld.discard((book, symbol))
        elif (book, symbol) not in self._withheld:
            self._withheld.add((book, symbol))
            text = f"{book}: {symbol} is not sold, it could become a short position ({why}); accept the account first"
            self._note(Level.ALARM, "not_sold", text, at)

    def give_up_buys(self, book: str, symbols: Sequence[str], why: str, at: Millis) -> None:
        """Cancel a book's open buys of the symbols, and forget those that wait."""
        waiting = [each for each in self.waiting.pop(book, ()) if each.target.symbol not in symbols]
        if waiting:
            self.waiting[book] = waiting
        for order_id in list(self._state.accounts[book].reserved):
            if self._state.orders[order_id].order.symbol in symbols:
                self.cancel(order_id, why, at)

    def cancel_all(self, why: str, at: Millis) -> None:
        self.waiting.clear()
        for order_id in list(self._state.orders):
            self.cancel(order_id, why, at)

    def cancel(self, order_id: str, why: str, at: Millis) -> None:
        """Ask the broker to cancel one open order; an unknown one is noted."""
        if order_id not in self._state.orders:
            self._note(Level.WARNING, "refused", f"no open order {order_id} to cancel", at)
            return
        self._emit(CancelRequested(self._state.seq + 1, at, order_id, why))
        self._broker.cancel(order_id, at)
        self.collect(at)

    def _submit(
        self,
        book: str,
        symbol: str,
        side: Side,
        words: str,
        at: Millis,
        quantity: float | None = None,
        notional: float | None = None,
    ) -> None:
        order_id = self._order_id(book, symbol, side, at)
        if order_id is None:
            return
        if side is _BUY and self._risk.too_many_orders(at):
            self._note(Level.ALARM, "too_many_orders", f"{book}: buy of {symbol} held back, too many orders", at)
            return
        order = Order(order_id, book, symbol, side, at, words, quantity=quantity, notional=notional)
        self._emit(OrderSubmitted(self._state.seq + 1, at, order))
        self._broker.submit(order, at)
        self.collect(at)

    def _order_id(self, book: str, symbol: str, side: Side, at: Millis) -> str | None:
        """One id for each session, book, symbol, side and minute, so that an intent can never be sent twice (T-23).

        A sell that came back unfilled may be made again, with its attempt in the id; a buy may not.
        """
        word = "buy" if side is _BUY else "sell"
        intent = f"{self._state.info.name}:{book}:{symbol}:{word}:{at // MINUTE}"
        made = self._state.order_count.get(intent, 0)
        if made == 0:
            return intent
        if side is _BUY or made >= CLOSING_ATTEMPTS:
            return None
        return f"{intent}#{made + 1}"

    def _note(self, level: Level, code: str, text: str, at: Millis) -> None:
        self._emit(Noted(self._state.seq + 1, at, level, code, text))


def _title(strategy: str) -> str:
    """The reason an order of a strategy gives, as the original wrote it: "Mean Reversion Signal"."""
    return f"{strategy.replace('_', ' ').title()} Signal"
