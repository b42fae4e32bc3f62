"""The turn of the engine: what follows from a bar, a command, a timer."""

import math

import pytest
from msgspec.structs import replace

from sentio_tui.engine.engine import Rules
from sentio_tui.engine.risk import Limits
from sentio_tui.engine.state import fold
from sentio_tui.machines.slots import Slots
from sentio_tui.market.calendar import ExchangeCalendar
from sentio_tui.model.bars import MINUTE, Bar
from sentio_tui.model.commands import Cancel, Flatten, Leave, Pause, Start, Stop
from sentio_tui.model.decisions import Direction, Reason
from sentio_tui.model.events import (
    BarDropped,
    CancelRequested,
    CommandGiven,
    Decided,
    FaultReported,
    FeedStatus,
    Level,
    Noted,
    OrderFilled,
    OrderSubmitted,
    Phase,
    PhaseChanged,
    SessionEnded,
    SessionStarted,
)
from sentio_tui.model.orders import Side
from tests.engine.scripts import COIN, OTHER, START, Scripted, bar, engine, of, run

BUY, SELL, HOLD = Direction.LONG, Direction.SHORT, Direction.NEUTRAL


def test_a_session_opens_running() -> None:
    events = engine({COIN: ()}).open()
    assert isinstance(events[0], SessionStarted)
    assert [event.phase for event in of(events, PhaseChanged)] == [Phase.RUNNING]
    assert [event.seq for event in events] == [1, 2]


def test_a_signal_fills_at_the_next_bars_open_never_at_its_own() -> None:
    made = engine({COIN: [BUY]}, commission=0.0, slippage=0.0)
    events = run(made, [bar(0, 100.0), bar(1, 110.0, open=105.0, low=104.0)])
    fills = of(events, OrderFilled)
    assert [event.fill.price for event in fills] == [105.0]
    assert fills[0].at == START + 2 * MINUTE


def test_t18_a_strategy_is_told_how_each_round_trip_of_its_book_ended() -> None:
    made = engine({COIN: [BUY, HOLD, SELL, HOLD, BUY, HOLD, SELL]})
    run(made, [bar(minute, 100.0 + minute) for minute in range(10)])
    strategy = made._driven[COIN][0].strategy
    assert isinstance(strategy, Scripted)
    assert strategy.pnls == [trade.pnl for trade in made.state.trades]
    assert len(strategy.pnls) == 2


def test_t31_the_sum_of_pnl_is_the_change_in_equity_of_a_flat_session() -> None:
    made = engine({COIN: [BUY, HOLD, SELL, HOLD, BUY, HOLD, SELL]})
    run(made, [bar(minute, 100.0 + minute) for minute in range(10)])
    state = made.state
    closing = [execution.pnl for execution in state.executions if execution.pnl is not None]
    assert len(state.trades) == 2
    assert not state.accounts["main"].positions
    assert math.isclose(sum(closing), state.equity - 10_000.0, abs_tol=1e-9)
    assert math.isclose(sum(trade.pnl for trade in state.trades), state.equity - 10_000.0, abs_tol=1e-9)


def test_t02_every_bar_of_a_driving_symbol_leaves_one_decision_with_its_reason() -> None:
    made = engine({COIN: [HOLD, BUY, HOLD, SELL], OTHER: [SELL]})
    bars = [one for minute in range(6) for one in (bar(minute, 100.0), bar(minute, 50.0, OTHER))]
    events = run(made, bars)
    decisions = of(events, Decided)
    assert len(decisions) == len(bars)
    assert sum(made.state.reasons.values()) == len(bars)
    assert made.state.reasons[Reason.NOTHING_HELD] == 1
    assert made.state.reasons[Reason.ENTER] == 1


def test_t08_a_rejected_order_changes_no_holdings_and_no_state() -> None:
    made = engine({COIN: [BUY, HOLD, HOLD]}, slots=Slots(5, 0.000001, "equity", 0.0, 0.0))
    run(made, [bar(minute, 100_000.0) for minute in range(4)])
    assert made.state.rejected == 1
    assert not made.state.accounts["main"].positions
    assert made.state.cash == 10_000.0
    assert made.state.decided["main", COIN].state == "FLAT"
    assert any(note.code == "order_rejected" for note in made.state.notes)


