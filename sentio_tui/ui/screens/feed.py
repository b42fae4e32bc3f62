"""How the feed is: of all of it, and of each symbol."""

from collections.abc import Callable, Iterator
from typing import ClassVar, Final

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from sentio_tui.model.events import FeedStatus
from sentio_tui.model.snapshot import FeedHealth, Snapshot
from sentio_tui.ui.formatting import MISSING, age, clean, left, price, right

EVERY: Final = 1.0
"""Seconds between two looks."""

STYLES: Final = {
    FeedStatus.CONNECTING: "$muted",
    FeedStatus.LIVE: "$success",
    FeedStatus.QUIET: "$muted",
    FeedStatus.STALE: "$stale",
    FeedStatus.GAP: "$stale",
    FeedStatus.DOWN: "$error",
    FeedStatus.ENDED: "$muted",
}

_COLUMNS: Final = (("Symbol", 10), ("Feed", 10), ("Bar ago", 8), ("Price", 12), ("Bars", 8), ("Dropped", 8))
_WHAT: Final = {
    FeedStatus.QUIET: "Quiet: connected, and nothing trades.",
    FeedStatus.STALE: "Stale: no bar for too long; nothing is bought.",
    FeedStatus.GAP: "Gap: bars are missing and being fetched.",
    FeedStatus.DOWN: "Down: cut off; nothing is bought.",
}


class FeedScreen(ModalScreen[None]):
    """Follows the session while it is open. Scrolls with the arrows; the key that opened it or escape closes it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,i,ctrl+c,ctrl+q", "dismiss", "Close", show=False),
        Binding("j", "scroll_on(1)", show=False),
        Binding("k", "scroll_on(-1)", show=False),
    ]

    def __init__(self, newest: Callable[[], Snapshot | None]) -> None:
        super().__init__()
        self._newest = newest

    def compose(self) -> ComposeResult:
        with VerticalScroll(classes="dialog feed") as box:
            box.border_title = " Feed "
            box.border_subtitle = " esc closes "
            yield Static(classes="feed--health")

    def on_mount(self) -> None:
        self._show()
        self.set_interval(EVERY, self._show)

    def action_scroll_on(self, lines: int) -> None:
        self.query_one(VerticalScroll).scroll_relative(y=lines, animate=False)

    def _show(self) -> None:
        snapshot = self._newest()
        lines = [Content("There is no session.")] if snapshot is None else [*_lines(snapshot)]
        self.query_one(".feed--health", Static).update(Content("\n").join(lines))


def _lines(snapshot: Snapshot) -> Iterator[Content]:
    feed = snapshot.feed
    yield Content.assemble(f"{clean(snapshot.info.feed)}: ", (feed.status.value, STYLES[feed.status]))
    if feed.detail:
        yield Content.styled(clean(feed.detail), "$muted")
    yield Content("")
    (first, width), (second, wide), *others = _COLUMNS
    heading = [left(first, width), left(second, wide), *(right(name, cells) for name, cells in others)]
    yield Content.styled("".join(heading), "$muted")
    yield from _rows(feed, snapshot)
    seen = [_WHAT[status] for status in _WHAT if status in {feed.status, *(each.status for each in feed.symbols)}]
    if seen:
        yield Content("")
        yield from (Content.styled(text, "$muted") for text in seen)


def _rows(feed: FeedHealth, snapshot: Snapshot) -> Iterator[Content]:
    widths = [cells for _, cells in _COLUMNS]
    for each in feed.symbols:
        told = (
            MISSING if each.last is None else age(snapshot.at - each.last),
            price(each.price, widths[3] - 1) + ("~" if each.synthetic else ""),
            f"{each.bars:,}",
            f"{each.dropped:,}" if each.dropped else "",
        )
        yield Content.assemble(
            left(each.symbol, widths[0] - 1) + " ",
            (left(each.status.value, widths[1]), STYLES[each.status]),
            "".join(right(text, cells) for text, cells in zip(told, widths[2:], strict=True)),
        )
    if any(each.synthetic for each in feed.symbols):
        yield Content.styled("~ made from the base's bar, or filled forward", "$muted")
