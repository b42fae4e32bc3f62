"""The charts of a report about its trades and decisions, whenever they were."""

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Final

import numpy as np

from sentio_tui.engine.figures import Unit
from sentio_tui.reports.breakdown import Breakdown, Part
from sentio_tui.reports.plotting import Chart, Data, broken, line, rounded, spread, text, thinned, tones
from sentio_tui.reports.statistics import TRADES_NEEDED, returns
from sentio_tui.reports.study import Study
from sentio_tui.reports.words import Clock, count, price, quantity, shown

_Row = tuple[str, float, str]
"""A name, a value, and the words to it as plotly takes them."""

ROWS: Final = 12
"""Bars of a breakdown at the most; the rest is one more."""


def by_trade(study: Study) -> Chart:
    """Trade after trade, and their sum."""
    trades = study.trades
    clock = Clock(study.info.clock_zone)
    sums = np.cumsum([trade.pnl for trade in trades]) if trades else np.zeros(0)
    picked = spread(len(trades), [trade.pnl for trade in trades])
    chosen = [trades[index] for index in picked]
    words = [
        f"#{trade.number} {text(trade.symbol)}, {clock.minute(trade.opened)} to {clock.minute(trade.closed)}"
        f"<br>{quantity(trade.quantity)} at {price(trade.entry_price)}, sold at {price(trade.exit_price)}"
        f"<br>P&amp;L {shown(Unit.CHANGE, trade.pnl)}, fees {trade.fees:,.2f}<br>{broken(trade.reason)}"
        for trade in chosen
    ]
    numbers = [trade.number for trade in chosen]
    data: list[Data] = [
        {
            "type": "bar",
            "name": "Trade",
            "x": numbers,
            "y": rounded([trade.pnl for trade in chosen], 2),
            "text": words,
            "textposition": "none",
            "marker": {"color": tones([trade.pnl for trade in chosen])},
            "hovertemplate": "%{text}<extra></extra>",
        },
        {
            "type": "scatter",
            "mode": "lines",
            "name": "Sum",
            "x": numbers,
            "y": rounded([sums[index] for index in picked], 2),
            "yaxis": "y2",
            "line": line("@chart-equity"),
            "hovertemplate": "Sum %{y:,.2f}<extra></extra>",
        },
    ]
    layout: Data = {
        "xaxis": {"title": {"text": "Trade"}, "anchor": "y2"},
        "yaxis": {"domain": [0.5, 1.0], "title": {"text": "P&amp;L"}},
        "yaxis2": {"domain": [0.0, 0.42], "title": {"text": "Sum"}},
        "hovermode": "closest",
        "height": 400,
    }
    note = "Each closed round trip, net of the costs of both sides, and their running sum."
    return Chart("trades", "P&L trade by trade", note + thinned(len(chosen), len(trades), "trades"), data, layout)


def distribution(study: Study) -> Chart:
    """How the returns of the trades lie; each by itself where they are too few to be a distribution."""
    values = [100.0 * value for value in returns(study.trades)]
    if len(values) < TRADES_NEEDED:
        few = count(len(values), "trade")
        note = f"{few}: too few for a distribution (needs {TRADES_NEEDED}), so each stands for itself."
        data: list[Data] = [
            {
                "type": "scatter",
                "mode": "markers",
                "x": rounded(values, 4),
                "y": [0] * len(values),
                "marker": {"symbol": "line-ns-open", "size": 22, "color": tones(values), "line": {"width": 2}},
                "hovertemplate": "%{x:.2f}%<extra></extra>",
            }
        ]
        axis: Data = {"visible": False, "range": [-1, 1], "fixedrange": True}
    else:
        note = f"Return of each of {count(len(values), 'trade')} on what it cost, net of all costs."
        counts, edges = np.histogram(values, bins=_bins(values))
        middles = (edges[:-1] + edges[1:]) / 2.0
        ranges = [f"{low:+.2f}% to {high:+.2f}%" for low, high in pairwise(edges.tolist())]
        data = [
            {
                "type": "bar",
                "x": rounded(middles, 6),
                "y": counts.tolist(),
                "width": rounded(np.diff(edges) * 0.94, 6),
                "text": ranges,
                "textposition": "none",
                "marker": {"color": tones(middles)},
                "hovertemplate": "%{text}<br>%{y} trades<extra></extra>",
            }
        ]
        axis = {"title": {"text": "Trades"}}
    zero = {
        "type": "line",
        "x0": 0,
        "x1": 0,
        "yref": "paper",
        "y0": 0,
        "y1": 1,
        "line": {"color": "@trade-muted", "width": 1},
    }
    layout: Data = {
        "xaxis": {"title": {"text": "Return of a trade"}, "ticksuffix": "%"},
        "yaxis": axis,
        "shapes": [zero],
    }
    return Chart("returns", "Distribution of returns", note, data, layout, is_wide=False)


def _bins(values: Sequence[float]) -> list[float]:
    """Edges of equal width with one of them at 0, so that no bar holds gains and losses. Width by Freedman and
    Diaconis, 8 to 60 bars."""
    low, high = min(min(values), 0.0), max(max(values), 0.0)
    if high - low <= 0.0:
        return [-0.5, 0.0, 0.5]
    q1, q3 = np.percentile(values, (25.0, 75.0))
    wanted = 2.0 * (q3 - q1) / len(values) ** (1.0 / 3.0)
    step = min(max(wanted, (high - low) / 60.0), (high - low) / 8.0)
    return [step * index for index in range(math.floor(low / step), math.ceil(high / step) + 1)]


