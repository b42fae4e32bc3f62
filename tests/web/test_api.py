"""What the API answers, against the fold of the same journal."""

import gzip
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

import msgspec
import pytest

from sentio_tui.engine.metrics import metrics
from sentio_tui.engine.state import fold
from sentio_tui.journal.document import Document, read_document
from sentio_tui.journal.names import document_path
from sentio_tui.journal.reader import read_all
from sentio_tui.sessions.rebuild import rebuild
from sentio_tui.web.app import ROUTES
from tests.web.recordings import Growing
from tests.web.serving import Served, served


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("sessions")


@pytest.fixture(scope="module")
def growing(folder: Path) -> Growing:
    made = Growing(folder)
    made.write()
    rebuild(folder, made.name)
    return made


@pytest.fixture(scope="module")
def server(folder: Path, growing: Growing) -> Iterator[Served]:
    with served(folder) as made:
        yield made


def test_sessions_are_those_of_the_folder(server: Served, growing: Growing) -> None:
    told = server.ask("/api/sessions").json
    (line,) = told["sessions"]
    assert (told["total"], line["name"], line["standing"]) == (1, growing.name, "ended")
    assert line["fills"] == len(fold(read_all(growing.path).events).executions)


def test_session_is_its_summary_document(server: Served, folder: Path, growing: Growing) -> None:
    told = server.ask(f"/api/session?file={growing.name}")
    assert told.headers["content-type"] == "application/json"
    assert told.headers["cache-control"] == "no-store"
    assert msgspec.json.decode(told.body, type=Document) == read_document(document_path(folder, growing.name))
    assert told.json["schema_version"] == 1


def test_metrics_are_those_of_the_engine(server: Served, growing: Growing) -> None:
    told = server.ask("/api/metrics").json
    figures = metrics(fold(read_all(growing.path).events))
    assert (told["file"], told["standing"]) == (growing.name, "ended")
    assert told["figures"]["equity"] == figures.equity
    assert told["figures"]["max_drawdown"] == figures.max_drawdown
    assert told["figures"]["sharpe"] == {"unknown": "1 day, needs 20"}
    assert [card["id"] for card in told["cards"]][:3] == ["equity", "total_return", "total_pnl"]
    sharpe = next(card for card in told["cards"] if card["id"] == "sharpe")
    assert (sharpe["text"], sharpe["level"], sharpe["note"]) == ("n/a", "none", "1 day, needs 20")


def test_summary_of_the_original_is_told_though_it_has_no_journal(tmp_path: Path) -> None:
    name = "live_20250824_101500"
    metrics_told = (
        '"equity": 9900.0, "cash": 9900.0, "positions_value": 0, "total_return": -1.0, "drawdown": 1.0,'
        ' "num_trades": 0, "num_positions": 0, "win_rate": 0, "total_pnl": 0'
    )
    (tmp_path / f"{name}.json").write_text(
        '{"session_name": "old", "start_time": "2025-08-24T10:15:00", "initial_capital": 10000, "strategy": "momentum",'
        f' "symbols": ["BTC-USD"], "metrics": {{{metrics_told}}}, "trades": [], "positions": {{}},'
        ' "equity_history": []}'
    )
    with served(tmp_path) as server:
        assert server.ask("/api/session").json["metrics"]["equity"] == 9900.0
        refused = server.ask(f"/api/metrics?file={name}")
        assert refused.status == 503
        assert "only the summary" in refused.json["error"]


def test_unknown_session_is_404_in_words(server: Served, growing: Growing) -> None:
    told = server.ask(f"/api/metrics?file={growing.name}x")
    assert told.status == 404
    assert growing.name in told.json["error"]


def test_folder_without_sessions_is_told(tmp_path: Path) -> None:
    with served(tmp_path / "none") as server:
        assert server.ask("/api/sessions").json["sessions"] == []
        told = server.ask("/api/session")
        assert told.status == 404
        assert "no session" in told.json["error"]


def test_journal_that_cannot_be_read_is_503_in_words(tmp_path: Path) -> None:
    (tmp_path / "live_20250106_143000.jsonl").write_bytes(b"{}\n")
    with served(tmp_path) as server:
        told = server.ask("/api/metrics")
        assert told.status == 503
        assert "damaged at line 1" in told.json["error"]
        assert server.ask("/api/sessions").json["sessions"][0]["standing"] == "unreadable"


def test_page_and_every_file_of_it_come_from_here(server: Served) -> None:
    for name in ("plotly.min.js", "theme.css"):
        told = server.ask(f"/static/{name}")
        assert told.status == 200
        again = server.ask(f"/static/{name}", if_none_match=told.headers["etag"])
        assert (again.status, again.body) == (304, b"")
    script = (files("plotly") / "package_data" / "plotly.min.js").read_bytes()
    packed = server.ask("/static/plotly.min.js", accept_encoding="br, gzip;q=1.0")
    assert packed.headers["content-encoding"] == "gzip"
    assert gzip.decompress(packed.body) == script
    plain = server.ask("/static/plotly.min.js")
    assert "content-encoding" not in plain.headers
    assert plain.body == script


def test_style_sheet_has_the_themes_as_variables(server: Served) -> None:
    style = server.ask("/static/theme.css")
    assert style.headers["content-type"] == "text/css; charset=utf-8"
    text = style.body.decode()
    assert text.startswith(":root:not([data-theme]) { color-scheme: dark; --base-primary: #7aa8f7;")
    assert "@media (prefers-color-scheme: light) { :root:not([data-theme]) { color-scheme: light;" in text
    assert ':root[data-theme="sentio-cvd"]' in text
    assert "sentio-mono" not in text  # it has the terminal's own colours, which a browser does not know


def test_health_is_told(server: Served) -> None:
    assert server.ask("/healthz").json == {"status": "ok"}


@pytest.mark.parametrize("path", [path for path in ROUTES.values() if "{" not in path])
@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"])
def test_nothing_but_questions_is_taken(server: Served, path: str, method: str) -> None:
    """No route can trade: there is none that changes anything."""
    assert server.ask(path, method).status in (404, 405)
