"""Rules on events: when each fires, what it says, and that it is a function of the events alone."""

from collections.abc import Sequence
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from sentio_tui.alerts.watching import AlertWatch, alerts_of
from sentio_tui.engine.engine import Rules
from sentio_tui.engine.metrics import metrics
from sentio_tui.engine.reconciliation import ACCOUNT
from sentio_tui.engine.risk import Limits
from sentio_tui.engine.state import State
from sentio_tui.model.bars import MINUTE
from sentio_tui.model.commands import Stop
from sentio_tui.model.events import (
    AnyEvent,
    BarReceived,
    FeedStatus,
    Level,
    Noted,
    OrderFilled,
    OrderRejected,
    SessionStarted,
)
from sentio_tui.settings import AlertRuleSettings
from tests.alerts.reels import KINDS, L, N, S, alerts, every, fallen_silent, lost, rule, stopped_out, whole, worth
from tests.engine.scripts import COIN, OTHER, START, bar, engine, of, run
from tests.engine.test_end_of_day import CALENDAR, made, minutes, when


def after(minute: int) -> int:
    return START + minute * MINUTE


def test_fills_say_what_was_traded_why_and_what_came_of_it() -> None:
    events = run(engine({COIN: [L, N, S, N]}), [bar(minute, 100.0 + minute) for minute in range(5)])
    bought, sold = alerts(events, "fill")
    fills = of(events, OrderFilled)
    assert (bought.seq, sold.seq) == tuple(fill.seq for fill in fills)
    assert bought.text.startswith("BUY 19.")
    assert bought.text.endswith(" BTC-USD @ 101.11 (Scripted Signal)")
    assert "SELL " in sold.text
    assert "(Scripted Signal), P&L +10.93" in sold.text
    assert bought.level is Level.INFO


def test_a_stop_loss_is_told_beside_the_fill_and_no_other_sale_is() -> None:
    (stop,) = alerts(stopped_out(), "stop_loss")
    assert stop.text.startswith("Stop loss: SELL ")
    assert "(Stop Loss (-6.09 %)), P&L -" in stop.text
    assert stop.level is Level.WARNING
    sold = run(engine({COIN: [L, N, S, N]}), [bar(minute, 100.0) for minute in range(5)])
    assert len(of(sold, OrderFilled)) == 2
    assert alerts(sold, "stop_loss") == []


def test_a_rejected_order_is_told_with_its_reason() -> None:
    events = run(engine({COIN: [L]}), [bar(0, 100.0)])
    events.append(
        OrderRejected(len(events) + 1, events[-1].at, f"live_test:main:{COIN}:buy:{after(1) // MINUTE}", "no")
    )
    (reject,) = alerts(events, "reject")
    assert reject.text == "Order rejected: BUY BTC-USD for 2000.00 market: no"


def test_a_drawdown_is_told_when_it_goes_beyond_and_again_after_it_came_back() -> None:
    events = worth([100, 100, 96, 94, 93, 99, 94.5, 100, 101, 95])
    found = alerts(events, "drawdown", 0.05)
    assert [alert.at for alert in found] == [after(4), after(7), after(10)]
    assert found[0].text == "Drawdown 6.00%, beyond 5.00%: equity 9,400.00, highest 10,000.00"
    assert alerts(events, "drawdown", 0.07) == []


def test_a_drawdown_is_that_of_the_metrics() -> None:
    events = worth([100, 100, 104, 97, 95])
    state = State(events[0]) if isinstance(events[0], SessionStarted) else None
    assert state is not None
    for event in events[1:]:
        state.apply(event)
    drawdown = metrics(state).drawdown
    assert alerts(events, "drawdown", drawdown - 1e-9)
    assert not alerts(events, "drawdown", drawdown)


def test_a_daily_loss_counts_from_the_end_of_the_day_before() -> None:
    evening, hours = 23 * 60 + 50, [100.0, 100.0, 110.0]
    bars = [bar(number, price, open=price) for number, price in enumerate(hours)]
    bars += [bar(evening + number, 110.0, open=110.0) for number in range(20)]
    bars += [bar(evening + 30 + number, price, open=price) for number, price in enumerate([108.0, 106.0, 104.0])]
    (loss,) = alerts(run(whole(), bars), "daily_loss", 0.03)
    assert loss.text == "Daily loss 3.64%, beyond 3.00%: equity 10,600.00, 11,000.00 at the day's start"


def test_a_quiet_rule_waits_and_tells_what_is_still_so() -> None:
    falling = [100.0, 100.0, *([94.0, 99.0] * 3), *[94.0] * 10]
    events = worth(falling)
    assert len(alerts(events, "drawdown", 0.05)) == 4
    found = alerts(events, "drawdown", 0.05, quiet=600.0)
    assert [alert.at for alert in found] == [after(3), after(13)], "the second as soon as it may be told again"


