"""The original's four logs."""

import json
from collections import Counter
from pathlib import Path

import pytest

from sentio_tui.journal.reader import read_all
from sentio_tui.model.events import BarReceived, Decided, OrderFilled
from sentio_tui.sessions.assemble import assemble
from sentio_tui.sessions.export import KINDS, export_logs
from tests.sessions.places import simulated


def test_t28_every_fill_every_decision_and_every_bar_has_its_line(tmp_path: Path) -> None:
    session = assemble(simulated(), tmp_path / "sessions")
    session.start()
    assert session.wait(60.0)
    events = read_all(session.document.with_suffix(".jsonl")).events
    paths = export_logs(events, tmp_path / "logs")
    stamp = session.name.removeprefix("live_")
    assert [path.name for path in paths] == [f"{kind}_{stamp}.jsonl" for kind in KINDS]
    signals, decisions, trades, positions = ([json.loads(line) for line in path.open()] for path in paths)
    assert len(signals) == len(decisions) == sum(isinstance(event, Decided) for event in events)
    assert len(positions) == sum(isinstance(event, BarReceived) for event in events)
    fills = [event.fill for event in events if isinstance(event, OrderFilled)]
    assert [(row["order_id"], row["side"], row["quantity"], row["price"]) for row in trades] == [
        (fill.order_id, fill.side.value, fill.quantity, fill.price) for fill in fills
    ]
    assert trades
    assert trades[0]["type"] == "market"
    assert trades[-1]["cash_balance"] == pytest.approx(trades[-1]["portfolio_value"])
    assert {row["target_state"] for row in decisions} == {"FLAT", "LONG"}
    assert any(row["should_trade"] and row["current_state"] != row["target_state"] for row in decisions)
    assert signals[0]["timestamp"].endswith(" UTC")


def test_t22_the_log_of_trades_gives_cash_and_positions_to_the_cent(tmp_path: Path) -> None:
    """The original's audit added up sizes without their sign, so positions only grew."""
    session = assemble(simulated(), tmp_path / "sessions")
    session.start()
    assert session.wait(60.0)
    paths = export_logs(read_all(session.journal).events, tmp_path / "logs")
    _, _, trades, positions = ([json.loads(line) for line in path.open()] for path in paths)
    assert len(trades) >= 10
    cash, held = 10_000.0, Counter[str]()
    books: dict[int, tuple[float, dict[str, float]]] = {}
    for row in trades:
        sign = 1.0 if row["side"] == "buy" else -1.0
        cash -= sign * row["quantity"] * row["price"] + row["commission"]
        held[row["symbol"]] = round(held[row["symbol"]] + sign * row["quantity"], 9)
        assert row["cash_balance"] == pytest.approx(cash, abs=0.005)
        books[row["bar_index"]] = cash, {symbol: quantity for symbol, quantity in held.items() if quantity}
    assert books[trades[-1]["bar_index"]][1] == {}
    known = 10_000.0, dict[str, float]()
    for index, row in enumerate(positions):
        # The log of positions is written as a bar comes, before the fills that follow from it.
        assert {each["symbol"]: each["quantity"] for each in row["positions"]} == known[1]
        assert row["cash"] == pytest.approx(known[0], abs=0.005)
        known = books.get(index + 1, known)


def test_what_is_no_session_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="begin with its start"):
        export_logs([], tmp_path)
