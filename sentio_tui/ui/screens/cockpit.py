"""The one screen: six panes between the status line and the key bar, laid out for the size there is."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, ClassVar, Final, Protocol, cast, runtime_checkable

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container
from textual.content import Content
from textual.getters import query_one
from textual.reactive import Reactive
from textual.screen import Screen
from textual.widget import Widget
from textual.widgets import Input, Static

from sentio_tui.engine.reconciliation import ACCOUNT
from sentio_tui.model.snapshot import Snapshot
from sentio_tui.ui.actions import (
    ACTIONS,
    ALWAYS_QUIT,
    BY_ID,
    PAIRS,
    PANES,
    SAME_AS,
    Action,
    is_idle,
    label,
    pane_of,
    replay_bar,
    unavailable,
)
from sentio_tui.ui.formatting import clean
from sentio_tui.ui.monitor import Condition
from sentio_tui.ui.status import KeyBar, KeyHint, StatusLine
from sentio_tui.ui.widgets.transport_bar import TransportBar

if TYPE_CHECKING:
    from sentio_tui.ui.app import Cockpit

WIDTH: Final = 80
HEIGHT: Final = 24
"""The smallest screen, in cells, on which everything can be read."""

_WIDTHS: Final = [(0, "-too-narrow"), (WIDTH, "-narrow"), (100, "-middling"), (140, "-wide")]
_HEIGHTS: Final = [(0, "-too-low"), (HEIGHT, "-low"), (30, "-medium"), (40, "-tall")]

SHARED: Final = {"equity": "decision", "decision": "equity", "trades": "log", "log": "trades"}
"""Panes that stand in one place where there is no room for both: which one gives way to which."""


_CLAIMED: Final = frozenset({"to_start", "to_end"})
"""Actions whose keys the panes know too, and give up while a recording is shown."""


class Shows(Protocol):
    """What the screen asks of a pane."""

    def show(self, snapshot: Snapshot) -> None: ...


@runtime_checkable
class HasRows(Protocol):
    """A pane whose rows can be filtered and sorted."""

    def action_filter(self) -> None: ...

    def action_sort(self) -> None: ...

    def action_reverse(self) -> None: ...


class CockpitScreen(Screen[None]):
    """Pulls the session's news at a fixed rate and paints what is new. It decides nothing about trading."""

    HORIZONTAL_BREAKPOINTS = _WIDTHS
    VERTICAL_BREAKPOINTS = _HEIGHTS
    AUTO_FOCUS = ""
    BINDINGS: ClassVar[list[BindingType]] = [
        *(
            Binding(
                ",".join(action.keys),
                f"act('{action.id}')",
                action.label,
                id=action.id,
                tooltip=action.help,
                priority=action.id in _CLAIMED,
            )
            for action in ACTIONS
        ),
        Binding(",".join(ALWAYS_QUIT), "act('quit')", "Quit", show=False, priority=True),
    ]

    focused: Reactive[Widget | None] = Reactive(None, repaint=False)
    """As in Textual, which paints the whole screen anew with it: who gets or loses the focus paints that itself."""

    status = query_one(StatusLine)
    transport = query_one(TransportBar)
    keys = query_one(KeyBar)
    banner = query_one("#banner", Static)
    too_small = query_one("#too-small", Static)

    def __init__(self, panes: Callable[[], Sequence[Widget]], frames: int) -> None:
        """`panes` makes the six panes, with the ids of `actions.PANES`; `frames` is how often a second to look."""
        super().__init__(id="cockpit")
        self._make_panes = panes
        self._frames = frames
        self._panes: dict[str, Widget] = {}
        self._titles: dict[str, str] = {}
        self._behind: set[str] = {"decision", "log"}
        self._unshown: set[str] = set(PANES)
        self._last = "equity"

    @property
    def cockpit(self) -> "Cockpit":
        return cast("Cockpit", self.app)

    def compose(self) -> ComposeResult:
        yield StatusLine()
        yield Static(id="banner")
        yield Container(id="deck")
        yield TransportBar()
        yield KeyBar()
        yield Static(id="too-small")

    def on_mount(self) -> None:
        self.status.show(self.cockpit.monitor.condition)
        self._show_keys()
        # The first frame has the two bars alone: loading and mounting the panes would double the wait for it.
        self.call_after_refresh(self._mount_panes)

    async def _mount_panes(self) -> None:
        panes = self._make_panes()
        for pane in panes:
            name = pane.id or ""
            pane.set_class(name in self._behind, "-behind")
            self._titles[name] = str(pane.border_title or name)
        await self.query_one("#deck").mount_all(panes)
        self._panes = {pane.id or "": pane for pane in panes}
        self.focus_pane(self._last)
        self.show_news()
        self.set_interval(1 / self._frames, self.pump)
        self.cockpit.begin()

    def pump(self) -> None:
        """Look at the session; when there is something new, show it, unless the terminal has not taken the last yet."""
        if self.cockpit.is_behind:
            return
        news = self.cockpit.monitor.pull()
        for toast in news.toasts:
            self.notify(clean(toast.text), severity=toast.severity, timeout=10, markup=False)
        self.cockpit.reach_out(news)
        if news.changed:
            self.show_news()

    def show_news(self) -> None:
        """Show the newest state in everything that can be seen; panes behind others follow when they come up."""
        monitor = self.cockpit.monitor
        with self.app.batch_update():
            self._unshown = set(PANES)
            self._show_panes()
            self.status.show(monitor.condition)
            self._show_banner()
            self.transport.show(monitor.reel)
            self._show_keys()
            self.cockpit.session_moved()

    def _show_panes(self) -> None:
        monitor = self.cockpit.monitor
        for name in self._unshown & self._panes.keys():
            pane = self._panes[name]
            snapshot = monitor.log if name == "log" else monitor.shown
            if pane.display and snapshot is not None:
                cast("Shows", pane).show(snapshot)
                self._unshown.discard(name)

    def _show_banner(self) -> None:
        monitor = self.cockpit.monitor
        faults = monitor.snapshot.faults if monitor.snapshot is not None else {}
        text = " · ".join(f"{clean(part)}: {clean(what)}" for part, what in faults.items())
        self.banner.set_class(bool(text), "-shown")
        if text:
            made = "are" if monitor.transport is None or monitor.looks_back else "were"
            hint = ""
            if made == "are" and ACCOUNT in faults:
                hint = f"Press {self.cockpit.key_table.shown('accept')} for both sides. "
            self.banner.update(Content.assemble((f" ✖ No orders {made} made. {hint}", "bold"), text))

    def _show_keys(self) -> None:
        table, condition = self.cockpit.key_table, self.cockpit.monitor.condition
        if condition.place is not None:
            self.keys.show(tuple(self._hint(BY_ID[action_id], condition) for action_id in replay_bar(condition)))
            return
        hints = [
            (action.rank, self._hint(action, condition))
            for action in ACTIONS
            if action.rank and not is_idle(action, condition)
        ]
        numbers = [table.shown(f"focus_{pane}") for pane in PANES]
        if numbers == [str(number) for number in range(1, len(PANES) + 1)]:
            hints.append((BY_ID["zoom"].rank, KeyHint(f"1-{len(PANES)}", "Panes", "")))
        self.keys.show(tuple(hint for _, hint in sorted(hints, key=lambda ranked: ranked[0])))

    def _hint(self, action: Action, condition: Condition) -> KeyHint:
        table = self.cockpit.key_table
        can = not unavailable(action, condition) and not self._has_no_rows(action.id)
        if condition.place is not None and action.id in PAIRS:
            back, name = PAIRS[action.id]
            return KeyHint(f"{table.shown(back)} {table.shown(action.id)}", name, action.id, can)
        return KeyHint(table.shown(action.id), label(action, condition), action.id, can)

    def _has_no_rows(self, action_id: str) -> bool:
        return action_id in {"filter", "sort", "reverse"} and not isinstance(self.focused_pane, HasRows)

    @property
    def focused_pane(self) -> Widget | None:
        """The pane that has the focus, or holds what has it."""
        focused = self.focused
        if focused is None:
            return None
        panes = set(self._panes.values())
        return next((node for node in focused.ancestors_with_self if isinstance(node, Widget) and node in panes), None)

    def focus_pane(self, name: str) -> None:
        """Bring a pane to the front where it shares its place, and give it the focus."""
        if name in self._panes:
            self._bring_forward(name)
            self._panes[name].focus(scroll_visible=False)

    def _bring_forward(self, name: str) -> None:
        self._last = name
        if name in self._behind:
            self._behind.discard(name)
            self._behind.add(SHARED[name])
        if self.has_class("-zoom"):
            self._zoom(name)
        self._arrange()

    def _arrange(self) -> None:
        for name, pane in self._panes.items():
            pane.set_class(name in self._behind, "-behind")
        self.call_after_refresh(self._arranged)

    def _arranged(self) -> None:
        """What can only be done once it is known which panes can be seen."""
        self._show_panes()
        for name, pane in self._panes.items():
            other = SHARED.get(name)
            title = self._titles[name]
            if other is not None and not self._panes[other].display and not self.has_class("-zoom"):
                title += f"  [dim]{self._titles[other]}[/dim]"
            # Textual paints a pane anew whose title is set, also to what it was.
            if pane.border_title != title:
                pane.border_title = title
        if self._panes and self.focused is None and not self.too_small.display:
            self._panes[self._last].focus(scroll_visible=False)

    def _zoom(self, name: str | None) -> None:
        """Give the deck to one pane, or to all of them again."""
        self.set_class(name is not None, "-zoom")
        for other, pane in self._panes.items():
            pane.set_class(other == name, "-zoomed")
        self._arrange()

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        pane = self.focused_pane
        if pane is not None and pane.id is not None:
            self._bring_forward(pane.id)
        self._show_keys()

    def on_resize(self, event: events.Resize) -> None:
        width, height = event.size
        if width < WIDTH or height < HEIGHT:
            self.too_small.update(
                Content.assemble(
                    ("This terminal is too small.\n\n", "bold"),
                    f"{WIDTH} × {HEIGHT} cells are needed,\n{width} × {height} are there.",
                )
            )
        self.call_after_refresh(self._arranged)

    def _compositor_refresh(self) -> None:
        super()._compositor_refresh()
        if self.app.screen is not self:
            # Textual marks what the dialog in front has just been given as to be painted once more, so that the same
            # lines are painted at every frame for as long as the dialog stands.
            self._exchange_repaint_regions()
            self._repaint_required = False

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """The keys that tables use themselves move through a recording only while one is shown."""
        if action == "act" and parameters[0] in _CLAIMED:
            return self.cockpit.monitor.transport is not None and not isinstance(self.focused, Input)
        return True

    def on_transport_bar_scrubbed(self, event: TransportBar.Scrubbed) -> None:
        self.cockpit.travel.scrub(event.bar)

    async def action_act(self, action_id: str) -> None:
        """Take an action of the table, or say why it cannot be taken now."""
        refusal = unavailable(BY_ID[action_id], self.cockpit.monitor.condition)
        pane = pane_of(action_id)
        if refusal:
            self.cockpit.tell(refusal, "warning")
        elif pane is not None:
            self.focus_pane(pane)
        elif action_id in SAME_AS:
            await self.cockpit.keyboard.press(SAME_AS[action_id])
        else:
            self._act(action_id)

    def _act(self, action_id: str) -> None:
        cockpit = self.cockpit
        match action_id:
            case "zoom":
                pane = self.focused_pane
                self._zoom(None if self.has_class("-zoom") or pane is None else pane.id)
            case "leave":
                self._zoom(None)
            case "filter" | "sort" | "reverse":
                self._rows(action_id)
            case "refresh":
                cockpit.themes.reload()
                self.show_news()
                self.refresh(repaint=True, layout=True)
            case "next_pane":
                self._step(1)
            case "previous_pane":
                self._step(-1)
            case _:
                cockpit.act(action_id)

    def _rows(self, action_id: str) -> None:
        pane = self.focused_pane
        if not isinstance(pane, HasRows):
            self.cockpit.tell("Go to positions, trades or the log first: the others have no rows.", "information")
            return
        does = {"filter": pane.action_filter, "sort": pane.action_sort, "reverse": pane.action_reverse}
        does[action_id]()

    def _step(self, by: int) -> None:
        """The next pane in the order of their numbers, those behind others included."""
        self.focus_pane(PANES[(PANES.index(self._last) + by) % len(PANES)])
