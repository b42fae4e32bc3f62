"""`prune`: compress the journals of old sessions, or remove the sessions."""

import argparse
import re
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from sentio_tui.cli.options import (
    DONE,
    FAILED,
    SESSIONS_DIR,
    Entry,
    Parser,
    add_config_options,
    add_setting,
    complain,
    load,
)

if TYPE_CHECKING:
    from sentio_tui.journal.catalogue import Listed

_EPILOG: Final = """\
Compressing keeps the summary and the marks, and everything can still be read; removing keeps nothing. A session's age
counts from when it was last written. One that runs, or whose age is unknown, is left alone.

examples:
  sentio-tui prune --older-than 90d --dry-run
  sentio-tui prune --older-than 52w --remove --yes
"""
_LENGTH: Final = re.compile(r"(\d{1,6})([mhdw])", re.ASCII)
_UNITS: Final = {"m": 60_000, "h": 3_600_000, "d": 86_400_000, "w": 604_800_000}


def _parser() -> Parser:
    parser = Parser("prune", "Compress the journals of old sessions, or remove the sessions.", _EPILOG)
    parser.add_argument(
        "--older-than", metavar="AGE", type=_age, required=True, help="such as 90d, 12h, 30m or 8w; required"
    )
    parser.add_argument("--remove", action="store_true", help="remove the sessions instead of compressing them")
    parser.add_argument("--yes", action="store_true", help="do not ask; needed where there is no terminal to ask on")
    parser.add_argument("--dry-run", action="store_true", help="only say what would be done")
    add_config_options(parser)
    add_setting(parser, SESSIONS_DIR)
    return parser


def _age(text: str) -> int:
    """A length of time in milliseconds."""
    found = _LENGTH.fullmatch(text.strip())
    if found is None:
        raise argparse.ArgumentTypeError(f"{text!r} is no age; write a number and m, h, d or w, such as 90d or 12h")
    return int(found[1]) * _UNITS[found[2]]


def _prune(arguments: argparse.Namespace) -> int:
    from sentio_tui.cli.listings import UnreadableFolder, sessions_of
    from sentio_tui.config import ConfigError

    now = time.time_ns() // 1_000_000
    work = _REMOVING if arguments.remove else _PACKING
    try:
        folder, listed = sessions_of(load(arguments))
        old = {each.name: work.size(folder, each) for each in _old(listed, now - arguments.older_than)}
    except (ConfigError, UnreadableFolder) as error:
        return complain(error)
    except OSError as error:
        return complain(f"{error.filename}: cannot be read: {error.strerror}")
    old = {name: size for name, size in old.items() if size}
    _tell_of_the_rest(listed)
    if not old:
        print(f"There is nothing to {work.verb} in {folder} that is old enough.")
        return DONE
    if not arguments.yes:
        if not arguments.dry_run and (sys.stdin is None or not sys.stdin.isatty()):
            return complain("there is no terminal to ask on; give --yes, or --dry-run to see what would be done.")
        interrupted = _interrupted(listed)
        for name, size in old.items():
            print(f"{name}: {work.verb} {size:,} bytes{work.loss if name in interrupted else ''}")
        if arguments.dry_run or not _agreed(f"{work.verb.capitalize()} {_sessions(len(old))}{work.warning}?"):
            print("Nothing was done.")
            return DONE
    elif arguments.dry_run:
        return complain("--yes and --dry-run say opposite things; give one of them.")
    return _each(work, folder, list(old), now)


def _each(work: "_Work", folder: Path, names: Sequence[str], now: int) -> int:
    """Go through all of them, whatever happens to one; the exit code."""
    from sentio_tui.journal.atomic import JournalError
    from sentio_tui.journal.lock import LockHeld
    from sentio_tui.journal.retention import NotTheSame

    freed = failures = 0
    for name in names:
        try:
            said, bytes_freed = work.do(folder, name, now)
        except (LockHeld, JournalError, NotTheSame, OSError) as error:
            failures += 1
            complain(f"{name}: {error}")
        else:
            freed += bytes_freed
            print(f"{name}: {said}", flush=True)
    print(f"{_sessions(len(names) - failures)} {work.done}, {freed:,} bytes freed.")
    return FAILED if failures else DONE


def _old(listed: "Sequence[Listed]", before: int) -> "list[Listed]":
    from sentio_tui.journal.catalogue import SessionState

    return [
        each
        for each in listed
        if each.state is not SessionState.RUNNING and each.written is not None and each.written <= before
    ]


def _interrupted(listed: "Sequence[Listed]") -> set[str]:
    from sentio_tui.journal.catalogue import SessionState

    return {each.name for each in listed if each.state is SessionState.INTERRUPTED}


def _tell_of_the_rest(listed: "Sequence[Listed]") -> None:
    from sentio_tui.journal.catalogue import SessionState

    for each in listed:
        if each.state is SessionState.RUNNING:
            print(f"{each.name}: it runs; left alone", file=sys.stderr)
        elif each.written is None:
            print(f"{each.name}: its age is unknown; left alone", file=sys.stderr)


def _agreed(question: str) -> bool:
    """Asked beside the output, which may go to a file."""
    print(f"{question} [y/N] ", end="", file=sys.stderr, flush=True)
    answer = sys.stdin.readline()
    if not answer.endswith("\n"):
        print(file=sys.stderr)
    return answer.strip().lower() in {"y", "yes"}


def _sessions(count: int) -> str:
    return "1 session" if count == 1 else f"{count} sessions"


_TO_UNPACK: Final = "; it was interrupted, and could not be resumed before it is unpacked (gunzip)"
_RESUMABLE: Final = "; it was interrupted, and could be resumed"


class _Work(NamedTuple):
    """What is done to a session. `size` is that of what it is done to, 0 where there is nothing to do; `loss` is
    what to know of it where the session was interrupted; `do` does it and returns what was done, in words, and the
    bytes that freed. Both raise OSError, `do` what `retention` does."""

    verb: str
    done: str
    warning: str
    loss: str
    size: "Callable[[Path, Listed], int]"
    do: Callable[[Path, str, int], tuple[str, int]]


def _plain_size(folder: Path, listed: "Listed") -> int:
    path = Path(listed.path)
    return path.stat().st_size if path.suffix == ".jsonl" else 0


def _whole_size(folder: Path, listed: "Listed") -> int:
    from sentio_tui.journal.retention import size

    return size(folder, listed.name)


def _pack(folder: Path, name: str, now: int) -> tuple[str, int]:
    from sentio_tui.journal.retention import pack

    packed = pack(folder, name, now)
    return f"compressed from {packed.before:,} to {packed.after:,} bytes", packed.before - packed.after


def _remove(folder: Path, name: str, now: int) -> tuple[str, int]:
    from sentio_tui.journal.retention import remove

    freed = remove(folder, name, now)
    return f"removed, {freed:,} bytes", freed


_PACKING: Final = _Work("compress", "compressed", "", _TO_UNPACK, _plain_size, _pack)
_REMOVING: Final = _Work("remove", "removed", " for good", _RESUMABLE, _whole_size, _remove)

PRUNE: Final = Entry(_parser, _prune)
