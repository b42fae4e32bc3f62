"""A summary made anew from the journal says what the session's own said."""

import shutil
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

import msgspec
import pytest
from msgspec.structs import replace

from sentio_tui.journal.catalogue import SessionState, UnknownSession, find
from sentio_tui.journal.document import read_document
from sentio_tui.journal.lock import LockHeld, SessionLock
from sentio_tui.journal.names import document_path, journal_path, session_lock_path
from sentio_tui.journal.reader import JournalDamaged, read_all
from sentio_tui.journal.retention import pack
from sentio_tui.journal.writer import JournalWriter
from sentio_tui.model.events import SessionStarted
from sentio_tui.sessions.assemble import assemble
from sentio_tui.sessions.rebuild import rebuild
from tests.sessions.places import simulated

CLOCKED = ("updated", "end_time")
"""What depends on when the document was written."""


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The journal of a session that traded and ended, with its document beside it."""
    session = assemble(simulated(), tmp_path_factory.mktemp("sessions"))
    session.start()
    assert session.wait(60.0)
    return session.journal


@pytest.fixture
def journal(recorded: Path, tmp_path: Path) -> Path:
    for path in recorded.parent.iterdir():
        shutil.copy2(path, tmp_path)
    return tmp_path / recorded.name


def without_clock(path: Path) -> Mapping[str, object]:
    fields: dict[str, object] = msgspec.json.decode(path.read_bytes())
    return {key: value for key, value in fields.items() if key not in CLOCKED}


@pytest.mark.parametrize("is_packed", [False, True], ids=["plain", "packed"])
@pytest.mark.parametrize("left", ["", '{"session_name": ', "nothing"])
def test_a_missing_or_damaged_summary_comes_back_as_it_was(journal: Path, left: str, is_packed: bool) -> None:
    folder, name = journal.parent, journal.stem
    document = document_path(folder, name)
    own, before = without_clock(document), find(folder, name)
    written = journal.stat().st_mtime_ns // 1_000_000
    if is_packed:
        pack(folder, name, 0)
    document.unlink()
    if left != "nothing":
        document.write_text(left)
    assert find(folder, name).is_outdated
    assert rebuild(folder, name) == ""
    assert without_clock(document) == own
    after = find(folder, name)
    assert not after.is_outdated
    assert (after.ended, after.written) == (written, written)
    assert replace(after, ended=before.ended, written=before.written, path=before.path) == before
    assert not session_lock_path(folder, name).exists()


def test_an_old_summary_is_brought_up_to_the_last_whole_event(journal: Path) -> None:
    folder, name = journal.parent, journal.stem
    document = document_path(folder, name)
    lines = journal.read_bytes().splitlines(keepends=True)
    journal.write_bytes(b"".join(lines[:-40]))
    rebuild(folder, name)
    old = document.read_bytes()
    journal.write_bytes(b"".join(lines[:-20]) + lines[-20][:10])
    found = find(folder, name)
    assert (found.state, found.is_outdated) == (SessionState.INTERRUPTED, True)
    assert found.problem == "the summary is older than the journal"
    assert "the last line was torn" in rebuild(folder, name)
    assert document.read_bytes() != old
    assert read_document(document).last_seq == len(lines) - 20
    found = find(folder, name)
    assert (found.state, found.is_outdated, found.problem) == (SessionState.INTERRUPTED, False, "")


def test_a_session_that_runs_keeps_its_own(journal: Path) -> None:
    folder, name = journal.parent, journal.stem
    document = document_path(folder, name)
    document.unlink()
    with SessionLock(session_lock_path(folder, name), name, 0):
        assert not find(folder, name).is_outdated
        with pytest.raises(LockHeld):
            rebuild(folder, name)
    assert not document.exists()


def test_a_configuration_of_another_version_is_unknown(journal: Path, tmp_path: Path) -> None:
    first, *rest = read_all(journal).events
    assert isinstance(first, SessionStarted)
    info = replace(first.info, name="live_20200101_000000", settings={"feed": "carrier pigeon"})
    with closing(JournalWriter(journal_path(tmp_path, info.name))) as writer:
        writer.append([replace(first, info=info), *rest])
    rebuild(tmp_path, info.name)
    config = read_document(document_path(tmp_path, info.name)).config
    assert config is not None
    assert (config.signal_mode, config.stop_loss, config.slippage_rate) == (None, None, None)


def test_what_cannot_be_rebuilt_is_told_and_nothing_is_written(journal: Path) -> None:
    folder, name = journal.parent, journal.stem
    document = document_path(folder, name)
    before = document.read_bytes()
    with pytest.raises(UnknownSession, match=name):
        rebuild(folder, f"{name[:-1]}x")
    lines = journal.read_bytes().splitlines(keepends=True)
    journal.write_bytes(b"".join([*lines[:50], b"{}\n", *lines[51:]]))
    with pytest.raises(JournalDamaged, match="line 51"):
        rebuild(folder, name)
    journal.unlink()
    with pytest.raises(FileNotFoundError, match="no journal"):
        rebuild(folder, name)
    assert document.read_bytes() == before
    assert not session_lock_path(folder, name).exists()
