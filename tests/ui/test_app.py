"""The cockpit's behaviour: the life of the session it shows, commands, questions, and leaving."""

import threading
from collections.abc import Callable

import pytest
from msgspec.structs import replace
from textual.command import CommandPalette
from textual.pilot import Pilot
from textual.screen import Screen
from textual.widgets import Static

from sentio_tui.model.commands import AnyCommand, Flatten, Pause, Start, Stop
from sentio_tui.model.events import AnyEvent, Level, Noted, OrderRejected, Phase, SessionEnded
from sentio_tui.settings import SessionSettings, Settings
from sentio_tui.ui.app import Cockpit, run
from sentio_tui.ui.screens.cockpit import CockpitScreen
from sentio_tui.ui.screens.dialogs import GUARD, HELD, Closing, Dialog
from sentio_tui.ui.screens.help import Help
from tests.ui.conftest import THEMES, MakeCockpit
from tests.ui.fakes import FakeClock, FakePane, FakeSession, fake_panes
from tests.ui.samples import HOSTILE, busy, ended

MARKUP = "[red]x[/foo]"


async def until(pilot: Pilot[int], condition: Callable[[], object]) -> None:
    for _ in range(300):
        if condition():
            return
        await pilot.pause()
    raise AssertionError("it never came true")


async def ready(pilot: Pilot[int], session: FakeSession) -> CockpitScreen:
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


def flat() -> FakeSession:
    return FakeSession([replace(busy(), positions=())])


async def test_the_first_frame_comes_before_the_launch(clock: FakeClock) -> None:
    go, session, frames = threading.Event(), FakeSession([busy()]), []

    def launch() -> FakeSession:
        frames.append(cockpit.screen_stack[0].query("#status").first().is_mounted)
        assert threading.current_thread() is not threading.main_thread()
        go.wait()
        return session

    cockpit = Cockpit(launch, Settings(), [THEMES], clock=clock, panes=fake_panes)
    async with cockpit.run_test(size=(160, 48)) as pilot:
        await until(pilot, lambda: frames)
        assert frames == [True]
        screen = cockpit.screen_stack[0]
        assert "starting" in status(screen)
        assert "SIM" in status(screen)
        assert not pane(screen, "metrics").shown
        go.set()
        await ready(pilot, session)
        assert "running" in status(screen)
        assert pane(screen, "metrics").shown == [busy()]


async def test_a_failed_launch_is_told_and_the_screen_stays(clock: FakeClock) -> None:
    session, failures = FakeSession([busy()]), [ValueError(f"no such file: {MARKUP}")]

    def launch() -> FakeSession:
        if failures:
            raise failures.pop()
        return session

    cockpit = Cockpit(launch, Settings(), [THEMES], clock=clock, panes=fake_panes)
    async with cockpit.run_test(size=(160, 48)) as pilot:
        await until(pilot, lambda: isinstance(cockpit.screen, Dialog))
        assert MARKUP in str(cockpit.screen.query_one(".dialog--text", Static).render())
        clock.pass_by(GUARD)
        await pilot.press("enter")
        await until(pilot, lambda: not isinstance(cockpit.screen, Dialog))
        screen = cockpit.screen_stack[0]
        assert "not started" in status(screen)
        assert MARKUP in pane(screen, "log").shown[-1].notes[-1].text
        assert not pane(screen, "equity").shown
        await pilot.press("s")
        await ready(pilot, session)
        assert "running" in status(screen)


async def test_without_news_nothing_is_painted(make_cockpit: MakeCockpit) -> None:
    session = FakeSession([busy(), replace(busy(), seq=busy().seq + 1)])
    async with make_cockpit(session).run_test(size=(160, 48)) as pilot:
        screen = await ready(pilot, session)
        shown = pane(screen, "metrics").shown
        before = len(shown)
        for _ in range(5):
            screen.pump()
        assert len(shown) == before
        session.step()
        screen.pump()
        screen.pump()
        assert len(shown) == before + 1
        await pilot.press("r")
        assert len(shown) == before + 2


@pytest.mark.parametrize(
    ("phase", "key", "command"),
    [
        (Phase.RUNNING, "space", Pause()),
        (Phase.PAUSED, "space", Start()),
        (Phase.PAUSED, "s", Start()),
        (Phase.READY, "s", Start()),
    ],
)
async def test_keys_send_commands(make_cockpit: MakeCockpit, phase: Phase, key: str, command: AnyCommand) -> None:
    accepts = frozenset({Pause, Stop, Flatten}) if phase is Phase.RUNNING else frozenset({Start, Stop, Flatten})
    session = FakeSession([replace(busy(), phase=phase, accepts=accepts)])
    async with make_cockpit(session).run_test() as pilot:
        await ready(pilot, session)
        await pilot.press(key)
        assert session.commands == [command]


