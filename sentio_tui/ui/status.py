"""The two lines that never go away: the status line at the top and the key bar at the bottom."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from textual import events
from textual.content import Content
from textual.style import Style
from textual.widget import Widget

from sentio_tui.model.events import FeedStatus, Mode, Phase
from sentio_tui.model.snapshot import FeedHealth, Snapshot, SnapshotInfo
from sentio_tui.sessions.base import Place
from sentio_tui.sessions.wheel import Seat
from sentio_tui.ui.formatting import age, clean, clock, duration
from sentio_tui.ui.market import SOON, clock_briefly
from sentio_tui.ui.monitor import Condition
from sentio_tui.ui.screens.feed import STYLES as FEED_STYLES

GAP: Final = Content.styled(" │ ", "$pane-border")

_PHASES: Final = {
    Phase.READY: ("○", "$muted"),
    Phase.RUNNING: ("●", "$success"),
    Phase.PAUSED: ("‖", "$warning"),
    Phase.STOPPING: ("◐", "$warning"),
    Phase.ENDED: ("■", "$muted"),
}
_TROUBLE: Final = (FeedStatus.GAP, FeedStatus.STALE, FeedStatus.DOWN)
"""From bad to worse."""

LUXURY: Final = 7
"""Parts of this rank and above are shown only where all others stand at full length."""


@dataclass(frozen=True)
class Part:
    """One part of the status line: the same said ever shorter. The lower the rank, the more it matters; rank 0 is
    always there."""

    rank: int
    forms: tuple[Content, ...]


def fit(left: Sequence[Part], right: Sequence[Part], width: int) -> Content:
    """The parts in one line of exactly `width` cells, `right` at its right edge.

    The most important are put in first, at their shortest, as long as there is room; then, in the same order, they
    take longer forms.
    """
    parts = [*left, *right]
    lefts, rights = range(len(left)), range(len(left), len(parts))
    form = [len(part.forms) - (part.rank == 0) for part in parts]

    def row(indices: Sequence[int]) -> Content:
        shown = [parts[index].forms[form[index]] for index in indices if form[index] < len(parts[index].forms)]
        return GAP.join(shown) if shown else Content("")

    def room() -> int:
        """Cells between the two sides, and one at the edge; below two it is too tight."""
        return width - row(lefts).cell_length - row(rights).cell_length - 1

    def try_form(index: int, new: int) -> bool:
        old, form[index] = form[index], new
        if room() < 2:
            form[index] = old
        return form[index] == new

    by_rank = sorted(range(len(parts)), key=lambda index: parts[index].rank)
    for index in by_rank:
        if parts[index].rank < LUXURY:
            try_form(index, min(form[index], len(parts[index].forms) - 1))
    for index in by_rank:
        any(try_form(index, longer) for longer in range(form[index]))
    if room() < 1:
        return (row(lefts) + GAP + row(rights)).truncate(width, ellipsis=True, pad=True)
    return Content.assemble(row(lefts), " " * room(), row(rights), " ")


def status_parts(condition: Condition) -> tuple[list[Part], list[Part]]:
    """What stands at the left of the status line and what at the right."""
    snapshot = condition.snapshot
    if condition.place is not None and snapshot is not None:
        return _past_parts(condition, condition.place, snapshot)
    left = [Part(0, (_badge(condition.mode),)), Part(0, _phase(condition))]
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
    if not condition.is_over or (condition.seat.cut_off and not condition.failure):
        left += _seat(condition.seat, condition.is_ours)
    if snapshot.first is not None:
        lasted = Content.styled(duration(snapshot.at - snapshot.first), "$foreground")
        left.append(Part(4, (Content.assemble(("session ", "$muted"), lasted), lasted)))
    left += _identity(snapshot.info, Part(6, (Content.styled(_pace(snapshot.info), "$muted"),)))
    return left, [*_hours(snapshot), Part(0, _market_time(snapshot))]


def _past_parts(condition: Condition, place: Place, snapshot: Snapshot) -> tuple[list[Part], list[Part]]:
    """The same of a recording. Nothing in it may look as if it were now."""
    # A session on recorded data is a replay in another sense than this one.
    text = "recorded data" if condition.mode is Mode.REPLAY else condition.mode.value
    mode, aside = Content(text), Content.styled(f"{text} ", "$muted")
    if condition.mode is Mode.LIVE:
        mode, aside = _badge(condition.mode), _badge(condition.mode) + " "
    sign = f"▶ {place.speed:g}×" if place.is_playing else "‖"
    word, colour = ("LOOKING BACK", "$warning") if condition.looks_back else ("REPLAY", "$mode-replay")
    badge = Content.styled(f" {word} {sign} ", f"$mode-text on {colour}").stylize("$badge-style")
    left = [Part(0, (badge,))]
    if condition.behind is None:
        left.append(Part(0, (Content.assemble(("of a session: ", "$muted"), mode), mode)))
    else:
        glyph, style = _PHASES[condition.behind]
        now = Content.assemble(aside, (f"{glyph} ", style), condition.behind.value)
        left.append(Part(0, (now + Content.styled(" now", "$muted"), now)))
    if condition.failure:
        left.append(Part(1, (Content.styled("✖ failed", "bold $error"),)))
    if condition.looks_back:
        left += _seat(condition.seat, condition.is_ours)
    if condition.looks_back and condition.alarms:
        left.append(Part(2, (Content.styled(f"▲ {condition.alarms}", "$error"),)))
    then = Content.assemble(("was ", "$muted"), snapshot.phase.value)
    left.append(Part(2, (then,)))
    feed = Content.assemble(("feed was ", "$muted"), (snapshot.feed.status.value, FEED_STYLES[snapshot.feed.status]))
    left.append(Part(3, (feed,)))
    if snapshot.faults:
        left.append(Part(3, (Content.styled(f"✖ fault then: {clean(', '.join(snapshot.faults))}", "$error"),)))
    return left + _identity(snapshot.info), [*_hours(snapshot), Part(0, _market_time(snapshot))]


def _badge(mode: Mode) -> Content:
    return Content.styled(f" {mode.value.upper()} ", f"$mode-text on $mode-{mode.value}").stylize("$badge-style")


def _phase(condition: Condition) -> tuple[Content, ...]:
    snapshot = condition.snapshot
    why = clean(condition.why)
    if condition.failure:
        word = Content.styled("✖ failed" if snapshot is not None else "✖ not started", "bold $error")
        return Content.assemble(word, (f": {clean(condition.failure)}", "$error")), word
    if condition.launching:
        word = Content.styled("◌ starting", "$primary")
        step = clean(condition.launch_step)
        return (Content.assemble(word, (f": {step}", "$muted")), word) if step else (word,)
    if snapshot is None:
        return (Content.styled("○ no session", "$muted"),)
    phase = Phase.ENDED if condition.is_over else snapshot.phase
    glyph, style = _PHASES[phase]
    word = Content.assemble((f"{glyph} ", style), (phase.value, "bold"))
    more = why if phase is Phase.ENDED else clean(snapshot.waiting) if phase is Phase.STOPPING else ""
    return (Content.assemble(word, (f": {more}", "$muted")), word) if more else (word,)


def _seat(seat: Seat, is_ours: bool) -> list[Part]:
    """Who drives, as soon as that is a question, and whether the session goes on without this screen."""
    if seat.cut_off:
        word = Content.styled("✖ cut off", "bold $error")
        return [Part(1, (Content.assemble(word, (f": {clean(seat.cut_off)}", "$error")), word))]
    if seat.drives:
        others = seat.viewers - 1
        if others > 0:
            many = f"{others} watch" + "es" * (others == 1)
            return [Part(3, (Content.styled(f"you drive, {many}", "$muted"), Content.styled("you drive", "$muted")))]
        return [] if is_ours else [Part(3, (Content.styled("attached", "$muted"),))]
    if not seat.viewers:
        return []
    who = clean(seat.driver) or "nobody"
    short = Content.styled(f"{who} drives", "$warning")
    return [Part(2, (Content.assemble("only watching, ", short) if seat.barred else short, short))]


def _feed(snapshot: Snapshot) -> tuple[Content, ...]:
    feed = snapshot.feed
    word = Content.assemble(("feed ", "$muted"), (feed.status.value, FEED_STYLES[feed.status]))
    if feed.last is None:
        return Content.assemble(word, (" · no bar yet", "$muted")), word
    since = age(snapshot.at - feed.last)
    forms = [Content.assemble(word, (" · last bar ", "$muted"), since, (" ago", "$muted")), word + f" {since}"]
    return tuple(form + trouble for trouble in _troubled(feed) for form in forms)


def _troubled(feed: FeedHealth) -> tuple[Content, ...]:
    """The symbols that are worse off than the whole feed, in the words of the worst; by name, else how many."""
    worse = [health for health in feed.symbols if health.status in _TROUBLE and health.status is not feed.status]
    if not worse:
        return (Content(""),)
    worst = max((health.status for health in worse), key=_TROUBLE.index)
    names = [health.symbol for health in worse if health.status is worst]
    style = FEED_STYLES[worst]
    return (
        Content.styled(f" · {clean(', '.join(names))} {worst.value}", style),
        Content.styled(f" · {len(names)} of {len(feed.symbols)} {worst.value}", style),
    )


def _identity(info: SnapshotInfo, *more: Part) -> list[Part]:
    """Strategy and name of a session, and what stands between them."""
    parts = []
    if info.books:
        book = info.books[0]
        others = f" +{len(info.books) - 1}" if len(info.books) > 1 else ""
        short = Content(clean(book.strategy) + others)
        parts.append(Part(5, (Content.assemble(short, (f" {clean(book.preset)}", "$muted")), short)))
    return [*parts, *more, Part(LUXURY, (Content.styled(clean(info.name), "$muted"),))]


def _pace(info: SnapshotInfo) -> str:
    """How fast a market of history goes; in that of now, who fills the orders."""
    if info.mode in (Mode.PAPER, Mode.LIVE):
        return "filled here" if info.broker == "paper" else clean(info.broker)
    return "at full speed" if not info.speed else f"{info.speed:g}×"


def _hours(snapshot: Snapshot) -> list[Part]:
    """What the market does next."""
    hours = snapshot.clock
    if hours is None:
        return []
    style = "$warning" if hours.is_open and hours.closes - snapshot.at <= SOON else "$muted"
    forms = clock_briefly(hours, snapshot.at)
    return [Part(3, tuple(Content.styled(form, style) for form in forms))] if forms else []


def _market_time(snapshot: Snapshot) -> tuple[Content, ...]:
    """The market's date and time in the exchange's zone, ever shorter."""

    def form(date: str) -> Content:
        day, time, zone = (clock(snapshot.at, snapshot.info.clock_zone, part) for part in (date, "%H:%M:%S", "%Z"))
        return Content.assemble((f"{day} ", "$muted"), (time, "bold"), f" {zone}")

    return form("%a %Y-%m-%d"), form("%a")


class StatusLine(Widget):
    """Mode, phase, feed and market time, whatever the width; more where there is room."""

    DEFAULT_CSS = """
    StatusLine { height: 1; width: 100%; background: $panel; color: $foreground; }
    """

    def __init__(self) -> None:
        super().__init__(id="status")
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

    def __init__(self) -> None:
        super().__init__(id="keys")
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
                entry = entry.stylize(Style.from_meta({"action": hint.action_id}))
            line = Content.assemble(line, entry, "  ")
        return line

    async def on_click(self, event: events.Click) -> None:
        action_id = event.style.meta.get("action")
        if isinstance(action_id, str):
            await self.run_action(f"screen.act({action_id!r})")
