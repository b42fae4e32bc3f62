"""Two sessions beside each other: their curves in percent of capital, and their figures with the difference."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final, NamedTuple

from msgspec import Struct

from sentio_tui.engine.figures import FIGURES, Known, Unit
from sentio_tui.journal.document import Document, DocumentMetrics, read_document
from sentio_tui.journal.names import document_path, millis
from sentio_tui.model.snapshot import Figure, Unknown
from sentio_tui.ui.formatting import MISSING, UNKNOWN, change, clean, clock, figure, marked, money, percent, ratio, tone
from sentio_tui.ui.widgets.chart import Points
from sentio_tui.ui.widgets.line_table import Cell, Row

Form = Callable[[float, int], str]
WIDE: Final = 40
"""The most cells a value takes."""


class Compared(Struct, frozen=True):
    """One side of a comparison."""

    name: str
    document: Document
    returns: Points
    """Fractions of the capital at the start, at market times."""


class NotComparable(Exception):
    """A session's summary cannot be used; says why."""


def read_side(folder: Path, name: str) -> Compared:
    """Raises NotComparable, DocumentDamaged naming file and place, OSError."""
    path = document_path(folder, name)
    try:
        document = read_document(path)
    except FileNotFoundError:
        raise NotComparable(f"{path}: there is no summary to compare") from None
    capital = document.initial_capital
    if not capital > 0.0:
        raise NotComparable(f"{path}: the capital at the start is {capital:g}; returns cannot be told from it")
    try:
        times = [millis(point.timestamp) for point in document.equity_history]
    except ValueError as error:
        raise NotComparable(f"{path}: a time of the equity curve is none: {error}") from error
    return Compared(name, document, Points(times, [point.equity / capital - 1.0 for point in document.equity_history]))


class _Shown(NamedTuple):
    """How a figure of a summary is shown. `scale` makes it a fraction, or leaves it."""

    form: Form
    difference: Form
    scale: float = 1.0


def _share(value: float, width: int) -> str:
    return percent(value, width).lstrip("+")


def _whole(value: float, width: int) -> str:
    return f"{value:,.0f}"


def _more(value: float, width: int) -> str:
    return f"{value:+,.0f}" if value else "0"


def _points(value: float, width: int) -> str:
    """A difference of two percentages."""
    return f"{percent(value).rstrip('%')} pp"


def _plain(value: float, width: int) -> str:
    return change(value, width)


_SHOWN: Final[Mapping[Unit, _Shown]] = {
    Unit.MONEY: _Shown(money, change),
    Unit.CHANGE: _Shown(change, change),
    Unit.RETURN: _Shown(percent, _points, 0.01),
    Unit.FALL: _Shown(percent, _points, -0.01),
    Unit.SHARE: _Shown(_share, _points, 0.01),
    Unit.RATIO: _Shown(ratio, _plain),
    Unit.COUNT: _Shown(_whole, _more),
}
_LEFT_OUT: Final = frozenset({"drawdown", "cash", "positions_value", "initial_capital"})
"""Figures that say nothing of two sessions beside each other, or that stand among the words."""
_IN_DOCUMENT: Final = {"fills": "num_trades", "open_positions": "num_positions"}
"""Figures by the name that the original's summary gave them."""


def rows(a: Compared, b: Compared) -> list[Row]:
    """A row for each thing that is said of both: figures first, then what the sessions were."""
    known = [each for each in FIGURES if each.name not in _LEFT_OUT]
    figures = [_figure_row(each, a.document.metrics, b.document.metrics) for each in known]
    words = zip(_words(a), _words(b), strict=True)
    return [*figures, *(_word_row(label, one, other) for (label, one), (_, other) in words)]


def _figure_row(known: Known, a: DocumentMetrics, b: DocumentMetrics) -> Row:
    shown = _SHOWN[known.unit]
    # A fall is shown as a return below zero: more of that is better.
    better = -known.better if known.unit is Unit.FALL else known.better
    one, other = _figure(known, a), _figure(known, b)
    difference = Cell(MISSING, "muted", float("nan"))
    if isinstance(one, float) and isinstance(other, float):
        by = other - one
        good = tone(by * better, 4) if better else ""
        difference = Cell(marked(by, shown.difference, digits=4), "" if good == "flat" else good, by)
    return Row(known.label, (Cell(known.label), _cell(one, shown), _cell(other, shown), difference))


def _figure(known: Known, metrics: DocumentMetrics) -> Figure:
    field = _IN_DOCUMENT.get(known.name, known.name)
    value: object = getattr(metrics, field)
    if isinstance(value, int | float):
        return value * _SHOWN[known.unit].scale
    return Unknown(metrics.unknown.get(field, "not in the summary"))


def _cell(value: Figure, shown: _Shown) -> Cell:
    if isinstance(value, Unknown):
        return Cell(figure(value, shown.form), "muted", float("nan"), UNKNOWN)
    return Cell(shown.form(value, WIDE), "", value, shown.form(value, 12))


def _word_row(label: str, a: str, b: str) -> Row:
    same = Cell("same" if a == b else "differs", "muted" if a == b else "warning", float("nan"))
    return Row(label, (Cell(label), Cell(a, "", float("nan")), Cell(b, "", float("nan")), same))


def _words(side: Compared) -> list[tuple[str, str]]:
    document = side.document
    times = side.returns.times
    market = f"{_day(times[0])} to {_day(times[-1])}" if times else UNKNOWN
    books = document.books or ()
    parameters: Mapping[str, object] = {
        name if len(books) == 1 else f"{book.name}.{name}": value
        for book in books
        for name, value in book.parameters.items()
    }
    return [
        ("Strategy", document.strategy or UNKNOWN),
        ("Preset", ", ".join(dict.fromkeys(book.preset for book in books if book.preset)) or MISSING),
        ("Parameters", ", ".join(f"{name}={value}" for name, value in parameters.items()) or MISSING),
        ("Symbols", ", ".join(document.symbols)),
        ("Mode", document.mode or UNKNOWN),
        ("Feed", document.feed.name if document.feed is not None else UNKNOWN),
        ("Capital", money(document.initial_capital)),
        ("Market dates", market),
        ("Length", document.metrics.duration or UNKNOWN),
        ("Started UTC", _moment(document.start_time)),
        ("Version", (document.versions or {}).get("sentio-tui", UNKNOWN)),
    ]


def _day(at: int) -> str:
    return clock(at, "UTC", "%Y-%m-%d")


def _moment(text: str) -> str:
    try:
        return clock(millis(text), "UTC", "%Y-%m-%d %H:%M")
    except ValueError:
        return clean(text)
