"""The keys of the transport on a recording, and looking back at a session that goes on."""

import threading
from pathlib import Path

import pytest
from msgspec.structs import replace
from textual.widgets import Input, OptionList

from sentio_tui.model.events import Level, Noted, OrderFilled, Phase
from sentio_tui.sessions.recorded import RecordedSession, open_journal
from sentio_tui.settings import Settings, UiSettings
from sentio_tui.ui.app import Cockpit
from sentio_tui.ui.screens.asking import Ask, MarkList
from sentio_tui.ui.travel import Travel, faster, slower
from tests.sessions.reels import Wall, recorded, swings, write
from tests.ui.conftest import MakeCockpit
from tests.ui.driving import notices, pane, ready, status, until
from tests.ui.fakes import FakeClock, FakeSession, fake_panes
from tests.ui.samples import busy

NAME = "live_20250106_140000"


@pytest.fixture
def wall() -> Wall:
    return Wall()


@pytest.fixture
def session(tmp_path: Path, wall: Wall) -> RecordedSession:
    return recorded(swings(), tmp_path, wall)


@pytest.fixture
def cockpit(session: RecordedSession, clock: FakeClock, themes: Path) -> Cockpit:
    settings = Settings(ui=UiSettings(theme="sentio-dark"))
    return Cockpit(lambda: session, settings, [themes], clock=clock, panes=fake_panes)


@pytest.fixture
def live(tmp_path: Path) -> FakeSession:
    """A session that runs, with a journal of what it has done so far."""
    running = FakeSession([busy()])
    running.journal = write(tmp_path / f"{NAME}.jsonl", swings())
    return running


def bar_text(cockpit: Cockpit) -> str:
    return str(cockpit.screen_stack[0].query_one("#transport").render())


async def test_a_recording_never_looks_live(cockpit: Cockpit, session: RecordedSession) -> None:
    async with cockpit.run_test(size=(160, 48)) as pilot:
        screen = await ready(pilot, session)
        assert status(screen).startswith(" REPLAY ‖ ")
        assert "of a session: sim" in status(screen)
        assert "was ready" in status(screen)
        await pilot.press("space")
        assert status(screen).startswith(" REPLAY ▶ 60× ")
        await pilot.resize_terminal(80, 24)
        await pilot.pause()
        assert status(screen).startswith(" REPLAY ▶ 60×  │ sim ")


async def test_every_key_of_the_transport(cockpit: Cockpit, session: RecordedSession) -> None:
    events = swings()
    fills = [event.seq for event in events if isinstance(event, OrderFilled)]
    async with cockpit.run_test(size=(160, 48)) as pilot:
        await ready(pilot, session)
        shown = pane(cockpit.screen_stack[0], "metrics").shown

        async def at(key: str, event: int) -> None:
            await pilot.press(key)
            await pilot.pause()
            assert session.place.event == event
            assert shown[-1].seq == event
            assert f"event {event:>{len(str(len(events)))}}/{len(events)}" in bar_text(cockpit)

        ends = [session._recording.end_of_bar(number) for number in range(4)]
        await at("right_square_bracket", ends[0])
        await at("right_square_bracket", ends[1])
        await at("left_square_bracket", ends[0])
        await at("n", fills[0])
        await at("n", fills[1])
        await at("N", fills[0])
        await at("end", len(events))
        await at("D", session._recording.deepest)
        await at("home", 1)
        await pilot.press("full_stop")
        assert session.place.speed == 120.0
        await pilot.press("comma", "comma")
        assert session.place.speed == 30.0
        await pilot.press("space")
        assert session.place.is_playing
        assert "▶ playing" in bar_text(cockpit)
        await pilot.press("space")
        assert not session.place.is_playing


async def test_playing_shows_the_bars_as_they_come(cockpit: Cockpit, session: RecordedSession, wall: Wall) -> None:
    async with cockpit.run_test(size=(160, 48)) as pilot:
        screen = await ready(pilot, session)
        await pilot.press("space")
        first = session.place.bar
        wall.now += 3.0
        screen.pump()
        assert f"bar {first + 3:>2}/40" in bar_text(cockpit)
        assert pane(screen, "metrics").shown[-1].seq == session.place.event


