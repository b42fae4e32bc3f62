"""The ladder on the engine and the paper broker: only legal holdings, nothing rejected, cash never short."""

import random
from collections.abc import Sequence

import pytest
from msgspec.structs import replace

from sentio_tui.brokers.matching import FillModel, NextOpen, SameClose
from sentio_tui.brokers.paper import PaperBroker
from sentio_tui.engine.engine import Engine
from sentio_tui.engine.state import fold
from sentio_tui.machines.ladder import CASH_ONLY, DEFAULT_RUNGS, STATES, weights_of
from sentio_tui.market.calendar import Calendar, ExchangeCalendar
from sentio_tui.market.families import SPY
from sentio_tui.model.bars import MINUTE, Bar
from sentio_tui.model.decisions import Reason
from sentio_tui.model.events import (
    AnyEvent,
    CancelRequested,
    Decided,
    Noted,
    OrderFilled,
    OrderRejected,
    OrderSubmitted,
)
from sentio_tui.model.orders import Side
from tests.engine import ladders
from tests.engine.ladders import CALIBRATED, Probabilities, minutes
from tests.engine.scripts import START

LEGAL = {frozenset(weights_of(state, SPY)): state for state in STATES}


def engine(
    listed: Sequence[float],
    fill: FillModel,
    participation: float = 1.0,
    calendar: Calendar | None = None,
    *,
    flat_overnight: bool = False,
) -> Engine:
    rungs = {rung.state: rung.from_ for rung in DEFAULT_RUNGS}
    return ladders.engine(
        Probabilities(listed),
        ladder=replace(CALIBRATED, rungs=rungs, min_hold_bars=1),
        fill=fill,
        participation=participation,
        calendar=calendar,
        flat_overnight=flat_overnight,
    )


@pytest.mark.parametrize("fill", [NextOpen(), SameClose()], ids=["next_open", "same_close"])
@pytest.mark.parametrize("participation", [1.0, 0.01])
@pytest.mark.parametrize("seed", range(3))
def test_t30_holdings_are_legal_at_the_end_of_every_bar(seed: int, participation: float, fill: FillModel) -> None:
    dice = random.Random(seed)
    made = engine([dice.random() for _ in range(400)], fill, participation)
    events: list[AnyEvent] = list(made.open())
    account = made.state.accounts["main"]
    for bars in minutes(400, dice):
        for bar in bars:
            events += made.bar(bar, bar.time + MINUTE)
            assert frozenset(account.positions) in LEGAL
            assert account.cash >= 0.0
    decided = [event for event in events if isinstance(event, Decided)]
    assert len(decided) == 400
    assert not [event for event in events if isinstance(event, OrderRejected)]
    assert {event.state for event in decided} <= set(STATES)
    assert Reason.LIQUIDATE not in made.state.reasons
    # The state wanted is told wherever it is another than the present one.
    moving = {Reason.REBALANCE, Reason.MIN_HOLD, Reason.NO_PRICE}
    for event in decided:
        if event.reason in moving:
            assert event.target in STATES
            assert event.target != event.state
        else:
            assert event.target == (CASH_ONLY if event.reason in {Reason.TAKE_PROFIT, Reason.STOP_LOSS} else "")
    assert made.state.reasons[Reason.REBALANCE] > 10


def test_t08_the_state_is_what_was_filled_not_what_was_wanted() -> None:
    made = engine([0.5, 0.7, 0.5, 0.5, 0.5], NextOpen())
    made.open()
    states = []
    for number, bars in enumerate(minutes(5, random.Random(1))):
        # The fund has one bar only, so that its buy cannot fill.
        for bar in bars if number == 0 else bars[:1]:
            events = made.bar(bar, bar.time + MINUTE)
            states += [(event.state, event.reason) for event in events if isinstance(event, Decided)]
    assert states == [
        ("CASH_ONLY", Reason.NO_CHANGE),
        ("CASH_ONLY", Reason.REBALANCE),
        *[("CASH_ONLY", Reason.ORDER_PENDING)] * 3,
    ]


