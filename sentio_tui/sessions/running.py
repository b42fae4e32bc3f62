"""Which sessions run on this machine, and where the socket of each is."""

import hashlib
import os
import socket
import stat
from collections.abc import Iterator, Sequence
from contextlib import suppress
from difflib import get_close_matches
from pathlib import Path
from typing import Final

from msgspec import Struct

from sentio_tui.journal.catalogue import SessionState, UnknownSession, find
from sentio_tui.journal.lock import holder
from sentio_tui.journal.names import LOCK, is_session_name, name_order, session_lock_path

LONGEST_PATH: Final = 107
"""Bytes the kernel takes for the path of a socket."""

SOCKET: Final = ".sock"


class Running(Struct, frozen=True):
    """A session whose lock a process holds. `since` is ISO 8601, `socket` empty while the session is not served."""

    name: str
    folder: Path
    pid: int
    since: str
    socket: str


class NotRunning(Exception):
    """There is no such session, or not one alone; says which there are."""


class NothingRuns(NotRunning):
    """There is no session at all."""


def running(folder: Path) -> list[Running]:
    """All that run in a folder, the newest first. Reads locks alone. Raises OSError."""
    try:
        names = [entry.name.removesuffix(LOCK) for entry in os.scandir(folder) if entry.name.endswith(LOCK)]
    except FileNotFoundError:
        return []
    names = sorted(filter(is_session_name, names), key=name_order, reverse=True)
    return [found for name in names if (found := run_of(folder, name)) is not None]


def run_of(folder: Path, name: str) -> Running | None:
    """The process that runs a session; None where nobody does. Raises OSError."""
    held = holder(session_lock_path(folder, name))
    return None if held is None else Running(name, folder, held.pid, held.started, held.socket)


def choose(folder: Path, name: str | None) -> Running:
    """The running session of that name, or the only one where none is named. Raises NotRunning, OSError."""
    there = running(folder)
    if name is None:
        if len(there) == 1:
            return there[0]
        if not there:
            raise NothingRuns(f"no session runs in {folder}")
        raise NotRunning(f"{len(there)} sessions run in {folder}; name one of {', '.join(each.name for each in there)}")
    for each in there:
        if each.name == name:
            return each
    raise NotRunning(_absent(folder, name, [each.name for each in there]))


def _absent(folder: Path, name: str, there: Sequence[str]) -> str:
    try:
        known = find(folder, name)
    except UnknownSession as error:
        near = get_close_matches(name, there, n=3, cutoff=0.7) or there[:3]
        return f"{folder}: no session {name!r} runs. Did you mean {' or '.join(near)}?" if near else str(error)
    advice = {
        SessionState.ENDED: f"it has ended; `sentio-tui replay {name}` looks at it",
        SessionState.INTERRUPTED: f"it was interrupted; `sentio-tui resume {name}` goes on with it",
    }
    return f"{name} does not run: {advice.get(known.state, 'its files cannot be read')}"


class SocketRefused(Exception):
    """The session cannot be served: says why."""


def socket_path(places: Sequence[Path], folder: Path, name: str) -> Path:
    """Where the session of that folder and name is served: in the first place that can be made private to this user,
    and that leaves the path short enough. Raises SocketRefused with what is wrong with each."""
    mark = hashlib.sha256(os.fsencode(folder.resolve())).hexdigest()[:8]
    wrong = []
    for place in places:
        path = place / f"{name}-{mark}{SOCKET}"
        if len(os.fsencode(path)) > LONGEST_PATH:
            wrong.append(f"{path} is longer than {LONGEST_PATH} bytes")
        elif trouble := _made_private(place):
            wrong.append(f"{place} {trouble}")
        else:
            return path
    raise SocketRefused("; ".join(wrong) or "there is no folder for its socket")


def _made_private(place: Path) -> str:
    """Why the folder cannot hold a socket that only this user reaches; empty when it can."""
    try:
        place.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = place.lstat()
        if not stat.S_ISDIR(found.st_mode):
            return "is a link, or no folder"
        if found.st_uid != os.getuid():
            return "belongs to another user"
        if stat.S_IMODE(found.st_mode) != 0o700:
            place.chmod(0o700)
    except OSError as error:
        return f"cannot be used: {error.strerror or error}"
    return ""


def listen(path: Path) -> tuple[socket.socket, Sequence[str]]:
    """A socket that listens at `path`, for this user alone, and the names of sockets of dead processes that were
    removed for it. Whoever calls it holds the session's lock, so no process serves at `path`. Raises OSError."""
    gone = [path.name] if path.exists() else []
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    # Named only once it listens: who finds a socket nobody listens on takes it for that of a dead process.
    beginning = path.with_suffix(".new")
    try:
        beginning.unlink(missing_ok=True)
        listening.bind(str(beginning))
        beginning.chmod(0o600)
        listening.listen()
        beginning.rename(path)
    except BaseException:  # nobody else would close it
        listening.close()
        raise
    return listening, [*gone, *_removed(path)]


def _removed(path: Path) -> Iterator[str]:
    """Remove the neighbours of a socket that nobody listens on."""
    for other in path.parent.glob(f"*{SOCKET}"):
        if other != path and _is_dead(other):
            with suppress(FileNotFoundError):
                other.unlink()
                yield other.name


def _is_dead(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.setblocking(False)
        try:
            probe.connect(str(path))
        except ConnectionRefusedError:
            return path.is_socket()
        except OSError:
            return False
    return False
