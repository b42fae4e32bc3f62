"""The status line: what it says, and what stays when there is little room."""

from dataclasses import replace as replace_fields
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Struct
from msgspec.structs import replace
from textual.content import Content

from sentio_tui.model.bars import MINUTE
from sentio_tui.model.events import FeedStatus, Mode, Phase
from sentio_tui.model.snapshot import FeedHealth, MarketClock, MarketEvent, Snapshot
from sentio_tui.sessions.base import Place
from sentio_tui.sessions.wheel import ALONE, READ_ONLY, Seat
from sentio_tui.ui.monitor import Condition
from sentio_tui.ui.status import Part, fit, status_parts
from tests.ui.ladder_samples import climbing
from tests.ui.samples import HOSTILE, busy, empty, ended


class Said(Struct, frozen=True):
    """A condition without the parts that do not matter to a test."""

    snapshot: Snapshot | None = None
    mode: Mode = Mode.SIM
    launching: bool = False
    is_over: bool = False
    why: str = ""
    failure: str = ""
    alarms: int = 0
    seat: Seat = ALONE
    is_ours: bool = True

    def line(self, width: int = 160) -> str:
        condition = Condition(
            self.snapshot,
            self.mode,
            self.launching,
            self.is_over,
            self.why,
            self.failure,
            self.alarms,
            self.seat,
            self.is_ours,
        )
        return fit(*status_parts(condition), width).plain


def feed(status: FeedStatus, age: int) -> Snapshot:
    """A busy session whose newest bar was complete `age` milliseconds ago."""
    snapshot = busy()
    health = FeedHealth(status, "", snapshot.at - age, 10, 0, ())
    return replace(snapshot, feed=health)


def test_symbols_that_are_worse_off_than_the_feed_are_named_or_counted() -> None:
    snapshot = busy()
    symbols = tuple(replace(health, status=FeedStatus.DOWN) for health in snapshot.feed.symbols[:2])
    feed = replace(snapshot.feed, symbols=(*symbols, *snapshot.feed.symbols[2:]))
    troubled = replace(snapshot, feed=feed)
    assert "feed live · last bar 0s ago · BTC-USD, ETH-USD down" in Said(troubled).line(180)
    assert "feed live 0s · 2 of 3 down" in Said(troubled).line(80)


@pytest.mark.parametrize(
    ("mode", "broker", "says"),
    [(Mode.PAPER, "paper", "filled here"), (Mode.PAPER, "alpaca paper", "alpaca paper"), (Mode.SIM, "paper", "60×")],
)
def test_in_the_market_of_now_it_says_who_fills_the_orders_instead_of_a_speed(
    mode: Mode, broker: str, says: str
) -> None:
    snapshot = busy()
    told = replace(snapshot, info=replace(snapshot.info, mode=mode, broker=broker))
    assert f"│ {says} │" in Said(told).line(180)


def test_the_markets_next_event_stands_beside_the_time() -> None:
    assert "closes in 4h55 · liquidation in 4h53 │ Mon 2025-01-06 11:05:00 EST" in Said(climbing()).line(180)
    assert "flat in 4h53 │ Mon 11:05:00 EST" in Said(climbing()).line(80)
    assert "opens in" in Said(replace(climbing(), clock=closed())).line(80)
    assert "closes" not in Said(busy()).line(180)


def closed() -> MarketClock:
    clock = climbing().clock
    assert clock is not None
    return replace(clock, is_open=False, next=MarketEvent.OPEN)


def test_with_room_it_says_everything() -> None:
    line = Said(busy(), alarms=2).line(180)
    for part in (
        " SIM ",
        "● running",
        "feed live · last bar 0s ago",
        "▲ 2 alarms",
        "session 6:40:00",
        "momentum conservative",
        "60×",
        "live_20250106_140000",
        "Mon 2025-01-06 15:40:00 EST",
    ):
        assert part in line


def test_at_80_columns_the_four_that_matter_stay() -> None:
    line = Said(feed(FeedStatus.STALE, 3 * 60_000), alarms=2).line(80)
    assert len(line) == 80
    for part in (" SIM ", "● running", "feed stale 3m", "Mon 15:40:00 EST", "▲ 2"):
        assert part in line


@pytest.mark.parametrize("mode", list(Mode))
def test_the_badge_is_a_word_too(mode: Mode) -> None:
    snapshot = busy()
    line = Said(replace(snapshot, info=replace(snapshot.info, mode=mode)), mode=mode).line(80)
    assert line.startswith(f" {mode.value.upper()} ")


@pytest.mark.parametrize(
    ("said", "says"),
    [
        (Said(launching=True), "◌ starting"),
        (Said(), "○ no session"),
        (Said(failure="no such file"), "✖ not started: no such file"),
        (Said(empty()), "○ ready"),
        (Said(empty()), "feed connecting · no bar yet"),
        (Said(replace(busy(), phase=Phase.PAUSED)), "‖ paused"),
        (Said(replace(busy(), phase=Phase.STOPPING, waiting="a price")), "◐ stopping: a price"),
        (Said(ended(), is_over=True, why="stopped"), "■ ended: stopped"),
        (Said(busy(), is_over=True, failure="boom"), "✖ failed: boom"),
        (Said(replace(busy(), faults={"journal": "disk full"})), "✖ fault: journal"),
        (Said(feed(FeedStatus.DOWN, 3_600_000)), "feed down · last bar 1h00 ago"),
        (Said(feed(FeedStatus.LIVE, -5_000)), "last bar 0s ago"),
    ],
)
def test_each_condition_has_its_words(said: Said, says: str) -> None:
    assert says in said.line()


