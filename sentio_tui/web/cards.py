"""The figures of a session as cards, with the levels of the original monitoring guide."""

import math
from collections.abc import Callable, Mapping
from typing import Final, NamedTuple

from msgspec.structs import asdict

from sentio_tui.engine.metrics import execution_rate, metrics, signals_per_hour
from sentio_tui.engine.state import State
from sentio_tui.model.snapshot import Figure, Unknown
from sentio_tui.web import pieces
from sentio_tui.web.pieces import Card, Grade, UnknownFigure

UNKNOWN: Final = "n/a"


def figures(state: State) -> dict[str, Figure]:
    """Every figure by its name: those of `engine.metrics`, rates and returns as fractions."""
    known: dict[str, Figure] = asdict(metrics(state))
    return known | {"signals_per_hour": signals_per_hour(state), "execution_rate": execution_rate(state)}


def told(value: Figure) -> pieces.Figure:
    """A figure as a message has it. One that is no finite number is unknown."""
    if isinstance(value, Unknown):
        return UnknownFigure(value.why)
    return value if math.isfinite(value) else UnknownFigure("not a finite number")


def cards(known: Mapping[str, Figure]) -> tuple[Card, ...]:
    """The cards, from all figures by name."""
    return tuple(_card(each, known) for each in _CARDS)


class _Kind(NamedTuple):
    id: str
    label: str
    form: Callable[[float], str]
    grade: Callable[[float], Grade]
    help: str
    note: Callable[[Mapping[str, Figure]], str]


def _card(kind: _Kind, known: Mapping[str, Figure]) -> Card:
    value = told(known[kind.id])
    if isinstance(value, UnknownFigure):
        return Card(kind.id, kind.label, value, UNKNOWN, "none", value.unknown, kind.help)
    return Card(kind.id, kind.label, value, kind.form(value), kind.grade(value), kind.note(known), kind.help)


def _money(value: float) -> str:
    return f"{'-' if value < 0 else ''}${abs(value):,.2f}"


def _change(value: float) -> str:
    sign = "-" if value < 0 else "+" if value > 0 else ""
    return f"{sign}${abs(value):,.2f}"


def _percent(value: float) -> str:
    return f"{value:,.2%}"


def _signed_percent(value: float) -> str:
    return f"{value:+,.2%}"


def _count(value: float) -> str:
    return f"{value:,.0f}"


def _ratio(value: float) -> str:
    return f"{value:,.2f}"


def _plain(_: float) -> Grade:
    return "none"


def _by_sign(value: float) -> Grade:
    return "good" if value > 0 else "bad" if value < 0 else "none"


def _at_least(good: float, warn: float) -> Callable[[float], Grade]:
    def grade(value: float) -> Grade:
        return "good" if value >= good else "warn" if value >= warn else "bad"

    return grade


def _at_most(good: float, warn: float) -> Callable[[float], Grade]:
    def grade(value: float) -> Grade:
        return "good" if value <= good else "warn" if value <= warn else "bad"

    return grade


def _against_capital(value: Mapping[str, Figure]) -> str:
    return f"from {_text(value, 'initial_capital', _money)}"


def _closed(value: Mapping[str, Figure]) -> str:
    return f"{_text(value, 'closed_trades', _count)} closed"


def _exactly(text: str) -> Callable[[Mapping[str, Figure]], str]:
    return lambda _: text


def _text(known: Mapping[str, Figure], name: str, form: Callable[[float], str]) -> str:
    value = told(known[name])
    return UNKNOWN if isinstance(value, UnknownFigure) else form(value)


_DRAWDOWN: Final = "Good up to 5 %, a warning up to 10 %, bad beyond."
_NOTHING: Final = _exactly("")
_OF_TRADES: Final = _exactly("of closed trades")

_CARDS: Final = (
    _Kind("equity", "Equity", _money, _plain, "Cash plus positions at their last prices.", _against_capital),
    _Kind(
        "total_return", "Total return", _signed_percent, _by_sign, "Equity over the initial capital, less 1.", _NOTHING
    ),
    _Kind("total_pnl", "P&L", _change, _by_sign, "Equity less the initial capital.", _NOTHING),
    _Kind("cash", "Cash", _money, _plain, "What is not in positions.", _NOTHING),
    _Kind("positions_value", "Positions value", _money, _plain, "Open positions at their last prices.", _NOTHING),
    _Kind("open_positions", "Positions", _count, _plain, "How many are open.", _exactly("open")),
    _Kind("fills", "Trades", _count, _plain, "Executions, both sides.", _closed),
    _Kind(
        "win_rate",
        "Win rate",
        _percent,
        _at_least(0.5, 0.4),
        "Closed trades that gained, net of costs. Good from 50 %, a warning from 40 %, bad below.",
        _OF_TRADES,
    ),
    _Kind(
        "drawdown",
        "Drawdown",
        _percent,
        _at_most(0.05, 0.10),
        f"How far equity is below its peak now. {_DRAWDOWN}",
        _exactly("now"),
    ),
    _Kind(
        "max_drawdown",
        "Max drawdown",
        _percent,
        _at_most(0.05, 0.10),
        f"The deepest equity was below its peak. {_DRAWDOWN}",
        _exactly("so far"),
    ),
    _Kind("trades_per_hour", "Trades/hr", _ratio, _plain, "Executions an hour of market time.", _NOTHING),
    _Kind("signals_per_hour", "Signals/hr", _ratio, _plain, "Buy and sell signals an hour of market time.", _NOTHING),
    _Kind(
        "execution_rate",
        "Exec rate",
        _percent,
        _at_least(0.5, 0.3),
        "Buy and sell signals that led to a fill. Good from 50 %, a warning from 30 %, bad below.",
        _exactly("of signals"),
    ),
    _Kind("profit_factor", "Profit factor", _ratio, _plain, "Money won over money lost, closed trades.", _OF_TRADES),
    _Kind("expectancy", "Expectancy", _change, _by_sign, "Mean P&L of a closed trade.", _exactly("a trade")),
    _Kind("exposure", "Exposure", _percent, _plain, "Share of the time in which something was held.", _NOTHING),
    _Kind(
        "turnover", "Turnover", _ratio, _plain, "All that was traded over the initial capital.", _exactly("× capital")
    ),
    _Kind("fees", "Fees", _money, _plain, "Every cost that is not price.", _NOTHING),
    _Kind("sharpe", "Sharpe", _ratio, _plain, "Annualised, of daily returns, from 20 days on.", _NOTHING),
    _Kind("sortino", "Sortino", _ratio, _plain, "Annualised, of daily returns, from 20 days on.", _NOTHING),
)
