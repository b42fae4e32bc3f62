"""The drawing of a ladder: where the probability stands, what is held, and what would have to happen.

It is made of blocks. Those that matter most are always there; the others as there is room.
"""

from typing import Final

from rich.cells import cell_len

from sentio_tui.model.events import Decided
from sentio_tui.model.snapshot import LadderView, RungView, Snapshot
from sentio_tui.ui.formatting import (
    MISSING,
    clean,
    clock,
    cut,
    left,
    longest,
    percent,
    right,
)
from sentio_tui.ui.market import clock_briefly
from sentio_tui.ui.panes import ladder_facts as facts
from sentio_tui.ui.panes.ladder_facts import HELD, PLACE
from sentio_tui.ui.panes.parts import GAP, Block, beside, reason_lines, rule, stacked, value_lines, wrapped
from sentio_tui.ui.widgets.line_board import Line, Span

_BELOW: Final = "▲"

TALL: Final = 14
"""Lines from which a wide pane has room for a ladder that stands."""
FLAT_WIDTH: Final = 60
"""Cells from which a ladder can lie."""
SPLIT: Final = 72
"""Cells from which what stands below the ladder is in two columns."""
TWO_COLUMNS: Final = 110
"""Cells from which all of it is."""


def ladder_lines(snapshot: Snapshot, view: LadderView, decision: Decided | None, width: int, height: int) -> list[Line]:
    """One book's ladder in at most `height` lines of `width` cells. `decision` is its newest, None before the first."""
    if height < len(view.rungs) + 1 or (width >= FLAT_WIDTH and height < TALL):
        return stacked(_flat(snapshot, view, decision, width), height)
    half = (width - GAP) // 2
    other = width - GAP - half
    if width >= TWO_COLUMNS:
        first = [
            _title(snapshot, view, decision, half),
            *_climbing(view, decision, half),
            *_account(snapshot, view, half),
        ]
        second = [*_model(snapshot, view, other), *_figures(view, decision, other)]
        return beside(stacked([*first, _reasons(snapshot, half)], height), half, stacked(second, height))
    title = _title(snapshot, view, decision, width)
    if width >= SPLIT:
        top = stacked([title, *_climbing(view, decision, width)], height)
        room = height - len(top)
        lower = stacked([*_account(snapshot, view, half), _reasons(snapshot, half)], room)
        return [*top, *beside(lower, half, stacked(_model(snapshot, view, other), room))]
    horizons, features = _model(snapshot, view, width)
    climbing, account = _climbing(view, decision, width), _account(snapshot, view, width)
    return stacked([title, *climbing, horizons, *account, features, _reasons(snapshot, width)], height)


def _climbing(view: LadderView, decision: Decided | None, width: int) -> list[Block]:
    """The rungs, the state, and why it did or did not move."""
    return [
        Block(0, len(view.rungs), _rungs(view, width)),
        Block(2, 1, [_state(view, width)]),
        Block(1, 1, why(view, decision, width)),
    ]


def _account(snapshot: Snapshot, view: LadderView, width: int) -> list[Block]:
    """What the present state may become, and when it must end."""
    return [
        Block(3, 2, [facts.held(view, width), facts.gain(view, width)]),
        Block(3, 2, facts.market(snapshot, width)),
        Block(6, 3, facts.thresholds(view, width)),
    ]


def _model(snapshot: Snapshot, view: LadderView, width: int) -> tuple[Block, Block]:
    """What the strategy thinks, and of what."""
    return Block(5, 4, facts.horizons(view, width)), Block(7, 3, facts.features(snapshot, view, width))


def _figures(view: LadderView, decision: Decided | None, width: int) -> list[Block]:
    """The numbers behind the model and the signal."""
    model = value_lines(view.model.report.values, width) if view.model is not None else []
    signal = value_lines(decision.signal.values, width) if decision is not None else []
    return [
        Block(10, 2, [rule("the model", width), *model] if model else []),
        Block(11, 2, [rule("values of the signal", width), *signal] if signal else []),
    ]


