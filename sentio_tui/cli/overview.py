"""The commands that only look: sessions on disk, strategies, the configuration in force."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from sentio_tui.cli.options import (
    DONE,
    FAILED,
    SESSION_SETTINGS,
    SESSIONS_DIR,
    THEME,
    Entry,
    Parser,
    add_config_options,
    add_setting,
    complain,
    load,
)

_ORDERS: Final = ("started", "name", "state", "strategy", "return", "drawdown", "trades")
_SESSIONS_EPILOG: Final = """\
A session that says in its last column that its summary is missing or old can be given a new one from its journal.

examples:
  sentio-tui sessions --sort return
  sentio-tui sessions --rebuild --json
"""
_STRATEGIES_EPILOG: Final = """\
example:
  sentio-tui strategies
  sentio-tui run --strategy momentum --set strategy.params.threshold=0.005
"""
_CONFIG_EPILOG: Final = """\
Layers, the later wins: the packaged config.toml, the user's, ./config.toml, --config, variables
(SENTIO_FEED__SPEED=0), options. Profiles stand just above the file they are in.

example:
  sentio-tui config --speed 0 --set broker.slippage=0
"""


def _sessions_parser() -> Parser:
    parser = Parser("sessions", "List the sessions on disk, the newest first.", _SESSIONS_EPILOG)
    add_config_options(parser)
    add_setting(parser, SESSIONS_DIR)
    parser.add_argument("--json", action="store_true", help="print a list for other programs")
    parser.add_argument("--sort", choices=_ORDERS, default="started", help=f"{', '.join(_ORDERS)}; default started")
    parser.add_argument(
        "--rebuild", action="store_true", help="first make missing and old summaries anew, from the journals"
    )
    return parser


def _sessions(arguments: argparse.Namespace) -> int:
    from sentio_tui.cli import listings
    from sentio_tui.config import ConfigError

    code = DONE
    try:
        loaded = load(arguments)
        folder, listed = listings.sessions_of(loaded)
        if arguments.rebuild and any(each.is_outdated for each in listed):
            code = _rebuild(folder, [each.name for each in listed if each.is_outdated])
            folder, listed = listings.sessions_of(loaded)
    except (ConfigError, listings.UnreadableFolder) as error:
        return complain(error)
    listed = sorted(listed, key=listings.ORDERS[arguments.sort])
    if arguments.json:
        listings.sessions_json(listed, sys.stdout)
    else:
        listings.sessions_table(folder, listed, sys.stdout)
    return code


def _rebuild(folder: Path, names: Sequence[str]) -> int:
    """Whatever happens to one, the others get their summaries; the exit code."""
    from sentio_tui.sessions.rebuild import NOT_REBUILT, rebuild

    code = DONE
    for name in names:
        try:
            torn = rebuild(folder, name)
        except NOT_REBUILT as error:
            complain(f"{name}: its summary could not be made: {error}")
            code = FAILED
        else:
            print(f"{name}: its summary was made anew" + (f"; {torn}" if torn else ""), file=sys.stderr)
    return code


def _strategies_parser() -> Parser:
    parser = Parser("strategies", "List the strategies and their parameters.", _STRATEGIES_EPILOG)
    parser.add_argument("--json", action="store_true", help="print a list for other programs")
    return parser


def _strategies(arguments: argparse.Namespace) -> int:
    from sentio_tui.cli import listings

    write = listings.strategies_json if arguments.json else listings.strategies_table
    for name, problem in write(sys.stdout).items():
        print(f"sentio-tui: strategy {name}: {problem}", file=sys.stderr)
    return DONE


def _config_parser() -> Parser:
    parser = Parser(
        "config", "Print the configuration in force, where each value came from, and the keys.", _CONFIG_EPILOG
    )
    add_config_options(parser)
    for setting in (*SESSION_SETTINGS, THEME):
        add_setting(parser, setting)
    return parser


def _config(arguments: argparse.Namespace) -> int:
    from sentio_tui.cli import listings
    from sentio_tui.config import ConfigError

    try:
        problems = listings.configuration(load(arguments), sys.stdout)
    except ConfigError as error:
        return complain(error)
    for problem in problems:
        print(f"sentio-tui: {problem}", file=sys.stderr)
    return DONE


SESSIONS: Final = Entry(_sessions_parser, _sessions)
STRATEGIES: Final = Entry(_strategies_parser, _strategies)
CONFIG: Final = Entry(_config_parser, _config)