async def test_what_the_session_does_not_take_is_refused_with_a_notice(make_cockpit: MakeCockpit) -> None:
    session = FakeSession([busy()])
    cockpit = make_cockpit(session)
    async with cockpit.run_test(notifications=True) as pilot:
        await ready(pilot, session)
        await pilot.press("s")
        assert session.commands == []
        assert "Start: not possible while the session is running." in notices(cockpit)


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


class SlowSession(FakeSession):
    """Closes when it is let go, or when it is told to stop once more."""

    def __init__(self) -> None:
        super().__init__([replace(busy(), phase=Phase.STOPPING, waiting="prices of 2 symbols")])
        self.go = threading.Event()

    def send(self, command: AnyCommand) -> None:
        super().send(command)
        self.go.set()

    def close(self) -> None:
        self.go.wait()
        super().close()


async def test_closing_never_holds_up_the_screen_and_can_be_hurried(
    make_cockpit: MakeCockpit, clock: FakeClock
) -> None:
    session = SlowSession()
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
    session = SlowSession()
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
    go, session = threading.Event(), FakeSession([busy()])

    def launch() -> FakeSession:
        go.wait()
        return session

    cockpit = Cockpit(launch, Settings(), [THEMES], clock=clock, panes=fake_panes)
    async with cockpit.run_test() as pilot:
        await until(pilot, lambda: cockpit.monitor.launching)
        cockpit.interrupted()
        await pilot.pause()
        go.set()
        await until(pilot, lambda: cockpit._exit)
    assert session.closed == 1
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


async def test_an_ended_session_keeps_its_numbers_and_says_why(make_cockpit: MakeCockpit) -> None:
    session = FakeSession([busy(), ended()])
    async with make_cockpit(session).run_test(size=(160, 48)) as pilot:
        screen = await ready(pilot, session)
        session.events.append(SessionEnded(seq=9, at=busy().at, why="duration reached"))
        session.is_over = True
        session.step()
        screen.pump()
        assert "ended: duration reached" in status(screen)
        assert pane(screen, "metrics").shown[-1] == ended()


async def test_a_broken_session_is_an_alarm(make_cockpit: MakeCockpit) -> None:
    session = FakeSession([busy()])
    cockpit = make_cockpit(session)
    async with cockpit.run_test(size=(160, 48), notifications=True) as pilot:
        screen = await ready(pilot, session)
        session.failure, session.is_over = f"boom {MARKUP}", True
        screen.pump()
        screen.pump()
        await pilot.pause()
        assert f"failed: boom {MARKUP}" in status(screen)
        assert notices(cockpit).count(f"The session broke off: boom {MARKUP}") == 1
        assert cockpit.is_running


async def test_after_the_end_s_starts_a_new_session(clock: FakeClock) -> None:
    first, second = FakeSession([ended()]), FakeSession([busy()])
    first.is_over = True
    sessions = [first, second]
    cockpit = Cockpit(lambda: sessions.pop(0), Settings(), [THEMES], clock=clock, panes=fake_panes)
    async with cockpit.run_test(size=(160, 48)) as pilot:
        screen = await ready(pilot, first)
        screen.pump()
        assert "ended" in status(screen)
        await pilot.press("s")
        await ready(pilot, second)
        screen.pump()
        assert first.closed == 1
        assert "running" in status(screen)
        assert first.commands == second.commands == []


@pytest.mark.parametrize("text", [MARKUP, HOSTILE])
async def test_alarms_and_rejects_are_told_as_they_are(make_cockpit: MakeCockpit, text: str) -> None:
    at = busy().at
    events: list[AnyEvent] = [
        Noted(seq=1, at=at, level=Level.ALARM, code="x", text=f"alarm {text}"),
        Noted(seq=2, at=at, level=Level.WARNING, code="x", text="no toast"),
        OrderRejected(seq=3, at=at, order_id=text, why=text),
    ]
    session = FakeSession([busy()], events)
    cockpit = make_cockpit(session)
    async with cockpit.run_test(size=(160, 48), notifications=True) as pilot:
        await ready(pilot, session)
        await until(pilot, lambda: len(notices(cockpit)) == 2)
        assert notices(cockpit)[0].startswith("alarm [red]x[/foo]")
        assert "\x1b" not in "".join(notices(cockpit))
        cockpit.export_screenshot()


