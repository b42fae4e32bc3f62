"""Keys and pasted text that arrive together: each means what it would have meant had it come alone."""

import pytest
from msgspec.structs import replace
from textual import events
from textual.pilot import Pilot
from textual.widgets import Button, Input

from sentio_tui.model.commands import Pause
from sentio_tui.settings import Settings
from sentio_tui.ui.actions import normal_key
from sentio_tui.ui.app import Cockpit
from sentio_tui.ui.palette import Palette
from sentio_tui.ui.panes.tables import TablePane
from sentio_tui.ui.screens.cockpit import CockpitScreen
from sentio_tui.ui.screens.dialogs import GUARD, HELD, Dialog
from sentio_tui.ui.screens.help import Help
from tests.ui.conftest import THEMES
from tests.ui.driving import notices, ready, until
from tests.ui.fakes import FakeClock, FakeSession
from tests.ui.samples import busy


@pytest.fixture
def session() -> FakeSession:
    return FakeSession([busy()])


@pytest.fixture
def cockpit(session: FakeSession, clock: FakeClock) -> Cockpit:
    """On the real panes."""
    return Cockpit(lambda: session, Settings(), [THEMES], clock=clock)


async def burst(pilot: Pilot[int], *keys: str) -> None:
    """Give the app all keys before it can look at the first, and wait until it has nothing more to do."""
    for key in keys:
        pilot.app.post_message(events.Key(normal_key(key), key if len(key) == 1 else None))
    await pilot.pause()
    await pilot.pause()


def table_pane(cockpit: Cockpit, name: str) -> TablePane:
    return cockpit.screen_stack[0].query_one(f"#{name}", TablePane)


async def test_what_comes_with_the_slash_is_typed_into_the_filter(cockpit: Cockpit, session: FakeSession) -> None:
    async with cockpit.run_test(size=(160, 48)) as pilot:
        await ready(pilot, session)
        await burst(pilot, "6", *"/flatten")
        log = table_pane(cockpit, "log")
        assert log.filter_line.value == log.table.filter_text == "flatten"
        assert isinstance(cockpit.screen, CockpitScreen)
        await burst(pilot, *" xsq", "backspace")
        assert log.filter_line.value == "flatten xs"
    assert session.commands == []


async def test_what_comes_after_enter_is_no_part_of_the_filter(cockpit: Cockpit, session: FakeSession) -> None:
    async with cockpit.run_test(size=(160, 48)) as pilot:
        await ready(pilot, session)
        await burst(pilot, "6", *"/ab", "enter", "space", *"4/c", "escape", "space")
        assert table_pane(cockpit, "log").table.filter_text == "ab"
        assert table_pane(cockpit, "trades").table.filter_text == ""
    assert session.commands == [Pause(), Pause()]


async def test_a_key_that_stands_for_another_keeps_its_turn(cockpit: Cockpit, session: FakeSession) -> None:
    async with cockpit.run_test(size=(160, 48)) as pilot:
        await ready(pilot, session)
        await burst(pilot, "6", *"g/ab")
        await burst(pilot, "c")
        assert table_pane(cockpit, "log").filter_line.value == "abc"


async def test_what_comes_with_the_palettes_key_is_searched_for(cockpit: Cockpit, session: FakeSession) -> None:
    async with cockpit.run_test(size=(160, 48)) as pilot:
        await ready(pilot, session)
        await burst(pilot, *":flatten")
        assert isinstance(cockpit.screen, Palette)
        assert cockpit.screen.query_one(Input).value == "flatten"
        await until(pilot, lambda: isinstance(cockpit.screen, Palette) and cockpit.screen._is_settled)
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(cockpit.screen, Dialog))
    assert session.commands == []


async def test_enter_takes_no_action_of_a_list_that_is_not_the_texts(cockpit: Cockpit, session: FakeSession) -> None:
    """The first of the list without a text would be taken: pause."""
    async with cockpit.run_test(size=(160, 48)) as pilot:
        await ready(pilot, session)
        await burst(pilot, ":")
        await until(pilot, lambda: isinstance(cockpit.screen, Palette) and cockpit.screen._is_settled)
        await burst(pilot, *"theme: sentio-l", "enter")
        assert isinstance(cockpit.screen, Palette)
    assert session.commands == []


async def test_what_comes_with_a_question_does_not_answer_it(
    cockpit: Cockpit, session: FakeSession, clock: FakeClock
) -> None:
    async with cockpit.run_test(size=(160, 48)) as pilot:
        await ready(pilot, session)
        await burst(pilot, *"fy", "left", "enter", *"xq")
        assert isinstance(cockpit.screen, Dialog)
        clock.pass_by(GUARD)
        early = events.Key("y", "y")
        early.time -= 3600.0
        cockpit.post_message(early)
        await pilot.pause()
        assert isinstance(cockpit.screen, Dialog), "taken late, but pressed before the question could be read"
        assert cockpit.screen.focused is cockpit.screen.query(Button).last()
        await burst(pilot, *"nx")
        assert isinstance(cockpit.screen, Dialog), "the question is left, then the next key is taken"
        clock.pass_by(HELD)
        await burst(pilot, "n", "space")
    assert session.commands == [Pause()]


async def test_what_comes_with_the_help_key_goes_to_the_help(cockpit: Cockpit, session: FakeSession) -> None:
    async with cockpit.run_test(size=(160, 48)) as pilot:
        await ready(pilot, session)
        await burst(pilot, *"?fxs", "space")
        assert isinstance(cockpit.screen, Help)
        await burst(pilot, "q", "6", *"/q")
        assert isinstance(cockpit.screen, CockpitScreen)
        assert table_pane(cockpit, "log").filter_line.value == "q"
    assert session.commands == []


async def test_pasted_text_is_never_keys(session: FakeSession, clock: FakeClock) -> None:
    session.snapshots[0] = replace(busy(), positions=())
    cockpit = Cockpit(lambda: session, Settings(), [THEMES], clock=clock)
    async with cockpit.run_test(size=(160, 48), notifications=True) as pilot:
        await ready(pilot, session)
        cockpit.post_message(events.Paste("x s\nfy\rq"))
        await pilot.pause()
        assert isinstance(cockpit.screen, CockpitScreen)
        assert notices(cockpit) == ["Pasted text does nothing here: it is never taken as keys."]
        await pilot.press("f")
        clock.pass_by(GUARD)
        cockpit.post_message(events.Paste("y"))
        await pilot.pause()
        assert isinstance(cockpit.screen, Dialog)
        await pilot.press("n")
        await burst(pilot, *"6/")
        cockpit.post_message(events.Paste("fills\nq"))
        cockpit.post_message(events.Key("exclamation_mark", "!"))
        await pilot.pause()
        assert table_pane(cockpit, "log").filter_line.value == "fills!"
    assert session.commands == []