def test_quiet_is_kept_for_each_symbol_by_itself() -> None:
    bars = [each for minute in range(8) for each in (bar(minute, 100.0), bar(minute, 50.0, OTHER))]
    events = run(engine({COIN: [L, N, S, N, L, N, S], OTHER: [N, L, N, S]}), bars)
    fills = [event.fill.symbol for event in of(events, OrderFilled)]
    assert fills.count(COIN) == 4
    assert fills.count(OTHER) == 2
    quiet = alerts(events, "fill", quiet=3600.0)
    assert [alert.text.split()[2] for alert in quiet] == [COIN, OTHER]


@pytest.mark.parametrize(("threshold", "minute"), [(0.0, 5), (60.0, 6), (180.0, 8)])
def test_a_symbol_that_fell_silent_is_told_after_the_threshold(threshold: float, minute: int) -> None:
    _, events = fallen_silent()
    (stale,) = alerts(events, "feed_stale", threshold)
    assert stale.at == after(minute)
    assert stale.text == f"Feed: {OTHER} is stale" + (f" for {threshold:.0f} s" if threshold else "")


def test_a_symbol_that_speaks_in_time_is_not_told() -> None:
    made, events = fallen_silent()
    events += made.bar(bar(9, 50.0, OTHER), after(10)) + made.bar(bar(10, 100.0), after(11))
    events += [each for minute in range(11, 14) for each in made.bar(bar(minute, 100.0), after(minute + 1))]
    assert alerts(events, "feed_stale", 360.0) == []
    assert len(alerts(events, "feed_stale", 120.0)) == 1


def test_a_feed_that_is_down_is_told_and_one_that_ended_is_not() -> None:
    made, events = fallen_silent()
    events += lost(made, FeedStatus.DOWN, 11)
    assert [alert.text for alert in alerts(events, "feed_stale")][-1] == "Feed: all of it is down (cut)"
    events += lost(made, FeedStatus.ENDED, 300)
    assert len(alerts(events, "feed_stale", 3600.0)) == 0


def test_a_symbol_that_never_spoke_is_told() -> None:
    events = run(engine({COIN: [], OTHER: []}), [bar(minute, 100.0) for minute in range(6)])
    (silent,) = alerts(events, "feed_stale", 3600.0)
    assert silent.text == f"Feed: no bar of {OTHER} in 3 minutes of open market"


def test_silence_while_the_exchange_is_closed_is_none() -> None:
    """The engine calls a symbol stale at 15:53. Neither the evening counts, nor the night, nor the first minute of the
    morning."""
    speaks = [*minutes("2025-01-06 15:30", "2025-01-06 15:59"), *minutes("2025-01-07 09:30", "2025-01-07 09:32")]
    others = [replace(each, symbol=OTHER) for each in speaks]
    bars = sorted([*minutes("2025-01-06 15:30", "2025-01-06 15:50"), *others], key=lambda each: each.time)
    session = engine({COIN: [], OTHER: []}, calendar=CALENDAR)
    events = list(session.open())
    for each in bars:
        if each.time == when("2025-01-07 09:30"):
            events += [event for minute in range(1, 20) for event in session.timer(when(f"2025-01-06 16:{minute:02}"))]
        events += session.bar(each, each.time + MINUTE)
    events = on_exchange(events, COIN, OTHER)
    assert any(event.text.startswith(f"no bar of {COIN}") for event in of(events, Noted))
    assert len(alerts(events, "feed_stale", 300.0)) == 1
    assert alerts(events, "feed_stale", 500.0) == []


def on_exchange(events: Sequence[AnyEvent], *symbols: str) -> list[AnyEvent]:
    """The same session, with what an assembled one knows of its exchange."""
    started = events[0]
    assert isinstance(started, SessionStarted)
    info = started.info
    known = {symbol: {"asset_class": "equity", "exchange": "XNYS"} for symbol in symbols}
    books = tuple(replace(book, flat_overnight=True) for book in info.books)
    zone = "America/New_York"
    told = replace(
        info, books=books, settings={"instruments": known}, exchange="XNYS", before_close=120_000, clock_zone=zone
    )
    return [replace(started, info=told), *events[1:]]


def test_the_end_of_a_day_is_told_once_with_its_result() -> None:
    events = on_exchange(run(made([L]), minutes("2025-01-06 15:30", "2025-01-06 16:05")), COIN)
    (done,) = alerts(events, "end_of_day")
    assert done.text.startswith("End of day: flat at 15:59 EST; P&L of the day -")
    assert done.level is Level.INFO


def test_an_end_of_day_with_nothing_held_is_told_when_the_window_opens() -> None:
    bars = [*minutes("2025-01-06 15:30", "2025-01-06 16:05"), *minutes("2025-01-07 15:30", "2025-01-07 16:05")]
    found = alerts(on_exchange(run(made([]), bars), COIN), "end_of_day")
    assert [alert.at for alert in found] == [when("2025-01-06 15:58"), when("2025-01-07 15:58")]


def test_a_book_that_is_not_flat_after_the_close_is_an_alarm() -> None:
    events = on_exchange(run(made([L]), minutes("2025-01-06 15:30", "2025-01-06 16:05")), COIN)
    sold = next(event for event in of(events, OrderFilled)[1:])
    unsold = events[: sold.seq - 1]
    unsold.append(Noted(len(unsold) + 1, when("2025-01-06 16:00") + 1, Level.INFO, "later", "later"))
    (late,) = alerts(unsold, "end_of_day")
    assert late.text.startswith("End of day: NOT flat after the close, still there: ")
    assert late.level is Level.ALARM


