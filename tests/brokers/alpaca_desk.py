"""The Alpaca broker on the local exchange, with what it said."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import Final, TypeVar

from sentio_tui.alpaca.lanes import Data, Market
from sentio_tui.alpaca.rest import Rest
from sentio_tui.brokers.alpaca import AlpacaBroker
from sentio_tui.brokers.alpaca_requests import client_id
from sentio_tui.brokers.base import AccountWord, BrokerFault, BrokerNews, BrokerWord
from sentio_tui.model.bars import Bar
from sentio_tui.model.events import OrderAccepted, OrderCancelled, OrderExpired, OrderFilled, OrderRejected
from sentio_tui.model.instruments import AssetClass, Instrument
from sentio_tui.model.orders import Fill, Order, OrderType, Side
from tests.alpaca.places import SOON, keys_of, place_of
from tests.exchange.conditions import until
from tests.exchange.orders import Order as Theirs
from tests.exchange.server import FakeAlpaca

N = TypeVar("N")
Send = Callable[[str, str, Market, str, Data | None], Awaitable[object]]

SESSION: Final = "live_test"
SLOWLY: Final = 25
"""Rounds of the loop for which time stands still while a request is under way; what delays it may need time to pass."""
INSTRUMENTS: Final = {
    **{symbol: Instrument(symbol, AssetClass.EQUITY, 1.0, 0.01) for symbol in ("SPY", "SPXL", "SH", "SDS")},
    "BTC-USD": Instrument("BTC-USD", AssetClass.CRYPTO, 0.000001, 0.01),
}


class Desk:
    """Gives orders as an engine does, and keeps what it is told."""

    def __init__(self, exchange: FakeAlpaca, session: str = SESSION) -> None:
        self.exchange: Final = exchange
        self.session: Final = session
        self.news: Final[list[BrokerNews]] = []
        clock = exchange.clock
        self.rest: Final = Rest(keys_of(exchange), place_of(exchange), now=lambda: clock.now, sleep=clock.wait)
        self.broker: Final = AlpacaBroker(
            self.rest,
            keys_of(exchange),
            place_of(exchange),
            INSTRUMENTS,
            session,
            lambda: clock.now,
            sleep=clock.wait,
            backoff=SOON,
        )
        self._count = 0
        self._under_way = 0
        for lane in (self.rest._orders, self.rest._history):
            setattr(lane, "send", self._counted(lane.send))  # noqa: B010 - a method is no variable to mypy

    def _counted(self, send: Send) -> Send:
        """The same, and it is known how many wait for their answers."""

        async def counted(doing: str, method: str, market: Market, path: str, data: Data | None) -> object:
            self._under_way += 1
            try:
                return await send(doing, method, market, path, data)
            finally:
                self._under_way -= 1

        return counted

    def price(self, symbol: str, price: float) -> None:
        """The last bar of a symbol closed there."""
        self.broker.on_bar(Bar(symbol, self.exchange.clock.now, price, price, price, price, 1.0), 0)

    def order(
        self,
        symbol: str = "SPY",
        side: Side = Side.BUY,
        quantity: float | None = None,
        *,
        notional: float | None = None,
        limit: float | None = None,
        released: bool = True,
    ) -> Order:
        """Give an order, and let it leave unless told otherwise."""
        self._count += 1
        now = self.exchange.clock.now
        kind = OrderType.MARKET if limit is None else OrderType.LIMIT
        order = Order(
            f"{self.session}:main:{symbol}:{side}:{self._count}",
            "main",
            symbol,
            side,
            now,
            "test",
            quantity=quantity,
            notional=notional,
            type=kind,
            limit_price=limit,
        )
        self.broker.submit(order, now)
        if released:
            self.broker.release()
        return order

    def cancel(self, order: Order) -> None:
        self.broker.cancel(order.id, self.exchange.clock.now)
        self.broker.release()

    async def advance(self, seconds: float) -> None:
        """Let time pass, a second at a time: who waits for it must have come to where it waits."""
        while seconds > 0:
            for _ in range(5):
                await asyncio.sleep(0)
            step = min(seconds, 1.0)
            self.exchange.clock.advance(step)
            seconds -= step

    def of(self, kind: type[N]) -> list[N]:
        return [each for each in self.news if isinstance(each, kind)]

    def fills(self, order: Order | None = None) -> list[Fill]:
        return [each.fill for each in self.of(OrderFilled) if order is None or each.fill.order_id == order.id]

    def filled(self, order: Order) -> float:
        return sum(fill.quantity for fill in self.fills(order))

    def ends(self, order: Order) -> list[BrokerNews]:
        """How it was told that an order has ended, but for its last fill."""
        return [
            each
            for each in self.news
            if isinstance(each, OrderRejected | OrderCancelled | OrderExpired) and each.order_id == order.id
        ]

    def words(self, code: str) -> list[str]:
        return [word.text for word in self.of(BrokerWord) if word.code == code]

    def faults(self) -> list[str]:
        """What was told to be wrong, and when it was over: an empty text."""
        told = [fault.text for fault in self.of(BrokerFault)]
        return told[1:] if told and not told[0] else told

    def theirs(self, order: Order) -> Theirs:
        """The order at the exchange."""
        return self.exchange.exchange.by_client_id(client_id(self.session, order.id))

    def is_there(self, order: Order) -> bool:
        return client_id(self.session, order.id) in {
            each.client_order_id for each in self.exchange.exchange.orders.values()
        }

    async def until_accepted(self, order: Order) -> None:
        await until(
            lambda: any(each.order_id == order.id for each in self.of(OrderAccepted)), f"{order.id} is accepted"
        )

    async def until_filled(self, order: Order, quantity: float | None = None) -> None:
        """Until that much of it has filled, or the whole."""
        await self.pass_time(
            lambda: (
                any(fill.remaining == 0.0 for fill in self.fills(order))
                if quantity is None
                else self.filled(order) == quantity
            ),
            f"{order.id} fills",
        )

    async def until_ended(self, order: Order) -> BrokerNews:
        await self.pass_time(lambda: self.ends(order), f"{order.id} ends")
        (end,) = self.ends(order)
        return end

    async def until_told(self, count: int = 1) -> AccountWord:
        """Let time pass until the account was told of so often."""
        await self.pass_time(lambda: len(self.of(AccountWord)) >= count, f"the account is told {count} times")
        return self.of(AccountWord)[-1]

    async def pass_time(self, condition: Callable[[], object], what: str) -> None:
        """Let time pass until it is so, hardly any while requests are under way: this machine may be slow."""
        rounds = 0

        def passed() -> object:
            nonlocal rounds
            if condition():
                return True
            rounds += 1
            if not self._under_way or rounds % SLOWLY == 0:
                self.exchange.clock.advance(0.2)
            return False

        await until(passed, what)


@asynccontextmanager
async def running(desk: Desk, *, wait: bool = True) -> AsyncIterator[Desk]:
    """The broker, connected; by default the account has been told as well."""
    task = asyncio.create_task(desk.broker.run(desk.news.append))
    try:
        if wait:
            await desk.pass_time(lambda: desk.of(AccountWord) or task.done(), "the account is told")
        yield desk
    finally:
        task.cancel()
        await asyncio.wait({task})
        desk.rest.close()
        if not task.cancelled():
            task.result()


@asynccontextmanager
async def connected(exchange: FakeAlpaca, session: str = SESSION) -> AsyncIterator[Desk]:
    async with running(Desk(exchange, session)) as desk:
        yield desk


def posts(exchange: FakeAlpaca) -> int:
    return sum(method == "POST" and path == "/v2/orders" for method, path in exchange.requests)


def executed(exchange: FakeAlpaca, symbol: str) -> Decimal:
    """What the exchange has executed of a symbol, sales below zero."""
    sign = {"buy": 1, "sell": -1}
    found: Iterable[Decimal] = (
        each.qty * sign[each.side] for each in exchange.exchange.account.executions if each.symbol == symbol
    )
    return sum(found, Decimal(0))