def excursions(study: Study) -> Chart:
    """How far each trade went against and for its position before it ended."""
    chosen = [study.trades[index] for index in spread(len(study.trades))]
    data: list[Data] = []
    for name, glyph, colour, won in (("Won", "triangle-up", "gain", True), ("Not won", "triangle-down", "loss", False)):
        points = [trade for trade in chosen if (trade.pnl > 0.0) is won]
        data.append(
            {
                "type": "scatter",
                "mode": "markers",
                "name": name,
                "x": rounded([100.0 * trade.mae for trade in points], 4),
                "y": rounded([100.0 * trade.mfe for trade in points], 4),
                "text": [
                    f"#{trade.number} {text(trade.symbol)}<br>P&amp;L {shown(Unit.CHANGE, trade.pnl)}"
                    for trade in points
                ],
                "marker": {"symbol": glyph, "size": 8, "opacity": 0.8, "color": f"@trade-{colour}"},
                "hovertemplate": "%{text}<br>MAE %{x:.2f}%, MFE %{y:.2f}%<extra></extra>",
            }
        )
    layout: Data = {
        "xaxis": {"title": {"text": "MAE"}, "ticksuffix": "%"},
        "yaxis": {"title": {"text": "MFE"}, "ticksuffix": "%"},
        "hovermode": "closest",
    }
    note = "Worst (MAE) and best (MFE) price while held, against the entry price, before costs. ▲ won, ▼ did not."
    note += thinned(len(chosen), len(study.trades), "trades", "chosen evenly")
    return Chart("excursions", "MAE against MFE", note, data, layout, is_wide=False)


def breakdown(study: Study, parts: Breakdown) -> Chart:
    """Profit or loss by one thing."""
    note = "Closing fills where they happened; what is open at its last price."
    title = f"P&L by {parts.title.lower()}"
    if parts.name == "hour":
        return Chart("by-hour", title, note, *_columns([_row(part.key, [part]) for part in parts.parts]))
    rows = sorted(parts.parts, key=lambda part: -abs(part.total))
    kept, rest = (rows[:ROWS], rows[ROWS:]) if len(rows) > ROWS + 1 else (rows, [])
    names = {part.key for part in kept}
    told = [_row(part.key, [part]) for part in parts.parts if part.key in names]
    if rest:
        told.append(_row(f"{len(rest)} others", rest))
    return Chart(f"by-{parts.name}", title, note, *_bars(told), is_wide=False)


def _row(name: str, parts: Sequence[Part]) -> _Row:
    total = math.fsum(part.total for part in parts)
    trades = count(sum(part.trades for part in parts), "trade")
    return name, total, f"P&amp;L {shown(Unit.CHANGE, total)}<br>{trades}"


def reasons(study: Study) -> Chart:
    """Why bars did not lead to a trade."""
    counted = study.state.reasons
    decisions = counted.total()
    idle = [(reason.text, times) for reason, times in counted.most_common() if not reason.trades]
    rows = [
        (name, float(times), f"{count(times, 'decision')}, {shown(Unit.SHARE, times / decisions)}")
        for name, times in idle
    ]
    data, layout = _bars(rows, "@chart-axis")
    note = f"Of {count(decisions, 'decision')}, one for each bar of a driving symbol."
    return Chart("reasons", "Reasons for not trading", note, data, layout, is_wide=False)


def _columns(rows: Sequence[_Row]) -> tuple[list[Data], Data]:
    """Upright bars from the left on."""
    data: list[Data] = [{"type": "bar", "x": [text(name) for name, _, _ in rows], "y": _lengths(rows), **_dress(rows)}]
    return data, {"xaxis": {"type": "category"}, "yaxis": {}, "hovermode": "closest", "height": 260}


def _bars(rows: Sequence[_Row], colour: str = "") -> tuple[list[Data], Data]:
    """Horizontal bars from the top down. Names are shortened on the axis, and whole in the hover."""
    places = list(range(len(rows)))
    names = [text(name if len(name) <= 28 else f"{name[:27]}…") for name, _, _ in rows]
    data: list[Data] = [{"type": "bar", "orientation": "h", "x": _lengths(rows), "y": places, **_dress(rows, colour)}]
    axis = {"tickvals": places, "ticktext": names, "autorange": "reversed", "zeroline": False}
    return data, {"yaxis": axis, "xaxis": {}, "hovermode": "closest", "height": 110 + 26 * max(len(rows), 2)}


def _lengths(rows: Sequence[_Row]) -> list[float | None]:
    return rounded([value for _, value, _ in rows], 2)


def _dress(rows: Sequence[_Row], colour: str = "") -> Data:
    return {
        "text": [f"{text(name)}<br>{words}" for name, _, words in rows],
        "textposition": "none",
        "marker": {"color": colour or tones(value for _, value, _ in rows)},
        "hovertemplate": "%{text}<extra></extra>",
    }
