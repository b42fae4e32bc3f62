"""Two sessions beside each other: the figures of their summaries, the difference, and what cannot be compared."""

import json
from pathlib import Path

import pytest

from sentio_tui.journal.document import DocumentDamaged
from sentio_tui.journal.names import document_path
from sentio_tui.ui.comparison import Compared, NotComparable, read_side, rows
from sentio_tui.ui.widgets.line_table import Row
from tests.ui.shelf import BROKEN_OFF, DAMAGED, LOSES, WINS, stock


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return stock(tmp_path / "sessions")


def row(a: Compared, b: Compared, label: str) -> Row:
    return next(row for row in rows(a, b) if row.key == label)


def test_figures_are_those_of_the_documents_and_the_difference_is_b_less_a(folder: Path) -> None:
    a, b = read_side(folder, LOSES), read_side(folder, WINS)
    one, other = a.document.metrics, b.document.metrics
    made = row(a, b, "Return")
    by = (other.total_return - one.total_return) / 100
    assert [cell.text for cell in made.cells] == [
        "Return",
        f"{one.total_return:+.2f}%",
        f"{other.total_return:+.2f}%",
        f"▲ {by * 100:+.2f} pp",
    ]
    assert made.cells[3].style == "gain"
    assert made.cells[3].order == pytest.approx(by)
    assert row(b, a, "Return").cells[3].style == "loss"


def test_less_may_be_better_and_a_difference_of_no_merit_has_no_colour(folder: Path) -> None:
    a, b = read_side(folder, WINS), read_side(folder, WINS)
    path = document_path(folder, WINS)
    document = json.loads(path.read_text())
    document["metrics"] |= {
        "fees": 1.0,
        "max_drawdown": 9.0,
        "num_trades": 50,
        "total_return": a.document.metrics.total_return,
    }
    path.write_text(json.dumps(document))
    b = read_side(folder, WINS)
    assert row(a, b, "Fees").cells[3].style == "gain"
    assert row(a, b, "Max drawdown").cells[3].style == "loss"
    assert row(a, b, "Fills").cells[3].style == ""
    assert row(a, b, "Fills").cells[3].text == "▲ +48"
    assert row(a, b, "Return").cells[3].text == "─ 0.00 pp"


def test_a_figure_that_is_not_known_says_why_and_has_no_difference(folder: Path) -> None:
    a, b = read_side(folder, WINS), read_side(folder, BROKEN_OFF)
    made = row(a, b, "Win rate")
    assert made.cells[1].text == "100.00%"
    assert made.cells[2].text == "n/a (no closed trades)"
    assert made.cells[2].short == "n/a"
    assert made.cells[3].text == "—"
    assert row(a, b, "Sharpe").cells[1].text == "n/a (1 day, needs 20)"


def test_what_the_sessions_were_made_of_is_the_same_or_differs(folder: Path) -> None:
    a, b = read_side(folder, WINS), read_side(folder, LOSES)
    assert row(a, b, "Strategy").cells[3].text == "same"
    assert row(a, b, "Started UTC").cells[3].text == "differs"
    assert row(a, b, "Market dates").cells[1].text == "2025-01-06 to 2025-01-06"


def test_returns_count_from_the_capital(folder: Path) -> None:
    side = read_side(folder, WINS)
    points = side.document.equity_history
    assert len(side.returns.times) == len(side.returns.values) == len(points) > 50
    assert side.returns.values[-1] == pytest.approx(side.document.metrics.total_return / 100)


def test_what_cannot_be_compared_is_said(folder: Path) -> None:
    with pytest.raises(NotComparable, match="there is no summary"):
        read_side(folder, "live_20200101_000000")
    with pytest.raises(DocumentDamaged, match="truncated"):
        read_side(folder, DAMAGED)
    path = document_path(folder, WINS)
    text = path.read_text()
    document = json.loads(text)
    path.write_text(json.dumps({**document, "initial_capital": 0.0}))
    with pytest.raises(NotComparable, match="capital at the start is 0"):
        read_side(folder, WINS)
    document["equity_history"][3]["timestamp"] = "yesterday"
    path.write_text(json.dumps(document))
    with pytest.raises(NotComparable, match="a time of the equity curve is none"):
        read_side(folder, WINS)
