"""The commands for sessions that run: `attach` looks at one, `status` asks all of them, `stop` ends one, `accept` takes
its broker's account for the truth."""

import argparse
import os
import signal
import sys
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from sentio_tui.cli.options import (
    DONE,
    FAILED,
    SESSIONS_DIR,
    THEME,
    Entry,
    Parser,
    add_config_options,
    add_setting,
    complain,
    load,
)
from sentio_tui.cli.screen import why_no_screen

if TYPE_CHECKING:
    from sentio_tui.config import Loaded
    from sentio_tui.sessions.attached import AttachedSession
    from sentio_tui.sessions.running import Running

_ATTACH_EPILOG: Final = """\
Any number may look at a session at once. One drives, `w` takes the wheel; everyone sees who has it. Leaving (`q`)
leaves the session as it is. Without a SESSION it takes the only one that runs.

examples:
  sentio-tui attach
  sentio-tui attach live_20250106_143000 --read-only
  ssh -t HOST sentio-tui attach
"""
_STATUS_EPILOG: Final = """\
example:
  sentio-tui status --json

exit codes: 0 every session answered (or none runs), 1 one did not, 2 wrong usage
"""
_STOP_EPILOG: Final = """\
Positions are closed at the next prices; a second `stop` takes the last ones. Without a SESSION it takes the only one
that runs. A session that does not answer gets SIGTERM, and ends as `session.at_exit` says.

examples:
  sentio-tui stop
  sentio-tui stop live_20250106_143000 --keep --timeout 10

exit codes: 0 it has ended, 1 it has not, 2 wrong usage
"""
_ACCEPT_EPILOG: Final = """\
A session whose books differ from its broker's account trades nothing until the two agree, or somebody accepts what the
account holds. Both sides are shown, and a question is asked unless --yes answers it. Without a SESSION it takes the
only one that runs.

examples:
  sentio-tui accept
  sentio-tui accept live_20250106_143000 --yes

exit codes: 0 they agree now, 1 they do not, 2 wrong usage
"""
_PATIENCE: Final = 60.0
_FAREWELL: Final = 5.0
"""Seconds a session has for its last words after it let go of its lock."""
_LOOK: Final = 0.1
"""Seconds between two looks at the lock of a session that is to end."""


def _parser(name: str, description: str, epilog: str) -> Parser:
    parser = Parser(name, description, epilog)
    add_config_options(parser)
    add_setting(parser, SESSIONS_DIR)
    return parser


def _add_session(parser: Parser) -> None:
    parser.add_argument("session", metavar="SESSION", nargs="?", help="its name, as `sentio-tui status` lists it")


def _attach_parser() -> Parser:
    parser = _parser("attach", "Open the cockpit on a session that runs in another process.", _ATTACH_EPILOG)
    _add_session(parser)
    parser.add_argument("--read-only", action="store_true", help="only watch: this screen can never take the wheel")
    add_setting(parser, THEME)
    return parser


def _attach(arguments: argparse.Namespace) -> int:
    if why := why_no_screen():
        return complain(f"{why} Without one, `sentio-tui status` says how a session is.")
    from sentio_tui import paths
    from sentio_tui.sessions.attached import AttachedSession
    from sentio_tui.sessions.wheel import who

    try:
        loaded = load(arguments)
        found = _chosen(loaded, arguments)
        session = AttachedSession(found, who(), read_only=arguments.read_only)
        session.attach()
    except _refusals() as error:
        return _refuse(error)
    from sentio_tui.ui import app

    try:
        return app.run(app.Cockpit(lambda: session, loaded.settings, paths.theme_dirs(loaded.settings)))
    finally:
        session.close()


def _chosen(loaded: "Loaded", arguments: argparse.Namespace) -> "Running":
    """The session that is meant. Raises NotRunning, OSError."""
    from sentio_tui import paths
    from sentio_tui.sessions.running import choose

    return choose(paths.sessions_dir(loaded.settings), arguments.session)


