"""What a person tells the session: each order of a key, with a question before those that cannot be taken back."""

from typing import TYPE_CHECKING

from sentio_tui.model.commands import Accept, AnyCommand, Flatten, Pause, Start, Stop
from sentio_tui.model.events import Phase
from sentio_tui.model.snapshot import AccountView
from sentio_tui.ui.screens.accepting import Accepting
from sentio_tui.ui.screens.dialogs import Choice, HeldKey, question

if TYPE_CHECKING:
    from sentio_tui.ui.app import Cockpit


class Steering:
    """Sends commands to the session the cockpit shows."""

    def __init__(self, cockpit: "Cockpit") -> None:
        self._cockpit = cockpit
        self._stops = HeldKey(cockpit.clock)
        self._accepting: Accepting | None = None

    def send(self, command: AnyCommand) -> None:
        session = self._cockpit.monitor.session
        if session is not None:
            session.send(command)

    def take_wheel(self) -> None:
        session = self._cockpit.monitor.session
        if session is not None:
            session.take_wheel()

    def pause(self) -> None:
        """Pause, or let a paused session go on."""
        snapshot = self._cockpit.monitor.snapshot
        paused = snapshot is not None and snapshot.phase is Phase.PAUSED
        self.send(Start() if paused else Pause())

    def stop(self) -> None:
        if self._stops.repeats():
            return
        snapshot = self._cockpit.monitor.snapshot
        count = len(snapshot.positions) if snapshot is not None else 0
        if count and snapshot is not None and snapshot.phase is not Phase.STOPPING:
            self._ask("Stop", f"Sell {positions(count)} and end the session?", "Stop the session", Stop())
        else:
            self.send(Stop())

    def flatten(self) -> None:
        snapshot = self._cockpit.monitor.snapshot
        count = len(snapshot.positions) if snapshot is not None else 0
        held = f"Sell {positions(count)}" if count else "No position is open. Cancel what orders there are"
        self._ask("Flatten", f"{held}, and pause?", "Flatten", Flatten())

    def accept(self) -> None:
        """Show both sides of what differs between the session and its broker's account, and ask which is true."""
        view = self._account()
        if view is None:
            self._cockpit.tell("Accept: the broker has not reported its account yet.", "warning")
            return

        def answered(shown: str | None) -> None:
            self._accepting = None
            if shown:
                self.send(Accept(shown))

        self._accepting = Accepting(view, self._cockpit.clock)
        self._cockpit.push_screen(self._accepting, answered)

    def session_moved(self) -> None:
        """The session has news: a question about its account is asked of what differs now."""
        if self._accepting is None or self._accepting.follows(self._account()):
            return
        self._accepting = None
        self._cockpit.tell("The session and its broker's account agree again.")

    def _account(self) -> AccountView | None:
        snapshot = self._cockpit.monitor.snapshot
        return snapshot.account if snapshot is not None else None

    def _ask(self, title: str, text: str, yes: str, command: AnyCommand) -> None:
        def answered(value: str | None) -> None:
            if value == "yes":
                self.send(command)

        self._cockpit.push_screen(question(title, text, Choice("yes", "y", yes), self._cockpit.clock), answered)


def positions(count: int) -> str:
    return "1 position" if count == 1 else f"{count} positions"
