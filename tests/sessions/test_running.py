"""Which sessions run, and the folder and the path of their sockets."""

import os
import socket
import stat
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from sentio_tui.journal.lock import SessionLock
from sentio_tui.journal.names import session_lock_path
from sentio_tui.sessions.running import (
    LONGEST_PATH,
    NothingRuns,
    NotRunning,
    SocketRefused,
    choose,
    listen,
    running,
    socket_path,
)

NAMES = ("live_20250106_140000", "live_20250107_140000")


def held(folder: Path, name: str) -> SessionLock:
    lock = SessionLock(session_lock_path(folder, name), name, 0)
    lock.acquire()
    return lock


def test_only_held_locks_of_sessions_count(tmp_path: Path) -> None:
    (tmp_path / f"{NAMES[0]}.lock").write_text("a dead process left it")
    account = SessionLock(tmp_path / "paper.lock", "x", 0)
    with held(tmp_path, NAMES[1]) as lock, account:
        lock.announce(Path("/run/x.sock"))
        (found,) = running(tmp_path)
        assert (found.name, found.pid, found.socket) == (NAMES[1], os.getpid(), "/run/x.sock")
    assert running(tmp_path) == []
    assert running(tmp_path / "nowhere") == []


def test_without_a_name_the_only_one_is_meant(tmp_path: Path) -> None:
    with pytest.raises(NothingRuns, match="no session runs"):
        choose(tmp_path, None)
    with held(tmp_path, NAMES[0]):
        assert choose(tmp_path, None).name == NAMES[0]
        with held(tmp_path, NAMES[1]):
            with pytest.raises(NotRunning, match=f"2 sessions run in .*; name one of {NAMES[1]}, {NAMES[0]}"):
                choose(tmp_path, None)
            assert choose(tmp_path, NAMES[0]).name == NAMES[0]


def test_an_unknown_name_is_answered_with_the_nearest(tmp_path: Path) -> None:
    with held(tmp_path, NAMES[0]), pytest.raises(NotRunning, match=f"Did you mean {NAMES[0]}"):
        choose(tmp_path, "live_20250106_140001")


def test_one_that_has_broken_off_is_told_from_one_that_never_was(tmp_path: Path) -> None:
    (tmp_path / f"{NAMES[0]}.jsonl").write_text("")
    with pytest.raises(NotRunning, match=f"{NAMES[0]} does not run, it is "):
        choose(tmp_path, NAMES[0])


def test_the_socket_is_in_a_folder_of_this_user_alone(tmp_path: Path) -> None:
    place = tmp_path / "a" / "b"
    place.mkdir(parents=True, mode=0o755)
    path = socket_path([place], tmp_path, NAMES[0])
    assert path.parent == place
    assert stat.S_IMODE(place.stat().st_mode) == 0o700
    assert socket_path([place], tmp_path / "other", NAMES[0]) != path


def test_a_folder_that_is_not_ours_is_passed_over_and_named(tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(tmp_path)
    file = tmp_path / "file"
    file.write_text("")
    long = tmp_path / ("x" * LONGEST_PATH)
    with pytest.raises(SocketRefused) as caught:
        socket_path([link, file, long], tmp_path, NAMES[0])
    assert f"{link} is a link" in str(caught.value)
    assert f"{file} cannot be used" in str(caught.value)
    assert f"is longer than {LONGEST_PATH} bytes" in str(caught.value)
    good = tmp_path / "good"
    assert socket_path([link, long, good], tmp_path, NAMES[0]).parent == good


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give a folder to another user")
def test_a_folder_of_another_user_is_refused(tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    os.chown(other, 65534, 65534)
    with pytest.raises(SocketRefused, match="belongs to another user"):
        socket_path([other], tmp_path, NAMES[0])


def test_sockets_of_dead_processes_are_removed_and_named() -> None:
    with TemporaryDirectory(prefix="sentio-") as name:
        place = Path(name)
        for dead in ("dead.sock", "mine.sock"):
            with socket.socket(socket.AF_UNIX) as gone:
                gone.bind(str(place / dead))
        (place / "note.sock").write_text("no socket")
        with socket.socket(socket.AF_UNIX) as alive:
            alive.bind(str(place / "alive.sock"))
            alive.listen()
            listening, removed = listen(place / "mine.sock")
            with listening:
                assert sorted(removed) == ["dead.sock", "mine.sock"]
                assert sorted(path.name for path in place.iterdir()) == ["alive.sock", "mine.sock", "note.sock"]
                assert stat.S_IMODE((place / "mine.sock").stat().st_mode) == 0o600
                with socket.socket(socket.AF_UNIX) as caller:
                    caller.connect(str(place / "mine.sock"))
