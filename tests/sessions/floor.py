"""An engine that trades on the local exchange through the Alpaca broker, minute by minute of the exchange's clock."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import ClassVar, Final

from sentio_tui.alpaca.answers import our_symbol
from sentio_tui.brokers.base import AccountWord, Broker, BrokerFault, BrokerNews, BrokerWord
from sentio_tui.engine.book import BookParts
from sentio_tui.engine.engine import Engine, Rules
from sentio_tui.engine.reconciliation import BROKER
from sentio_tui.machines.base import BookView, Machine
from sentio_tui.machines.slots import Slots
from sentio_tui.market.calendar import AlwaysOpen, Calendar, ExchangeCalendar
from sentio_tui.model.bars import MINUTE, Bar
from sentio_tui.model.decisions import Direction, Reason, Signal, Target, Verdict
from sentio_tui.model.events import AnyEvent
from sentio_tui.model.instruments import AssetClass
from sentio_tui.model.orders import OrderStatus
from tests.brokers.alpaca_desk import INSTRUMENTS, Desk
from tests.engine.scripts import E, Scripted, info, of
from tests.exchange.conditions import until

CASH: Final = 100_000.0


class Rotation:
    """All of the money in the one symbol or in the other: long is the driving symbol, short is `other`."""

    name: ClassVar[str] = "rotation"

    def __init__(self, other: str) -> None:
        self._other = other

    def decide(self, signal: Signal, bar: Bar, view: BookView) -> Verdict:
        if signal.direction is Direction.NEUTRAL:
            return Verdict(Reason.NEUTRAL)
        wanted, other = bar.symbol, self._other
        if signal.direction is Direction.SHORT:
            wanted, other = other, wanted
        return Verdict(Reason.REBALANCE, (Target(other, weight=0.0), Target(wanted, weight=0.95)))


def engine_of(
    broker: Broker,
    scripts: Mapping[str, Sequence[Direction | None]],
    at: int,
    machine: Machine | None = None,
    symbols: Sequence[str] | None = None,
    name: str = "live_test",
) -> Engine:
    """One book; `symbols` are traded, those of `scripts` drive. By default four slots of a fifth each."""
    symbols = tuple(symbols or scripts)
    hours: dict[str, Calendar] = {
        symbol: AlwaysOpen() if INSTRUMENTS[symbol].asset_class is AssetClass.CRYPTO else ExchangeCalendar("XNYS")
        for symbol in symbols
    }
    parts = BookParts(
        "main",
        machine or Slots(4, 0.2, "equity", 0.0, 0.0),
        {symbol: Scripted(script) for symbol, script in scripts.items()},
    )
    instruments = {symbol: INSTRUMENTS[symbol] for symbol in symbols}
    return Engine(info(symbols, CASH, name), [parts], broker, instruments, hours, Rules(account_first=True), at)


class Floor:
    """Plays the session's part between engine and broker: what `sessions.live` and `sessions.inputs` do."""

    def __init__(self, desk: Desk, engine: Engine) -> None:
        self.desk: Final = desk
        self.exchange: Final = desk.exchange
        self.engine: Final = engine
        self.events: Final[list[AnyEvent]] = []
        self.take(engine.open())

    def take(self, events: Sequence[AnyEvent]) -> None:
        self.events.extend(events)
        self.desk.broker.release()

    def tell(self, news: BrokerNews) -> None:
        self.desk.news.append(news)
        now = self.exchange.clock.now
        match news:
            case AccountWord():
                self.take(self.engine.account(news.cash, news.positions, now))
            case BrokerWord():
                self.take(self.engine.word(news.level, f"{BROKER}_{news.code}", news.text, now))
            case BrokerFault():
                self.take(self.engine.fault(BROKER, news.text, now))
            case _:
                self.take(self.engine.answer(news))

    def of(self, kind: type[E]) -> list[E]:
        return of(self.events, kind)

    async def minute(self, *, settle: bool = True) -> None:
        """The next minute of the market: what happens in it, and then its bars."""
        clock, market = self.exchange.clock, self.exchange.market
        begin = clock.now // MINUTE * MINUTE
        await self.desk.advance((begin + MINUTE + 100 - clock.now) / 1000)
        for listing in market.listings.values():
            symbol = our_symbol(listing.symbol, listing.kind)
            minute = market.minute(listing.symbol, begin)
            if symbol not in self.engine.state.info.symbols or minute is None or minute.truth is None:
                continue
            bar = minute.truth
            self.timers()
            self.take(self.engine.bar(Bar(symbol, begin, bar.o, bar.h, bar.l, bar.c, bar.v), clock.now))
        if settle:
            await self.settled()

    def timers(self) -> None:
        while self.engine.due < self.exchange.clock.now:
            self.take(self.engine.timer(self.engine.due))

    async def settled(self) -> None:
        """Until Alpaca has answered to every order."""
        orders = self.engine.state.orders
        await until(
            lambda: not any(known.status is OrderStatus.SUBMITTED for known in orders.values()), "orders are answered"
        )


@asynccontextmanager
async def trading(floor: Floor) -> AsyncIterator[Floor]:
    """The broker connected, and the account compared."""
    task = asyncio.create_task(floor.desk.broker.run(floor.tell))
    try:
        await floor.desk.pass_time(lambda: floor.desk.of(AccountWord) or task.done(), "the account is told")
        yield floor
    finally:
        task.cancel()
        await asyncio.wait({task})
        floor.desk.rest.close()
        if not task.cancelled():
            task.result()