def test_t23_an_intent_has_one_id_for_session_book_symbol_side_and_minute() -> None:
    first = run(engine({COIN: [BUY, HOLD, SELL]}), [bar(minute, 100.0) for minute in range(5)])
    again = run(engine({COIN: [BUY, HOLD, SELL]}), [bar(minute, 100.0) for minute in range(5)])
    ids = [event.order.id for event in of(first, OrderSubmitted)]
    assert ids == [event.order.id for event in of(again, OrderSubmitted)]
    assert len(set(ids)) == len(ids) == 2
    assert ids[0] == f"live_test:main:{COIN}:buy:{(START + MINUTE) // MINUTE}"


def test_a_bad_bar_is_dropped_counted_and_told_and_the_session_goes_on() -> None:
    made = engine({COIN: []})
    good, again = bar(0, 100.0), bar(1, 101.0)
    broken = Bar(COIN, START + MINUTE, math.nan, 1.0, 1.0, 1.0, 1.0)
    events = run(made, [good, broken, again])
    assert [event.bar.time for event in of(events, BarDropped)] == [broken.time]
    assert made.state.dropped[COIN] == 1
    assert made.state.bar_counts[COIN] == 2
    assert any(note.code == "bar_dropped" for note in made.state.notes)


def test_a_bar_of_a_foreign_symbol_is_dropped() -> None:
    made = engine({COIN: []})
    run(made, [bar(0, 100.0), bar(0, 1.0, "[red]x[/foo]")])
    assert made.state.dropped["[red]x[/foo]"] == 1


def test_t01_a_symbol_that_never_appears_raises_an_alarm_within_three_minutes() -> None:
    made = engine({COIN: [], OTHER: []})
    run(made, [bar(minute, 100.0) for minute in range(4)])
    alarms = [note for note in made.state.notes if note.code == "symbol_silent"]
    assert [note.level for note in alarms] == [Level.ALARM]
    assert OTHER in alarms[0].text
    assert alarms[0].at - START <= 3 * MINUTE + MINUTE


def test_t24_a_silent_symbol_is_stale_and_gets_no_new_entries() -> None:
    made = engine({COIN: [], OTHER: [HOLD, BUY]}, rules=Rules(patience=120_000))
    bars = [bar(0, 50.0, OTHER)] + [bar(minute, 100.0) for minute in range(6)]
    run(made, bars)
    assert made.state.symbol_status[OTHER] is FeedStatus.STALE
    assert any(note.code == "symbol_stale" for note in made.state.notes)
    late = bar(1, 50.0, OTHER)
    made.bar(late, START + 6 * MINUTE)
    assert made.state.decided["main", OTHER].reason is Reason.FEED_STALE


def test_t07_no_symbol_is_valued_with_the_price_of_another() -> None:
    made = engine({COIN: [BUY], OTHER: [BUY]}, commission=0.0, slippage=0.0)
    run(made, [bar(0, 100.0), bar(0, 4.0, OTHER), bar(1, 100.0), bar(1, 4.0, OTHER), bar(2, 200.0)])
    account = made.state.accounts["main"]
    expected = account.positions[COIN].quantity * 200.0 + account.positions[OTHER].quantity * 4.0
    assert math.isclose(account.value, expected, rel_tol=1e-12)


def test_pause_lets_exits_pass_and_keeps_entries_out() -> None:
    made = engine({COIN: [BUY, HOLD, SELL, BUY]})
    events = list(made.open())
    for minute in range(2):
        events += made.bar(bar(minute, 100.0), START + (minute + 1) * MINUTE)
    events += made.command(Pause(), "test", made.state.at)
    for minute in range(2, 5):
        events += made.bar(bar(minute, 100.0), START + (minute + 1) * MINUTE)
    assert [event.order.side for event in of(events, OrderSubmitted)] == [Side.BUY, Side.SELL]
    assert made.state.reasons[Reason.PAUSED] == 1
    made.command(Start(), "test", made.state.at)
    assert made.state.phase is Phase.RUNNING


def test_stop_closes_everything_at_the_next_price_and_ends() -> None:
    made = engine({COIN: [BUY]}, commission=0.0, slippage=0.0)
    run(made, [bar(0, 100.0), bar(1, 100.0)])
    made.command(Stop(), "test", made.state.at)
    assert made.state.phase is Phase.STOPPING
    events = made.bar(bar(2, 90.0), START + 3 * MINUTE)
    assert [event.fill.price for event in of(events, OrderFilled)] == [90.0]
    assert isinstance(events[-1], SessionEnded)
    assert made.state.executions[-1].reason == "Session end"
    assert made.bar(bar(3, 90.0), START + 4 * MINUTE) == []


