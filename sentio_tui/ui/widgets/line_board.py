"""A widget drawn line by line: it paints only the lines that changed, and never asks for a layout."""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import ClassVar, Final, NamedTuple

from rich.segment import Segment
from rich.style import Style
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

STYLES: Final = frozenset(
    {
        "gain",
        "loss",
        "flat",
        "stale",
        "muted",
        "strong",
        "accent",
        "warning",
        "error",
        "header",
        "cursor",
        "grid",
        "curve",
    }
)
"""The styles a span may name, several with spaces between them. `#rrggbb` names a colour."""


class Span(NamedTuple):
    """Text of one style. The text must be clean (see `formatting.clean`): it is drawn as it is, never as markup."""

    text: str
    style: str = ""


class Line(NamedTuple):
    """Spans from left to right. `ground` is a style below all of them, over the whole line."""

    spans: tuple[Span, ...] = ()
    ground: str = ""

    @property
    def text(self) -> str:
        return "".join(span.text for span in self.spans)


BLANK: Final = Line()


class LineBoard(Widget):
    """Shows lines; `set_lines` repaints those that differ from what is shown.

    Lines are compared by value and their strips are cached, so that one changed line costs one line.
    """

    ALLOW_SELECT = False
    COMPONENT_CLASSES: ClassVar[set[str]] = {f"line--{name}" for name in STYLES}
    DEFAULT_CSS = """
    LineBoard {
        & > .line--gain { color: $gain; }
        & > .line--loss { color: $loss; }
        & > .line--flat { color: $flat; }
        & > .line--stale { color: $stale; }
        & > .line--muted { color: $muted; }
        & > .line--strong { text-style: bold; }
        & > .line--accent { color: $accent-line; }
        & > .line--curve { color: $chart-equity; }
        & > .line--warning { color: $warning; }
        & > .line--error { color: $error; text-style: bold; }
        & > .line--header { color: $muted; text-style: bold; }
        & > .line--grid { color: $pane-border; }
        & > .line--cursor {
            background: $block-cursor-background;
            text-style: $block-cursor-text-style;
        }
        &:ansi {
            & > .line--stale, & > .line--muted, & > .line--grid { text-style: dim; }
            & > .line--header { text-style: underline; }
            & > .line--warning { text-style: bold; }
        }
    }
    """

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002 # Textual's name for it
        super().__init__(id=id, classes=classes)
        self._lines: Sequence[Line] = ()
        self._strips: dict[Line, Strip] = {}
        self._named: dict[str, Style] = {}

    @property
    def lines(self) -> Sequence[Line]:
        """What is shown, from the top."""
        return self._lines

    def set_lines(self, lines: Iterable[Line]) -> None:
        """Show these lines from the top; what lies below the last is blank."""
        before, after = self._lines, tuple(lines)
        self._lines = after
        if len(self._strips) > 4 * (len(after) + 50):
            self._strips.clear()
        width, total = self.size.width, max(len(before), len(after))
        start: int | None = None
        for y in range(total + 1):
            same = y == total or (before[y] if y < len(before) else BLANK) == (after[y] if y < len(after) else BLANK)
            if not same and start is None:
                start = y
            elif same and start is not None:
                self.refresh(Region(0, start, width, y - start))
                start = None

    def render_line(self, y: int) -> Strip:
        line = self._lines[y] if y < len(self._lines) else BLANK
        strip = self._strips.get(line)
        if strip is None or strip.cell_length != self.size.width:
            strip = self._strips[line] = self._draw(line)
        return strip

    def notify_style_update(self) -> None:
        super().notify_style_update()
        self._strips.clear()
        self._named.clear()

    def _draw(self, line: Line) -> Strip:
        ground = self._style(line.ground)
        segments = [
            Segment(span.text, ground + self._style(span.style, partial=True) if span.style else ground)
            for span in line.spans
            if span.text
        ]
        return Strip(segments).adjust_cell_length(self.size.width, ground)

    def _style(self, names: str, *, partial: bool = False) -> Style:
        key = names if partial else f"={names}"
        style = self._named.get(key)
        if style is None:
            style = Style() if partial else self.rich_style
            for name in names.split():
                if name.startswith("#"):
                    style += _coloured(name)
                else:
                    style += self.get_component_rich_style(f"line--{name}", partial=True)
            self._named[key] = style
        return style


@lru_cache(maxsize=256)
def _coloured(name: str) -> Style:
    return Style(color=name)
