"""Which sessions run, and the folder and the path of their sockets."""

import os
import socket
import stat
from collections.abc import Iterator
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


@pytest.fixture
def short() -> Iterator[Path]:
    """A folder with a short name: the path of a socket must be short."""
    with TemporaryDirectory(prefix="sentio-") as name:
        yield Path(name)


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
    with pytest.raises(NotRunning, match=f"{NAMES[0]} does not run: "):
        choose(tmp_path, NAMES[0])


def test_the_socket_is_in_a_folder_of_this_user_alone(short: Path) -> None:
    place = short / "a" / "b"
    place.mkdir(parents=True, mode=0o755)
    path = socket_path([place], short, NAMES[0])
    assert path.parent == place
    assert stat.S_IMODE(place.stat().st_mode) == 0o700
    assert socket_path([place], short / "other", NAMES[0]) != path


def test_a_folder_that_is_not_ours_is_passed_over_and_named(short: Path) -> None:
    link = short / "link"
    link.symlink_to(short)
    file = short / "file"
    file.write_text("")
    long = short / ("x" * LONGEST_PATH)
    with pytest.raises(SocketRefused) as caught:
        socket_path([link, file, long], short, NAMES[0])
    assert f"{link} is a link" in str(caught.value)
    assert f"{file} cannot be used" in str(caught.value)
    assert f"is longer than {LONGEST_PATH} bytes" in str(caught.value)
    good = short / "good"
    assert socket_path([link, long, good], short, NAMES[0]).parent == good


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give a folder to another user")
def test_a_folder_of_another_user_is_refused(short: Path) -> None:
    other = short / "other"
    other.mkdir()
    os.chown(other, 65534, 65534)
    with pytest.raises(SocketRefused, match="belongs to another user"):
        socket_path([other], short, NAMES[0])


def test_sockets_of_dead_processes_are_removed_and_named(short: Path) -> None:
    for dead in ("dead.sock", "mine.sock"):
        with socket.socket(socket.AF_UNIX) as gone:
            gone.bind(str(short / dead))
    (short / "note.sock").write_text("no socket")
    with socket.socket(socket.AF_UNIX) as alive:
        alive.bind(str(short / "alive.sock"))
        alive.listen()
        listening, removed = listen(short / "mine.sock")
        with listening:
            assert sorted(removed) == ["dead.sock", "mine.sock"]
            assert sorted(path.name for path in short.iterdir()) == ["alive.sock", "mine.sock", "note.sock"]
            assert stat.S_IMODE((short / "mine.sock").stat().st_mode) == 0o600
            with socket.socket(socket.AF_UNIX) as caller:
                caller.connect(str(short / "mine.sock"))
