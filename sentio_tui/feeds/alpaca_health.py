"""What a connection to Alpaca says of itself and of its symbols: each state once, when it changes."""

from collections.abc import Callable, Iterable, Sequence

from sentio_tui.feeds.base import FeedItem, FeedWord
from sentio_tui.model.events import FeedStatus

_ENDS_WITH_A_BAR = frozenset({FeedStatus.CONNECTING, FeedStatus.QUIET, FeedStatus.STALE, FeedStatus.DOWN})


class Voice:
    """Speaks for a connection. Where it is the feed's only one, it speaks of the whole feed, else of each symbol.

    That the whole feed is live is said by the engine, at the first live bar: its clocks begin with that.
    """

    def __init__(
        self, symbols: Iterable[str], hand: Callable[[Sequence[FeedItem]], None], *, is_alone: bool, goes_on: bool
    ) -> None:
        """A session that `goes_on` may have been told anything before: it hears of each symbol's first live bar."""
        self._symbols = dict.fromkeys(symbols, FeedStatus.CONNECTING if goes_on else FeedStatus.LIVE)
        self._hand = hand
        self._is_alone = is_alone
        self._said = FeedStatus.LIVE, ""

    def begin(self) -> None:
        if self._is_alone:
            self.say(FeedStatus.CONNECTING, "")

    def say(self, status: FeedStatus, detail: str) -> None:
        """Of the connection, and so of all symbols."""
        if (status, detail) == self._said:
            return
        self._said = status, detail
        if self._is_alone:
            self._hand([FeedWord(status, detail)])
            return
        for symbol in self._symbols:
            self._symbols[symbol] = status
            self._hand([FeedWord(status, detail, symbol)])

    def say_of(self, symbol: str, status: FeedStatus, detail: str = "") -> None:
        if self._symbols[symbol] is not status:
            self._symbols[symbol] = status
            self._hand([FeedWord(status, detail, symbol)])

    def is_quiet(self, symbol: str) -> bool:
        return self._symbols[symbol] is FeedStatus.QUIET

    def spoke(self, symbol: str) -> None:
        """A live bar of the symbol follows. A hole in its past is still one."""
        self._said = FeedStatus.LIVE, ""
        if self._symbols[symbol] in _ENDS_WITH_A_BAR:
            self.say_of(symbol, FeedStatus.LIVE)

    def filled(self) -> None:
        """No symbol has a hole any more."""
        for symbol, status in self._symbols.items():
            if status is FeedStatus.GAP:
                self.say_of(symbol, FeedStatus.LIVE)