def _reasons(snapshot: Snapshot, width: int) -> Block:
    reasons = reason_lines(snapshot.reasons, width)
    return Block(9, 3, [rule("reasons in this session", width), *reasons] if reasons else [])


def _title(snapshot: Snapshot, view: LadderView, decision: Decided | None, width: int) -> Block:
    name = view.symbol if len(snapshot.info.books) < 2 else f"{view.book}/{view.symbol}"
    if decision is not None:
        name += f" at {clock(decision.signal.time, snapshot.info.clock_zone, '%H:%M')} · p {view.shown or MISSING}"
    return Block(4, 1, [rule(name, width)])


def _rungs(view: LadderView, width: int) -> list[Line]:
    """One line a rung, the highest first. Exactly one is marked where there is a probability."""
    conditions = max(cell_len(rung.condition) for rung in view.rungs)
    states = max(cell_len(rung.state) for rung in view.rungs)
    room = width - conditions - states - 13
    # Where there is no room to say what each rung holds, the probability takes its place.
    has_holdings = all(cell_len(_symbols(rung)) <= room for rung in view.rungs)
    lines = []
    for place, rung in enumerate(view.rungs):
        is_place, is_held = place == view.place, rung.state == view.state
        style = "strong accent" if is_held else "strong" if is_place else ""
        holdings = longest((clean(rung.holdings), _symbols(rung)), room) if has_holdings else ""
        shown = longest((view.shown, view.shown.removeprefix("0"), ""), room) if is_place else ""
        last = holdings if has_holdings else shown
        lines.append(
            Line(
                (
                    Span(f"{PLACE} " if is_place else "  ", "strong accent"),
                    Span(left(rung.condition, conditions), "strong" if is_place else "muted"),
                    Span(f" {HELD} " if is_held else "   ", "strong accent"),
                    Span(left(rung.state, states), style),
                    Span(right(exposure(rung), 6), style or "muted"),
                    Span(f"  {last}", style or "muted"),
                )
            )
        )
    return lines


def _symbols(rung: RungView) -> str:
    return clean("+".join(rung.symbols)) or "cash"


def exposure(rung: RungView) -> str:
    """The multiple of the base's return: +1.5×."""
    return f"{rung.exposure:+g}×" if rung.exposure else "0×"


def _state(view: LadderView, width: int) -> Line:
    """What is held, and where the probability leads."""
    stays = not view.target or view.target == view.state
    known = any(rung.state == view.state for rung in view.rungs)
    spans = [
        Span("state ", "muted"),
        Span(f"{HELD} {view.state}", "strong accent" if known else "strong error"),
    ]
    room = width - sum(cell_len(span.text) for span in spans) - 3
    target = "" if not view.target else "stays" if stays else view.target
    if target and room >= cell_len(target):
        spans += [Span(f" {PLACE} ", "muted"), Span(target, "muted" if stays else "strong")]
    return Line(tuple(spans))


def why(view: LadderView, decision: Decided | None, width: int) -> list[Line]:
    """Why it did or did not move: the reason, what was said of it, and what the ladder says."""
    if decision is None:
        return [
            Line((Span(part, "muted"),)) for part in wrapped("no decision yet: waiting for the first bars", width, 2)
        ]
    trades = decision.reason.trades
    verdict = "trades: " if trades else "no trade: "
    spans = (Span(verdict, "muted"), Span(decision.reason.text, "strong accent" if trades else "strong"))
    detail = clean(decision.detail).strip()
    explanation = clean(view.explanation)
    if explanation and explanation not in detail:
        detail = f"{detail}; {explanation}" if detail else explanation
    used = len(verdict) + cell_len(decision.reason.text)
    if used + 3 + cell_len(detail) <= width:
        return [Line((*spans, Span(" · ", "muted"), Span(detail)) if detail else spans)]
    return [Line(spans), *(Line((Span(part),)) for part in wrapped(detail, width, 3))]


