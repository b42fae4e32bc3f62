"""The application: themes, keys, and the life of the session it shows. It holds no trading logic."""

import asyncio
import os
import time
import traceback
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from contextvars import copy_context
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Final

from textual import events, work
from textual.app import App
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.notifications import SeverityLevel
from textual.screen import Screen
from textual.widget import Widget

from sentio_tui import paths
from sentio_tui.model.commands import Start, Stop
from sentio_tui.model.events import Mode
from sentio_tui.process import Shell, Signals
from sentio_tui.sessions.base import Session
from sentio_tui.settings import Settings
from sentio_tui.ui import theming
from sentio_tui.ui.actions import BY_ID, resolve_keys
from sentio_tui.ui.formatting import clean
from sentio_tui.ui.keyboard import Keyboard
from sentio_tui.ui.launching import Launch, Launching
from sentio_tui.ui.library import Library
from sentio_tui.ui.monitor import Monitor, News
from sentio_tui.ui.palette import Palette
from sentio_tui.ui.screens.cockpit import CockpitScreen
from sentio_tui.ui.screens.dialogs import NO, Choice, Clock, Closing, Dialog
from sentio_tui.ui.screens.feed import FeedScreen
from sentio_tui.ui.screens.help import Help
from sentio_tui.ui.steering import Steering, positions
from sentio_tui.ui.terminal import TerminalDriver, TerminalWatch, desktop_notice
from sentio_tui.ui.theme_shelf import ThemeShelf
from sentio_tui.ui.travel import Travel

if TYPE_CHECKING:
    from sentio_tui.sessions.live import LiveSession

DONE: Final = 0
FAILED: Final = 1
INTERRUPTED: Final = 130
"""Exit codes: left in order, could not end in order, ended by a signal."""

THEME_SECONDS: Final = 1.0  # between two looks at the theme files


def all_panes(chart_seconds: float) -> Sequence[Widget]:
    """The six panes, in the order in which they stand on the screen."""
    from sentio_tui.ui.panes import DecisionPane, EquityPane, LogPane, MetricsPane, PositionsPane, TradesPane

    return (MetricsPane(), EquityPane(chart_seconds), DecisionPane(), PositionsPane(), TradesPane(), LogPane())


