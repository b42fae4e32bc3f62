"""A broker outside the process hears of an order when it is on disk, and answers through the session."""

import asyncio
import errno
import os
import threading
import time
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path

import pytest

from sentio_tui.brokers.base import AccountWord, Broker, BrokerFault, BrokerNews, BrokerWord
from sentio_tui.brokers.silent import SilentBroker
from sentio_tui.engine.book import BookParts
from sentio_tui.engine.engine import Engine, Rules
from sentio_tui.engine.reconciliation import ACCOUNT
from sentio_tui.engine.view import Viewer
from sentio_tui.feeds.base import FeedItem
from sentio_tui.feeds.pacing import Pacer
from sentio_tui.journal.atomic import JournalError
from sentio_tui.journal.reader import read_all
from sentio_tui.machines.slots import Slots
from sentio_tui.market.calendar import AlwaysOpen
from sentio_tui.model.bars import Bar, Millis
from sentio_tui.model.commands import Stop
from sentio_tui.model.decisions import Direction
from sentio_tui.model.events import (
    AccountReported,
    Answer,
    AnyEvent,
    FaultReported,
    Held,
    Level,
    Noted,
    OrderAccepted,
    OrderFilled,
    OrderSubmitted,
)
from sentio_tui.model.instruments import AssetClass, Instrument
from sentio_tui.model.orders import Fill, Order
from sentio_tui.sessions.inputs import BEGINNING
from sentio_tui.sessions.live import LiveSession
from sentio_tui.sessions.recorder import Recorder
from sentio_tui.sessions.rerun import rerun
from sentio_tui.sessions.summary import Terms
from tests.engine.scripts import COIN, START, Scripted, info

PATIENCE = 30.0


class Far:
    """Fills every order whole at 100, as soon as it is sent; reports its account after each fill."""

    name = "far"

    def __init__(self) -> None:
        self.waiting: list[Order] = []
        self.sent: list[Order] = []
        self.seen: list[bool] = []
        self.on_disk: Callable[[Order], bool] = lambda order: False
        self._outbox: asyncio.Queue[Order] = asyncio.Queue()
        self._cash = 10_000.0
        self._held = 0.0

    def submit(self, order: Order, at: Millis) -> None:
        self.waiting.append(order)

    def cancel(self, order_id: str, at: Millis) -> None:
        """Too late: it has filled."""

    def on_bar(self, bar: Bar, at: Millis) -> None:
        """Prices are made elsewhere."""

    def at_last_price(self, order_id: str, at: Millis) -> None:
        """Prices are made elsewhere."""

    def end_of_data(self, at: Millis) -> None:
        """Prices are made elsewhere."""

    def answers(self) -> Sequence[Answer]:
        return ()

    def release(self) -> None:
        for order in self.waiting:
            self.seen.append(self.on_disk(order))
            self._outbox.put_nowait(order)
        self.waiting.clear()

    async def run(self, tell: Callable[[BrokerNews], None]) -> None:
        tell(BrokerWord(Level.WARNING, "foreign_order", "somebody else trades here"))
        tell(BrokerFault("nobody answers"))
        tell(BrokerFault(""))
        while True:
            order = await self._outbox.get()
            self.sent.append(order)
            tell(OrderAccepted(0, order.time, order.id, "far-1"))
            quantity = order.quantity if order.quantity is not None else (order.notional or 0.0) / 100.0
            sign = 1.0 if order.quantity is None else -1.0
            self._cash -= sign * quantity * 100.0
            self._held += sign * quantity
            fill = Fill(
                f"{order.id}/1", order.id, order.book, order.symbol, order.side, quantity, 100.0, 0.0, order.time
            )
            tell(OrderFilled(0, order.time, fill))
            held = (Held(COIN, self._held, 100.0),) if self._held else ()
            tell(AccountWord(self._cash, held))


class Minutes:
    """A few bars of the present."""

    name = "minutes"
    is_live = True
    begin: Millis | None = None

    async def batches(self, skip: int = 0) -> AsyncIterator[Sequence[FeedItem]]:
        now = time.time_ns() // 60_000_000_000
        for number in range(3):
            yield [Bar(COIN, (now - 1 + number) * 60_000, 100.0, 100.1, 99.9, 100.0, 1e6)]
            await asyncio.sleep(0)
        await asyncio.Event().wait()


