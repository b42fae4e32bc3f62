"""The figures of a session as cards, with the levels of the original monitoring guide."""

import math
from collections.abc import Callable, Mapping
from typing import Final, NamedTuple

from msgspec.structs import asdict

from sentio_tui.engine.figures import FIGURES, SIGNAL_FIGURES, Unit
from sentio_tui.engine.metrics import execution_rate, metrics, signals_per_hour
from sentio_tui.engine.state import State
from sentio_tui.model.snapshot import Figure, Unknown
from sentio_tui.web import pieces
from sentio_tui.web.pieces import Card, Grade, UnknownFigure

UNKNOWN: Final = "n/a"

_KNOWN: Final = {known.name: known for known in (*FIGURES, *SIGNAL_FIGURES)}


def figures(state: State) -> dict[str, Figure]:
    """Every figure by its name: those of `engine.metrics`, rates and returns as fractions."""
    known: dict[str, Figure] = asdict(metrics(state))
    return known | {"signals_per_hour": signals_per_hour(state), "execution_rate": execution_rate(state)}


def told(value: Figure) -> pieces.Figure:
    """A figure as a message has it. One that is no finite number is unknown."""
    if isinstance(value, Unknown):
        return UnknownFigure(value.why)
    return value if math.isfinite(value) else UnknownFigure("not a finite number")


def cards(values: Mapping[str, Figure]) -> tuple[Card, ...]:
    """The cards, from all figures by name."""
    return tuple(_card(each, values) for each in _CARDS)


class _Kind(NamedTuple):
    """A card: the figure it shows, how it is to be taken, in words too, and another figure beside it."""

    name: str
    grade: Callable[[float], Grade] | None = None
    levels: str = ""
    beside: str = ""


def _card(kind: _Kind, values: Mapping[str, Figure]) -> Card:
    known, value = _KNOWN[kind.name], told(values[kind.name])
    definition = f"{known.definition} {kind.levels}".strip()
    if isinstance(value, UnknownFigure):
        return Card(kind.name, known.label, value, UNKNOWN, "none", value.unknown, definition)
    level = "none" if kind.grade is None else kind.grade(value)
    note = f"{_KNOWN[kind.beside].label.lower()} {_text(kind.beside, values)}" if kind.beside else ""
    return Card(kind.name, known.label, value, _FORMS[known.unit](value), level, note, definition)


def _text(name: str, values: Mapping[str, Figure]) -> str:
    value = told(values[name])
    return UNKNOWN if isinstance(value, UnknownFigure) else _FORMS[_KNOWN[name].unit](value)


def _money(value: float) -> str:
    return f"{'-' if value < 0 else ''}${abs(value):,.2f}"


def _change(value: float) -> str:
    sign = "-" if value < 0 else "+" if value > 0 else ""
    return f"{sign}${abs(value):,.2f}"


_FORMS: Final[Mapping[Unit, Callable[[float], str]]] = {
    Unit.MONEY: _money,
    Unit.CHANGE: _change,
    Unit.RETURN: "{:+,.2%}".format,
    Unit.FALL: "{:,.2%}".format,
    Unit.SHARE: "{:,.2%}".format,
    Unit.RATIO: "{:,.2f}".format,
    Unit.COUNT: "{:,.0f}".format,
}


def _by_sign(value: float) -> Grade:
    return "good" if value > 0 else "bad" if value < 0 else "none"


def _at_least(good: float, warn: float) -> Callable[[float], Grade]:
    def grade(value: float) -> Grade:
        return "good" if value >= good else "warn" if value >= warn else "bad"

    return grade


def _fall(value: float) -> Grade:
    return "good" if value <= 0.05 else "warn" if value <= 0.10 else "bad"


_FALL_LEVELS: Final = "Good up to 5 %, a warning up to 10 %, bad beyond."
_RATE_LEVELS: Final = "Good from 50 %, a warning from {} %, bad below."

_CARDS: Final = (
    _Kind("equity", beside="initial_capital"),
    _Kind("total_return", _by_sign),
    _Kind("total_pnl", _by_sign),
    _Kind("cash"),
    _Kind("positions_value"),
    _Kind("open_positions"),
    _Kind("closed_trades", beside="fills"),
    _Kind("win_rate", _at_least(0.5, 0.4), _RATE_LEVELS.format(40)),
    _Kind("drawdown", _fall, _FALL_LEVELS),
    _Kind("max_drawdown", _fall, _FALL_LEVELS),
    _Kind("trades_per_hour"),
    _Kind("signals_per_hour"),
    _Kind("execution_rate", _at_least(0.5, 0.3), _RATE_LEVELS.format(30)),
    _Kind("profit_factor"),
    _Kind("expectancy", _by_sign),
    _Kind("exposure"),
    _Kind("turnover"),
    _Kind("fees"),
    _Kind("sharpe"),
    _Kind("sortino"),
)
