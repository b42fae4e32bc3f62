"""T21: a session that is killed in the middle of partial fills goes on in another process, and ends as the exchange."""

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from sentio_tui.alpaca.rest import Rest
from sentio_tui.brokers.alpaca import AlpacaBroker
from sentio_tui.brokers.silent import SilentBroker
from sentio_tui.engine.engine import Engine
from sentio_tui.engine.state import fold
from sentio_tui.engine.view import Viewer
from sentio_tui.feeds.base import FeedItem
from sentio_tui.feeds.pacing import Pacer
from sentio_tui.journal.lock import SessionLock
from sentio_tui.journal.names import session_lock_path
from sentio_tui.journal.reader import read_all
from sentio_tui.model.bars import MINUTE, Bar, Millis
from sentio_tui.model.decisions import Direction
from sentio_tui.model.events import AccountReported, AnyEvent, BarReceived, OrderFilled, OrderSubmitted, SessionStarted
from sentio_tui.sessions import inputs
from sentio_tui.sessions.inputs import BEGINNING, Position
from sentio_tui.sessions.live import LiveSession
from sentio_tui.sessions.recorder import Recorder
from sentio_tui.sessions.rerun import rerun
from sentio_tui.sessions.summary import Terms
from tests.alpaca.places import SOON, keys_of, place_of
from tests.brokers.alpaca_desk import INSTRUMENTS
from tests.exchange.server import FakeAlpaca, ThreadedAlpaca
from tests.sessions.floor import engine_of

PATIENCE = 30.0
SCRIPT = {"SPY": [Direction.LONG, Direction.NEUTRAL, Direction.NEUTRAL, Direction.SHORT]}
NO_TERMS = Terms("", {}, 0.2, 4, 0.0, 0.0, None, 0.0)


class Wall:
    """The exchange's clock as everybody's."""

    def __init__(self, exchange: FakeAlpaca) -> None:
        self._clock = exchange.clock

    def time_ns(self) -> int:
        return self._clock.now * 1_000_000

    def __getattr__(self, name: str) -> object:
        return getattr(time, name)


class Minutes:
    """Bars of SPY, one each time it is asked: that of the last minute."""

    name = "minutes"
    is_live = True
    begin: Millis | None = None

    def __init__(self, exchange: FakeAlpaca) -> None:
        self._exchange = exchange
        self.asked = threading.Semaphore(0)

    async def batches(self, skip: int = 0) -> AsyncIterator[Sequence[FeedItem]]:
        while True:
            while not self.asked.acquire(blocking=False):  # noqa: ASYNC110 - another thread asks
                await asyncio.sleep(0.001)
            minute = self._exchange.clock.now // MINUTE * MINUTE - MINUTE
            yield [Bar("SPY", minute, 590.0, 590.0, 590.0, 590.0, 1e6)]


class Process:
    """One process of a session: what would be in memory, and what was heard of it."""

    def __init__(
        self,
        server: ThreadedAlpaca,
        recorder: Recorder,
        engine: Engine,
        broker: AlpacaBroker,
        opening: Callable[[], Sequence[AnyEvent]],
        done: Position,
    ) -> None:
        self.feed = Minutes(server.alpaca)
        self.state = engine.state
        self.events: list[AnyEvent] = []
        self._came = threading.Condition()
        self._server = server
        self.session = LiveSession(
            engine,
            self.feed,
            Pacer(0.0, time.monotonic, asyncio.sleep),
            recorder,
            Viewer(engine.state, 0.0, 2 * MINUTE),
            at_exit="keep",
            patience=0.1,
            opening=opening,
            done=done,
            outside=broker,
        )
        self.session.listen(self._hear)

    def _hear(self, events: Sequence[AnyEvent]) -> None:
        with self._came:
            self.events.extend(events)
            self._came.notify_all()

    def wait_for(self, condition: Callable[[], object], what: str) -> None:
        """Until it is so, letting the exchange's time pass."""
        end = time.monotonic() + PATIENCE
        while not condition():
            assert time.monotonic() < end, f"this did not happen: {what}"
            self._server.call(lambda: self._server.alpaca.clock.advance(0.2))
            with self._came:
                self._came.wait(0.002)

    def minute(self) -> None:
        """One more bar."""
        known = self.count(BarReceived)
        self._server.call(lambda: self._server.alpaca.clock.advance(60))
        self.feed.asked.release()
        self.wait_for(lambda: self.count(BarReceived) > known, "a bar")

    def count(self, kind: type[AnyEvent]) -> int:
        return sum(isinstance(event, kind) for event in self.events)


