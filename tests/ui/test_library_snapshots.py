"""Pictures of the screens for sessions on disk, compared to those in `__snapshots__`; see `test_snapshots`."""

from collections.abc import Callable
from pathlib import Path

import pytest
from textual.pilot import Pilot

from sentio_tui.settings import Settings, UiSettings
from sentio_tui.ui.app import Cockpit
from sentio_tui.ui.screens import library
from sentio_tui.ui.screens.compare import CompareScreen
from sentio_tui.ui.screens.library import SessionsScreen
from tests.ui.conftest import THEMES
from tests.ui.driving import until
from tests.ui.fakes import FakeClock, FakeSession, fake_panes
from tests.ui.shelf import stock
from tests.ui.test_snapshots import BRANDS, SnapCompare

Settle = Callable[[Pilot[int]], object]
SIZES = pytest.mark.parametrize("size", [(160, 48), (80, 24)], ids=["160x48", "80x24"])


@pytest.fixture(autouse=True)
def _in_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The pictures name no folder of this machine."""
    monkeypatch.setattr(library, "LOOK_EVERY", 3_600.0)
    monkeypatch.chdir(tmp_path)
    stock(tmp_path / "sessions")


def compare(
    snap_compare: SnapCompare, size: tuple[int, int], press: tuple[str, ...] = (), theme: str = "sentio-dark"
) -> bool:
    cockpit = Cockpit(
        lambda: FakeSession(),
        Settings(ui=UiSettings(theme=theme)),
        [THEMES],
        opening=lambda made: made.library.browse_first(),
        clock=FakeClock(),
        panes=fake_panes,
    )
    cockpit.library.folder = Path("sessions")

    async def settle(pilot: Pilot[int]) -> None:
        await until(pilot, lambda: isinstance(cockpit.screen, SessionsScreen) and cockpit.screen._has_looked)
        await pilot.pause()
        for key in press:
            await pilot.press(key)
            await pilot.pause()
        screen = cockpit.screen
        if isinstance(screen, CompareScreen):
            await until(pilot, lambda: screen.curves.sides and screen.figures.table.rows)
        await pilot.pause()

    return snap_compare(cockpit, terminal_size=size, run_before=settle)


@SIZES
def test_sessions(snap_compare: SnapCompare, size: tuple[int, int]) -> None:
    assert compare(snap_compare, size, ("space", "j", "space"))


@pytest.mark.parametrize("theme", BRANDS[1:])
def test_sessions_in_other_colours(snap_compare: SnapCompare, theme: str) -> None:
    assert compare(snap_compare, (100, 30), ("j", "space", "G"), theme)


def test_no_sessions(snap_compare: SnapCompare) -> None:
    for path in Path("sessions").iterdir():
        path.unlink()
    assert compare(snap_compare, (80, 24))


def test_the_question_before_deleting(snap_compare: SnapCompare) -> None:
    assert compare(snap_compare, (80, 24), ("j", "j", "d"))


@SIZES
def test_compare(snap_compare: SnapCompare, size: tuple[int, int]) -> None:
    assert compare(snap_compare, size, ("space", "j", "c"))


@pytest.mark.parametrize("theme", ["sentio-light", "sentio-mono"])
def test_compare_in_other_colours(snap_compare: SnapCompare, theme: str) -> None:
    assert compare(snap_compare, (100, 30), ("space", "j", "c", "a"), theme)


def test_help(snap_compare: SnapCompare) -> None:
    assert compare(snap_compare, (80, 24), ("question_mark",))
