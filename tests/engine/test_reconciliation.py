"""The broker's account is the truth, and nothing trades on while ours differs."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentio_tui.engine.engine import Engine, Rules
from sentio_tui.engine.reconciliation import ACCOUNT, account_view
from sentio_tui.engine.state import fold
from sentio_tui.engine.view import Viewer
from sentio_tui.model.bars import MINUTE
from sentio_tui.model.commands import Accept, Flatten, Leave, Stop
from sentio_tui.model.decisions import Direction, Reason
from sentio_tui.model.events import (
    AccountAdopted,
    Decided,
    Held,
    Level,
    Noted,
    OrderCancelled,
    OrderFilled,
    OrderSubmitted,
)
from sentio_tui.model.orders import Fill, Side
from sentio_tui.model.snapshot import AccountDifference
from tests.engine.scripts import COIN, OTHER, START, bar, engine, of, run

BUY, SELL, HOLD = Direction.LONG, Direction.SHORT, Direction.NEUTRAL


def holding() -> Engine:
    """A session that bought a coin, without costs."""
    made = engine({COIN: [BUY, HOLD, HOLD, SELL], OTHER: [HOLD, HOLD, BUY]}, commission=0.0, slippage=0.0)
    run(made, [bar(0, 100.0), bar(0, 50.0, OTHER), bar(1, 100.0), bar(1, 50.0, OTHER)])
    assert made.state.accounts["main"].positions[COIN].quantity == 20.0
    return made


def theirs(made: Engine) -> tuple[Held, ...]:
    return tuple(made.state.accounts["main"].held().values())


def test_t25_after_its_own_fills_a_session_and_its_account_agree() -> None:
    made = holding()
    events = made.account(made.state.cash, theirs(made), made.state.at)
    assert len(events) == 1
    assert not made.state.faults


def test_t25_a_difference_stops_trading_and_shows_both_sides_until_it_is_gone() -> None:
    made = holding()
    made.account(made.state.cash, (Held(COIN, 12.0, 100.0),), made.state.at)
    assert made.state.faults[ACCOUNT] == f"{COIN}: 20 here, 12 in the account"
    events = [*made.bar(bar(2, 100.0, OTHER), START + 3 * MINUTE)]
    assert [decision.reason for decision in of(events, Decided)] == [Reason.HALTED]
    made.account(made.state.cash, theirs(made), made.state.at)
    assert not made.state.faults


def test_accepting_takes_the_account_over_and_trading_goes_on() -> None:
    made = holding()
    before = made.state.accounts["main"].positions[COIN]
    made.account(7_000.0, (Held(COIN, 12.0, 101.0), Held(OTHER, 3.0, 49.0), Held("FOREIGN", 5.0, 1.0)), made.state.at)
    assert "cash: 8,000.00 here, 7,000.00 in the account" in made.state.faults[ACCOUNT]
    assert "FOREIGN" not in made.state.faults[ACCOUNT]
    events = made.command(Accept(), "test", made.state.at)
    assert len(of(events, AccountAdopted)) == 1
    account = made.state.accounts["main"]
    assert account.cash == 7_000.0
    assert account.held() == {COIN: Held(COIN, 12.0, 101.0), OTHER: Held(OTHER, 3.0, 49.0)}
    assert made.state.equity == 7_000.0 + 12 * 100.0 + 3 * 50.0
    assert account.positions[COIN] is not before
    assert not made.state.faults


def test_a_short_position_cannot_be_taken_over_and_still_stops_trading() -> None:
    made = holding()
    made.account(made.state.cash, (Held(COIN, -5.0, 100.0),), made.state.at)
    made.command(Accept(), "test", made.state.at)
    assert made.state.faults[ACCOUNT] == f"{COIN}: 0 here, -5 in the account"


def test_costs_that_no_fill_told_of_are_taken_over_and_told() -> None:
    made = holding()
    events = made.account(made.state.cash - 0.43, theirs(made), made.state.at)
    assert [adopted.why for adopted in of(events, AccountAdopted)] == ["costs that the broker charged"]
    assert made.state.cash == pytest.approx(7_999.57)
    assert not made.state.faults


def test_a_fee_that_was_taken_from_the_coins_is_taken_over_and_the_rest_has_cost_as_much() -> None:
    made = holding()
    before = made.state.accounts["main"].positions[COIN]
    events = made.account(made.state.cash, (Held(COIN, 19.95, 100.0),), made.state.at)
    assert [adopted.why for adopted in of(events, AccountAdopted)] == ["costs that the broker charged"]
    position = made.state.accounts["main"].positions[COIN]
    assert (position.quantity, position.cost, position.bars_held) == (19.95, 2_000.0, before.bars_held)
    assert position.entry_price == pytest.approx(2_000.0 / 19.95)
    assert not made.state.faults
    assert not made.account(made.state.cash, (Held(COIN, 19.95, 100.0),), made.state.at)[1:]
    # The whole of it sold at the price it was bought for: the fee is what the round trip lost.
    sold = Fill("s", "unknown", "main", COIN, Side.SELL, 19.95, 100.0, 0.0, made.state.at)
    made.answer(OrderFilled(0, made.state.at, sold))
    (trade,) = made.state.trades
    assert trade.quantity == 19.95
    assert trade.pnl == pytest.approx(-5.0)


def test_what_a_fee_left_of_coins_that_were_sold_is_taken_over() -> None:
    made = holding()
    sold = Fill("s", "unknown", "main", COIN, Side.SELL, 19.95, 100.0, 0.0, made.state.at)
    made.answer(OrderFilled(0, made.state.at, sold))
    made.account(made.state.cash, (), made.state.at)
    assert not made.state.accounts["main"].positions
    assert made.state.equity == pytest.approx(9_995.0)
    assert not made.state.faults


@pytest.mark.parametrize(("symbol", "there"), [("SPY", 19.95), (COIN, 19.8), (COIN, 20.05)])
def test_more_than_a_fee_or_of_shares_or_in_our_favour_stays_a_difference(symbol: str, there: float) -> None:
    made = engine({symbol: [BUY]}, commission=0.0, slippage=0.0)
    run(made, [bar(0, 100.0, symbol), bar(1, 100.0, symbol)])
    made.account(made.state.cash, (Held(symbol, there, 100.0),), made.state.at)
    assert made.state.faults[ACCOUNT] == f"{symbol}: 20 here, {there:g} in the account"


def test_what_the_account_has_less_of_is_not_sold_short_at_the_end_and_is_told_once() -> None:
    made = holding()
    made.account(made.state.cash, (Held(COIN, 12.0, 100.0),), made.state.at)
    events = made.command(Stop(), "test", made.state.at)
    events += made.bar(bar(2, 100.0), START + 3 * MINUTE)
    assert not of(events, OrderSubmitted)
    (alarm,) = [note for note in of(events, Noted) if note.code == "not_sold"]
    assert alarm.level is Level.ALARM
    assert f"{COIN}: 20 here, 12 in the account" in alarm.text
    assert Viewer(made.state, 1.0, MINUTE).snapshot().waiting == f"somebody to accept the account ({COIN})"
    events = made.command(Accept(), "test", made.state.at)
    (order,) = [submitted.order for submitted in of(events, OrderSubmitted)]
    assert order.quantity == 12.0


def test_what_the_account_has_more_of_is_sold_as_far_as_it_is_the_sessions() -> None:
    made = holding()
    made.account(made.state.cash, (Held(COIN, 32.0, 100.0),), made.state.at)
    (order,) = [each.order for each in of(made.command(Flatten(), "test", made.state.at), OrderSubmitted)]
    assert order.quantity == 20.0


def test_nothing_to_accept_is_said() -> None:
    made = holding()
    events = made.command(Accept(), "test", made.state.at)
    assert [note.code for note in of(events, Noted)] == ["refused"]


def test_what_a_person_accepted_is_what_was_shown() -> None:
    made = holding()
    made.account(made.state.cash, (Held(COIN, 12.0, 100.0),), made.state.at)
    shown = made.state.faults[ACCOUNT]
    made.account(made.state.cash, (Held(COIN, 11.0, 100.0),), made.state.at)
    (refused,) = of(made.command(Accept(shown), "test", made.state.at), Noted)
    assert "by now (BTC-USD: 20 here, 11 in the account)" in refused.text
    assert made.state.accounts["main"].positions[COIN].quantity == 20.0
    made.command(Accept(made.state.faults[ACCOUNT]), "test", made.state.at)
    assert made.state.accounts["main"].positions[COIN].quantity == 11.0


def test_both_sides_of_every_difference_are_in_the_snapshot_and_what_is_none_of_our_business_beside() -> None:
    made = holding()
    assert account_view(made.state) is None
    foreign = Held("FOREIGN", 5.0, 1.0)
    made.account(7_000.0, (Held(COIN, 12.0, 101.0), foreign), made.state.at)
    view = account_view(made.state)
    assert view is not None
    assert view.differences == (AccountDifference(COIN, 20.0, 12.0), AccountDifference("", 8_000.0, 7_000.0))
    assert view.others == (foreign,)
    assert view.fault == made.state.faults[ACCOUNT]
    made.command(Accept(), "test", made.state.at)
    view = account_view(made.state)
    assert view is not None
    assert (view.differences, view.fault) == ((), "")


def test_nothing_is_traded_before_the_account_is_known_also_after_a_resume() -> None:
    made = engine({COIN: [BUY, BUY, BUY]}, Rules(account_first=True), commission=0.0, slippage=0.0)
    events = run(made, [bar(0, 100.0)])
    assert [(each.reason, each.detail) for each in of(events, Decided)] == [
        (Reason.HALTED, "the broker's account is not known yet")
    ]
    made.resume(0, {}, "", (), made.state.at)
    made.account(made.state.cash, (), made.state.at)
    made.resume(0, {}, "", (), made.state.at)
    (decision,) = of(made.bar(bar(1, 100.0), START + 2 * MINUTE), Decided)
    assert decision.reason is Reason.HALTED
    (refused,) = of(made.command(Accept(), "test", made.state.at), Noted)
    assert refused.code == "refused"
    made.account(made.state.cash, (), made.state.at)
    (decision,) = of(made.bar(bar(2, 100.0), START + 3 * MINUTE), Decided)
    assert decision.reason is Reason.ENTER


def test_orders_that_outlive_a_session_at_its_broker_are_told_at_its_end() -> None:
    made = engine({COIN: [HOLD, BUY]}, commission=0.0, slippage=0.0)
    run(made, [bar(0, 100.0)])
    made.account(made.state.cash, (), made.state.at)
    made.bar(bar(1, 100.0), START + 2 * MINUTE)
    (told,) = [
        note for note in of(made.command(Leave(), "test", made.state.at), Noted) if note.code == "positions_kept"
    ]
    assert told.text == f"the session ends with orders that its broker still has (buy {COIN})"


def test_a_fill_that_sells_more_than_is_held_stops_trading_instead_of_the_session() -> None:
    made = holding()
    fill = Fill("x", "unknown", "main", COIN, Side.SELL, 21.0, 100.0, 0.0, made.state.at)
    events = made.answer(OrderFilled(0, made.state.at, fill))
    assert "sells 21" in made.state.faults[ACCOUNT]
    assert of(events, OrderCancelled)
    assert made.state.accounts["main"].positions[COIN].quantity == 20.0


@given(
    cash=st.floats(0.0, 1e6),
    coin=st.floats(0.0, 1e4).map(lambda value: round(value, 6)),
    other=st.floats(0.0, 1e4).map(lambda value: round(value, 6)),
)
def test_after_accepting_the_account_and_the_fold_of_the_events_agree(cash: float, coin: float, other: float) -> None:
    made = engine({COIN: [BUY], OTHER: []}, commission=0.0, slippage=0.0)
    events = run(made, [bar(0, 100.0), bar(0, 50.0, OTHER), bar(1, 100.0), bar(1, 50.0, OTHER)])
    positions = tuple(Held(symbol, held, 10.0) for symbol, held in ((COIN, coin), (OTHER, other)) if held > 0.0)
    events += made.account(cash, positions, made.state.at)
    events += made.command(Accept(), "test", made.state.at)
    assert ACCOUNT not in made.state.faults
    for state in (made.state, fold(events)):
        assert state.cash == pytest.approx(cash)
        held = state.accounts["main"].held()
        assert {symbol: each.quantity for symbol, each in held.items()} == {
            each.symbol: each.quantity for each in positions
        }
        assert state.equity == pytest.approx(cash + coin * 100.0 + other * 50.0)
