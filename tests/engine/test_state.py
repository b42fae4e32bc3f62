"""The fold of a session's events, where no other test looks."""

import pytest
from msgspec.structs import replace

from sentio_tui.engine.metrics import metrics
from sentio_tui.engine.state import State, fold
from sentio_tui.model.bars import MINUTE
from sentio_tui.model.decisions import Direction
from sentio_tui.model.events import BarReceived, OrderFilled, OrderSubmitted, SessionStarted
from sentio_tui.model.orders import Side, intent_of
from tests.engine.scripts import COIN, START, bar, engine, info, of, run


def test_t22_capital_that_no_book_was_given_stays_cash() -> None:
    whole = info()
    half = replace(whole, books=(replace(whole.books[0], capital=5_000.0),))
    state = State(SessionStarted(1, START, half))
    state.apply(BarReceived(2, START + MINUTE, bar(0, 100.0)))
    assert state.cash == state.equity == 10_000.0
    figures = metrics(state)
    assert figures.total_pnl == 0.0
    assert figures.max_drawdown == 0.0
    assert list(state.curve.equity) == [10_000.0]


def test_t22_idle_capital_is_in_the_equity_while_a_position_is_held() -> None:
    made = engine({COIN: [Direction.LONG]})
    events = run(made, [bar(minute, 100.0 + minute) for minute in range(4)])
    started = events[0]
    assert isinstance(started, SessionStarted)
    richer = replace(started, info=replace(started.info, capital=11_000.0))
    state = fold([richer, *events[1:]])
    assert state.accounts["main"].positions
    assert state.equity == pytest.approx(made.state.equity + 1_000.0)
    assert state.curve.equity[-1] == pytest.approx(state.equity)


@pytest.mark.parametrize("symbol", ["BTC-USD", "A#1-USD", "A:B#2"])
def test_t23_an_intent_is_an_order_id_without_its_attempt(symbol: str) -> None:
    first = f"live_test:main:{symbol}:sell:28935390"
    assert intent_of(first) == first
    assert intent_of(f"{first}#2") == first


def test_t23_two_symbols_with_a_number_sign_are_two_intents() -> None:
    symbols = ("A#1-USD", "A#2-USD")
    made = engine({symbol: [Direction.LONG, Direction.NEUTRAL, Direction.SHORT] for symbol in symbols})
    events = run(made, [bar(minute, 100.0, symbol) for minute in range(5) for symbol in symbols])
    ids = [event.order.id for event in of(events, OrderSubmitted)]
    assert len(set(ids)) == len(ids) == 4
    assert made.state.order_count == dict.fromkeys(ids, 1)


def test_a_position_sold_at_a_bars_end_has_met_the_extremes_of_that_bar() -> None:
    made = engine({COIN: [Direction.LONG]}, commission=0.0, slippage=0.0)
    run(made, [bar(0, 100.0), bar(1, 100.0), bar(2, 100.0, high=120.0, low=90.0)])
    state = made.state
    last = state.bars[COIN]
    position = state.accounts["main"].positions[COIN]
    sell = OrderFilled(
        state.seq + 1,
        state.at,
        fill=replace(
            state.executions[0].fill,
            id="end",
            order_id="end",
            side=Side.SELL,
            quantity=position.quantity,
            time=last.time + MINUTE,
        ),
    )
    state.apply(sell)
    assert state.trades[0].mae == pytest.approx(-0.1)
    assert state.trades[0].mfe == pytest.approx(0.2)


def test_a_position_sold_at_a_bars_open_has_not_met_its_extremes() -> None:
    made = engine({COIN: [Direction.LONG, Direction.NEUTRAL, Direction.SHORT]}, commission=0.0, slippage=0.0)
    run(made, [bar(0, 100.0), bar(1, 100.0), bar(2, 100.0), bar(3, 100.0, high=120.0, low=90.0)])
    (trade,) = made.state.trades
    assert trade.mae == pytest.approx(-0.001)
    assert trade.mfe == pytest.approx(0.001)
