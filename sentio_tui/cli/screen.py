"""Opening the cockpit on a session, and saying why it cannot be opened."""

import os
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

from sentio_tui.cli.options import complain

if TYPE_CHECKING:
    from sentio_tui.config import Loaded
    from sentio_tui.model.events import Mode
    from sentio_tui.sessions.base import Session
    from sentio_tui.sessions.live import LiveSession
    from sentio_tui.settings import Settings


def why_no_screen() -> str:
    """Why the cockpit cannot be shown here, in a sentence; empty when it can."""
    if not all(stream is not None and stream.isatty() for stream in (sys.stdin, sys.stdout, sys.stderr)):
        return "the cockpit needs a terminal."
    kind = os.environ.get("TERM", "")
    return f"TERM={kind} cannot place text." if kind in {"dumb", "unknown"} else ""


def show(
    opened: Callable[[], "Session"],
    settings: "Settings",
    loaded: "Loaded",
    refusals: Callable[[], tuple[type[Exception], ...]],
    mode: "Mode | None" = None,
    prepares: "Settings | None" = None,
) -> int:
    """Open the cockpit on the session that `opened` gives; the exit code.

    Of the errors that `refusals` names, the last one is told again when the screen is gone: a person can put it right.
    `mode` is shown until the session is there. `prepares`: the settings of a session that will run in this process: its
    strategies are made ready first.
    """
    from sentio_tui import paths
    from sentio_tui.sessions.preparing import prepare
    from sentio_tui.ui import app

    refused: list[Exception] = []

    def launch() -> "Session":
        refused.clear()
        try:
            if prepares is not None:
                prepare(prepares, cockpit.tell_launch, lambda: not cockpit.is_leaving)
                cockpit.tell_launch("")
            return opened()
        except refusals() as error:
            refused.append(located(error, loaded))
            raise refused[0] from error

    cockpit = app.Cockpit(launch, settings, paths.theme_dirs(settings), mode=mode)
    code = app.run(cockpit)
    return complain(refused[0]) if refused else code


def started(session: "LiveSession") -> "Session":
    """The session, on its way."""
    session.start()
    return session


def located(error: Exception, loaded: "Loaded") -> Exception:
    """The error with the places its values came from, where it is one of the configuration."""
    from sentio_tui.config import ConfigError

    return error.located(loaded.provenance) if isinstance(error, ConfigError) else error
