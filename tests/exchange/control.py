"""What a person or a test in another process tells the exchange, under /_exchange: no part of Alpaca's API."""

from collections.abc import Sequence
from json import JSONDecodeError
from typing import TYPE_CHECKING, Any, Final

import msgspec
from aiohttp import web
from msgspec import Struct

from tests.exchange.clock import whole
from tests.exchange.orders import Body, text

if TYPE_CHECKING:
    from tests.exchange.server import FakeAlpaca

CONTROL: Final = "/_exchange"


class _Fault(Struct):
    name: str
    times: int | None = 1
    after: int = 0
    path: str = ""
    method: str = ""
    event: str = ""
    symbol: str = ""
    arguments: dict[str, Any] = {}


class Control:
    """The handlers. Each answers with the exchange's state, or 400 with what was wrong."""

    def __init__(self, alpaca: "FakeAlpaca") -> None:
        self._alpaca = alpaca

    def routes(self) -> Sequence[web.AbstractRouteDef]:
        return [
            web.get(f"{CONTROL}/state", self.state),
            web.post(f"{CONTROL}/faults", self.fault),
            web.delete(f"{CONTROL}/faults", self.no_faults),
            web.post(f"{CONTROL}/advance", self.advance),
            web.post(f"{CONTROL}/price", self.price),
            web.post(f"{CONTROL}/cut", self.cut),
            web.post(f"{CONTROL}/down", self.down),
        ]

    async def state(self, request: web.Request) -> web.Response:
        alpaca = self._alpaca
        account = alpaca.exchange.account
        orders = [order.body(nested=False) for order in alpaca.exchange.orders.values()]
        return web.json_response(
            {
                "time": whole(alpaca.clock.now),
                "sockets_open": alpaca.sockets_open,
                "subscribed": alpaca.subscribed,
                "requests": len(alpaca.requests),
                "cash": text(account.cash),
                "equity": text(account.equity),
                "positions": {symbol: text(held.qty) for symbol, held in account.positions.items()},
                "orders": orders,
                "fills": [execution.activity() for execution in account.executions],
                "faults": [rule.name for rule in alpaca.faults.waiting],
                "fired": dict(alpaca.faults.fired),
            }
        )

    async def fault(self, request: web.Request) -> web.Response:
        """`{"name": "close", "times": 2, "arguments": {"code": 1011}}` as `Faults.add` takes it."""
        try:
            asked = msgspec.convert(await _asked(request), _Fault)
            self._alpaca.faults.add(
                asked.name,
                times=asked.times,
                after=asked.after,
                path=asked.path,
                method=asked.method,
                event=asked.event,
                symbol=asked.symbol,
                **asked.arguments,
            )
        except (TypeError, ValueError) as error:
            raise web.HTTPBadRequest(text=str(error)) from None
        return await self.state(request)

    async def no_faults(self, request: web.Request) -> web.Response:
        self._alpaca.faults.clear()
        return await self.state(request)

    async def advance(self, request: web.Request) -> web.Response:
        """`{"seconds": 60}`"""
        self._alpaca.clock.advance(_figure(await _asked(request), "seconds"))
        return await self.state(request)

    async def price(self, request: web.Request) -> web.Response:
        """`{"symbol": "SPY", "price": 590}`: a trade at that price, now."""
        asked = await _asked(request)
        symbol = str(asked.get("symbol"))
        if symbol not in self._alpaca.market.listings:
            raise web.HTTPBadRequest(text=f"symbol {symbol} is not listed")
        self._alpaca.exchange.ticker.set_price(symbol, _figure(asked, "price"))
        return await self.state(request)

    async def cut(self, request: web.Request) -> web.Response:
        """Breaks every websocket."""
        self._alpaca.cut()
        return await self.state(request)

    async def down(self, request: web.Request) -> web.Response:
        """`{"seconds": 20}`: breaks every connection, this one too, and takes no new one for that long of the
        exchange's time."""
        seconds = _figure(await _asked(request), "seconds")
        self._alpaca.clock.after(seconds, self._alpaca.listen_soon)
        await self._alpaca.go_down()
        return await self.state(request)


async def _asked(request: web.Request) -> Body:
    try:
        asked = await request.json()
    except JSONDecodeError:
        asked = None
    if not isinstance(asked, dict):
        raise web.HTTPBadRequest(text="the body must be a JSON object")
    return asked


def _figure(asked: Body, name: str) -> float:
    figure = asked.get(name)
    if not isinstance(figure, int | float) or figure < 0:
        raise web.HTTPBadRequest(text=f"{name} must be a number, 0 or more")
    return figure
