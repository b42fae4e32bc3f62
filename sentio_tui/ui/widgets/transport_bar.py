"""One line that says where a recording stands, and a scrubber to move through it."""

from collections.abc import Mapping, Sequence
from typing import Final

from textual import events
from textual.content import Content
from textual.message import Message
from textual.style import Style
from textual.widget import Widget

from sentio_tui.model.orders import Side
from sentio_tui.sessions.base import Place, RecordedFill
from sentio_tui.ui.formatting import clock
from sentio_tui.ui.monitor import Reel

SHORTEST: Final = 4
"""The scrubber has at least one cell of so many of the bar's; for its sake the words beside it get shorter."""

BOUGHT, SOLD, BOTH, MARKED, HERE = "▲", "▼", "┼", "◆", "●"
_LINES: Final = {False: ("─", BOTH, "$pane-border"), True: ("━", "┿", "$accent-line")}
"""What the line and a cell of buys and sells are drawn with, after the place and before it."""


class TransportBar(Widget):
    """State, speed, time, and the scrubber: ▲ a buy, ▼ a sell, ┼ both, ◆ a mark, ● here. A click on the scrubber goes
    there, and so does the mouse while its button is held; one on the state plays or pauses, one on the speed makes it
    faster."""

    DEFAULT_CSS = """
    TransportBar { height: 1; width: 100%; background: $panel; color: $foreground; display: none; }
    TransportBar.-shown { display: block; }
    """

    class Scrubbed(Message):
        """Somebody wants to go to a bar."""

        def __init__(self, bar: int) -> None:
            super().__init__()
            self.bar = bar

    def __init__(self) -> None:
        super().__init__(id="transport")
        self._reel: Reel | None = None
        self._rail = (0, 0)
        """Where the scrubber begins, and its width."""
        self._traded: tuple[Sequence[RecordedFill], int, Mapping[int, str]] = ((), 0, {})

    def show(self, reel: Reel | None) -> None:
        """None is no recording: the bar goes away."""
        self.set_class(reel is not None, "-shown")
        if reel != self._reel:
            self._reel = reel
            self.refresh()

    def render(self) -> Content:
        reel, width = self._reel, self.size.width
        if reel is None or width <= 0:
            return Content("")
        forms = _forms(reel)
        fits = (form for form in forms if width - _length(*form) >= width // SHORTEST)
        before, after = next(fits, forms[-1])
        room = max(width - _length(before, after), 2)
        self._rail = (before.cell_length + 2, room)
        return Content.assemble(" ", before, " ", scrubber(reel, room, self._signs(reel, room)), " ", after, " ")

    def _signs(self, reel: Reel, width: int) -> Mapping[int, str]:
        """The fills by cell, counted anew only for another recording or width."""
        fills, counted, signs = self._traded
        if fills is not reel.fills or counted != width:
            signs = traded(reel.fills, width, reel.place.bars)
            self._traded = (reel.fills, width, signs)
        return signs

    def on_click(self, event: events.Click) -> None:
        action = event.style.meta.get("action")
        if isinstance(action, str):
            self.call_later(self.run_action, f"screen.act({action!r})")

    def on_mouse_down(self, event: events.MouseDown) -> None:
        start, width = self._rail
        if self._reel is not None and start <= event.x < start + width:
            self.capture_mouse()
            self._scrub_to(event.x)

    def on_mouse_move(self, event: events.MouseMove) -> None:
        if self.app.mouse_captured is self:
            self._scrub_to(event.x)

    def on_mouse_up(self) -> None:
        self.release_mouse()

    def _scrub_to(self, x: int) -> None:
        """Ask for the bar of the scrubber's cell that is nearest to a column."""
        (start, width), reel = self._rail, self._reel
        if reel is not None:
            cell = min(max(x - start, 0), width - 1)
            self.post_message(self.Scrubbed(bar_at(cell, width, reel.place.bars)))


def bar_at(cell: int, width: int, bars: int) -> int:
    """The bar that a cell of a scrubber stands for."""
    return round(cell / max(width - 1, 1) * bars)


def cell_of(bar: int, width: int, bars: int) -> int:
    """The cell of a scrubber in which a bar stands."""
    return round(bar / bars * (width - 1)) if bars else 0


def scrubber(reel: Reel, width: int, signs: Mapping[int, str]) -> Content:
    """The whole recording in so many cells, by the number of its bars. `signs` are its fills."""
    bars = reel.place.bars
    here = cell_of(reel.place.bar, width, bars)
    cells = []
    for cell in range(width):
        line, both, style = _LINES[cell < here]
        sign = signs.get(cell, line)
        cells.append((both if sign == BOTH else sign, {BOUGHT: "$gain", SOLD: "$loss"}.get(sign, style)))
    for bar in reel.marks:
        cells[cell_of(bar, width, bars)] = (MARKED, "bold $warning")
    cells[here] = (HERE, "bold $accent-line")
    return Content.assemble(*cells)


def traded(fills: Sequence[RecordedFill], width: int, bars: int) -> Mapping[int, str]:
    """What stands in each cell in which there was a fill."""
    found: dict[int, str] = {}
    for fill in fills:
        sign = BOUGHT if fill.side is Side.BUY else SOLD
        cell = cell_of(fill.bar, width, bars)
        found[cell] = sign if found.get(cell, sign) == sign else BOTH
    return found


def _length(before: Content, after: Content) -> int:
    return before.cell_length + after.cell_length + 4


def _forms(reel: Reel) -> list[tuple[Content, Content]]:
    """What stands before and after the scrubber, ever shorter. None gets longer or shorter while it plays, so that
    the scrubber keeps its place."""
    place = reel.place
    glyph, state = _state(place)
    share = f"{place.bar / place.bars if place.bars else 1.0:4.0%}"
    bar, event = _count("bar", place.bar, place.bars), _count("event", place.event, place.events)
    long, short = (clock(place.at, reel.zone, form) for form in ("%a %Y-%m-%d %H:%M:%S", "%H:%M"))
    loss = [] if reel.is_whole else [(" ✖ incomplete", "bold $error")]

    def before(word: str, at: str) -> Content:
        sign = Content.styled(word, "bold $accent-line").stylize(Style.from_meta({"action": "pause"}))
        speed = Content(f"{place.speed:g}×".ljust(5)).stylize(Style.from_meta({"action": "faster"}))
        return Content.assemble(sign, " ", speed, " ", (at, "$muted"))

    def after(*parts: str) -> Content:
        return Content.assemble((" · ".join(parts), "$muted"), *loss)

    return [
        (before(f"{glyph} {state:<7}", long), after(bar, event, share)),
        (before(f"{glyph} {state:<7}", short), after(bar, event, share)),
        (before(glyph, short), after(bar, event, share)),
        (before(glyph, short), after(bar, share)),
        (before(glyph, short), after(share)),
    ]


def _state(place: Place) -> tuple[str, str]:
    if place.is_playing:
        return "▶", "playing"
    return ("■", "at end") if place.event == place.events else ("‖", "paused")


def _count(what: str, number: int, of: int) -> str:
    whole = f"{of:,}"
    return f"{what} {number:>{len(whole)},}/{whole}"
