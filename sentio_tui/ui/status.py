"""The two lines that never go away: the status line at the top and the key bar at the bottom."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from textual.content import Content
from textual.style import Style
from textual.widget import Widget

from sentio_tui.model.bars import MINUTE, Millis
from sentio_tui.model.events import FeedStatus, Phase
from sentio_tui.model.snapshot import Snapshot, SnapshotInfo
from sentio_tui.ui.formatting import clean
from sentio_tui.ui.watch import Condition

GAP: Final = Content.styled(" │ ", "$pane-border")

_PHASES: Final = {
    Phase.READY: ("○", "$muted"),
    Phase.RUNNING: ("●", "$success"),
    Phase.PAUSED: ("‖", "$warning"),
    Phase.STOPPING: ("◐", "$warning"),
    Phase.ENDED: ("■", "$muted"),
}
_FEED: Final = {
    FeedStatus.CONNECTING: "$muted",
    FeedStatus.LIVE: "$success",
    FeedStatus.QUIET: "$muted",
    FeedStatus.STALE: "$stale",
    FeedStatus.GAP: "$stale",
    FeedStatus.DOWN: "$error",
    FeedStatus.ENDED: "$muted",
}


@dataclass(frozen=True)
class Part:
    """One part of the status line: the same said ever shorter. The higher the rank, the sooner it is shortened and
    left out; rank 0 is shortened but never left out."""

    rank: int
    forms: tuple[Content, ...]


def fit(left: Sequence[Part], right: Sequence[Part], width: int) -> Content:
    """The parts in one line of exactly `width` cells, `right` at its right edge.

    Parts become shorter, the least important first, until all fit; then the least important are left out.
    """
    parts = [*left, *right]
    form = dict.fromkeys(range(len(parts)), 0)
    order = sorted(form, key=lambda index: -parts[index].rank)
    steps = [index for index in order for _ in parts[index].forms[1:]]
    steps += [index for index in order if parts[index].rank]

    def row(indices: Sequence[int]) -> Content:
        shown = [parts[index].forms[form[index]] for index in indices if form[index] < len(parts[index].forms)]
        return GAP.join(shown)

    lefts, rights = range(len(left)), range(len(left), len(parts))
    for index in steps:
        if row(lefts).cell_length + row(rights).cell_length + 3 <= width:
            break
        form[index] += 1
    start, end = row(lefts), row(rights)
    space = width - start.cell_length - end.cell_length - 1
    if space < 1:
        return (start + GAP + end).truncate(width, ellipsis=True)
    return Content.assemble(start, " " * space, end, " ")


def status_parts(condition: Condition) -> tuple[list[Part], list[Part]]:
    """What stands at the left of the status line and what at the right."""
    snapshot = condition.snapshot
    badge = Content.styled(f" {condition.mode.value.upper()} ", f"$mode-text on $mode-{condition.mode.value}")
    left = [Part(0, (badge.stylize("$badge-style"),)), Part(0, _phase(condition))]
    if snapshot is None:
        return left, []
    left.append(Part(0, _feed(snapshot)))
    if snapshot.faults:
        parts = clean(", ".join(snapshot.faults))
        left.append(
            Part(1, (Content.styled(f"✖ fault: {parts}", "bold $error"), Content.styled("✖ fault", "bold $error")))
        )
    if condition.alarms:
        many = f"▲ {condition.alarms} alarm" + "s" * (condition.alarms > 1)
        left.append(Part(2, (Content.styled(many, "$error"), Content.styled(f"▲ {condition.alarms}", "$error"))))
    if snapshot.first is not None:
        duration = Content.styled(span(snapshot.at - snapshot.first), "$foreground")
        left.append(Part(3, (Content.assemble(("session ", "$muted"), duration), duration)))
    left += _identity(snapshot.info)
    return left, [Part(0, market_time(snapshot))]


def _phase(condition: Condition) -> tuple[Content, ...]:
    snapshot = condition.snapshot
    why = clean(condition.why)
    if condition.failure:
        word = Content.styled("✖ failed" if snapshot is not None else "✖ not started", "bold $error")
        return Content.assemble(word, (f": {clean(condition.failure)}", "$error")), word
    if condition.launching:
        return (Content.styled("◌ starting", "$primary"),)
    if snapshot is None:
        return (Content.styled("○ no session", "$muted"),)
    phase = Phase.ENDED if condition.is_over else snapshot.phase
    glyph, style = _PHASES[phase]
    word = Content.assemble((f"{glyph} ", style), (phase.value, "bold"))
    more = why if phase is Phase.ENDED else clean(snapshot.waiting) if phase is Phase.STOPPING else ""
    return (Content.assemble(word, (f": {more}", "$muted")), word) if more else (word,)


def _feed(snapshot: Snapshot) -> tuple[Content, ...]:
    feed = snapshot.feed
    word = Content.assemble(("feed ", "$muted"), (feed.status.value, _FEED[feed.status]))
    if feed.last is None:
        return Content.assemble(word, (" · no bar yet", "$muted")), word
    age = f" {span(max(0, snapshot.at - feed.last - MINUTE))}"
    return Content.assemble(word, " · last bar", age, (" ago", "$muted")), Content.assemble(word, age)


def _identity(info: SnapshotInfo) -> list[Part]:
    parts = []
    if info.books:
        book = info.books[0]
        more = f" +{len(info.books) - 1}" if len(info.books) > 1 else ""
        short = Content(clean(book.strategy) + more)
        parts.append(Part(4, (Content.assemble(short, (f" {clean(book.preset)}", "$muted")), short)))
    speed = "at full speed" if not info.speed else f"{info.speed:g}×"
    parts.append(Part(5, (Content.styled(speed, "$muted"),)))
    parts.append(Part(6, (Content.styled(clean(info.name), "$muted"),)))
    return parts


def market_time(snapshot: Snapshot) -> tuple[Content, ...]:
    """The market's date and time in the exchange's zone, ever shorter."""
    now = datetime.fromtimestamp(snapshot.at / 1000, tz=zone(snapshot.info.clock_zone))
    clock, name = f"{now:%H:%M:%S}", f" {now:%Z}"
    return (
        Content.assemble((f"{now:%a %Y-%m-%d} ", "$muted"), (clock, "bold"), name),
        Content.assemble((f"{now:%a} ", "$muted"), (clock, "bold"), name),
    )


def zone(name: str) -> ZoneInfo:
    """The exchange's zone; UTC for a name this machine does not know."""
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return ZoneInfo("UTC")


