"""T24: a day and a night of trading on the local exchange while things go wrong at random times."""

import asyncio
import random
from decimal import Decimal
from typing import Final

import pytest

from sentio_tui.brokers import alpaca_orders
from sentio_tui.brokers.alpaca_requests import client_id
from sentio_tui.engine.reconciliation import ACCOUNT
from sentio_tui.feeds.alpaca import AlpacaFeed, AlpacaSource
from sentio_tui.feeds.base import FeedWord
from sentio_tui.machines.slots import Slots
from sentio_tui.market.calendar import AlwaysOpen, ExchangeCalendar
from sentio_tui.model.bars import MINUTE
from sentio_tui.model.commands import AnyCommand, Flatten, Start
from sentio_tui.model.decisions import Direction
from sentio_tui.model.events import AccountReported, FaultReported, OrderCancelled, OrderFilled, OrderSubmitted
from sentio_tui.model.orders import Side
from tests.alpaca.places import SOON, keys_of, place_of
from tests.brokers.alpaca_desk import SESSION, Desk
from tests.exchange.exchange import FakeExchange
from tests.exchange.faults import Storm
from tests.exchange.server import FakeAlpaca
from tests.sessions.floor import Floor, engine_of, trading

HOURS: Final = 24
STEP: Final = 5.0
"""Seconds of the exchange's time between two looks at what is under way."""
EVERY: Final = 90.0
"""Seconds of the exchange's time between two faults, on average."""
OUTAGE: Final = 4
"""The hour at whose end the exchange is down for forty seconds."""
KEPT: Final = 40
SHARES: Final = ("SPY", "SH")
COINS: Final = ("BTC-USD",)


def script(dice: random.Random) -> list[Direction]:
    return dice.choices([Direction.LONG, Direction.SHORT, Direction.NEUTRAL], [2, 2, 5], k=(HOURS + 1) * 60)


class Day:
    """Feed, engine and broker on one loop, and the clock that drives them."""

    def __init__(self, alpaca: FakeAlpaca, seed: int) -> None:
        dice = random.Random(f"{seed} day")
        clock = alpaca.clock
        self.alpaca = alpaca
        desk = Desk(alpaca)
        scripts = {symbol: script(dice) for symbol in (*SHARES, *COINS)}
        self.floor = Floor(desk, engine_of(desk.broker, scripts, clock.now, Slots(3, 0.3, "equity", 0.0, 0.0)))
        hours = {symbol: AlwaysOpen() if symbol in COINS else ExchangeCalendar("XNYS") for symbol in scripts}
        self.feed = AlpacaFeed(
            keys_of(alpaca),
            place_of(alpaca),
            AlpacaSource("iex", alpaca.ws_url),
            hours,
            0,
            patience=2 * MINUTE,
            now=lambda: clock.now,
            sleep=clock.wait,
            backoff=SOON,
        )

    async def feed_engine(self) -> None:
        floor = self.floor
        engine, clock = floor.engine, self.alpaca.clock
        async for batch in self.feed.batches():
            for item in batch:
                if isinstance(item, FeedWord):
                    floor.take(engine.feed(item.status, item.detail, item.symbol, clock.now))
                else:
                    floor.timers()
                    floor.take(engine.bar(item, clock.now))

    def command(self, command: AnyCommand) -> None:
        self.floor.take(self.floor.engine.command(command, "test", self.alpaca.clock.now))

    async def pass_time(self, seconds: float) -> None:
        """No faster than this machine answers what is under way."""
        clock, floor = self.alpaca.clock, self.floor
        end = clock.now + round(seconds * 1000)
        while clock.now < end:
            clock.advance(STEP)
            floor.timers()
            if clock.now >= floor.engine.look_due:
                floor.take(floor.engine.timer(clock.now))
            rounds = 0
            while rounds < 2 or (self.alpaca.under_way and rounds < 200):
                await asyncio.sleep(0.0005)
                rounds += 1


@pytest.mark.parametrize("seed", [24])
async def test_t24_after_a_day_of_faults_orders_and_positions_are_those_of_the_exchange(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(alpaca_orders, "DONE_KEPT", KEPT)
    async with FakeAlpaca(FakeExchange(seed)) as alpaca:
        exchange = alpaca.exchange
        # What executes with one trade: all of an order of SPY, and a few hundredths of one of the others.
        exchange.volume_share = Decimal("0.004")
        exchange.account.coin_fee = Decimal("0.0025")
        day = Day(alpaca, seed)
        async with trading(day.floor) as floor:
            feeding = asyncio.create_task(day.feed_engine())
            storm = Storm(alpaca.clock, alpaca.faults, seed, EVERY)
            for hour in range(HOURS):
                await day.pass_time(3600 - 60)
                day.command(Flatten())
                if hour == OUTAGE:
                    alpaca.clock.after(40, alpaca.listen_soon)
                    await alpaca.go_down()
                await day.pass_time(60)
                day.command(Start())
                assert not feeding.done()
            storm.stop()
            await day.pass_time(300)
            feeding.cancel()
            await asyncio.wait({feeding})
            told = len(floor.of(AccountReported))
            await floor.desk.pass_time(lambda: len(floor.of(AccountReported)) > told, "the account is compared")
            line = floor.desk.broker._line
            assert len(list(line.orders)) <= 2 * KEPT + len(line.orders.open()) + 1
    state = floor.engine.state
    orders = {event.order.id: event.order for event in floor.of(OrderSubmitted)}
    fills = [event.fill for event in floor.of(OrderFilled)]
    # No order twice, none that nobody gave, none lost.
    ours = {client_id(SESSION, identity): identity for identity in orders}
    theirs = {order.client_order_id: order for order in exchange.orders.values()}
    assert theirs.keys() <= ours.keys()
    assert len(exchange.orders) == len(theirs)
    filled = dict.fromkeys(orders, 0.0)
    for fill in fills:
        filled[fill.order_id] += fill.quantity
    for identity, order in theirs.items():
        assert filled[ours[identity]] == pytest.approx(float(order.filled_qty), abs=1e-9), identity
    assert all(filled[identity] == 0 for identity in orders.keys() - {ours[each] for each in theirs})
    assert len({fill.id for fill in fills}) == len(fills)

    # The same positions and money, and never a difference on the way.
    held = {symbol: position.quantity for symbol, position in state.accounts["main"].positions.items()}
    assert held == {
        symbol.replace("/", "-"): pytest.approx(float(each.qty)) for symbol, each in exchange.account.positions.items()
    }
    assert state.cash == pytest.approx(float(exchange.account.cash), abs=0.01)
    assert not [event for event in floor.of(FaultReported) if event.part == ACCOUNT]
    assert {order.identity for order in line.orders.open()} == {
        order.client_order_id for order in exchange.orders.values() if order.is_open
    }

    # It was a day of trading, and of trouble.
    assert len(exchange.account.executions) > 1_000
    assert len(floor.of(OrderCancelled)) > 3
    assert len({fill.symbol for fill in fills}) == 3
    assert {fill.side for fill in fills} == {Side.BUY, Side.SELL}
    assert len(storm.raised) > 15
    assert alpaca.sockets_open == 0
