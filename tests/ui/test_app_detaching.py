"""Leaving a session that goes on: by key, by question, by a hang-up; and the signals of a shell."""

import os
import signal
from collections.abc import Callable, Iterator
from typing import Literal

import pytest

from sentio_tui.model.commands import Stop
from sentio_tui.model.snapshot import Snapshot
from sentio_tui.process import PASSED_ON, Shell
from sentio_tui.settings import SessionSettings, Settings
from sentio_tui.ui.app import Cockpit
from sentio_tui.ui.screens.dialogs import GUARD, Closing
from tests.ui.conftest import THEMES, MakeCockpit
from tests.ui.driving import notices, ready, until
from tests.ui.fakes import FakeClock, FakeSession, SlowSession, fake_panes
from tests.ui.samples import busy, ended


@pytest.mark.parametrize("how", ["key", "question"])
async def test_detaching_leaves_a_session_that_goes_on(make_cockpit: MakeCockpit, clock: FakeClock, how: str) -> None:
    session = FakeSession([busy()])
    cockpit = make_cockpit(session)
    async with cockpit.run_test() as pilot:
        await ready(pilot, session)
        if how == "question":
            await pilot.press("q")
            clock.pass_by(GUARD)
        await pilot.press("d")
        await until(pilot, lambda: cockpit._exit)
    assert cockpit.goes_on
    assert cockpit.return_value == 0
    assert session.closed == 0
    assert session.commands == []


async def test_a_session_that_ended_while_the_screen_closed_does_not_go_on(make_cockpit: MakeCockpit) -> None:
    session = FakeSession([busy()])
    cockpit = make_cockpit(session)
    async with cockpit.run_test() as pilot:
        await ready(pilot, session)
        await pilot.press("d")
        await until(pilot, lambda: cockpit._exit)
    session.is_over = True
    assert not cockpit.goes_on


@pytest.mark.parametrize("snapshots", [[], [ended()]], ids=["none", "ended"])
async def test_detaching_from_nothing_says_so(make_cockpit: MakeCockpit, snapshots: list[Snapshot]) -> None:
    session = FakeSession(snapshots)
    session.is_over = bool(snapshots)
    cockpit = make_cockpit(session)
    async with cockpit.run_test() as pilot:
        await ready(pilot, session)
        await pilot.press("d")
        await pilot.pause()
        assert not cockpit._exit
        why = "the session has ended" if snapshots else "no session is running"
        assert notices(cockpit) == [f"Detach: {why}."]


async def test_detaching_from_a_session_that_one_only_looks_at_leaves_it(make_cockpit: MakeCockpit) -> None:
    session = FakeSession([busy()])
    session.ends_with_screen = False
    cockpit = make_cockpit(session)
    async with cockpit.run_test() as pilot:
        await ready(pilot, session)
        await pilot.press("d")
        await until(pilot, lambda: cockpit._exit)
    assert session.closed == 1
    assert not cockpit.goes_on


class Kill:
    """A shell whose signals come from the test. Nobody is at the other end of its pipe, and nobody has gone."""

    def __init__(self) -> None:
        self._ours, theirs = os.pipe()
        self.shell = Shell(theirs)

    def __call__(self, number: signal.Signals) -> None:
        self.shell.signals._note(number, None)

    def close(self) -> None:
        os.close(self._ours)
        os.close(self.shell.pipe)


@pytest.fixture
def kill() -> Iterator[Kill]:
    made = Kill()
    yield made
    made.close()


@pytest.fixture
def signalled(kill: Kill, clock: FakeClock) -> Callable[..., Cockpit]:
    """Makes a cockpit that hears the signals of `kill`."""

    def make(session: FakeSession, settings: Settings | None = None) -> Cockpit:
        chosen = settings or Settings()
        return Cockpit(lambda: session, chosen, [THEMES], kill.shell, clock=clock, panes=fake_panes)

    return make


@pytest.mark.parametrize("on_hangup", ["detach", "stop"])
async def test_a_hang_up_does_as_configured(
    kill: Kill, signalled: Callable[..., Cockpit], on_hangup: Literal["detach", "stop"]
) -> None:
    session = FakeSession([busy()])
    cockpit = signalled(session, Settings(session=SessionSettings(on_hangup=on_hangup)))
    async with cockpit.run_test() as pilot:
        await ready(pilot, session)
        kill(signal.SIGHUP)
        kill(signal.SIGHUP)
        await until(pilot, lambda: cockpit._exit)
    assert cockpit.goes_on is (on_hangup == "detach")
    assert cockpit.return_value == (0 if on_hangup == "detach" else 130)


async def test_a_hang_up_while_closing_does_not_keep_the_session(kill: Kill, signalled: Callable[..., Cockpit]) -> None:
    session = SlowSession([busy()])
    cockpit = signalled(session)
    async with cockpit.run_test() as pilot:
        await ready(pilot, session)
        cockpit.leave(0)
        await until(pilot, lambda: isinstance(cockpit.screen, Closing))
        kill(signal.SIGHUP)
        await until(pilot, lambda: cockpit._exit)
        session.go.set()
    assert not cockpit.goes_on
    assert cockpit.return_value == 130


async def test_a_signal_to_the_whole_group_counts_once(kill: Kill, signalled: Callable[..., Cockpit]) -> None:
    session = SlowSession([busy()])
    cockpit = signalled(session)
    async with cockpit.run_test() as pilot:
        await ready(pilot, session)
        kill(signal.SIGTERM)
        kill(PASSED_ON)
        await until(pilot, lambda: isinstance(cockpit.screen, Closing))
        await pilot.pause()
        assert session.commands == []
        kill(PASSED_ON)
        await until(pilot, lambda: session.commands)
        assert session.commands == [Stop()], "the second one to the parent alone takes the last prices"
        await until(pilot, lambda: cockpit._exit)


async def test_a_signal_before_the_screen_is_heeded_when_it_stands(
    kill: Kill, signalled: Callable[..., Cockpit]
) -> None:
    kill(signal.SIGTERM)
    cockpit = signalled(FakeSession([busy()]))
    async with cockpit.run_test() as pilot:
        await until(pilot, lambda: cockpit._exit)
    assert cockpit.return_value == 130


async def test_signals_after_a_detach_are_for_who_keeps_the_session(
    kill: Kill, signalled: Callable[..., Cockpit]
) -> None:
    session = FakeSession([busy()])
    cockpit = signalled(session)
    async with cockpit.run_test() as pilot:
        await ready(pilot, session)
        cockpit.detach()
        kill(signal.SIGTERM)
    kill(signal.SIGHUP)
    assert cockpit.goes_on
    assert kill.shell.signals.ends() == 1
