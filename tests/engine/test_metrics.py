"""The figures against their definitions and against empyrical."""

import math
from datetime import date, datetime, time
from zoneinfo import ZoneInfo

import empyrical
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentio_tui.engine.curve import EquityCurve
from sentio_tui.engine.figures import FIGURES
from sentio_tui.engine.ledger import Trade
from sentio_tui.engine.metrics import (
    DAYS_NEEDED,
    daily_returns,
    longest_losing_streak,
    mean_return_per_block,
    metrics,
    profit_factor,
    session_minutes,
    sharpe,
    sortino,
)
from sentio_tui.model.bars import MINUTE
from sentio_tui.model.decisions import Direction
from sentio_tui.model.snapshot import Metrics, Unknown
from tests.engine.scripts import COIN, START, bar, engine, run

BUY, SELL, HOLD = Direction.LONG, Direction.SHORT, Direction.NEUTRAL
DAY = 24 * 60 * MINUTE

equities = st.lists(st.floats(1_000.0, 100_000.0), min_size=1, max_size=200)


def curve(values: list[float], capital: float = 10_000.0, step: int = MINUTE) -> EquityCurve:
    made = EquityCurve(capital, "UTC")
    for index, value in enumerate(values):
        made.mark(START + index * step, value, held=False)
    return made


