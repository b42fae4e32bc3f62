"""`prune`: old sessions are packed or removed, after a question, and nothing else is touched."""

import io
import re
import time
from pathlib import Path

import pytest

from sentio_tui import cli
from sentio_tui.journal.atomic import JournalError
from sentio_tui.journal.lock import SessionLock
from sentio_tui.journal.names import session_lock_path
from tests.cli.conftest import Session

DAY = 86_400
OLD, NEW, RUNNING, BROKEN = (f"live_2025010{number}_000000" for number in range(1, 5))


@pytest.fixture
def kept(folder: Path, session: Session) -> Path:
    """An old session, a new one, and a document that does not say how old it is."""
    session(OLD, written=time.time() - 100 * DAY)
    session(NEW, written=time.time() - DAY)
    (folder / f"{BROKEN}.json").write_text("{")
    return folder


class Keyboard(io.StringIO):
    """A terminal's input."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Keyboard:
    keyboard = Keyboard()
    monkeypatch.setattr("sys.stdin", keyboard)
    return keyboard


def prune(folder: Path, *options: str) -> int:
    return cli.main(["prune", "--sessions-dir", str(folder), *options])


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_old_journals_are_packed_and_the_rest_is_told(kept: Path, capsys: pytest.CaptureFixture[str]) -> None:
    size = (kept / f"{OLD}.jsonl").stat().st_size
    assert prune(kept, "--older-than", "90d", "--yes") == 0
    assert names(kept) == {f"{OLD}.jsonl.gz", f"{NEW}.jsonl", f"{BROKEN}.json"}
    packed = (kept / f"{OLD}.jsonl.gz").stat().st_size
    out, err = capsys.readouterr()
    assert out.splitlines() == [
        f"{OLD}: compressed from {size:,} to {packed:,} bytes",
        f"1 session compressed, {size - packed:,} bytes freed.",
    ]
    assert err == f"{BROKEN}: its age is unknown; left alone\n"
    assert prune(kept, "--older-than", "90d", "--yes") == 0
    assert "There is nothing to compress" in capsys.readouterr().out


def test_removing_takes_packed_sessions_too(kept: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert prune(kept, "--older-than", "12h", "--yes") == 0
    assert prune(kept, "--older-than", "90d", "--yes", "--remove") == 0
    assert names(kept) == {f"{NEW}.jsonl.gz", f"{BROKEN}.json"}
    assert re.search(rf"{OLD}: removed, [\d,]+ bytes\n1 session removed, ", capsys.readouterr().out)


def test_one_that_runs_is_left_alone(folder: Path, session: Session, capsys: pytest.CaptureFixture[str]) -> None:
    session(RUNNING, written=time.time() - 100 * DAY)
    with SessionLock(session_lock_path(folder, RUNNING), RUNNING, 0):
        before = names(folder)
        assert prune(folder, "--older-than", "1m", "--yes", "--remove") == 0
        assert names(folder) == before
    assert f"{RUNNING}: it runs; left alone" in capsys.readouterr().err


def test_one_that_was_resumed_after_the_look_is_told(
    kept: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with SessionLock(session_lock_path(kept, OLD), OLD, 0):
        monkeypatch.setattr("sentio_tui.journal.catalogue.holder", lambda path: None)
        assert prune(kept, "--older-than", "90d", "--yes") == 1
    out, err = capsys.readouterr()
    assert out == "0 sessions compressed, 0 bytes freed.\n"
    assert f"{OLD}: " in err
    assert "in use by" in err


@pytest.mark.parametrize(
    ("answer", "done"),
    [("y", True), ("yes\n", True), ("n\n", False), ("\n", False), ("", False), ("maybe\n", False)],
)
def test_a_terminal_is_asked(
    kept: Path, terminal: Keyboard, capsys: pytest.CaptureFixture[str], answer: str, done: bool
) -> None:
    terminal.write(answer)
    terminal.seek(0)
    before = names(kept)
    assert prune(kept, "--older-than", "90d", "--remove") == 0
    assert (names(kept) != before) is done
    out, err = capsys.readouterr()
    assert "Remove 1 session for good? [y/N] " in err
    assert ("Nothing was done." in out) is not done


def test_without_a_terminal_nothing_is_done_unasked(kept: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = names(kept)
    assert prune(kept, "--older-than", "90d") == 2
    assert "give --yes" in capsys.readouterr().err
    assert prune(kept, "--older-than", "90d", "--dry-run") == 0
    assert re.search(rf"{OLD}: compress [\d,]+ bytes\nNothing was done.", capsys.readouterr().out)
    assert prune(kept, "--older-than", "90d", "--dry-run", "--yes") == 2
    assert names(kept) == before


@pytest.mark.parametrize("age", ["", "90", "d", "-1d", "1.5d", "90 d", "9999999d", "3y", "٣d"])
def test_an_age_that_is_none_is_refused(kept: Path, capsys: pytest.CaptureFixture[str], age: str) -> None:
    before = names(kept)
    assert prune(kept, "--yes", f"--older-than={age}") == 2
    assert "is no age" in capsys.readouterr().err
    assert prune(kept, "--yes") == 2
    assert names(kept) == before


def test_t39_a_named_folder_must_be_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert prune(tmp_path / "absent", "--older-than", "1d", "--yes") == 2
    assert "no such folder" in capsys.readouterr().err


def test_one_failure_does_not_keep_the_others(
    kept: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def full(path: Path, parts: object) -> None:
        raise JournalError(path, OSError(28, "No space left on device"))

    monkeypatch.setattr("sentio_tui.journal.retention.replace_file", full)
    assert prune(kept, "--older-than", "1h", "--yes") == 1
    out, err = capsys.readouterr()
    assert err.count("Free some space on that disk.") == 2
    assert out == "0 sessions compressed, 0 bytes freed.\n"
    assert {f"{OLD}.jsonl", f"{NEW}.jsonl"} <= names(kept)


@pytest.mark.parametrize(
    ("option", "told"),
    [
        ((), "it was interrupted, and could not be resumed before it is unpacked (gunzip)"),
        (("--remove",), "it was interrupted, and could be resumed"),
    ],
)
def test_what_an_interrupted_session_loses_is_told_before(
    folder: Path, session: Session, capsys: pytest.CaptureFixture[str], option: tuple[str, ...], told: str
) -> None:
    session(OLD, written=time.time() - 100 * DAY, ended=False)
    session(NEW, written=time.time() - 100 * DAY)
    assert prune(folder, "--older-than", "90d", "--dry-run", *option) == 0
    lines = {line.split(":")[0]: line for line in capsys.readouterr().out.splitlines()}
    assert lines[OLD].endswith(f"bytes; {told}")
    assert lines[NEW].endswith("bytes")
