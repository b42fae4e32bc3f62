"""How tests of the cockpit wait, and what they read from it."""

from collections.abc import Callable

from textual.pilot import Pilot
from textual.screen import Screen

from sentio_tui.sessions.base import Session
from sentio_tui.ui.app import Cockpit
from sentio_tui.ui.screens.cockpit import CockpitScreen
from tests.ui.fakes import FakePane


async def until(pilot: Pilot[int], condition: Callable[[], object]) -> None:
    for _ in range(300):
        if condition():
            return
        await pilot.pause()
    raise AssertionError("it never came true")


async def ready(pilot: Pilot[int], session: Session) -> CockpitScreen:
    """Wait until the session is on the screen."""
    cockpit = cockpit_of(pilot)
    await until(pilot, lambda: cockpit.monitor.session is session)
    screen = cockpit.screen_stack[0]
    assert isinstance(screen, CockpitScreen)
    await pilot.pause()
    return screen


def cockpit_of(pilot: Pilot[int]) -> Cockpit:
    assert isinstance(pilot.app, Cockpit)
    return pilot.app


def status(screen: Screen[None]) -> str:
    return str(screen.query_one("#status").render())


def notices(cockpit: Cockpit) -> list[str]:
    return [notice.message for notice in cockpit._notifications]


def pane(screen: Screen[None], name: str) -> FakePane:
    return screen.query_one(f"#{name}", FakePane)