def made(broker: Broker, script: Sequence[Direction]) -> Engine:
    instruments = {COIN: Instrument(COIN, AssetClass.CRYPTO, 0.000001, 0.01)}
    book = BookParts("main", Slots(1, 0.5, "equity", 0.0, 0.0), {COIN: Scripted(script)})
    return Engine(info(), [book], broker, instruments, {COIN: AlwaysOpen()}, Rules(), START)


class Desk:
    def __init__(self, folder: Path, script: Sequence[Direction]) -> None:
        self.broker = Far()
        engine = made(self.broker, script)
        recorder = Recorder.create(folder, START)
        recorder.attach(engine.state, Terms("", {}, 0.5, 1, 0.0, 0.0, None, 0.0))
        self.state = engine.state
        self.events: list[AnyEvent] = []
        self._came = threading.Condition()
        self.session = LiveSession(
            engine,
            Minutes(),
            Pacer(0.0, time.monotonic, asyncio.sleep),
            recorder,
            Viewer(engine.state, 0.0, 120_000),
            at_exit="close",
            patience=0.1,
            opening=engine.open,
            done=BEGINNING,
            outside=self.broker,
        )
        self.broker.on_disk = lambda order: order.id.encode() in self.session.journal.read_bytes()
        self.session.listen(self._hear)

    def _hear(self, events: Sequence[AnyEvent]) -> None:
        with self._came:
            self.events.extend(events)
            self._came.notify_all()

    def wait_for(self, kind: type[AnyEvent], count: int = 1) -> None:
        with self._came:
            assert self._came.wait_for(lambda: sum(isinstance(e, kind) for e in self.events) >= count, PATIENCE)


def test_an_order_is_on_disk_before_the_broker_hears_of_it_and_its_answers_come_in(tmp_path: Path) -> None:
    desk = Desk(tmp_path, [Direction.LONG])
    desk.session.start()
    desk.wait_for(AccountReported)
    desk.session.send(Stop())
    assert desk.session.wait(PATIENCE)
    assert desk.broker.seen == [True, True]
    assert len(desk.broker.sent) == 2
    assert ACCOUNT not in desk.state.faults
    assert not desk.state.accounts["main"].positions
    events = read_all(desk.session.journal).events
    kinds = [type(event) for event in events if isinstance(event, OrderSubmitted | OrderAccepted | OrderFilled)]
    assert kinds == [OrderSubmitted, OrderAccepted, OrderFilled] * 2


def test_while_the_disk_fails_no_order_leaves_the_process_and_then_it_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = Desk(tmp_path, [Direction.LONG])
    real = desk.session._recorder.take
    full = threading.Event()
    full.set()

    def take(events: Sequence[AnyEvent]) -> str:
        failed = real(events)
        if full.is_set() and any(isinstance(event, OrderSubmitted) for event in events):
            return str(JournalError(tmp_path, OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))))
        return failed

    monkeypatch.setattr(desk.session._recorder, "take", take)
    desk.session.start()
    desk.wait_for(FaultReported)
    full.clear()
    desk.wait_for(OrderFilled)
    assert desk.broker.seen == [True]
    desk.session.close()


def test_what_a_broker_says_is_recorded_and_a_rerun_with_a_silent_one_makes_the_same_events(tmp_path: Path) -> None:
    desk = Desk(tmp_path, [Direction.LONG])
    desk.session.start()
    desk.wait_for(AccountReported)
    desk.session.send(Stop())
    assert desk.session.wait(PATIENCE)
    events = read_all(desk.session.journal).events
    said = [(event.code, event.text) for event in events if isinstance(event, Noted)]
    assert ("broker_foreign_order", "somebody else trades here") in said
    assert [event.text for event in events if isinstance(event, FaultReported)] == ["nobody answers", ""]
    again = rerun(made(SilentBroker(), [Direction.LONG]), events)
    assert again.difference is None
    assert again.same == len(events)
    assert not again.rest
