"""The transport bar: what it says at which width, and which cell of its scrubber is which bar."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from textual.content import Content
from textual.geometry import Size

from sentio_tui.model.orders import Side
from sentio_tui.sessions.base import Place, RecordedFill
from sentio_tui.ui.monitor import Reel
from sentio_tui.ui.widgets.transport_bar import TransportBar, bar_at, cell_of, scrubber, traded
from tests.ui.sample_parts import START

PLACE = Place(event=1_234, events=5_678, bar=250, bars=1_000, at=START, is_playing=False, speed=60.0)


def reel(place: Place = PLACE, fills: tuple[RecordedFill, ...] = (), marks: tuple[int, ...] = ()) -> Reel:
    return Reel(place, fills, marks, "America/New_York")


class Bar(TransportBar):
    """Of any width, without a screen."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self._width = width

    @property
    def size(self) -> Size:
        return Size(self._width, 1)


def line(width: int, shown: Reel) -> str:
    bar = Bar(width)
    bar.show(shown)
    content = bar.render()
    assert isinstance(content, Content)
    return content.plain


def test_with_room_it_says_everything() -> None:
    text = line(160, reel())
    for part in (" ‖ paused  60× ", "Mon 2025-01-06 09:00:00", "bar   250/1,000", "event 1,234/5,678", " 25% "):
        assert part in text
    assert len(text) == 160


def test_at_80_columns_the_numbers_stay_and_the_scrubber_is_a_quarter() -> None:
    text = line(80, reel())
    for part in (" ‖ 60× ", "09:00", "bar   250/1,000", "event 1,234/5,678", "25%"):
        assert part in text
    assert text.count("─") + text.count("━") + 1 >= 20


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"is_playing": True}, "▶ playing"),
        ({}, "‖ paused"),
        ({"event": 5_678, "bar": 1_000}, "■ at end"),
        ({"bar": 0, "bars": 0, "event": 1, "events": 1}, "100%"),
        ({"speed": 0.25}, "0.25×"),
    ],
)
def test_each_state_has_its_words(changes: dict[str, int], says: str) -> None:
    assert says in line(160, reel(replace(PLACE, **changes)))


@pytest.mark.parametrize("width", [80, 100, 160])
def test_the_scrubber_keeps_its_place_while_the_numbers_grow(width: int) -> None:
    places = set()
    for event, bar, speed in ((1, 0, 0.25), (99, 9, 1.0), (1_000, 500, 1000.0), (5_677, 1_000, 60.0)):
        text = line(width, reel(replace(PLACE, event=event, bar=bar, speed=speed)))
        rail = [cell for cell, sign in enumerate(text) if sign in "─━●"]
        places.add((rail[0], rail[-1]))
    assert len(places) == 1


def test_what_is_missing_is_told() -> None:
    shown = Reel(PLACE, (), (), "UTC", is_whole=False)
    assert all("✖ incomplete" in line(width, shown) for width in (80, 100, 160))


def test_fills_marks_and_the_place_stand_where_they_are() -> None:
    fills = tuple(
        RecordedFill(event, bar, side)
        for event, bar, side in ((5, 0, Side.BUY), (30, 100, Side.SELL), (31, 101, Side.BUY), (90, 900, Side.SELL))
    )
    shown = reel(replace(PLACE, bar=500), fills, marks=(700,))
    text = scrubber(shown, 11, traded(fills, 11, 1_000)).plain
    assert text == "▲┿━━━●─◆─▼─"


@given(st.integers(0, 500), st.integers(1, 500), st.integers(2, 200))
def test_a_bars_cell_leads_back_near_it(bar: int, bars: int, width: int) -> None:
    bar = min(bar, bars)
    cell = cell_of(bar, width, bars)
    assert 0 <= cell < width
    assert abs(bar_at(cell, width, bars) - bar) <= bars / (width - 1) / 2 + 1


@given(st.integers(0, 2_000), st.integers(0, 2_000), st.integers(0, 240), st.booleans())
def test_any_place_fits_any_width(bar: int, bars: int, width: int, playing: bool) -> None:
    place = replace(PLACE, bar=min(bar, bars), bars=bars, is_playing=playing)
    text = line(width, reel(place, marks=(0, bars)))
    assert Content(text).cell_length <= max(width, 50)


def test_a_recording_of_no_bars_has_one_place() -> None:
    assert cell_of(0, 10, 0) == 0
    assert bar_at(5, 10, 0) == 0
