"""`sessions`: what is on disk, as a table and for programs."""

import json
import os
import re
from collections.abc import Mapping
from pathlib import Path

import pytest

from sentio_tui import cli
from sentio_tui.cli import listings, overview
from sentio_tui.journal.lock import SessionLock
from sentio_tui.journal.names import session_lock_path
from tests.cli.conftest import Session

FIRST, SECOND, THIRD = (f"live_2025010{number}_000000" for number in range(1, 4))


def sessions(folder: Path, *options: str) -> int:
    return cli.main(["sessions", "--sessions-dir", str(folder), *options])


def listed(capsys: pytest.CaptureFixture[str]) -> list[Mapping[str, object]]:
    found: list[Mapping[str, object]] = json.loads(capsys.readouterr().out)
    return found


def test_summaries_are_made_anew_when_asked_for(
    folder: Path, session: Session, capsys: pytest.CaptureFixture[str]
) -> None:
    session(FIRST, written=1_736_200_000.0)
    session(SECOND, ended=False)
    assert sessions(folder, "--json") == 0
    assert [(row["is_outdated"], row["return_fraction"]) for row in listed(capsys)] == [(True, None)] * 2
    assert sessions(folder, "--rebuild") == 0
    out, err = capsys.readouterr()
    assert err.splitlines() == [f"{name}: its summary was made anew" for name in (SECOND, FIRST)]
    header, second, first = out.splitlines()
    words = re.split(r"  +", header)
    assert words[:6] == ["session", "state", "mode", "strategy", "started (UTC)", "ended (UTC)"]
    assert second.split()[:4] == [SECOND, "interrupted", "sim", "scripted"]
    assert first.split()[:8] == [FIRST, "ended", "sim", "scripted", "2025-01-06", "00:00", "2025-01-06", "21:46"]
    assert sessions(folder, "--rebuild") == 0
    assert capsys.readouterr().err == ""


def test_what_cannot_be_made_anew_is_told_and_the_rest_done(
    folder: Path, session: Session, capsys: pytest.CaptureFixture[str]
) -> None:
    session(FIRST)
    broken = folder / f"{session(SECOND)}.jsonl"
    lines = broken.read_bytes().splitlines(keepends=True)
    broken.write_bytes(b"".join([*lines[:4], b"{}\n", *lines[5:]]))
    assert sessions(folder, "--rebuild", "--json") == 1
    out, err = capsys.readouterr()
    assert f"{SECOND}: its summary could not be made" in err
    assert "line 5" in err
    assert [row["is_outdated"] for row in json.loads(out)] == [True, False]


def test_one_that_runs_is_not_touched(folder: Path, session: Session, capsys: pytest.CaptureFixture[str]) -> None:
    session(FIRST, ended=False)
    with SessionLock(session_lock_path(folder, FIRST), FIRST, 0):
        assert sessions(folder, "--rebuild") == 0
    out, err = capsys.readouterr()
    assert err == ""
    assert f"{FIRST}  running" in out
    assert not (folder / f"{FIRST}.json").exists()


def test_sorted_by_what_is_asked_and_the_unknown_last(
    folder: Path, session: Session, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in (FIRST, SECOND, THIRD):
        session(name)
    assert sessions(folder, "--rebuild", "--json") == 0
    capsys.readouterr()
    for name, percents, closed in ((FIRST, -2.0, 9), (SECOND, 5.0, 3)):
        path = folder / f"{name}.json"
        document = json.loads(path.read_text())
        document["metrics"] |= {"total_return": percents, "closed_trades": closed}
        path.write_text(json.dumps(document))
    (folder / f"{THIRD}.json").unlink()
    os.utime(folder / f"{THIRD}.jsonl", (0, 0))
    orders = {"name": [FIRST, SECOND, THIRD], "return": [SECOND, FIRST, THIRD], "trades": [FIRST, SECOND, THIRD]}
    for order, wanted in orders.items():
        assert sessions(folder, "--json", "--sort", order) == 0
        assert [row["name"] for row in listed(capsys)] == wanted
    assert sessions(folder, "--sort", "colour") == 2


def test_every_order_that_is_offered_is_there() -> None:
    assert tuple(listings.ORDERS) == overview._ORDERS