async def test_steps_beyond_the_ends_are_told(cockpit: Cockpit, session: RecordedSession) -> None:
    async with cockpit.run_test() as pilot:
        await ready(pilot, session)
        await pilot.press("left_square_bracket", "left_square_bracket", "N", "left_curly_bracket", "M")
        assert notices(cockpit) == [
            "This is the start.",
            "There is no trade before this.",
            "There is no mark before this.",
            "There are no marks. m sets one.",
        ]


@pytest.mark.parametrize("key", ["x", "f", "s", "w", "d"])
async def test_commands_are_refused_and_greyed(cockpit: Cockpit, session: RecordedSession, key: str) -> None:
    async with cockpit.run_test(size=(200, 48)) as pilot:
        screen = await ready(pilot, session)
        await pilot.press("right_square_bracket", key)
        assert notices(cockpit)[-1].endswith(": this is a recording.")
        assert len(cockpit.screen_stack) == 1
        bar = screen.query_one("#keys").render()
        assert "space Play" in str(bar)
        assert "[ ] Bar" in str(bar)


async def test_back_to_live_means_nothing_in_a_recording(cockpit: Cockpit, session: RecordedSession) -> None:
    async with cockpit.run_test() as pilot:
        await ready(pilot, session)
        await pilot.press("L")
        assert notices(cockpit) == ["Live: this is a recording; nothing goes on behind it."]


async def test_a_time_is_asked_for_and_nonsense_is_refused_in_words(
    cockpit: Cockpit, session: RecordedSession, clock: FakeClock
) -> None:
    async with cockpit.run_test() as pilot:
        await ready(pilot, session)
        await pilot.press("S")
        await until(pilot, lambda: isinstance(cockpit.screen, Ask))
        refusal = cockpit.screen.query_one("#refusal")
        for text, told in (("noon", "'noon' is no time; write HH:MM"), ("23:00", "is not in this session")):
            cockpit.screen.query_one(Input).value = text
            await pilot.press("enter")
            assert told in str(refusal.render())
        cockpit.screen.query_one(Input).value = "00:10"
        await pilot.press("enter")
        await until(pilot, lambda: len(cockpit.screen_stack) == 1)
        assert session.place.bar == 10
        await pilot.press("S")
        await until(pilot, lambda: isinstance(cockpit.screen, Ask))
        await pilot.press("escape")
        await until(pilot, lambda: len(cockpit.screen_stack) == 1)
        assert session.place.bar == 10


async def test_marks_are_set_listed_gone_to_and_removed(
    cockpit: Cockpit, session: RecordedSession, clock: FakeClock
) -> None:
    async with cockpit.run_test(size=(160, 48)) as pilot:
        await ready(pilot, session)
        for note in ("first", "second"):
            await pilot.press("n", "m")
            await until(pilot, lambda: isinstance(cockpit.screen, Ask))
            await pilot.press(*note, "enter")
            await until(pilot, lambda: len(cockpit.screen_stack) == 1)
        assert [mark.note for mark in session.marks] == ["first", "second"]
        await pilot.press("home")
        assert "◆" in bar_text(cockpit)
        await pilot.press("right_curly_bracket", "right_curly_bracket", "left_curly_bracket")
        assert session.place.event == session.marks[0].event
        await pilot.press("M")
        await until(pilot, lambda: isinstance(cockpit.screen, MarkList))
        listed = cockpit.screen.query_one(OptionList)
        assert [str(option.prompt).split("  ")[1] for option in listed.options] == ["first", "second"]
        await pilot.press("j", "enter")
        await until(pilot, lambda: len(cockpit.screen_stack) == 1)
        assert session.place.event == session.marks[1].event
        await pilot.press("M")
        await until(pilot, lambda: isinstance(cockpit.screen, MarkList))
        await pilot.press("x", "x")
        await until(pilot, lambda: len(cockpit.screen_stack) == 1)
        assert session.marks == ()


