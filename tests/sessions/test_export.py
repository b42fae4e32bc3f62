"""The original's four logs."""

import json
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


def test_what_is_no_session_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="begin with its start"):
        export_logs([], tmp_path)
