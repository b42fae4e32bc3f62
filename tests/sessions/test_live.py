"""A whole session in this process: what it does, what it leaves on disk, how it ends."""

import json
import math
import threading
from collections.abc import Sequence
from pathlib import Path

import pytest

from sentio_tui.engine.state import fold
from sentio_tui.journal.atomic import JournalError
from sentio_tui.journal.document import read_document
from sentio_tui.journal.reader import read_all
from sentio_tui.journal.writer import JournalWriter
from sentio_tui.model.commands import Pause, Start, Stop
from sentio_tui.model.events import (
    AnyEvent,
    BarReceived,
    FaultReported,
    OrderFilled,
    OrderSubmitted,
    Phase,
    SessionEnded,
)
from sentio_tui.model.orders import Side
from sentio_tui.sessions.assemble import assemble
from sentio_tui.sessions.live import LiveSession
from tests.sessions.places import needs_data, recorded, simulated

PATIENCE = 60.0


def finished(session: LiveSession) -> LiveSession:
    session.start()
    assert session.wait(PATIENCE)
    assert session.failure == ""
    return session


def events_of(session: LiveSession) -> list[AnyEvent]:
    return read_all(session.document.with_suffix(".jsonl")).events


class Seen:
    """Collects events until one of a kind has come."""

    def __init__(self, session: LiveSession, kind: type[AnyEvent]) -> None:
        self._kind = kind
        self.came = threading.Event()
        session.listen(self._take)

    def _take(self, events: Sequence[AnyEvent]) -> None:
        if any(isinstance(event, self._kind) for event in events):
            self.came.set()


def test_a_session_trades_ends_and_leaves_a_whole_journal(tmp_path: Path) -> None:
    session = finished(assemble(simulated(), tmp_path))
    events = events_of(session)
    assert isinstance(events[-1], SessionEnded)
    assert any(isinstance(event, OrderFilled) for event in events)
    state = fold(events)
    assert state.phase is Phase.ENDED
    snapshot = session.snapshot()
    assert snapshot is not None
    assert snapshot.seq == state.seq
    assert snapshot.metrics.equity == state.equity


def test_the_same_configuration_gives_the_same_bytes(tmp_path: Path) -> None:
    journals = []
    for folder in (tmp_path / "a", tmp_path / "b"):
        session = finished(assemble(simulated(60.0), folder))
        lines = session.document.with_suffix(".jsonl").read_text().replace(session.name, "NAME").splitlines()
        journals.append(lines[1:])
    assert journals[0] == journals[1]


@needs_data
def test_the_documents_numbers_follow_from_the_journals_fills_by_hand(tmp_path: Path) -> None:
    names = ("BTC-USD_1min_2018-04-04_2018-04-05.csv", "ETH-USD_1min_2018-04-04_2018-04-05.csv")
    session = finished(assemble(recorded(*names), tmp_path))
    document = read_document(session.document)
    cash, held, pnl, fees = 10_000.0, {"BTC-USD": 0.0, "ETH-USD": 0.0}, 0.0, 0.0
    fills = [event.fill for event in events_of(session) if isinstance(event, OrderFilled)]
    for fill in fills:
        sign = 1.0 if fill.side is Side.BUY else -1.0
        cash -= sign * fill.quantity * fill.price + fill.commission
        held[fill.symbol] += sign * fill.quantity
        fees += fill.commission
    pnl = sum(row.pnl for row in document.trades if row.pnl is not None)
    metrics = document.metrics
    assert len(fills) > 10
    assert metrics.num_trades == len(document.trades) == len(fills)
    assert all(abs(quantity) < 1e-9 for quantity in held.values())
    assert metrics.cash == pytest.approx(cash, abs=0.005)
    assert metrics.equity == pytest.approx(cash, abs=0.005)
    assert metrics.total_pnl == pytest.approx(pnl, abs=0.005)
    assert metrics.fees == pytest.approx(fees, abs=0.005)
    assert metrics.total_return == pytest.approx((cash / 10_000.0 - 1.0) * 100.0, abs=1e-6)
    assert document.equity_history[-1].equity == pytest.approx(cash, abs=0.005)


