"""The commands. Everything heavy is imported by the command that needs it, so that help and errors come at once."""

import argparse
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple, NoReturn

from sentio_tui import __version__

if TYPE_CHECKING:
    from sentio_tui.config import Loaded
    from sentio_tui.sessions.base import Session
    from sentio_tui.sessions.live import LiveSession

DONE: Final = 0
FAILED: Final = 1
WRONG: Final = 2
INTERRUPTED: Final = 130


class _Setting(NamedTuple):
    """An option that sets one key of the configuration."""

    flag: str
    key: str
    metavar: str
    help: str


_SESSIONS_DIR: Final = _Setting("--sessions-dir", "sessions_dir", "DIR", "the folder of the session files")
_SETTINGS: Final = (
    _Setting("--feed", "feed.kind", "KIND", "where bars come from: simulated or recorded"),
    _Setting("--data", "feed.data", "FILE", "a CSV or Parquet file of a recorded feed; may be given more than once"),
    _Setting("--data-symbol", "feed.data_symbol", "SYMBOL", "the symbol of files that have no symbol column"),
    _Setting("--date", "feed.date", "YYYY-MM-DD", "one exchange day of a recorded feed"),
    _Setting("--strategy", "strategy.name", "NAME", "the strategy; `sentio-tui strategies` lists them"),
    _Setting("--preset", "strategy.preset", "NAME", "its parameters: conservative, balanced or aggressive"),
    _Setting("--symbols", "feed.symbols", "A,B,C", "the symbols to trade, with commas"),
    _Setting("--capital", "session.capital", "MONEY", "cash at the start"),
    _Setting("--duration", "session.duration", "MINUTES", "end after this much market time; 0 is without end"),
    _Setting("--speed", "feed.speed", "X", "1 is real time, 60 an hour a minute, 0 as fast as possible"),
    _Setting("--seed", "feed.seed", "N", "the random seed of the simulated feed"),
    _SESSIONS_DIR,
)
_THEME: Final = _Setting("--theme", "ui.theme", "NAME", "the theme of the screen")
_FLAGS: Final = {setting.key: setting.flag for setting in (*_SETTINGS, _THEME)}

_COCKPIT_EPILOG: Final = """\
commands:
  sentio-tui                   open the cockpit and start a session
  sentio-tui run               run a session without a screen
  sentio-tui sessions          list the sessions on disk
  sentio-tui strategies        list the strategies and their parameters
  sentio-tui config            print the configuration in force, and where each value came from
  `sentio-tui COMMAND --help` explains each.

examples:
  sentio-tui --strategy breakout --speed 120
  sentio-tui --feed recorded --data bars.csv --symbols BTC-USD

exit codes: 0 done, 1 failed, 2 wrong usage or configuration, 130 interrupted
"""
_RUN_EPILOG: Final = """\
examples:
  sentio-tui run --duration 60 --speed 0
  sentio-tui run --feed recorded --data bars.csv --symbols BTC-USD --speed 0 --json > summary.json
"""
_SESSIONS_EPILOG: Final = """\
example:
  sentio-tui sessions --json
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


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    try:
        parser, run = _COCKPIT
        if arguments and arguments[0] in _COMMANDS:
            parser, run = _COMMANDS[arguments.pop(0)]
        code = run(parser().parse_args(arguments))
        sys.stdout.flush()
        return code
    except SystemExit as stop:
        return stop.code if isinstance(stop.code, int) else WRONG
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        # The reader of our output is gone (`| head`); without this the interpreter complains once more at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED


class _Parser(argparse.ArgumentParser):
    def __init__(self, name: str, description: str, epilog: str) -> None:
        super().__init__(
            prog=f"sentio-tui {name}".strip(),
            description=description,
            epilog=epilog,
            formatter_class=argparse.RawDescriptionHelpFormatter,
            allow_abbrev=False,
        )

    def error(self, message: str) -> NoReturn:
        self.exit(WRONG, f"{self.prog}: {message}\nTry `{self.prog} --help`.\n")


def _cockpit_parser() -> _Parser:
    parser = _Parser("", "A cockpit for algorithmic trading. Opens the screen and starts a session.", _COCKPIT_EPILOG)
    parser.add_argument("--version", action="version", version=f"sentio-tui {__version__}")
    _add_session_options(parser)
    _add(parser, _THEME)
    return parser


def _run_parser() -> _Parser:
    parser = _Parser("run", "Run a session without a screen. Log lines go to the standard output.", _RUN_EPILOG)
    _add_session_options(parser)
    parser.add_argument(
        "--json", action="store_true", help="print only the final summary there; log lines go to the standard error"
    )
    return parser


def _sessions_parser() -> _Parser:
    parser = _Parser("sessions", "List the sessions on disk, the newest first.", _SESSIONS_EPILOG)
    _add_config_options(parser)
    _add(parser, _SESSIONS_DIR)
    parser.add_argument("--json", action="store_true", help="print a list for other programs")
    return parser


def _strategies_parser() -> _Parser:
    parser = _Parser("strategies", "List the strategies and their parameters.", _STRATEGIES_EPILOG)
    parser.add_argument("--json", action="store_true", help="print a list for other programs")
    return parser


def _config_parser() -> _Parser:
    parser = _Parser(
        "config", "Print the configuration in force, where each value came from, and the keys.", _CONFIG_EPILOG
    )
    _add_session_options(parser)
    _add(parser, _THEME)
    return parser


def _add_session_options(parser: argparse.ArgumentParser) -> None:
    _add_config_options(parser)
    for setting in _SETTINGS:
        _add(parser, setting)


def _add_config_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--config",
        metavar="FILE",
        type=_given,
        action="append",
        default=[],
        help="a configuration file; may be given more than once, the later wins",
    )
    parser.add_argument("--profile", metavar="NAME", type=_given, help="a profile of the configuration, such as crypto")
    parser.add_argument(
        "--set",
        metavar="KEY=VALUE",
        type=_given,
        action="append",
        default=[],
        dest="assignments",
        help="set any key of the configuration; may be given more than once",
    )


def _add(parser: argparse.ArgumentParser, setting: _Setting) -> None:
    repeats = setting.flag == "--data"
    parser.add_argument(
        setting.flag,
        metavar=setting.metavar,
        dest=setting.key,
        type=_given,
        action="append" if repeats else "store",
        help=setting.help,
    )


def _given(text: str) -> str:
    """An option's value as it is. An empty one, as from an unset shell variable, is no value."""
    if not text.strip():
        raise argparse.ArgumentTypeError("the value is empty")
    return text


