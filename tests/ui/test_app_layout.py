"""Where the panes are at each size, and how to get to them."""

import pytest
from msgspec.structs import replace
from textual._compositor import LayoutUpdate
from textual.geometry import Region

from sentio_tui.settings import Settings
from sentio_tui.ui.actions import PANES
from sentio_tui.ui.app import Cockpit
from sentio_tui.ui.screens.cockpit import CockpitScreen
from tests.ui.conftest import THEMES, MakeCockpit
from tests.ui.driving import notices, pane, ready, until
from tests.ui.fakes import FakeClock, FakePane, FakeSession, FakeTable
from tests.ui.samples import busy

SIZES = [(160, 48), (140, 40), (120, 35), (100, 30), (200, 24), (80, 60), (80, 24)]


def deck(screen: CockpitScreen) -> dict[str, Region]:
    return {name: screen.query_one(f"#{name}").region for name in PANES if screen.query_one(f"#{name}").display}


def check_regions(cockpit: Cockpit, screen: CockpitScreen) -> None:
    """Nothing overlaps, nothing is outside, and every cell between the two bars belongs to a pane."""
    width, height = cockpit.size
    assert screen.query_one("#status").region == Region(0, 0, width, 1)
    assert screen.query_one("#keys").region == Region(0, height - 1, width, 1)
    regions = list(deck(screen).values())
    inside = Region(0, 1, width, height - 2)
    for index, region in enumerate(regions):
        assert inside.contains_region(region)
        assert region.height >= 4
        for other in regions[index + 1 :]:
            assert not region.overlaps(other)
    assert sum(region.area for region in regions) == inside.area


@pytest.mark.parametrize("size", SIZES)
async def test_at_every_size_nothing_is_clipped_or_overlaps(make_cockpit: MakeCockpit, size: tuple[int, int]) -> None:
    session = FakeSession([busy()])
    cockpit = make_cockpit(session)
    async with cockpit.run_test(size=size) as pilot:
        screen = await ready(pilot, session)
        check_regions(cockpit, screen)
        for number, name in enumerate(PANES, 1):
            await pilot.press(str(number))
            await pilot.pause()
            assert screen.focused_pane is pane(screen, name)
            assert name in deck(screen)
            assert pane(screen, name).shown[-1] == busy()
            check_regions(cockpit, screen)


@pytest.mark.parametrize(
    ("size", "shown"),
    [((160, 48), 6), ((100, 30), 5), ((80, 24), 4)],
)
async def test_as_many_panes_as_there_is_room_for(make_cockpit: MakeCockpit, size: tuple[int, int], shown: int) -> None:
    session = FakeSession([busy()])
    async with make_cockpit(session).run_test(size=size) as pilot:
        screen = await ready(pilot, session)
        assert len(deck(screen)) == shown


async def test_a_pane_that_shares_its_place_comes_to_the_front(make_cockpit: MakeCockpit) -> None:
    session = FakeSession([busy(), replace(busy(), seq=busy().seq + 1)])
    async with make_cockpit(session).run_test(size=(80, 24)) as pilot:
        screen = await ready(pilot, session)
        assert list(deck(screen)) == ["metrics", "equity", "positions", "trades"]
        assert str(pane(screen, "equity").border_title) == "2 Equity  [dim]5 Decision[/dim]"
        assert not pane(screen, "decision").shown, "what cannot be seen is not drawn"
        await pilot.press("5", "6")
        await pilot.pause()
        assert list(deck(screen)) == ["metrics", "positions", "decision", "log"]
        assert pane(screen, "decision").shown == [busy()]
        session.step()
        screen.pump()
        await pilot.press("2")
        await pilot.pause()
        assert pane(screen, "equity").shown[-1].seq == busy().seq + 1
        assert str(pane(screen, "log").border_title) == "6 Log  [dim]4 Trades[/dim]"


async def test_tab_goes_round_all_panes_in_the_order_of_their_numbers(make_cockpit: MakeCockpit) -> None:
    session = FakeSession([busy()])
    async with make_cockpit(session).run_test(size=(80, 24)) as pilot:
        screen = await ready(pilot, session)
        seen = []
        for _ in range(7):
            seen.append(screen.focused_pane)
            await pilot.press("tab")
            await pilot.pause()
        names = ["equity", "positions", "trades", "decision", "log", "metrics", "equity"]
        assert seen == [pane(screen, name) for name in names]
        assert screen.focused_pane is pane(screen, "positions")
        await pilot.press("shift+tab", "shift+tab")
        await until(pilot, lambda: screen.focused_pane is pane(screen, "metrics"))


@pytest.mark.parametrize("size", [(160, 48), (100, 30), (80, 24)])
async def test_z_gives_the_deck_to_one_pane_and_back(make_cockpit: MakeCockpit, size: tuple[int, int]) -> None:
    session = FakeSession([busy()])
    cockpit = make_cockpit(session)
    async with cockpit.run_test(size=size) as pilot:
        screen = await ready(pilot, session)
        before = deck(screen)
        for back in ("z", "escape"):
            await pilot.press("4", "z")
            await pilot.pause()
            assert deck(screen) == {"trades": Region(0, 1, size[0], size[1] - 2)}
            await pilot.press("5")
            await pilot.pause()
            assert deck(screen) == {"decision": Region(0, 1, size[0], size[1] - 2)}
            assert pane(screen, "decision").shown
            await pilot.press(back, "2")
            await pilot.pause()
            assert deck(screen) == before
            check_regions(cockpit, screen)
        await pilot.press("escape")
        assert deck(screen) == before


