"""A session that broke off goes on as if it had not."""

import json
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from sentio_tui import __version__
from sentio_tui.engine.state import fold
from sentio_tui.engine.words import words
from sentio_tui.feeds.base import FeedError
from sentio_tui.journal.catalogue import SessionState, find
from sentio_tui.journal.lock import SessionLock
from sentio_tui.journal.names import session_lock_path
from sentio_tui.journal.reader import read_all
from sentio_tui.model.events import AnyEvent, BarReceived, OrderFilled, SessionEnded, SessionResumed
from sentio_tui.sessions.assemble import assemble
from sentio_tui.sessions.live import LiveSession
from sentio_tui.sessions.resume import NotResumed, interrupted, resume
from sentio_tui.sessions.verify import verify
from sentio_tui.settings import (
    BrokerSettings,
    FeedSettings,
    LadderSettings,
    MachineSettings,
    Settings,
    StrategySettings,
)
from tests.sessions.places import needs_data, recorded, simulated

PATIENCE = 60.0


def finished(session: LiveSession) -> None:
    session.start()
    assert session.wait(PATIENCE)
    assert session.failure == ""


def trading() -> Settings:
    """Orders that fill in parts, rest over several bars and are closed at the end."""
    crowded = BrokerSettings(slippage=0.001, participation=0.002)
    return replace(simulated(90.0, seed=5, strategy="mean_reversion"), broker=crowded)


def ladder() -> Settings:
    """The learning ensemble on a leveraged family over the close of a day, soon warm."""
    return Settings(
        feed=FeedSettings(speed=0.0, start="2025-01-06T18:30:00Z", days=1, seed=3),
        strategy=StrategySettings("online_ensemble", params={"warm_up_bars": 60, "buy": 0.52, "sell": 0.48}),
        machine=MachineSettings("ladder", flat_overnight=True, ladder=LadderSettings(min_hold_bars=1)),
    )


class Whole:
    """A session that ran to its end without a break: its files, and its events."""

    def __init__(self, settings: Settings) -> None:
        self._place = TemporaryDirectory()
        folder = Path(self._place.name)
        session = assemble(settings, folder)
        finished(session)
        self.name = session.name
        self.journal = session.journal
        self.bytes = self.journal.read_bytes()
        self.events = read_all(self.journal).events
        self.document = json.loads(session.document.read_text())

    def broken_at(self, length: int, folder: Path) -> None:
        """The session as a process leaves it that was killed after so many bytes."""
        (folder / self.journal.name).write_bytes(self.bytes[:length])

    def line_end(self, number: int) -> int:
        """The byte after a line, from 1."""
        end = -1
        for _ in range(number):
            end = self.bytes.index(b"\n", end + 1)
        return end + 1


@cache
def whole(make: object = trading) -> Whole:
    assert callable(make)
    return Whole(make())


def unbroken(events: Sequence[AnyEvent]) -> list[AnyEvent]:
    """The events without those that tell of resuming, numbered as if they had never been."""
    kept = [event for event in events if not isinstance(event, SessionResumed)]
    return [replace(event, seq=number) for number, event in enumerate(kept, 1)]


def same_document(one: dict[str, object], other: dict[str, object]) -> bool:
    own = {"updated", "end_time", "last_seq"}
    return {k: v for k, v in one.items() if k not in own} == {k: v for k, v in other.items() if k not in own}


def goes_on_as_if_nothing_had_happened(original: Whole, length: int) -> None:
    with TemporaryDirectory() as place:
        folder = Path(place)
        original.broken_at(length, folder)
        session = resume(folder, original.name)
        finished(session)
        events = read_all(session.journal).events
        assert unbroken(events) == original.events
        assert same_document(json.loads(session.document.read_text()), original.document)
        assert find(folder, original.name).state is SessionState.ENDED
        assert fold(events).cash == fold(original.events).cash


def test_the_session_of_these_tests_trades_in_parts() -> None:
    fills = [event.fill for event in whole().events if isinstance(event, OrderFilled)]
    assert len(fills) > 10
    assert any(fill.remaining > 0 for fill in fills)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_cut_at_any_byte_it_ends_with_the_same_events_and_the_same_document(data: st.DataObject) -> None:
    original = whole()
    # The last line is the end of the session: with it, there is nothing to go on with.
    last = original.line_end(len(original.events) - 1)
    goes_on_as_if_nothing_had_happened(original, data.draw(st.integers(original.line_end(1), last)))


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_t32_the_ensemble_learns_on_from_where_it_was_and_the_close_still_finds_it_flat(data: st.DataObject) -> None:
    original = whole(ladder)
    assert any(isinstance(event, OrderFilled) for event in original.events)
    goes_on_as_if_nothing_had_happened(original, original.line_end(data.draw(st.integers(1, len(original.events) - 1))))


