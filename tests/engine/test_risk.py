"""Limits that trip, and that a person or a new day lifts."""

from collections.abc import Sequence

from sentio_tui.engine.engine import Engine, Rules
from sentio_tui.engine.risk import Limits
from sentio_tui.machines.slots import Slots
from sentio_tui.model.bars import MINUTE, Bar
from sentio_tui.model.commands import Pause, Start
from sentio_tui.model.decisions import Direction
from sentio_tui.model.events import AnyEvent, FaultReported, Level, Noted
from tests.engine.scripts import COIN, bar, engine, of, run


def held(limits: Limits) -> Engine:
    """An engine that buys all it can at once and keeps it."""
    rules = Rules(limits=limits)
    return engine({COIN: [Direction.LONG]}, rules, Slots(1, 1.0, "equity", 0.0, 0.0), commission=0.0, slippage=0.0)


def more(made: Engine, bars: Sequence[Bar]) -> list[AnyEvent]:
    return [event for one in bars for event in made.bar(one, one.time + MINUTE)]


def again(made: Engine) -> None:
    made.command(Pause(), "test", made.state.at)
    made.command(Start(), "test", made.state.at)


def prices(first: int, *values: float) -> list[Bar]:
    return [bar(first + index, value) for index, value in enumerate(values)]


def test_a_limit_says_that_it_forbids_entries_only() -> None:
    made = held(Limits(drawdown=0.1))
    events = run(made, prices(0, 100.0, 100.0, 85.0))
    (alarm,) = [note for note in of(events, Noted) if note.level is Level.ALARM]
    assert alarm.text.endswith("no new entries")


def test_a_lifted_drawdown_counts_from_the_highest_equity_since() -> None:
    made = held(Limits(drawdown=0.1))
    run(made, prices(0, 100.0, 100.0, 85.0))
    assert made.state.faults
    again(made)
    more(made, prices(3, 85.0, 120.0))
    assert not made.state.faults
    more(made, prices(5, 105.0))
    assert "risk:drawdown" in made.state.faults


def test_a_lifted_daily_loss_counts_from_the_equity_of_that_moment() -> None:
    made = held(Limits(daily_loss=0.1))
    run(made, prices(0, 100.0, 100.0, 85.0))
    assert "risk:daily_loss" in made.state.faults
    again(made)
    more(made, prices(3, 85.0, 80.0))
    assert not made.state.faults
    more(made, prices(5, 75.0))
    assert "risk:daily_loss" in made.state.faults


def test_a_lifted_daily_loss_counts_from_the_days_start_on_the_next_day() -> None:
    made = held(Limits(daily_loss=0.1))
    run(made, prices(0, 100.0, 100.0, 85.0))
    again(made)
    more(made, prices(1_440, 84.0, 84.0, 83.0))
    assert not made.state.faults
    events = more(made, prices(1_443, 76.0))
    assert [fault.part for fault in of(events, FaultReported)] == ["risk:daily_loss"]


def test_t36_a_new_day_lifts_the_daily_loss_with_its_first_bar() -> None:
    made = held(Limits(daily_loss=0.1))
    run(made, prices(0, 100.0, 100.0, 85.0))
    assert made.state.faults
    events = more(made, prices(1_440, 85.0))
    assert not made.state.faults
    assert [fault.text for fault in of(events, FaultReported)] == [""]