@pytest.mark.parametrize("size", [(79, 24), (80, 23), (20, 5), (1, 1)])
async def test_too_small_says_so_and_comes_back(make_cockpit: MakeCockpit, size: tuple[int, int]) -> None:
    session = FakeSession([busy()])
    cockpit = make_cockpit(session)
    async with cockpit.run_test(size=(100, 30)) as pilot:
        screen = await ready(pilot, session)
        await pilot.press("3")
        await pilot.resize_terminal(*size)
        await pilot.pause()
        assert not deck(screen) or not screen.query_one("#deck").display
        text = str(screen.query_one("#too-small").render())
        assert "80 × 24 cells are needed" in text
        assert f"{size[0]} × {size[1]} are there" in text
        await pilot.resize_terminal(80, 24)
        await until(pilot, lambda: screen.focused_pane is pane(screen, "positions"))
        check_regions(cockpit, screen)


async def test_growing_and_shrinking_keeps_the_focused_pane_in_sight(make_cockpit: MakeCockpit) -> None:
    session = FakeSession([busy()])
    async with make_cockpit(session).run_test(size=(160, 48)) as pilot:
        screen = await ready(pilot, session)
        await pilot.click("#log")
        assert screen.focused_pane is pane(screen, "log")
        await pilot.resize_terminal(80, 24)
        await pilot.pause()
        assert "log" in deck(screen)
        assert screen.focused_pane is pane(screen, "log")


async def test_filter_and_sort_reach_the_pane_with_rows(make_cockpit: MakeCockpit) -> None:
    session = FakeSession([busy()])
    cockpit = make_cockpit(session)
    async with cockpit.run_test(size=(160, 48), notifications=True) as pilot:
        screen = await ready(pilot, session)
        await pilot.press("1", "/", "o")
        assert sum("have no rows" in notice for notice in notices(cockpit)) == 2
        for number, name in ((3, "positions"), (4, "trades"), (6, "log")):
            await pilot.press(str(number), "/", "o")
            table = pane(screen, name)
            assert isinstance(table, FakeTable)
            assert table.asked == ["filter", "sort"]


async def test_hjkl_are_the_arrows_and_g_the_ends(make_cockpit: MakeCockpit, monkeypatch: pytest.MonkeyPatch) -> None:
    heard: list[str] = []
    monkeypatch.setattr(FakePane, "key_down", lambda _pane: heard.append("down"), raising=False)
    monkeypatch.setattr(FakePane, "key_up", lambda _pane: heard.append("up"), raising=False)
    monkeypatch.setattr(FakePane, "key_left", lambda _pane: heard.append("left"), raising=False)
    monkeypatch.setattr(FakePane, "key_right", lambda _pane: heard.append("right"), raising=False)
    monkeypatch.setattr(FakePane, "key_ctrl_home", lambda _pane: heard.append("home"), raising=False)
    monkeypatch.setattr(FakePane, "key_ctrl_end", lambda _pane: heard.append("end"), raising=False)
    session = FakeSession([busy()])
    async with make_cockpit(session).run_test() as pilot:
        await ready(pilot, session)
        await pilot.press(*"hjklgG")
        await until(pilot, lambda: len(heard) == 6)
    assert heard == ["left", "down", "up", "right", "home", "end"]


async def test_the_key_bar_can_be_clicked(make_cockpit: MakeCockpit) -> None:
    session = FakeSession([busy()])
    cockpit = make_cockpit(session)
    async with cockpit.run_test(size=(160, 48)) as pilot:
        screen = await ready(pilot, session)
        bar = str(screen.query_one("#keys").render())
        await pilot.click("#keys", offset=(bar.index("Pause"), 0))
        assert [type(command).__name__ for command in session.commands] == ["Pause"]
        await pilot.click("#keys", offset=(bar.index("Zoom"), 0))
        await pilot.pause()
        assert list(deck(screen)) == ["equity"]


async def test_the_key_bar_shows_configured_keys(make_cockpit: MakeCockpit) -> None:
    session = FakeSession([busy()])
    async with make_cockpit(session, Settings(keys={"zoom": "ctrl+z"})).run_test(size=(160, 48)) as pilot:
        screen = await ready(pilot, session)
        assert "^z Zoom" in str(screen.query_one("#keys").render())


async def test_moving_the_focus_paints_the_panes_it_touches_alone(
    clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = FakeSession([busy()])
    cockpit = Cockpit(lambda: session, Settings(), [THEMES], clock=clock)
    async with cockpit.run_test(size=(160, 48)) as pilot:
        await ready(pilot, session)
        await pilot.press("3")
        await pilot.pause()
        painted: list[object] = []
        monkeypatch.setattr(cockpit, "_display", lambda _screen, update: painted.append(update))
        await pilot.press("4")
        await until(pilot, lambda: any(painted))
        await pilot.pause()
        assert not [update for update in painted if isinstance(update, LayoutUpdate)]