def _briefly(view: LadderView, decision: Decided | None, width: int) -> Line:
    """As much of it as one line holds; rather what the ladder says than half a sentence."""
    first, *more = why(view, decision, width)
    used = sum(cell_len(span.text) for span in first.spans)
    said = clean(view.explanation) or " ".join(line.text for line in more)
    if not more or width - used < 10:
        return first
    return Line((*first.spans, Span(" · ", "muted"), Span(cut(said, width - used - 3))))


def _flat(snapshot: Snapshot, view: LadderView, decision: Decided | None, width: int) -> list[Block]:
    """The ladder lying down, the lowest rung at the left: for a pane that is low."""
    rows = _lying(view, width) if width >= 8 * len(view.rungs) else []
    now = _state(view, width)
    room = width - sum(cell_len(span.text) for span in now.spans)
    known = [f"p {view.shown or MISSING}"]
    if view.bars_held is not None:
        known.append(f"held {view.bars_held:,} of {view.min_hold_bars}")
    if view.gain is not None:
        known.append(f"gain {percent(view.gain)}")
    said = longest([*("  ".join(known[:count]) for count in range(len(known), 0, -1)), ""], room - 3)
    return [
        Block(1, 2, rows),
        Block(2, 1, [Line((*now.spans, Span("   "), Span(said)))]),
        Block(0, 1, [_briefly(view, decision, width)] if rows else why(view, decision, width)),
        Block(3, 1, [_outlook(snapshot, view, width)]),
        Block(4, 2, [facts.held(view, width), facts.gain(view, width)]),
        Block(5, 3, facts.thresholds(view, width)),
        Block(6, 3, facts.features(snapshot, view, width)),
    ]


def _outlook(snapshot: Snapshot, view: LadderView, width: int) -> Line:
    """The horizons and the market's clock in one line."""
    spans: list[Span] = []
    is_tight = width < FLAT_WIDTH
    for minutes, value in sorted(view.horizons.items()):
        mark, style = facts.leaning(value)
        unit, gap = ("m ", " ") if is_tight else (" min ", "  ")
        spans += [Span(f"{minutes}{unit}", "muted"), Span(f"{mark}{'' if is_tight else ' '}{value:.3f}{gap}", style)]
    room = width - sum(cell_len(span.text) for span in spans)
    if room < 0:
        return Line((Span(cut("".join(span.text for span in spans), width)),))
    if snapshot.clock is not None:
        spans.append(Span(longest((*clock_briefly(snapshot.clock, snapshot.at), ""), room)))
    return Line(tuple(spans))


def _lying(view: LadderView, width: int) -> list[Line]:
    """Two lines: what each rung holds, and below it the bounds with a mark where the probability stands."""
    rungs = list(reversed(view.rungs))
    each, rest = divmod(width, len(rungs))
    names, scale = [], []
    for index, rung in enumerate(rungs):
        cells = each + (index < rest)
        is_held, is_place = rung.state == view.state, len(rungs) - 1 - index == view.place
        name = _symbols(rung)
        style = "strong accent" if is_held else "strong" if is_place else "muted"
        names.append(Span(left(f"{HELD} {name}" if is_held else name, cells - 1) + " ", style))
        bound = longest((f"{rung.bound:g}", f"{rung.bound:.3f}", f"{rung.bound:.2f}"), cells - 2)
        track = cells - len(bound)
        scale.append(Span(bound, "strong" if is_place else "muted"))
        if not is_place or view.probability is None:
            scale.append(Span("─" * track, "grid"))
            continue
        top = rungs[index + 1].bound if index + 1 < len(rungs) else 1.0
        fraction = (view.probability - rung.bound) / (top - rung.bound) if top > rung.bound else 0.0
        at = min(track - 1, int(fraction * track))
        scale += [Span("─" * at, "grid"), Span(_BELOW, "strong accent"), Span("─" * (track - at - 1), "grid")]
    return [Line(tuple(names)), Line(tuple(scale))]
