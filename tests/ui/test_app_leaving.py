"""Questions before positions are closed, and leaving: by key, by signal, after a crash."""

import threading
from typing import Literal

import pytest
from msgspec.structs import replace
from textual.widgets import Static

from sentio_tui.model.commands import AnyCommand, Flatten, Stop
from sentio_tui.model.events import Phase
from sentio_tui.settings import SessionSettings, Settings
from sentio_tui.ui.app import Cockpit, run
from sentio_tui.ui.screens.cockpit import CockpitScreen
from sentio_tui.ui.screens.dialogs import GUARD, HELD, Closing, Dialog
from tests.ui.conftest import THEMES, MakeCockpit
from tests.ui.driving import pane, ready, status, until
from tests.ui.fakes import FakeClock, FakeSession, SlowSession, fake_panes
from tests.ui.samples import busy, ended

MARKUP = "[red]x[/foo]"


def flat() -> FakeSession:
    return FakeSession([replace(busy(), positions=())])


@pytest.mark.parametrize(("key", "command"), [("f", Flatten()), ("x", Stop())])
async def test_closing_positions_is_asked_first(
    make_cockpit: MakeCockpit, clock: FakeClock, key: str, command: AnyCommand
) -> None:
    session = FakeSession([busy()])
    cockpit = make_cockpit(session)
    async with cockpit.run_test() as pilot:
        await ready(pilot, session)
        await pilot.press(key)
        assert isinstance(cockpit.screen, Dialog)
        await pilot.press("y")
        assert isinstance(cockpit.screen, Dialog), "a key typed before the question could be read answers nothing"
        clock.pass_by(GUARD)
        await pilot.press(key, key, key)
        assert isinstance(cockpit.screen, Dialog), "the key that asks does not answer, so holding it is harmless"
        assert session.commands == []
        await pilot.press("y")
        assert session.commands == [command]


async def test_a_session_that_has_ended_and_only_closes_its_files_is_not_asked_about(make_cockpit: MakeCockpit) -> None:
    session = SlowSession([replace(ended(), positions=())])
    cockpit = make_cockpit(session)
    async with cockpit.run_test() as pilot:
        await ready(pilot, session)
        await pilot.press("q")
        assert isinstance(cockpit.screen, Closing)
        session.go.set()
        await until(pilot, lambda: session.closed)


async def test_a_new_session_waits_until_the_one_that_has_ended_lets_go(clock: FakeClock) -> None:
    first, second = SlowSession([replace(ended(), positions=())]), FakeSession([busy()])
    sessions = [first, second]
    closed: list[int] = []

    def launch() -> FakeSession:
        closed.append(first.closed)
        return sessions.pop(0)

    cockpit = Cockpit(launch, Settings(), [THEMES], clock=clock, panes=fake_panes)
    async with cockpit.run_test() as pilot:
        await ready(pilot, first)
        await pilot.press("s")
        assert first.commands == [], "nothing more is asked of it"
        first.go.set()
        await ready(pilot, second)
    assert closed == [0, 1]


@pytest.mark.parametrize("answer", ["n", "escape", "enter", "ctrl+c"])
async def test_a_question_is_easily_left(make_cockpit: MakeCockpit, clock: FakeClock, answer: str) -> None:
    session = FakeSession([busy()])
    cockpit = make_cockpit(session)
    async with cockpit.run_test() as pilot:
        await ready(pilot, session)
        for key in ("f", "x", "q"):
            await pilot.press(key)
            assert isinstance(cockpit.screen, Dialog)
            clock.pass_by(HELD)
            await pilot.press(answer)
            assert isinstance(cockpit.screen, CockpitScreen)
        assert session.commands == []
        assert session.closed == 0


async def test_buttons_can_be_reached_and_clicked(make_cockpit: MakeCockpit, clock: FakeClock) -> None:
    session = FakeSession([busy()])
    cockpit = make_cockpit(session)
    async with cockpit.run_test() as pilot:
        await ready(pilot, session)
        await pilot.press("f")
        clock.pass_by(GUARD)
        await pilot.press("left", "enter")
        assert session.commands == [Flatten()]
        await pilot.press("f")
        clock.pass_by(GUARD)
        await pilot.click("#choice-yes")
        assert session.commands == [Flatten(), Flatten()]


