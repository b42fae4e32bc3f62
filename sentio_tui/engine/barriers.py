"""What may stand between a verdict and its orders, apart from the machine's own rules."""

from collections.abc import Mapping, Sequence
from typing import Final

from sentio_tui.engine.end_of_day import EndOfDay
from sentio_tui.engine.risk import RISK
from sentio_tui.engine.state import State
from sentio_tui.market.calendar import Calendar
from sentio_tui.model.bars import MINUTE, Bar, Millis
from sentio_tui.model.decisions import Reason, Target
from sentio_tui.model.events import FeedStatus, Phase

_REDUCING: Final = frozenset({Reason.EXIT, Reason.STOP_LOSS, Reason.TAKE_PROFIT, Reason.LIQUIDATE})
_NO_ENTRY: Final = frozenset({FeedStatus.STALE, FeedStatus.DOWN})
_RUNNING: Final = Phase.RUNNING
_STOPPING: Final = Phase.STOPPING


class Barriers:
    """Decides whether a verdict may become orders now."""

    def __init__(self, state: State, hours: Mapping[str, Calendar], patience: Millis, end_of_day: EndOfDay) -> None:
        self._state = state
        self._end_of_day = end_of_day
        self._hours = hours
        self._patience = patience

    def against(
        self, book: str, reason: Reason, targets: Sequence[Target], bar: Bar, at: Millis
    ) -> tuple[Reason, str] | None:
        """The reason and the words of what forbids it, or None. Exits pass where only entries are forbidden."""
        state = self._state
        if state.phase is _STOPPING:
            return Reason.STOPPING, "every position is being closed"
        for part, text in state.faults.items():
            if not part.startswith(RISK):
                return Reason.HALTED, f"{part}: {text}"
        if bar.backfilled or at - (bar.time + MINUTE) > self._patience:
            return Reason.FEED_STALE, "the bar is old news"
        if reason in _REDUCING:
            return None
        if state.phase is not _RUNNING:
            return Reason.PAUSED, "no entries while paused"
        for text in state.faults.values():
            return Reason.RISK_LIMIT, text
        if state.feed_status in _NO_ENTRY:
            return Reason.FEED_STALE, "no entries on a stale feed"
        for target in targets:
            if target.weight != 0.0 and state.symbol_status.get(target.symbol) in _NO_ENTRY:
                return Reason.FEED_STALE, f"the price of {target.symbol} is stale"
        if not self._hours[bar.symbol].is_open(at):
            return Reason.OUTSIDE_HOURS, "the exchange is closed"
        return self._end_of_day.forbids(book, at)
