"""What holds for every session, whatever the market does and a person presses."""

import math

import msgspec
import pytest
from hypothesis import given, settings

from sentio_tui.engine.state import State, fold
from sentio_tui.model.commands import Stop
from sentio_tui.model.decisions import Direction
from sentio_tui.model.events import AnyEvent, OrderFilled, SessionEnded, SessionStarted
from sentio_tui.model.orders import Side
from tests.engine.courses import DIRECTIONS, Input, build, drive, inputs
from tests.engine.scripts import COIN, OTHER


@settings(deadline=None)
@given(DIRECTIONS, DIRECTIONS, inputs())
def test_t22_equity_is_cash_plus_quantity_times_own_price_after_every_event(
    first: list[Direction], second: list[Direction], given_inputs: list[Input]
) -> None:
    events = drive(build(first, second), given_inputs)
    assert isinstance(events[0], SessionStarted)
    state = State(events[0])
    for event in events[1:]:
        state.apply(event)
        account = state.accounts["main"]
        worth = sum(position.quantity * state.bars[symbol].close for symbol, position in account.positions.items())
        assert math.isclose(state.equity, account.cash + worth, abs_tol=0.005)
        assert account.cash >= -1e-9
        assert all(position.quantity > 0.0 for position in account.positions.values())


@settings(deadline=None)
@given(DIRECTIONS, DIRECTIONS, inputs())
def test_t22_replaying_the_fills_reproduces_cash_and_positions(
    first: list[Direction], second: list[Direction], given_inputs: list[Input]
) -> None:
    made = build(first, second)
    cash = 10_000.0
    held = {COIN: 0.0, OTHER: 0.0}
    for event in drive(made, given_inputs):
        if isinstance(event, OrderFilled):
            fill = event.fill
            sign = 1.0 if fill.side is Side.BUY else -1.0
            cash -= sign * fill.quantity * fill.price + fill.commission
            held[fill.symbol] += sign * fill.quantity
    account = made.state.accounts["main"]
    assert math.isclose(cash, account.cash, abs_tol=0.005)
    for symbol, quantity in held.items():
        position = account.positions.get(symbol)
        assert math.isclose(quantity, position.quantity if position else 0.0, abs_tol=1e-7)


@settings(deadline=None)
@given(DIRECTIONS, DIRECTIONS, inputs())
def test_the_same_inputs_give_the_same_bytes_and_the_fold_is_the_state(
    first: list[Direction], second: list[Direction], given_inputs: list[Input]
) -> None:
    one, two = build(first, second), build(first, second)
    events = drive(one, given_inputs)
    encode = msgspec.json.Encoder().encode_lines
    assert encode(events) == encode(drive(two, given_inputs))
    assert [event.seq for event in events] == list(range(1, len(events) + 1))
    again = fold(msgspec.json.Decoder(list[AnyEvent]).decode(b"[" + b",".join(encode(events).splitlines()) + b"]"))
    assert again.cash == one.state.cash
    assert again.equity == one.state.equity
    assert again.trades == one.state.trades
    assert again.executions == one.state.executions


@settings(deadline=None)
@given(DIRECTIONS, DIRECTIONS, inputs())
def test_t31_pnl_adds_up_and_a_stopped_session_ends_flat(
    first: list[Direction], second: list[Direction], given_inputs: list[Input]
) -> None:
    made = build(first, second)
    events = drive(made, given_inputs)
    events += made.command(Stop(), "test", made.state.at)
    events += made.command(Stop(), "test", made.state.at)
    assert isinstance(events[-1], SessionEnded)
    assert not made.state.accounts["main"].positions
    pnl = sum(execution.pnl for execution in made.state.executions if execution.pnl is not None)
    assert pnl == pytest.approx(made.state.equity - 10_000.0, abs=1e-6)
    assert sum(trade.pnl for trade in made.state.trades) == pytest.approx(pnl, abs=1e-6)