async def test_stop_without_positions_needs_no_question(make_cockpit: MakeCockpit, clock: FakeClock) -> None:
    session = flat()
    async with make_cockpit(session).run_test() as pilot:
        await ready(pilot, session)
        await pilot.press("x", "x", "x")
        assert session.commands == [Stop()], "a held key is one stop"
        clock.pass_by(HELD)
        await pilot.press("x")
        assert session.commands == [Stop(), Stop()]


async def test_stop_again_while_stopping_takes_the_last_prices(make_cockpit: MakeCockpit) -> None:
    session = FakeSession([replace(busy(), phase=Phase.STOPPING, accepts=frozenset({Stop}), waiting=MARKUP)])
    async with make_cockpit(session).run_test(size=(160, 48)) as pilot:
        screen = await ready(pilot, session)
        assert f"stopping: {MARKUP}" in status(screen)
        await pilot.press("x")
        assert session.commands == [Stop()]


@pytest.mark.parametrize("key", ["q", "ctrl+c", "ctrl+q"])
async def test_quitting_stops_the_session_after_a_question(
    make_cockpit: MakeCockpit, clock: FakeClock, key: str
) -> None:
    session = FakeSession([busy()])
    cockpit = make_cockpit(session)
    async with cockpit.run_test() as pilot:
        await ready(pilot, session)
        await pilot.press(key)
        assert "2 positions will be sold first" in str(cockpit.screen.query_one(".dialog--text", Static).render())
        clock.pass_by(GUARD)
        await pilot.press("y")
        await until(pilot, lambda: session.closed)
        await until(pilot, lambda: not cockpit.is_running or cockpit._exit)
    assert cockpit.return_value == 0


async def test_the_question_says_that_positions_are_kept(clock: FakeClock) -> None:
    session = FakeSession([busy()])
    settings = Settings(session=SessionSettings(at_exit="keep"))
    cockpit = Cockpit(lambda: session, settings, [THEMES], clock=clock, panes=fake_panes)
    async with cockpit.run_test() as pilot:
        await ready(pilot, session)
        await pilot.press("q")
        assert "2 positions will be kept" in str(cockpit.screen.query_one(".dialog--text", Static).render())


async def test_quitting_an_ended_session_asks_nothing(make_cockpit: MakeCockpit) -> None:
    session = FakeSession([ended()])
    session.is_over = True
    cockpit = make_cockpit(session)
    async with cockpit.run_test() as pilot:
        await ready(pilot, session)
        await pilot.press("q")
        await until(pilot, lambda: session.closed)
        await until(pilot, lambda: cockpit._exit)
    assert cockpit.return_value == 0


async def test_leaving_a_session_that_one_only_looks_at_asks_nothing(make_cockpit: MakeCockpit) -> None:
    session = FakeSession([busy()])
    session.ends_with_screen = False
    cockpit = make_cockpit(session)
    async with cockpit.run_test() as pilot:
        await ready(pilot, session)
        await pilot.press("q")
        await until(pilot, lambda: session.closed)
        await until(pilot, lambda: cockpit._exit)
    assert cockpit.return_value == 0
    assert not session.commands


async def test_signals_to_one_that_only_looks_at_a_session_leave_it_as_it_is(make_cockpit: MakeCockpit) -> None:
    session = SlowSession([busy()])
    session.ends_with_screen = False
    cockpit = make_cockpit(session)
    async with cockpit.run_test() as pilot:
        await ready(pilot, session)
        cockpit.interrupted()
        cockpit.interrupted()
        await pilot.pause()
        assert not isinstance(cockpit.screen, Closing)
        session.go.set()
        await until(pilot, lambda: cockpit._exit)
    assert cockpit.return_value == 130
    assert not session.commands


