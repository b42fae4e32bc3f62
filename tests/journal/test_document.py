import errno
import json
import os
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from sentio_tui.journal import document as module
from sentio_tui.journal.atomic import JournalError
from sentio_tui.journal.document import (
    DocumentDamaged,
    DocumentHead,
    DocumentMetrics,
    EquityPoint,
    PositionRow,
    TradeRow,
    duration,
    positions_by_key,
    read_document,
    read_head,
)
from sentio_tui.journal.document_writer import DocumentWriter
from sentio_tui.journal.names import iso

ORIGINAL_KEYS = {
    "": "session_name start_time initial_capital strategy symbols metrics signal_stats trades positions "
    "equity_history config",
    "metrics": "equity cash positions_value total_return drawdown num_trades num_positions win_rate total_pnl avg_pnl "
    "duration trades_per_hour signals_per_hour execution_rate",
    "signal_stats": "iterations buy_signals sell_signals hold_signals trades_executed blocked_max_positions "
    "blocked_has_position blocked_no_position no_quote",
    "config": "signal_mode max_position_size max_positions stop_loss take_profit commission_rate slippage_rate "
    "strategy_overrides",
    "trades": "timestamp symbol side quantity price value commission reason",
    "positions": "quantity entry_price current_price value entry_time strategy",
    "equity_history": "timestamp equity",
}


def trade(number: int, pnl: float | None = None) -> TradeRow:
    return TradeRow(
        timestamp=iso(number * 60_000),
        symbol="BTC-USD",
        side="buy" if pnl is None else "sell",
        quantity=0.5,
        price=100.0,
        value=50.0,
        commission=0.3,
        reason='enter ["trades": [',
        strategy="momentum",
        book="main",
        order_id=f"o{number}",
        pnl=pnl,
    )


def point(number: int, equity: float = 10_000.0) -> EquityPoint:
    return EquityPoint(iso(number * 60_000), equity)


def test_every_key_of_the_original(tmp_path: Path, head: DocumentHead) -> None:
    path = tmp_path / "a.json"
    DocumentWriter(path).write(head, [trade(1), trade(2, 0.0)], [point(1)])
    data = json.loads(path.read_text())
    parts = {"": data} | {key: data[key] for key in ("metrics", "signal_stats", "config")}
    parts["trades"] = data["trades"][0]
    parts["equity_history"] = data["equity_history"][0]
    parts["positions"] = data["positions"]["BTC-USD"]
    for where, keys in ORIGINAL_KEYS.items():
        assert set(keys.split()) <= set(parts[where]), where
    assert "end_time" not in data
    assert "pnl" not in data["trades"][0]
    assert data["trades"][1]["pnl"] == 0.0
    assert {"strategy", "book", "order_id"} <= set(data["trades"][0])
    superset = ["schema_version", "mode", "state", "reasons", "books", "feed", "last_seq", "versions", "journal"]
    assert set(superset) <= set(data)
    assert data["schema_version"] == 1
    assert data["metrics"]["closed_trades"] == 1
    assert data["metrics"]["max_drawdown"] == 2.5
    assert data["metrics"]["sharpe"] is None
    assert data["metrics"]["unknown"] == {"sharpe": "0 days, needs 20"}


def test_a_finished_session_says_when(tmp_path: Path, head: DocumentHead) -> None:
    path = tmp_path / "a.json"
    DocumentWriter(path).write(replace(head, state="ended", end_time=iso(0)))
    assert json.loads(path.read_text())["end_time"] == "1970-01-01T00:00:00+00:00"
    assert read_head(path).is_ended


def test_what_was_written_is_read(tmp_path: Path, head: DocumentHead) -> None:
    path = tmp_path / "a.json"
    DocumentWriter(path).write(head, [trade(1), trade(2, -1.5)], [point(1), point(2)], point(3))
    found = read_document(path)
    assert found.trades == [trade(1), trade(2, -1.5)]
    assert found.equity_history == [point(1), point(2), point(3)]
    stamped = replace(head, schema_version=1)
    assert {name: getattr(found, name) for name in stamped.__struct_fields__} == {
        name: getattr(stamped, name) for name in stamped.__struct_fields__
    }
    assert read_head(path) == stamped


