"""What the options of all commands have in common: settings as options, the parser, and how a refusal is told."""

import argparse
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple, NoReturn

if TYPE_CHECKING:
    from sentio_tui.config import Loaded

DONE: Final = 0
FAILED: Final = 1
WRONG: Final = 2
"""The exit code of wrong usage or configuration."""
INTERRUPTED: Final = 130


class Setting(NamedTuple):
    """An option that sets one key of the configuration."""

    flag: str
    key: str
    metavar: str
    help: str


SESSIONS_DIR: Final = Setting("--sessions-dir", "sessions_dir", "DIR", "the folder of the session files")
SYMBOLS: Final = Setting("--symbols", "feed.symbols", "A,B,C", "the symbols to trade, with commas")
SESSION_SETTINGS: Final = (
    Setting("--feed", "feed.kind", "KIND", "where bars come from: simulated, recorded or alpaca"),
    Setting("--broker", "broker.kind", "KIND", "where orders go: paper (filled here) or alpaca"),
    Setting(
        "--data",
        "feed.data",
        "FILE",
        "bars of a recorded feed: a CSV or Parquet file, or a folder of them; may be repeated",
    ),
    Setting("--data-symbol", "feed.data_symbol", "SYMBOL", "the symbol of files that have no symbol column"),
    Setting("--date", "feed.date", "YYYY-MM-DD", "one exchange day of a recorded feed"),
    Setting("--strategy", "strategy.name", "NAME", "the strategy; `sentio-tui strategies` lists them"),
    Setting("--preset", "strategy.preset", "NAME", "its parameters: conservative, balanced or aggressive"),
    SYMBOLS,
    Setting(
        "--capital", "session.capital", "MONEY", "cash at the start; an account at Alpaca is traded with what is in it"
    ),
    Setting("--duration", "session.duration", "MINUTES", "end after this much market time; 0 is without end"),
    Setting("--speed", "feed.speed", "X", "1 is real time, 60 an hour a minute, 0 as fast as possible"),
    Setting("--seed", "feed.seed", "N", "the random seed of the simulated feed"),
    SESSIONS_DIR,
)
WEB_SETTINGS: Final = (
    Setting("--port", "web.port", "N", "the port of the dashboard; 0 is any that is free"),
    Setting("--host", "web.host", "ADDRESS", "the address it listens on; any but this machine's own needs a token"),
)
THEME: Final = Setting("--theme", "ui.theme", "NAME", "the theme of the screen")
FLAGS: Final = {setting.key: setting.flag for setting in (*SESSION_SETTINGS, *WEB_SETTINGS, THEME)}


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


class Entry(NamedTuple):
    """A command: its options, and what it does, which returns the exit code."""

    parser: Callable[[], Parser]
    run: Callable[[argparse.Namespace], int]


def add_config_options(parser: argparse.ArgumentParser) -> None:
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


def add_setting(parser: argparse.ArgumentParser, setting: Setting) -> None:
    repeats = setting.flag == "--data"
    parser.add_argument(
        setting.flag,
        metavar=setting.metavar,
        dest=setting.key,
        type=_given,
        action="append" if repeats else "store",
        help=setting.help,
    )


def add_live(parser: argparse.ArgumentParser, *, headless: bool) -> None:
    """The permission for real money; where nobody can be asked, with the account that is meant."""
    parser.add_argument("--live", action="store_true", help="permit real money, where the configuration says so too")
    if headless:
        text = "without a screen: the number of the live account, which confirms that it is meant"
        parser.add_argument("--account", metavar="NUMBER", type=_given, help=text)


def _given(text: str) -> str:
    """An option's value as it is. An empty one, as from an unset shell variable, is no value."""
    if not text.strip():
        raise argparse.ArgumentTypeError("the value is empty")
    return text


def load(arguments: argparse.Namespace) -> "Loaded":
    """The configuration in force with these options. Raises ConfigError."""
    from sentio_tui import config

    given: Mapping[str, object] = vars(arguments)
    return config.load(
        {key: given[key] for key in FLAGS if given.get(key) is not None},
        names=FLAGS,
        assignments=arguments.assignments,
        config_files=[Path(name) for name in arguments.config],
        profile=arguments.profile,
    )


def complain(error: object) -> int:
    """Tell what is wrong with usage or configuration; the exit code for it."""
    if isinstance(error, OSError) and error.filename and error.strerror:
        error = f"{error.filename}: {error.strerror}"
    print(f"sentio-tui: {error}", file=sys.stderr)
    return WRONG
