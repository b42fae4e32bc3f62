"""`report`: which session, which format, where to."""

import json
import os
from pathlib import Path

import pytest

from sentio_tui import cli
from sentio_tui.journal.lock import SessionLock
from sentio_tui.journal.names import document_path, session_lock_path
from sentio_tui.journal.retention import REMOVED, pack
from sentio_tui.reports.making import KINDS
from tests.cli.conftest import Session
from tests.posted import post_office

NAME = "live_20250106_000000"


def test_a_page_is_written_beside_nothing_else_and_named(
    folder: Path, session: Session, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["report", session(), "--sessions-dir", str(folder)]) == 0
    told = capsys.readouterr()
    assert told.out == f"{NAME}.report.html\n"
    assert " MB" in told.err
    page = Path(f"{NAME}.report.html").read_text()
    assert page.startswith("<!doctype html>")
    assert f"<h1>{NAME}</h1>" in page


@pytest.mark.parametrize(
    ("form", "begin"),
    [("md", f"# Session {NAME}"), ("json", '{\n  "format": "sentio-tui report"'), ("csv", "#,Bar,Time")],
)
def test_the_others_go_to_the_output(
    folder: Path, session: Session, capfdbinary: pytest.CaptureFixture[bytes], form: str, begin: str
) -> None:
    assert cli.main(["report", session(), "--sessions-dir", str(folder), "--format", form]) == 0
    assert capfdbinary.readouterr().out.startswith(begin.encode())
    assert not list(Path().glob("*.report.*"))


def test_a_file_a_folder_and_a_device_are_each_written_to(
    folder: Path, session: Session, capsys: pytest.CaptureFixture[str]
) -> None:
    name = session()
    command = ["report", name, "--sessions-dir", str(folder), "--out"]
    assert cli.main([*command, "mine.json"]) == 0
    assert json.loads(Path("mine.json").read_text())["sessions"][0]["name"] == name
    Path("there").mkdir()
    assert cli.main([*command, "there", "--format", "md"]) == 0
    assert Path(f"there/{name}.report.md").is_file()
    assert capsys.readouterr().out.splitlines() == ["mine.json", f"there/{name}.report.md"]
    assert cli.main([*command, os.devnull, "--format", "md"]) == 0
    assert not Path(os.devnull).is_file()


def test_a_session_that_broke_off_or_was_torn_is_reported_with_a_warning(
    folder: Path, session: Session, capsys: pytest.CaptureFixture[str]
) -> None:
    journal = folder / f"{session(ended=False)}.jsonl"
    journal.write_bytes(journal.read_bytes()[:-5])
    assert cli.main(["report", NAME, "--sessions-dir", str(folder), "--format", "json", "--out", "one.json"]) == 0
    assert "the last line was torn" in capsys.readouterr().err
    (made,) = json.loads(Path("one.json").read_text())["sessions"]
    assert made["state"] == "interrupted"
    assert any("torn" in each for each in made["warnings"])


def test_several_are_compared_each_once(folder: Path, session: Session) -> None:
    one, other = session(), session("live_20250107_000000")
    assert cli.main(["report", one, other, one, "--sessions-dir", str(folder), "--out", "both.json"]) == 0
    made = json.loads(Path("both.json").read_text())
    assert [each["name"] for each in made["sessions"]] == [one, other]


def test_what_cannot_be_reported_is_refused(folder: Path, session: Session, capsys: pytest.CaptureFixture[str]) -> None:
    name = session()
    command = ["report", "--sessions-dir", str(folder)]
    assert cli.main([*command, f"{name}1"]) == 2
    assert name in capsys.readouterr().err
    assert cli.main([*command, f"../{name}"]) == 2
    assert cli.main([*command, name, "--format", "pdf"]) == 2
    assert cli.main([*command, name, "--out", str(folder / f"{name}.jsonl")]) == 2
    assert "a session's own file" in capsys.readouterr().err
    assert cli.main([*command, name, "--out", "no/such/folder.html"]) == 1
    assert "no/such/folder.html: cannot be written" in capsys.readouterr().err
    (folder / f"{name}.jsonl").rename("gone")
    document_path(folder, name).write_text("{}")
    assert cli.main([*command, name]) == 1
    assert "no journal to report from" in capsys.readouterr().err


