"""What each figure of a session is called, measured in, and how it is defined: the words to `engine/metrics.py`."""

from enum import StrEnum
from typing import Final

from msgspec import Struct

_HELD: Final = "Worst and best price while held, of bars and fills, against the average entry price"


class Unit(StrEnum):
    """What a figure is measured in, which says how it is shown."""

    MONEY = "money"
    CHANGE = "change"
    """Money with a sign."""
    RETURN = "return"
    """A fraction that may be below zero."""
    FALL = "fall"
    """A fraction by which something lies below its peak; 0 or above."""
    SHARE = "share"
    """A part of a whole, as a fraction."""
    RATIO = "ratio"
    COUNT = "count"


class Basis(StrEnum):
    """What a figure was taken from."""

    ACCOUNT = "account"
    """The account at the last event."""
    MINUTES = "minutes"
    """The equity curve, one point a minute of market time."""
    FILLS = "fills"
    TRADES = "trades"
    """Closed round trips."""
    DAYS = "days"
    """Exchange days, one return each."""
    SIGNALS = "signals"
    """Buy and sell signals of the strategies."""


class Known(Struct, frozen=True):
    """A figure, by the name it has in `engine/metrics.py`. `better` is 1 where more is better, -1 where less is, 0
    where neither can be said."""

    name: str
    label: str
    unit: Unit
    basis: Basis
    definition: str
    better: int = 0


FIGURES: Final = (
    Known("total_return", "Return", Unit.RETURN, Basis.ACCOUNT, "Equity / initial capital - 1.", 1),
    Known("total_pnl", "P&L", Unit.CHANGE, Basis.ACCOUNT, "Equity - initial capital: net of all costs.", 1),
    Known("max_drawdown", "Max drawdown", Unit.FALL, Basis.MINUTES, "Largest 1 - equity / highest equity so far.", -1),
    Known("drawdown", "Drawdown", Unit.FALL, Basis.MINUTES, "1 - equity / highest equity so far, at the end.", -1),
    Known("closed_trades", "Trades", Unit.COUNT, Basis.TRADES, "Closed round trips: from flat to flat of a symbol."),
    Known("fills", "Fills", Unit.COUNT, Basis.FILLS, "Executions of orders, buys and sells."),
    Known("win_rate", "Win rate", Unit.SHARE, Basis.TRADES, "Trades with a P&L above 0, net of costs / all.", 1),
    Known("profit_factor", "Profit factor", Unit.RATIO, Basis.TRADES, "Won money / lost money, net of costs.", 1),
    Known("expectancy", "Expectancy", Unit.CHANGE, Basis.TRADES, "Mean P&L of a trade, net of costs.", 1),
    Known("average_win", "Average win", Unit.CHANGE, Basis.TRADES, "Mean P&L of the trades above 0.", 1),
    Known("average_loss", "Average loss", Unit.CHANGE, Basis.TRADES, "Mean P&L of the trades below 0.", 1),
    Known("longest_losing_streak", "Losing streak", Unit.COUNT, Basis.TRADES, "Most trades below 0 in a row.", -1),
    Known(
        "sharpe",
        "Sharpe",
        Unit.RATIO,
        Basis.DAYS,
        "sqrt(trading days a year) x mean / sample standard deviation of daily returns; risk-free rate 0.",
        1,
    ),
    Known(
        "sortino",
        "Sortino",
        Unit.RATIO,
        Basis.DAYS,
        "sqrt(trading days a year) x mean of daily returns / root of the mean of min(return, 0) squared.",
        1,
    ),
    Known("exposure", "Exposure", Unit.SHARE, Basis.MINUTES, "Minutes with an open position / all minutes."),
    Known("turnover", "Turnover", Unit.RATIO, Basis.FILLS, "Value of all fills, both sides / initial capital."),
    Known(
        "fees", "Fees", Unit.MONEY, Basis.FILLS, "Commissions and fees of all fills; slippage is in their price.", -1
    ),
    Known("trades_per_hour", "Fills an hour", Unit.RATIO, Basis.FILLS, "Fills / hours of market time."),
    Known("average_mae", "Mean MAE", Unit.RETURN, Basis.TRADES, f"{_HELD}: the mean of the worst.", 1),
    Known("average_mfe", "Mean MFE", Unit.RETURN, Basis.TRADES, f"{_HELD}: the mean of the best.", 1),
    Known("mrd", "Mean day", Unit.RETURN, Basis.DAYS, "MRD: mean of the daily returns.", 1),
    Known(
        "mrb",
        "Mean block",
        Unit.RETURN,
        Basis.MINUTES,
        "MRB: return / whole blocks of 390 minutes of the exchange's sessions, a regular day.",
        1,
    ),
    Known("equity", "Equity", Unit.MONEY, Basis.ACCOUNT, "Cash + quantity x own last price of every position."),
    Known("cash", "Cash", Unit.MONEY, Basis.ACCOUNT, "What is not in positions."),
    Known("positions_value", "Positions value", Unit.MONEY, Basis.ACCOUNT, "Quantity x own last price, all positions."),
    Known("open_positions", "Open positions", Unit.COUNT, Basis.ACCOUNT, "Positions held at the last event."),
    Known("initial_capital", "Capital", Unit.MONEY, Basis.ACCOUNT, "Cash at the start."),
)
"""Every field of `model.snapshot.Metrics`, in the order in which they are told."""

SIGNAL_FIGURES: Final = (
    Known("signals_per_hour", "Signals an hour", Unit.RATIO, Basis.SIGNALS, "Signals / hours of market time."),
    Known(
        "execution_rate",
        "Execution rate",
        Unit.SHARE,
        Basis.SIGNALS,
        "Signals that led to an order of which something filled / all.",
        1,
    ),
)
"""Those of no field of `Metrics`, but of a function in `engine/metrics.py`."""