@contextmanager
def broker_of(server: ThreadedAlpaca, name: str) -> Iterator[AlpacaBroker]:
    clock = server.alpaca.clock

    async def sleep(seconds: float) -> None:
        due = clock.now + round(seconds * 1000)
        while clock.now < due:  # noqa: ASYNC110 - the clock is another thread's
            await asyncio.sleep(0.001)

    keys, place = keys_of(server.alpaca), place_of(server.alpaca)
    rest = Rest(keys, place, now=lambda: clock.now, sleep=sleep)
    yield AlpacaBroker(rest, keys, place, INSTRUMENTS, name, lambda: clock.now, sleep=sleep, backoff=SOON)
    rest.close()


def test_t21_killed_between_partial_fills_it_goes_on_and_ends_as_the_exchange(
    tmp_path: Path, threaded_exchange: ThreadedAlpaca, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = threaded_exchange
    alpaca = server.alpaca
    monkeypatch.setattr(inputs, "time", Wall(alpaca))
    server.call(lambda: alpaca.exchange.script("SPY", 5, 7))
    first_folder, second_folder = tmp_path / "first", tmp_path / "second"
    recorder = Recorder.create(first_folder, alpaca.clock.now)
    name = recorder.name

    with broker_of(server, name) as broker:
        engine = engine_of(broker, SCRIPT, alpaca.clock.now, name=name)
        recorder.attach(engine.state, NO_TERMS)
        one = Process(server, recorder, engine, broker, engine.open, BEGINNING)
        one.session.start()
        one.wait_for(lambda: one.count(AccountReported), "the account is known")
        one.minute()
        one.wait_for(lambda: one.count(OrderFilled) == 2, "two parts have filled")
        order = next(event.order for event in one.events if isinstance(event, OrderSubmitted))
        assert one.state.orders[order.id].filled == 12.0
        # What a killed process leaves: its journal. That it ends in order elsewhere is of no account.
        second_folder.mkdir()
        (second_folder / one.session.journal.name).write_bytes(one.session.journal.read_bytes())
        one.session.close()
    assert alpaca.sockets_open == 0

    (theirs,) = alpaca.exchange.orders.values()
    server.call(lambda: alpaca.exchange.fill(theirs.id, 3, 588.0))

    path = second_folder / one.session.journal.name
    events = read_all(path).events
    assert isinstance(events[0], SessionStarted)
    silent = SilentBroker()
    engine = engine_of(silent, SCRIPT, events[0].at, name=name)
    again = rerun(engine, events)
    assert again.difference is None
    lock = SessionLock(session_lock_path(second_folder, name), name, alpaca.clock.now)
    lock.acquire()
    recorder = Recorder.resume(second_folder, name, len(events), lock)
    recorder.attach(engine.state, NO_TERMS, None, events)
    with broker_of(server, name) as broker:
        silent.hand_over(broker, engine.state.orders.values(), [record.fill for record in engine.state.executions])
        two = Process(
            server,
            recorder,
            engine,
            broker,
            lambda: [*again.rest, *engine.resume(alpaca.clock.now, {}, "", (), engine.state.at)],
            again.position,
        )
        two.session.start()
        two.wait_for(lambda: two.count(AccountReported), "the account is compared")
        # The fill between the two was told before it, at its own price; nothing else is new, and nothing is sent.
        (missed,) = [event.fill for event in two.events if isinstance(event, OrderFilled)]
        assert missed.quantity == 3.0
        assert missed.price == pytest.approx(588.0, abs=1e-5)
        assert len(alpaca.exchange.orders) == 1
        assert not two.state.faults
        left = float(theirs.qty or 0) - 15.0
        server.call(lambda: alpaca.exchange.fill(theirs.id, left, 589.0))
        two.wait_for(lambda: order.id not in two.state.orders, "the order is whole")
        for _ in range(3):
            two.minute()
        two.wait_for(lambda: len(alpaca.exchange.orders) == 2, "the position is sold")
        two.wait_for(lambda: not two.state.orders, "and that is told")
        two.wait_for(lambda: two.count(AccountReported) > 1, "the account is compared again")
        assert not two.state.faults
        assert not two.state.accounts["main"].positions
        assert two.state.cash == pytest.approx(float(alpaca.exchange.account.cash), abs=0.01)
        two.session.close()
    assert alpaca.sockets_open == 0

    whole = read_all(path).events
    assert [event.seq for event in whole] == list(range(1, len(whole) + 1))
    assert fold(list(whole)).cash == two.state.cash
    proof = rerun(engine_of(SilentBroker(), SCRIPT, events[0].at, name=name), whole)
    assert proof.difference is None
    assert proof.same == len(whole)
