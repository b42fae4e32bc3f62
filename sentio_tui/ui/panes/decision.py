"""Why it traded, or did not."""

import math
from collections.abc import Sequence
from typing import ClassVar, Final

from rich.cells import cell_len
from textual import events
from textual.binding import Binding, BindingType

from sentio_tui.model.decisions import Direction
from sentio_tui.model.events import Decided
from sentio_tui.model.snapshot import LadderView, Snapshot
from sentio_tui.ui.formatting import (
    DOWN,
    LEVEL,
    MISSING,
    UP,
    clean,
    clock,
    cut,
    left,
    longest,
    right,
    share,
)
from sentio_tui.ui.panes.base import BoardPane
from sentio_tui.ui.panes.ladder import ladder_lines
from sentio_tui.ui.panes.parts import labelled, meter, reason_lines, rule, value_lines, wrapped
from sentio_tui.ui.widgets.line_board import Line, Span

FAR: Final = 0.05
"""The distance, as a fraction of price, at which the bar to the trigger is empty."""

_SIGNAL: Final = {
    Direction.LONG: (UP, "gain"),
    Direction.SHORT: (DOWN, "loss"),
    Direction.NEUTRAL: (LEVEL, "flat"),
}
_DISTANCE: Final = 7


class DecisionPane(BoardPane):
    """The last decision of each symbol, the numbers behind it, and how often each reason was given; for a book on a
    ladder, the ladder itself."""

    NUMBER = 5
    NAME = "decision"
    TITLE = "Decision"
    HELP = """\
What the strategy made of the last bar of each symbol, the one nearest to its trigger first: the signal, how far the
trigger is, and why it did or did not trade. The bar is full at the trigger and empty from 5 % away. Below stand the
selected symbol's values and its trigger in words, then how often each reason was given in this session.

A book on the ladder shows it instead: ▶ is the rung its probability stands on, ● the state that is held, derived from
the holdings, and × the multiple of the base's return. Below: why it moved or stayed; the probability of a rise on each
horizon, to the right of the middle above one half; bars held against the minimum hold; the gain since entry between
stop and target; what the market does next, and when everything is sold; the thresholds as set and in force; and the
features that count most in the model, the largest 1.

The arrows up and down, or a click, select a symbol; `z` gives the pane the whole screen."""
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "select(-1)", "Symbol above", show=False),
        Binding("down", "select(1)", "Symbol below", show=False),
        Binding("home,ctrl+home", "select(-1000000)", "First symbol", show=False),
        Binding("end,ctrl+end", "select(1000000)", "Last symbol", show=False),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._selected: tuple[str, str] | None = None
        self._decisions: Sequence[Decided] = ()
        self._first = 0
        self._listed = 0

    @property
    def selected(self) -> Decided | None:
        """The decision in detail: that of the selected symbol, else the one nearest to its trigger."""
        return self._decisions[self._place()] if self._decisions else None

    def action_select(self, by: int) -> None:
        if self._decisions:
            place = max(0, min(self._place() + by, len(self._decisions) - 1))
            self._selected = _key(self._decisions[place])
            self.paint()

    def on_click(self, event: events.Click) -> None:
        offset = event.get_content_offset(self)
        if offset is not None and offset.y < self._listed:
            self._selected = _key(self._decisions[self._first + offset.y])
            self.paint()

    def watch_has_focus(self, has_focus: bool) -> None:
        super().watch_has_focus(has_focus)
        self.paint()

    def draw(self, snapshot: Snapshot) -> None:
        self._decisions = sorted(snapshot.decisions, key=_nearness)
        width, height = self.size
        chosen = self.selected
        ladder = _ladder_of(chosen, snapshot.ladders)
        if chosen is None:
            self._listed = 0
            waiting = [Line((Span(cut("no decision yet: waiting for the first bars", width), "muted"),))]
            self.set_lines(ladder_lines(snapshot, ladder, None, width, height) if ladder is not None else waiting)
            return
        alone = len(snapshot.info.books) < 2
        if ladder is not None:
            others = len(self._decisions) > 1
            self._listed = min(len(self._decisions), max(3, height // 6) if height >= 16 else 1) if others else 0
            lines = self._list(width, alone=alone) if others else []
            self.set_lines([*lines, *ladder_lines(snapshot, ladder, chosen, width, height - len(lines))])
            self._count()
            return
        roomy = height >= 12
        self._listed = min(len(self._decisions), max(3, height // 4) if height >= 8 else 1)
        lines = self._list(width, alone=alone)
        if roomy:
            lines.append(rule(f"{_name(chosen, alone=alone)} at {_time(chosen, snapshot)}", width))
        room = height - len(lines)
        reasons = reason_lines(snapshot.reasons, width)
        lines += _detail(chosen, width)[: max(1, room - (min(len(reasons), 2) + 1 if roomy else 0))]
        room = height - len(lines)
        if room >= 3 and reasons:
            lines += [rule("reasons in this session", width), *reasons[: room - 1]]
        self.set_lines(lines[:height])
        self._count()

    def _count(self) -> None:
        """Say which of the symbols is shown where not all of them are listed."""
        count = len(self._decisions)
        self.set_subtitle(f"{self._place() + 1} of {count}" if self._listed < count and count > 1 else "")

    def _list(self, width: int, *, alone: bool) -> list[Line]:
        place, count = self._place(), self._listed
        self._first = max(0, min(self._first, len(self._decisions) - count))
        self._first = max(min(self._first, place), place - count + 1)
        lines = []
        for index in range(self._first, self._first + count):
            line = _headline(self._decisions[index], width, alone=alone)
            is_marked = index == place and len(self._decisions) > 1 and self.has_focus
            lines.append(Line(line.spans, "cursor") if is_marked else line)
        return lines

    def _place(self) -> int:
        keys = [_key(decision) for decision in self._decisions]
        return keys.index(self._selected) if self._selected in keys else 0


def _key(decision: Decided) -> tuple[str, str]:
    return decision.book, decision.symbol


def _ladder_of(decision: Decided | None, ladders: Sequence[LadderView]) -> LadderView | None:
    """The ladder a decision was made on; before the first decision, the first there is."""
    if decision is None:
        return ladders[0] if ladders else None
    return next((ladder for ladder in ladders if (ladder.book, ladder.symbol) == _key(decision)), None)


def _nearness(decision: Decided) -> tuple[float, str, str]:
    distance = decision.signal.distance
    unknown = distance is None or math.isnan(distance)
    return (math.inf if distance is None or unknown else abs(distance), decision.book, decision.symbol)


def _name(decision: Decided, *, alone: bool) -> str:
    return decision.symbol if alone else f"{decision.book}/{decision.symbol}"


def _time(decision: Decided, snapshot: Snapshot) -> str:
    return clock(decision.signal.time, snapshot.info.clock_zone, "%H:%M")


def _headline(decision: Decided, width: int, *, alone: bool) -> Line:
    """Symbol, signal, the way to the trigger, and the reason: one line."""
    mark, style = _SIGNAL[decision.signal.direction]
    names = 9 if alone else 14
    wide = width >= 50
    signal = f"{mark} {decision.signal.direction.value}" if wide else mark
    room = width - names - _DISTANCE - (9 if wide else 1) - 4
    cells = max(4, min(12, room // 3))
    return Line(
        (
            Span(left(_name(decision, alone=alone), names) + " ", "strong"),
            Span(left(signal, 9 if wide else 1) + " ", style),
            *meter(_closeness(decision), cells, "accent"),
            Span(right(_distance(decision, _DISTANCE), _DISTANCE) + "  "),
            Span(left(decision.reason.text, room - cells), "accent" if decision.reason.trades else "muted"),
        )
    )


def _closeness(decision: Decided) -> float:
    """1.0 at the trigger, 0.0 from `FAR` on; the square root leaves room to see the last steps."""
    distance = decision.signal.distance
    if distance is None or not math.isfinite(distance):
        return 0.0
    return 1 - math.sqrt(min(1.0, abs(distance) / FAR))


def _distance(decision: Decided, width: int) -> str:
    distance = decision.signal.distance
    if distance is None or math.isnan(distance):
        return MISSING
    return longest((f"{distance * 100:.2f}%", share(distance, width)), width)


def _detail(decision: Decided, width: int) -> list[Line]:
    """Everything known of one decision, the important lines first."""
    signal, reason = decision.signal, decision.reason
    verdict, style = ("trades", "strong accent") if reason.trades else ("no trade", "strong")
    said = f"{verdict}: {reason.text}"
    lines = [Line((Span(f"{verdict}: ", "muted"), Span(cut(reason.text, width - len(verdict) - 2), style)))]
    detail = clean(decision.detail).strip()
    if detail and len(said) + 3 + cell_len(detail) <= width:
        lines[0] = Line((*lines[0].spans, Span(" · ", "muted"), Span(detail)))
        detail = ""
    if signal.missing > 0:
        lines.append(Line((Span(cut(f"{signal.missing:,} more bars until the first signal", width)),)))
    lines += [Line((Span(part),)) for part in wrapped(detail, width, 2)]
    if signal.trigger:
        lines += labelled("trigger", signal.trigger, width)
    lines += value_lines(signal.values, width)
    if signal.probability is not None:
        lines += labelled("probability of a rise", share(signal.probability), width)
    if decision.state:
        lines += labelled("state", decision.state, width)
    return lines