class Cockpit(App[int], inherit_bindings=False):
    """Shows one session at a time; its result is the exit code.

    `launch` is called once the first frame is there, and again when a person starts a new session. With an `opening`
    that is done first, and nothing is launched unasked. `shell` is what a session may be left to go on from. `clock`
    counts seconds and only goes forward. `mode` is shown until the first session is there. `live` permits real money,
    after a question. `accompanied` puts around a session that is resumed here what stands around every one.
    """

    TITLE = "sentio-tui"
    CSS_PATH = "styles/cockpit.tcss"
    ENABLE_COMMAND_PALETTE = False
    PAUSE_GC_ON_SCROLL = True
    NOTIFICATION_TIMEOUT = 4
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+q,ctrl+c", "quit_in_order", "Quit", show=False),
    ]

    class Closed(Message):
        """The session is over and on disk; `why` is set when it could not end in order."""

        def __init__(self, why: str) -> None:
            super().__init__()
            self.why = why

    def __init__(
        self,
        launch: Launch,
        settings: Settings,
        theme_dirs: Sequence[Path],
        shell: Shell | None = None,
        *,
        opening: "Callable[[Cockpit], None] | None" = None,
        clock: Clock = time.monotonic,
        panes: Callable[[], Sequence[Widget]] | None = None,
        theme_files: theming.ThemeFiles | None = None,
        mode: Mode | None = None,
        live: bool = False,
        accompanied: "Callable[[LiveSession], LiveSession]" = lambda session: session,
    ) -> None:
        self.live = live
        self.accompanied = accompanied
        self.settings = self.configured = settings
        self.clock = clock
        self.key_table = resolve_keys(settings.keys)
        self.monitor = Monitor(mode or settings.mode)
        self.monitor.launching = True
        self.session: Session | None = None
        self._detached = False
        self._shell = shell
        self._signals = Signals() if shell is None else shell.signals
        self._watch: TerminalWatch | None = None
        self._opening = opening or Cockpit.start_session
        self._panes = panes or partial(all_panes, settings.ui.chart_seconds)
        self.launching = Launching(self, launch)
        self._exit_code = DONE
        self._leaving = False
        self._closing_notice: Closing | None = None
        # Without this, Textual answers NO_COLOR with greys of its own instead of the terminal's colours.
        super().__init__(TerminalDriver, ansi_color=True if "NO_COLOR" in os.environ else None)
        self.themes = ThemeShelf(self, theme_files or theming.ThemeFiles(theme_dirs), settings.ui.theme)
        self.steering = Steering(self)
        self.keyboard = Keyboard(self)
        self.travel = Travel(self)
        self.library = Library(self, paths.sessions_dir(settings))
        self._notices = [*self.key_table.problems, *self.themes.read()]
        # Set before the first frame, so that the style sheets are read only once.
        self.set_reactive(App.theme, self.themes.nearest())
        self.stylesheet.set_variables(self.get_css_variables())

    def get_theme_variable_defaults(self) -> dict[str, str]:
        return theming.variable_defaults(self.current_theme)

    def get_default_screen(self) -> Screen[None]:
        return CockpitScreen(self._panes, self.settings.ui.frames)

    def on_mount(self) -> None:
        self.set_keymap(
            {
                action_id: ",".join(keys)
                for action_id, keys in self.key_table.keys.items()
                if action_id in self.settings.keys
            }
        )
        for notice in self._notices:
            self.tell(notice, "warning", seconds=10)
        self.set_interval(THEME_SECONDS, self.themes.reload)
        if not self.is_headless:
            if self._shell is None:
                self._signals.catch()
            self._watch = TerminalWatch(() if self._shell is None else (self._shell.pipe,))
        self._signals.wake_in(asyncio.get_running_loop(), copy_context(), self._heed_signals)

    def on_unmount(self) -> None:
        if self._watch is not None:
            self._watch.stop()

    async def on_event(self, event: events.Event) -> None:
        if isinstance(event, events.Key | events.Paste) and not event.is_forwarded:
            await self.keyboard.take(event)
        else:
            await super().on_event(event)

    def on_driver_signal_resume(self) -> None:
        """The process was stopped and goes on: whatever ran meanwhile has had the terminal."""
        self.screen.refresh(layout=True)

    def act(self, action_id: str) -> None:
        """Take an action of the table that is not the screen's own."""
        acts: dict[str, Callable[[], object]] = {
            "start": self.start_session,
            "pause": self.steering.pause if self.monitor.transport is None else self.travel.toggle,
            "stop": self.steering.stop,
            "flatten": self.steering.flatten,
            "accept": self.steering.accept,
            "wheel": self.steering.take_wheel,
            "detach": self.detach,
            "sessions": self.library.browse,
            "quit": self.action_quit_in_order,
            "theme": self.themes.next,
            "feed": self._feed,
            "help": self._help,
            "palette": self._palette,
        }
        if BY_ID[action_id].travels:
            self.travel.act(action_id)
        else:
            acts[action_id]()

    def actor(self, action_id: str) -> Callable[[], Awaitable[None]]:
        """For the palette: take the action as its key would."""
        return partial(self._cockpit_screen.action_act, action_id)

    def tell(self, text: str, severity: SeverityLevel = "information", seconds: float | None = None) -> None:
        """A short notice. `text` may come from outside: it is never markup."""
        self.notify(clean(text), severity=severity, timeout=seconds, markup=False)

    def reach_out(self, news: News) -> None:
        """Ring the terminal's bell and ask it for notifications, where alerts want that."""
        if news.rings:
            self.bell()
        if isinstance(self._driver, TerminalDriver):
            for text in news.desktop:
                self._driver.write(desktop_notice(text, self.settings.alerts.desktop, os.environ))

    def show_news(self) -> None:
        """Show what the screen shows as it is now, whether or not it is another moment."""
        self.monitor.moved()
        self._cockpit_screen.pump()

    def show_condition(self) -> None:
        """Show the newest state of the status line alone."""
        self._cockpit_screen.status.show(self.monitor.condition)

    @property
    def _cockpit_screen(self) -> CockpitScreen:
        screen = self.screen_stack[0]
        if not isinstance(screen, CockpitScreen):
            raise TypeError(f"the first screen is a {type(screen).__name__}")
        return screen

    def _help(self) -> None:
        self.push_screen(Help(self._cockpit_screen.focused_pane, self.key_table))

    def _feed(self) -> None:
        self.push_screen(FeedScreen(lambda: self.monitor.condition.snapshot))

    def _palette(self) -> None:
        self.push_screen(Palette())

    def begin(self) -> None:
        """Called once, when the panes are there."""
        self._opening(self)

    def start_session(self) -> None:
        """Let a paused session go on; without a session that runs, launch one."""
        if self.monitor.runs and not self.monitor.has_ended:
            self.steering.send(Start())
        else:
            self.launching.start()

    @property
    def is_leaving(self) -> bool:
        """Whether nobody waits for a launch any more. May be asked from any thread."""
        return self._leaving or self._exit

    def launched(self) -> None:
        """Called when another session is there."""
        self.monitor.launching = False
        if self.session is not None:
            self.monitor.follow(self.session)
            self.travel.arrived()
        self.library.opened()
        self._cockpit_screen.pump()

    def session_moved(self) -> None:
        """Called when the session has news: the closing notice tells what it waits for, a question about its account
        what that is now."""
        self.steering.session_moved()
        if self._closing_notice is not None:
            self._closing_notice.show(self._closing_text())

    def action_quit_in_order(self) -> None:
        if self._closing_notice is not None:
            return
        snapshot = self.monitor.snapshot
        if not self.monitor.ends_with_screen or self.monitor.has_ended:
            self.leave(DONE)
            return
        count = len(snapshot.positions) if snapshot is not None else 0
        does = "sold first" if self.settings.session.at_exit == "close" else "kept"
        held = f" {positions(count).capitalize()} will be {does}." if count else ""

        def answered(value: str | None) -> None:
            if value == "yes":
                self.leave(DONE)
            elif value == "detach":
                self.detach()

        text = f"A session is running.{held} Stop it and quit?\nDetached, it goes on without this screen."
        choices = (Choice("yes", "y", "Stop and quit"), Choice("detach", "d", "Detach"), NO)
        self.push_screen(Dialog("Quit", text, choices, self.clock, severe="warning"), answered)

    def leave(self, code: int) -> None:
        """End the session in order, without holding up the screen, then exit with this code. One that is only looked
        at goes on."""
        if self._leaving:
            return
        self._exit_code = code
        self._leaving = True
        if self.session is None and not self.launching.is_busy:
            self.exit(code)
            return
        if self.session is None or self.session.ends_with_screen:
            self._closing_notice = Closing(self._closing_text(), partial(self.steering.send, Stop()), self.clock)
            self.push_screen(self._closing_notice)
        self._close()

    def _closing_text(self) -> str:
        snapshot = self.monitor.snapshot
        if snapshot is None or not snapshot.positions:
            return "Closing the session…"
        text = f"Closing {positions(len(snapshot.positions))}…"
        return f"{text}\n{snapshot.waiting}" if snapshot.waiting else text

    @work(thread=True, exit_on_error=False, group="session")
    def _close(self) -> None:
        why = ""
        self.launching.wait()
        if self.session is not None:
            try:
                self.session.close()
            except Exception as error:  # told after the terminal is restored
                why = f"The session did not end in order: {str(error) or type(error).__name__}"
        self.post_message(self.Closed(why))

    def on_cockpit_closed(self, event: Closed) -> None:
        self.exit(FAILED if event.why else self._exit_code, message=event.why or None)

    @property
    def goes_on(self) -> bool:
        """Whether a session of this process runs that shall go on without the screen."""
        session = self.session
        return self._detached and session is not None and session.ends_with_screen and not session.is_over

    @property
    def is_behind(self) -> bool:
        """Whether the terminal has frames to take before another one makes sense."""
        return isinstance(self._driver, TerminalDriver) and self._driver.is_behind

    @property
    def can_trade(self) -> bool:
        """Whether a session may run in this process: one that was opened to look only has no shell to leave it to."""
        return self._shell is not None or self.is_headless

    def detach(self) -> None:
        """Leave the screen; the session goes on."""
        if not self.monitor.ends_with_screen:
            self.leave(DONE)
            return
        self._detached = True
        self.exit(DONE)

    def lose_screen(self) -> None:
        """Nothing can be shown any more: the session goes on, or is to be closed, as configured."""
        if not self._leaving and self.settings.session.on_hangup == "detach":
            self._detached = True
        self._leaving = not self._detached

    def _heed_signals(self) -> None:
        if self._exit:
            return  # whoever keeps the session heeds them
        if self._signals.hung_up:
            self.lose_screen()
            self.exit(DONE if self.goes_on else INTERRUPTED)
            return
        for _ in range(self._signals.ends()):
            self.interrupted()

    def interrupted(self) -> None:
        """A signal asked the program to end. A second one takes the last prices."""
        self._exit_code = INTERRUPTED
        if self._closing_notice is None:
            self.leave(INTERRUPTED)
        elif self.session is None:
            self.exit(INTERRUPTED)
        else:
            self.steering.send(Stop())


def run(cockpit: Cockpit) -> int:
    """Run until a person leaves or a signal comes; the exit code.

    The session is closed, also after a crash, unless it goes on without the screen: see `goes_on`.
    """
    result = None
    try:
        result = cockpit.run()
    except Exception:  # whatever broke the screen, it must not end the trading
        with suppress(OSError):  # the terminal may be what broke
            traceback.print_exc()
    finally:
        if result is None:
            cockpit.lose_screen()
        if cockpit.session is not None and not cockpit.goes_on:
            cockpit.session.close()
    return result if result is not None else cockpit.return_code or FAILED
