"""Limits that stand between a verdict and an order."""

from collections import deque
from typing import Final

from msgspec import Struct

from sentio_tui.engine.state import State
from sentio_tui.model.bars import MINUTE, Millis

RISK: Final = "risk:"
"""Faults of a part with this prefix are limits that tripped: they block entries, never exits, until re-armed."""


class Limits(Struct, frozen=True):
    """0 switches a limit off. `daily_loss` and `drawdown` are fractions of equity."""

    daily_loss: float = 0.0
    drawdown: float = 0.0
    orders_per_minute: int = 0


class Risk:
    """Watches the limits of one session. Deterministic: it knows only the state and the times it is given."""

    def __init__(self, limits: Limits, state: State) -> None:
        self._limits = limits
        self._state = state
        self._recent: deque[Millis] = deque()
        self._armed_peak = 0.0
        """The highest equity since the drawdown was lifted; 0.0 when it never was."""
        self._armed_day = (0, 0.0)
        """The number of the day on which the daily loss was lifted, and the equity then."""

    def tripped(self) -> list[tuple[str, str]]:
        """The limits beyond which the session now is and that have not been reported: (part, text)."""
        limits, state = self._limits, self._state
        found = []
        if limits.drawdown and RISK + "drawdown" not in state.faults:
            if self._armed_peak:
                self._armed_peak = max(self._armed_peak, state.equity)
            reference = self._armed_peak or state.curve.peak
            loss = 1.0 - state.equity / reference
            if loss > limits.drawdown:
                text = f"equity is {loss:.2%} below its peak, the limit is {limits.drawdown:.2%}"
                found.append((RISK + "drawdown", text))
        if limits.daily_loss and RISK + "daily_loss" not in state.faults:
            start = self._day_start()
            loss = 1.0 - state.equity / start
            if loss > limits.daily_loss:
                text = f"equity is {loss:.2%} below the day's start, the limit is {limits.daily_loss:.2%}"
                found.append((RISK + "daily_loss", text))
        return found

    def new_day(self) -> list[str]:
        """The limits a new exchange day lifts."""
        return [part for part in (RISK + "daily_loss",) if part in self._state.faults]

    def rearm(self) -> list[str]:
        """The limits a person lifts by starting again. They then count from the present equity."""
        parts = [part for part in self._state.faults if part.startswith(RISK)]
        if RISK + "drawdown" in parts:
            self._armed_peak = self._state.equity
        if RISK + "daily_loss" in parts:
            self._armed_day = (len(self._state.curve.daily()), self._state.equity)
        return parts

    def too_many_orders(self, at: Millis) -> bool:
        """Whether one more order now would exceed the most in a minute. Counts it if not."""
        most = self._limits.orders_per_minute
        if not most:
            return False
        recent = self._recent
        while recent and at - recent[0] >= MINUTE:
            recent.popleft()
        if len(recent) >= most:
            return True
        recent.append(at)
        return False

    def _day_start(self) -> float:
        """Equity at the end of the day before, the capital on the first day, or what a person began again with."""
        armed_on, equity = self._armed_day
        if armed_on and armed_on == len(self._state.curve.daily()):
            return equity
        return day_start(self._state)


def day_start(state: State) -> float:
    """What a daily loss is measured from: equity at the end of the exchange day before, the capital on the first."""
    days = state.curve.daily()
    return days[-2][1] if len(days) > 1 else state.info.capital