async def test_a_flood_of_alarms_is_few_toasts(make_cockpit: MakeCockpit) -> None:
    flood: list[AnyEvent] = [
        Noted(seq=n, at=busy().at, level=Level.ALARM, code="x", text=f"alarm {n}") for n in range(1, 51)
    ]
    session = FakeSession([busy()], flood)
    cockpit = make_cockpit(session)
    async with cockpit.run_test(size=(160, 48), notifications=True) as pilot:
        screen = await ready(pilot, session)
        await until(pilot, lambda: notices(cockpit))
        assert notices(cockpit) == ["alarm 1", "alarm 2", "alarm 3", "… and 47 more; see the log."]
        assert "50 alarms" in status(screen)


async def test_faults_stand_over_everything(make_cockpit: MakeCockpit) -> None:
    session = FakeSession([replace(busy(), faults={"journal": f"disk full {MARKUP}"}), busy()])
    async with make_cockpit(session).run_test() as pilot:
        screen = await ready(pilot, session)
        banner = screen.query_one("#banner", Static)
        assert banner.display
        assert f"journal: disk full {MARKUP}" in str(banner.render())
        assert "fault" in status(screen)
        session.step()
        session.snapshots[0] = replace(busy(), seq=busy().seq + 1)
        screen.pump()
        await pilot.pause()
        assert not banner.display


async def test_keys_can_be_given_away_and_the_rest_is_told(make_cockpit: MakeCockpit) -> None:
    session = FakeSession([busy()])
    settings = Settings(keys={"pause": "p,ctrl+z", "help": "f2", "zoom": "s", "nothing": "n"})
    cockpit = make_cockpit(session, settings)
    async with cockpit.run_test(notifications=True) as pilot:
        await ready(pilot, session)
        await pilot.press("space")
        assert session.commands == []
        await pilot.press("p", "ctrl+z")
        assert session.commands == [Pause(), Pause()]
        assert any("keys.zoom: 's' belongs to 'start'" in notice for notice in notices(cockpit))
        assert any("keys.nothing: no such action" in notice for notice in notices(cockpit))
        await pilot.press("f2")
        assert isinstance(cockpit.screen, Help)


async def test_quitting_stays_in_reach_whatever_the_keys(make_cockpit: MakeCockpit) -> None:
    session = FakeSession([busy()])
    cockpit = make_cockpit(session, Settings(keys={"quit": "f12", "focus_log": "q"}))
    async with cockpit.run_test() as pilot:
        screen = await ready(pilot, session)
        await pilot.press("q")
        assert screen.focused_pane is pane(screen, "log")
        await pilot.press("ctrl+c")
        assert isinstance(cockpit.screen, Dialog)


async def test_help_is_of_what_has_the_focus_and_lists_all_keys(make_cockpit: MakeCockpit) -> None:
    session = FakeSession([busy()])
    cockpit = make_cockpit(session)
    async with cockpit.run_test(size=(160, 48)) as pilot:
        await ready(pilot, session)
        await pilot.press("1", "?")
        assert isinstance(cockpit.screen, Help)
        subject = str(cockpit.screen.query_one(".help--subject", Static).render())
        assert subject.startswith("1 Metrics")
        assert "keeps what it was shown" in subject
        keys = str(cockpit.screen.query_one("KeyList").render())
        assert "? f1" in keys
        assert "Cancel open orders, close every position, and pause." in keys
        await pilot.press("escape")
        await pilot.press("f1")
        assert isinstance(cockpit.screen, Help)
        await pilot.press("q")
        assert isinstance(cockpit.screen, CockpitScreen)


@pytest.mark.parametrize("key", [":", "ctrl+p"])
async def test_the_palette_finds_actions_and_themes(make_cockpit: MakeCockpit, clock: FakeClock, key: str) -> None:
    session = FakeSession([busy()])
    cockpit = make_cockpit(session)
    async with cockpit.run_test() as pilot:
        await ready(pilot, session)
        await pilot.press(key)
        assert isinstance(cockpit.screen, CommandPalette)
        await pilot.press(*"sentio-light")
        await pilot.press("down", "enter")
        await until(pilot, lambda: cockpit.theme == "sentio-light")
        await until(pilot, lambda: isinstance(cockpit.screen, CockpitScreen))
        await pilot.press(key, *"flatten")
        await pilot.press("down", "enter")
        await until(pilot, lambda: isinstance(cockpit.screen, Dialog))
        await pilot.press("enter")
        assert session.commands == []
        clock.pass_by(GUARD)
        await pilot.press("y")
        assert session.commands == [Flatten()]


def test_a_crash_of_the_screen_closes_the_session(make_cockpit: MakeCockpit, monkeypatch: pytest.MonkeyPatch) -> None:
    session = FakeSession([busy()])
    cockpit = make_cockpit(session)

    def crash() -> None:
        cockpit.session = session
        raise RuntimeError("boom")

    monkeypatch.setattr(cockpit, "run", crash)
    with pytest.raises(RuntimeError, match="boom"):
        run(cockpit)
    assert session.closed == 1
