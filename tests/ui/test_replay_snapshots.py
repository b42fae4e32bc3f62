"""Pictures of a replay, and of looking back. How to draw them anew is told in `test_snapshots.py`."""

import math
from pathlib import Path

import pytest
from textual.pilot import Pilot

from sentio_tui.model.events import AnyEvent
from sentio_tui.sessions.base import Session
from sentio_tui.settings import Settings, UiSettings
from sentio_tui.ui.app import Cockpit
from sentio_tui.ui.panes import EquityPane
from tests.engine.scripts import COIN, bar, engine, run
from tests.sessions.reels import L, N, S, recorded, write
from tests.ui.conftest import THEMES
from tests.ui.driving import ready, until
from tests.ui.fakes import FakeClock, FakeSession
from tests.ui.samples import busy
from tests.ui.test_snapshots import SnapCompare

SIZES = pytest.mark.parametrize("size", [(160, 48), (80, 24)], ids=["160x48", "80x24"])


def day() -> list[AnyEvent]:
    """Six hours and forty minutes of a price that swings, and a strategy that follows it late."""
    minutes = range(400)
    prices = [100.0 + 6.0 * math.sin(minute / 40.0) - minute / 100.0 for minute in minutes]
    script = [(L if minute % 80 < 40 else S) if minute % 40 == 15 else N for minute in minutes]
    return run(engine({COIN: script}), [bar(minute, prices[minute]) for minute in minutes])


def compare(
    snap_compare: SnapCompare,
    session: Session,
    size: tuple[int, int],
    press: tuple[str, ...] = (),
    theme: str = "sentio-dark",
) -> bool:
    settings = Settings(ui=UiSettings(theme=theme, chart_seconds=60))
    cockpit = Cockpit(lambda: session, settings, [THEMES], clock=FakeClock())

    async def settle(pilot: Pilot[int]) -> None:
        await ready(pilot, session)
        for key in press:
            await pilot.press(key)
            await pilot.pause()
        if "L" in press:
            await until(pilot, lambda: cockpit.monitor.looks_back)
            cockpit.screen.query_one(EquityPane).paint()
        await pilot.pause()

    return snap_compare(cockpit, terminal_size=size, run_before=settle)


def at_bar(folder: Path, number: int) -> Session:
    session = recorded(day(), folder, FakeClock())
    session.seek_bar(100)
    session.set_mark("the first top")
    session.seek_bar(330)
    session.set_mark("")
    session.seek_bar(number)
    return session


@SIZES
def test_replay(snap_compare: SnapCompare, tmp_path: Path, size: tuple[int, int]) -> None:
    assert compare(snap_compare, at_bar(tmp_path, 250), size, ("space",))


@pytest.mark.parametrize("theme", ["sentio-light", "sentio-mono"])
def test_replay_in_other_colours(snap_compare: SnapCompare, tmp_path: Path, theme: str) -> None:
    assert compare(snap_compare, at_bar(tmp_path, 400), (100, 30), theme=theme)


def test_time_that_is_refused(snap_compare: SnapCompare, tmp_path: Path) -> None:
    assert compare(snap_compare, at_bar(tmp_path, 250), (80, 24), ("S", *"25:00", "enter"))


def test_marks(snap_compare: SnapCompare, tmp_path: Path) -> None:
    assert compare(snap_compare, at_bar(tmp_path, 250), (80, 24), ("M",))


@SIZES
def test_looking_back(snap_compare: SnapCompare, tmp_path: Path, size: tuple[int, int]) -> None:
    session = FakeSession([busy()])
    session.journal = write(tmp_path / "live_20250106_140000.jsonl", day())
    assert compare(snap_compare, session, size, ("L",))