@needs_data
def test_t38_two_files_of_different_length_are_joined_by_time(tmp_path: Path) -> None:
    names = ("BTC-USD_1min_2018-04-04_2018-04-05.csv", "IBM_1min_2013-10-07_2013-10-08.csv")
    session = finished(assemble(recorded(*names), tmp_path))
    times = [event.bar.time for event in events_of(session) if isinstance(event, BarReceived)]
    assert times == sorted(times)


def test_every_order_is_in_the_journal_before_its_answer(tmp_path: Path) -> None:
    session = finished(assemble(simulated(), tmp_path))
    submitted: set[str] = set()
    for event in events_of(session):
        if isinstance(event, OrderSubmitted):
            submitted.add(event.order.id)
        elif isinstance(event, OrderFilled):
            assert event.fill.order_id in submitted


def test_a_person_can_pause_start_and_stop(tmp_path: Path) -> None:
    session = assemble(simulated(0.0, speed=600.0), tmp_path)
    filled = Seen(session, OrderFilled)
    session.start()
    assert filled.came.wait(PATIENCE)
    session.send(Pause())
    session.send(Start())
    session.send(Stop())
    session.send(Stop())
    assert session.wait(PATIENCE)
    events = events_of(session)
    assert isinstance(events[-1], SessionEnded)
    state = fold(events)
    assert not state.accounts["momentum"].positions
    pnl = sum(execution.pnl for execution in state.executions if execution.pnl is not None)
    assert math.isclose(pnl, state.equity - 10_000.0, abs_tol=1e-6)
    assert {type(event) for event in session.drain()} >= {OrderFilled, SessionEnded}


def test_closing_a_session_that_waits_for_a_price_takes_the_last_one(tmp_path: Path) -> None:
    settings = simulated(0.0, speed=600.0)
    session = assemble(settings, tmp_path)
    filled = Seen(session, OrderFilled)
    session.start()
    assert filled.came.wait(PATIENCE)
    session.close()
    assert session.is_over
    assert read_document(session.document).state == "ended"


def test_a_snapshot_is_there_soon_after_it_is_asked_for(tmp_path: Path) -> None:
    session = assemble(simulated(0.0, speed=600.0), tmp_path)
    filled = Seen(session, OrderFilled)
    session.start()
    assert filled.came.wait(PATIENCE)
    for _ in range(1_000_000):
        if (snapshot := session.snapshot()) is not None and snapshot.fills:
            break
    assert snapshot is not None
    assert snapshot.metrics.fills >= 1
    session.close()


def test_a_full_disk_halts_trading_and_loses_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    session = assemble(simulated(0.0, speed=1200.0), tmp_path)
    halted, filled = Seen(session, FaultReported), Seen(session, OrderFilled)
    session.start()
    assert filled.came.wait(PATIENCE)
    sync = JournalWriter.sync

    def full(writer: JournalWriter) -> None:
        raise JournalError(writer.path, OSError(28, "No space left on device"))

    monkeypatch.setattr(JournalWriter, "sync", full)
    session.send(Pause())
    assert halted.came.wait(PATIENCE)
    monkeypatch.setattr(JournalWriter, "sync", sync)
    session.close()
    events = events_of(session)
    assert [event.seq for event in events] == list(range(1, len(events) + 1))
    assert any(isinstance(event, FaultReported) and "No space left" in event.text for event in events)
    assert isinstance(events[-1], SessionEnded)


def test_the_document_is_valid_json_with_the_originals_keys(tmp_path: Path) -> None:
    session = finished(assemble(simulated(60.0), tmp_path))
    document = json.loads(session.document.read_text())
    assert set(document) >= {
        "session_name", "start_time", "initial_capital", "strategy", "symbols", "metrics", "signal_stats", "trades",
        "positions", "equity_history", "config", "end_time",
    }  # fmt: skip
    assert document["metrics"]["num_trades"] == len(document["trades"])
    assert sum(document["reasons"].values()) == document["signal_stats"]["iterations"]
