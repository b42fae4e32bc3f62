"""The question whether the broker's account is the truth, with both sides of every difference."""

from textual.widgets import Static

from sentio_tui.engine.reconciliation import account_lines
from sentio_tui.model.snapshot import AccountView
from sentio_tui.ui.screens.dialogs import CANCEL, NO, Choice, Clock, Dialog, plain

_ADVICE = (
    "Nothing is traded while they differ. Accepting takes over what the account holds; otherwise put the account right,"
    " and trading goes on."
)


class Accepting(Dialog):
    """Returns the difference that was accepted, in the words of the fault; an empty text when it was left.

    What is shown follows the account. After a change the question is deaf for a moment, as when it opened.
    """

    def __init__(self, view: AccountView, clock: Clock) -> None:
        super().__init__("Accept the account", _text(view), (Choice("yes", "y", "Accept"), NO), clock, severe="warning")
        self._view = view

    def follows(self, view: AccountView | None) -> bool:
        """Show the newest report. Where nothing differs any more there is no question left: False, and it closes."""
        if view is None or not view.fault:
            if self.is_current:
                self.dismiss("")
            return False
        if view.fault != self._view.fault:
            self._view = view
            self._opened = self._clock()
            self.query_one(".dialog--text", Static).update(plain(_text(view)))
        return True

    def action_choose(self, value: str) -> None:
        if self.hears("", 0.0):
            self.dismiss("" if value == CANCEL else self._view.fault)


def _text(view: AccountView) -> str:
    return "\n".join([*account_lines(view), "", _ADVICE])
