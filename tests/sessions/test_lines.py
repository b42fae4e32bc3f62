"""The text log's grammar."""

from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentio_tui.model.bars import Bar
from sentio_tui.model.commands import Pause
from sentio_tui.model.decisions import Direction, Reason, Signal
from sentio_tui.model.events import (
    AnyEvent,
    BarDropped,
    BarReceived,
    BookInfo,
    CancelRequested,
    CommandGiven,
    Decided,
    FaultReported,
    FeedReported,
    FeedStatus,
    Level,
    Mode,
    Noted,
    OrderAccepted,
    OrderCancelled,
    OrderExpired,
    OrderFilled,
    OrderRejected,
    OrderSubmitted,
    Phase,
    PhaseChanged,
    SessionEnded,
    SessionInfo,
    SessionStarted,
    TimerFired,
)
from sentio_tui.model.orders import Fill, Order, Side
from sentio_tui.sessions.lines import LineWriter

NEW_YORK = ZoneInfo("America/New_York")
AT = 1_736_173_860_000  # 2025-01-06 14:31:00 UTC
STAMP = "[2025-01-06 09:31:00 EST]"
SUMMER = 1_751_895_060_000  # 2025-07-07 13:31:00 UTC

BAR = Bar("BTC-USD", AT - 60_000, 97100, 97150.1, 97090, 97123.4, 1.532)
BUY = Order("s:b:SPY:buy:1", "b", "SPY", Side.BUY, AT, "STATE_TRANSITION", notional=100_000.0)


def fill(quantity: float = 195, remaining: float = 0.0, order_id: str = BUY.id) -> OrderFilled:
    return OrderFilled(3, AT, Fill("f", order_id, "b", "SPY", Side.BUY, quantity, 512.35, 0.0, AT, remaining))


def line(event: AnyEvent) -> str | None:
    return LineWriter(NEW_YORK).line(event)


def test_bar_line() -> None:
    expected = f"✓ Bar: BTC-USD $97123.40 (O:97100.00 H:97150.10 L:97090.00 V:1.532) {STAMP}"
    assert line(BarReceived(1, AT, BAR)) == expected


@given(st.text(min_size=1))
def test_third_field_of_a_bar_line_is_the_symbol(symbol: str) -> None:
    text = line(BarReceived(1, AT, Bar(symbol, AT, 1, 1, 1, 1, 0)))
    assert text is not None
    fields = text.split()
    assert fields[:2] == ["✓", "Bar:"]
    assert fields[3].startswith("$")
    if symbol.isprintable() and not any(c.isspace() for c in symbol):
        assert fields[2] == symbol


def test_t10_time_is_the_exchanges_in_summer_too() -> None:
    assert line(TimerFired(1, SUMMER, "t")) is None
    assert line(SessionEnded(1, SUMMER, "end of data")) == "[2025-07-07 09:31:00 EDT] Session ended: end of data"


def test_signal_line() -> None:
    signal = Signal("BTC-USD", AT, Direction.LONG, {"momentum": 0.0213, "threshold": 0.02})
    event = Decided(1, AT, "b", "BTC-USD", Reason.ENTER, signal, "buy signal")
    assert line(event) == f"{STAMP} Signal: LONG (BTC-USD momentum=0.0213 threshold=0.02) enter: buy signal"


def test_a_signal_with_a_probability_tells_it_first() -> None:
    signal = Signal("SPY", AT, Direction.LONG, {"confidence": 0.25}, probability=0.62454)
    event = Decided(1, AT, "b", "SPY", Reason.REBALANCE, signal)
    assert line(event) == f"{STAMP} Signal: LONG (SPY p=0.6245 confidence=0.25) rebalance"


def test_the_readme_shows_the_lines_as_they_are() -> None:
    """Each form it promises, letter by letter."""
    signal = Signal("BTC-USD", AT, Direction.LONG, {"momentum": 0.0213, "threshold": 0.02})
    bought = Order("o", "b", "BTC-USD", Side.BUY, AT, "Momentum Signal", notional=2_000.0)
    filled = Fill("f", "o", "b", "BTC-USD", Side.BUY, 0.020577, 97220.52, 12.0, AT)
    writer = LineWriter(NEW_YORK)
    writer.line(OrderSubmitted(1, AT, bought))
    shown = [
        writer.line(BarReceived(2, AT, BAR)),
        writer.line(Decided(3, AT, "b", "BTC-USD", Reason.ENTER, signal, "buy signal")),
        writer.line(OrderFilled(4, AT + 60_000, filled)),
    ]
    readme = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
    assert "\n".join(map(str, shown)) in readme


