"""Alpaca's REST calls, awaited on the session's loop.

Orders have a thread of their own, so that a cancel never waits behind history. Between the attempts of a call no thread
waits. `requests.Session` is used by one thread only.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, Literal, TypeVar

from msgspec import Struct

from sentio_tui.alpaca import answers
from sentio_tui.alpaca.answers import (
    Account,
    Asset,
    BadAnswer,
    BrokerOrder,
    ExchangeClock,
    ExchangeDay,
    Execution,
    NewOrder,
    Position,
    instant,
    iso_time,
    our_symbol,
    read_bar,
    their_symbol,
)
from sentio_tui.alpaca.http import AlpacaError, RateLimit
from sentio_tui.alpaca.keys import Keys, guard_logs
from sentio_tui.alpaca.lanes import Data, Lane, Market, Place
from sentio_tui.model.bars import Bar, Millis

T = TypeVar("T", bound=Struct)
R = TypeVar("R")

DAY: Final = 86_400_000
PAUSES: Final = (0.5, 1.0, 2.0)
"""Seconds before a read is asked again after trouble; after a 429 it is when the limit is renewed."""
LOOK_UPS: Final = (0.5, 1.0, 2.0, 4.0)
"""Seconds before each look for an order whose POST had no answer."""
LONGEST_WAIT: Final = 65.0
"""Seconds: limits are renewed every minute."""
_ORDERS_A_PAGE: Final = 500
_BARS_A_PAGE: Final = 10_000
_FILLS_A_PAGE: Final = 100


class Rest:
    """The calls the feed and the broker need. All raise AlpacaError, and take a bounded time.

    `now` is the wall clock in milliseconds, `sleep` takes seconds.
    """

    def __init__(
        self,
        keys: Keys,
        place: Place,
        *,
        now: Callable[[], Millis] = lambda: time.time_ns() // 1_000_000,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        guard_logs(keys)
        self.place = place
        self._now = now
        self._sleep = sleep
        self._orders = Lane("orders", keys, place)
        self._history = Lane("history", keys, place)

    @property
    def rates(self) -> RateLimit | None:
        """What the trading side last said of its limit."""
        return self._rates("trading")

    def _rates(self, market: Market) -> RateLimit | None:
        """Both threads share the account's limit: the later minute counts, and in one minute the fewer left."""
        known = [rates for lane in (self._orders, self._history) if (rates := lane.rates(market)) is not None]
        return max(known, key=lambda rates: (rates.reset, -rates.remaining), default=None)

    def close(self) -> None:
        """Waits for nothing; calls that are under way are left to their timeouts."""
        self._orders.close()
        self._history.close()

    # The account.

    async def account(self) -> Account:
        return await self._read("ask for the account", "/account", Account)

    async def positions(self) -> tuple[Position, ...]:
        return await self._read_list("ask for the positions", "/positions", Position)

    async def open_orders(self) -> tuple[BrokerOrder, ...]:
        data: Data = {"status": "open", "limit": _ORDERS_A_PAGE, "nested": "true"}
        return await self._read_list("ask for the open orders", "/orders", BrokerOrder, data)

    async def orders_since(self, after: Millis) -> tuple[BrokerOrder, ...]:
        """Orders of any status, submitted after that, the oldest first."""
        found: dict[str, BrokerOrder] = {}
        begin = iso_time(after)
        while True:
            data: Data = {"status": "all", "limit": _ORDERS_A_PAGE, "direction": "asc", "after": begin}
            page = await self._read_list("ask for recent orders", "/orders", BrokerOrder, data)
            before = len(found)
            found.update((order.id, order) for order in page)
            if len(page) < _ORDERS_A_PAGE or len(found) == before or page[-1].submitted_at is None:
                return tuple(found.values())
            begin = iso_time(instant(page[-1].submitted_at) - 1)

    async def executions(self, after: Millis) -> tuple[Execution, ...]:
        """All fills of the account after that, the oldest first."""
        data: Data = {"after": iso_time(after), "direction": "asc", "page_size": _FILLS_A_PAGE}
        found: list[Execution] = []
        while True:
            page = await self._read_list("ask for the fills", "/account/activities/FILL", Execution, data)
            found += page
            if len(page) < _FILLS_A_PAGE or data.get("page_token") == page[-1].id:
                return tuple(found)
            data = data | {"page_token": page[-1].id}

    async def clock(self) -> ExchangeClock:
        return await self._read("ask for the exchange's clock", "/clock", ExchangeClock)

    async def calendar(self, start: str, end: str) -> tuple[ExchangeDay, ...]:
        """Both YYYY-MM-DD, inclusive."""
        data: Data = {"start": start, "end": end}
        return await self._read_list("ask for the exchange's calendar", "/calendar", ExchangeDay, data)

    async def assets(self, asset_class: Literal["us_equity", "crypto"] = "us_equity") -> tuple[Asset, ...]:
        data: Data = {"status": "active", "asset_class": asset_class}
        return await self._read_list("ask for the assets", "/assets", Asset, data)

    async def asset(self, symbol: str) -> Asset:
        path = f"/assets/{their_symbol(symbol).replace('/', '%2F')}"
        return await self._read(f"ask for {symbol}", path, Asset)

    # Bars.

    async def minute_bars(
        self,
        symbols: Sequence[str],
        start: Millis,
        end: Millis,
        feed: str = "iex",
        *,
        on_page: Callable[[Sequence[Bar]], object] | None = None,
    ) -> dict[str, list[Bar]]:
        """Every minute from `start` to `end`, both inclusive, by symbol in order of time, marked as backfilled.

        `feed` is "iex", "sip", or "crypto". Asked for in pieces of a day; `on_page` sees each page as it comes.
        """
        found: dict[str, list[Bar]] = {symbol: [] for symbol in symbols}
        begin = start
        while begin <= end and symbols:
            last = min(begin + DAY - 1, end)
            await self._bars_between(found, begin, last, feed, on_page)
            begin = last + 1
        return found

    async def _bars_between(
        self,
        found: dict[str, list[Bar]],
        start: Millis,
        end: Millis,
        feed: str,
        on_page: Callable[[Sequence[Bar]], object] | None,
    ) -> None:
        data: Data = {
            "symbols": ",".join(map(their_symbol, found)),
            "timeframe": "1Min",
            "start": iso_time(start),
            "end": iso_time(end),
            "limit": _BARS_A_PAGE,
            "sort": "asc",
        }
        market: Market = "crypto" if feed == "crypto" else "stocks"
        path = "/crypto/us/bars" if feed == "crypto" else "/stocks/bars"
        if feed != "crypto":
            data |= {"feed": feed, "adjustment": "raw"}
        doing = f"ask for {feed} minute bars of {', '.join(found)}"
        while True:
            body = await self._get(doing, path, data, market)
            try:
                page = _bars(body)
            except BadAnswer as error:
                raise self._strange(doing, path, error) from None
            for bar in page:
                if bar.symbol in found:
                    found[bar.symbol].append(bar)
            if on_page is not None:
                on_page(page)
            token = body.get("next_page_token") if isinstance(body, dict) else None
            if not token or token == data.get("page_token"):
                return
            data = data | {"page_token": token}

    # Orders.

    async def order(self, client_order_id: str) -> BrokerOrder | None:
        """The order of that client order id; None where Alpaca knows none."""
        data: Data = {"client_order_id": client_order_id}
        doing = f"look up order {client_order_id}"
        try:
            raw = await self._get(doing, "/orders:by_client_order_id", data, lane=self._orders)
        except AlpacaError as error:
            if error.is_not_found:
                return None
            raise
        return self._order(doing, raw)

    async def submit(self, order: NewOrder) -> BrokerOrder:
        """Place an order once, whatever happens on the way.

        One POST. Where its outcome is not known, the order is looked up by its client order id, and posted once more
        with the same one only if Alpaca does not know it after eight seconds: the id is unique, so there cannot be two.
        An AlpacaError with `unknown` means that even that did not tell; any other means that there is no order.
        """
        try:
            return await self._post(order)
        except AlpacaError as error:
            if error.is_duplicate:
                return await self._landed(order, error)
            if not error.unknown:
                raise
            first = error
        found = await self._look_for(order, first)
        if found is not None:
            return found
        try:
            return await self._post(order)
        except AlpacaError as error:
            if error.is_duplicate:
                return await self._landed(order, error)
            if not error.unknown:
                raise
            found = await self._look_for(order, error)
            if found is None:
                raise
            return found

    async def cancel(self, order_id: str) -> None:
        """Ask for an order's end, by Alpaca's id. Done with it is only when the order says so. Raises AlpacaError: 404
        for an unknown order, 422 for one that has ended."""
        doing = f"cancel order {order_id}"
        await self._patiently(
            lambda: self._orders.send(doing, "DELETE", "trading", f"/orders/{order_id}", None), self._orders, "trading"
        )

    async def _post(self, order: NewOrder) -> BrokerOrder:
        doing = f"place order {order.client_order_id}"
        raw = await self._orders.send(doing, "POST", "trading", "/orders", order.body())
        try:
            return answers.read(raw, BrokerOrder)
        except BadAnswer as error:
            raise AlpacaError(doing, "POST /orders", f"a strange answer: {error}", unknown=True) from None

    async def _landed(self, order: NewOrder, refusal: AlpacaError) -> BrokerOrder:
        """What Alpaca has under an id that it says is taken."""
        found = await self._look_for(order, refusal)
        if found is not None:
            return found
        doing = f"place order {order.client_order_id}"
        raise AlpacaError(doing, refusal.where, "its id is taken, and no such order is found", unknown=True)

    async def _look_for(self, order: NewOrder, doubt: AlpacaError) -> BrokerOrder | None:
        """None where Alpaca said at the last look that there is no such order. Raises `doubt` where it could not be
        asked."""
        asked = False
        for pause in LOOK_UPS:
            await self._sleep(pause)
            try:
                data: Data = {"client_order_id": order.client_order_id}
                doing = f"look up order {order.client_order_id}"
                raw = await self._orders.send(doing, "GET", "trading", "/orders:by_client_order_id", data)
                return self._order(doing, raw)
            except AlpacaError as error:
                asked = error.is_not_found
                if error.retry_at is not None:
                    await self._until(error.retry_at)
        if not asked:
            raise doubt if doubt.unknown else AlpacaError(doubt.doing, doubt.where, doubt.message, unknown=True)
        return None

    # How it is asked.

    async def _read(self, doing: str, path: str, kind: type[T], data: Data | None = None) -> T:
        raw = await self._get(doing, path, data)
        try:
            return answers.read(raw, kind)
        except BadAnswer as error:
            raise self._strange(doing, path, error) from None

    async def _read_list(self, doing: str, path: str, kind: type[T], data: Data | None = None) -> tuple[T, ...]:
        raw = await self._get(doing, path, data)
        try:
            return answers.read_all(raw, kind)
        except BadAnswer as error:
            raise self._strange(doing, path, error) from None

    def _order(self, doing: str, raw: object) -> BrokerOrder:
        try:
            return answers.read(raw, BrokerOrder)
        except BadAnswer as error:
            raise self._strange(doing, "/orders", error) from None

    @staticmethod
    def _strange(doing: str, path: str, error: BadAnswer) -> AlpacaError:
        return AlpacaError(doing, f"GET {path}", f"a strange answer: {error}", status=200)

    async def _get(
        self, doing: str, path: str, data: Data | None, market: Market = "trading", lane: Lane | None = None
    ) -> object:
        chosen = lane or self._history
        return await self._patiently(lambda: chosen.send(doing, "GET", market, path, data), chosen, market)

    async def _patiently(self, ask: Callable[[], Awaitable[R]], lane: Lane, market: Market) -> R:
        """Again after trouble that passes, a few times. Only for what may be asked twice."""
        for pause in PAUSES:
            rates = self._rates(market)
            if rates is not None and rates.remaining <= 0 and rates.reset > self._now() and lane is self._history:
                await self._until(rates.reset)
            try:
                return await ask()
            except AlpacaError as error:
                if not error.transient:
                    raise
                if error.retry_at is not None:
                    await self._until(error.retry_at, pause)
                else:
                    await self._sleep(pause)
        return await ask()

    async def _until(self, at: Millis, least: float = 0.05) -> None:
        """At `at`, but not before `least` seconds: it is a time of Alpaca's clock, and ours may be ahead of it."""
        await self._sleep(min(max((at - self._now()) / 1000, least), LONGEST_WAIT))


def _bars(body: object) -> list[Bar]:
    """A page of bars, as it came. Raises BadAnswer."""
    if not isinstance(body, dict):
        raise BadAnswer("not a page of bars")
    by_symbol = body.get("bars") or {}
    if not isinstance(by_symbol, dict):
        raise BadAnswer("`bars` is no map")
    return [
        read_bar(raw, our_symbol(symbol), backfilled=True)
        for symbol, rows in by_symbol.items()
        if isinstance(rows, list)
        for raw in rows
    ]