def test_a_buy_that_rests_keeps_no_stop_waiting() -> None:
    """Half of a pair is bought and falls, while the other half, a fund that does not trade, is still on its way."""
    made = engine([0.4] * 8, NextOpen())
    events = list(made.open())
    for number in range(8):
        at = START + number * MINUTE
        for symbol in SPY.symbols if number == 0 else ("SPY", "SPXL", "SH"):
            price = 96.0 if symbol == "SH" and number >= 3 else 100.0
            events += made.bar(Bar(symbol, at, price, price, price, price, 50_000.0), at + MINUTE)
    reasons = [event.reason for event in events if isinstance(event, Decided)]
    assert Reason.STOP_LOSS in reasons
    stop = reasons.index(Reason.STOP_LOSS)
    assert set(reasons[2:stop]) == {Reason.ORDER_PENDING}
    fills = [event.fill for event in events if isinstance(event, OrderFilled)]
    assert [(fill.side, fill.symbol) for fill in fills] == [(Side.BUY, "SH"), (Side.SELL, "SH")]
    assert [event.why for event in events if isinstance(event, CancelRequested)] == [Reason.STOP_LOSS.text]


def test_a_buy_larger_than_the_volume_does_not_keep_the_ladder_waiting_for_the_close() -> None:
    """A hundredth of each bar is ours: the buy would take more than an hour. After five minutes the rest of it is given
    up, and the ladder goes where it now wants to be."""
    made = engine([0.5, 0.7, *[0.4] * 10], NextOpen(), participation=0.01)
    events = list(made.open())
    for number in range(12):
        at = START + number * MINUTE
        for symbol in SPY.symbols:
            events += made.bar(Bar(symbol, at, 100.0, 100.0, 100.0, 100.0, 1_000.0), at + MINUTE)
    bought = next(event.order for event in events if isinstance(event, OrderSubmitted))
    assert (bought.symbol, bought.time) == ("SPXL", START + 2 * MINUTE)
    (given_up,) = [event for event in events if isinstance(event, CancelRequested)]
    assert (given_up.order_id, given_up.why, given_up.at) == (bought.id, "not filled in time", START + 7 * MINUTE)
    (note,) = [event.text for event in events if isinstance(event, Noted) and event.code == "buys_given_up"]
    assert note == "main: the buy of SPXL did not fill in time, the rest of it is given up"
    fills = [event.fill for event in events if isinstance(event, OrderFilled)]
    assert [fill.quantity for fill in fills if fill.symbol == "SPXL" and fill.side is Side.BUY] == [10.0] * 4
    decided = {event.at: event for event in events if isinstance(event, Decided)}
    assert decided[START + 6 * MINUTE].reason is Reason.ORDER_PENDING
    assert decided[START + 7 * MINUTE].reason is Reason.REBALANCE
    assert decided[START + 7 * MINUTE].target == "BEAR_1X_NX"