async def test_closing_never_holds_up_the_screen_and_can_be_hurried(
    make_cockpit: MakeCockpit, clock: FakeClock
) -> None:
    session = SlowSession([replace(busy(), phase=Phase.STOPPING, waiting="prices of 2 symbols")])
    cockpit = make_cockpit(session)
    async with cockpit.run_test() as pilot:
        screen = await ready(pilot, session)
        cockpit.leave(0)
        await until(pilot, lambda: isinstance(cockpit.screen, Closing))
        screen.show_news()
        await pilot.pause()
        text = str(cockpit.screen.query_one("#closing-text", Static).render())
        assert text == "Closing 2 positions…\nprices of 2 symbols"
        await pilot.press("x")
        assert session.commands == [], "too soon to have been meant"
        clock.pass_by(HELD)
        await pilot.press("x")
        assert session.commands == [Stop()]
        await until(pilot, lambda: session.closed)
        await until(pilot, lambda: cockpit._exit)
    assert cockpit.return_value == 0


async def test_a_signal_ends_the_session_in_order(make_cockpit: MakeCockpit) -> None:
    session = SlowSession([replace(busy(), phase=Phase.STOPPING, waiting="prices of 2 symbols")])
    cockpit = make_cockpit(session)
    async with cockpit.run_test() as pilot:
        await ready(pilot, session)
        cockpit.interrupted()
        await until(pilot, lambda: isinstance(cockpit.screen, Closing))
        assert session.commands == []
        cockpit.interrupted()
        assert session.commands == [Stop()]
        await until(pilot, lambda: cockpit._exit)
    assert session.closed == 1
    assert cockpit.return_value == 130


async def test_a_signal_while_the_session_starts_waits_for_it_and_closes_it(clock: FakeClock) -> None:
    called, go, session = threading.Event(), threading.Event(), FakeSession([busy()])

    def launch() -> FakeSession:
        called.set()
        go.wait()
        return session

    cockpit = Cockpit(launch, Settings(), [THEMES], clock=clock, panes=fake_panes)
    async with cockpit.run_test() as pilot:
        await until(pilot, called.is_set)
        cockpit.interrupted()
        await pilot.pause()
        go.set()
        await until(pilot, lambda: cockpit._exit)
    assert session.closed == 1
    assert cockpit.return_value == 130


async def test_a_signal_before_the_session_starts_starts_none(clock: FakeClock) -> None:
    launched: list[FakeSession] = []

    def launch() -> FakeSession:
        launched.append(FakeSession([busy()]))
        return launched[0]

    cockpit = Cockpit(launch, Settings(), [THEMES], clock=clock, panes=fake_panes)
    cockpit.call_later(cockpit.interrupted)
    async with cockpit.run_test() as pilot:
        await until(pilot, lambda: cockpit._exit)
    assert all(session.closed for session in launched)
    assert cockpit.return_value == 130


async def test_a_session_that_cannot_close_is_told_on_leaving(
    make_cockpit: MakeCockpit, capsys: pytest.CaptureFixture[str]
) -> None:
    class Stuck(FakeSession):
        def close(self) -> None:
            raise OSError("disk full")

    session = Stuck([busy()])
    cockpit = make_cockpit(session)
    async with cockpit.run_test() as pilot:
        await ready(pilot, session)
        cockpit.leave(0)
        await until(pilot, lambda: cockpit._exit)
    assert cockpit.return_value == 1
    assert "did not end in order: disk full" in capsys.readouterr().err


async def test_quitting_stays_in_reach_whatever_the_keys(make_cockpit: MakeCockpit) -> None:
    session = FakeSession([busy()])
    cockpit = make_cockpit(session, Settings(keys={"quit": "f12", "focus_log": "q"}))
    async with cockpit.run_test() as pilot:
        screen = await ready(pilot, session)
        await pilot.press("q")
        assert screen.focused_pane is pane(screen, "log")
        await pilot.press("ctrl+c")
        assert isinstance(cockpit.screen, Dialog)


@pytest.mark.parametrize("on_hangup", ["detach", "stop"])
def test_after_a_crash_of_the_screen_the_session_does_as_configured(
    on_hangup: Literal["detach", "stop"], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    session = FakeSession([busy()])
    settings = Settings(session=SessionSettings(on_hangup=on_hangup))
    cockpit = Cockpit(lambda: session, settings, [THEMES], panes=fake_panes)

    def crash() -> None:
        cockpit.session = session
        raise RuntimeError("boom")

    monkeypatch.setattr(cockpit, "run", crash)
    assert run(cockpit) == 1
    assert "boom" in capsys.readouterr().err
    assert session.closed == (on_hangup == "stop")
    assert cockpit.goes_on is (on_hangup == "detach")
