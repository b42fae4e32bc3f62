"""What the summary document says of a state, key by key of the original's (section 7.3 of the facts)."""

import pytest

from sentio_tui.engine.state import State
from sentio_tui.journal.document import DocumentHead
from sentio_tui.journal.names import iso
from sentio_tui.model.bars import MINUTE
from sentio_tui.model.decisions import Direction
from sentio_tui.sessions.summary import Terms, head, trade_row
from tests.engine.scripts import COIN, OTHER, START, bar, engine, run

NOW = START + 86_400_000
TERMS = Terms("balanced", {"window_minutes": 9}, 0.2, 5, 0.05, 0.1, 0.006, 0.001)
LONG, SHORT, NEUTRAL = Direction.LONG, Direction.SHORT, Direction.NEUTRAL


def state_of(capital: float = 20_000.0) -> State:
    """One round trip of a coin with a loss, another still held; fallen by half and half recovered."""
    made = engine({COIN: [LONG, NEUTRAL, SHORT], OTHER: [LONG, NEUTRAL, NEUTRAL, SHORT, LONG]}, capital=capital)
    prices = (100.0, 100.0, 95.5, 96.0, 99.0, 98.0, 99.0)
    run(made, [bar(minute, price, symbol) for minute, price in enumerate(prices) for symbol in (COIN, OTHER)])
    return made.state


def document(state: State) -> DocumentHead:
    return head(state, TERMS, NOW)


def test_t44_a_position_tells_the_price_that_was_paid_and_the_one_it_has() -> None:
    state = state_of()
    position = document(state).positions[OTHER]
    (buy,) = [record.fill for record in state.executions if record.fill.symbol == OTHER][-1:]
    assert position.quantity == buy.quantity
    assert position.entry_price == pytest.approx(buy.price)
    assert position.current_price == 99.0
    assert position.value == pytest.approx(buy.quantity * 99.0)
    assert position.entry_time == iso(buy.time)
    assert position.strategy == "scripted"


def test_t44_capital_and_duration_are_the_sessions_own() -> None:
    made = document(state_of(capital=20_000.0))
    assert made.initial_capital == 20_000.0
    assert made.metrics.duration == "0:07:00"
    assert made.start_time == iso(START)
    assert made.end_time is None


def test_t43_drawdown_is_the_current_one_and_the_deepest_has_its_own_key() -> None:
    state = state_of()
    points = list(state.curve.equity)
    metrics = document(state).metrics
    peak, deepest = 20_000.0, 0.0
    for point in points:
        peak = max(peak, point)
        deepest = max(deepest, 100.0 * (1.0 - point / peak))
    assert metrics.drawdown == pytest.approx(100.0 * (1.0 - points[-1] / peak))
    assert metrics.max_drawdown == pytest.approx(deepest)
    assert metrics.drawdown < deepest


def test_t42_counts_are_those_of_fills_and_of_round_trips() -> None:
    state = state_of()
    made = document(state)
    assert made.metrics.num_trades == len(state.executions) == 5
    assert made.metrics.closed_trades == 2
    assert made.metrics.num_positions == 1
    assert made.metrics.win_rate == 0.0
    assert made.metrics.avg_pnl == pytest.approx(sum(trade.pnl for trade in state.trades) / 2)
    assert made.metrics.trades_per_hour == pytest.approx(5 / (7 / 60))
    assert made.metrics.signals_per_hour == pytest.approx(5 / (7 / 60))
    assert made.metrics.execution_rate == 100.0


def test_a_signal_whose_order_was_rejected_is_not_executed() -> None:
    """A coin that costs more than the cash there is: the order comes to nothing, and again; a cheap one is bought."""
    made = engine({COIN: [LONG, LONG, LONG], OTHER: [NEUTRAL, LONG]}, capital=1_000.0, quantity_step=1.0)
    run(made, [bar(minute, price, symbol) for minute in range(4) for symbol, price in ((COIN, 5_000.0), (OTHER, 50.0))])
    metrics = document(made.state).metrics
    assert made.state.rejected >= 2
    assert made.state.directions[LONG] == 4
    assert metrics.num_trades == 1
    assert metrics.execution_rate == 25.0


def test_signals_are_counted_by_what_became_of_them() -> None:
    stats = document(state_of()).signal_stats
    assert stats is not None
    assert (stats.iterations, stats.buy_signals, stats.sell_signals, stats.hold_signals) == (14, 3, 2, 9)
    assert stats.trades_executed == 5


def test_only_a_closing_fill_has_a_pnl() -> None:
    rows = [trade_row(record) for record in state_of().executions]
    assert [row.side for row in rows if row.pnl is None] == ["buy"] * 3
    assert [row.side for row in rows if row.pnl is not None] == ["sell"] * 2
    assert all(row.value == pytest.approx(row.quantity * row.price) for row in rows)
    assert rows[0].timestamp == iso(START + MINUTE)


def test_the_terms_stand_under_the_originals_names() -> None:
    config = document(state_of()).config
    assert config is not None
    assert (config.signal_mode, config.max_position_size, config.max_positions) == ("balanced", 0.2, 5)
    assert (config.stop_loss, config.take_profit) == (0.05, 0.1)
    assert (config.commission_rate, config.slippage_rate) == (0.006, 0.001)
    assert config.strategy_overrides == {"window_minutes": 9}
