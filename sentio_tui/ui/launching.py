"""How a session comes onto the screen: launched as configured, or opened in the place of another."""

import gc
import queue
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Final

from sentio_tui.sessions.base import Session
from sentio_tui.sessions.permit import LiveAccount, Permit
from sentio_tui.ui.screens.asking import real_money
from sentio_tui.ui.screens.dialogs import message

if TYPE_CHECKING:
    from sentio_tui.ui.app import Cockpit

_LOOK: Final = 0.1
"""Seconds between two looks whether anybody still waits for a launch."""

Launch = Callable[[], Session]
"""Makes a session that runs. Called on a thread of its own; what it raises is shown."""

_RARELY: Final = 100
"""Runs of the collector's second generation to each full one; ten is Python's own."""


class Launching:
    """Makes sessions, one at a time, without holding up the screen. `configured` makes the cockpit's own."""

    def __init__(self, cockpit: "Cockpit", configured: Launch) -> None:
        self._cockpit = cockpit
        self.configured = configured
        self._idle = threading.Event()
        self._idle.set()

    @property
    def is_busy(self) -> bool:
        return not self._idle.is_set()

    def wait(self) -> None:
        """Until the session that is being made is there, or cannot be made."""
        self._idle.wait()

    def start(self) -> None:
        """Launch a session as configured; the screen waits for it."""
        cockpit = self._cockpit
        if self.is_busy or cockpit.is_leaving:
            return
        cockpit.monitor.launching = True
        cockpit.monitor.broke("")
        cockpit.settings = cockpit.configured
        cockpit.show_news()
        self._begin(self.configured, self._not_started)

    def open(self, launch: Launch) -> None:
        """Show the session that `launch` makes in the place of one that is over, or only looked at. Where it cannot be
        made, what is shown stays."""
        if not self.is_busy and not self._cockpit.is_leaving:
            self._begin(launch, self._not_opened)

    def open_new(self) -> None:
        """As `open`, with a new session as configured."""
        self._cockpit.settings = self._cockpit.configured
        self.open(self.configured)

    def tell(self, step: str) -> None:
        """Say what the launch is about now. To be called from its thread."""
        self._cockpit.call_later(self._show_step, step)

    @property
    def permit(self) -> Permit:
        """What the person at the screen permits a session that is being launched. To be used on its thread."""
        return Permit(self._cockpit.live, self.tell, self._warn, self._against)

    def _warn(self, text: str) -> None:
        self._cockpit.call_later(self._cockpit.tell, text, "warning", 10)

    def _against(self, account: LiveAccount) -> str:
        """Let the person confirm an account with real money; why it is not to be traded, or nothing."""
        cockpit = self._cockpit
        answers: queue.SimpleQueue[bool] = queue.SimpleQueue()

        def ask() -> None:
            cockpit.push_screen(real_money(account), lambda value: answers.put(value is not None))

        cockpit.call_later(ask)
        while not cockpit.is_leaving:
            with suppress(queue.Empty):
                return "" if answers.get(timeout=_LOOK) else "real money was not confirmed; nothing was started"
        return "nobody waits for it any more"

    def _show_step(self, step: str) -> None:
        self._cockpit.monitor.launch_step = step
        self._cockpit.show_condition()

    def _begin(self, launch: Launch, failed: Callable[[str], None]) -> None:
        self._idle.clear()
        work = partial(self._launch, launch, failed)
        self._cockpit.run_worker(work, thread=True, exit_on_error=False, group="session")

    def _launch(self, launch: Launch, failed: Callable[[str], None]) -> None:
        cockpit = self._cockpit
        before = cockpit.session
        try:
            if before is not None and before.ends_with_screen and not before.is_over:
                # It has ended, but still holds what the next one may need: its account, its connections.
                before.close()
            # Kept at once: a session must not be lost when the application leaves meanwhile.
            cockpit.session = launch()
            _settle()
        except Exception as error:  # whatever it is, the screen stays and says it
            self._idle.set()
            cockpit.call_later(failed, str(error) or type(error).__name__)
            return
        self._idle.set()
        cockpit.call_later(cockpit.launched)
        if before is not None:
            before.close()

    def _not_started(self, why: str) -> None:
        cockpit = self._cockpit
        cockpit.monitor.launching = False
        cockpit.monitor.broke(why)
        cockpit.monitor.note(f"The session could not be started: {why}", "launch_failed", time.time_ns() // 1_000_000)
        cockpit.show_news()
        self._say("The session could not be started", why)

    def _not_opened(self, why: str) -> None:
        self._say("The session could not be opened", why)

    def _say(self, title: str, why: str) -> None:
        if not self._cockpit.is_leaving:
            self._cockpit.push_screen(message(title, why, self._cockpit.clock))


def _settle() -> None:
    """Keep what has been loaded by now out of the collector's full runs. They hold all threads, and through libraries
    and widgets one takes a tenth of a second, in which no key is heard. What comes later grows with the tables: full
    runs over it are made rarer, short ones find nearly all that is dropped."""
    if gc.get_freeze_count():
        # Of the session that was shown before the last one.
        gc.unfreeze()
        gc.collect()
    gc.freeze()
    youngest, younger, _ = gc.get_threshold()
    gc.set_threshold(youngest, younger, _RARELY)
