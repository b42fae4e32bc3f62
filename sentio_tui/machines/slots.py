"""Slots: flat or long, a symbol at a time, with a limited number of positions."""

from typing import ClassVar, Final, Literal

from sentio_tui.machines.base import BookView, Holding
from sentio_tui.model.bars import Bar
from sentio_tui.model.decisions import Direction, Reason, Signal, Target, Verdict

Sizing = Literal["cash", "equity"]

LEAST_NOTIONAL: Final = 0.01
"""The smallest amount worth an order, in the account's currency."""

FLAT: Final = "FLAT"
LONG: Final = "LONG"

_NEUTRAL: Final = Direction.NEUTRAL
_RISES: Final = Direction.LONG
_ENTER: Final = Reason.ENTER
_EXIT: Final = Reason.EXIT

# What most bars end in is made once.
_NEUTRAL_FLAT: Final = Verdict(Reason.NEUTRAL, state=FLAT)
_NEUTRAL_LONG: Final = Verdict(Reason.NEUTRAL, state=LONG)
_PENDING_FLAT: Final = Verdict(Reason.ORDER_PENDING, detail="an order is under way", state=FLAT)
_PENDING_LONG: Final = Verdict(Reason.ORDER_PENDING, detail="an order is under way", state=LONG)
_ALREADY_HELD: Final = Verdict(Reason.ALREADY_HELD, detail="buy signal, already held", state=LONG)
_NOTHING_HELD: Final = Verdict(Reason.NOTHING_HELD, detail="sell signal, nothing held", state=FLAT)


class Slots:
    """Each symbol is flat or long; at most `max_positions` are long at a time.

    The rules on every bar, the first that applies decides:

    1. held, and the close is at or below entry · (1 − `stop_loss`): sell; at or above entry · (1 + `take_profit`):
       sell. 0 switches either off.
    2. an order for the symbol is open: wait.
    3. the strategy is warming up: wait.
    4. a long signal: buy, unless it is held, all slots are taken, or there is no cash.
    5. a short signal: sell all of it, unless nothing is held.

    A new position spends the share `position_size` of the book's equity (`sizing` "equity") or of the cash that is
    left ("cash"), never more than the cash that is left. With 10,000 and a share of 0.2, five entries in a row spend
    2,000 each by equity, and 2,000, 1,600, 1,280, 1,024 and 819.20 by cash.
    """

    name: ClassVar[str] = "slots"

    def __init__(
        self, max_positions: int, position_size: float, sizing: Sizing, stop_loss: float, take_profit: float
    ) -> None:
        """Sizes, stop and profit are fractions. Raises ValueError for one out of range, naming it."""
        if max_positions < 1:
            raise ValueError(f"max_positions = {max_positions} must be 1 or more")
        if not 0 < position_size <= 1:
            raise ValueError(f"position_size = {position_size} must be above 0 and at most 1")
        if sizing not in ("cash", "equity"):
            raise ValueError(f"sizing = {sizing!r} must be 'cash' or 'equity'")
        if not 0 <= stop_loss <= 1:
            raise ValueError(f"stop_loss = {stop_loss} must be from 0 to 1")
        if not take_profit >= 0:
            raise ValueError(f"take_profit = {take_profit} must be 0 or more")
        self._max_positions = max_positions
        self._position_size = position_size
        self._sizing: Sizing = sizing
        self._stop = 1 - stop_loss if stop_loss else None
        self._profit = 1 + take_profit if take_profit else None
        self._has_exits = self._stop is not None or self._profit is not None
        self._all_taken = Verdict(
            Reason.MAX_POSITIONS, detail=f"buy signal, {max_positions} of {max_positions} slots taken", state=FLAT
        )

    def decide(self, signal: Signal, bar: Bar, view: BookView) -> Verdict:
        symbol = bar.symbol
        holding = view.holding(symbol)
        if holding is not None and self._has_exits:
            exit_verdict = self._stop_or_profit(holding, bar.close)
            if exit_verdict is not None:
                return exit_verdict
        if view.has_open_order(symbol):
            return _PENDING_FLAT if holding is None else _PENDING_LONG
        if signal.missing > 0:
            return Verdict(
                Reason.WARMING_UP,
                detail=f"{signal.missing} more bar{'s' if signal.missing > 1 else ''} needed",
                state=FLAT if holding is None else LONG,
            )
        direction = signal.direction
        if direction is _NEUTRAL:
            return _NEUTRAL_FLAT if holding is None else _NEUTRAL_LONG
        if direction is _RISES:
            return self._enter(symbol, view) if holding is None else _ALREADY_HELD
        if holding is None:
            return _NOTHING_HELD
        return Verdict(_EXIT, (Target(symbol, weight=0.0),), "sell signal", LONG, FLAT)

    def notional(self, equity: float, cash: float) -> float:
        """The cash a new position spends, costs included; at most `cash`, and never negative."""
        base = equity if self._sizing == "equity" else cash
        return max(0.0, min(self._position_size * base, cash))

    def _stop_or_profit(self, holding: Holding, close: float) -> Verdict | None:
        entry = holding.entry_price
        if self._stop is not None and close <= entry * self._stop:
            reason, word = Reason.STOP_LOSS, "Stop Loss"
        elif self._profit is not None and close >= entry * self._profit:
            reason, word = Reason.TAKE_PROFIT, "Take Profit"
        else:
            return None
        change = (close / entry - 1) * 100
        return Verdict(reason, (Target(holding.symbol, weight=0.0),), f"{word} ({change:+.2f} %)", LONG, FLAT)

    def _enter(self, symbol: str, view: BookView) -> Verdict:
        if view.positions >= self._max_positions:
            return self._all_taken
        cash = view.cash
        notional = self.notional(view.equity, cash)
        if notional < LEAST_NOTIONAL:
            return Verdict(Reason.NO_CASH, detail=f"buy signal, {cash:,.2f} left to spend", state=FLAT)
        return Verdict(_ENTER, (Target(symbol, notional=notional),), f"buy signal, spend {notional:,.2f}", FLAT, LONG)