def _load(arguments: argparse.Namespace) -> "Loaded":
    from sentio_tui import config

    given: Mapping[str, object] = vars(arguments)
    return config.load(
        {key: given[key] for key in _FLAGS if given.get(key) is not None},
        names=_FLAGS,
        assignments=arguments.assignments,
        config_files=[Path(name) for name in arguments.config],
        profile=arguments.profile,
    )


def _complain(error: object) -> int:
    print(f"sentio-tui: {error}", file=sys.stderr)
    return WRONG


def _cockpit(arguments: argparse.Namespace) -> int:
    from sentio_tui import paths
    from sentio_tui.config import ConfigError

    if not _has_terminal():
        return _complain("the cockpit needs a terminal. Without one, use `sentio-tui run`.")
    try:
        loaded = _load(arguments)
    except ConfigError as error:
        return _complain(error)
    refused: list[Exception] = []

    def launch() -> "Session":
        refused.clear()
        try:
            session = _assemble(loaded)
        except _refusals() as error:
            refused.append(_located(error, loaded))
            raise refused[0] from error
        session.start()
        return session

    from sentio_tui.ui import app

    code = app.run(app.Cockpit(launch, loaded.settings, paths.theme_dirs(loaded.settings)))
    return _complain(refused[0]) if refused else code


def _has_terminal() -> bool:
    return all(stream is not None and stream.isatty() for stream in (sys.stdin, sys.stdout, sys.stderr))


def _run(arguments: argparse.Namespace) -> int:
    from sentio_tui.config import ConfigError

    try:
        loaded = _load(arguments)
    except ConfigError as error:
        return _complain(error)
    from sentio_tui.sessions import headless

    try:
        session = _assemble(loaded)
    except _refusals() as error:
        return _complain(_located(error, loaded))
    if arguments.json:
        return headless.run(session, log=sys.stderr, document=sys.stdout)
    return headless.run(session, log=sys.stdout, document=None)


def _sessions(arguments: argparse.Namespace) -> int:
    from sentio_tui import listings
    from sentio_tui.config import ConfigError

    write = listings.sessions_json if arguments.json else listings.sessions_table
    try:
        write(_load(arguments), sys.stdout)
    except (ConfigError, listings.UnreadableFolder) as error:
        return _complain(error)
    return DONE


def _strategies(arguments: argparse.Namespace) -> int:
    from sentio_tui import listings

    write = listings.strategies_json if arguments.json else listings.strategies_table
    for name, problem in write(sys.stdout).items():
        print(f"sentio-tui: strategy {name}: {problem}", file=sys.stderr)
    return DONE


def _config(arguments: argparse.Namespace) -> int:
    from sentio_tui import listings
    from sentio_tui.config import ConfigError

    try:
        problems = listings.configuration(_load(arguments), sys.stdout)
    except ConfigError as error:
        return _complain(error)
    for problem in problems:
        print(f"sentio-tui: {problem}", file=sys.stderr)
    return DONE


def _assemble(loaded: "Loaded") -> "LiveSession":
    from sentio_tui import paths
    from sentio_tui.sessions.assemble import assemble

    return assemble(loaded.settings, paths.sessions_dir(loaded.settings))


def _refusals() -> tuple[type[Exception], ...]:
    """What `assemble` raises for what a person can put right."""
    from sentio_tui.config import ConfigError
    from sentio_tui.feeds.base import FeedError
    from sentio_tui.sessions.recorder import SessionsFolderError

    return (ConfigError, FeedError, SessionsFolderError)


def _located(error: Exception, loaded: "Loaded") -> Exception:
    from sentio_tui.config import ConfigError

    return error.located(loaded.provenance) if isinstance(error, ConfigError) else error


_Entry = tuple[Callable[[], _Parser], Callable[[argparse.Namespace], int]]

_COCKPIT: Final[_Entry] = (_cockpit_parser, _cockpit)
_COMMANDS: Final[Mapping[str, _Entry]] = {
    "run": (_run_parser, _run),
    "sessions": (_sessions_parser, _sessions),
    "strategies": (_strategies_parser, _strategies),
    "config": (_config_parser, _config),
}
