"""The transport of a recorded session: playing by the market's own time, steps, seeks and marks."""

import json
from pathlib import Path

import pytest

from sentio_tui.journal.catalogue import UnknownSession
from sentio_tui.journal.reader import read_all
from sentio_tui.model.bars import MINUTE, Bar
from sentio_tui.model.commands import Flatten
from sentio_tui.model.decisions import Direction
from sentio_tui.model.events import BarReceived, OrderFilled
from sentio_tui.sessions.assemble import assemble
from sentio_tui.sessions.base import Mark, MarksError, Session, Transport
from sentio_tui.sessions.recorded import RecordedSession, open_recorded
from sentio_tui.sessions.recording import NoRecording
from tests.engine.scripts import COIN, bar, engine, run
from tests.sessions.places import simulated
from tests.sessions.reels import Wall, recorded, swings, write

NAME = "live_20250106_000000"


@pytest.fixture
def wall() -> Wall:
    return Wall()


@pytest.fixture
def session(tmp_path: Path, wall: Wall) -> RecordedSession:
    """Forty bars, one a minute."""
    return recorded(swings(), tmp_path, wall)


def bars_after(session: RecordedSession, wall: Wall, seconds: float) -> int:
    wall.now += seconds
    session.snapshot()
    return session.place.bar


def test_it_is_a_session_and_a_transport(session: RecordedSession) -> None:
    known: Session = session
    assert isinstance(known, Transport)
    assert known.name == "live_test"
    assert (known.is_over, known.failure, known.ends_with_screen, list(known.drain())) == (False, "", False, [])


def test_it_takes_no_commands(session: RecordedSession) -> None:
    session.step_bar(5)
    assert session.snapshot().accepts == frozenset()
    before = session.snapshot()
    session.send(Flatten())
    assert session.snapshot() == before


def test_it_opens_at_its_start_and_stands_still(session: RecordedSession, wall: Wall) -> None:
    assert session.snapshot().seq == 1
    assert bars_after(session, wall, 3_600.0) == 0
    assert session.place.event == 1
    assert not session.place.is_playing


@pytest.mark.parametrize(("speed", "seconds"), [(0.25, 240.0), (1.0, 60.0), (60.0, 1.0), (1000.0, 0.06)])
def test_a_bar_comes_when_its_market_time_has(
    session: RecordedSession, wall: Wall, speed: float, seconds: float
) -> None:
    session.set_speed(speed)
    session.play()
    first = bars_after(session, wall, 0.0)
    for number in range(1, 8):
        assert bars_after(session, wall, seconds * 0.4) == first + number - 1
        assert bars_after(session, wall, seconds * 0.6) == first + number
    assert session.place.is_playing


def test_playing_is_not_late_for_having_been_late(session: RecordedSession, wall: Wall) -> None:
    session.set_speed(60.0)
    session.play()
    first = bars_after(session, wall, 0.0)
    assert bars_after(session, wall, 5.7) == first + 5
    assert bars_after(session, wall, 0.3) == first + 6


def test_a_night_is_jumped(tmp_path: Path, wall: Wall) -> None:
    bars = [bar(minute, 100.0) for minute in (0, 1, 2, 1_200, 1_201)]
    session = recorded(run(engine({COIN: []}), bars), tmp_path, wall)
    session.set_speed(60.0)
    session.seek_bar(1)
    session.play()
    assert bars_after(session, wall, 2.0) >= 3
    assert bars_after(session, wall, 1.5) == 5


def test_bars_of_the_past_take_no_time(tmp_path: Path, wall: Wall) -> None:
    made = engine({COIN: []})
    events = list(made.open())
    for minute in range(30):
        one = bar(minute, 100.0)
        past = Bar(COIN, one.time, one.open, one.high, one.low, one.close, one.volume, backfilled=minute < 20)
        events += made.bar(past, one.time + MINUTE)
    session = recorded(events, tmp_path, wall)
    session.set_speed(60.0)
    session.play()
    assert session.snapshot().feed.bars == 20
    assert bars_after(session, wall, 1.0) == 1


def test_the_end_pauses_and_playing_again_begins_at_the_start(session: RecordedSession, wall: Wall) -> None:
    session.play()
    wall.now += 10_000.0
    assert session.snapshot().seq == session.place.events
    assert not session.place.is_playing
    session.play()
    assert session.place.bar == 0
    assert session.place.is_playing


def test_a_pause_keeps_what_was_due_and_takes_no_more(session: RecordedSession, wall: Wall) -> None:
    session.play()
    first = bars_after(session, wall, 0.0)
    wall.now += 2.0
    session.pause()
    assert session.place.bar == first + 2
    assert bars_after(session, wall, 100.0) == first + 2


def test_a_new_speed_goes_on_from_here(session: RecordedSession, wall: Wall) -> None:
    session.set_speed(60.0)
    session.play()
    first = bars_after(session, wall, 0.0)
    assert bars_after(session, wall, 2.0) == first + 2
    session.set_speed(1.0)
    assert bars_after(session, wall, 59.0) == first + 2
    assert bars_after(session, wall, 1.0) == first + 3


@pytest.mark.parametrize("speed", [0.0, -1.0, float("nan")])
def test_a_speed_that_is_none_is_refused(session: RecordedSession, speed: float) -> None:
    with pytest.raises(ValueError, match="not above 0"):
        session.set_speed(speed)


def test_a_seek_goes_on_playing_and_a_step_does_not(session: RecordedSession, wall: Wall) -> None:
    session.play()
    session.seek_bar(20)
    assert session.place.is_playing
    assert bars_after(session, wall, 1.0) == 21
    session.step_bar(1)
    assert not session.place.is_playing
    session.play()
    session.step_fill(-1)
    assert not session.place.is_playing


