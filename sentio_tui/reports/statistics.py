"""Figures of a sample of trades or days, given only where the sample can carry them.

median, percentiles   of the trades' returns: P&L net of all costs / quantity x entry price; linear between ranks
payoff                average win / -(average loss)
win rate interval     Wilson's score interval, 95 %
expectancy interval   95 % percentile bootstrap of the mean P&L of a trade, trades drawn with replacement. It takes
                      trades as independent of each other, which trades close in time are not quite.
volatility            sqrt(trading days a year) x sample standard deviation of the daily returns
"""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from sentio_tui.engine.figures import FIGURES, SIGNAL_FIGURES, Basis, Known, Unit
from sentio_tui.engine.ledger import Trade
from sentio_tui.engine.metrics import DAYS_NEEDED, NO_TRADES, execution_rate, signals_per_hour
from sentio_tui.model.bars import MINUTE
from sentio_tui.model.snapshot import Figure, Unknown
from sentio_tui.reports.study import Study
from sentio_tui.reports.words import sample

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

TRADES_NEEDED: Final = 30
"""Closed trades below which their distribution says nothing."""

RESAMPLES: Final = 2_000
SEED: Final = 18
"""Of the resampling, so that the same session always gives the same report."""
_AT_ONCE: Final = 2_000_000
"""Numbers drawn at a time: some megabytes."""
_Z: Final = 1.959963984540054
"""The normal distribution's 97.5 % point."""


class Told(Struct, frozen=True):
    """A figure with its words, and what it stands on: "98 trades"; empty where that goes without saying."""

    known: Known
    value: Figure
    sample: str


def told(study: Study) -> list[Told]:
    """Every figure of a session: those all viewers show, and those of the samples, unknown where they are small."""
    metrics = study.snapshot.metrics
    of_signals = (signals_per_hour(study.state), execution_rate(study.state))
    figures = [
        *((known, getattr(metrics, known.name)) for known in FIGURES),
        *zip(SIGNAL_FIGURES, of_signals, strict=True),
        *_statistics(study),
    ]
    return [
        Told(known, value, "" if known.unit is Unit.COUNT else sample(study, known.basis)) for known, value in figures
    ]


def returns(trades: Sequence[Trade]) -> list[float]:
    """The return of each trade on what was paid for it."""
    return [trade.pnl / (trade.quantity * trade.entry_price) for trade in trades]


def _statistics(study: Study) -> list[tuple[Known, Figure]]:
    trades = study.trades
    metrics = study.snapshot.metrics
    pnls = [trade.pnl for trade in trades]
    quantiles = _quantiles(returns(trades))
    low, high = _interval(pnls)
    worst, best = wilson(sum(pnl > 0.0 for pnl in pnls), len(pnls))
    return [
        _of_trades("best_trade", "Best trade", Unit.CHANGE, "Largest P&L of a trade.", max(pnls, default=NO_TRADES)),
        _of_trades("worst_trade", "Worst trade", Unit.CHANGE, "Smallest P&L of a trade.", min(pnls, default=NO_TRADES)),
        _of_trades(
            "payoff",
            "Payoff",
            Unit.RATIO,
            "Average win / -(average loss).",
            payoff(metrics.average_win, metrics.average_loss),
        ),
        _of_trades(
            "mean_minutes",
            "Mean minutes held",
            Unit.RATIO,
            "Mean time from a trade's first fill to its last, in minutes.",
            _minutes(trades),
        ),
        _of_trades(
            "median_return", "Median trade", Unit.RETURN, "Median return of a trade on what it cost.", quantiles[1]
        ),
        _of_trades("return_p05", "5th percentile", Unit.RETURN, "One trade in twenty returned less.", quantiles[0]),
        _of_trades("return_p95", "95th percentile", Unit.RETURN, "One trade in twenty returned more.", quantiles[2]),
        _of_trades(
            "win_rate_low", "Win rate, 95 % from", Unit.SHARE, "Lower end of the 95 % interval (Wilson).", worst
        ),
        _of_trades("win_rate_high", "Win rate, 95 % to", Unit.SHARE, "Upper end of the 95 % interval (Wilson).", best),
        _of_trades(
            "expectancy_low",
            "Expectancy, 95 % from",
            Unit.CHANGE,
            f"Lower end of the 95 % interval: {RESAMPLES:,} resamples of the trades, taken as independent.",
            low,
        ),
        _of_trades("expectancy_high", "Expectancy, 95 % to", Unit.CHANGE, "Upper end of the same interval.", high),
        (
            Known(
                "volatility",
                "Volatility a year",
                Unit.SHARE,
                Basis.DAYS,
                "sqrt(trading days a year) x sample standard deviation of the daily returns.",
            ),
            volatility([value for _, value in study.daily], study.info.periods),
        ),
    ]