def test_a_broker_elsewhere_is_asked_once_to_cancel_what_takes_too_long(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its answer may take longer than a bar."""
    asked: list[str] = []
    monkeypatch.setattr(PaperBroker, "cancel", lambda _, order_id, at: asked.append(order_id))
    made = engine([0.5, *[0.7] * 11], NextOpen(), participation=0.01)
    made.open()
    for number in range(12):
        at = START + number * MINUTE
        for symbol in SPY.symbols:
            made.bar(Bar(symbol, at, 100.0, 100.0, 100.0, 100.0, 1_000.0), at + MINUTE)
    assert asked == [*made.state.orders]


def test_a_move_between_states_sells_first_and_by_difference() -> None:
    made = engine([0.5, 0.56, 0.56, 0.62, 0.62, 0.62, *[0.4] * 6], NextOpen())
    events = list(made.open())
    for bars in minutes(12, random.Random(2)):
        for bar in bars:
            events += made.bar(bar, bar.time + MINUTE)
    fills = [event.fill for event in events if isinstance(event, OrderFilled)]
    assert [(fill.side, fill.symbol) for fill in fills] == [
        (Side.BUY, "SPY"),
        (Side.SELL, "SPY"),
        (Side.BUY, "SPXL"),
        (Side.SELL, "SPY"),
        (Side.SELL, "SPXL"),
        (Side.BUY, "SH"),
        (Side.BUY, "SDS"),
    ]
    # What is kept is not sold and bought again.
    assert fills[1].quantity == pytest.approx(fills[0].quantity / 2, abs=2)
    assert set(made.state.accounts["main"].positions) == {"SH", "SDS"}


def test_the_buys_of_a_move_go_out_before_the_next_decision() -> None:
    made = engine([0.5, 0.56, 0.56, 0.62, 0.57, 0.57, 0.57], NextOpen())
    made.open()
    decided: list[tuple[str, Reason]] = []
    for bars in minutes(7, random.Random(2)):
        for bar in bars:
            events = made.bar(bar, bar.time + MINUTE)
            decided += [(event.state, event.reason) for event in events if isinstance(event, Decided)]
    # The sell of half the SPY fills with this bar; SPXL is still to come.
    assert decided[3:5] == [("BASE_ONLY", Reason.REBALANCE), ("BASE_ONLY", Reason.ORDER_PENDING)]


@pytest.mark.parametrize(("flat_overnight", "first"), [(False, 54), (True, 52)], ids=["kept", "flat"])
def test_t33_buys_that_wait_for_sells_are_given_up_where_entries_end(flat_overnight: bool, first: int) -> None:
    """The sells are decided on with the last bar that may, and fill with the next: the buys would come too late."""
    opens = START + (20 * 60 + first) * MINUTE
    made = engine(
        [0.56, 0.56, 0.56, 0.56, 0.4], NextOpen(), calendar=ExchangeCalendar("XNYS"), flat_overnight=flat_overnight
    )
    events = list(made.open())
    for bars in minutes(6, random.Random(3), opens):
        for bar in bars:
            events += made.bar(bar, bar.time + MINUTE)
    orders = [event.order for event in events if isinstance(event, OrderSubmitted)]
    assert [(order.side, order.symbol, (order.time - opens) // MINUTE) for order in orders] == [
        (Side.BUY, "SPY", 1),
        (Side.SELL, "SPY", 5),
    ]
    assert not made.state.accounts["main"].positions
    given_up = [event.text for event in events if isinstance(event, Noted) and event.code == "buys_given_up"]
    why = "no entries before the close" if flat_overnight else "the exchange of {} is closed"
    assert given_up == [f"main: no buy of {symbol}, {why.format(symbol)}; stays in cash" for symbol in ("SH", "SDS")]


def test_t07_a_fund_is_not_ordered_at_its_price_of_the_evening_before() -> None:
    """The base's first bar of a day comes before the fund's: what the fund costs today is not known yet."""
    made = engine([0.5, 0.5, 0.9, 0.9], NextOpen(), calendar=ExchangeCalendar())
    events: list[AnyEvent] = list(made.open())
    evening, morning = (21 * 60 - 2) * MINUTE, (24 + 14) * 60 * MINUTE + 30 * MINUTE
    for bars in (*minutes(2, random.Random(1), START + evening), *minutes(2, random.Random(2), START + morning)):
        for bar in bars:
            events += made.bar(bar, bar.time + MINUTE)
    decided = [event for event in events if isinstance(event, Decided)][2:]
    assert [(event.reason, event.target) for event in decided] == [
        (Reason.FEED_STALE, "BULL_3X_ONLY"),
        (Reason.REBALANCE, "BULL_3X_ONLY"),
    ]
    assert decided[0].detail == "the price of SPXL is stale"
    (order,) = [event.order for event in events if isinstance(event, OrderSubmitted)]
    assert order.time == START + morning + 2 * MINUTE


def test_t29_every_bar_counts_and_the_exit_comes_when_the_minimum_is_held() -> None:
    """The original never counted: 44 bars in one state, 37 exits blocked. Here it leaves with the third bar held, and
    whoever folds the journal, as after a restart, has the same count."""
    made = ladders.engine(Probabilities([0.57, 0.57, *[0.5] * 10]), ladder=replace(CALIBRATED, min_hold_bars=3))
    events: list[AnyEvent] = list(made.open())
    account = made.state.accounts["main"]
    counts, reasons = [], []
    for bars in minutes(8, random.Random(1)):
        for bar in bars:
            events += made.bar(bar, bar.time + MINUTE)
        counts.append(account.positions["SPY"].bars_held if "SPY" in account.positions else None)
        reasons.append(made.state.decided["main", "SPY"].reason)
        again = fold(list(events)).accounts["main"].positions
        assert {symbol: held.bars_held for symbol, held in again.items()} == {
            symbol: held.bars_held for symbol, held in account.positions.items()
        }
    assert counts == [None, 0, 1, 2, 3, None, None, None]
    assert reasons[:6] == [
        Reason.REBALANCE,
        Reason.NO_CHANGE,
        Reason.MIN_HOLD,
        Reason.MIN_HOLD,
        Reason.REBALANCE,
        Reason.NO_CHANGE,
    ]
