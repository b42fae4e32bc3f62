"""`export`: a session as files."""

from pathlib import Path

import pytest

from sentio_tui import cli
from tests.cli.conftest import Session


@pytest.mark.parametrize(("name", "count"), [("jsonl", 4), ("csv", 6), ("parquet", 6)])
def test_every_format_writes_its_files_and_names_them(
    folder: Path, session: Session, capsys: pytest.CaptureFixture[str], name: str, count: int
) -> None:
    session()
    command = ["export", "live_20250106_000000", "--sessions-dir", str(folder), "--format", name, "--out", "made/there"]
    assert cli.main(command) == 0
    told = capsys.readouterr().out.splitlines()
    assert sorted(told) == sorted(map(str, Path("made/there").iterdir()))
    assert len(told) == count
    assert all(Path(path).suffix == f".{name}" and Path(path).stat().st_size for path in told)


def test_a_torn_end_is_told_and_the_rest_exported(
    folder: Path, session: Session, capsys: pytest.CaptureFixture[str]
) -> None:
    journal = folder / f"{session()}.jsonl"
    journal.write_bytes(journal.read_bytes()[:-5])
    assert cli.main(["export", journal.stem, "--sessions-dir", str(folder), "--format", "csv", "--out", "made"]) == 0
    assert "the last line was torn" in capsys.readouterr().err


def test_an_unknown_session_names_the_nearest(
    folder: Path, session: Session, capsys: pytest.CaptureFixture[str]
) -> None:
    name = session()
    assert cli.main(["export", f"{name}1", "--sessions-dir", str(folder)]) == 2
    assert name in capsys.readouterr().err


def test_a_place_that_cannot_be_written_is_told(
    folder: Path, session: Session, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("taken").write_text("a file")
    command = ["export", session(), "--sessions-dir", str(folder), "--format", "csv", "--out", "taken/there"]
    assert cli.main(command) == 1
    assert capsys.readouterr().err == "sentio-tui: taken/there: Not a directory\n"
    assert cli.main([*command[:-3], "xlsx"]) == 2