def _refusals() -> tuple[type[Exception], ...]:
    """What keeps a command from reaching a session, and a person can put right."""
    from sentio_tui.config import ConfigError
    from sentio_tui.sessions.attached import NotAttached
    from sentio_tui.sessions.running import NotRunning

    return (ConfigError, NotRunning, NotAttached, OSError)


def _refuse(error: Exception) -> int:
    """Tell it; the exit code: wrong usage, unless nothing could have been named or reached."""
    from sentio_tui.sessions.attached import NotAttached
    from sentio_tui.sessions.running import NothingRuns

    wrong = complain(error)
    return FAILED if isinstance(error, NothingRuns | NotAttached | OSError) else wrong


def _status_parser() -> Parser:
    parser = _parser("status", "Say which sessions run here, and how they are.", _STATUS_EPILOG)
    parser.add_argument("--json", action="store_true", help="print a list for other programs")
    return parser


def _status(arguments: argparse.Namespace) -> int:
    from sentio_tui import paths
    from sentio_tui.cli import condition
    from sentio_tui.sessions.running import running

    try:
        folder = paths.sessions_dir(load(arguments).settings)
        found = [condition.ask(each) for each in running(folder)]
    except _refusals() as error:
        return _refuse(error)
    if arguments.json:
        condition.write_json(found, sys.stdout)
    elif found:
        condition.write(found, sys.stdout)
    else:
        print(f"No session runs in {folder}")
    return FAILED if any(each.problem for each in found) else DONE


def _stop_parser() -> Parser:
    parser = _parser("stop", "End a running session in order, and wait until it has.", _STOP_EPILOG)
    _add_session(parser)
    parser.add_argument("--keep", action="store_true", help="keep the positions instead of closing them")
    parser.add_argument(
        "--timeout",
        metavar="S",
        type=_seconds,
        default=_PATIENCE,
        help=f"seconds to wait until it has ended, {_PATIENCE:g} unless told",
    )
    return parser


def _seconds(text: str) -> float:
    with suppress(ValueError):
        if 0.0 <= (value := float(text)) <= 1e6:
            return value
    raise argparse.ArgumentTypeError(f"{text} is not from 0 to 1,000,000 seconds")


def _stop(arguments: argparse.Namespace) -> int:
    from sentio_tui.sessions.attached import AttachedSession, NotAttached
    from sentio_tui.sessions.wheel import who

    try:
        found = _chosen(load(arguments), arguments)
    except _refusals() as error:
        return _refuse(error)
    session = AttachedSession(found, f"{who()} (stop)", read_only=False)
    try:
        try:
            session.attach()
        except NotAttached as error:
            return _stop_by_signal(found, error, arguments)
        return _stop_over(session, found, arguments)
    finally:
        session.close()


def _stop_over(session: "AttachedSession", found: "Running", arguments: argparse.Namespace) -> int:
    """Take the wheel, give the command, and wait."""
    from sentio_tui.model.commands import Leave, Stop

    session.take_wheel()
    session.send(Leave() if arguments.keep else Stop())
    print(f"Ending {found.name} (process {found.pid})…", flush=True)
    if _wait(found, arguments.timeout):
        return _tell_end(session)
    _tell_refusals(session)
    snapshot = session.snapshot()
    waiting = f", it waits for {snapshot.waiting}" if snapshot is not None and snapshot.waiting else ""
    complain(
        f"{found.name} has not ended after {arguments.timeout:g} s{waiting}. It goes on closing;"
        " `sentio-tui stop` once more takes the last prices."
    )
    return FAILED


def _tell_refusals(session: "AttachedSession") -> None:
    """What was asked of the session and not taken."""
    from sentio_tui.model.events import Noted
    from sentio_tui.sessions.wheel import WHEEL

    for event in session.drain():
        if isinstance(event, Noted) and event.code in (WHEEL, "refused"):
            complain(event.text)