def test_steps_by_bar_stop_at_each_bars_end(session: RecordedSession) -> None:
    shown = []
    while session.step_bar(1):
        shown.append(session.place.bar)
    assert shown == list(range(session.place.bars + 1))
    back = []
    while session.step_bar(-1):
        back.append(session.place.bar)
    assert back == [*reversed(range(session.place.bars)), 0]
    assert session.place.event == 1


def test_a_step_out_of_the_middle_of_a_bar_goes_to_its_own_end(session: RecordedSession) -> None:
    assert session.step_fill(1)
    event, number = session.place.event, session.place.bar
    session.step_bar(1)
    assert session.place.bar == number
    session.seek(event)
    session.step_bar(-1)
    assert session.place.bar == number - 1
    session.seek(event)
    session.step_bar(3)
    assert session.place.bar == number + 2


def test_steps_by_trade_stop_at_each_fill(session: RecordedSession) -> None:
    fills = [event.seq for event in swings() if isinstance(event, OrderFilled)]
    found = []
    while session.step_fill(1):
        found.append(session.place.event)
    assert found == fills
    assert session.snapshot().fills[-1].number == len(fills)
    while session.step_fill(-1):
        found.append(session.place.event)
    assert found == [*fills, *reversed(fills[:-1])]
    assert session.snapshot().fills[-1].number == 1


def test_a_time_the_end_and_the_start(session: RecordedSession) -> None:
    events = swings()
    at = next(event.at for event in events if isinstance(event, BarReceived)) + 10 * MINUTE
    session.seek_time(at)
    assert session.place.at == at
    assert session.snapshot().at == at
    session.seek(10_000)
    assert session.place.event == len(events)
    session.seek(-5)
    assert session.place.event == 1


def test_the_deepest_drawdown(session: RecordedSession, tmp_path: Path) -> None:
    assert session.seek_deepest()
    shown = session.snapshot().metrics
    assert shown.drawdown == shown.max_drawdown > 0.0
    flat = recorded(run(engine({COIN: []}), [bar(0, 100.0)]), tmp_path)
    assert not flat.seek_deepest()


def test_marks_are_kept_beside_the_session(session: RecordedSession, tmp_path: Path) -> None:
    session.step_bar(9)
    session.set_mark("  here it turned  ")
    session.step_bar(-5)
    session.set_mark("first")
    session.set_mark("first, corrected")
    again = recorded(swings(), tmp_path)
    assert [mark.note for mark in again.marks] == ["first, corrected", "here it turned"]
    assert again.step_mark(1)
    assert again.place.event == again.marks[0].event
    assert again.step_mark(1)
    assert not again.step_mark(1)
    assert again.step_mark(-1)
    assert again.place.at == again.marks[0].at
    again.remove_mark(again.marks[0].event)
    kept = json.loads((tmp_path / "live_test.marks.json").read_text())
    assert [mark["note"] for mark in kept["marks"]] == ["here it turned"]
    assert [path.name for path in tmp_path.iterdir()] == ["live_test.marks.json"]


def test_two_viewers_keep_each_others_marks(session: RecordedSession, tmp_path: Path) -> None:
    other = recorded(swings(), tmp_path)
    session.set_mark("mine")
    other.step_bar(5)
    other.set_mark("theirs")
    assert [mark.note for mark in other.marks] == ["mine", "theirs"]


def test_a_damaged_file_of_marks_is_told_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "live_test.marks.json"
    path.write_text("{")
    session = recorded(swings(5), tmp_path)
    assert "the marks cannot be read" in session.loss
    assert session.marks == ()
    with pytest.raises(MarksError, match="Put the file right or remove it"):
        session.set_mark("lost?")
    assert path.read_text() == "{"


def test_marks_that_cannot_be_written_are_told(tmp_path: Path) -> None:
    session = recorded(swings(5), tmp_path / "absent")
    with pytest.raises(MarksError, match="cannot be written"):
        session.set_mark("x")
    assert session.marks == ()


def test_a_mark_is_its_moment(session: RecordedSession) -> None:
    session.step_bar(3)
    session.set_mark("n" * 1_000)
    assert session.marks == (Mark(session.place.event, session.place.at, "n" * 200),)


def test_a_session_on_disk_is_opened_by_its_name(tmp_path: Path) -> None:
    live = assemble(simulated(), tmp_path)
    live.start()
    assert live.wait(60.0)
    session = open_recorded(tmp_path, live.name)
    session.seek(session.place.events)
    last, shown = live.snapshot(), session.snapshot()
    assert shown == last
    assert session.loss == ""
    assert session.place.events == len(read_all(live.journal).events)


def test_a_name_there_is_not_is_refused_with_the_nearest(tmp_path: Path) -> None:
    write(tmp_path / f"{NAME}.jsonl", swings(3))
    with pytest.raises(UnknownSession, match=f"Did you mean {NAME}"):
        open_recorded(tmp_path, "live_20250106_000001")


def test_a_session_without_a_journal_cannot_be_replayed(tmp_path: Path) -> None:
    (tmp_path / f"{NAME}.json").write_text("{}")
    with pytest.raises(NoRecording, match="has no journal, so it cannot be replayed"):
        open_recorded(tmp_path, NAME)


def test_a_strategy_that_never_trades_has_no_trade_to_go_to(tmp_path: Path) -> None:
    session = recorded(run(engine({COIN: [Direction.NEUTRAL]}), [bar(0, 100.0)]), tmp_path)
    assert not session.step_fill(1)
    assert not session.step_fill(-1)
    assert not session.step_mark(1)
    assert session.place.event == 1
