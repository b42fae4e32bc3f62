"""Bars to learn from before the first one to trade on."""

from collections.abc import AsyncIterator, Sequence

from msgspec.structs import replace

from sentio_tui.feeds.base import Feed, FeedItem
from sentio_tui.model.bars import Bar, Millis


class WarmUp:
    """A feed of history whose bars before `live_from` are marked as back-filled: they come as fast as they can be
    read, strategies learn from them, and nothing is decided on them."""

    is_live: bool = False

    def __init__(self, feed: Feed, live_from: Millis) -> None:
        self.name = feed.name
        self._feed = feed
        self._live_from = live_from

    @property
    def begin(self) -> Millis | None:
        return self._feed.begin

    async def batches(self, skip: int = 0) -> AsyncIterator[Sequence[FeedItem]]:
        live_from = self._live_from
        async for batch in self._feed.batches(skip):
            yield (
                [
                    replace(item, backfilled=True) if isinstance(item, Bar) and item.time < live_from else item
                    for item in batch
                ]
                if _begins_before(batch, live_from)
                else batch
            )


def _begins_before(batch: Sequence[FeedItem], live_from: Millis) -> bool:
    first = next((item for item in batch if isinstance(item, Bar)), None)
    return first is not None and first.time < live_from