def test_faults_limits_and_the_account_have_rules_of_their_own() -> None:
    session = engine({COIN: []})
    events = [
        *session.open(),
        *session.fault("journal", "disk full", START),
        *session.fault(ACCOUNT, "SPY: 1 here", START),
    ]
    events += session.fault("risk:drawdown", "6 % below", START) + session.fault("journal", "", START)
    assert [alert.text for alert in alerts(events, "fault")] == ["Fault, no new orders: journal: disk full"]
    assert [alert.text for alert in alerts(events, "account")] == ["The account differs, no new orders: SPY: 1 here"]
    (limit,) = alerts(events, "risk_halted")
    assert limit.text == "Risk limit, no new entries: drawdown: 6 % below"


def test_a_limit_that_trips_in_a_session_is_told() -> None:
    rules = Rules(limits=Limits(drawdown=0.03))
    session = engine({COIN: [L]}, rules=rules)
    bars = [bar(minute, price) for minute, price in enumerate([100.0, 100.0, 70.0, 70.0])]
    assert len(alerts(run(session, bars), "risk_halted")) == 1


def test_a_strategy_that_fails_is_told() -> None:
    (failed,) = alerts(run(engine({COIN: [N, None]}), [bar(0, 100.0), bar(1, 100.0)]), "strategy_error")
    assert failed.text.startswith("Strategy: scripted failed on main: ZeroDivisionError")


def test_an_order_nobody_knows_of_is_told() -> None:
    session = engine({COIN: []})
    events = [*session.open(), *session.word(Level.WARNING, "broker_order_unknown", "order x: no answer", START)]
    assert [alert.text for alert in alerts(events, "order_unknown")] == ["Order unknown: order x: no answer"]


def test_the_end_says_why_and_what_it_came_to() -> None:
    session = engine({COIN: []})
    events = [*session.open(), *session.command(Stop(), "keyboard", START)]
    (ended,) = alerts(events, "session_ended")
    assert ended.text == "Session ended: by keyboard; equity 10,000.00 (+0.00%), 0 fills"


def test_rules_without_targets_are_off() -> None:
    assert alerts_of(stopped_out(), {"fill": AlertRuleSettings("fill")})[1] == []


def test_text_from_outside_is_made_harmless() -> None:
    session = engine({COIN: []})
    events = [*session.open(), *session.fault("x\x1b]0;t\x07", "a\x1b[31m\nb\x9b1m" + "c" * 2000, START)]
    (fault,) = alerts(events, "fault")
    assert fault.text.isprintable()
    assert len(fault.text) == 500


def test_a_gap_in_the_events_is_refused() -> None:
    first, *rest = stopped_out()
    assert isinstance(first, SessionStarted)
    watch = AlertWatch(first, every())
    with pytest.raises(ValueError, match="cannot follow"):
        watch.take(rest[1:])


PRICES = st.lists(st.floats(60.0, 140.0), min_size=3, max_size=60)


@given(PRICES, st.data())
def test_alerts_are_a_function_of_the_events_however_they_come(prices: list[float], data: st.DataObject) -> None:
    first, *events = run(
        engine({COIN: [L, N, N, S, N] * 12}), [bar(minute, price) for minute, price in enumerate(prices)]
    )
    cuts = sorted(data.draw(st.lists(st.integers(0, len(events)), max_size=8)))
    assert isinstance(first, SessionStarted)
    watch = AlertWatch(first, every())
    parts = [watch.take(events[begin:end]) for begin, end in pairwise([0, *cuts, len(events)])]
    assert [alert for part in parts for alert in part] == alerts_of([first, *events], every())[1]


@given(PRICES, st.floats(0.001, 0.3), st.floats(0.0, 1800.0))
def test_a_rule_is_never_told_twice_within_its_quiet_time(prices: list[float], limit: float, quiet: float) -> None:
    found = alerts(worth(prices), "drawdown", limit, quiet)
    assert all(later.at - earlier.at >= quiet * 1000 for earlier, later in pairwise(found))


@given(PRICES, st.floats(0.001, 0.3))
def test_a_drawdown_is_told_exactly_where_it_crosses(prices: list[float], limit: float) -> None:
    events = worth(prices)
    first = events[0]
    assert isinstance(first, SessionStarted)
    state = State(first)
    crossings, was = [], False
    for event in events[1:]:
        state.apply(event)
        if isinstance(event, BarReceived | OrderFilled):
            now = metrics(state).drawdown > limit
            if now and not was:
                crossings.append(event.seq)
            was = now
    assert [alert.seq for alert in alerts(events, "drawdown", limit)] == crossings


def test_every_kind_of_rule_is_tried_here() -> None:
    assert set(KINDS) == set(AlertRuleSettings.__annotations__["on"].__args__)
    assert rule("fill").on == "fill"
