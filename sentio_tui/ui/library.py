"""What the cockpit does with the sessions on disk: list them, and show one of them in the place of its own."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Final

from msgspec.structs import replace

from sentio_tui.journal.catalogue import Listed, SessionState
from sentio_tui.ui.screens.dialogs import CANCEL, Choice, Dialog, message

if TYPE_CHECKING:
    from sentio_tui.sessions.base import Session
    from sentio_tui.ui.app import Cockpit

LIST: Final = "sessions-screen"
"""The id of the screen that lists sessions."""


class Library:
    """Opens sessions for the cockpit. A session that trades here is never ended for another one."""

    def __init__(self, cockpit: "Cockpit", folder: Path) -> None:
        self._cockpit = cockpit
        self.folder = folder

    def browse(self) -> None:
        """Show the list of sessions."""
        from sentio_tui.ui.screens.library import SessionsScreen

        self._cockpit.push_screen(SessionsScreen(self))

    def browse_first(self) -> None:
        """Show the list instead of launching a session."""
        self._cockpit.monitor.launching = False
        self.browse()

    @property
    def shown(self) -> str:
        """The name of the session on the cockpit's screen, empty when there is none."""
        session = self._cockpit.monitor.session
        return session.name if session is not None else ""

    def refusal(self, name: str) -> str:
        """Why that session cannot be shown now, in words; empty when it can."""
        monitor = self._cockpit.monitor
        if monitor.launching:
            return "A session is being started. Wait until it runs."
        if not monitor.ends_with_screen:
            return ""
        return (
            f"{self.shown} runs here, and only one session can be shown. Stop it first "
            f"({self._cockpit.key_table.shown('stop')} in the cockpit), or detach: it goes on without this screen, and "
            f"`sentio-tui browse` opens others. From another terminal, `sentio-tui replay {name}` opens this one."
        )

    def open(self, listed: Listed) -> None:
        """Show a session that runs as it is now, here or in another process; replay another one."""
        if listed.name == self.shown and self._cockpit.monitor.runs:
            self.opened()
        elif listed.state is SessionState.RUNNING:
            self._show(listed.name, lambda: self._attached(listed.name))
        else:
            self._show(listed.name, lambda: self._replayed(listed.name))

    def resume(self, listed: Listed) -> None:
        """Go on with a session that was interrupted."""
        if not self._cockpit.can_trade:
            self._bar(f"`sentio-tui resume {listed.name}` goes on with it")
        elif listed.state is SessionState.INTERRUPTED:
            self._show(listed.name, lambda: self._resumed(listed.name))
        else:
            self._cockpit.tell(f"Resume: {listed.name} was not interrupted, it is {listed.state.value}.", "warning")

    def start(self) -> None:
        """Start a session as configured, unless one trades here."""
        if not self._cockpit.can_trade:
            self._bar("`sentio-tui` starts a session")
        elif self._cockpit.monitor.ends_with_screen:
            self._cockpit.tell(f"Start: {self.shown} runs. Stop it first.", "warning")
        else:
            self._cockpit.launching.open_new()

    def opened(self) -> None:
        """Take the list, and what lies over it, off the screen."""
        cockpit = self._cockpit
        while any(screen.id == LIST for screen in cockpit.screen_stack):
            cockpit.pop_screen()

    def _bar(self, instead: str) -> None:
        self._cockpit.tell(f"This screen was opened to look only. Quit it; {instead}.", "warning", seconds=10)

    def _show(self, name: str, launch: "Callable[[], Session]") -> None:
        cockpit, refusal = self._cockpit, self.refusal(name)
        if not refusal:
            cockpit.tell(f"Opening {name}…", seconds=2)
            cockpit.launching.open(launch)
        elif cockpit.monitor.launching:
            cockpit.push_screen(message("Another session runs", refusal, cockpit.clock))
        else:

            def answered(value: str | None) -> None:
                if value == "detach":
                    cockpit.detach()

            choices = (Choice("detach", "d", "Detach"), Choice(CANCEL, "enter", "Close"))
            cockpit.push_screen(Dialog("Another session runs", refusal, choices, cockpit.clock, "error"), answered)

    def _replayed(self, name: str) -> "Session":
        from sentio_tui.alerts.replaying import remind
        from sentio_tui.sessions.recorded import open_recorded

        session = open_recorded(self.folder, name)
        remind(session, self._cockpit.configured.alerts.rules)
        session.play()
        return session

    def _attached(self, name: str) -> "Session":
        from sentio_tui.sessions.attached import AttachedSession
        from sentio_tui.sessions.running import choose
        from sentio_tui.sessions.wheel import who

        session = AttachedSession(choose(self.folder, name), who(), read_only=False)
        session.attach()
        return session

    def _resumed(self, name: str) -> "Session":
        from sentio_tui.sessions.preparing import prepare
        from sentio_tui.sessions.resume import resume, settings_of

        cockpit = self._cockpit
        recorded = settings_of(self.folder, name)
        prepare(recorded, cockpit.launching.tell, lambda: not cockpit.is_leaving)
        cockpit.launching.tell("")
        session = cockpit.accompanied(resume(self.folder, name, permit=cockpit.launching.permit))
        session.start()
        # What becomes of positions at the end is the resumed session's own business, and questions tell of it.
        cockpit.settings = replace(cockpit.settings, session=recorded.session)
        return session
