"""The figures of a session and their definitions. One function serves every viewer (T-22).

Money is in the account's currency; rates and returns are fractions. A figure without enough to stand on is
`Unknown` and says why. "Trade" is a closed round trip, flat to flat, net of the costs of both sides (T-31, T-42).

equity              cash + sum of quantity x own last price
total return        equity / initial capital - 1
drawdown            1 - equity / highest equity so far; `max_drawdown` is its largest value over the curve's points
                    (one a minute of market time)
win rate            trades with pnl > 0 / all trades
profit factor       sum of winning pnl / -(sum of losing pnl)
expectancy          mean pnl of a trade
exposure            minutes with an open position / minutes
turnover            value of all fills, both sides / initial capital
trades per hour     fills / hours of market time
signals per hour    buy and sell signals / hours of market time
execution rate      buy and sell signals that led to an order of which something filled / all of them
Sharpe              sqrt(periods) x mean / sample standard deviation of daily returns, risk-free rate 0. Days are
                    exchange days; the first counts from the initial capital. Periods: 252, or 365 for crypto.
Sortino             sqrt(periods) x mean / downside deviation; the latter is sqrt(mean of min(r, 0)^2) over all days
MRD                 mean of the daily returns
MRB                 total return / number of whole blocks of 390 minutes with a bar, a regular exchange day. Only the
                    minutes of the exchange's sessions count; of a market that never closes, all of them.
MAE, MFE            mean over trades of worst and best price while held against the entry price
"""

import math
from bisect import bisect_left
from collections.abc import Sequence
from functools import lru_cache
from typing import Final

from sentio_tui.engine.ledger import Trade
from sentio_tui.engine.state import State
from sentio_tui.market.calendar import ROUND_THE_CLOCK, Calendar, ExchangeCalendar
from sentio_tui.model.bars import MINUTE, Millis
from sentio_tui.model.decisions import Direction
from sentio_tui.model.snapshot import Figure, Metrics, Unknown

DAYS_NEEDED: Final = 20
"""Daily returns below which a Sharpe or Sortino ratio says nothing."""

BLOCK_MINUTES: Final = 390

HOUR: Final = 3_600_000

NO_TRADES: Final = Unknown("no closed trades")


def metrics(state: State) -> Metrics:
    """All figures of the state as it is."""
    trades = state.trades
    equity = state.equity
    capital = state.info.capital
    current, deepest = state.curve.now()
    held, points = state.curve.held_share
    returns = daily_returns([value for _, value in state.curve.daily()], capital)
    fills = state.executions
    wins = [trade.pnl for trade in trades if trade.pnl > 0.0]
    losses = [trade.pnl for trade in trades if trade.pnl < 0.0]
    return Metrics(
        equity=equity,
        cash=state.cash,
        positions_value=state.positions_value,
        initial_capital=capital,
        total_return=equity / capital - 1.0,
        total_pnl=equity - capital,
        drawdown=current,
        max_drawdown=deepest,
        fills=len(fills),
        closed_trades=len(trades),
        open_positions=sum(len(account.positions) for account in state.accounts.values()),
        win_rate=len(wins) / len(trades) if trades else NO_TRADES,
        profit_factor=profit_factor(wins, losses),
        expectancy=_mean([trade.pnl for trade in trades], "closed trades"),
        average_win=_mean(wins, "winning trades"),
        average_loss=_mean(losses, "losing trades"),
        exposure=held / points if points else Unknown("no bars yet"),
        turnover=sum(execution.fill.value for execution in fills) / capital,
        fees=sum(execution.fill.commission for execution in fills),
        trades_per_hour=_per_hour(len(fills), state),
        longest_losing_streak=longest_losing_streak(trades),
        sharpe=sharpe(returns, state.info.periods),
        sortino=sortino(returns, state.info.periods),
        average_mae=_mean([trade.mae for trade in trades], "closed trades"),
        average_mfe=_mean([trade.mfe for trade in trades], "closed trades"),
        mrd=mean_return_of_days(returns),
        mrb=mean_return_per_block(equity / capital - 1.0, session_minutes(state.curve.times, state.info.exchange)),
    )


def elapsed(state: State) -> Millis:
    """The market time since the first bar."""
    return state.at - state.first if state.first is not None else 0