def test_t12_warming_up_is_told() -> None:
    signal = Signal("SPY", AT, Direction.NEUTRAL, {}, missing=3)
    event = Decided(1, AT, "b", "SPY", Reason.WARMING_UP, signal)
    assert line(event) == f"{STAMP} Signal: NEUTRAL (SPY missing=3) warming up"


def test_t27_trade_line_has_the_fills_quantity_and_price() -> None:
    writer = LineWriter(NEW_YORK)
    assert writer.line(OrderSubmitted(1, AT, BUY)) == (
        f"{STAMP} Order: BUY SPY for 100000.00 market (STATE_TRANSITION)"
    )
    assert writer.line(OrderAccepted(2, AT, BUY.id)) is None
    trade = f"{STAMP} Trade: BUY 195 SPY @ 512.35 (STATE_TRANSITION)"
    assert writer.line(fill(remaining=1.0)) == trade
    assert writer.line(fill()) == trade
    assert writer.line(fill()) == f"{STAMP} Trade: BUY 195 SPY @ 512.35"


@pytest.mark.parametrize(("quantity", "shown"), [(0.021656, "0.021656"), (1e-6, "0.000001"), (100.0, "100")])
def test_quantities_have_no_trailing_zeros(quantity: float, shown: str) -> None:
    text = line(fill(quantity))
    assert text is not None
    assert f"Trade: BUY {shown} SPY" in text


def test_small_prices_keep_their_digits() -> None:
    text = line(BarReceived(1, AT, Bar("SHIB-USD", AT, 0.00001234, 0.0000125, 0.000012, 0.00001234, 5)))
    assert text is not None
    assert "$0.00001234 (O:0.00001234 H:0.0000125 L:0.000012 V:5)" in text


def test_lines_of_all_other_events() -> None:
    book = BookInfo("b", "momentum", "aggressive", "slots", ("SPY", "QQQ"), ("SPY", "QQQ"), 1000.0, {})
    info = SessionInfo(
        "live_1", Mode.SIM, AT, 1000.0, (book,), ("SPY", "QQQ"), "f", "paper", "America/New_York", 252, {}, {}
    )
    writer = LineWriter(NEW_YORK)
    expected: list[tuple[AnyEvent, str | None]] = [
        (SessionStarted(1, AT, info), "Session live_1 started: sim, 1000.00, momentum (aggressive) on SPY, QQQ"),
        (BarDropped(2, AT, BAR, "high below low"), "✗ Bar dropped: BTC-USD: high below low"),
        (CommandGiven(3, AT, Pause(), "keyboard"), "Command: pause (keyboard)"),
        (FeedReported(4, AT, FeedStatus.STALE, "no bar for 120 s", "SPY"), "Feed SPY: stale (no bar for 120 s)"),
        (FeedReported(5, AT, FeedStatus.LIVE), "Feed: live"),
        (FaultReported(6, AT, "journal", "disk full"), "Fault: journal: disk full"),
        (FaultReported(7, AT, "journal", ""), "Fault over: journal"),
        (Noted(8, AT, Level.ALARM, "c", "SPY is silent"), "ALARM: SPY is silent"),
        (Noted(9, AT, Level.WARNING, "c", "slow"), "Warning: slow"),
        (Noted(10, AT, Level.DEBUG, "c", "detail"), None),
        (PhaseChanged(11, AT, Phase.PAUSED, "command"), "Phase: paused (command)"),
        (PhaseChanged(12, AT, Phase.RUNNING, ""), "Phase: running"),
        (OrderSubmitted(13, AT, BUY), "Order: BUY SPY for 100000.00 market (STATE_TRANSITION)"),
        (CancelRequested(14, AT, BUY.id, "flatten"), f"Order: cancel {BUY.id} (flatten)"),
        (OrderCancelled(15, AT, BUY.id, "flatten"), "Order cancelled: BUY SPY for 100000.00 market: flatten"),
        (OrderRejected(16, AT, "unknown", "no cash"), "Order rejected: unknown: no cash"),
        (OrderExpired(17, AT, "unknown"), "Order expired: unknown"),
        (SessionEnded(18, AT, "stopped"), "Session ended: stopped"),
    ]
    for event, text in expected:
        assert writer.line(event) == (None if text is None else f"{STAMP} {text}")


@given(st.text())
def test_text_from_outside_stays_on_one_line(text: str) -> None:
    for event in (
        Noted(1, AT, Level.INFO, "c", text),
        OrderRejected(1, AT, text, text),
        BarReceived(1, AT, Bar(text, AT, 1, 1, 1, 1, 0)),
    ):
        shown = line(event)
        assert shown is not None
        assert len(shown.splitlines()) == 1
        assert shown.isprintable()
