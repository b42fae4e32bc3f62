"""The figures of the session."""

from collections.abc import Callable, Sequence
from typing import Final

from sentio_tui.model.snapshot import Figure, Metrics, Snapshot
from sentio_tui.ui.formatting import (
    UNKNOWN,
    change,
    cut,
    figure,
    longest,
    marked,
    money,
    percent,
    ratio,
    share,
    sparkline,
    tone,
)
from sentio_tui.ui.panes.base import BoardPane
from sentio_tui.ui.widgets.cards import Card, Plan, Value, draw, plan

_CORE: Final = 0


class MetricsPane(BoardPane):
    """The figures of the session, as many as there is room for."""

    NUMBER = 1
    NAME = "metrics"
    TITLE = "Metrics"
    HELP = """\
The figures of the session. Equity is cash plus positions at their last prices. Return and P&L are measured from the
capital at the start. Win rate, profit factor (money won over money lost), expectancy and the average win and loss
count closed round trips, net of the costs of both sides. Drawdown is how far equity is below its peak, now and at the
worst. Exposure is the share of the time in which something was held, turnover all that was traded over the capital.
MAE and MFE are how far trades went against and for the position before they closed, on average.

A figure that cannot be given reads n/a; where there is room the reason follows. `z` gives the pane the whole screen."""

    def __init__(self) -> None:
        super().__init__()
        self._cards = _cards(self._current)
        self._plan: Plan | None = None

    def draw(self, snapshot: Snapshot) -> None:
        if self._plan is None:
            self._plan = plan(self._cards, *self.size)
        self.set_lines(draw(self._plan)[: self.size.height])

    def on_resize(self) -> None:
        self._plan = None
        self.paint()

    def _current(self) -> Snapshot:
        assert self.snapshot is not None
        return self.snapshot


def _cards(current: Callable[[], Snapshot]) -> Sequence[Card]:
    def of(form: Callable[[Metrics, int], Value | str]) -> Callable[[int], Value]:
        def value(width: int) -> Value:
            made = form(current().metrics, width)
            if isinstance(made, str):
                made = Value(made)
            return made._replace(style="muted") if made.text.startswith(UNKNOWN) else made

        return value

    def equity(metrics: Metrics, width: int) -> Value:
        curve = current().curve.equity
        return Value(money(metrics.equity, width), picture=lambda cells: sparkline(curve, cells))

    return (
        Card("Equity", "Equity", 10, _CORE, of(equity), picture=8),
        Card("Return", "Return", 9, _CORE, of(lambda m, w: _signed(m.total_return, percent, w, digits=4))),
        Card("P&L", "P&L", 11, 1, of(lambda m, w: _signed(m.total_pnl, change, w))),
        Card("Cash", "Cash", 10, _CORE, of(lambda m, w: money(m.cash, w))),
        Card("Positions value", "Pos value", 9, _CORE, of(lambda m, w: money(m.positions_value, w))),
        Card("Win rate", "Win rate", 6, _CORE, of(lambda m, w: figure(m.win_rate, share, w))),
        Card("Drawdown/max", "Drawdown", 10, _CORE, of(_drawdown)),
        Card("Trades", "Trades", 7, _CORE, of(_trades)),
        Card("Positions", "Positions", 3, _CORE, of(lambda m, w: cut(f"{m.open_positions:,}", w))),
        Card("Profit factor", "Profit f.", 5, 2, of(lambda m, w: figure(m.profit_factor, ratio, w))),
        Card("Expectancy", "Expect.", 8, 5, of(lambda m, w: _figure(m.expectancy, change, w))),
        Card("Avg win / loss", "Win/loss", 15, 6, of(_win_loss)),
        Card("Exposure", "Exposure", 6, 3, of(lambda m, w: figure(m.exposure, share, w))),
        Card("Turnover", "Turnover", 7, 8, of(lambda m, w: longest([f"{ratio(m.turnover, w - 1)}×"], w))),
        Card("Fees", "Fees", 8, 4, of(lambda m, w: money(m.fees, w))),
        Card("Trades/h", "Trades/h", 6, 9, of(lambda m, w: figure(m.trades_per_hour, ratio, w))),
        Card("Losing streak", "Streak", 3, 10, of(lambda m, w: cut(f"{m.longest_losing_streak:,}", w))),
        Card("Sharpe", "Sharpe", 6, 7, of(lambda m, w: figure(m.sharpe, ratio, w))),
        Card("Sortino", "Sortino", 6, 11, of(lambda m, w: figure(m.sortino, ratio, w))),
        Card("MAE / MFE", "MAE/MFE", 15, 12, of(_excursions)),
    )


def _signed(value: float, form: Callable[[float, int], str], width: int, *, digits: int = 2) -> Value:
    return Value(marked(value, form, width, digits), tone(value, digits))


def _figure(value: Figure, form: Callable[[float, int], str], width: int) -> Value:
    return Value(figure(value, form, width), tone(value) if isinstance(value, float) else "")


def _drawdown(metrics: Metrics, width: int) -> Value:
    now, worst = 0.0 - metrics.drawdown, 0.0 - metrics.max_drawdown  # shown as the losses they are
    forms = [
        f"{percent(now)} / {percent(worst)}",
        f"{percent(now).rstrip('%')}/{percent(worst)}",
        f"{percent(now, 5).rstrip('%')}/{percent(worst, 5)}",
        f"{abs(now) * 100:.1f}/{abs(worst) * 100:.1f}%",
        percent(worst, width),
    ]
    return Value(longest(forms, width), "loss" if tone(now, 4) == "loss" else "")


def _trades(metrics: Metrics, width: int) -> str:
    fills, closed = f"{metrics.fills:,}", f"{metrics.closed_trades:,}"
    return longest([f"{fills} ({closed} closed)", f"{fills} / {closed}", f"{fills}/{closed}", fills], width)


def _pair(first: Figure, second: Figure, form: Callable[[float, int], str], width: int) -> str:
    """Two figures in one card; a reason is given once."""
    if not isinstance(first, float) and not isinstance(second, float):
        return figure(first, form, width)
    forms = (f"{figure(first, form, each)} / {figure(second, form, each)}" for each in (12, 9, 7, 6))
    return longest([*forms, f"{figure(first, form, 5)}/{figure(second, form, 5)}"], width)


def _win_loss(metrics: Metrics, width: int) -> str:
    return _pair(metrics.average_win, metrics.average_loss, change, width)


def _excursions(metrics: Metrics, width: int) -> str:
    return _pair(metrics.average_mae, metrics.average_mfe, percent, width)