def span(milliseconds: Millis) -> str:
    """A length of time in its two largest units: "12s", "3m 05s", "2h 05m", "3d 4h"."""
    seconds = milliseconds // 1000
    if seconds < 60:
        return f"{seconds}s"
    if seconds < 3600:
        return f"{seconds // 60}m {seconds % 60:02}s"
    if seconds < 86_400:
        return f"{seconds // 3600}h {seconds % 3600 // 60:02}m"
    return f"{seconds // 86_400}d {seconds % 86_400 // 3600}h"


class StatusLine(Widget):
    """Mode, phase, feed and market time, whatever the width; more where there is room."""

    DEFAULT_CSS = """
    StatusLine { height: 1; width: 100%; background: $panel; color: $foreground; }
    """

    def __init__(self, id: str = "status") -> None:
        super().__init__(id=id)
        self._parts: tuple[list[Part], list[Part]] = ([], [])

    def show(self, condition: Condition) -> None:
        parts = status_parts(condition)
        if parts != self._parts:
            self._parts = parts
            self.refresh()

    def render(self) -> Content:
        return fit(*self._parts, self.size.width)


@dataclass(frozen=True)
class KeyHint:
    """A key and what it does; `action_id` is what a click does, and what cannot be done now is greyed."""

    key: str
    label: str
    action_id: str
    enabled: bool = True


class KeyBar(Widget):
    """As many keys as fit, the most important first. A click on one does what the key does."""

    DEFAULT_CSS = """
    KeyBar { height: 1; width: 100%; background: $panel; color: $foreground; }
    """

    def __init__(self, id: str = "keys") -> None:
        super().__init__(id=id)
        self._hints: tuple[KeyHint, ...] = ()

    def show(self, hints: tuple[KeyHint, ...]) -> None:
        if hints != self._hints:
            self._hints = hints
            self.refresh()

    def render(self) -> Content:
        line = Content(" ")
        for hint in self._hints:
            key, label = ("$muted", "$muted dim") if not hint.enabled else ("bold $accent-line", "$foreground")
            entry = Content.assemble((hint.key, key), (f" {hint.label}", label))
            if line.cell_length + entry.cell_length + 2 > self.size.width:
                break
            if hint.action_id:
                entry = entry.stylize(Style.from_meta({"@click": f"screen.act('{hint.action_id}')"}))
            line = Content.assemble(line, entry, "  ")
        return line
