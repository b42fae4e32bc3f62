"""No order outside the hours of a symbol's exchange, and a decision that says so."""

from collections.abc import Mapping, Sequence

import pytest

from sentio_tui.engine.engine import Engine, Rules
from sentio_tui.machines.slots import Slots
from sentio_tui.market.calendar import AlwaysOpen, Calendar, ExchangeCalendar
from sentio_tui.model.bars import Bar
from sentio_tui.model.commands import Flatten, Stop
from sentio_tui.model.decisions import Direction, Reason, Signal
from sentio_tui.model.events import AnyEvent, Decided, OrderCancelled, OrderFilled, OrderSubmitted
from sentio_tui.model.orders import Side
from tests.engine.scripts import COIN, OTHER, Scripted, engine, of, run
from tests.engine.test_end_of_day import clock, minutes, when

BUY, SELL, HOLD = Direction.LONG, Direction.SHORT, Direction.NEUTRAL
NYSE = ExchangeCalendar("XNYS")
LONDON = ExchangeCalendar("XLON")

DAY = minutes("2025-01-06 04:00", "2025-01-06 19:59")
OPENS = 330
"""Bars of `DAY` before 09:30."""
CLOSES = OPENS + 390


def made(script: Sequence[Direction | None], slots: Slots | None = None, *, flat_overnight: bool = False) -> Engine:
    slots = slots or Slots(1, 0.5, "equity", 0.0, 0.0)
    return engine({COIN: script}, slots=slots, calendar=NYSE, flat_overnight=flat_overnight)


def orders(events: Sequence[AnyEvent]) -> list[tuple[str, str]]:
    return [(event.order.side.value, clock(event.order.time)[11:]) for event in of(events, OrderSubmitted)]


@pytest.mark.parametrize("signal", [HOLD, BUY, SELL, None], ids=["hold", "buy", "sell", "failed"])
def test_t02_every_bar_outside_hours_gives_that_as_its_reason(signal: Direction | None) -> None:
    events = run(made([signal] * 960), DAY)
    decided = of(events, Decided)
    assert len(decided) == 960
    outside = [event.reason is Reason.OUTSIDE_HOURS for event in decided]
    assert outside[:OPENS] == [True] * OPENS
    assert outside[CLOSES:] == [True] * (960 - CLOSES)
    # The last bar of the day is known when the exchange has closed: it may say so of an order, and of nothing else.
    assert not any(outside[OPENS : CLOSES - 1])
    assert {event.detail for event in decided[:OPENS]} == {"the exchange is closed"}


def test_a_book_that_holds_overnight_does_not_sell_after_the_close() -> None:
    script = [HOLD] * OPENS + [BUY] + [HOLD] * 388 + [SELL] * 241
    one = made(script + [HOLD] * 330 + [SELL])
    events = run(one, DAY + minutes("2025-01-07 04:00", "2025-01-07 09:31"))
    assert orders(events) == [("buy", "09:31"), ("sell", "09:31")]
    decided = of(events, Decided)
    assert decided[CLOSES - 1].reason is Reason.OUTSIDE_HOURS
    assert clock(decided[CLOSES - 1].at) == "2025-01-06 16:00"


def test_a_stop_loss_waits_for_the_open() -> None:
    slots = Slots(1, 0.5, "equity", 0.05, 0.0)
    bars = minutes("2025-01-06 15:55", "2025-01-06 15:59") + minutes("2025-01-06 16:00", "2025-01-06 16:10", 80.0)
    one = made([BUY], slots)
    events = run(one, bars + minutes("2025-01-07 09:30", "2025-01-07 09:31", 80.0))
    assert orders(events) == [("buy", "15:56"), ("sell", "09:31")]
    sells = [event.fill for event in of(events, OrderFilled) if event.fill.side is Side.SELL]
    assert [clock(fill.time) for fill in sells] == ["2025-01-07 09:31"]


class Elsewhere(Scripted):
    """Keeps other hours than the exchange of its symbol."""

    def on_bar(self, bar: Bar) -> Signal:
        trigger = "outside the hours of XLON"
        return Signal(bar.symbol, bar.time, HOLD, {"price": bar.close, "outside_hours": 1.0}, trigger)


def test_hours_that_a_strategy_keeps_for_itself_are_told_too() -> None:
    one = engine({COIN: []}, calendar=NYSE, make=Elsewhere)
    events = run(one, minutes("2025-01-06 10:00", "2025-01-06 10:05"))
    told = {(event.reason, event.detail) for event in of(events, Decided)}
    assert told == {(Reason.OUTSIDE_HOURS, "outside the hours of XLON")}


def test_a_person_may_sell_outside_hours() -> None:
    for command in (Flatten(), Stop()):
        one = made([HOLD] * OPENS + [BUY])
        run(one, DAY[: CLOSES + 5])
        events = one.command(command, "keyboard", one.state.at)
        assert [event.order.side for event in of(events, OrderSubmitted)] == [Side.SELL]


def both(scripts: Mapping[str, Sequence[Direction | None]], hours: Mapping[str, Calendar], *, flat: bool) -> Engine:
    return engine(scripts, Rules(), Slots(2, 0.3, "equity", 0.0, 0.0), hours, flat_overnight=flat)


def of_both(first: str, last: str) -> list[Bar]:
    """Bars of the two symbols, minute by minute."""
    bars = minutes(first, last)
    return [
        Bar(symbol, bar.time, bar.open, bar.high, bar.low, bar.close, bar.volume)
        for bar in bars
        for symbol in (COIN, OTHER)
    ]


def test_t11_each_symbol_of_a_book_is_sold_before_the_close_of_its_own_exchange() -> None:
    one = both({COIN: [BUY] * 2000, OTHER: [BUY] * 2000}, {COIN: NYSE, OTHER: LONDON}, flat=True)
    events = run(one, of_both("2025-01-06 03:00", "2025-01-06 16:30"))
    made_orders = [
        (event.order.symbol, *each) for event, each in zip(of(events, OrderSubmitted), orders(events), strict=True)
    ]
    assert made_orders == [
        (OTHER, "buy", "03:01"),
        (COIN, "buy", "09:31"),
        (OTHER, "sell", "11:28"),
        (COIN, "sell", "15:58"),
    ]
    sells = [event.order.reason for event in of(events, OrderSubmitted) if event.order.side is Side.SELL]
    assert sells == ["EOD_CLOSE (16:28 GMT)", "EOD_CLOSE (15:58 EST)"]
    assert not one.state.accounts["main"].positions


def test_a_market_that_never_closes_is_not_sold_out() -> None:
    one = both({COIN: [BUY] * 2000, OTHER: [BUY] * 2000}, {COIN: NYSE, OTHER: AlwaysOpen()}, flat=True)
    run(one, of_both("2025-01-06 15:00", "2025-01-06 20:30"))
    assert set(one.state.accounts["main"].positions) == {OTHER}


def test_t33_a_buy_that_rests_when_the_window_begins_is_cancelled() -> None:
    """The symbol is thin: nothing trades from 15:56 on, and the buy of 15:57 waits for a bar."""
    one = made([HOLD] * 3 + [BUY], flat_overnight=True)
    events = run(one, minutes("2025-01-06 15:53", "2025-01-06 15:56"))
    assert orders(events) == [("buy", "15:57")]
    assert one.due == when("2025-01-06 15:58")
    events = one.timer(one.due)
    assert len(of(events, OrderCancelled)) == 1
    assert not one.state.orders
