"""What is written is what the recorded feed reads."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentio_tui.feeds.bar_files import read_bar_file
from sentio_tui.feeds.bar_writer import FILE_FORMATS, FileFormat
from sentio_tui.feeds.recorded import RecordedFeed
from sentio_tui.market.calendar import AlwaysOpen
from sentio_tui.model.bars import MINUTE, Bar

BEGIN = 1_751_500_800_000
prices = st.floats(1e-6, 1e7)


@st.composite
def made(draw: st.DrawFn) -> list[Bar]:
    bars = []
    for minute in sorted(draw(st.sets(st.integers(0, 5000), min_size=1, max_size=20))):
        low, start, end, high = sorted(draw(st.tuples(prices, prices, prices, prices)))
        volume = draw(st.one_of(st.floats(0, 1e12), st.integers(0, 2**53).map(float)))
        bars.append(Bar("BRK.B", BEGIN + minute * MINUTE, start, high, low, end, volume))
    return bars


@pytest.mark.parametrize("kind", ["csv", "parquet"])
@given(bars=made())
def test_files_hold_every_digit(tmp_path_factory: pytest.TempPathFactory, kind: FileFormat, bars: list[Bar]) -> None:
    path = tmp_path_factory.mktemp("bars") / "bars"
    path.write_bytes(FILE_FORMATS[kind](bars))
    assert read_bar_file(path, None, "America/New_York").problem_count == 0
    feed = RecordedFeed([path], None, None, None, AlwaysOpen())
    feed.load()
    assert feed.bars == bars


def test_a_line_is_for_people_too() -> None:
    text = FILE_FORMATS["csv"]([Bar("SPY", BEGIN, 590.0, 590.125, 589.9, 590.1, 1200.0)]).decode()
    assert text == (
        "timestamp,symbol,open,high,low,close,volume\n2025-07-03T00:00:00Z,SPY,590,590.125,589.9,590.1,1200\n"
    )


def test_times_before_1970_are_the_same_minutes(tmp_path: Path) -> None:
    path = tmp_path / "bars.csv"
    bars = [Bar("SPY", -MINUTE, 1.0, 1.0, 1.0, 1.0, 0.0)]
    path.write_bytes(FILE_FORMATS["csv"](bars))
    assert read_bar_file(path, None, "UTC").times.tolist() == [-MINUTE]