def test_a_person_can_read_it(tmp_path: Path, head: DocumentHead) -> None:
    path = tmp_path / "a.json"
    writer = DocumentWriter(path)
    writer.write(head)
    assert path.read_text().endswith('\n  "trades": [],\n  "equity_history": []\n}\n')
    writer.write(head, [trade(1), trade(2)], [], point(1))
    text = path.read_text()
    assert '{\n  "schema_version": 1,\n  "session_name": "live_20250106_000000",\n' in text
    assert sum(line.startswith('    {"timestamp":') for line in text.splitlines()) == 3
    assert max(map(len, text.splitlines())) < 300


@given(
    st.lists(
        st.tuples(st.lists(st.floats(-1e3, 1e3), max_size=3), st.lists(st.floats(1, 1e6), max_size=3), st.booleans()),
        min_size=1,
        max_size=6,
    )
)
def test_writing_bit_by_bit_gives_the_bytes_of_writing_all_at_once(
    tmp_path_factory: pytest.TempPathFactory, writes: Sequence[tuple[list[float], list[float], bool]]
) -> None:
    folder = tmp_path_factory.mktemp("document")
    metrics = DocumentMetrics(
        equity=1.0,
        cash=1.0,
        positions_value=0.0,
        total_return=0.0,
        drawdown=0.0,
        num_trades=0,
        num_positions=0,
        win_rate=None,
        total_pnl=0.0,
    )
    small = DocumentHead(
        session_name="a",
        start_time=iso(0),
        initial_capital=1.0,
        strategy="",
        symbols=(),
        metrics=metrics,
        positions={},
    )
    bit_by_bit = DocumentWriter(folder / "a.json")
    trades: list[TradeRow] = []
    points: list[EquityPoint] = []
    for pnls, values, has_last in writes:
        new_trades = [trade(len(trades), pnl) for pnl in pnls]
        new_points = [point(len(points), value) for value in values]
        trades += new_trades
        points += new_points
        last = point(len(points), 7.0) if has_last else None
        bit_by_bit.write(small, new_trades, new_points, last)
        assert (bit_by_bit.trade_count, bit_by_bit.point_count) == (len(trades), len(points))
        DocumentWriter(folder / "b.json").write(small, trades, points, last)
        assert (folder / "a.json").read_bytes() == (folder / "b.json").read_bytes()
        found = read_document(folder / "a.json")
        assert found.trades == trades
        assert found.equity_history == ([*points, last] if last else points)


