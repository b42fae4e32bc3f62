"""Markdown, CSV and JSON: short, typed, and harmless whatever the texts in a session are."""

import csv
import io
import json
import re

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentio_tui.journal.catalogue import SessionState
from sentio_tui.reports.comparison import comparison_csv, comparison_markdown
from sentio_tui.reports.configuration import word
from sentio_tui.reports.markdown import WIDTH, markdown, paragraph, table
from sentio_tui.reports.plain_data import as_json
from sentio_tui.reports.statement import COLUMNS, inert, statement_csv
from sentio_tui.reports.words import width
from tests.reports import hostile
from tests.reports.test_study import Read

ORIGINAL = ["#", "Bar", "Time", "Symbol", "Action", "Qty", "Price", "Value", "Cash", "Portfolio"]
ORIGINAL += ["Trade P&L", "Cum P&L", "Reason"]


def as_rows(content: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(content.decode())))


@pytest.mark.parametrize("fixture", ["crypto", "several", "ladder", "quiet"])
def test_markdown_is_short_and_tells_the_figures(request: pytest.FixtureRequest, study: Read, fixture: str) -> None:
    made = study(request.getfixturevalue(fixture))
    text = markdown(made)
    assert all(width(line) <= WIDTH for line in text.splitlines())
    assert len(text.splitlines()) < 80
    assert text.startswith(f"# Session {made.info.name}\n")
    assert f"{made.state.equity:,.2f}" in text
    assert "Reason for not trading" in text


def test_markdown_of_text_from_outside_is_text(study: Read, quiet: str) -> None:
    text = markdown(hostile.study()) + comparison_markdown([hostile.study(), study(quiet)])
    assert all(width(line) <= WIDTH for line in text.splitlines())
    bare = re.sub(r"\\.", "", text)
    assert "<" not in bare
    assert "[" not in bare
    assert "`" not in bare
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert {line.count("|") for line in bare.splitlines() if line.startswith("|")} <= {3, 4, 5, 8}
    assert [line for line in text.splitlines() if line.startswith("#")] == [
        "# Session live_20250106_000000",
        "# Comparison of 2 sessions",
    ]


@given(st.text(max_size=300), st.sampled_from(["", "# ", "- "]))
def test_no_paragraph_is_too_wide_or_begins_a_block(text: str, mark: str) -> None:
    lines = paragraph(text, mark)
    assert all(width(line) <= WIDTH for line in lines)
    assert not any(re.match(r"(#{1,6}|[-+*]|\d+[.)])(\s|$)|>|[=-]+$", line) for line in lines[1 if mark else 0 :])


@given(st.lists(st.tuples(st.text(max_size=200), st.floats().map(str), st.integers().map(str)), max_size=5))
def test_no_table_is_too_wide_or_loses_a_number(rows: list[tuple[str, str, str]]) -> None:
    lines = table(("What", "One", "Other"), rows)
    assert len(lines) == len(rows) + 2
    assert len({width(line) for line in lines}) == 1
    for row, line in zip(rows, lines[2:], strict=True):
        assert line.rstrip("| ").endswith(row[2])


def test_statement_has_the_originals_columns_first(study: Read, crypto: str) -> None:
    made = study(crypto)
    head, *rows = as_rows(statement_csv(made))
    assert head == list(COLUMNS)
    assert head[: len(ORIGINAL)] == ORIGINAL
    assert len(rows) == len(made.entries)
    frame = pd.read_csv(io.BytesIO(statement_csv(made)))
    assert frame["Trade P&L"].sum() == pytest.approx(frame["Cum P&L"].iloc[-1])
    assert frame["Portfolio"].iloc[-1] == pytest.approx(made.entries[-1].equity)
    assert set(frame["Action"]) == {"BUY", "SELL"}


def test_no_cell_of_a_statement_is_a_formula() -> None:
    _, *rows = as_rows(statement_csv(hostile.study()))
    assert len(rows) == 2 * len(hostile.REASONS)
    texts = [index for index, name in enumerate(COLUMNS) if name in {"Symbol", "Reason", "Book", "Strategy", "Order"}]
    for row in rows:
        assert not any(re.match(r"\s*[=+\-@＝＋－＠]", row[index]) for index in texts)


@pytest.mark.parametrize("text", ["=1", "+1", "-1", "@a", " =1", "\t=1", "\r\n=1", "＝1", "\u202e=1", "\x00=1"])
def test_what_begins_like_a_formula_is_marked_as_text(text: str) -> None:
    assert inert(text).startswith("'") or not re.match(r"[\s\x00]*[=+\-@]", inert(text))
    assert inert("Momentum Signal") == "Momentum Signal"


def test_json_has_every_figure_typed_and_says_why_one_is_not_known(study: Read, crypto: str, quiet: str) -> None:
    made = study(crypto)
    document = json.loads(as_json([made, study(quiet)], 1_736_121_600_000))
    assert (document["format"], document["version"]) == ("sentio-tui report", 1)
    assert document["made"] == "2025-01-06T00:00:00+00:00"
    one, nothing = document["sessions"]
    assert set(one["figures"]) == set(document["definitions"])
    assert one["figures"]["equity"] == made.state.equity
    assert one["figures"]["sharpe"]["unknown"].endswith("needs 20")
    assert nothing["figures"]["win_rate"] == {"unknown": "no closed trades"}
    assert all(
        isinstance(each, float | int | dict) for session in (one, nothing) for each in session["figures"].values()
    )
    assert sum(part["realised"] + part["unrealised"] for part in one["pnl_by"]["symbol"]) == pytest.approx(
        one["pnl"]["total"]
    )
    assert len(one["fills"]) == len(made.entries)
    assert len(one["trades"]) == len(made.trades)
    assert (one["state"], one["settings"]["feed"]["seed"]) == ("ended", 18)
    assert not one["settings"].keys() & {"alerts", "mail", "report", "web"}, "addresses, which are no reader's business"


def test_json_survives_every_text() -> None:
    document = json.loads(as_json([hostile.study()], 0))
    assert document["sessions"][0]["symbols"] == [hostile.SYMBOL]


def test_no_digit_of_a_setting_is_lost() -> None:
    assert [word(each) for each in (1_234_567.0, 100_000.25, 0.012345678, 0.1, 60.0)] == [
        *("1234567", "100000.25", "0.012345678", "0.1", "60")
    ]


def test_a_comparison_stands_side_by_side(study: Read, crypto: str, quiet: str) -> None:
    one, other = study(crypto), study(quiet, SessionState.INTERRUPTED)
    text = comparison_markdown([one, other])
    assert all(width(line) <= WIDTH for line in text.splitlines())
    assert f"**A** {crypto}" in text
    assert "broke off" in " ".join(text.split())
    assert "session.duration: 6000 / 5" in text
    told = re.search(r"Market time: (.+?) / (.+?) - ", " ".join(text.split()))
    assert told is not None
    assert told[1] != told[2]
    assert "feed.seed" not in text
    head, *rows = as_rows(comparison_csv([one, other]))
    assert head == ["Figure", "Unit", crypto, quiet]
    by_name = {row[0]: row[1:] for row in rows}
    assert by_name["Equity"] == ["money", str(one.state.equity), str(other.state.equity)]
    assert by_name["Win rate"][2] == ""
