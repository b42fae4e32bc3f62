"""Opening the cockpit on a session, and saying why it cannot be opened."""

import os
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

from sentio_tui.cli.company import accompanied
from sentio_tui.cli.options import complain

if TYPE_CHECKING:
    from sentio_tui.config import Loaded
    from sentio_tui.model.events import Mode
    from sentio_tui.process import Shell
    from sentio_tui.sessions.base import Session
    from sentio_tui.sessions.live import LiveSession
    from sentio_tui.sessions.permit import Permit
    from sentio_tui.settings import Settings
    from sentio_tui.ui.app import Cockpit


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
) -> int:
    """Open the cockpit on the session that `opened` gives; the exit code.

    Of the errors that `refusals` names, the last one is told again when the screen is gone: a person can put it right.
    `mode` is shown until the session is there.
    """
    from sentio_tui import paths
    from sentio_tui.ui import app

    launch = _Launch(opened, loaded, refusals)
    return launch.told(app.run(app.Cockpit(launch, settings, paths.theme_dirs(settings), mode=mode)))


def trade(
    assemble: "Callable[[Permit], LiveSession]",
    settings: "Settings",
    loaded: "Loaded",
    refusals: Callable[[], tuple[type[Exception], ...]],
    shell: "Shell",
    opening: "Callable[[Cockpit], None] | None" = None,
    *,
    live: bool = False,
) -> int:
    """Open the cockpit on a session that runs in this process, as `show` does; its strategies are made ready first.
    With an `opening` that is done first, and no session is started unasked. `live` permits real money.

    When the session goes on without the screen, so does the shell, and this returns at the session's end.
    """
    from sentio_tui import paths
    from sentio_tui.ui import app

    def started() -> "Session":
        from sentio_tui.sessions.preparing import prepare

        prepare(settings, cockpit.launching.tell, lambda: not cockpit.is_leaving)
        cockpit.launching.tell("")
        session = assemble(cockpit.launching.permit)
        session.start()
        return session

    launch = _Launch(started, loaded, refusals)
    cockpit = app.Cockpit(
        launch,
        settings,
        paths.theme_dirs(settings),
        shell,
        opening=opening,
        live=live,
        accompanied=lambda session: accompanied(session, loaded.settings),
    )
    code = app.run(cockpit)
    if not cockpit.goes_on:
        return launch.told(code)
    from sentio_tui.sessions import headless
    from sentio_tui.sessions.live import LiveSession

    session = cockpit.session
    if not isinstance(session, LiveSession):
        raise TypeError(f"a {type(session).__name__} does not run in this process")
    session.leave_screen()
    where = f"session {session.name} goes on (process {os.getpid()})"
    shell.leave(code, f"{where}. `sentio-tui attach` comes back to it.")
    return headless.stay(session, shell.signals)


class _Launch:
    """Opens a session, and keeps why it could not be opened the last time."""

    def __init__(
        self,
        opened: Callable[[], "Session"],
        loaded: "Loaded",
        refusals: Callable[[], tuple[type[Exception], ...]],
    ) -> None:
        self._opened = opened
        self._loaded = loaded
        self._refusals = refusals
        self._refused: Exception | None = None

    def __call__(self) -> "Session":
        self._refused = None
        try:
            return self._opened()
        except self._refusals() as error:
            self._refused = located(error, self._loaded)
            raise self._refused from error

    def told(self, code: int) -> int:
        """The exit code, after the last refusal was told."""
        return complain(self._refused) if self._refused is not None else code


def located(error: Exception, loaded: "Loaded") -> Exception:
    """The error with the places its values came from, where it is one of the configuration."""
    from sentio_tui.config import ConfigError

    return error.located(loaded.provenance) if isinstance(error, ConfigError) else error
