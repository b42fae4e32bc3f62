"""Looks at which symbols are silent (T-01, T-24), whenever one could have become so, and raises alarms for that and for
a feed that is stale or down.

A feed may know why a symbol has no bar: that nothing trades in it (QUIET), or that it is cut off itself (DOWN). Then
that is what is shown. Whoever wants to enter asks for the age of the price all the same.
"""

from collections.abc import Callable, Mapping
from typing import Final

from sentio_tui.engine.state import State
from sentio_tui.market.calendar import Calendar
from sentio_tui.model.bars import MINUTE, Millis
from sentio_tui.model.events import AnyEvent, FeedReported, FeedStatus, Level, Noted

_STALE: Final = FeedStatus.STALE
_EXPLAINED: Final = frozenset({FeedStatus.QUIET, FeedStatus.DOWN})
_CUT_OFF: Final = frozenset({FeedStatus.STALE, FeedStatus.DOWN})

FIRST_BAR_WITHIN: Final = 3 * MINUTE
"""A symbol without any bar after this much open market raises an alarm, unless patience is longer."""


class Watch:
    """Reports symbols that never speak, fall silent, or speak again."""

    def __init__(
        self, state: State, hours: Mapping[str, Calendar], patience: Millis, emit: Callable[[AnyEvent], None]
    ) -> None:
        self._state = state
        self._hours = hours
        self._patience = patience
        self._emit = emit
        self._never: set[str] = set()
        self._cut_off: tuple[FeedStatus, str] | None = None
        self.due: Millis = 0
        """When to look next."""

    def told(self, status: FeedStatus, detail: str, symbol: str, at: Millis) -> None:
        """The feed's own word, on `symbol` or, where that is empty, on all of it."""
        state = self._state
        before = state.symbol_status.get(symbol) if symbol else state.feed_status
        self._emit(FeedReported(state.seq + 1, at, status, detail, symbol))
        if status not in _CUT_OFF:
            self._cut_off = None
        elif before not in _CUT_OFF and (status, detail) != self._cut_off:
            self._cut_off = status, detail  # of several symbols the first stands for all
            of = f" of {symbol}" if symbol else ""
            text = f"the feed{of} is {status}: {detail or 'it does not say why'}; no entries"
            self._alarm(f"feed_{status}", text, at)

    def look(self, at: Millis) -> None:
        """Report what changed, and set `due` to the earliest time at which something more could."""
        state = self._state
        patience = self._patience
        due = at + max(MINUTE, patience) + 1
        for symbol in state.info.symbols:
            bar = state.bars.get(symbol)
            status = state.symbol_status.get(symbol)
            was_stale = status is _STALE
            if bar is not None and not was_stale and at - bar.time - MINUTE <= patience:
                stale_at = bar.time + MINUTE + patience + 1
                if stale_at < due:
                    due = stale_at
                continue
            due = min(due, at + MINUTE)
            open_since = self._open_since(symbol, at)
            if open_since is None:
                continue
            if bar is None:
                within = max(FIRST_BAR_WITHIN, patience)
                if symbol not in self._never and at - open_since >= within:
                    self._never.add(symbol)
                    text = f"no bar of {symbol} in {within / MINUTE:g} minutes of open market"
                    self._alarm("symbol_silent", text, at)
                continue
            is_stale = at - max(bar.time + MINUTE, open_since) > self._patience
            if is_stale and not was_stale and status not in _EXPLAINED:
                self._emit(FeedReported(state.seq + 1, at, _STALE, "", symbol))
                self._alarm("symbol_stale", f"no bar of {symbol} for {self._patience // 1000} s; no entries in it", at)
            elif was_stale and not is_stale:
                self._emit(FeedReported(state.seq + 1, at, FeedStatus.LIVE, "", symbol))
                self._emit(Noted(state.seq + 1, at, Level.INFO, "symbol_back", f"bars of {symbol} come again"))
        self.due = due

    def _alarm(self, code: str, text: str, at: Millis) -> None:
        self._emit(Noted(self._state.seq + 1, at, Level.ALARM, code, text))

    def _open_since(self, symbol: str, at: Millis) -> Millis | None:
        """Since when the symbol's market has been open within this session; None while it is closed."""
        calendar = self._hours[symbol]
        if not calendar.is_open(at - 1):
            return None
        first = self._state.first
        begun = self._state.begun if first is None else first
        hours = calendar.session(calendar.day_of(at - 1))
        return begun if hours is None else max(begun, hours[0])
