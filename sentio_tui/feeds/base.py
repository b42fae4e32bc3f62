"""What a feed is: where bars come from."""

from collections.abc import AsyncIterator, Sequence
from typing import Protocol

from msgspec import Struct

from sentio_tui.model.bars import Bar, Millis
from sentio_tui.model.events import FeedStatus


class FeedWord(Struct, frozen=True):
    """What a feed says of itself; `symbol` is empty when it speaks of all of them."""

    status: FeedStatus
    detail: str = ""
    symbol: str = ""


FeedItem = Bar | FeedWord


class FeedError(Exception):
    """The feed cannot be opened as configured: names the file or setting, and what to do."""


class Feed(Protocol):
    """Bars of all symbols in order of time, as batches.

    A feed of history (`is_live` False) yields as fast as it is read; the session paces it by the bars' time. A live
    feed yields when something arrived. Opening reads nothing; the first batch may raise FeedError.
    Bars are handed on as they came: the engine validates them.
    """

    @property
    def name(self) -> str: ...

    @property
    def is_live(self) -> bool: ...

    @property
    def begin(self) -> Millis | None:
        """The market time at which a feed of history begins, where it is known; None for a live one."""
        ...

    def batches(self, skip: int = 0) -> AsyncIterator[Sequence[FeedItem]]:
        """All items, or those after the first `skip` bars (where a resumed session goes on)."""
        ...
