"""Real money on the screen: the red badge, and the word of a person before anything is traded."""

import threading

import pytest
from msgspec.structs import replace
from textual.pilot import Pilot
from textual.widgets import Static

from sentio_tui.journal.catalogue import Listed, SessionState
from sentio_tui.model.events import Mode
from sentio_tui.sessions.base import Session
from sentio_tui.sessions.permit import LiveAccount
from sentio_tui.settings import AlpacaBrokerSettings, BrokerSettings, FeedSettings, Settings
from sentio_tui.ui.app import Cockpit
from sentio_tui.ui.monitor import Monitor
from sentio_tui.ui.panes.sessions import session_row
from sentio_tui.ui.screens.asking import Ask
from sentio_tui.ui.screens.cockpit import CockpitScreen
from sentio_tui.ui.status import status_parts
from tests.ui.conftest import THEMES
from tests.ui.driving import status, until
from tests.ui.fakes import FakeClock, FakeSession, fake_panes
from tests.ui.samples import busy, info

ACCOUNT = LiveAccount("123456789", 12_345.678, "USD")


class Desk:
    """A cockpit whose launch asks about a live account, and what came of it."""

    def __init__(self) -> None:
        self.session = FakeSession([replace(busy(), info=info(Mode.LIVE))])
        self.why: list[str] = []
        self.asked = threading.Event()
        settings = Settings(
            feed=FeedSettings(kind="alpaca"),
            broker=BrokerSettings(kind="alpaca", alpaca=AlpacaBrokerSettings(mode="live")),
        )
        self.cockpit = Cockpit(self.launch, settings, [THEMES], clock=FakeClock(), panes=fake_panes, live=True)

    def launch(self) -> Session:
        permit = self.cockpit.launching.permit
        assert permit.live
        why = permit.against(ACCOUNT)
        self.why.append(why)
        if why:
            raise ValueError(why)
        return self.session


async def answer(pilot: Pilot[int], text: str) -> None:
    await pilot.press(*text, "enter")


async def test_a_person_confirms_the_account_before_real_money_is_traded() -> None:
    desk = Desk()
    cockpit = desk.cockpit
    async with cockpit.run_test() as pilot:
        await until(pilot, lambda: isinstance(cockpit.screen, Ask))
        assert " LIVE " in status(cockpit.screen_stack[0])
        said = str(cockpit.screen.query_one(".dialog--text", Static).render())
        assert "your money" in said
        assert "Account 123456789: 12,345.68 USD" in said
        await answer(pilot, "1234")
        assert "That is not 6789" in str(cockpit.screen.query_one("#refusal", Static).render())
        assert desk.why == []
        await pilot.press(*["backspace"] * 4)
        await answer(pilot, "6789")
        await until(pilot, lambda: cockpit.monitor.session is desk.session)
        assert desk.why == [""]
        assert isinstance(cockpit.screen, CockpitScreen)


async def test_who_does_not_confirm_trades_nothing() -> None:
    desk = Desk()
    cockpit = desk.cockpit
    async with cockpit.run_test() as pilot:
        await until(pilot, lambda: isinstance(cockpit.screen, Ask))
        await pilot.press("escape")
        await until(pilot, lambda: desk.why)
        assert "not confirmed" in desk.why[0]
        await until(pilot, lambda: "not started" in status(cockpit.screen_stack[0]))
        assert cockpit.session is None


async def test_who_quits_instead_is_not_waited_for() -> None:
    desk = Desk()
    cockpit = desk.cockpit
    async with cockpit.run_test() as pilot:
        await until(pilot, lambda: isinstance(cockpit.screen, Ask))
        cockpit.interrupted()
        await until(pilot, lambda: desk.why)
    assert "nobody waits" in desk.why[0]


def test_the_badge_of_real_money_is_red_from_the_first_frame_on() -> None:
    monitor = Monitor(Mode.LIVE)
    badge = status_parts(monitor.condition)[0][0].forms[0]
    assert badge.plain == " LIVE "
    assert any("$mode-live" in str(span.style) for span in badge.spans)


@pytest.mark.parametrize(("mode", "text", "style"), [("live", "LIVE", "error"), ("paper", "paper", "")])
def test_in_the_list_of_sessions_real_money_stands_out(mode: str, text: str, style: str) -> None:
    row = session_row(
        Listed(name="live_20250106_000000", path="x", state=SessionState.ENDED, mode=mode), is_chosen=False
    )
    assert (row.cells[2].text, row.cells[2].style) == (text, style)
