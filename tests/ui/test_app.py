"""The cockpit's behaviour: the life of the session it shows, commands, questions, and leaving."""

import threading

import pytest
from msgspec.structs import replace
from textual.command import CommandPalette
from textual.widgets import Static

from sentio_tui.model.commands import AnyCommand, Flatten, Pause, Start, Stop
from sentio_tui.model.events import AnyEvent, Level, Noted, OrderRejected, Phase, SessionEnded
from sentio_tui.sessions.wheel import Seat, notice
from sentio_tui.settings import Settings
from sentio_tui.ui.app import Cockpit
from sentio_tui.ui.screens.cockpit import CockpitScreen
from sentio_tui.ui.screens.dialogs import GUARD, Dialog
from sentio_tui.ui.screens.help import Help
from tests.ui.conftest import THEMES, MakeCockpit
from tests.ui.driving import notices, pane, ready, status, until
from tests.ui.fakes import FakeClock, FakeSession, fake_panes
from tests.ui.samples import HOSTILE, busy, ended

MARKUP = "[red]x[/foo]"


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


async def test_a_launch_tells_its_steps_and_is_given_up_on_leaving(clock: FakeClock) -> None:
    def launch() -> FakeSession:
        cockpit.launching.tell(f"step 1 {MARKUP}")
        while not cockpit.is_leaving:
            told.wait(0.01)
        raise RuntimeError("given up")

    told = threading.Event()
    cockpit = Cockpit(launch, Settings(), [THEMES], clock=clock, panes=fake_panes)
    async with cockpit.run_test(size=(160, 48)) as pilot:
        screen = cockpit.screen_stack[0]
        await until(pilot, lambda: f"starting: step 1 {MARKUP}" in status(screen))
        await pilot.press("?")
        assert isinstance(cockpit.screen, Help)
        await pilot.press("q", "q")
        await until(pilot, lambda: cockpit._exit)
    assert cockpit.return_value == 0


async def test_a_failed_launch_is_told_and_the_screen_stays(clock: FakeClock) -> None:
    session, failures = FakeSession([busy()]), [ValueError(f"no such file: {MARKUP}")]

    def launch() -> FakeSession:
        if failures:
            raise failures.pop()
        return session

    cockpit = Cockpit(launch, Settings(), [THEMES], clock=clock, panes=fake_panes)
    async with cockpit.run_test(size=(160, 48)) as pilot:
        await until(pilot, lambda: isinstance(cockpit.screen, Dialog) and cockpit.screen.is_mounted)
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
        assert "2 alarms" in status(screen)
        assert pane(screen, "log").shown[-1].notes[-1].text == f"The session broke off: boom {MARKUP}"
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


async def test_who_watches_takes_the_wheel_by_its_key_and_sees_it_go(make_cockpit: MakeCockpit) -> None:
    session = FakeSession([busy()])
    session.seat = Seat("bob@pts/2", viewers=2)
    cockpit = make_cockpit(session)
    async with cockpit.run_test(size=(160, 48), notifications=True) as pilot:
        screen = await ready(pilot, session)
        assert "bob@pts/2 drives" in status(screen)
        await pilot.press("space")
        assert session.commands == []
        assert "Pause: bob@pts/2 drives; take the wheel first." in notices(cockpit)
        await pilot.press("w")
        assert session.wheel_taken == 1
        session.seat = Seat("ann@pts/1", drives=True, viewers=2)
        screen.pump()
        assert "you drive, 1 watches" in status(screen)
        await pilot.press("space")
        assert session.commands == [Pause()]
        session.seat = Seat("bob@pts/2", viewers=2)
        screen.pump()
        await until(pilot, lambda: "bob@pts/2 drives now." in notices(cockpit))
        session.seat = Seat("", viewers=1)
        screen.pump()
        told = "bob@pts/2 has left, nobody drives. Who commands next does."
        await until(pilot, lambda: told in notices(cockpit))


async def test_a_refusal_on_the_way_and_a_cut_line_are_told(make_cockpit: MakeCockpit) -> None:
    session = FakeSession([busy()])
    cockpit = make_cockpit(session)
    async with cockpit.run_test(size=(160, 48), notifications=True) as pilot:
        screen = await ready(pilot, session)
        session.events.append(notice(f"Pause: bob {MARKUP} drives", busy().at))
        session.seat = replace(session.seat, cut_off="no answer")
        screen.pump()
        await until(pilot, lambda: f"Pause: bob {MARKUP} drives" in notices(cockpit))
        assert "What is shown may be old: no answer." in notices(cockpit)
        assert "cut off: no answer" in status(screen)


async def test_a_session_that_is_only_looked_at_is_not_followed_by_a_new_one(make_cockpit: MakeCockpit) -> None:
    session = FakeSession([ended()])
    session.is_over, session.ends_with_screen = True, False
    cockpit = make_cockpit(session)
    async with cockpit.run_test(notifications=True) as pilot:
        await ready(pilot, session)
        await pilot.press("s")
        await pilot.pause()
        assert cockpit.session is session
        assert "Start: this screen only looks at a session; start one elsewhere." in notices(cockpit)


async def test_what_changes_behind_a_question_is_painted_once(
    make_cockpit: MakeCockpit, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = FakeSession([busy(), replace(busy(), seq=busy().seq + 1)])
    cockpit = make_cockpit(session)
    async with cockpit.run_test(size=(160, 48)) as pilot:
        screen = await ready(pilot, session)
        await pilot.press("f")
        dialog = cockpit.screen
        assert isinstance(dialog, Dialog)
        painted: list[object] = []
        monkeypatch.setattr(cockpit, "_display", lambda _screen, update: painted.append(update))
        session.step()
        screen.pump()
        await until(pilot, lambda: any(painted))
        await pilot.pause()
        before = len([update for update in painted if update])
        for _ in range(5):
            screen._on_timer_update()
            dialog._on_timer_update()
            await pilot.pause()
        assert len([update for update in painted if update]) == before