def _tell_end(session: "AttachedSession") -> int:
    """Say that it has ended, and whether all of it is on disk: a detached session has nobody else to tell it."""
    deadline = time.monotonic() + _FAREWELL
    while not session.is_over and time.monotonic() < deadline:
        time.sleep(_LOOK)
    if session.failure:
        complain(f"{session.name} has ended, but {session.failure}")
        return FAILED
    print(f"{session.name} has ended.")
    return DONE


def _stop_by_signal(found: "Running", why: Exception, arguments: argparse.Namespace) -> int:
    """The session does not answer: its own process, known by the lock it holds, is asked to end (T-51)."""
    from sentio_tui.sessions.running import run_of

    complain(why)
    if arguments.keep:
        complain(f"process {found.pid} cannot be told to keep its positions; without --keep it gets SIGTERM")
        return FAILED
    now = run_of(found.folder, found.name)
    if now is not None and now.pid:
        print(f"Sending SIGTERM to process {now.pid}, which runs {found.name}…", flush=True)
        try:
            os.kill(now.pid, signal.SIGTERM)
        except ProcessLookupError:
            pass
        except PermissionError:
            complain(f"process {now.pid} belongs to another user")
            return FAILED
    if _wait(found, arguments.timeout):
        print(f"{found.name} has ended.")
        return DONE
    complain(f"{found.name} has not ended after {arguments.timeout:g} s")
    return FAILED


def _wait(found: "Running", timeout: float) -> bool:
    """Whether nobody runs the session any more, within `timeout` seconds."""
    from sentio_tui.sessions.running import run_of

    deadline = time.monotonic() + timeout
    while run_of(found.folder, found.name) is not None:
        if time.monotonic() >= deadline:
            return False
        time.sleep(_LOOK)
    return True


def _accept_parser() -> Parser:
    parser = _parser("accept", "Take the broker's account of a running session for the truth.", _ACCEPT_EPILOG)
    _add_session(parser)
    parser.add_argument("--yes", action="store_true", help="do not ask")
    return parser


def _accept(arguments: argparse.Namespace) -> int:
    from sentio_tui.sessions.attached import AttachedSession
    from sentio_tui.sessions.wheel import who

    try:
        found = _chosen(load(arguments), arguments)
        session = AttachedSession(found, f"{who()} (accept)", read_only=False)
        try:
            session.attach()
            return _accept_over(session, is_asked=not arguments.yes)
        finally:
            session.close()
    except _refusals() as error:
        return _refuse(error)


def _accept_over(session: "AttachedSession", *, is_asked: bool) -> int:
    """Show both sides, ask, give the command, and wait for what comes of it."""
    from sentio_tui.engine.reconciliation import account_lines
    from sentio_tui.model.commands import Accept

    snapshot = session.snapshot()
    view = snapshot.account if snapshot is not None else None
    if view is None:
        complain(f"{session.name}: no broker has reported an account to it")
        return FAILED
    print("\n".join(account_lines(view)))
    if not view.fault:
        return DONE
    if is_asked:
        if not sys.stdin.isatty():
            return complain("there is nobody to ask: --yes accepts the account")
        if input("Accept what the account holds? [y/N] ").strip().lower() not in {"y", "yes"}:
            print("Nothing is changed.")
            return FAILED
    session.take_wheel()
    session.send(Accept(view.fault))
    deadline = time.monotonic() + _FAREWELL
    while time.monotonic() < deadline and not session.is_over:
        snapshot = session.snapshot()
        if snapshot is not None and (snapshot.account is None or not snapshot.account.fault):
            print(f"{session.name}: accepted; trading goes on.")
            return DONE
        time.sleep(_LOOK)
    _tell_refusals(session)
    complain(f"{session.name}: not accepted; `sentio-tui status` says how it is")
    return FAILED


ATTACH: Final = Entry(_attach_parser, _attach)
STATUS: Final = Entry(_status_parser, _status)
STOP: Final = Entry(_stop_parser, _stop)
ACCEPT: Final = Entry(_accept_parser, _accept)
