"""Packing and removing sessions: nothing that runs, nothing half done, nothing else in the folder."""

import gzip
from collections.abc import Callable, Iterable
from pathlib import Path

import msgspec
import pytest

from sentio_tui.journal import retention
from sentio_tui.journal.atomic import JournalError
from sentio_tui.journal.catalogue import find
from sentio_tui.journal.lock import LockHeld, SessionLock
from sentio_tui.journal.names import (
    alerts_path,
    close_summary_path,
    document_path,
    journal_path,
    marks_path,
    session_lock_path,
)
from sentio_tui.journal.reader import read_all
from sentio_tui.journal.retention import NotTheSame, pack, remove, size
from sentio_tui.model.events import AnyEvent

Make = Callable[[int], list[AnyEvent]]
NAME = "live_20250106_000000"
NOW = 1_800_000_000_000
PACKED = f"{NAME}.jsonl.gz"
OTHER_SUMMARY = "trading_summary_20250106_000000_2.txt"


@pytest.fixture
def session(tmp_path: Path, make_events: Make) -> Path:
    """A folder with the files of one session, and files that are nobody's."""
    journal_path(tmp_path, NAME).write_bytes(msgspec.json.Encoder().encode_lines(make_events(500)))
    document_path(tmp_path, NAME).write_text("{}")
    marks_path(tmp_path, NAME).write_text("[]")
    close_summary_path(tmp_path, NAME).write_text("=== Market Closed")
    (tmp_path / f"{NAME}.crash.txt").write_text("it broke")
    alerts_path(tmp_path, NAME).write_text("{}")
    for other in (f"{NAME}.json.bak", f"{NAME}_2.jsonl", "README.md", f"{NAME}0.json", OTHER_SUMMARY):
        (tmp_path / other).write_text("mine")
    return tmp_path


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_a_packed_journal_reads_as_the_plain_one_and_the_rest_stays(session: Path) -> None:
    journal = journal_path(session, NAME)
    data, events, changed = journal.read_bytes(), read_all(journal).events, journal.stat().st_mtime_ns
    before = names(session)
    packed = pack(session, NAME, NOW)
    assert names(session) == before - {journal.name} | {PACKED}
    assert gzip.decompress((session / PACKED).read_bytes()) == data
    assert read_all(session / PACKED).events == events
    assert (packed.before, packed.after) == (len(data), (session / PACKED).stat().st_size)
    assert packed.after < packed.before
    assert (session / PACKED).stat().st_mtime_ns == changed
    assert (session / PACKED).stat().st_mode & 0o777 == 0o600


def test_a_torn_journal_is_packed_as_it_is(session: Path) -> None:
    journal = journal_path(session, NAME)
    data = journal.read_bytes()[:-20]
    journal.write_bytes(data)
    pack(session, NAME, NOW)
    assert gzip.decompress((session / PACKED).read_bytes()) == data
    assert read_all(session / PACKED).torn


@pytest.mark.parametrize("act", [pack, remove])
def test_a_session_that_runs_is_left_alone(session: Path, act: Callable[[Path, str, int], object]) -> None:
    with SessionLock(session_lock_path(session, NAME), NAME, NOW):
        before = {path.name: path.read_bytes() for path in session.iterdir()}
        with pytest.raises(LockHeld, match="in use by"):
            act(session, NAME, NOW)
        assert {path.name: path.read_bytes() for path in session.iterdir()} == before


def test_what_does_not_read_back_is_thrown_away_and_the_journal_stays(
    session: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = names(session)

    def flip(path: Path, parts: Iterable[bytes | bytearray]) -> None:
        data = bytearray(b"".join(parts))
        data[len(data) // 2] ^= 1
        path.write_bytes(data)

    monkeypatch.setattr(retention, "replace_file", flip)
    with pytest.raises(NotTheSame, match="does not read back"):
        pack(session, NAME, NOW)
    assert names(session) == before


def test_a_full_disk_leaves_the_old_file(session: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = names(session)

    def full(path: Path, parts: Iterable[bytes | bytearray]) -> None:
        raise JournalError(path, OSError(28, "No space left on device"))

    monkeypatch.setattr(retention, "replace_file", full)
    with pytest.raises(JournalError, match="No space left"):
        pack(session, NAME, NOW)
    assert names(session) == before


class Killed(BaseException):
    """The process ends here."""


@pytest.mark.parametrize("step", ["replace_file", "_is_same", "sync_folder"])
def test_killed_at_any_step_the_journal_is_whole_and_packing_again_ends_it(
    session: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    journal = journal_path(session, NAME)
    events = read_all(journal).events

    def killed(*_: object) -> None:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(retention, step, killed)
        with pytest.raises(Killed):
            pack(session, NAME, NOW)
    assert read_all(Path(find(session, NAME).path)).events == events
    assert pack(session, NAME, NOW).before == sum(len(msgspec.json.encode(event)) + 1 for event in events)
    assert not journal.exists()
    assert read_all(Path(find(session, NAME).path)).events == events


def test_removing_takes_the_files_of_the_session_and_no_others(session: Path) -> None:
    (session / f".{NAME}.json.1.0.tmp").write_text("left over")
    whole = size(session, NAME)
    assert remove(session, NAME, NOW) == whole > 0
    assert names(session) == {f"{NAME}.json.bak", f"{NAME}_2.jsonl", "README.md", f"{NAME}0.json", OTHER_SUMMARY}


def test_what_cannot_be_removed_is_told(session: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    unlink = Path.unlink

    def refuse(path: Path, missing_ok: bool = False) -> None:
        if path.suffix == ".jsonl":
            raise PermissionError(13, "Permission denied")
        unlink(path, missing_ok)

    before = names(session)
    monkeypatch.setattr(Path, "unlink", refuse)
    with pytest.raises(JournalError, match=r"jsonl: cannot be written: Permission denied"):
        remove(session, NAME, NOW)
    assert names(session) == before
