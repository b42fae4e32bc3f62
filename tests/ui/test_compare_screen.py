"""The screen that compares: what is on it, and what its keys do."""

from pathlib import Path

import pytest
from textual.pilot import Pilot

from sentio_tui.settings import Settings, UiSettings
from sentio_tui.ui.app import Cockpit
from sentio_tui.ui.screens.compare import CompareScreen
from tests.ui.conftest import THEMES
from tests.ui.driving import ready, until
from tests.ui.fakes import FakeClock, FakeSession, fake_panes
from tests.ui.samples import busy
from tests.ui.shelf import DAMAGED, LOSES, WINS, stock
from tests.ui.widgets.stage import text_of


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return stock(tmp_path / "sessions")


def cockpit(session: FakeSession) -> Cockpit:
    settings = Settings(ui=UiSettings(theme="sentio-dark"))
    return Cockpit(lambda: session, settings, [THEMES], clock=FakeClock(), panes=fake_panes)


async def compared(pilot: Pilot[int], session: FakeSession, folder: Path, a: str, b: str) -> CompareScreen:
    await ready(pilot, session)
    screen = CompareScreen(folder, a, b)
    pilot.app.push_screen(screen)
    await until(pilot, lambda: screen.is_mounted and screen.curves.trouble != "Reading…")
    await pilot.pause()
    return screen


async def test_the_curves_and_the_figures_are_on_the_screen_and_swap(folder: Path) -> None:
    session = FakeSession([busy()])
    async with cockpit(session).run_test(size=(160, 48)) as pilot:
        screen = await compared(pilot, session, folder, WINS, LOSES)
        assert [line.text.split()[1:3] for line in screen.curves.lines[:2]] == [["A", WINS], ["B", LOSES]]
        assert "0:00" in screen.curves.lines[-1].text
        assert "▼" in text_of(screen.figures.table)[1]
        await pilot.press("x")
        await until(pilot, lambda: screen.curves.lines[0].text.split()[2] == LOSES)
        assert "▲" in text_of(screen.figures.table)[1]


async def test_the_curves_align_at_the_start_or_at_their_dates(folder: Path) -> None:
    session = FakeSession([busy()])
    async with cockpit(session).run_test(size=(160, 48)) as pilot:
        screen = await compared(pilot, session, folder, WINS, LOSES)
        for said in ("by market date, UTC", "since the start of each"):
            await pilot.press("a")
            assert said in str(screen.curves.border_subtitle)


async def test_the_figures_scroll_filter_and_sort(folder: Path) -> None:
    session = FakeSession([busy()])
    async with cockpit(session).run_test(size=(80, 24)) as pilot:
        screen = await compared(pilot, session, folder, WINS, LOSES)
        table = screen.figures.table
        await pilot.press("G")
        assert table.selected == "Version"
        await pilot.press("g", "j")
        assert table.selected == "P&L"
        await pilot.press("slash", *"drawdown", "enter")
        assert [row.key for row in table.rows] == ["Max drawdown"]
        await pilot.press("escape", "o")
        assert table.sorted_by


async def test_what_cannot_be_compared_is_said_in_words(folder: Path) -> None:
    session = FakeSession([busy()])
    async with cockpit(session).run_test(size=(160, 48)) as pilot:
        screen = await compared(pilot, session, folder, DAMAGED, "live_20200101_000000")
        text = "\n".join(line.text for line in screen.curves.lines)
        assert "Input data was truncated" in text
        assert "there is no summary" in text


@pytest.mark.parametrize("key", ["escape", "b", "c"])
async def test_the_way_back(folder: Path, key: str) -> None:
    session = FakeSession([busy()])
    async with cockpit(session).run_test(size=(100, 30)) as pilot:
        await compared(pilot, session, folder, WINS, LOSES)
        await pilot.press("question_mark")
        assert "Two sessions side by side" in "\n".join(
            strip.text for strip in pilot.app.screen._compositor.render_strips()
        )
        await pilot.press("escape", key)
        assert len(pilot.app.screen_stack) == 1


async def test_another_theme_paints_the_curves_anew(folder: Path) -> None:
    session = FakeSession([busy()])
    async with cockpit(session).run_test(size=(100, 30)) as pilot:
        screen = await compared(pilot, session, folder, WINS, LOSES)
        before = screen.curves.lines
        await pilot.press("t")
        await until(pilot, lambda: screen.curves.lines != before)
