"""Pictures of the screens with frozen samples, compared to those in `__snapshots__`.

A picture that is meant to change is drawn anew, all of them at once, with
`.venv/bin/python -m pytest tests/ui/test_snapshots.py --snapshot-update`; look at what changed before keeping it.
"""

from collections.abc import Callable

import pytest
from msgspec.structs import replace
from textual.pilot import Pilot

from sentio_tui.model.events import AnyEvent, SessionEnded
from sentio_tui.model.snapshot import Snapshot
from sentio_tui.settings import Settings, UiSettings
from sentio_tui.ui.app import Cockpit
from tests.ui.conftest import THEMES
from tests.ui.driving import ready
from tests.ui.fakes import FakeClock, FakeSession
from tests.ui.ladder_samples import climbing
from tests.ui.samples import busy, empty, ended
from tests.ui.test_feed_screen import partly

SnapCompare = Callable[..., bool]
BRANDS = ("sentio-dark", "sentio-light", "sentio-cvd", "sentio-mono")


def compare(
    snap_compare: SnapCompare,
    snapshot: Snapshot,
    size: tuple[int, int],
    theme: str = "sentio-dark",
    press: tuple[str, ...] = (),
    events: tuple[AnyEvent, ...] = (),
) -> bool:
    """`events` are those of a session that has ended."""
    session = FakeSession([snapshot], events)
    session.is_over = bool(events)
    settings = Settings(ui=UiSettings(theme=theme))
    cockpit = Cockpit(lambda: session, settings, [THEMES], clock=FakeClock())

    async def settle(pilot: Pilot[int]) -> None:
        await ready(pilot, session)
        for key in press:
            await pilot.press(key)
            await pilot.pause()
        await pilot.pause()

    return snap_compare(cockpit, terminal_size=size, run_before=settle)


@pytest.mark.parametrize("theme", BRANDS)
@pytest.mark.parametrize("size", [(160, 48), (80, 24)], ids=["160x48", "80x24"])
def test_cockpit(snap_compare: SnapCompare, size: tuple[int, int], theme: str) -> None:
    assert compare(snap_compare, busy(), size, theme)


LADDER = [((160, 48), ()), ((100, 30), ()), ((80, 24), ("5",)), ((80, 24), ("5", "z")), ((160, 48), ("5", "z"))]


@pytest.mark.parametrize(("size", "press"), LADDER, ids=["160x48", "100x30", "80x24", "80x24-zoomed", "160x48-zoomed"])
def test_ladder(snap_compare: SnapCompare, size: tuple[int, int], press: tuple[str, ...]) -> None:
    assert compare(snap_compare, climbing(), size, press=press)


@pytest.mark.parametrize("theme", ["sentio-light", "sentio-mono"])
def test_ladder_in_other_colours(snap_compare: SnapCompare, theme: str) -> None:
    assert compare(snap_compare, climbing(), (160, 48), theme)


def test_cockpit_of_middle_size(snap_compare: SnapCompare) -> None:
    assert compare(snap_compare, busy(), (100, 30))


def test_the_panes_behind_others_on_a_small_screen(snap_compare: SnapCompare) -> None:
    assert compare(snap_compare, busy(), (80, 24), press=("5", "6"))


def test_zoomed_trades(snap_compare: SnapCompare) -> None:
    assert compare(snap_compare, busy(), (80, 24), press=("4", "z"))


def test_before_the_first_bar(snap_compare: SnapCompare) -> None:
    assert compare(snap_compare, empty(), (160, 48))


def test_ended(snap_compare: SnapCompare) -> None:
    end = SessionEnded(seq=2_061, at=ended().at, why="duration reached")
    assert compare(snap_compare, ended(), (160, 48), events=(end,))


def test_fault(snap_compare: SnapCompare) -> None:
    fault = {"journal": "sessions/live.jsonl: no space left on the device"}
    assert compare(snap_compare, replace(busy(), faults=fault), (100, 30))


@pytest.mark.parametrize("size", [(160, 48), (80, 24)], ids=["160x48", "80x24"])
def test_help(snap_compare: SnapCompare, size: tuple[int, int]) -> None:
    assert compare(snap_compare, busy(), size, press=("question_mark",))


@pytest.mark.parametrize("size", [(160, 48), (80, 24)], ids=["160x48", "80x24"])
def test_feed(snap_compare: SnapCompare, size: tuple[int, int]) -> None:
    assert compare(snap_compare, partly(), size, press=("i",))


@pytest.mark.parametrize("theme", BRANDS)
def test_quit_question(snap_compare: SnapCompare, theme: str) -> None:
    assert compare(snap_compare, busy(), (80, 24), theme, press=("q",))


def test_palette(snap_compare: SnapCompare) -> None:
    assert compare(snap_compare, busy(), (100, 30), press=("colon",))


def test_too_small(snap_compare: SnapCompare) -> None:
    assert compare(snap_compare, busy(), (60, 20))