def test_the_duration_is_the_sessions_not_the_screens() -> None:
    """T-44: session time follows from the session's own first input, in market time."""
    later = replace(busy(), at=busy().at + 90 * MINUTE)
    assert "session 8:10:00" in Said(later).line()


def test_full_speed_is_told() -> None:
    snapshot = busy()
    assert "at full speed" in Said(replace(snapshot, info=replace(snapshot.info, speed=0.0))).line()


def test_an_unknown_zone_is_utc() -> None:
    snapshot = busy()
    assert "20:40:00 UTC" in Said(replace(snapshot, info=replace(snapshot.info, clock_zone="Mars/Base"))).line()


@pytest.mark.parametrize("width", [160, 100, 80])
def test_text_from_outside_stays_text(width: int) -> None:
    snapshot = busy()
    info = replace(snapshot.info, name=HOSTILE, books=(replace(snapshot.info.books[0], strategy=HOSTILE),))
    line = Said(
        replace(snapshot, info=info, phase=Phase.STOPPING, waiting=HOSTILE, faults={HOSTILE: HOSTILE}), failure=HOSTILE
    ).line(width)
    assert "\x1b" not in line
    assert "\n" not in line
    assert Content(line).cell_length == width


_PARTS = st.lists(
    st.builds(
        lambda rank, lengths: Part(rank, tuple(Content("x" * n) for n in sorted(lengths, reverse=True))),
        st.integers(1, 6),
        st.lists(st.integers(1, 30), min_size=1, max_size=3, unique=True),
    ),
    max_size=8,
)


@given(_PARTS, _PARTS, st.integers(10, 200))
def test_the_line_is_always_as_wide_as_the_screen(left: list[Part], right: list[Part], width: int) -> None:
    assert fit(left, right, width).cell_length == width


@pytest.mark.parametrize(
    ("seat", "says"),
    [
        (Seat("ann@pts/1", drives=True, viewers=3), "you drive, 2 watch"),
        (Seat("ann@pts/1", drives=True, viewers=2), "you drive, 1 watches"),
        (Seat("bob@pts/2", viewers=2), "bob@pts/2 drives"),
        (Seat("bob@pts/2", viewers=2, barred=READ_ONLY), "only watching, bob@pts/2 drives"),
        (Seat("", viewers=1), "nobody drives"),
        (Seat("ann@pts/1", drives=True, cut_off="no answer for 3 s"), "✖ cut off: no answer for 3 s"),
    ],
)
def test_it_says_who_drives(seat: Seat, says: str) -> None:
    assert says in Said(busy(), seat=seat).line(200)


def test_who_looks_alone_reads_nothing_of_a_wheel() -> None:
    assert "drive" not in Said(busy()).line(200)
    assert "drive" not in Said(busy(), seat=Seat(viewers=0, barred="a recorded session")).line(200)
    assert "drive" not in Said(ended(), is_over=True, seat=Seat("bob@pts/2", viewers=2)).line(200)


def test_who_is_attached_alone_sees_that_the_session_is_elsewhere() -> None:
    assert "│ attached │" in Said(busy(), is_ours=False).line(200)


@pytest.mark.parametrize("seat", [Seat("bob@pts/2", viewers=2), Seat("ann", drives=True, cut_off="no answer")])
def test_at_80_columns_who_drives_stays(seat: Seat) -> None:
    line = Said(busy(), seat=seat).line(80)
    assert "bob@pts/2 drives" in line or "cut off" in line


PAST = Place(event=120, events=1_000, bar=30, bars=250, at=0, is_playing=True, speed=250.0)


def past(snapshot: Snapshot, width: int = 160, **changes: Any) -> str:
    given = Condition(snapshot, snapshot.info.mode, launching=False, is_over=False, why="", failure="", alarms=0)
    return fit(*status_parts(replace_fields(given, place=PAST, **changes)), width).plain


@pytest.mark.parametrize("width", [80, 100, 160])
@pytest.mark.parametrize("mode", list(Mode))
def test_a_recording_never_looks_live(mode: Mode, width: int) -> None:
    snapshot = replace(busy(), info=replace(busy().info, mode=mode))
    line = past(snapshot, width)
    assert line.startswith(" REPLAY ▶ 250× ")
    assert "● running" not in line
    assert ("recorded data" if mode is Mode.REPLAY else mode.value) in line


@pytest.mark.parametrize("width", [80, 100, 160])
def test_looking_back_says_how_the_session_is_now(width: int) -> None:
    line = past(busy(), width, looks_back=True, behind=Phase.STOPPING, alarms=3)
    assert line.startswith(" LOOKING BACK ▶ 250× ")
    assert "sim ◐ stopping" in line
    assert "▲ 3" in line


@pytest.mark.parametrize("width", [160, 100, 80])
def test_text_from_outside_stays_text_in_a_recording(width: int) -> None:
    snapshot = busy()
    info = replace(snapshot.info, name=HOSTILE, books=(replace(snapshot.info.books[0], strategy=HOSTILE),))
    line = past(replace(snapshot, info=info, faults={HOSTILE: HOSTILE}), width, looks_back=True, failure=HOSTILE)
    assert "\x1b" not in line
    assert Content(line).cell_length == width
