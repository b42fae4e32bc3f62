"""The commands that go back to a journal: `resume` goes on with it, `verify` proves it."""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

from sentio_tui.cli.company import accompanied
from sentio_tui.cli.options import (
    DONE,
    FAILED,
    SESSIONS_DIR,
    THEME,
    Entry,
    Parser,
    add_config_options,
    add_live,
    add_setting,
    complain,
    load,
)
from sentio_tui.cli.permission import unattended
from sentio_tui.cli.screen import trade, why_no_screen

if TYPE_CHECKING:
    from sentio_tui.config import Loaded
    from sentio_tui.process import Shell
    from sentio_tui.sessions.live import LiveSession
    from sentio_tui.sessions.verify import Verdict
    from sentio_tui.settings import Settings

_RESUME_EPILOG: Final = """\
Goes on where the session broke off, at the exact next bar, with the configuration it was started with. Without a
SESSION it takes the only interrupted one. Without a terminal it runs without a screen, as `sentio-tui run` does. One
that trades an account at Alpaca is checked as at its start, and real money needs the same permission again.

examples:
  sentio-tui resume
  sentio-tui resume live_20250106_143000 --no-screen --json > summary.json
"""
_VERIFY_EPILOG: Final = """\
Runs the engine again on the recorded bars, commands and timers, and compares every event it makes with the journal.

examples:
  sentio-tui verify live_20250106_143000
  sentio-tui verify live_20250106_143000 --json

exit codes: 0 identical, 1 different or not readable to its end, 2 wrong usage
"""


def _resume_parser() -> Parser:
    parser = Parser("resume", "Go on with an interrupted session, exactly where it broke off.", _RESUME_EPILOG)
    parser.add_argument("session", metavar="SESSION", nargs="?", help="its name, as `sentio-tui sessions` lists it")
    parser.add_argument("--no-screen", action="store_true", help="run without a screen, also where there is a terminal")
    parser.add_argument("--json", action="store_true", help="without a screen: print only the final summary")
    parser.add_argument("--speed", metavar="X", type=float, help="another speed than the recorded one")
    add_live(parser, headless=True)
    add_config_options(parser)
    add_setting(parser, SESSIONS_DIR)
    add_setting(parser, THEME)
    return parser


def _resume(arguments: argparse.Namespace) -> int:
    from sentio_tui import process

    if arguments.no_screen or arguments.json or why_no_screen():
        return _go_on(arguments, None)
    return process.divide(lambda shell: _go_on(arguments, shell))


def _go_on(arguments: argparse.Namespace, shell: "Shell | None") -> int:
    """With a screen where there is a shell to come back to."""
    from sentio_tui import paths
    from sentio_tui.config import ConfigError
    from sentio_tui.sessions import headless
    from sentio_tui.sessions.permit import NONE, Permit, expect_permitted
    from sentio_tui.sessions.preparing import prepare
    from sentio_tui.sessions.resume import interrupted, resume, settings_of

    speed: float | None = arguments.speed
    if speed is not None and not 0.0 <= speed <= 100_000.0:
        return complain(f"--speed {speed:g} must be from 0 to 100,000")
    refusals: tuple[type[Exception], ...] = (ConfigError, *_refusals())
    log = sys.stderr if arguments.json else sys.stdout
    try:
        loaded = load(arguments)
        folder = paths.sessions_dir(loaded.settings)
        name = arguments.session or interrupted(folder)
        settings = settings_of(folder, name)
        expect_permitted(settings, arguments.live)
        alone = unattended(arguments, log) if shell is None else NONE
    except refusals as error:
        return complain(error)

    def going_on(permit: Permit) -> "LiveSession":
        return accompanied(resume(folder, name, speed, permit), loaded.settings)

    if shell is not None:
        screen = _with_screen_of(settings, loaded)
        return trade(going_on, screen, loaded, _refusals, shell, live=arguments.live)
    prepare(settings, alone.tell)
    try:
        session = going_on(alone)
    except _refusals() as error:
        complain(error)
        return FAILED
    document = sys.stdout if arguments.json else None
    return headless.run(session, log=log, document=document, on_hangup=settings.session.on_hangup)


def _with_screen_of(settings: "Settings", loaded: "Loaded") -> "Settings":
    """What was recorded of trading, and what is in force now of the screen."""
    from msgspec.structs import replace

    return replace(settings, ui=loaded.settings.ui, keys=loaded.settings.keys)


def _refusals() -> tuple[type[Exception], ...]:
    """Why a session cannot go on, where a person can put it right."""
    from sentio_tui.alpaca.opening import NotOpened
    from sentio_tui.feeds.base import FeedError
    from sentio_tui.journal.atomic import JournalError
    from sentio_tui.journal.catalogue import UnknownSession
    from sentio_tui.sessions.permit import NotPermitted
    from sentio_tui.sessions.resume import NotResumed

    return (NotResumed, NotPermitted, NotOpened, UnknownSession, FeedError, JournalError, OSError)


def _verify_parser() -> Parser:
    parser = Parser("verify", "Prove that a session's journal follows from its inputs.", _VERIFY_EPILOG)
    parser.add_argument("session", metavar="SESSION", help="its name, as `sentio-tui sessions` lists it")
    parser.add_argument("--json", action="store_true", help="print the result for other programs")
    add_config_options(parser)
    add_setting(parser, SESSIONS_DIR)
    return parser


def _verify(arguments: argparse.Namespace) -> int:
    import msgspec

    from sentio_tui import paths
    from sentio_tui.config import ConfigError
    from sentio_tui.journal.catalogue import UnknownSession, find
    from sentio_tui.sessions.resume import NotResumed
    from sentio_tui.sessions.verify import verify

    try:
        folder = paths.sessions_dir(load(arguments).settings)
        verdict = verify(Path(find(folder, arguments.session).path))
    except (ConfigError, UnknownSession) as error:
        return complain(error)
    except (NotResumed, OSError) as error:
        complain(error)
        return FAILED
    if arguments.json:
        print(msgspec.json.encode(verdict).decode())
    else:
        _tell(verdict)
    return DONE if verdict.is_proved else FAILED


def _tell(verdict: "Verdict") -> None:
    if verdict.difference:
        print(f"{verdict.session}: different: {verdict.difference}")
        print(f"The {verdict.identical:,} events before it are identical.")
    else:
        print(f"{verdict.session}: identical, {verdict.identical:,} events")
        if not verdict.ended:
            print("The session has not ended: this is so up to its last event.")
        for change in verdict.changed:
            print(f"Since then: {change}")
    for problem in (verdict.torn, verdict.damage):
        if problem:
            print(problem)


RESUME: Final = Entry(_resume_parser, _resume)
VERIFY: Final = Entry(_verify_parser, _verify)
