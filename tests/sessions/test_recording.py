"""Every moment of a recorded session is the moment that was, in whatever order one looks."""

import random
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from sentio_tui.engine.state import State
from sentio_tui.engine.view import Viewer
from sentio_tui.model.decisions import Direction
from sentio_tui.model.events import AnyEvent, BarReceived, OrderFilled, SessionStarted
from sentio_tui.sessions import recording as reels
from sentio_tui.sessions.assemble import assemble
from sentio_tui.sessions.recorded import open_recorded
from sentio_tui.sessions.recording import NoRecording, Recording, read_recording
from sentio_tui.settings import Settings
from tests.engine.courses import DIRECTIONS, Input, build, inputs
from tests.engine.scripts import COIN, OTHER, START, bar, engine, info, run
from tests.sessions.reels import USUAL, Wall, fingerprint, recorded, swings, watched, write
from tests.sessions.test_resume import finished, ladder, trading


def along(events: Sequence[AnyEvent]) -> list[str]:
    """The fingerprint after each event, taken while the events come one by one."""
    first = events[0]
    assert isinstance(first, SessionStarted)
    state = State(first)
    viewer = Viewer(state, USUAL.speed, round(USUAL.stale_after * 1000))
    found = [fingerprint(viewer.snapshot())]
    for event in events[1:]:
        state.apply(event)
        found.append(fingerprint(viewer.snapshot()))
    return found


@settings(deadline=None)
@given(DIRECTIONS, DIRECTIONS, inputs(), st.integers(2, 50), st.data())
def test_the_snapshot_at_any_event_is_the_one_that_was_live(
    first: list[Direction], second: list[Direction], given_inputs: list[Input], spacing: int, data: st.DataObject
) -> None:
    events, live = watched(build(first, second), given_inputs)
    with pytest.MonkeyPatch.context() as patch:
        for module in ("recording", "recorded"):
            patch.setattr(f"sentio_tui.sessions.{module}.KEYFRAME_EVERY", spacing)
        session = recorded(events, Path("nowhere"))
        expected = along(events)
        wanted = data.draw(st.lists(st.integers(1, len(events)), min_size=1, max_size=12))
        for event in [*wanted, *sorted(live)[-3:], 1, len(events)]:
            session.seek(event)
            shown = session.snapshot()
            assert shown.seq == event
            assert fingerprint(shown) == expected[event - 1]
            assert live.get(event, expected[event - 1]) == expected[event - 1]


MOVES = ("play", "pause", "bar", "fill", "mark", "seek", "bars", "deepest", "speed", "set", "wait")


@settings(deadline=None)
@given(
    DIRECTIONS, DIRECTIONS, inputs(), st.lists(st.tuples(st.sampled_from(MOVES), st.integers(-300, 300)), max_size=25)
)
def test_whatever_the_transport_does_the_moment_is_the_one_that_was(
    tmp_path_factory: pytest.TempPathFactory,
    first: list[Direction],
    second: list[Direction],
    given_inputs: list[Input],
    moves: list[tuple[str, int]],
) -> None:
    events, _ = watched(build(first, second), given_inputs)
    expected = along(events)
    wall = Wall()
    session = recorded(events, tmp_path_factory.mktemp("marks"), wall)
    for move, number in moves:
        match move:
            case "play":
                session.play()
            case "pause":
                session.pause()
            case "bar":
                session.step_bar(number or 1)
            case "fill":
                session.step_fill(1 if number >= 0 else -1)
            case "mark":
                session.step_mark(1 if number >= 0 else -1)
            case "seek":
                session.seek(number)
            case "bars":
                session.seek_bar(number)
            case "deepest":
                session.seek_deepest()
            case "speed":
                session.set_speed(abs(number) + 1.0)
            case "set":
                session.set_mark(str(number))
            case _:
                wall.now += abs(number) / 10.0
        shown = session.snapshot()
        assert shown.seq == session.place.event
        assert fingerprint(shown) == expected[shown.seq - 1]
        assert 0 <= session.place.bar <= session.place.bars


@pytest.mark.parametrize("settings_of", [trading, ladder], ids=["slots", "ladder"])
def test_a_real_session_looks_in_replay_as_it_looked_live(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings_of: Callable[[], Settings]
) -> None:
    live = assemble(settings_of(), tmp_path)
    seen: dict[int, str] = {}

    def look(events: Sequence[AnyEvent]) -> None:
        shown = live._viewer.snapshot()
        seen[shown.seq] = fingerprint(shown)

    live.listen(look)
    finished(live)
    for module in ("recording", "recorded"):
        monkeypatch.setattr(f"sentio_tui.sessions.{module}.KEYFRAME_EVERY", 64)
    session = open_recorded(tmp_path, live.name)
    events = sorted(seen)
    assert len(events) > 50
    for event in random.Random(1).sample(events, 50):
        session.seek(event)
        assert fingerprint(session.snapshot()) == seen[event]


def test_bars_and_what_came_of_them_belong_together() -> None:
    events = swings()
    recording = Recording(events)
    received = [event.seq for event in events if isinstance(event, BarReceived)]
    assert recording.bars == len(received)
    assert recording.end_of_bar(0) == received[0] - 1
    for number, (seq, following) in enumerate(zip(received, [*received[1:], len(events) + 1], strict=True), 1):
        assert recording.end_of_bar(number) == following - 1
        assert {recording.bar_of(event) for event in range(seq, following)} == {number}
    assert recording.end_of_bar(-3) == received[0] - 1
    assert recording.end_of_bar(10_000) == len(events)


