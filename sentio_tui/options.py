"""The options of each command, and their help. What the commands do stands in `cli.py`."""

import argparse
from pathlib import Path
from typing import Final, NamedTuple, NoReturn

from sentio_tui import __version__

WRONG: Final = 2
"""The exit code of wrong usage or configuration."""


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
FLAGS: Final = {setting.key: setting.flag for setting in (*_SETTINGS, _THEME)}

_COCKPIT_EPILOG: Final = """\
commands:
  sentio-tui                   open the cockpit and start a session
  sentio-tui run               run a session without a screen
  sentio-tui sessions          list the sessions on disk
  sentio-tui strategies        list the strategies and their parameters
  sentio-tui export SESSION    write a session's signals, decisions, trades and positions as files
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
_EXPORT_EPILOG: Final = """\
Writes signals_, decisions_, trades_ and positions_YYYYMMDD_HHMMSS.jsonl, one line for each decision, fill and bar.

example:
  sentio-tui export live_20250106_143000 --out logs
"""
_CONFIG_EPILOG: Final = """\
Layers, the later wins: the packaged config.toml, the user's, ./config.toml, --config, variables
(SENTIO_FEED__SPEED=0), options. Profiles stand just above the file they are in.

example:
  sentio-tui config --speed 0 --set broker.slippage=0
"""


class Parser(argparse.ArgumentParser):
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


def cockpit_parser() -> Parser:
    parser = Parser("", "A cockpit for algorithmic trading. Opens the screen and starts a session.", _COCKPIT_EPILOG)
    parser.add_argument("--version", action="version", version=f"sentio-tui {__version__}")
    _add_session_options(parser)
    _add(parser, _THEME)
    return parser


def run_parser() -> Parser:
    parser = Parser("run", "Run a session without a screen. Log lines go to the standard output.", _RUN_EPILOG)
    _add_session_options(parser)
    parser.add_argument(
        "--json", action="store_true", help="print only the final summary there; log lines go to the standard error"
    )
    return parser


def sessions_parser() -> Parser:
    parser = Parser("sessions", "List the sessions on disk, the newest first.", _SESSIONS_EPILOG)
    _add_config_options(parser)
    _add(parser, _SESSIONS_DIR)
    parser.add_argument("--json", action="store_true", help="print a list for other programs")
    return parser


def export_parser() -> Parser:
    parser = Parser("export", "Write a session's signals, decisions, trades and positions as files.", _EXPORT_EPILOG)
    parser.add_argument("session", metavar="SESSION", help="its name, as `sentio-tui sessions` lists it")
    parser.add_argument("--format", choices=("jsonl",), default="jsonl", help="the format of the files: jsonl")
    parser.add_argument("--out", metavar="DIR", type=Path, default=Path(), help="the folder to write to; default .")
    _add_config_options(parser)
    _add(parser, _SESSIONS_DIR)
    return parser


def strategies_parser() -> Parser:
    parser = Parser("strategies", "List the strategies and their parameters.", _STRATEGIES_EPILOG)
    parser.add_argument("--json", action="store_true", help="print a list for other programs")
    return parser


def config_parser() -> Parser:
    parser = Parser(
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
