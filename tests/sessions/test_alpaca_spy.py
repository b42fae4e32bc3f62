"""The profile `spy` on a whole market day of the local exchange: real feed and broker, the exchange's clock."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import pytest

from sentio_tui import config
from sentio_tui.brokers.silent import SilentBroker
from sentio_tui.feeds.alpaca import AlpacaFeed, AlpacaSource
from sentio_tui.feeds.joined import JoinedFeed
from sentio_tui.feeds.pacing import Pacer
from sentio_tui.model.bars import MINUTE, Millis
from sentio_tui.model.events import (
    AnyEvent,
    BarReceived,
    Decided,
    FaultReported,
    Mode,
    OrderFilled,
    OrderRejected,
    OrderSubmitted,
    SessionInfo,
)
from sentio_tui.sessions import inputs
from sentio_tui.sessions.assemble import Plan, plan_of
from sentio_tui.sessions.inputs import BEGINNING, Inputs
from sentio_tui.sessions.preparing import prepare
from sentio_tui.sessions.rerun import rerun
from sentio_tui.settings import Settings
from tests.alpaca.places import SOON, keys_of, place_of
from tests.brokers.alpaca_desk import Desk
from tests.engine.scripts import E, of
from tests.exchange.conditions import until
from tests.exchange.exchange import BEGIN, FakeExchange
from tests.exchange.market import IEX
from tests.exchange.server import FakeAlpaca

MINUTES: Final = 390
EARLY: Final = 2 * MINUTE


class Wall:
    """The machine's clocks, where the exchange's clock stands."""

    perf_counter = staticmethod(time.perf_counter)

    def __init__(self, exchange: FakeAlpaca) -> None:
        self._clock = exchange.clock

    def time_ns(self) -> int:
        return self._clock.now * 1_000_000

    def monotonic(self) -> float:
        return self._clock.now / 1000


class Day:
    """A session of the profile on the exchange, and all of its events."""

    def __init__(self, exchange: FakeAlpaca, plan: Plan) -> None:
        self.exchange: Final = exchange
        self.clock: Final = exchange.clock
        self.plan: Final = plan
        self.desk: Final = Desk(exchange)
        self.events: Final[list[AnyEvent]] = []
        silent = SilentBroker()
        self.engine: Final = plan.engine(info_of(plan), self.clock.now, silent)
        silent.hand_over(self.desk.broker, ())
        assert plan.family is not None
        feed = AlpacaFeed(
            keys_of(exchange),
            place_of(exchange),
            AlpacaSource("iex", exchange.ws_url),
            plan.hours,
            plan.settings.feed.warm_up_days,
            patience=plan.rules.patience,
            now=lambda: self.clock.now,
            sleep=self.clock.wait,
            backoff=SOON,
        )
        joined = JoinedFeed(feed, plan.family, lambda: self.clock.now / 1000, self.clock.wait)
        pacer = Pacer(1.0, time.monotonic, asyncio.sleep)
        self.inputs: Final = Inputs(self.engine, joined, pacer, self.desk.broker, BEGINNING, self.take, lambda: False)
        self.take(self.engine.open())

    def take(self, events: Sequence[AnyEvent]) -> None:
        self.events.extend(events)
        self.desk.broker.release()

    def of(self, kind: type[E]) -> list[E]:
        return of(self.events, kind)

    async def goes_to(self, at: Millis) -> None:
        """A second at a time, each with all that follows from it."""
        while self.clock.now < at:
            await until(lambda: not self.desk._under_way, "requests are answered")
            for _ in range(5):
                await asyncio.sleep(0)
            self.clock.advance_to(min(self.clock.now + 1000, at))

    async def minute(self, begin: Millis) -> None:
        """A minute of the market, until it has been decided on."""
        await self.goes_to(begin + MINUTE + 100)
        if self.exchange.market.bars("SPY", begin, begin, self.clock.now, IEX):
            await self.goes_until(lambda: self.engine.state.bars["SPY"].time >= begin, "it is decided on")

    async def goes_until(self, condition: Callable[[], object], what: str) -> None:
        def met() -> object:
            if condition():
                return True
            if not self.desk._under_way:
                self.clock.advance(0.1)
            return False

        await until(met, what)


@asynccontextmanager
async def running(day: Day) -> AsyncIterator[None]:
    task = asyncio.create_task(day.inputs.run())
    try:
        await day.goes_until(lambda: day.engine.state.reported is not None or task.done(), "the account is known")
        yield
    finally:
        task.cancel()
        await asyncio.wait({task})
        day.desk.rest.close()
        if not task.cancelled():
            task.result()


def spy(exchange: FakeAlpaca, folder: Path) -> Settings:
    """The profile as it is shipped, through Alpaca."""
    options = {"feed.kind": "alpaca", "broker.kind": "alpaca"}
    return config.load(options, profile="spy", environ={}, cwd=folder, user_dir=folder).settings


def info_of(plan: Plan) -> SessionInfo:
    settings = plan.settings
    return SessionInfo(
        name="live_test",
        mode=Mode.PAPER,
        started=0,
        capital=settings.session.capital,
        books=plan.infos,
        symbols=settings.feed.symbols,
        feed="alpaca iex",
        broker="alpaca paper",
        clock_zone="America/New_York",
        periods=252,
        settings={},
        versions={},
    )


@pytest.mark.slow
async def test_the_spy_profile_trades_a_whole_day_through_alpaca(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with FakeAlpaca(FakeExchange(begin=BEGIN - EARLY)) as exchange:
        monkeypatch.setattr(inputs, "time", Wall(exchange))
        monkeypatch.setattr(inputs, "TICK", 0.01)
        settings = spy(exchange, tmp_path)
        await asyncio.to_thread(prepare, settings, str)
        plan = plan_of(settings)
        assert plan.settings.feed.symbols == ("SPY", "SPXL", "SH", "SDS")
        day = Day(exchange, plan)
        async with running(day):
            for number in range(MINUTES):
                await day.minute(BEGIN + number * MINUTE)
            await day.goes_to(BEGIN + (MINUTES + 10) * MINUTE)
        account = exchange.exchange.account
        theirs = [order.client_order_id for order in exchange.exchange.orders.values()]
    bars, decisions, orders = day.of(BarReceived), day.of(Decided), day.of(OrderSubmitted)
    driving = [event.bar for event in bars if event.bar.symbol == "SPY" and not event.bar.backfilled]
    assert [event.signal.time for event in decisions] == [bar.time for bar in driving], "each bar, once"
    assert len(driving) >= MINUTES - 10, "the most traded of the four has hardly a silent minute"
    for symbol in plan.settings.feed.symbols:
        assert any(event.bar.symbol == symbol and not event.bar.synthetic for event in bars)
    assert not day.of(FaultReported)
    assert not day.of(OrderRejected)
    fills = [event.fill for event in day.of(OrderFilled)]
    assert len({fill.symbol for fill in fills}) >= 3
    assert len(theirs) == len(set(theirs)) == len(orders) > 20
    assert not account.positions, "nothing is held overnight"
    assert max(fill.time for fill in fills) < BEGIN + MINUTES * MINUTE
    assert day.engine.state.cash == pytest.approx(float(account.cash), abs=0.01)
    assert {each.order_id for each in fills} == {event.order.id for event in orders}
    again = rerun(plan_of(settings).engine(info_of(plan), day.events[0].at), day.events)
    assert again.difference is None
    assert again.same == len(day.events)