def test_a_second_stop_takes_the_last_price_at_once() -> None:
    made = engine({COIN: [BUY]}, commission=0.0, slippage=0.0)
    run(made, [bar(0, 100.0), bar(1, 100.0)])
    made.command(Stop(), "test", made.state.at)
    events = made.command(Stop(), "test", made.state.at)
    assert isinstance(events[-1], SessionEnded)
    assert not made.state.accounts["main"].positions


def test_the_end_of_the_data_closes_at_the_last_price() -> None:
    made = engine({COIN: [BUY]}, commission=0.0, slippage=0.0)
    run(made, [bar(0, 100.0), bar(1, 120.0)])
    events = made.feed(FeedStatus.ENDED, "the data ended", "", made.state.at)
    assert isinstance(events[-1], SessionEnded)
    assert events[-1].why == "the data ended"
    assert made.state.executions[-1].fill.price == 120.0
    assert not made.state.accounts["main"].positions


def test_leave_keeps_positions_and_says_so() -> None:
    made = engine({COIN: [BUY]})
    run(made, [bar(0, 100.0), bar(1, 120.0)])
    made.command(Leave(), "test", made.state.at)
    assert made.state.phase is Phase.ENDED
    assert made.state.accounts["main"].positions
    assert any(note.code == "positions_kept" for note in made.state.notes)


def test_flatten_closes_and_pauses() -> None:
    made = engine({COIN: [BUY, HOLD, HOLD, BUY]})
    run(made, [bar(0, 100.0), bar(1, 100.0)])
    made.command(Flatten(), "test", made.state.at)
    for minute in range(2, 5):
        made.bar(bar(minute, 100.0), START + (minute + 1) * MINUTE)
    assert made.state.phase is Phase.PAUSED
    assert not made.state.accounts["main"].positions
    assert made.state.reasons[Reason.PAUSED] == 1


def test_a_command_the_phase_does_not_take_is_refused_with_a_note() -> None:
    made = engine({COIN: []})
    made.open()
    events = made.command(Start(), "test", START)
    assert len(of(events, CommandGiven)) == 1
    assert [note.code for note in of(events, Noted)] == ["refused"]
    assert of(made.command(Cancel("nothing"), "test", START), Noted)[0].code == "refused"


def test_the_duration_ends_the_session_by_market_time() -> None:
    made = engine({COIN: [BUY]}, rules=Rules(duration=5 * MINUTE))
    events = run(made, [bar(minute, 100.0) for minute in range(10)])
    assert isinstance(events[-1], SessionEnded)
    assert events[-1].why == "the configured duration is over"
    assert made.state.bar_counts[COIN] == 6
    assert not made.state.accounts["main"].positions


def test_a_failing_strategy_ends_its_signals_but_not_its_stops() -> None:
    made = engine({COIN: [BUY, None]})
    run(made, [bar(0, 100.0), bar(1, 100.0), bar(2, 100.0), bar(3, 90.0), bar(4, 90.0)])
    assert made.state.reasons[Reason.STRATEGY_FAILED] >= 1
    assert made.state.trades[0].reason.startswith("Stop Loss")
    alarms = [note.text for note in made.state.notes if note.code == "strategy_failed"]
    assert len(alarms) == 1
    assert "ZeroDivisionError: the script says so" in alarms[0]


def test_a_fault_forbids_every_order_until_it_is_over() -> None:
    made = engine({COIN: [BUY, BUY]})
    made.open()
    made.fault("journal", "no room on the disk", 0)
    made.bar(bar(0, 100.0), START + MINUTE)
    assert made.state.reasons[Reason.HALTED] == 1
    assert made.fault("journal", "no room on the disk", START + MINUTE) == []
    made.fault("journal", "", START + MINUTE)
    made.bar(bar(1, 100.0), START + 2 * MINUTE)
    assert made.state.reasons[Reason.ENTER] == 1


def test_a_tripped_drawdown_limit_blocks_entries_until_started_again() -> None:
    rules = Rules(limits=Limits(drawdown=0.005))
    made = engine({COIN: [BUY, HOLD, HOLD, SELL, HOLD, BUY, BUY]}, rules=rules, slots=Slots(5, 0.5, "equity", 0.0, 0.0))
    events = run(made, [bar(0, 100.0), bar(1, 100.0)] + [bar(minute, 90.0) for minute in range(2, 7)])
    assert [event.part for event in of(events, FaultReported)] == ["risk:drawdown"]
    assert made.state.reasons[Reason.RISK_LIMIT] == 2
    assert not made.state.accounts["main"].positions
    made.command(Pause(), "test", made.state.at)
    made.command(Start(), "test", made.state.at)
    assert made.state.faults == {}


