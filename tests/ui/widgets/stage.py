"""A bare application to put a widget on, with the variables of a theme and a list of what was repainted."""

from collections.abc import Sequence

from textual.app import App, ComposeResult
from textual.geometry import Region
from textual.pilot import Pilot
from textual.theme import BUILTIN_THEMES, Theme
from textual.widget import Widget

from sentio_tui.ui.theming import variable_defaults

PAINTED = Theme(
    name="painted",
    primary="#102030",
    background="#000000",
    variables={
        "gain": "#00ff00",
        "loss": "#ff0000",
        "muted": "#808080",
        "block-cursor-background": "#0000aa",
        "chart-equity": "#123456",
    },
)
REPAINTED = Theme(
    name="repainted", primary="#302010", background="#000000", variables={"gain": "#00aaff", "chart-equity": "#654321"}
)


class Stage(App[None]):
    """Shows widgets one below the other."""

    CSS = "Screen { layout: vertical; }"
    AUTO_FOCUS = None
    ENABLE_COMMAND_PALETTE = False

    def __init__(self, *widgets: Widget) -> None:
        super().__init__()
        self._widgets = widgets
        self.register_theme(PAINTED)
        self.register_theme(REPAINTED)
        self.theme = "painted"

    def get_theme_variable_defaults(self) -> dict[str, str]:
        return variable_defaults(BUILTIN_THEMES["textual-dark"])

    def compose(self) -> ComposeResult:
        yield from self._widgets


def text_of(widget: Widget) -> list[str]:
    """The lines of a widget's content, without the spaces at their ends."""
    return [widget.render_line(y).text.rstrip() for y in range(widget.size.height)]


def screen_text(app: App[None]) -> list[str]:
    """The lines of the whole screen as they are painted."""
    width, height = app.size
    return [strip.text for strip in app.screen._compositor.render_strips()][:height] if width else []


class Repaints:
    """Counts the lines that a widget asks to have painted again, from the moment it is made."""

    def __init__(self, widget: Widget) -> None:
        self.lines: set[int] = set()
        self.layouts = 0
        self._refresh = widget.refresh
        self._height = widget.size.height
        widget.refresh = self._take  # type: ignore[method-assign]  # stands between the widget and Textual

    def _take(self, *regions: Region, repaint: bool = True, layout: bool = False, recompose: bool = False) -> Widget:
        if layout:
            self.layouts += 1
        if not regions and repaint:
            self.lines.update(range(self._height))
        for region in regions:
            self.lines.update(region.line_range)
        return self._refresh(*regions, repaint=repaint, layout=layout, recompose=recompose)


async def press(pilot: Pilot[None], keys: Sequence[str]) -> None:
    for key in keys:
        await pilot.press(key)
    await pilot.pause()
