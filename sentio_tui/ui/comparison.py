"""Two sessions beside each other: their curves in percent of capital, and their figures with the difference."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final, NamedTuple

from msgspec import Struct

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


class _Known(NamedTuple):
    """A figure of the document's metrics: `scale` makes it a fraction or leaves it. `better` is 1 where more is
    better, -1 where less is, 0 where neither can be said."""

    label: str
    field: str
    form: Form
    difference: Form
    better: int = 0
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


_FIGURES: Final = (
    _Known("Return", "total_return", percent, _points, 1, 0.01),
    _Known("P&L", "total_pnl", change, change, 1),
    _Known("Max drawdown", "max_drawdown", percent, _points, 1, -0.01),
    _Known("Trades", "closed_trades", _whole, _more),
    _Known("Fills", "num_trades", _whole, _more),
    _Known("Win rate", "win_rate", _share, _points, 1, 0.01),
    _Known("Profit factor", "profit_factor", ratio, _plain, 1),
    _Known("Expectancy", "expectancy", change, change, 1),
    _Known("Average win", "average_win", change, change, 1),
    _Known("Average loss", "average_loss", change, change, 1),
    _Known("Losing streak", "longest_losing_streak", _whole, _more, -1),
    _Known("Sharpe", "sharpe", ratio, _plain, 1),
    _Known("Sortino", "sortino", ratio, _plain, 1),
    _Known("Exposure", "exposure", _share, _points, 0, 0.01),
    _Known("Turnover", "turnover", ratio, _plain),
    _Known("Fees", "fees", money, change, -1),
    _Known("Fills an hour", "trades_per_hour", ratio, _plain),
    _Known("Mean MAE", "average_mae", percent, _points, 1, 0.01),
    _Known("Mean MFE", "average_mfe", percent, _points, 1, 0.01),
    _Known("Mean day", "mrd", percent, _points, 1, 0.01),
    _Known("Mean block", "mrb", percent, _points, 1, 0.01),
    _Known("Equity", "equity", money, change),
    _Known("Open positions", "num_positions", _whole, _more),
)


def rows(a: Compared, b: Compared) -> list[Row]:
    """A row for each thing that is said of both: figures first, then what the sessions were."""
    figures = [_figure_row(known, a.document.metrics, b.document.metrics) for known in _FIGURES]
    words = zip(_words(a), _words(b), strict=True)
    return [*figures, *(_word_row(label, one, other) for (label, one), (_, other) in words)]


def _figure_row(known: _Known, a: DocumentMetrics, b: DocumentMetrics) -> Row:
    one, other = _figure(known, a), _figure(known, b)
    difference = Cell(MISSING, "muted", float("nan"))
    if isinstance(one, float) and isinstance(other, float):
        by = other - one
        good = tone(by * known.better, 4) if known.better else ""
        difference = Cell(marked(by, known.difference, digits=4), "" if good == "flat" else good, by)
    return Row(known.label, (Cell(known.label), _cell(one, known), _cell(other, known), difference))


def _figure(known: _Known, metrics: DocumentMetrics) -> Figure:
    value: object = getattr(metrics, known.field)
    if isinstance(value, int | float):
        return value * known.scale
    return Unknown(metrics.unknown.get(known.field, "not in the summary"))


def _cell(value: Figure, known: _Known) -> Cell:
    if isinstance(value, Unknown):
        return Cell(figure(value, known.form), "muted", float("nan"), UNKNOWN)
    return Cell(known.form(value, WIDE), "", value, known.form(value, 12))


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
