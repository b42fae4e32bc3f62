"""Flat every night, on every path."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from sentio_tui.engine.engine import Engine
from sentio_tui.machines.slots import Slots
from sentio_tui.market.calendar import ExchangeCalendar
from sentio_tui.model.bars import MINUTE, Bar, Millis
from sentio_tui.model.commands import Leave, Stop
from sentio_tui.model.decisions import Direction, Reason
from sentio_tui.model.events import AnyEvent, Decided, Noted, OrderFilled, OrderSubmitted, Phase
from sentio_tui.model.orders import Side
from tests.engine.scripts import COIN, engine, of, run

NEW_YORK = ZoneInfo("America/New_York")
BUY, SELL, HOLD = Direction.LONG, Direction.SHORT, Direction.NEUTRAL
CALENDAR = ExchangeCalendar("XNYS")


def when(text: str) -> Millis:
    """Milliseconds of a New York time, "2025-01-06 09:30"."""
    return int(datetime.fromisoformat(text).replace(tzinfo=NEW_YORK).timestamp() * 1000)


def minutes(first: str, last: str, price: float = 100.0) -> list[Bar]:
    """A bar for each minute from `first` to `last`, both included."""
    return [
        Bar(COIN, time, price, price * 1.001, price * 0.999, price, 1e6)
        for time in range(when(first), when(last) + MINUTE, MINUTE)
    ]


def made(script: Sequence[Direction]) -> Engine:
    return engine({COIN: script}, slots=Slots(1, 0.5, "equity", 0.0, 0.0), calendar=CALENDAR, flat_overnight=True)


def clock(at: Millis) -> str:
    return datetime.fromtimestamp(at / 1000, NEW_YORK).strftime("%Y-%m-%d %H:%M")


def held_at(events: Sequence[AnyEvent], at: Millis) -> float:
    """The quantity held from fills known at a time."""
    fills = [event.fill for event in of(events, OrderFilled) if event.at <= at]
    return sum(fill.quantity if fill.side is Side.BUY else -fill.quantity for fill in fills)


@pytest.mark.parametrize(
    ("day", "window", "close"),
    [
        ("2025-01-06", "15:58", "16:00"),  # EST
        ("2025-07-07", "15:58", "16:00"),  # EDT
        ("2025-03-10", "15:58", "16:00"),  # the first day of daylight saving
        ("2025-11-03", "15:58", "16:00"),  # the first day without
        ("2025-11-28", "12:58", "13:00"),  # T-11: a half day
    ],
)
def test_t10_t11_sold_out_from_two_minutes_before_the_close(day: str, window: str, close: str) -> None:
    last = (datetime.fromisoformat(f"{day} {close}") - timedelta(minutes=1)).strftime("%H:%M")
    events = run(made([BUY] * 1000), minutes(f"{day} 09:30", f"{day} {last}"))
    sells = [event.order for event in of(events, OrderSubmitted) if event.order.side is Side.SELL]
    assert [clock(order.time) for order in sells] == [f"{day} {window}"]
    assert sells[0].reason.startswith(f"EOD_CLOSE ({window}")
    assert held_at(events, when(f"{day} {close}")) == 0.0


def test_t33_nothing_is_bought_between_the_window_and_the_next_open() -> None:
    bars = minutes("2025-01-06 09:30", "2025-01-06 19:59") + minutes("2025-01-07 04:00", "2025-01-07 12:00")
    events = run(made([BUY] * 2000), bars)
    buys = [event.order.time for event in of(events, OrderSubmitted) if event.order.side is Side.BUY]
    assert [clock(time) for time in buys] == [
        "2025-01-06 09:31",
        "2025-01-07 09:31",
    ]
    reasons = {event.reason for event in of(events, Decided) if when("2025-01-06 15:58") <= event.at < buys[1]}
    assert reasons >= {Reason.END_OF_DAY, Reason.OUTSIDE_HOURS}


def test_t34_the_liquidation_needs_no_bar_to_begin_with() -> None:
    bars = minutes("2025-01-06 09:30", "2025-01-06 15:50") + minutes("2025-01-07 09:30", "2025-01-07 09:40")
    one = made([BUY] * 2000)
    events = run(one, bars)
    fills = [event.fill for event in of(events, OrderFilled) if event.fill.side is Side.SELL]
    assert held_at(events, when("2025-01-06 16:00")) == 0.0
    assert [clock(fill.time) for fill in fills] == ["2025-01-06 15:51"]
    assert one.state.accounts["main"].positions  # bought again on the next day


def test_t32_liquidation_depends_on_what_is_held_not_on_what_was_done() -> None:
    one = made([BUY] * 2000)
    run(one, minutes("2025-01-06 09:30", "2025-01-06 15:57"))
    one.timer(when("2025-01-06 15:58"))
    assert any(known.order.side is Side.SELL for known in one.state.orders.values())
    for order_id in list(one.state.orders):
        one._broker.cancel(order_id, when("2025-01-06 15:58"))
    one._collect(when("2025-01-06 15:58"))
    assert one.state.accounts["main"].positions
    one.timer(when("2025-01-06 15:59"))
    one.timer(when("2025-01-06 16:00"))
    assert not one.state.accounts["main"].positions


def test_t35_twenty_days_end_flat_whatever_the_number_of_bars() -> None:
    days = CALENDAR.sessions_between(
        datetime(2025, 11, 17, tzinfo=UTC).date(), datetime(2025, 12, 12, tzinfo=UTC).date()
    )
    bars: list[Bar] = []
    for number, day in enumerate(days):
        hours = CALENDAR.session(day)
        assert hours is not None
        start = hours[0] + number * 7 * MINUTE
        bars += [Bar(COIN, time, 50.0, 50.1, 49.9, 50.0, 1e6) for time in range(start, hours[1], MINUTE)]
    events = run(made([BUY] * 20_000), bars)
    for day in days:
        hours = CALENDAR.session(day)
        assert hours is not None
        assert held_at(events, hours[1]) == pytest.approx(0.0, abs=1e-9), day
    assert len(of(events, OrderFilled)) == 2 * len(days)


def test_a_session_that_starts_after_the_close_buys_nothing() -> None:
    events = run(made([BUY] * 100), minutes("2025-01-06 16:00", "2025-01-06 17:00"))
    assert not of(events, OrderSubmitted)
    assert {event.reason for event in of(events, Decided)} == {Reason.OUTSIDE_HOURS}


def test_learning_goes_on_in_the_window() -> None:
    events = run(made([HOLD] * 1000), minutes("2025-01-06 09:30", "2025-01-06 15:59"))
    assert len(of(events, Decided)) == 390


def test_t32_what_may_not_be_held_overnight_cannot_be_kept_by_leaving() -> None:
    session = made([BUY])
    run(session, minutes("2025-01-06 10:00", "2025-01-06 10:02"))
    events = session.command(Leave(), "test", session.state.at)
    assert [note.code for note in of(events, Noted)] == ["refused"]
    assert session.state.phase is Phase.RUNNING
    session.command(Stop(), "test", session.state.at)
    session.bar(minutes("2025-01-06 10:03", "2025-01-06 10:03")[0], when("2025-01-06 10:04"))
    assert session.is_over
    assert not session.state.accounts["main"].positions


def held_since(bought: str, missed: str) -> Engine:
    """A session that bought and was then gone until after the window, as after a crash."""
    one = made([BUY] * 5)
    run(one, minutes(bought, bought[:-2] + f"{int(bought[-2:]) + 2:02}"))
    assert one.state.accounts["main"].positions
    one.timer(when(missed))
    return one


def sold(one: Engine) -> list[tuple[str, str]]:
    sells = [record for record in one.state.executions if record.fill.side is Side.SELL]
    return [(clock(record.fill.time), record.reason) for record in sells]


def test_a_start_after_the_close_with_positions_sells_at_the_last_price_there_was() -> None:
    one = held_since("2025-01-06 15:50", "2025-01-06 17:00")
    assert sold(one) == [("2025-01-06 15:53", "EOD_CLOSE (missed)")]
    assert not one.state.accounts["main"].positions


@pytest.mark.parametrize("bought", ["2025-01-06 15:50", "2025-01-03 15:50"], ids=["a night", "a weekend"])
@pytest.mark.parametrize(
    ("back", "reason"),
    [("08:00", "EOD_CLOSE (missed)"), ("10:00", "EOD_CLOSE (held overnight)")],
    ids=["before the open", "after it"],
)
def test_what_was_held_overnight_is_sold_with_the_first_price_of_the_next_day(
    bought: str, back: str, reason: str
) -> None:
    one = held_since(bought, f"2025-01-07 {back}")
    run_on = minutes(f"2025-01-07 {back}", f"2025-01-07 {back}")
    for bar in run_on:
        one.bar(bar, bar.time + MINUTE)
    assert sold(one) == [(f"2025-01-07 {back}", reason)]
    assert not one.state.accounts["main"].positions