def signals(state: State) -> int:
    """How many buy and sell signals there were."""
    return state.directions[Direction.LONG] + state.directions[Direction.SHORT]


def signals_per_hour(state: State) -> Figure:
    """Buy and sell signals an hour of market time, or why there is no such figure."""
    return _per_hour(signals(state), state)


def execution_rate(state: State) -> Figure:
    """The share of buy and sell signals that were executed, as a fraction, or why there is none."""
    count = signals(state)
    return state.signals_executed / count if count else Unknown("no buy or sell signals")


def _per_hour(count: int, state: State) -> Figure:
    passed = elapsed(state)
    return count / (passed / HOUR) if passed > 0 else Unknown("no time has passed")


def daily_returns(closes: Sequence[float], capital: float) -> list[float]:
    """Simple returns from one day's end to the next, the first from the initial capital."""
    returns = []
    before = capital
    for close in closes:
        returns.append(close / before - 1.0)
        before = close
    return returns


def mean_return_of_days(returns: Sequence[float]) -> Figure:
    """The mean of daily returns, as a fraction, or why there is none."""
    return _mean(returns, "days")


def session_minutes(times: Sequence[Millis], exchange: str) -> int | Unknown:
    """How many of the times, at which minutes ended, are of the exchange's sessions. All of them where it never closes
    or its hours are not known to the session (`exchange` empty); unknown beyond the years its calendar has."""
    if exchange in ("", ROUND_THE_CLOCK) or not times:
        return len(times)
    try:
        calendar = _calendar(exchange)
        days = calendar.sessions_between(calendar.day_of(times[0]), calendar.day_of(times[-1]))
        sessions = [hours for day in days if (hours := calendar.session(day)) is not None]
    except ValueError as error:
        return Unknown(str(error))
    # A minute is known at its end or, from a live feed, some moments later.
    return sum(bisect_left(times, close + MINUTE) - bisect_left(times, begin + MINUTE) for begin, close in sessions)


@lru_cache(maxsize=16)
def _calendar(exchange: str) -> Calendar:
    return ExchangeCalendar(exchange)


def mean_return_per_block(total: float, minutes: int | Unknown) -> Figure:
    """The return of a mean block, as a fraction, or why there is none."""
    if isinstance(minutes, Unknown):
        return minutes
    blocks = minutes // BLOCK_MINUTES
    return total / blocks if blocks else Unknown(f"no whole block of {BLOCK_MINUTES} minutes")


def sharpe(returns: Sequence[float], periods: int) -> Figure:
    """Annualised Sharpe ratio of daily returns, or why there is none."""
    if len(returns) < DAYS_NEEDED:
        return _too_few_days(len(returns))
    mean = math.fsum(returns) / len(returns)
    variance = math.fsum((value - mean) ** 2 for value in returns) / (len(returns) - 1)
    if variance <= 1e-24:
        return Unknown("returns do not vary")
    return math.sqrt(periods) * mean / math.sqrt(variance)


def sortino(returns: Sequence[float], periods: int) -> Figure:
    """Annualised Sortino ratio of daily returns with target 0, or why there is none."""
    if len(returns) < DAYS_NEEDED:
        return _too_few_days(len(returns))
    mean = math.fsum(returns) / len(returns)
    downside = math.fsum(min(value, 0.0) ** 2 for value in returns) / len(returns)
    if downside <= 1e-24:
        return Unknown("no losing day")
    return math.sqrt(periods) * mean / math.sqrt(downside)


def _too_few_days(days: int) -> Unknown:
    return Unknown(f"{days} {'day' if days == 1 else 'days'}, needs {DAYS_NEEDED}")


def profit_factor(wins: Sequence[float], losses: Sequence[float]) -> Figure:
    """Won over lost money, or why there is none."""
    if not wins and not losses:
        return NO_TRADES
    if not losses:
        return Unknown("no losing trades")
    return math.fsum(wins) / -math.fsum(losses)


def longest_losing_streak(trades: Sequence[Trade]) -> int:
    """The most trades in a row with pnl < 0."""
    longest = run = 0
    for trade in trades:
        run = run + 1 if trade.pnl < 0.0 else 0
        longest = max(longest, run)
    return longest


def _mean(values: Sequence[float], what: str) -> Figure:
    if not values:
        return Unknown(f"no {what}")
    return math.fsum(values) / len(values)
