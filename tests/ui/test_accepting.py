"""The difference to the broker's account on the screen: where it is told, and how it is accepted."""

from msgspec.structs import replace
from textual.pilot import Pilot
from textual.widgets import Static

from sentio_tui.engine.reconciliation import ACCOUNT
from sentio_tui.model.commands import Accept
from sentio_tui.model.events import Held
from sentio_tui.model.snapshot import AccountDifference, AccountView, Snapshot
from sentio_tui.ui.app import Cockpit
from sentio_tui.ui.screens.accepting import Accepting
from sentio_tui.ui.screens.cockpit import CockpitScreen
from sentio_tui.ui.screens.dialogs import GUARD
from tests.ui.conftest import MakeCockpit
from tests.ui.driving import notices, ready
from tests.ui.fakes import FakeClock, FakeSession
from tests.ui.samples import busy

FAULT = "BTC-USD: 0.5 here, 0.25 in the account; cash: 8,000.00 here, 33,000.00 in the account"
DIFFERENCES = (AccountDifference("BTC-USD", 0.5, 0.25), AccountDifference("", 8_000.0, 33_000.0))


def differing(fault: str = FAULT, differences: tuple[AccountDifference, ...] = DIFFERENCES, seq: int = 1) -> Snapshot:
    snapshot = busy()
    view = AccountView(snapshot.at, differences, (Held("MSFT[red]", 3.0, 400.0),), fault)
    return replace(
        snapshot,
        seq=snapshot.seq + seq,
        account=view,
        faults={ACCOUNT: fault} if fault else {},
        accepts=snapshot.accepts | {Accept},
    )


def said(cockpit: Cockpit) -> str:
    return str(cockpit.screen.query_one(".dialog--text", Static).render())


async def ask(pilot: Pilot[int], clock: FakeClock) -> Accepting:
    await pilot.press("a")
    dialog = pilot.app.screen
    assert isinstance(dialog, Accepting)
    clock.pass_by(GUARD)
    return dialog


async def test_t25_both_sides_of_every_difference_are_shown_before_the_account_is_accepted(
    make_cockpit: MakeCockpit, clock: FakeClock
) -> None:
    session = FakeSession([differing()])
    cockpit = make_cockpit(session)
    async with cockpit.run_test() as pilot:
        screen = await ready(pilot, session)
        assert "No orders are made. Press a for both sides." in str(screen.banner.render())
        assert "a Accept" in str(screen.keys.render())
        await pilot.press("a", "y")
        assert session.commands == [], "a key typed before the question could be read answers nothing"
        clock.pass_by(GUARD)
        rows = [line.split() for line in said(cockpit).splitlines()]
        assert ["BTC-USD", "0.5", "0.25"] in rows
        assert ["cash", "8,000.00", "33,000.00"] in rows
        assert "Left alone, for the session does not trade it: 3 MSFT[red]." in said(cockpit)
        await pilot.press("y")
        assert session.commands == [Accept(FAULT)]
        assert isinstance(cockpit.screen, CockpitScreen)


async def test_leaving_the_question_accepts_nothing(make_cockpit: MakeCockpit, clock: FakeClock) -> None:
    session = FakeSession([differing()])
    cockpit = make_cockpit(session)
    async with cockpit.run_test() as pilot:
        await ready(pilot, session)
        for key in ("n", "escape", "enter", "ctrl+c"):
            await ask(pilot, clock)
            await pilot.press(key)
            assert isinstance(cockpit.screen, CockpitScreen)
        assert session.commands == []


async def test_a_difference_that_changes_while_it_is_looked_at_is_shown_and_must_be_read_again(
    make_cockpit: MakeCockpit, clock: FakeClock
) -> None:
    later = "BTC-USD: 0.5 here, 0.1 in the account"
    session = FakeSession([differing(), differing(later, (AccountDifference("BTC-USD", 0.5, 0.1),), seq=2)])
    cockpit = make_cockpit(session)
    async with cockpit.run_test() as pilot:
        screen = await ready(pilot, session)
        await ask(pilot, clock)
        session.step()
        screen.pump()
        await pilot.press("y")
        assert session.commands == []
        assert ["BTC-USD", "0.5", "0.1"] in [line.split() for line in said(cockpit).splitlines()]
        clock.pass_by(GUARD)
        await pilot.press("y")
        assert session.commands == [Accept(later)]


async def test_a_question_without_a_difference_closes(make_cockpit: MakeCockpit, clock: FakeClock) -> None:
    session = FakeSession([differing(), differing("", (), seq=2)])
    cockpit = make_cockpit(session)
    async with cockpit.run_test() as pilot:
        screen = await ready(pilot, session)
        await ask(pilot, clock)
        session.step()
        screen.pump()
        await pilot.pause()
        assert isinstance(cockpit.screen, CockpitScreen)
        assert "agree again" in notices(cockpit)[-1]
        assert "a Accept" not in str(screen.keys.render())


async def test_without_a_difference_there_is_nothing_to_accept(make_cockpit: MakeCockpit) -> None:
    session = FakeSession([busy()])
    cockpit = make_cockpit(session)
    async with cockpit.run_test() as pilot:
        screen = await ready(pilot, session)
        assert "a Accept" not in str(screen.keys.render())
        await pilot.press("a")
        assert isinstance(cockpit.screen, CockpitScreen)
        assert "do not differ" in notices(cockpit)[-1]
