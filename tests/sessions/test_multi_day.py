"""Days in a row: each ends flat, and is what it would have been by itself (T-36, T-37)."""

from datetime import date
from functools import cache

import pytest
from msgspec.structs import replace

from sentio_tui.model.events import Decided, FaultReported, OrderFilled
from sentio_tui.settings import (
    BrokerSettings,
    FeedSettings,
    LadderSettings,
    MachineSettings,
    RiskSettings,
    SessionSettings,
    Settings,
    StrategySettings,
)
from tests.sessions.days import Run, market_of, run, run_alone
from tests.sessions.places import DATA, needs_data

SPY = DATA / "SPY_1min_2013-10-04_2013-10-10.csv"


def sentio(feed: FeedSettings, **params: float | int | bool) -> Settings:
    """The Sentio trader on the SPY family, with a daily limit that some days reach."""
    return Settings(
        session=SessionSettings(capital=100_000.0),
        feed=feed,
        strategy=StrategySettings("online_ensemble", params=dict(params)),
        machine=MachineSettings("ladder", flat_overnight=True, ladder=LadderSettings(family="SPY")),
        broker=BrokerSettings(slippage=0.0001),
        risk=RiskSettings(daily_loss=0.01, orders_per_minute=60),
    )


@cache
def recorded() -> Run:
    """Five days, of which the strategy needs two and a half to warm up."""
    settings = sentio(FeedSettings(kind="recorded", data=(str(SPY),)))
    return run(settings, market_of(settings))


@cache
def simulated() -> Run:
    """Twenty days; thresholds move with what was won and lost."""
    settings = of_the_simulated_market()
    return run(settings, market_of(settings))


def of_the_simulated_market() -> Settings:
    market = FeedSettings(speed=0.0, start="2025-01-06T14:30:00Z", days=30, seed=5)
    return sentio(market, warm_up_bars=120)


def traded(made: Run) -> list[date]:
    return [day for day in made.events if any(isinstance(event, OrderFilled) for event in made.events[day])]


@needs_data
def test_t35_five_recorded_days_end_flat() -> None:
    made = recorded()
    days = [date(2013, 10, day) for day in (4, 7, 8, 9, 10)]
    assert list(made.events) == days
    assert traded(made) == days[2:]
    assert [made.held(day) for day in days] == [{}] * 5


def test_t35_twenty_simulated_days_end_flat() -> None:
    made = simulated()
    days = list(made.events)[:20]
    assert len(days) == 20
    assert traded(made)[:20] == days
    assert [made.held(day) for day in days] == [{}] * 20


@needs_data
@pytest.mark.parametrize("day", [date(2013, 10, 8), date(2013, 10, 9), date(2013, 10, 10)], ids=str)
def test_t36_a_recorded_day_by_itself_is_that_day_of_five(day: date) -> None:
    settings = sentio(FeedSettings(kind="recorded", data=(str(SPY),)))
    expect_the_same_day(settings, recorded(), day)


@pytest.mark.parametrize("number", [1, 2, 5, 9, 14, 19])
def test_t36_a_simulated_day_by_itself_is_that_day_of_twenty(number: int) -> None:
    expect_the_same_day(of_the_simulated_market(), simulated(), list(simulated().events)[number])


def test_t36_the_daily_limit_was_reached_on_some_of_these_days_and_lifted_on_the_next() -> None:
    made = simulated()
    faults = [
        (day, bool(event.text))
        for day in list(made.events)[:20]
        for event in made.events[day]
        if isinstance(event, FaultReported)
    ]
    tripped = [day for day, is_new in faults if is_new]
    assert len(tripped) >= 2
    assert len(tripped) == len(set(tripped))


def expect_the_same_day(settings: Settings, whole: Run, day: date) -> None:
    morning = whole.mornings[day]
    alone = run_alone(settings, whole.bars[day], morning)
    assert len([event for event in alone.events[day] if isinstance(event, OrderFilled)]) > 10
    assert alone.happened(day) == whole.happened(day)
    assert alone.curve(day) == whole.curve(day)
    assert [replace(trade, number=0) for trade in alone.engine.state.trades] == [
        replace(trade, number=0) for trade in whole.engine.state.trades if whole.calendar.day_of(trade.closed) == day
    ]


@needs_data
def test_t36_a_date_with_the_days_before_to_warm_up_on_is_that_day_of_five() -> None:
    """What the ensemble learns from bars alone: its thresholds, which learn from trades, stand still."""
    whole_file = FeedSettings(kind="recorded", data=(str(SPY),))
    whole = run(sentio(whole_file, calibration=False), market_of(sentio(whole_file)))
    day = date(2013, 10, 9)
    one = sentio(replace(whole_file, date=day.isoformat(), warm_up_days=3), calibration=False)
    one = replace(one, session=SessionSettings(capital=whole.mornings[day].equity))
    alone = run(one, market_of(one))
    assert [event for event in alone.events[date(2013, 10, 8)] if isinstance(event, Decided)] == []
    assert alone.happened(day) == whole.happened(day)
    assert alone.curve(day) == whole.curve(day)