@given(st.lists(st.integers(0, 20 * MINUTE), min_size=1, max_size=50))
def test_a_point_is_a_minute_at_whatever_moments_a_live_market_speaks(moments: list[int]) -> None:
    made = EquityCurve(10_000.0, "UTC")
    for number, moment in enumerate(sorted(moments)):
        made.mark(START + moment, 10_000.0 + number, held=True)
    assert made.times == sorted({START + moment // MINUTE * MINUTE for moment in moments})
    assert made.held_share == (len(made.times), len(made.times))
    assert made.equity[-1] == 10_000.0 + len(moments) - 1


@given(equities)
def test_maximum_drawdown_is_that_of_empyrical(values: list[float]) -> None:
    made = curve(values, capital=values[0])
    _, deepest = made.now()
    returns = daily_returns(values, values[0])
    assert deepest == pytest.approx(-float(empyrical.max_drawdown(_series(returns))), abs=1e-9)


@given(equities)
def test_t43_current_and_maximum_drawdown_are_two_figures(values: list[float]) -> None:
    current, deepest = curve(values, capital=values[0]).now()
    assert current == pytest.approx(1.0 - values[-1] / max(values))
    assert 0.0 <= current <= deepest < 1.0


@given(st.lists(st.floats(-0.05, 0.05), min_size=DAYS_NEEDED, max_size=300), st.sampled_from([252, 365]))
def test_sharpe_and_sortino_are_those_of_empyrical(returns: list[float], periods: int) -> None:
    ours, theirs = sharpe(returns, periods), float(empyrical.sharpe_ratio(_series(returns), annualization=periods))
    if isinstance(ours, Unknown):
        assert max(returns) - min(returns) < 1e-9
    else:
        assert ours == pytest.approx(theirs, rel=1e-6, abs=1e-9)
    down = sortino(returns, periods)
    if isinstance(down, Unknown):
        assert min(returns) > -1e-9
    else:
        theirs = float(empyrical.sortino_ratio(_series(returns), annualization=periods))
        assert down == pytest.approx(theirs, rel=1e-6, abs=1e-9)


def test_no_sharpe_from_too_few_days() -> None:
    few = sharpe([0.01, -0.02], 365)
    assert few == Unknown(f"2 days, needs {DAYS_NEEDED}")
    assert sortino([0.01], 365) == Unknown(f"1 day, needs {DAYS_NEEDED}")


def test_no_ratio_where_nothing_varies() -> None:
    assert sharpe([0.01] * 30, 252) == Unknown("returns do not vary")
    assert sortino([0.01] * 30, 252) == Unknown("no losing day")


def test_profit_factor_is_won_over_lost_money() -> None:
    assert profit_factor([30.0, 10.0], [-20.0]) == 2.0
    assert profit_factor([1.0], []) == Unknown("no losing trades")
    assert profit_factor([], []) == Unknown("no closed trades")


def test_the_longest_losing_streak() -> None:
    trades = [_trade(pnl) for pnl in (-1.0, 2.0, -1.0, -1.0, -1.0, 0.0, -1.0)]
    assert longest_losing_streak(trades) == 3


def test_t42_the_win_rate_counts_closed_round_trips_net_of_costs() -> None:
    made = engine({COIN: [BUY, HOLD, SELL, HOLD, BUY, HOLD, SELL, HOLD, BUY]}, commission=0.006)
    prices = [100.0, 100.0, 101.0, 101.0, 100.0, 100.0, 110.0, 110.0, 100.0, 100.0]
    run(made, [bar(minute, price) for minute, price in enumerate(prices)])
    figures = metrics(made.state)
    assert figures.fills == 5
    assert figures.closed_trades == 2
    assert figures.open_positions == 1
    assert figures.win_rate == 0.5  # the first trade gains 1 % and pays 1.2 % and slippage


def test_nothing_traded_is_unknown_and_not_zero() -> None:
    made = engine({COIN: []})
    made.open()
    figures = metrics(made.state)
    assert figures.win_rate == Unknown("no closed trades")
    assert figures.exposure == Unknown("no bars yet")
    assert figures.trades_per_hour == Unknown("no time has passed")
    assert figures.total_return == 0.0


def test_excursions_are_measured_from_the_entry_price() -> None:
    made = engine({COIN: [BUY, HOLD, HOLD, SELL]}, commission=0.0, slippage=0.0)
    prices = [100.0, 100.0, 98.0, 104.0, 101.0]
    run(made, [bar(minute, price, high=price * 1.01, low=price * 0.99) for minute, price in enumerate(prices)])
    trade = made.state.trades[0]
    assert trade.mae == pytest.approx(98.0 * 0.99 / 100.0 - 1.0)
    assert trade.mfe == pytest.approx(104.0 * 1.01 / 100.0 - 1.0)
    assert trade.bars_held == 3


def test_exposure_is_the_share_of_minutes_with_a_position() -> None:
    made = engine({COIN: [BUY, HOLD, SELL]})
    run(made, [bar(minute, 100.0) for minute in range(8)])
    assert metrics(made.state).exposure == pytest.approx(2 / 8)


def test_days_are_those_of_the_zone() -> None:
    made = EquityCurve(1.0, "America/New_York")
    for hour in range(30):
        made.mark(START + hour * 60 * MINUTE, 1.0 + hour, held=False)
    assert [day for day, _ in made.daily()] == [date(2025, 1, 5), date(2025, 1, 6), date(2025, 1, 7)]
    assert [value for _, value in made.daily()] == [5.0, 29.0, 30.0]


@given(st.lists(st.floats(1.0, 1e6), min_size=1, max_size=3_000), st.integers(2, 50))
def test_a_thinned_curve_keeps_ends_extremes_and_order(values: list[float], buckets: int) -> None:
    made = curve(values)
    thin = made.thinned(buckets)
    assert len(thin.times) <= max(2 * buckets + 2, 2)
    assert thin.equity[0] == values[0]
    assert thin.equity[-1] == values[-1]
    assert min(thin.equity) == min(values)
    assert max(thin.equity) == max(values)
    assert list(thin.times) == sorted(set(thin.times))
    assert all(-1.0 < value <= 0.0 for value in thin.drawdown)


def _trade(pnl: float) -> Trade:
    return Trade(1, "main", COIN, 0, 1, 1.0, 1.0, 1.0, pnl, 0.0, 0.0, 0.0, 1, "")


def _series(returns: list[float]) -> object:
    import pandas as pd

    return pd.Series(returns, index=pd.date_range("2025-01-01", periods=len(returns), freq="D"))


def test_a_day_of_flat_equity_has_return_zero() -> None:
    values = [value for _, value in curve([10_000.0] * 3, step=DAY).daily()]
    assert daily_returns(values, 10_000.0) == [0.0, 0.0, 0.0]
    assert not math.isnan(values[0])


def test_the_mean_return_of_a_block_and_of_a_day() -> None:
    assert mean_return_per_block(0.02, 2 * 390 + 5) == pytest.approx(0.01)
    assert mean_return_per_block(0.02, 389) == Unknown("no whole block of 390 minutes")
    made = engine({COIN: []})
    run(made, [bar(minute, 100.0) for minute in range(400)])
    assert metrics(made.state).mrd == 0.0
    assert metrics(made.state).mrb == 0.0


def test_the_minutes_of_a_block_are_those_of_the_exchange_s_sessions() -> None:
    """Four in the morning to eight in the evening is one block, not two; a half day has 210 minutes."""
    eve = date(2025, 11, 26)

    def ends(day: date) -> list[int]:
        first = datetime.combine(day, time(4), ZoneInfo("America/New_York")).timestamp() * 1000
        return [round(first) + (minute + 1) * MINUTE for minute in range(16 * 60)]

    full, holiday, half = ends(eve), ends(date(2025, 11, 27)), ends(date(2025, 11, 28))
    assert session_minutes(full, "XNYS") == 390
    assert session_minutes([at + 2_000 for at in full], "XNYS") == 390
    assert session_minutes(holiday, "XNYS") == 0
    assert session_minutes([*full, *holiday, *half], "XNYS") == 390 + 210
    assert session_minutes(full, "24/7") == session_minutes(full, "") == 960
    assert session_minutes([], "XNYS") == 0
    beyond = session_minutes([at + 40 * 365 * DAY for at in full], "XNYS")
    assert isinstance(beyond, Unknown)
    assert "XNYS is known from" in beyond.why
    assert mean_return_per_block(0.02, beyond) == beyond


def test_t10_the_evening_belongs_to_the_exchange_s_day() -> None:
    """19:30 in New York in winter is the next day in UTC, by which the original grouped the returns of its MRD."""
    made = EquityCurve(100.0, "America/New_York")
    for hours, equity in ((15.0, 110.0), (24.5, 121.0), (39.0, 133.1)):  # 10:00 and 19:30 of one day, 10:00 of the next
        made.mark(START + round(hours * 60) * MINUTE, equity, held=False)
    assert made.daily() == [(date(2025, 1, 6), 121.0), (date(2025, 1, 7), 133.1)]
    assert daily_returns([value for _, value in made.daily()], 100.0) == pytest.approx([0.21, 0.1])
    assert made.days_over == 1


def test_every_figure_has_its_words() -> None:
    assert sorted(known.name for known in FIGURES) == sorted(Metrics.__struct_fields__)
