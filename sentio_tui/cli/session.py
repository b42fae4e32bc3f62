"""The commands that run a session: the cockpit, and `run` without a screen."""

import argparse
import sys
from functools import partial
from typing import TYPE_CHECKING, Final

from sentio_tui.cli.company import accompanied
from sentio_tui.cli.options import (
    SESSION_SETTINGS,
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
from sentio_tui.cli.screen import located, trade, why_no_screen

if TYPE_CHECKING:
    from sentio_tui.config import Loaded
    from sentio_tui.process import Shell
    from sentio_tui.sessions.live import LiveSession
    from sentio_tui.sessions.permit import Permit
    from sentio_tui.ui.app import Cockpit

_COCKPIT_EPILOG: Final = """\
  `sentio-tui COMMAND --help` explains each.

examples:
  sentio-tui --strategy breakout --speed 120
  sentio-tui --feed recorded --data bars.csv --symbols BTC-USD
  sentio-tui --feed alpaca --broker alpaca --profile spy

exit codes: 0 done, 1 failed, 2 wrong usage or configuration, 130 interrupted
"""
_RUN_EPILOG: Final = """\
examples:
  sentio-tui run --duration 60 --speed 0
  sentio-tui run --feed recorded --data bars.csv --symbols BTC-USD --speed 0 --json > summary.json
  sentio-tui run --feed alpaca --broker alpaca --symbols SPY,QQQ

Real money is traded only with broker.alpaca.mode = "live" in the configuration, --live, and the number of the account:
  sentio-tui run --feed alpaca --broker alpaca --set broker.alpaca.mode=live --live --account 123456789
"""
_BROWSE_EPILOG: Final = """\
Lists the sessions, and starts none: enter replays one, r goes on with an interrupted one, space and c compare two, d
deletes one, s starts a new one as configured.

example:
  sentio-tui browse --sessions-dir ~/sessions
"""


def _cockpit_parser() -> Parser:
    from sentio_tui import __version__
    from sentio_tui.cli import COMMANDS

    lines = [("", "open the cockpit and start a session"), *((name, known.summary) for name, known in COMMANDS.items())]
    table = "".join(f"  {f'sentio-tui {name}':<24} {summary}\n" for name, summary in lines)
    description = "A cockpit for algorithmic trading. Opens the screen and starts a session."
    parser = Parser("", description, f"commands:\n{table}{_COCKPIT_EPILOG}")
    parser.add_argument("--version", action="version", version=f"sentio-tui {__version__}")
    _add_session_options(parser)
    add_live(parser, headless=False)
    add_setting(parser, THEME)
    return parser


def _run_parser() -> Parser:
    parser = Parser("run", "Run a session without a screen. Log lines go to the standard output.", _RUN_EPILOG)
    _add_session_options(parser)
    add_live(parser, headless=True)
    parser.add_argument(
        "--json", action="store_true", help="print only the final summary there; log lines go to the standard error"
    )
    return parser


def _add_session_options(parser: Parser) -> None:
    add_config_options(parser)
    for setting in SESSION_SETTINGS:
        add_setting(parser, setting)


def _cockpit(arguments: argparse.Namespace) -> int:
    if why := why_no_screen():
        return complain(f"{why} Use `sentio-tui run`.")
    from sentio_tui import process

    return process.divide(lambda shell: _screen(arguments, shell))


def _screen(arguments: argparse.Namespace, shell: "Shell") -> int:
    from sentio_tui.config import ConfigError
    from sentio_tui.sessions.permit import NotPermitted

    try:
        loaded = _permitted(arguments)
    except (ConfigError, NotPermitted) as error:
        return complain(error)
    return trade(partial(_assemble, loaded), loaded.settings, loaded, _refusals, shell, live=arguments.live)


def _permitted(arguments: argparse.Namespace) -> "Loaded":
    """The configuration in force, of a session that may start. Raises ConfigError, NotPermitted."""
    from sentio_tui.sessions.permit import expect_permitted

    loaded = load(arguments)
    expect_permitted(loaded.settings, arguments.live)
    return loaded


def _browse_parser() -> Parser:
    parser = Parser("browse", "Look through the sessions on disk, on a screen.", _BROWSE_EPILOG)
    add_config_options(parser)
    add_setting(parser, SESSIONS_DIR)
    add_setting(parser, THEME)
    return parser


def _browse(arguments: argparse.Namespace) -> int:
    if why := why_no_screen():
        return complain(f"{why} Use `sentio-tui sessions`.")
    from sentio_tui import process

    return process.divide(lambda shell: _shelf(arguments, shell))


def _shelf(arguments: argparse.Namespace, shell: "Shell") -> int:
    from sentio_tui.config import ConfigError

    try:
        loaded = load(arguments)
    except ConfigError as error:
        return complain(error)

    def opening(cockpit: "Cockpit") -> None:
        cockpit.library.browse_first()

    return trade(partial(_assemble, loaded), loaded.settings, loaded, _refusals, shell, opening)


def _run(arguments: argparse.Namespace) -> int:
    from sentio_tui.config import ConfigError
    from sentio_tui.sessions.permit import NotPermitted

    log = sys.stderr if arguments.json else sys.stdout
    try:
        loaded = _permitted(arguments)
        permit = unattended(arguments, log)
    except (ConfigError, NotPermitted) as error:
        return complain(error)
    from sentio_tui.sessions import headless
    from sentio_tui.sessions.preparing import prepare

    prepare(loaded.settings, permit.tell)
    try:
        session = _assemble(loaded, permit)
    except _refusals() as error:
        return complain(located(error, loaded))
    document = sys.stdout if arguments.json else None
    return headless.run(session, log=log, document=document, on_hangup=loaded.settings.session.on_hangup)


def _assemble(loaded: "Loaded", permit: "Permit") -> "LiveSession":
    from sentio_tui import paths
    from sentio_tui.sessions.assemble import assemble

    return accompanied(assemble(loaded.settings, paths.sessions_dir(loaded.settings), permit), loaded.settings)


def _refusals() -> tuple[type[Exception], ...]:
    """What `assemble` raises for what a person can put right."""
    from sentio_tui.alpaca.opening import NotOpened
    from sentio_tui.config import ConfigError
    from sentio_tui.feeds.base import FeedError
    from sentio_tui.sessions.permit import NotPermitted
    from sentio_tui.sessions.recorder import SessionsFolderError

    return (ConfigError, FeedError, NotOpened, NotPermitted, SessionsFolderError)


COCKPIT: Final = Entry(_cockpit_parser, _cockpit)
BROWSE: Final = Entry(_browse_parser, _browse)
RUN: Final = Entry(_run_parser, _run)