def test_t48_a_full_disk_keeps_the_old_document_and_the_new_rows(
    tmp_path: Path, head: DocumentHead, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.json"
    writer = DocumentWriter(path)
    writer.write(head, [trade(1)], [point(1)])
    before = path.read_bytes()

    def refuse(*_: object) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    for call in ("write", "replace"):
        with monkeypatch.context() as patch:
            patch.setattr(os, call, refuse)
            with pytest.raises(JournalError, match="No space left"):
                writer.write(head, [trade(2)], [point(2)])
        assert path.read_bytes() == before
        assert os.listdir(tmp_path) == ["a.json"]
    writer.write(head)
    found = read_document(path)
    assert found.trades == [trade(1), trade(2), trade(2)]
    assert found.equity_history == [point(1), point(2), point(2)]


def test_t48_no_point_or_trade_is_dropped_for_age(tmp_path: Path, head: DocumentHead) -> None:
    path = tmp_path / "a.json"
    writer = DocumentWriter(path)
    for start in range(0, 1500, 500):
        writer.write(head, [trade(n) for n in range(60)], [point(n) for n in range(start, start + 500)])
    found = read_document(path)
    assert len(found.trades) == 180
    assert [row.timestamp for row in found.equity_history] == [iso(n * 60_000) for n in range(1500)]


def test_leftovers_of_a_killed_process_are_swept(tmp_path: Path, head: DocumentHead) -> None:
    (tmp_path / ".a.json.1.0.tmp").write_text("half")
    DocumentWriter(tmp_path / "a.json").write(head)
    assert os.listdir(tmp_path) == ["a.json"]


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_an_unknown_figure_is_never_a_silent_null(head: DocumentHead, value: float) -> None:
    with pytest.raises(ValueError, match=r"metrics\.profit_factor"):
        replace(head.metrics, profit_factor=value)


def test_t44_keys_of_the_original_are_read_by_their_names(tmp_path: Path) -> None:
    """An older file of the original: no statistics, no configuration, no rates, local times, keys of its own."""
    path = tmp_path / "live_20250824_101500.json"
    old = {
        "session_name": "live_20250824_101500",
        "start_time": "2025-08-24T10:15:00.123456",
        "initial_capital": 10000,
        "strategy": "momentum",
        "symbols": ["BTC-USD"],
        "metrics": {
            "equity": 9990.1,
            "cash": 8000,
            "positions_value": 1990.1,
            "total_return": -0.099,
            "drawdown": 0.099,
            "num_trades": 1,
            "num_positions": 1,
            "win_rate": 0,
            "total_pnl": 0,
            "avg_pnl": 0,
            "duration": "0:43:10",
            "mood": "calm",
        },
        "trades": [
            {
                "timestamp": "2025-08-24T10:20:00",
                "symbol": "BTC-USD",
                "side": "buy",
                "quantity": 0.017,
                "price": 115000.5,
                "value": 1988.0,
                "commission": 12.0,
                "reason": "Momentum Signal",
            }
        ],
        "positions": {
            "BTC-USD": {
                "quantity": 0.017,
                "entry_price": 115000.5,
                "current_price": 115010.0,
                "value": 1990.1,
                "entry_time": "2025-08-24T10:20:00",
                "strategy": "momentum",
            }
        },
        "equity_history": [{"timestamp": "2025-08-24T10:15:10", "equity": 10000}],
        "weather": {"sun": True},
    }
    path.write_text(json.dumps(old, indent=2))
    found = read_document(path)
    assert found.positions["BTC-USD"].entry_price == 115000.5
    assert found.initial_capital == 10_000.0
    assert (found.signal_stats, found.config, found.metrics.execution_rate) == (None, None, None)
    assert found.trades[0].pnl is None
    assert not found.is_ended
    head = read_head(path)
    assert head.positions == found.positions
    old["end_time"] = "2025-08-24T11:00:00"
    path.write_text(json.dumps(old, indent=2))
    assert read_head(path).is_ended


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "the file is empty|truncated"),
        ('{\n  "session_name": "a",\n  "metrics": {]\n}', "line 3, column 15"),
        ('{"session_name": 7}', r"\$\.session_name"),
        ("[]", "Expected `object`"),
        ('{"session_name": "\udcff"}', "utf-8"),
    ],
)
def test_t40_a_broken_file_is_named_with_the_place(tmp_path: Path, text: str, problem: str) -> None:
    path = tmp_path / "a.json"
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    for function in (read_document, read_head):
        with pytest.raises(DocumentDamaged, match=problem) as caught:
            function(path)
        assert str(caught.value).startswith(str(path))


def test_t40_a_missing_key_is_named(tmp_path: Path, head: DocumentHead) -> None:
    path = tmp_path / "a.json"
    DocumentWriter(path).write(head)
    data = json.loads(path.read_text())
    del data["metrics"]["equity"]
    path.write_text(json.dumps(data))
    with pytest.raises(DocumentDamaged, match=r"equity.*\$\.metrics"):
        read_document(path)


def test_a_head_longer_than_the_first_reading(
    tmp_path: Path, head: DocumentHead, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.json"
    DocumentWriter(path).write(head, [trade(1)])
    monkeypatch.setattr(module, "_HEAD_SIZE", 100)
    assert read_head(path) == replace(head, schema_version=1)


def test_the_long_lists_are_not_read_for_the_head(tmp_path: Path, head: DocumentHead) -> None:
    path = tmp_path / "a.json"
    DocumentWriter(path).write(head, [trade(1)])
    path.write_bytes(path.read_bytes()[:-40])
    assert read_head(path).session_name == "live_20250106_000000"
    with pytest.raises(DocumentDamaged):
        read_document(path)


def test_a_symbol_held_by_two_books(head: DocumentHead) -> None:
    row = head.positions["BTC-USD"]
    other: PositionRow = replace(row, book="second")
    single: PositionRow = replace(row, symbol="ETH-USD")
    assert positions_by_key((row, other, single)) == {
        "main/BTC-USD": row,
        "second/BTC-USD": other,
        "ETH-USD": single,
    }


def test_lengths_of_time() -> None:
    assert [duration(ms) for ms in (-5, 0, 59_999, 3_600_000, 100 * 3_600_000 + 61_000)] == [
        "0:00:00",
        "0:00:00",
        "0:00:59",
        "1:00:00",
        "100:01:01",
    ]
