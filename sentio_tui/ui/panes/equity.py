"""How the money went."""

import math
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from textual.timer import Timer

from sentio_tui.model.snapshot import Curve, Snapshot
from sentio_tui.ui.formatting import longest, marked, money, percent
from sentio_tui.ui.panes.base import BoardPane
from sentio_tui.ui.theming import ChartColours, chart_colours
from sentio_tui.ui.widgets.chart import equity_chart
from sentio_tui.ui.widgets.line_board import BLANK, Line, Span

if TYPE_CHECKING:
    from textual.app import App


class EquityPane(BoardPane):
    """The equity curve and its drawdown against market time."""

    NUMBER = 2
    NAME = "equity"
    TITLE = "Equity"
    HELP = """\
Equity against the market time of the exchange's zone. The level line is the capital at the start. Below it, where
there is room, the drawdown: how far equity is under its highest value so far. The lower border names the last value,
the return since the start, the highest and the lowest value.

The curve is thinned to what the screen can show; the lowest and the highest value of each stretch are kept. `z` gives
the pane the whole screen."""

    def __init__(
        self,
        chart_seconds: float = 1.0,
        *,
        colours: "Callable[[App[object]], ChartColours]" = chart_colours,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`chart_seconds` lie at least between two drawings; `clock` counts seconds and only goes forward."""
        super().__init__()
        self._seconds = chart_seconds
        self._colours_of = colours
        self._clock = clock
        self._drawn: tuple[Curve, float] | None = None
        self._drawn_at = -math.inf
        self._colours: ChartColours | None = None
        self._due: Timer | None = None

    def show(self, snapshot: Snapshot) -> None:
        self.snapshot = snapshot
        if self._drawn == (snapshot.curve, snapshot.metrics.initial_capital) or self._due is not None:
            return
        wait = self._drawn_at + self._seconds - self._clock()
        if wait <= 0 or self._drawn is None or not self._drawn[0].times:
            self.paint()
        else:
            self._due = self.set_timer(wait, self.paint)

    def draw(self, snapshot: Snapshot) -> None:
        if self._due is not None:
            self._due.stop()
            self._due = None
        curve, initial = snapshot.curve, snapshot.metrics.initial_capital
        self._drawn, self._drawn_at = (curve, initial), self._clock()
        self._colours = self._colours_of(self.app)
        width, height = self.size
        lines = equity_chart(curve, initial, snapshot.info.clock_zone, width, height, self._colours)
        if not lines:
            text = "waiting for the first bars" if not curve.times else "no room for a chart"
            blank = [BLANK] * ((height - 1) // 2)
            lines = (*blank, Line((Span(text.center(width)[:width], "muted"),)))
        self.set_lines(lines)
        self.set_subtitle(_summary(snapshot, width))

    def notify_style_update(self) -> None:
        super().notify_style_update()
        if self._colours is not None and self.is_attached and self._colours_of(self.app) != self._colours:
            self.call_after_refresh(self.paint)


def _summary(snapshot: Snapshot, width: int) -> str:
    values = [value for value in snapshot.curve.equity if math.isfinite(value)]
    if not values:
        return ""
    gain = snapshot.metrics.total_return
    last = f"{money(values[-1])} {marked(gain, percent, digits=4)}"
    low, high = money(min(values)), money(max(values))
    forms = (f"last {last} · high {high} · low {low}", f"{last} · high {high} · low {low}", f"{last} · {low} to {high}")
    return longest((*forms, last, money(values[-1])), width - 4)
