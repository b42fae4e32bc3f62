import fcntl
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from sentio_tui.journal.atomic import JournalError
from sentio_tui.journal.lock import Holder, LockHeld, SessionLock, holder
from sentio_tui.journal.names import account_lock_path, session_lock_path

HOLD = """
import sys
from pathlib import Path
from sentio_tui.journal.lock import SessionLock
lock = SessionLock(Path(sys.argv[1]), sys.argv[2], 1736121600000)
lock.acquire()
print("held", flush=True)
sys.stdin.read()
lock.release()
"""
SINCE = "2025-01-06T00:00:00+00:00"


@contextmanager
def another_process(path: Path, session: str) -> Iterator["subprocess.Popen[str]"]:
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(path), session], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    try:
        assert process.stdout.readline() == "held\n"
        yield process
    finally:
        process.communicate()


def test_t23_a_second_process_on_the_account_is_told_who_holds_it(tmp_path: Path) -> None:
    path = account_lock_path(tmp_path, "paper")
    with another_process(path, "live_20250106_000000") as other:
        second = SessionLock(path, "live_20250106_000008", 0)
        with pytest.raises(LockHeld) as caught:
            second.acquire()
        assert (caught.value.pid, caught.value.session) == (other.pid, "live_20250106_000000")
        assert caught.value.since == SINCE
        assert f"session live_20250106_000000 (process {other.pid}, since {SINCE})" in str(caught.value)
        assert not second.is_held
        assert holder(path) == Holder(other.pid, "live_20250106_000000", SINCE)
    second.acquire()
    assert second.is_held
    second.release()


def test_t51_the_holder_lives_on(tmp_path: Path) -> None:
    path = session_lock_path(tmp_path, "live_20250106_000000")
    with another_process(path, "live_20250106_000000") as other:
        with pytest.raises(LockHeld):
            SessionLock(path, "b", 0).acquire()
        holder(path)
        assert other.poll() is None
    assert other.returncode == 0


def test_a_crash_frees_it_and_stale_words_are_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "paper.lock"
    with another_process(path, "a_long_name_that_must_not_shine_through") as other:
        other.kill()
        other.wait()
    assert path.exists()
    assert holder(path) is None
    lock = SessionLock(path, "b", 0)
    lock.acquire()
    lock.announce(Path("/run/a_long_socket_that_must_not_shine_through.sock"))
    assert holder(path) == Holder(
        os.getpid(), "b", "1970-01-01T00:00:00+00:00", "/run/a_long_socket_that_must_not_shine_through.sock"
    )
    lock.announce(Path("/run/b.sock"))
    assert holder(path) == Holder(os.getpid(), "b", "1970-01-01T00:00:00+00:00", "/run/b.sock")
    lock.release()
    assert not path.exists()
    assert holder(path) is None


def test_the_same_process_is_no_exception(tmp_path: Path) -> None:
    path = tmp_path / "paper.lock"
    with SessionLock(path, "a", 0) as first:
        first.acquire()
        with pytest.raises(LockHeld), SessionLock(path, "b", 0):
            pass
        found = holder(path)
        assert found is not None
        assert found.session == "a"
        assert path.stat().st_mode & 0o777 == 0o600
    first.release()


def test_somebody_looking_is_not_in_the_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "paper.lock"
    path.touch()
    looker = os.open(path, os.O_RDONLY)
    fcntl.flock(looker, fcntl.LOCK_SH)
    real = fcntl.flock
    asked = []

    def flock(descriptor: int, operation: int) -> None:
        asked.append(operation)
        if len(asked) == 3:
            real(looker, fcntl.LOCK_UN)
        real(descriptor, operation)

    monkeypatch.setattr(fcntl, "flock", flock)
    lock = SessionLock(path, "a", 0)
    lock.acquire()
    assert lock.is_held
    lock.release()
    os.close(looker)


def test_a_file_removed_between_opening_and_locking(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who lets go removes the file; a lock on the removed one would exclude nobody."""
    path = tmp_path / "paper.lock"
    path.touch()
    real = fcntl.flock
    removals = [path]

    def flock(descriptor: int, operation: int) -> None:
        if removals:
            removals.pop().unlink()
        real(descriptor, operation)

    monkeypatch.setattr(fcntl, "flock", flock)
    lock = SessionLock(path, "a", 0)
    lock.acquire()
    found = holder(path)
    assert found is not None
    assert found.session == "a"
    lock.release()


def test_a_holder_that_has_not_said_who_it_is(tmp_path: Path) -> None:
    path = tmp_path / "paper.lock"
    path.write_text('{"pid":')
    descriptor = os.open(path, os.O_RDWR)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    assert holder(path) == Holder()
    with pytest.raises(LockHeld, match="another process that just started"):
        SessionLock(path, "a", 0).acquire()
    os.close(descriptor)


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    assert holder(tmp_path / "nowhere" / "paper.lock") is None
    with pytest.raises(JournalError, match="Create the folder"):
        SessionLock(tmp_path / "nowhere" / "paper.lock", "a", 0).acquire()


@pytest.mark.parametrize("account", ["", "../x", "a/b", ".hidden", "live_20250106_000000", "x" * 65])
def test_names_that_no_account_may_have(tmp_path: Path, account: str) -> None:
    with pytest.raises(ValueError, match="cannot name an account"):
        account_lock_path(tmp_path, account)