async def test_a_mark_that_cannot_be_kept_is_told(themes: Path, clock: FakeClock, tmp_path: Path) -> None:
    session = recorded(swings(), tmp_path / "absent")
    cockpit = Cockpit(lambda: session, Settings(), [themes], clock=clock, panes=fake_panes)
    async with cockpit.run_test() as pilot:
        await ready(pilot, session)
        await pilot.press("m")
        await until(pilot, lambda: isinstance(cockpit.screen, Ask))
        await pilot.press("enter")
        await until(pilot, lambda: len(cockpit.screen_stack) == 1)
        assert "cannot be written" in notices(cockpit)[-1]


async def test_the_scrubber_can_be_clicked(cockpit: Cockpit, session: RecordedSession) -> None:
    async with cockpit.run_test(size=(160, 48)) as pilot:
        await ready(pilot, session)
        bar = cockpit.screen.query_one("#transport")
        start = bar_text(cockpit).index("●")
        end = bar_text(cockpit).index(" bar ") - 1
        await pilot.click("#transport", offset=(end, 0))
        assert session.place.bar == 40
        await pilot.click("#transport", offset=((start + end) // 2, 0))
        assert abs(session.place.bar - 20) <= 1
        await pilot.click("#transport", offset=(bar_text(cockpit).index("60×"), 0))
        await until(pilot, lambda: session.place.speed == 120.0)
        await pilot.mouse_down("#transport", offset=(start, 0))
        assert session.place.bar == 0
        await pilot.hover("#transport", offset=(end - 1, 0))
        await until(pilot, lambda: session.place.bar >= 39)
        await pilot.mouse_up("#transport", offset=(end - 1, 0))
        await pilot.hover("#transport", offset=(start, 0))
        assert session.place.bar >= 39
        await pilot.click("#transport", offset=(1, 0))
        await until(pilot, lambda: session.place.is_playing)
        assert bar.display


async def test_leaving_a_recording_asks_nothing(cockpit: Cockpit, session: RecordedSession) -> None:
    async with cockpit.run_test() as pilot:
        await ready(pilot, session)
        await pilot.press("q")
        await until(pilot, lambda: cockpit.return_value is not None)
    assert cockpit.return_value == 0


async def test_what_is_missing_of_a_recording_is_told(themes: Path, clock: FakeClock, tmp_path: Path) -> None:
    session = recorded(swings(), tmp_path)
    session._loss = "the journal is damaged at line 8: no event"
    cockpit = Cockpit(lambda: session, Settings(), [themes], clock=clock, panes=fake_panes)
    async with cockpit.run_test(size=(160, 48)) as pilot:
        screen = await ready(pilot, session)
        await until(pilot, lambda: notices(cockpit))
        assert "Not all of this session can be shown: the journal is damaged at line 8" in notices(cockpit)[0]
        assert "✖ incomplete" in bar_text(cockpit)
        log = pane(screen, "log")
        screen.pump()
        assert "damaged" in log.shown[-1].notes[-1].text


# Looking back.


async def test_any_key_of_the_transport_looks_back_and_l_returns(make_cockpit: MakeCockpit, live: FakeSession) -> None:
    cockpit = make_cockpit(live)
    async with cockpit.run_test(size=(160, 48)) as pilot:
        screen = await ready(pilot, live)
        assert not cockpit.screen.query_one("#transport").display
        await pilot.press("left_square_bracket")
        await until(pilot, lambda: cockpit.monitor.looks_back)
        await until(pilot, lambda: "LOOKING BACK" in status(screen))
        assert "sim ● running now" in status(screen)
        assert "bar 39/40" in bar_text(cockpit)
        await until(pilot, lambda: pane(screen, "metrics").shown[-1].info.name == "live_test")
        await pilot.press("L")
        await until(pilot, lambda: status(screen).startswith(" SIM "))
        assert pane(screen, "metrics").shown[-1] == busy()
        assert not cockpit.screen.query_one("#transport").display
        assert live.commands == []


async def test_looking_back_the_space_bar_plays_and_commands_are_refused(
    make_cockpit: MakeCockpit, live: FakeSession
) -> None:
    cockpit = make_cockpit(live)
    async with cockpit.run_test(size=(160, 48)) as pilot:
        screen = await ready(pilot, live)
        await pilot.press("L")
        await until(pilot, lambda: cockpit.monitor.looks_back)
        await pilot.press("home", "space")
        await until(pilot, lambda: "LOOKING BACK ▶ 60×" in status(screen))
        await pilot.press("x", "f")
        assert notices(cockpit)[-1] == "Flatten: you are looking back; go back to live first."
        assert live.commands == []


async def test_the_news_of_the_session_still_come(make_cockpit: MakeCockpit, live: FakeSession) -> None:
    cockpit = make_cockpit(live)
    fill = next(event for event in swings() if isinstance(event, OrderFilled))
    async with cockpit.run_test(size=(160, 48)) as pilot:
        screen = await ready(pilot, live)
        live.events = [fill]
        screen.pump()
        assert notices(cockpit) == []
        await pilot.press("L")
        await until(pilot, lambda: cockpit.monitor.looks_back)
        live.events = [fill, Noted(seq=9, at=busy().at, level=Level.ALARM, code="x", text="the disk is full")]
        screen.pump()
        await until(pilot, lambda: len(notices(cockpit)) == 2)
        assert notices(cockpit)[0].startswith("Trade: BUY ")
        assert notices(cockpit)[1] == "the disk is full"
        assert "▲ " in status(screen)
        live.snapshots = [replace(busy(), phase=Phase.ENDED, seq=busy().seq + 1)]
        screen.pump()
        assert "sim ■ ended now" in status(screen)


async def test_quitting_while_looking_back_asks_about_the_session_as_it_is(
    make_cockpit: MakeCockpit, live: FakeSession
) -> None:
    cockpit = make_cockpit(live)
    async with cockpit.run_test(size=(160, 48)) as pilot:
        await ready(pilot, live)
        await pilot.press("L")
        await until(pilot, lambda: cockpit.monitor.looks_back)
        await pilot.press("home", "q")
        await until(pilot, lambda: len(cockpit.screen_stack) == 2)
        assert "2 positions will be sold first" in str(cockpit.screen.query_one(".dialog--text").render())


async def test_a_session_without_a_journal_here_cannot_be_looked_back_at(make_cockpit: MakeCockpit) -> None:
    session = FakeSession([busy()])
    cockpit = make_cockpit(session)
    async with cockpit.run_test() as pilot:
        await ready(pilot, session)
        await pilot.press("L")
        assert notices(cockpit) == ["Look back: the session's journal is not on this machine."]


async def test_a_journal_that_cannot_be_read_is_told_and_the_session_stays(
    make_cockpit: MakeCockpit, live: FakeSession
) -> None:
    assert live.journal is not None
    live.journal.unlink()
    cockpit = make_cockpit(live)
    async with cockpit.run_test() as pilot:
        screen = await ready(pilot, live)
        await pilot.press("L")
        await until(pilot, lambda: notices(cockpit))
        assert "past cannot be read" in notices(cockpit)[0]
        assert status(screen).startswith(" SIM ")


async def test_a_journal_that_takes_its_time_is_told(
    make_cockpit: MakeCockpit, live: FakeSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sentio_tui.ui.travel.PATIENCE", 0.001)
    read = threading.Event()

    def slowly(path: Path) -> RecordedSession:
        assert read.wait(60.0)
        return open_journal(path)

    cockpit = make_cockpit(live)
    cockpit.travel = Travel(cockpit, slowly)
    async with cockpit.run_test() as pilot:
        await ready(pilot, live)
        await pilot.press("L")
        await until(pilot, lambda: notices(cockpit))
        assert notices(cockpit) == ["Reading what the session has done so far…"]
        await pilot.press("L", "n")
        read.set()
        await until(pilot, lambda: cockpit.monitor.looks_back)


async def test_a_table_keeps_its_home_and_end_while_live(make_cockpit: MakeCockpit, live: FakeSession) -> None:
    cockpit = make_cockpit(live)
    async with cockpit.run_test() as pilot:
        await ready(pilot, live)
        await pilot.press("home", "end")
        assert not cockpit.monitor.looks_back


@pytest.mark.parametrize(
    ("speed", "slow", "fast"), [(0.25, 0.25, 0.5), (60.0, 30.0, 120.0), (77.0, 60.0, 120.0), (1000.0, 500.0, 1000.0)]
)
def test_the_ladder_of_speeds(speed: float, slow: float, fast: float) -> None:
    assert (slower(speed), faster(speed)) == (slow, fast)
