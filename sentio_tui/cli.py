"""The commands. Everything heavy is imported by the command that needs it, so that help and errors come at once."""

import argparse
import io
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from sentio_tui.options import (
    FLAGS,
    WRONG,
    Parser,
    cockpit_parser,
    config_parser,
    export_parser,
    run_parser,
    sessions_parser,
    strategies_parser,
)

if TYPE_CHECKING:
    from sentio_tui.config import Loaded
    from sentio_tui.sessions.base import Session
    from sentio_tui.sessions.live import LiveSession

DONE: Final = 0
FAILED: Final = 1
INTERRUPTED: Final = 130


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    _prepare_output()
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
        _silence_output()
        return FAILED
    except OSError as error:
        if error.filename is not None:
            raise
        _silence_output()
        print(f"sentio-tui: the output cannot be written: {error.strerror or error}", file=sys.stderr)
        return FAILED


def _prepare_output() -> None:
    """A closed output is a place nobody reads; a character the terminal's encoding does not have is written as its
    number."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115  # lives as long as the process
        elif isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _silence_output() -> None:
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _load(arguments: argparse.Namespace) -> "Loaded":
    from sentio_tui import config

    given: Mapping[str, object] = vars(arguments)
    return config.load(
        {key: given[key] for key in FLAGS if given.get(key) is not None},
        names=FLAGS,
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
    if (kind := os.environ.get("TERM", "")) in {"dumb", "unknown"}:
        return _complain(f"TERM={kind} cannot place text. Use `sentio-tui run`.")
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


def _export(arguments: argparse.Namespace) -> int:
    from sentio_tui import paths
    from sentio_tui.config import ConfigError
    from sentio_tui.journal.atomic import JournalError
    from sentio_tui.journal.catalogue import UnknownSession, find
    from sentio_tui.journal.reader import JournalDamaged, read_all
    from sentio_tui.sessions.export import export_logs

    try:
        folder = paths.sessions_dir(_load(arguments).settings)
        listed = find(folder, arguments.session)
        content = read_all(Path(listed.path))
        written = export_logs(content.events, arguments.out)
    except (ConfigError, UnknownSession) as error:
        return _complain(error)
    except (JournalDamaged, JournalError, OSError, ValueError) as error:
        _complain(error)
        return FAILED
    if content.torn:
        print(f"sentio-tui: {content.torn}", file=sys.stderr)
    for path in written:
        print(path)
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


_Entry = tuple[Callable[[], Parser], Callable[[argparse.Namespace], int]]

_COCKPIT: Final[_Entry] = (cockpit_parser, _cockpit)
_COMMANDS: Final[Mapping[str, _Entry]] = {
    "run": (run_parser, _run),
    "sessions": (sessions_parser, _sessions),
    "export": (export_parser, _export),
    "strategies": (strategies_parser, _strategies),
    "config": (config_parser, _config),
}
