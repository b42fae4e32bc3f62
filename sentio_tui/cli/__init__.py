"""The commands: one table of them, and what happens to their output and exit code.

A command's module is imported when it is asked for, and what it needs inside its functions, so that help and errors
come at once.
"""

import io
import os
import sys
from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import Final, NamedTuple

from sentio_tui.cli.options import INTERRUPTED, WRONG, Entry

FAILED: Final = 1


class _Command(NamedTuple):
    """`module` in this package has the command's `Entry` under its name in capitals."""

    module: str
    summary: str


COMMANDS: Final[Mapping[str, _Command]] = {
    "run": _Command("session", "run a session without a screen"),
    "resume": _Command("recovery", "go on with an interrupted session"),
    "attach": _Command("attach", "open the cockpit on a session that runs in another process"),
    "status": _Command("attach", "say which sessions run here, and how they are"),
    "stop": _Command("attach", "end a running session in order, and wait until it has"),
    "accept": _Command("attach", "take the broker's account of a running session for the truth"),
    "replay": _Command("replay", "look at a recorded session, bar by bar"),
    "web": _Command("web", "serve the dashboard: sessions seen from a browser"),
    "browse": _Command("session", "look through the sessions on disk, on a screen"),
    "sessions": _Command("overview", "list the sessions on disk"),
    "strategies": _Command("overview", "list the strategies and their parameters"),
    "verify": _Command("recovery", "prove that a session's journal follows from its inputs"),
    "export": _Command("export", "write a session as files for other programs"),
    "report": _Command("report", "report what a session came to, or compare several"),
    "signals": _Command("signals", "write what a strategy says of every bar of a data set, without trading"),
    "download": _Command("download", "write minute bars of Alpaca as files of the recorded feed"),
    "alerts": _Command("alerts", "list and test the alerts, and tell what would have fired in a session"),
    "prune": _Command("prune", "compress or remove old sessions"),
    "keys": _Command("keys", "keep the keys of an Alpaca account in the system's keyring"),
    "doctor": _Command("doctor", "check this machine, and the account at Alpaca"),
    "config": _Command("overview", "print the configuration in force, and where each value came from"),
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    _prepare_output()
    try:
        parser, run = _entry("cockpit", "session")
        if arguments and (command := COMMANDS.get(arguments[0])) is not None:
            parser, run = _entry(arguments.pop(0), command.module)
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


def _entry(name: str, module: str) -> Entry:
    entry = getattr(import_module(f"sentio_tui.cli.{module}"), name.upper())
    if not isinstance(entry, Entry):
        raise TypeError(f"{name} is no command of {module}")
    return entry


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
