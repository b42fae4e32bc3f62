"""What the doctor looks at on this machine: versions, terminal, folders, disk, what dead processes left behind."""

import locale
import platform
import re
import shutil
import socket
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from importlib import metadata
from pathlib import Path
from typing import Final

from sentio_tui import paths
from sentio_tui.alpaca.preflight import Check, failed, ok, warning
from sentio_tui.journal.lock import holder
from sentio_tui.journal.names import LOCK
from sentio_tui.sessions.running import SOCKET

PACKAGE: Final = "sentio-tui"
SHOWN: Final = ("textual", "alpaca-py", "websockets", "msgspec", "numpy", "pandas", "pyarrow", "keyring")
MIB: Final = 1 << 20
LITTLE: Final = 1024 * MIB
"""Bytes. A busy day's journal has some hundred MiB."""
TOO_LITTLE: Final = 64 * MIB
SMALLEST: Final = (80, 24)
_PIN: Final = re.compile(r"(>=|<=|==|<|>)\s*([0-9.]+)")
_REINSTALL: Final = "Install again: `pip install .` in a fresh environment."


def machine(sessions: Path, environ: Mapping[str, str]) -> Iterator[Check]:
    """All checks of this machine, in order. `sessions` is the folder of the sessions."""
    yield _python()
    yield from packages()
    yield from terminal(environ)
    for name, folder in (("sessions", sessions), ("configuration", paths.user_config_dir())):
        yield writable(name, folder)
    yield disk(sessions)
    yield from locks(sessions, paths.accounts_dir())
    yield from sockets(paths.socket_dirs())


def _python() -> Check:
    return ok("python", f"{platform.python_version()} on {platform.system()} {platform.release()}")


def packages() -> Iterator[Check]:
    """What is installed against what this version asks for."""
    try:
        wanted = [line for line in metadata.requires(PACKAGE) or () if "extra ==" not in line]
        own = metadata.version(PACKAGE)
    except metadata.PackageNotFoundError:
        yield failed("packages", f"{PACKAGE} is not installed, only its files are there", _REINSTALL)
        return
    wrong = [problem for line in wanted if (problem := _problem(line))]
    for problem in wrong:
        yield failed("packages", problem, _REINSTALL)
    if not wrong:
        shown = ", ".join(f"{name} {metadata.version(name)}" for name in SHOWN)
        yield ok("packages", f"{PACKAGE} {own}; {shown}")


def _problem(requirement: str) -> str:
    """Why an installed package is not what a line such as "websockets<18,>=17" asks for; empty where it is."""
    name = re.split(r"[^A-Za-z0-9._-]", requirement, maxsplit=1)[0]
    try:
        version = metadata.version(name)
    except metadata.PackageNotFoundError:
        return f"{name} is missing"
    have = _numbers(version)
    for operator, text in _PIN.findall(requirement):
        want = _numbers(text)
        if not _HOLDS[operator](have, want):
            return f"{name} is {version}, {operator}{text} is needed"
    return ""


_HOLDS: Final = {
    ">=": lambda have, want: have >= want,
    "<=": lambda have, want: have <= want,
    "==": lambda have, want: have == want,
    "<": lambda have, want: have < want,
    ">": lambda have, want: have > want,
}


def _numbers(version: str) -> tuple[int, ...]:
    """Of a version, without what follows its numbers, and without zeros at its end."""
    found = re.match(r"[0-9.]*[0-9]", version)
    numbers = [int(part) for part in (found[0] if found else "0").split(".") if part]
    while numbers and numbers[-1] == 0:
        numbers.pop()
    return tuple(numbers)


