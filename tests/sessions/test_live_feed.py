"""A feed of the present: the session's timers come by the clock, whether bars do or not."""

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from sentio_tui.engine.engine import END_OF_DAY
from sentio_tui.engine.view import Viewer
from sentio_tui.feeds.base import FeedItem
from sentio_tui.feeds.pacing import Pacer
from sentio_tui.machines.slots import Slots
from sentio_tui.market.calendar import ExchangeCalendar
from sentio_tui.model.bars import MINUTE, Bar, Millis
from sentio_tui.model.decisions import Direction
from sentio_tui.model.events import AnyEvent, BarReceived, FeedReported, Noted, OrderFilled, TimerFired
from sentio_tui.model.orders import Side
from sentio_tui.sessions import inputs
from sentio_tui.sessions.inputs import BEGINNING
from sentio_tui.sessions.live import LiveSession
from sentio_tui.sessions.recorder import Recorder
from sentio_tui.sessions.summary import Terms
from tests.engine.scripts import COIN, engine
from tests.sessions.serving import until

PATIENCE = 30.0
NEW_YORK = ZoneInfo("America/New_York")


def when(text: str) -> Millis:
    return int(datetime.fromisoformat(text).replace(tzinfo=NEW_YORK).timestamp() * 1000)


class Wall:
    """The wall clock, where a test puts it."""

    def __init__(self, at: Millis) -> None:
        self.at = at

    def time_ns(self) -> int:
        return self.at * 1_000_000

    def __getattr__(self, name: str) -> object:
        return getattr(time, name)


class Present:
    """A live feed: a bar a minute from the wall's time on, then silence."""

    name = "present"
    is_live = True
    begin: Millis | None = None

    def __init__(self, wall: Wall, minutes: int) -> None:
        self._wall = wall
        self._minutes = minutes

    async def batches(self, skip: int = 0) -> AsyncIterator[Sequence[FeedItem]]:
        for _ in range(self._minutes):
            bar = Bar(COIN, self._wall.at, 100.0, 100.1, 99.9, 100.0, 1e6)
            self._wall.at += MINUTE
            yield [bar]
        await asyncio.Event().wait()


class Desk:
    """One such session, and what was heard of it."""

    def __init__(self, folder: Path, wall: Wall, minutes: int) -> None:
        made = engine(
            {COIN: [Direction.LONG]},
            slots=Slots(1, 0.5, "equity", 0.0, 0.0),
            calendar=ExchangeCalendar("XNYS"),
            flat_overnight=True,
        )
        recorder = Recorder.create(folder, wall.at)
        recorder.attach(made.state, Terms("", {}, 0.5, 1, 0.0, 0.0, None, 0.0))
        self.events: list[AnyEvent] = []
        self._came = threading.Condition()
        self.session = LiveSession(
            made,
            Present(wall, minutes),
            Pacer(0.0, time.monotonic, asyncio.sleep),
            recorder,
            Viewer(made.state, 0.0, 2 * MINUTE),
            at_exit="close",
            patience=0.1,
            opening=made.open,
            done=BEGINNING,
        )
        self.session.listen(self._hear)

    def _hear(self, events: Sequence[AnyEvent]) -> None:
        with self._came:
            self.events.extend(events)
            self._came.notify_all()

    def wait_for(self, kind: type[AnyEvent], count: int = 1) -> None:
        with self._came:
            assert self._came.wait_for(lambda: len(self.of(kind)) >= count, PATIENCE)

    def wait_for_jump(self, words: str) -> None:
        """Until the log says that the clock jumped by so much."""
        with self._came:
            assert self._came.wait_for(
                lambda: any(isinstance(each, FeedReported) and words in each.detail for each in self.events), PATIENCE
            )

    def of(self, kind: type[AnyEvent]) -> list[AnyEvent]:
        return [event for event in self.events if isinstance(event, kind)]


def desk(folder: Path, monkeypatch: pytest.MonkeyPatch, wall: Wall, minutes: int) -> Desk:
    monkeypatch.setattr(inputs, "time", wall)
    monkeypatch.setattr(inputs, "TICK", 0.01)
    return Desk(folder, wall, minutes)


def test_t34_a_silent_feed_is_sold_out_before_the_close_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wall = Wall(when("2025-01-06 15:40"))
    made = desk(tmp_path, monkeypatch, wall, 3)
    made.session.start()
    made.wait_for(OrderFilled)
    wall.at = when("2025-01-06 15:58") + 1
    made.wait_for(TimerFired)
    wall.at = when("2025-01-06 16:00") + 1
    made.wait_for(OrderFilled, 2)
    made.session.close()
    fills = [event.fill for event in made.events if isinstance(event, OrderFilled)]
    assert [fill.side for fill in fills] == [Side.BUY, Side.SELL]
    assert not any(account.positions for account in made.session._engine.state.accounts.values())


def test_t24_a_feed_that_never_speaks_raises_an_alarm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wall = Wall(when("2025-01-06 10:00"))
    made = desk(tmp_path, monkeypatch, wall, 0)
    # The scripted engine begins at a time of its own; what counts is the open of the day.
    made.session.start()
    wall.at = when("2025-01-06 10:04")
    made.wait_for(Noted)
    made.session.close()
    assert any(isinstance(event, Noted) and event.code == "symbol_silent" for event in made.events)


def test_a_clock_that_jumps_is_told_and_no_timer_fires_twice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wall = Wall(when("2025-01-06 15:40"))
    made = desk(tmp_path, monkeypatch, wall, 3)
    made.session.start()
    made.wait_for(BarReceived, 3)
    wall.at = when("2025-01-06 15:58") + 1
    made.wait_for(TimerFired)
    fired = len(made.of(TimerFired))
    wall.at = when("2025-01-06 15:50")
    made.wait_for_jump("-48")  # what a busy machine takes meanwhile counts too
    wall.at = when("2025-01-06 15:58") + 1
    made.wait_for_jump("+4")
    made.session.close()
    ends = [event for event in made.of(TimerFired) if isinstance(event, TimerFired) and event.timer == END_OF_DAY]
    assert len({event.at // MINUTE for event in ends}) == len(ends)
    assert fired >= 1


def test_t24_the_clock_on_the_screen_goes_on_while_the_feed_is_silent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wall = Wall(when("2025-01-06 10:00"))
    made = desk(tmp_path, monkeypatch, wall, 1)
    made.session.start()
    made.wait_for(BarReceived)
    wall.at = when("2025-01-06 10:01:30") + 250
    until(lambda: (shown := made.session.snapshot()) is not None and shown.at == when("2025-01-06 10:01:30"))
    made.session.close()
