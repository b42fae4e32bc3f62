"""The charts of a report along the market's time: equity, prices with trades, exposure, days."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Final

import numpy as np
from msgspec.structs import replace
from numpy.typing import NDArray

from sentio_tui.engine.figures import Unit
from sentio_tui.model.bars import MINUTE
from sentio_tui.model.orders import Side
from sentio_tui.plain import clean
from sentio_tui.reports.plotting import (
    POINTS,
    Chart,
    Data,
    broken,
    line,
    rounded,
    spread,
    stretches,
    text,
    thinned,
    tones,
)
from sentio_tui.reports.study import Entry, Study
from sentio_tui.reports.words import Clock, count, price, quantity, shown

LINES: Final = 6
"""Driving symbols with a chart of their own at the most."""
_BREAKS: Final = 60
"""Nights that are cut out of an axis at the most."""
_NIGHT: Final = 90 * MINUTE


def equity(study: Study) -> Chart:
    """Equity and how far it is below its peak."""
    curve, capital = study.state.curve, study.info.capital
    values = np.asarray(curve.equity, dtype=np.float64)
    falls = drawdowns(values, capital)
    picked = stretches(values, falls)
    clock = Clock(study.info.clock_zone)
    times = [clock.plain(curve.times[index]) for index in picked.tolist()]
    curve_line: Data = {"type": "scatter", "mode": "lines", "x": times}
    money = "%{y:,.2f}<extra></extra>"
    data: list[Data] = [
        {
            **curve_line,
            "name": "Equity",
            "y": rounded(values[picked], 2),
            "line": line("@chart-equity"),
            "hovertemplate": money,
        },
        {
            "type": "scatter",
            "mode": "lines",
            "name": "Capital",
            "x": [times[0], times[-1]] if times else [],
            "y": [capital, capital] if times else [],
            "line": {"color": "@trade-muted", "width": 1, "dash": "dash"},
            "hoverinfo": "skip",
        },
        {
            **curve_line,
            "name": "Drawdown",
            "y": rounded(100.0 * falls[picked], 4),
            "yaxis": "y2",
            "line": line("@chart-drawdown"),
            "fill": "tozeroy",
            "hovertemplate": "%{y:.2f}%<extra></extra>",
        },
    ]
    layout = {
        "xaxis": {**_dates(study), "anchor": "y2"},
        "yaxis": {"domain": [0.36, 1.0], "title": {"text": "Equity"}},
        "yaxis2": {"domain": [0.0, 0.28], "title": {"text": "Drawdown"}, "ticksuffix": "%", "rangemode": "tozero"},
        "hovermode": "x",
        "height": 460,
    }
    note = f"One point a minute of market time, {clock.name}. The dashed line is the capital at the start."
    return Chart("equity", "Equity and drawdown", note + thinned(len(picked), len(values), "minutes"), data, layout)


def drawdowns(values: "NDArray[np.float64]", capital: float) -> "NDArray[np.float64]":
    """How far each point lies below the highest so far, the capital at the start included; fractions, 0 or below."""
    peaks = np.maximum(np.maximum.accumulate(values), capital) if len(values) else values
    return np.divide(values, peaks, out=np.ones_like(values), where=peaks > 0.0) - 1.0


def prices(study: Study) -> list[Chart]:
    """Each driving symbol with the fills it led to; those with the most of them first."""
    fills = {symbol: _fills_on(study, symbol) for symbol in study.prices}
    order = sorted(study.prices, key=lambda symbol: -len(fills[symbol]))
    drawn = [_price(study, symbol, fills[symbol], number) for number, symbol in enumerate(order[:LINES])]
    if len(order) > LINES:
        note = f"{drawn[-1].note} {count(len(order) - LINES, 'further symbol')} with fewer fills not drawn."
        drawn[-1] = replace(drawn[-1], note=note)
    return drawn


def _fills_on(study: Study, symbol: str) -> list[Entry]:
    """The fills in a driving symbol itself, and those in funds that its book trades on it."""
    driven = {book.name: book.driving for book in study.info.books}
    return [
        entry
        for entry in study.entries
        if entry.symbol == symbol or (symbol in driven[entry.book] and entry.symbol not in driven[entry.book])
    ]


def _price(study: Study, symbol: str, fills: Sequence[Entry], number: int) -> Chart:
    bars = study.prices[symbol]
    clock = Clock(study.info.clock_zone)
    picked = stretches(bars.closes)
    shown_fills = [fills[index] for index in spread(len(fills))]
    data: list[Data] = [
        {
            "type": "scatter",
            "mode": "lines",
            "name": text(symbol),
            "x": [clock.plain(bars.times[index] + MINUTE) for index in picked.tolist()],
            "y": [bars.closes[index] for index in picked.tolist()],
            "line": {"color": "@chart-equity", "width": 1.3},
            "hovertemplate": "%{y}<extra></extra>",
        }
    ]
    for side, name, glyph, colour in (
        (Side.BUY, "Buy", "triangle-up", "gain"),
        (Side.SELL, "Sell", "triangle-down", "loss"),
    ):
        points = [
            (entry, entry.price if entry.symbol == symbol else bars.at(entry.time))
            for entry in shown_fills
            if entry.side is side
        ]
        data.append(
            {
                "type": "scatter",
                "mode": "markers",
                "name": name,
                "x": [clock.plain(entry.time) for entry, _ in points],
                "y": [at for _, at in points],
                "text": [_told(entry, clock) for entry, _ in points],
                "marker": {
                    "symbol": glyph,
                    "size": 11,
                    "color": f"@trade-{colour}",
                    "line": {"color": "@base-background", "width": 1},
                },
                "hovertemplate": "%{text}<extra></extra>",
            }
        )
    layout = {"xaxis": _dates(study), "yaxis": {"title": {"text": text(symbol)}}, "hovermode": "closest", "height": 400}
    note = f"Closes of {clean(symbol)} with buys ▲ and sells ▼"
    if any(entry.symbol != symbol for entry in fills):
        note += "; those of other symbols stand at its price then"
    note += "." + thinned(len(picked), len(bars.times), "minutes")
    note += thinned(len(shown_fills), len(fills), "fills", "chosen evenly")
    return Chart(f"price-{number}", f"Price of {clean(symbol)}", note, data, layout)


def _told(entry: Entry, clock: Clock) -> str:
    pnl = "" if entry.pnl is None else f"<br>P&amp;L {shown(Unit.CHANGE, entry.pnl)}"
    return (
        f"{entry.side.value.upper()} {quantity(entry.quantity)} {text(entry.symbol)} @ {price(entry.price)}"
        f"<br>{clock.minute(entry.time)}, bar {entry.bar}"
        f"<br>Value {entry.value:,.2f}, cash {entry.cash:,.2f}, portfolio {entry.equity:,.2f}{pnl}"
        f"<br>{broken(entry.reason)}"
    )


def exposure(study: Study) -> Chart:
    """The share of equity that is in the market."""
    times = study.state.curve.times
    values = 100.0 * np.asarray(study.exposure, dtype=np.float64)
    picked = stretches(values)
    clock = Clock(study.info.clock_zone)
    data: list[Data] = [
        {
            "type": "scatter",
            "mode": "lines",
            "x": [clock.plain(times[index]) for index in picked.tolist()],
            "y": rounded(values[picked], 2),
            "line": {"color": "@base-accent", "width": 1.3, "shape": "hv"},
            "fill": "tozeroy",
            "hovertemplate": "%{y:.1f}%<extra></extra>",
        }
    ]
    layout = {
        "xaxis": _dates(study),
        "yaxis": {"title": {"text": "Invested"}, "ticksuffix": "%", "rangemode": "tozero"},
    }
    note = "Worth of all positions over equity. The leverage inside a fund is not counted."
    note += thinned(len(picked), len(values), "minutes")
    return Chart("exposure", "Exposure", note, data, layout | {"hovermode": "x", "height": 260})


def daily(study: Study) -> Chart:
    """The return of each exchange day."""
    days = study.daily[-POINTS:]
    data: list[Data] = [
        {
            "type": "bar",
            "x": [day for day, _ in days],
            "y": rounded([100.0 * value for _, value in days], 4),
            "marker": {"color": tones([value for _, value in days])},
            "hovertemplate": "%{x}<br>%{y:+.2f}%<extra></extra>",
        }
    ]
    layout = {"xaxis": {"type": "category", "nticks": 12}, "yaxis": {"ticksuffix": "%"}, "height": 260}
    note = "Equity at the end of a day over that of the day before, - 1; the first day's over the capital."
    return Chart(
        "days", "Return by day", note + thinned(len(days), len(study.daily), "days", "the newest"), data, layout
    )


def _dates(study: Study) -> Data:
    """An axis of the exchange's clock; the nights of a market that closes are cut out."""
    times = study.state.curve.times
    nights = [(before, after) for before, after in pairwise(times) if after - before > _NIGHT]
    axis: Data = {"type": "date"}
    if 0 < len(nights) <= _BREAKS:
        clock = Clock(study.info.clock_zone)
        axis["rangebreaks"] = [
            {"bounds": [clock.plain(before + MINUTE), clock.plain(after - MINUTE)]} for before, after in nights
        ]
    return axis