@needs_data
def test_a_recorded_market_goes_on_at_the_next_bar(tmp_path: Path) -> None:
    original = Whole(recorded("BTC-USD_1min_2018-04-04_2018-04-05.csv", "ETH-USD_1min_2018-04-04_2018-04-05.csv"))
    goes_on_as_if_nothing_had_happened(original, len(original.bytes) // 2)


def test_it_may_break_off_again_and_again(tmp_path: Path) -> None:
    original = whole()
    original.broken_at(original.line_end(100), tmp_path)
    for number in (200, 300, 400):
        session = resume(tmp_path, original.name)
        finished(session)
        lines = session.journal.read_bytes().splitlines(keepends=True)
        session.journal.write_bytes(b"".join(lines[:number]))
        session.document.unlink()
    session = resume(tmp_path, original.name)
    finished(session)
    events = read_all(session.journal).events
    assert unbroken(events) == original.events
    assert sum(isinstance(event, SessionResumed) for event in events) == 4


def test_what_was_lost_of_the_end_is_told_in_the_journal(tmp_path: Path) -> None:
    original = whole()
    original.broken_at(original.line_end(50) + 7, tmp_path)
    session = resume(tmp_path, original.name)
    finished(session)
    events = read_all(session.journal).events
    told = [event.lost for event in events if isinstance(event, SessionResumed)]
    assert "7 bytes" in told[0]
    assert "torn" in told[0]


def test_a_flipped_byte_in_the_middle_is_refused_with_its_line(tmp_path: Path) -> None:
    original = whole()
    spoilt = bytearray(original.bytes[: original.line_end(200)])
    spoilt[original.line_end(99) + 2] ^= 0xFF
    (tmp_path / original.journal.name).write_bytes(spoilt)
    with pytest.raises(NotResumed, match=r"line 100.*99 events before it are whole.*replay"):
        resume(tmp_path, original.name)
    assert (tmp_path / original.journal.name).read_bytes() == spoilt


def test_events_that_this_engine_would_not_make_are_refused_and_named(tmp_path: Path) -> None:
    original = whole()
    lines = original.bytes.splitlines(keepends=True)[:-1]
    number = next(i for i, line in enumerate(lines) if b'"event":"order_filled"' in line)
    lines[number] = lines[number].replace(b'"commission":', b'"commission":1')
    path = tmp_path / original.journal.name
    path.write_bytes(b"".join(lines))
    with pytest.raises(NotResumed, match=rf"event {number + 1} differs.*Trade:.*no version has changed"):
        resume(tmp_path, original.name)
    assert path.read_bytes() == b"".join(lines)


def test_a_session_that_has_ended_is_refused(tmp_path: Path) -> None:
    original = whole()
    original.broken_at(len(original.bytes), tmp_path)
    with pytest.raises(NotResumed, match="has ended"):
        resume(tmp_path, original.name)


def test_t23_a_session_that_another_process_runs_is_refused_and_says_which(tmp_path: Path) -> None:
    original = whole()
    original.broken_at(original.line_end(50), tmp_path)
    with (
        SessionLock(session_lock_path(tmp_path, original.name), original.name, 0),
        pytest.raises(NotResumed, match=rf"in use by session {original.name} \(process \d+"),
    ):
        resume(tmp_path, original.name)


@pytest.mark.parametrize("length", [0, 1, 20])
def test_one_without_a_whole_first_event_has_nothing_to_go_on_with(tmp_path: Path, length: int) -> None:
    original = whole()
    original.broken_at(length, tmp_path)
    with pytest.raises(NotResumed, match="before its first event"):
        resume(tmp_path, original.name)


def test_data_that_is_gone_is_named(tmp_path: Path) -> None:
    rows = "".join(f"2025-01-06T00:{minute:02}:00Z,A-USD,1,1,1,1,1\n" for minute in range(30))
    data = tmp_path / "bars.csv"
    data.write_text(f"timestamp,symbol,open,high,low,close,volume\n{rows}")
    made = Settings(feed=FeedSettings(kind="recorded", speed=0.0, data=(str(data),), symbols=("A-USD",)))
    original = Whole(made)
    original.broken_at(original.line_end(10), tmp_path)
    data.unlink()
    with pytest.raises(FeedError, match=r"bars\.csv"):
        resume(tmp_path, original.name)


def test_the_only_interrupted_session_is_found_and_of_several_one_must_be_named(tmp_path: Path) -> None:
    original = whole()
    with pytest.raises(NotResumed, match="no session was interrupted"):
        interrupted(tmp_path)
    original.broken_at(original.line_end(50), tmp_path)
    with (
        SessionLock(session_lock_path(tmp_path, original.name), original.name, 0),
        pytest.raises(NotResumed, match=rf"no session was interrupted; {original.name} runs"),
    ):
        interrupted(tmp_path)
    assert interrupted(tmp_path) == original.name
    shutil.copy(tmp_path / original.journal.name, tmp_path / "live_20200101_000000.jsonl")
    with pytest.raises(NotResumed, match=r"live_20200101_000000"):
        interrupted(tmp_path)


def test_another_speed_may_be_asked_for(tmp_path: Path) -> None:
    original = whole()
    original.broken_at(original.line_end(50), tmp_path)
    session = resume(tmp_path, original.name, speed=90_000.0)
    finished(session)
    snapshot = session.snapshot()
    assert snapshot is not None
    assert snapshot.info.speed == 90_000.0
    events = read_all(session.journal).events
    assert isinstance(events[-1], SessionEnded)
    assert sum(isinstance(event, BarReceived) for event in events) == sum(
        isinstance(event, BarReceived) for event in original.events
    )


@contextmanager
def data_changed_after(bars: int) -> Iterator[tuple[Path, str, Path]]:
    """A session over 30 bars, broken off after some of them: its folder, its name, and the file of its data."""
    with TemporaryDirectory() as place:
        folder = Path(place)
        data = folder / "bars.csv"
        rows = "".join(f"2025-01-06T00:{minute:02}:00Z,A-USD,1,1,1,1,{minute + 1}\n" for minute in range(30))
        data.write_text(f"timestamp,symbol,open,high,low,close,volume\n{rows}")
        original = Whole(Settings(feed=FeedSettings(kind="recorded", speed=0.0, data=(str(data),), symbols=("A-USD",))))
        number = [i for i, each in enumerate(original.events, 1) if isinstance(each, BarReceived)][bars - 1]
        original.broken_at(original.line_end(number) + 7, folder)
        yield folder, original.name, data


@pytest.mark.parametrize(
    ("before", "after", "first"),
    [
        (",1,1,1,1,5\n", ",1,1,1,1,6\n", "bar 5 was A-USD 2025-01-06T00:04:00.*V:5.0, now it is .*V:6.0"),
        ("2025-01-06T00:04:00Z,A-USD,1,1,1,1,5\n", "", "bar 5 was .*00:04.*, now it is .*00:05"),
        (
            "".join(f"2025-01-06T00:{minute}:00Z,A-USD,1,1,1,1,{minute + 1}\n" for minute in range(12, 30)),
            "",
            "bar 13 .*missing",
        ),
        ("2025-01-06T00:00:00Z", "2025-01-05T23:59:00Z", "bar 1 was .*00:00:00.*, now it is .*23:59"),
    ],
)
def test_data_that_are_not_those_of_the_session_are_refused_and_nothing_is_cut(
    before: str, after: str, first: str
) -> None:
    with data_changed_after(20) as (folder, name, data):
        data.write_text(data.read_text().replace(before, after, 1))
        left = (folder / f"{name}.jsonl").read_bytes()
        with pytest.raises(NotResumed, match=first):
            resume(folder, name)
        assert (folder / f"{name}.jsonl").read_bytes() == left


def test_data_that_changed_only_in_what_is_to_come_are_told() -> None:
    with data_changed_after(20) as (folder, name, data):
        data.write_text(data.read_text().replace(",1,1,1,1,25\n", ",1,1,1,1,26\n"))
        session = resume(folder, name)
        finished(session)
        resumed = next(each for each in read_all(session.journal).events if isinstance(each, SessionResumed))
        assert len(resumed.changed) == 1
        assert resumed.changed[0].startswith(f"{data} was ")
        assert resumed.changed[0] in (words(resumed, None) or "")
        assert verify(session.journal).is_proved


def test_a_session_of_another_version_that_goes_on_says_so(tmp_path: Path) -> None:
    original = whole()
    version = f'"sentio-tui":"{__version__}"'.encode()
    length = original.line_end(50)
    path = tmp_path / original.journal.name
    path.write_bytes(original.bytes[:length].replace(version, b'"sentio-tui":"0.0.9"', 1))
    session = resume(tmp_path, original.name)
    finished(session)
    resumed = next(each for each in read_all(session.journal).events if isinstance(each, SessionResumed))
    assert resumed.changed == (f"sentio-tui was 0.0.9, is {__version__}",)
