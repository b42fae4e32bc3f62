"""What all panes have: a number, a title in a border, help, and `show`."""

from typing import ClassVar, Self

from textual.content import Content

from sentio_tui.model.snapshot import Snapshot
from sentio_tui.ui.formatting import clean
from sentio_tui.ui.widgets.line_board import LineBoard


class Pane(LineBoard, can_focus=True):
    """A bordered part of the screen that shows one side of a session.

    `NUMBER` is the key that focuses it, `NAME` its id and `TITLE` what its border says.
    """

    NUMBER: ClassVar[int]
    NAME: ClassVar[str]
    TITLE: ClassVar[str]
    HELP: ClassVar[str] = ""
    DEFAULT_CSS = """
    Pane {
        height: 1fr;
        width: 1fr;
        padding: 0 1;
        border: round $pane-border;
        border-title-color: $muted;
        border-subtitle-color: $muted;
        &:focus, &:focus-within {
            border: round $pane-focus;
            border-title-color: $pane-focus;
            border-title-style: bold;
        }
        &:ansi:focus, &:ansi:focus-within {
            border: heavy $pane-focus;
            border-title-style: bold reverse;
        }
    }
    """

    def __init__(self) -> None:
        super().__init__(id=self.NAME)
        self._subtitle = ""
        self.border_title = Content(f"{self.NUMBER} {self.TITLE}").markup

    def focus(self, scroll_visible: bool = True) -> Self:
        """Take the focus at once: a key that came with the one that asked for it is meant for this pane."""
        self.screen.set_focus(self, scroll_visible)
        return self

    def show(self, snapshot: Snapshot) -> None:
        """Show this moment of the session. To be called from the UI's thread; paints only what changed."""
        raise TypeError(f"{type(self).__name__} does not say how it is drawn")

    def set_subtitle(self, text: str) -> None:
        """Say something in the lower border. The text may come from outside."""
        if text != self._subtitle:
            self._subtitle = text
            self.border_subtitle = Content(clean(text)).markup


class BoardPane(Pane):
    """A pane that draws its own lines, afresh from the last snapshot whenever it gets another size."""

    def __init__(self) -> None:
        super().__init__()
        self.snapshot: Snapshot | None = None

    def show(self, snapshot: Snapshot) -> None:
        self.snapshot = snapshot
        self.paint()

    def paint(self) -> None:
        """Draw the last snapshot into the size there is. Does nothing before the first, or without a size."""
        if self.snapshot is not None and self.size.width and self.size.height:
            self.draw(self.snapshot)

    def draw(self, snapshot: Snapshot) -> None:
        """Make lines of a snapshot and hand them to `set_lines`."""
        raise TypeError(f"{type(self).__name__} does not say how it is drawn")

    def on_resize(self) -> None:
        self.paint()
