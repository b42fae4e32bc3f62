"""What may stand between a verdict and its orders, apart from the machine's own rules."""

from collections.abc import Sequence
from typing import Final

from sentio_tui.engine.risk import RISK
from sentio_tui.engine.state import State
from sentio_tui.engine.trading_hours import CLOSED, BarredBy, TradingHours
from sentio_tui.model.bars import MINUTE, Bar, Millis
from sentio_tui.model.decisions import Reason, Target
from sentio_tui.model.events import FeedStatus, Phase

_REDUCING: Final = frozenset({Reason.EXIT, Reason.STOP_LOSS, Reason.TAKE_PROFIT, Reason.LIQUIDATE})
_NO_ENTRY: Final = frozenset({FeedStatus.STALE, FeedStatus.DOWN})
_RUNNING: Final = Phase.RUNNING
_STOPPING: Final = Phase.STOPPING


class Barriers:
    """Decides whether a verdict may become orders now."""

    def __init__(self, state: State, hours: TradingHours, patience: Millis, *, account_first: bool = False) -> None:
        """`account_first`: nothing passes before a broker has reported its account."""
        self._account_first = account_first
        self._state = state
        self._hours = hours
        self.closing: Final = hours.with_closes
        """The symbols of which a bar may be outside hours: of all others nothing forbids a verdict without orders."""
        self._patience = patience

    def against(self, book: str, reason: Reason, targets: Sequence[Target], bar: Bar, at: Millis) -> BarredBy | None:
        """The reason and the words of what forbids it, or None. Exits pass where only entries are forbidden.

        A bar outside its exchange's hours leads to nothing and says so, whatever else its verdict was (T-02); nor does
        anybody trade on the last bar of a day, which is known when the exchange has closed.
        """
        if not targets:
            return None if self._hours.is_open(bar.symbol, bar.time) else CLOSED
        state = self._state
        if state.phase is _STOPPING:
            return Reason.STOPPING, "every position is being closed"
        for part, text in state.faults.items():
            if not part.startswith(RISK):
                return Reason.HALTED, f"{part}: {text}"
        if self._account_first and state.reported is None:
            return Reason.HALTED, "the broker's account is not known yet"
        if bar.backfilled or at - (bar.time + MINUTE) > self._patience:
            return Reason.FEED_STALE, "the bar is old news"
        closed = self._outside_hours(book, targets, bar, at)
        if closed is not None or reason in _REDUCING:
            return closed
        if state.phase is not _RUNNING:
            return Reason.PAUSED, "no entries while paused"
        for text in state.faults.values():
            return Reason.RISK_LIMIT, text
        if state.feed_status in _NO_ENTRY:
            return Reason.FEED_STALE, "no entries on a stale feed"
        for target in targets:
            # By the clock too: on a day's first bar another symbol's newest price is that of the evening before.
            if target.weight != 0.0 and (
                state.symbol_status.get(target.symbol) in _NO_ENTRY or state.stale(target.symbol, at, self._patience)
            ):
                return Reason.FEED_STALE, f"the price of {target.symbol} is stale"
        for target in targets:
            if target.weight != 0.0 and (barred := self._hours.against_entry(book, target.symbol, at)) is not None:
                return barred
        return None

    def _outside_hours(self, book: str, targets: Sequence[Target], bar: Bar, at: Millis) -> BarredBy | None:
        hours = self._hours
        if not (hours.is_open(bar.symbol, bar.time) and hours.is_open(bar.symbol, at)):
            return CLOSED
        held = self._state.accounts[book].positions
        for target in targets:
            if target.symbol != bar.symbol and (target.weight != 0.0 or target.symbol in held):
                closed = hours.against_order(target.symbol, at)
                if closed is not None:
                    return closed
        return None
