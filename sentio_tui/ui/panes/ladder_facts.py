"""What stands below a ladder: the present state and its limits, the market, and what the strategy thinks."""

import math
from typing import Final

from rich.cells import cell_len

from sentio_tui.model.snapshot import LadderView, Snapshot, Thresholds
from sentio_tui.ui.formatting import DOWN, LEVEL, MISSING, UP, clock, cut, glyph, left, longest, percent, right, tone
from sentio_tui.ui.market import clock_words
from sentio_tui.ui.panes.parts import meter, rule
from sentio_tui.ui.widgets.line_board import Line, Span

PLACE: Final = "▶"
"""Stands before the rung the probability is on."""
HELD: Final = "●"
"""Stands before the state that is held."""

_REACH: Final = 0.45
"""The distance from one half at which a horizon's bar is full: no probability is farther away."""


def held(view: LadderView, width: int) -> Line:
    """Bars held against the minimum hold."""
    label = Span("held  ", "muted")
    least = f"{view.min_hold_bars} bar" + "s" * (view.min_hold_bars != 1)
    if view.bars_held is None:
        said = longest((f"nothing; a state is kept {least}", f"nothing (minimum {least})", "nothing"), width - 6)
        return Line((label, Span(said, "muted")))
    done = view.bars_held >= view.min_hold_bars
    # The decision may have counted fewer: the bars of the other members come after the one that it was made on.
    said = f"{view.bars_held:,} of {least}" + (" ✓" if done else " by now")
    cells = min(12, width - 8 - cell_len(said))
    fraction = view.bars_held / view.min_hold_bars if view.min_hold_bars else 1.0
    bars = meter(fraction, cells, "gain" if done else "accent") if cells >= 4 else ()
    return Line((label, *bars, Span("  " if bars else ""), Span(said, "strong")))


def gain(view: LadderView, width: int) -> Line:
    """The account since entry, between the stop and the profit target."""
    label = Span("gain  ", "muted")
    stop = f"stop {percent(-view.stop_loss)}" if view.stop_loss else "no stop"
    target = f"target {percent(view.profit_target)}" if view.profit_target else "no target"
    if view.gain is None:
        return Line((label, Span(cut(f"{MISSING}  {stop}, {target}", width - 6), "muted")))
    spans = [label, Span(f"{glyph(view.gain, 4)} {percent(view.gain)}", f"strong {tone(view.gain, 4)}")]
    room = width - sum(cell_len(span.text) for span in spans)
    ends = f"{-view.stop_loss * 100:+g}%", f"{view.profit_target * 100:+g}%"
    cells = min(20, room - len(ends[0]) - len(ends[1]) - 4)
    if view.stop_loss and view.profit_target and cells >= 7:
        fraction = (view.gain + view.stop_loss) / (view.profit_target + view.stop_loss)
        spans += [Span(f"  {ends[0]} ", "loss"), *_scale(fraction, cells), Span(f" {ends[1]}", "gain")]
    else:
        spans.append(Span(cut(f"  {stop}, {target}", room), "muted"))
    return Line(tuple(spans))


def _scale(fraction: float, cells: int) -> tuple[Span, Span, Span]:
    """A line with a mark at a fraction of it."""
    at = 0 if math.isnan(fraction) else round(min(1.0, max(0.0, fraction)) * (cells - 1))
    return Span("─" * at, "grid"), Span("◆", "strong"), Span("─" * (cells - at - 1), "grid")


def market(snapshot: Snapshot, width: int) -> list[Line]:
    """The market's clock: what comes next, and when everything is sold."""
    hours = snapshot.clock
    if hours is None:
        return []
    label = Span("hours ", "muted")
    words = clock_words(hours, snapshot.at, snapshot.info.clock_zone)
    lines = [Line((label, Span(longest(words.forms, width - 6), words.style)))]
    if words.liquidation:
        lines.append(Line((Span("flat  ", "muted"), Span(longest(words.liquidation, width - 6)))))
    return lines


def horizons(view: LadderView, width: int) -> list[Line]:
    """Each horizon's probability as a bar from one half: to the right for a rise, to the left for a fall."""
    if not view.horizons:
        return []
    lines = [rule("probability of a rise in", width)]
    half = max(2, min(20, (width - 17) // 2))
    for minutes, value in sorted(view.horizons.items()):
        mark, style = leaning(value)
        lines.append(
            Line(
                (
                    Span(f"{minutes:>3} min ", "muted"),
                    Span(f"{mark} {value:.3f} ", style),
                    *_from_half(value, half, style),
                )
            )
        )
    return lines


def leaning(value: float) -> tuple[str, str]:
    """The glyph and the style of a probability above, below or at one half."""
    if not math.isfinite(value) or abs(value - 0.5) < 0.0005:
        return LEVEL, "flat"
    return (UP, "gain") if value > 0.5 else (DOWN, "loss")


def _from_half(value: float, half: int, style: str) -> tuple[Span, ...]:
    """The square root of the distance leaves room to see small ones."""
    size = 0.0 if not math.isfinite(value) else math.sqrt(min(1.0, abs(value - 0.5) / _REACH))
    halves = round(size * half * 2)
    filled, rest = "━" * (halves // 2), halves % 2
    if value >= 0.5:
        bar = filled + "╸" * rest
        return Span("─" * half + "│", "grid"), Span(bar, style), Span("─" * (half - len(bar)), "grid")
    bar = "╺" * rest + filled
    return Span("─" * (half - len(bar)), "grid"), Span(bar, style), Span("│" + "─" * half, "grid")


def thresholds(view: LadderView, width: int) -> list[Line]:
    """The thresholds configured against those in force."""
    if view.configured is None:
        return []
    lines = [rule(f"thresholds: set {PLACE} in force", width)]
    for name in Thresholds.__struct_fields__:
        before: float = getattr(view.configured, name)
        now: float | None = getattr(view.in_force, name) if view.in_force is not None else None
        spans = [Span(f"{name:<5} ", "muted"), Span(f"{before:g} {PLACE} ", "muted")]
        if now is None:
            spans.append(Span("not said yet", "muted"))
        else:
            drift = now - before
            mark = {"gain": UP, "loss": DOWN, "flat": LEVEL}[tone(drift, 6)]
            spans += [
                Span(f"{now:.4g}", "strong"),
                Span(f"  {mark} {drift:+.4g}" if mark != LEVEL else "  as configured"),
            ]
        lines.append(Line(tuple(spans)))
    return lines


def features(snapshot: Snapshot, view: LadderView, width: int) -> list[Line]:
    """What counts most in the model, the largest first."""
    model = view.model
    if model is None:
        return []
    title = f"features that count, {clock(model.at, snapshot.info.clock_zone, '%H:%M')}"
    importance = model.report.importance
    if not importance:
        return [rule(title, width), Line((Span(cut("none yet: nothing was learned", width), "muted"),))]
    names = min(max(cell_len(name) for name in importance), width // 2)
    cells = max(4, min(24, width - names - 6))
    return [
        rule(title, width),
        *(
            Line(
                (
                    Span(left(name.replace("_", " "), names) + " "),
                    *meter(size, cells, "accent"),
                    Span(right(f"{size:.2f}", 5), "strong"),
                )
            )
            for name, size in importance.items()
        ),
    ]