def terminal(environ: Mapping[str, str]) -> Iterator[Check]:
    """Size, colours and characters. Without a terminal there is nothing to say of it."""
    name = environ.get("TERM", "")
    if not sys.stdout.isatty():
        yield ok("terminal", "the output is not a terminal; `sentio-tui run` needs none")
        return
    columns, lines = shutil.get_terminal_size()
    size = f"{name or 'unknown'}, {columns}x{lines}"
    if columns < SMALLEST[0] or lines < SMALLEST[1]:
        yield warning("terminal", size, f"Make it at least {SMALLEST[0]}x{SMALLEST[1]}.")
    elif name in ("", "dumb"):
        yield failed("terminal", size, "It cannot draw a screen; use another, or `sentio-tui run`.")
    else:
        yield ok("terminal", size)
    yield _colours(name, environ)
    yield _characters()


def _colours(name: str, environ: Mapping[str, str]) -> Check:
    if environ.get("COLORTERM", "").lower() in ("truecolor", "24bit"):
        return ok("colours", "16 million")
    advice = "Themes look best with 16 million: set COLORTERM=truecolor where the terminal has them."
    return warning("colours", "256" if "256" in name else "16 or fewer", advice)


def _characters() -> Check:
    encoding = (getattr(sys.stdout, "encoding", "") or locale.getpreferredencoding(False)).lower()
    if encoding.replace("-", "") == "utf8":
        return ok("characters", "UTF-8")
    return warning("characters", encoding or "unknown", "Charts and signs need UTF-8: set LANG, such as C.UTF-8.")


def writable(name: str, folder: Path) -> Check:
    """Whether files can be made there, or the folder itself."""
    there = next(each for each in (folder, *folder.parents) if each.exists())
    found = f"{folder}" if there == folder else f"{folder}, which will be made"
    try:
        with tempfile.TemporaryFile(dir=there):
            return ok(name, found)
    except OSError as error:
        return failed(name, f"{there}: {error.strerror or error}", "Give yourself the right to write there.")


def disk(folder: Path) -> Check:
    there = next(each for each in (folder, *folder.parents) if each.exists())
    try:
        free = shutil.disk_usage(there).free
    except OSError as error:
        return failed("disk", f"{there}: {error.strerror or error}", "Look at the file system.")
    found = f"{free / MIB:,.0f} MiB free for sessions"
    if free < TOO_LITTLE:
        return failed("disk", found, "Make room (`sentio-tui prune`): trading halts when a journal cannot be written.")
    if free < LITTLE:
        return warning("disk", found, "Make room: `sentio-tui prune` compresses or removes old sessions.")
    return ok("disk", found)


def locks(*folders: Path) -> Iterator[Check]:
    """Of sessions and accounts: who holds them, and which were left behind."""
    held, left = [], []
    for folder in folders:
        try:
            for path in sorted(folder.glob(f"*{LOCK}")):
                found = holder(path)
                if found is None:
                    left.append(path)
                else:
                    whose = f"session {found.session}, " if found.session != path.stem else ""
                    held.append(f"{path.stem} ({whose}process {found.pid})")
        except OSError as error:
            where = f"{error.filename or folder}: {error.strerror}"
            yield failed("locks", where, "Give yourself the right to read there.")
            return
    for path in left:
        advice = f"It does no harm: the next start takes it. Remove it with `rm '{path}'`."
        yield warning("locks", f"{path} was left by a process that died", advice)
    if held or not left:
        yield ok("locks", f"held: {', '.join(held)}" if held else "none is held")


def sockets(folders: Iterable[Path]) -> Iterator[Check]:
    """Of running sessions: which answer, and which were left behind."""
    answering, left = 0, []
    for folder in folders:
        for path in sorted(folder.glob(f"*{SOCKET}")):
            with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
                probe.settimeout(1.0)
                try:
                    probe.connect(str(path))
                    answering += 1
                except ConnectionRefusedError:
                    left.append(path)
                except OSError as error:
                    yield warning("sockets", f"{path}: {error.strerror or error}", "Look at its process.")
    for path in left:
        advice = "It does no harm: the next session that is served removes it."
        yield warning("sockets", f"{path} was left by a process that died", advice)
    if not left:
        yield ok("sockets", f"{answering} in use" if answering else "none is in use")