def payoff(win: Figure, loss: Figure) -> Figure:
    """Average win over average loss, or why there is none."""
    if isinstance(win, Unknown):
        return win
    if isinstance(loss, Unknown):
        return loss
    return win / -loss


def wilson(won: int, trades: int) -> tuple[Figure, Figure]:
    """Wilson's 95 % interval of a share, or why there is none."""
    if trades < TRADES_NEEDED:
        few = too_few(trades)
        return few, few
    share, z2 = won / trades, _Z * _Z
    middle = share + z2 / (2 * trades)
    spread = _Z * math.sqrt(share * (1.0 - share) / trades + z2 / (4 * trades * trades))
    scale = 1.0 + z2 / trades
    return max(0.0, (middle - spread) / scale), min(1.0, (middle + spread) / scale)


def volatility(daily: Sequence[float], periods: int) -> Figure:
    """Annualised, or why there is none."""
    if len(daily) < DAYS_NEEDED:
        return Unknown(f"{len(daily)} {'day' if len(daily) == 1 else 'days'}, needs {DAYS_NEEDED}")
    mean = math.fsum(daily) / len(daily)
    return math.sqrt(periods * math.fsum((value - mean) ** 2 for value in daily) / (len(daily) - 1))


def too_few(trades: int) -> Unknown:
    """Why a sample of trades is not told of."""
    return Unknown(f"{trades} {'trade' if trades == 1 else 'trades'}, needs {TRADES_NEEDED}")


def _of_trades(name: str, label: str, unit: Unit, definition: str, value: Figure) -> tuple[Known, Figure]:
    return Known(name, label, unit, Basis.TRADES, definition), value


def _minutes(trades: Sequence[Trade]) -> Figure:
    if not trades:
        return NO_TRADES
    return sum(trade.closed - trade.opened for trade in trades) / len(trades) / MINUTE


def _quantiles(values: Sequence[float]) -> tuple[Figure, Figure, Figure]:
    """The 5th, 50th and 95th percentile."""
    if len(values) < TRADES_NEEDED:
        few = too_few(len(values))
        return few, few, few
    import numpy as np

    low, middle, high = np.percentile(values, (5.0, 50.0, 95.0))
    return float(low), float(middle), float(high)


def _interval(pnls: Sequence[float]) -> tuple[Figure, Figure]:
    """The bootstrap's 95 % interval of the mean."""
    if len(pnls) < TRADES_NEEDED:
        few = too_few(len(pnls))
        return few, few
    import numpy as np

    low, high = np.percentile(_means(np.asarray(pnls)), (2.5, 97.5))
    return float(low), float(high)


def _means(sample: "NDArray[np.float64]") -> "NDArray[np.float64]":
    """The means of as many samples of the same size, drawn from it with replacement."""
    import numpy as np

    draw = np.random.default_rng(SEED)
    count = len(sample)
    rows = max(1, _AT_ONCE // count)
    parts = []
    for start in range(0, RESAMPLES, rows):
        chosen = draw.integers(0, count, size=(min(rows, RESAMPLES - start), count))
        parts.append(sample[chosen].mean(axis=1))
    return np.concatenate(parts)