def test_no_more_orders_a_minute_than_allowed() -> None:
    made = engine({COIN: [BUY], OTHER: [BUY]}, rules=Rules(limits=Limits(orders_per_minute=1)))
    events = run(made, [bar(0, 100.0), bar(0, 50.0, OTHER)])
    assert len(of(events, OrderSubmitted)) == 1
    assert any(note.code == "too_many_orders" for note in made.state.notes)


@pytest.mark.parametrize("extra", [0, 3])
def test_the_fold_of_the_events_is_the_recorded_state(extra: int) -> None:
    made = engine({COIN: [BUY, HOLD, SELL] * 5, OTHER: [HOLD, BUY] * 8})
    bars = [one for minute in range(15 + extra) for one in (bar(minute, 100.0 + minute), bar(minute, 50.0, OTHER))]
    events = run(made, bars)
    again = fold(events)
    assert again.cash == made.state.cash
    assert again.equity == made.state.equity
    assert again.trades == made.state.trades
    assert list(again.curve.equity) == list(made.state.curve.equity)
    assert again.orders == made.state.orders
    assert again.reasons == made.state.reasons


def test_a_stop_that_fills_in_parts_is_ordered_once_and_cancels_what_was_still_bought() -> None:
    made = engine({COIN: [BUY]}, slots=Slots(5, 0.5, "equity", 0.05, 0.0), commission=0.0, slippage=0.0)
    bars = [bar(0, 100.0), bar(1, 100.0, volume=20.0)]
    bars += [bar(minute, 90.0, volume=5.0) for minute in range(2, 9)]
    events = run(made, bars)
    sells = [event.order for event in of(events, OrderSubmitted) if event.order.side is Side.SELL]
    assert len(sells) == 1
    assert made.state.rejected == 0
    assert [event.why for event in of(events, CancelRequested)] == ["stop loss"]
    assert not made.state.accounts["main"].positions


def test_t02_a_bar_outside_hours_says_so_whatever_its_signal() -> None:
    """09:28 to 09:32 in New York: neutral, long and short before the open are all the same; from the open on they are
    not."""
    script = [Direction.NEUTRAL, Direction.SHORT, Direction.NEUTRAL, Direction.SHORT, Direction.LONG]
    made = engine({COIN: script}, calendar=ExchangeCalendar())
    first = 14 * 60 + 28
    events = run(made, [bar(first + minute, 100.0) for minute in range(5)])
    assert [event.reason for event in of(events, Decided)] == [
        Reason.OUTSIDE_HOURS,
        Reason.OUTSIDE_HOURS,
        Reason.NEUTRAL,
        Reason.NOTHING_HELD,
        Reason.ENTER,
    ]
    assert made.state.reasons[Reason.OUTSIDE_HOURS] == 2


def test_t04_bars_of_the_past_teach_the_strategy() -> None:
    """The original's warm-up went through a placeholder that learned nothing."""
    made = engine({COIN: [HOLD, HOLD, HOLD, BUY]})
    past = [replace(bar(minute, 100.0), backfilled=True) for minute in range(3)]
    events = run(made, [*past, bar(3, 100.0)])
    assert [event.reason for event in of(events, Decided)] == [Reason.ENTER]


class Doubtful(Scripted):
    """Knows of a fault."""

    fault = "the model is not predicting"


def test_t04_a_strategy_that_knows_its_fault_raises_an_alarm_once() -> None:
    made = engine({COIN: [HOLD] * 10}, make=Doubtful)
    events = run(made, [bar(minute, 100.0) for minute in range(10)])
    (alarm,) = [note for note in of(events, Noted) if note.level is Level.ALARM]
    assert alarm.code == "strategy_fault"
    assert alarm.text == "scripted on main: the model is not predicting"


def test_a_minute_that_was_taken_is_not_learned_again_when_it_is_corrected() -> None:
    made = engine({COIN: []})
    made.open()
    first = bar(0, 100.0)
    made.bar(first, first.time + MINUTE)
    (event,) = made.bar(replace(first, close=100.05, corrected=True), first.time + MINUTE + 30_000)
    assert isinstance(event, BarDropped)
    assert event.why == "corrects a minute that was taken"
    assert made.state.bars[COIN] == first
    assert made.state.dropped[COIN] == 0, "nothing is wrong with it"
    assert not any(note.code == "bar_dropped" for note in made.state.notes)
