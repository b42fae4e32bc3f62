"""`replay`: a recorded session in the cockpit, with a transport that moves through it."""

import argparse
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

from sentio_tui.cli.options import SESSIONS_DIR, THEME, Entry, Parser, add_config_options, add_setting, complain, load
from sentio_tui.cli.screen import show, why_no_screen

if TYPE_CHECKING:
    from sentio_tui.sessions.recorded import RecordedSession
    from sentio_tui.settings import Settings

SLOWEST: Final = 0.25
FASTEST: Final = 1000.0

_EPILOG: Final = """\
It opens at the start and plays; with --at it opens at that time and stands still. space plays and pauses, [ ] step a
bar, N n a trade, , . change the speed, S goes to a time, D to the deepest drawdown, m sets a mark; ? lists all keys.
Nothing can be traded in a replay. A damaged journal is shown up to the damage.

examples:
  sentio-tui replay live_20250106_143000
  sentio-tui replay live_20250106_143000 --at 10:30 --speed 250

exit codes: 0 done, 1 failed, 2 wrong usage, or nothing to replay
"""


def _parser() -> Parser:
    parser = Parser("replay", "Look at a recorded session, bar by bar, in the panes it was traded in.", _EPILOG)
    parser.add_argument("session", metavar="SESSION", help="its name, as `sentio-tui sessions` lists it")
    parser.add_argument(
        "--at", metavar="TIME", type=_time, help="open at HH:MM or YYYY-MM-DD HH:MM of the exchange's clock"
    )
    parser.add_argument(
        "--speed", metavar="X", type=_speed, help="market time over wall time, 0.25 to 1000; default 60, a bar a second"
    )
    add_config_options(parser)
    add_setting(parser, SESSIONS_DIR)
    add_setting(parser, THEME)
    return parser


def _time(text: str) -> str:
    from sentio_tui.sessions.moments import check

    try:
        check(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error
    return text


def _speed(text: str) -> float:
    try:
        speed = float(text)
    except ValueError:
        speed = 0.0
    if not SLOWEST <= speed <= FASTEST:
        raise argparse.ArgumentTypeError(f"{text!r} is no speed from {SLOWEST:g} to {FASTEST:g}")
    return speed


def _replay(arguments: argparse.Namespace) -> int:
    from sentio_tui import paths
    from sentio_tui.config import ConfigError
    from sentio_tui.journal.catalogue import UnknownSession
    from sentio_tui.model.events import Mode
    from sentio_tui.sessions.recorded import recording_path
    from sentio_tui.sessions.recording import NoRecording

    if why := why_no_screen():
        return complain(f"{why} `sentio-tui export` writes a session as files.")
    try:
        loaded = load(arguments)
        path = recording_path(paths.sessions_dir(loaded.settings), arguments.session)
    except (ConfigError, UnknownSession, NoRecording, OSError) as error:
        return complain(error)
    opened = partial(_opened, path, arguments.at, arguments.speed, loaded.settings)
    return show(opened, loaded.settings, loaded, lambda: (NoRecording, ValueError, OSError), Mode.REPLAY)


def _opened(path: Path, at: str | None, speed: float | None, settings: "Settings") -> "RecordedSession":
    from sentio_tui.alerts.replaying import remind
    from sentio_tui.sessions.recorded import open_journal

    session = open_journal(path)
    remind(session, settings.alerts.rules)
    if speed is not None:
        session.set_speed(speed)
    if at is None:
        session.play()
    else:
        session.seek_time(session.find_time(at))
    return session


REPLAY: Final = Entry(_parser, _replay)
