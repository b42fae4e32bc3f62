"""A session's events, and a session's summary, to write and read."""

from collections.abc import Callable

import pytest

from sentio_tui.journal.document import (
    DocumentConfig,
    DocumentHead,
    DocumentMetrics,
    FeedRow,
    PositionRow,
    SignalStats,
)
from sentio_tui.model.bars import MINUTE, Bar
from sentio_tui.model.commands import Cancel
from sentio_tui.model.decisions import Direction, Reason, Signal
from sentio_tui.model.events import (
    AnyEvent,
    BarReceived,
    BookInfo,
    CommandGiven,
    Decided,
    Level,
    Mode,
    Noted,
    OrderFilled,
    OrderSubmitted,
    SessionInfo,
    SessionStarted,
)
from sentio_tui.model.orders import Fill, Order, Side

START = 1_736_121_600_000


def _book() -> BookInfo:
    return BookInfo(
        name="main",
        strategy="momentum",
        preset="balanced",
        machine="slots",
        symbols=("BTC-USD",),
        driving=("BTC-USD",),
        capital=10_000.0,
        parameters={"lookback": 10, "threshold": 0.015},
    )


def _started() -> SessionStarted:
    info = SessionInfo(
        name="live_20250106_000000",
        mode=Mode.SIM,
        started=START,
        capital=10_000.0,
        books=(_book(),),
        symbols=("BTC-USD",),
        feed="simulated",
        broker="paper",
        clock_zone="UTC",
        periods=365,
        settings={"session": {"capital": 10_000.0}, "ui": None},
        versions={"schema": "1"},
    )
    return SessionStarted(1, START, info)


def _later(seq: int) -> AnyEvent:
    at = START + seq * MINUTE
    match seq % 6:
        case 0:
            return BarReceived(seq, at, Bar("BTC-USD", at, 100.0 + seq / 7, 101.0, 99.5, 100.25, 12.5))
        case 1:
            signal = Signal("BTC-USD", at, Direction.LONG, {"momentum": seq / 3}, "buy above +1.50 %", 0.0)
            return Decided(seq, at, "main", "BTC-USD", Reason.ENTER, signal)
        case 2:
            return OrderSubmitted(seq, at, Order(f"o{seq}", "main", "BTC-USD", Side.BUY, at, "enter", notional=2e3))
        case 3:
            fill = Fill(f"f{seq}", f"o{seq - 1}", "main", "BTC-USD", Side.BUY, 0.1 * seq, 100.1, 1.2, at)
            return OrderFilled(seq, at, fill)
        case 4:
            return CommandGiven(seq, at, Cancel(f"o{seq}"), "keyboard")
        case _:
            return Noted(seq, at, Level.INFO, "text", f'[bold]"null"\n\\ – {seq} 日本')


@pytest.fixture(scope="session")
def make_events() -> Callable[[int], list[AnyEvent]]:
    """The first so many events of a session."""
    return lambda count: [_started() if seq == 1 else _later(seq) for seq in range(1, count + 1)]


@pytest.fixture
def head() -> DocumentHead:
    return DocumentHead(
        session_name="live_20250106_000000",
        state="running",
        mode="sim",
        start_time="2025-01-06T00:00:00+00:00",
        initial_capital=10_000.0,
        strategy="momentum",
        symbols=("BTC-USD",),
        metrics=DocumentMetrics(
            equity=10_100.0,
            cash=8_100.0,
            positions_value=2_000.0,
            total_return=1.0,
            drawdown=0.5,
            num_trades=3,
            num_positions=1,
            win_rate=100.0,
            total_pnl=100.0,
            avg_pnl=12.0,
            duration="0:10:00",
            trades_per_hour=18.0,
            signals_per_hour=60.0,
            execution_rate=50.0,
            closed_trades=1,
            max_drawdown=2.5,
            unknown={"sharpe": "0 days, needs 20"},
        ),
        signal_stats=SignalStats(iterations=10, buy_signals=2, sell_signals=1, hold_signals=7, trades_executed=3),
        reasons={},
        positions={
            "BTC-USD": PositionRow(
                symbol="BTC-USD",
                quantity=20.0,
                entry_price=99.0,
                current_price=100.0,
                value=2_000.0,
                entry_time="2025-01-06T00:05:00+00:00",
                strategy="momentum",
                book="main",
            )
        },
        config=DocumentConfig(signal_mode="balanced", max_position_size=0.2, max_positions=5, stop_loss=0.05),
        books=(_book(),),
        feed=FeedRow(name="simulated", status="live", bars=10),
        broker="paper",
        journal="live_20250106_000000.jsonl",
        last_seq=42,
        versions={"schema": "1"},
    )