def test_a_report_is_mailed_and_nothing_kept(
    folder: Path, session: Session, capsys: pytest.CaptureFixture[str]
) -> None:
    with post_office() as (mail, desk):
        keys = {"host": mail.host, "port": mail.port, "security": mail.security, "sender": mail.sender}
        options = [word for key, value in keys.items() for word in ("--set", f"mail.{key}={value}")]
        command = ["report", session(), "--sessions-dir", str(folder), *options]
        assert cli.main([*command, "--email-to", "a@example.org, b@example.org"]) == 0
    (post,) = desk.posts
    assert post.to == ["a@example.org", "b@example.org"]
    assert post.message["Subject"].startswith(f"{NAME} ended: ")
    assert post.text.startswith(f"# Session {NAME}")
    (attached,) = post.message.iter_attachments()
    assert attached.get_filename() == f"{NAME}.report.html"
    assert not list(Path().glob("*.html"))
    assert "sent to a@example.org, b@example.org" in capsys.readouterr().err


def test_a_mail_that_cannot_be_sent_is_told_before_or_after(
    folder: Path, session: Session, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["report", session(), "--sessions-dir", str(folder), "--email-to"]
    assert cli.main([*command, "nobody"]) == 2
    assert "no mail address" in capsys.readouterr().err
    assert cli.main([*command, "a@example.org"]) == 2
    assert "mail.host names no server" in capsys.readouterr().err
    with post_office() as (mail, _):
        pass
    there = ["--set", f"mail.host={mail.host}", "--set", f"mail.port={mail.port}", "--set", "mail.sender=a@example.org"]
    assert cli.main([*command, "a@example.org", *there]) == 1
    assert "cannot be reached" in capsys.readouterr().err


def test_reports_kept_beside_a_session_go_with_it() -> None:
    assert {f".report.{form}" for form in KINDS} <= set(REMOVED)


def test_a_packed_session_is_reported_as_a_plain_one(folder: Path, session: Session) -> None:
    name = session()
    command = ["report", name, "--sessions-dir", str(folder), "--format", "csv", "--out"]
    assert cli.main([*command, "plain.csv"]) == 0
    pack(folder, name, 0)
    assert not (folder / f"{name}.jsonl").exists()
    assert cli.main([*command, "packed.csv"]) == 0
    assert Path("packed.csv").read_bytes() == Path("plain.csv").read_bytes()


def test_a_session_that_runs_is_reported_up_to_now_and_says_so(
    folder: Path, session: Session, capsys: pytest.CaptureFixture[str]
) -> None:
    name = session(ended=False)
    with SessionLock(session_lock_path(folder, name), name, 0):
        assert cli.main(["report", name, "--sessions-dir", str(folder), "--format", "md", "--out", "now.md"]) == 0
    assert "SIM, still running: up to 2025-01-06 00:06 UTC." in Path("now.md").read_text()


def test_without_a_name_it_is_the_newest(folder: Path, session: Session, capsys: pytest.CaptureFixture[str]) -> None:
    command = ["report", "--sessions-dir", str(folder), "--out", "."]
    assert cli.main(command) == 2
    assert "There are none" in capsys.readouterr().err
    session()
    newest = session("live_20250107_000000")
    assert cli.main(command) == 0
    assert capsys.readouterr().out == f"{newest}.report.html\n"


def test_the_half_written_line_of_a_running_session_is_no_damage(folder: Path, session: Session) -> None:
    name = session(ended=False)
    journal = folder / f"{name}.jsonl"
    journal.write_bytes(journal.read_bytes()[:-5])
    with SessionLock(session_lock_path(folder, name), name, 0):
        assert cli.main(["report", name, "--sessions-dir", str(folder), "--out", "now.json"]) == 0
    (made,) = json.loads(Path("now.json").read_text())["sessions"]
    assert made["warnings"] == ["The session was still running. All figures are as of its last event on disk."]