def test_the_symbols_of_a_minute_are_one_bar() -> None:
    bars = [bar(minute, 100.0, symbol) for minute in range(5) for symbol in (COIN, OTHER)]
    events = run(engine({COIN: [], OTHER: []}), bars)
    recording = Recording(events)
    assert recording.bars == 5
    counts = [sum(recording.state(recording.end_of_bar(number)).bar_counts.values()) for number in range(6)]
    assert counts == [0, 2, 4, 6, 8, 10]


def test_bars_of_the_past_are_not_counted() -> None:
    events = swings(10)
    received = [event for event in events if isinstance(event, BarReceived)]
    past = [
        replace(event, bar=replace(event.bar, backfilled=True)) if event in received[:2] else event for event in events
    ]
    recording = Recording(past)
    assert recording.bars == len(received) - 2
    assert recording.end_of_bar(0) == received[2].seq - 1


def test_the_fills_stand_where_they_happened() -> None:
    events = swings()
    recording = Recording(events)
    fills = [event for event in events if isinstance(event, OrderFilled)]
    assert [(fill.event, fill.side) for fill in recording.fills] == [(event.seq, event.fill.side) for event in fills]
    assert all(fill.bar == recording.bar_of(fill.event) for fill in recording.fills)


def test_the_deepest_drawdown_is_where_the_metrics_say_it_is() -> None:
    events = swings()
    recording = Recording(events)
    viewer = Viewer(recording.state(recording.deepest), 1.0, 1)
    end = Viewer(recording.state(len(events)), 1.0, 1).snapshot().metrics
    there = viewer.snapshot().metrics
    assert there.drawdown == there.max_drawdown == end.max_drawdown > 0.0


def test_without_a_drawdown_there_is_no_deepest() -> None:
    assert Recording(run(engine({COIN: []}), [bar(0, 100.0)])).deepest == 0


def test_a_time_finds_the_last_event_up_to_it() -> None:
    events = swings()
    recording = Recording(events)
    for event in (1, 5, len(events) // 2, len(events)):
        found = recording.event_at(recording.time(event))
        assert recording.time(found) == recording.time(event)
        assert found == len(events) or recording.time(found + 1) > recording.time(event)
    assert recording.event_at(0) == 1
    assert recording.event_at(2**60) == len(events)


@pytest.mark.parametrize("event", [0, -1, 10_000])
def test_an_event_there_is_not_is_refused(event: int) -> None:
    with pytest.raises(IndexError, match="they count from 1"):
        Recording(swings(3)).state(event)


def test_events_that_contradict_those_before_end_the_recording(tmp_path: Path) -> None:
    events = swings()
    sale = next(number for number, event in enumerate(events) if isinstance(event, OrderFilled))
    fill = events[sale]
    assert isinstance(fill, OrderFilled)
    foreign = replace(fill, fill=replace(fill.fill, book="nobody"))
    recording = Recording([*events[:sale], foreign, *events[sale + 1 :]])
    assert recording.events == sale
    assert recording.loss == f"event {sale + 1} contradicts those before it: nothing is known of 'nobody'"
    assert recording.state(sale).seq == sale


def test_a_torn_journal_is_shown_up_to_the_tear(tmp_path: Path) -> None:
    path = write(tmp_path / "live_20250106_000000.jsonl", swings(5))
    whole = read_recording(path)
    path.write_bytes(path.read_bytes()[:-20])
    recording = read_recording(path)
    assert recording.events == whole.events - 1
    assert "the last line was torn" in recording.loss


def test_a_damaged_journal_is_shown_up_to_the_damage(tmp_path: Path) -> None:
    path = write(tmp_path / "live_20250106_000000.jsonl", swings(5))
    lines = path.read_bytes().splitlines(keepends=True)
    lines[7] = b"nonsense\n"
    path.write_bytes(b"".join(lines))
    recording = read_recording(path)
    assert recording.events == 7
    assert recording.loss.startswith("the journal is damaged at line 8: no event")


def test_what_holds_no_event_is_refused_in_words(tmp_path: Path) -> None:
    path = tmp_path / "live_20250106_000000.jsonl"
    path.write_bytes(b"")
    with pytest.raises(NoRecording, match="has no events"):
        read_recording(path)
    path.write_bytes(b'{"event":"sess')
    with pytest.raises(NoRecording, match="torn"):
        read_recording(path)
    path.write_bytes(b"hello\n")
    with pytest.raises(NoRecording, match=r"no journal|no event"):
        read_recording(path)
    with pytest.raises(OSError, match="No such file"):
        read_recording(tmp_path / "absent.jsonl")
    with pytest.raises(NoRecording):
        Recording([])


def test_keyframes_are_used(monkeypatch: pytest.MonkeyPatch) -> None:
    """A moment late in the session is not folded from the start."""
    monkeypatch.setattr(reels, "KEYFRAME_EVERY", 16)
    events = swings()
    recording = Recording(events)
    applied: list[int] = []
    apply = State.apply

    def counted(state: State, event: AnyEvent) -> None:
        applied.append(event.seq)
        apply(state, event)

    monkeypatch.setattr(State, "apply", counted)
    recording.state(len(events) - 1)
    assert len(applied) < 16


def test_the_session_is_the_one_that_was_recorded() -> None:
    recording = Recording([SessionStarted(1, START, info())])
    assert recording.info == info()
    assert (recording.events, recording.bars, recording.end_of_bar(0), recording.bar_of(1)) == (1, 0, 1, 0)
