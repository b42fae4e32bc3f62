"""The local exchange on one port of 127.0.0.1: REST and websockets, as paper-api.alpaca.markets and its data host."""

import asyncio
import json
import threading
from collections.abc import Awaitable, Callable
from email.utils import formatdate
from types import TracebackType
from typing import Final, Self, TypeVar

from aiohttp import web

from tests.exchange.clock import FakeClock
from tests.exchange.control import CONTROL, Control
from tests.exchange.data_stream import DataStreams
from tests.exchange.exchange import FakeExchange
from tests.exchange.faults import Faults, Rule
from tests.exchange.history import HistoryApi
from tests.exchange.orders import Refusal
from tests.exchange.rest import TradingApi
from tests.exchange.trading_stream import TradingStreams

KEY: Final = "PK-LOCAL-EXCHANGE"
SECRET: Final = "local-exchange-secret-that-opens-nothing"
HOST: Final = "127.0.0.1"
PER_MINUTE: Final = 200
"""Requests a minute of the exchange's time, for trading and for data each."""
STEP: Final = 0.02
"""Seconds between two moves of a clock that keeps time."""
GRACE: Final = 0.05
"""Seconds that requests which are still looked at have when the server stops. aiohttp takes 0 for without end."""

_Answer = TypeVar("_Answer")
_Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class RateCounter:
    """Requests of the current minute."""

    def __init__(self, clock: FakeClock, limit: int) -> None:
        self.limit = limit
        self._clock = clock
        self._minute = -1
        self._count = 0

    def count(self) -> bool:
        """One more; False when that is too many."""
        minute = self._clock.now // 60_000
        if minute != self._minute:
            self._minute, self._count = minute, 0
        self._count += 1
        return self._count <= self.limit

    def headers(self) -> dict[str, str]:
        reset = (self._clock.now // 60_000 + 1) * 60
        left = max(self.limit - self._count, 0)
        names = ("X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset")
        return dict(zip(names, map(str, (self.limit, left, reset)), strict=True))


class FakeAlpaca:
    """Serves a `FakeExchange`. All of it lives on the loop that `start` was called on."""

    def __init__(self, exchange: FakeExchange | None = None) -> None:
        self.exchange: Final = exchange or FakeExchange()
        self.clock: Final = self.exchange.clock
        self.market: Final = self.exchange.market
        self.faults: Final = Faults(self.clock)
        self.key: Final = KEY
        self.secret: Final = SECRET
        keys = {KEY: SECRET}
        self._keys = keys
        self.data: Final = DataStreams(self.exchange, self.faults, keys)
        self.trading: Final = TradingStreams(self.exchange, self.faults, keys)
        self.rates: Final = {name: RateCounter(self.clock, PER_MINUTE) for name in ("trading", "data")}
        self.requests: Final[list[tuple[str, str]]] = []
        """Method and path with query of every request so far."""
        self.under_way = 0
        """Requests that have no answer yet, without websockets."""
        self.listening: Final = asyncio.Event()
        self.port = 0
        self._listener: asyncio.Future[None] | None = None
        self._runner: web.AppRunner | None = None
        self._site: web.TCPSite | None = None
        self._timekeeper: asyncio.Task[None] | None = None

    @property
    def url(self) -> str:
        """For the trading client and for both history clients."""
        return f"http://{HOST}:{self.port}"

    @property
    def ws_url(self) -> str:
        return f"ws://{HOST}:{self.port}"

    def stock_stream_url(self, feed: str = "iex") -> str:
        return f"{self.ws_url}/v2/{feed}"

    @property
    def crypto_stream_url(self) -> str:
        return f"{self.ws_url}/v1beta3/crypto/us"

    @property
    def trading_stream_url(self) -> str:
        return f"{self.ws_url}/stream"

    @property
    def sockets_open(self) -> int:
        """Websockets that the server counts as open."""
        return len(self.data.sockets) + len(self.trading.sockets)

    @property
    def subscribed(self) -> int:
        """Websockets that have asked for something and were told that they get it."""
        data = sum(any(socket.wanted.values()) for socket in self.data.sockets)
        return data + sum(socket.listens for socket in self.trading.sockets)

    async def start(self, port: int = 0) -> None:
        """Listens; port 0 is any free one."""
        app = web.Application(middlewares=[self._serve])
        app.add_routes(TradingApi(self.exchange, self.faults).routes())
        app.add_routes(HistoryApi(self.exchange, self.faults, lambda: self.data.has_sip).routes())
        app.add_routes(Control(self).routes())
        app.router.add_get("/stream", self.trading.serve)
        app.router.add_get("/v1beta3/crypto/{loc:us|us-1|eu-1}", self.data.serve)
        app.router.add_get("/v2/{feed:iex|sip|test|delayed_sip}", self.data.serve)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=GRACE)
        await self._runner.setup()
        self.port = port
        await self.listen()

    def keep_time(self, speed: float = 1.0) -> None:
        """Moves the clock by itself from now on: `speed` of its seconds to one of ours."""
        self._timekeeper = asyncio.create_task(_keep_time(self.clock, speed))

    async def stop(self) -> None:
        self.faults.clear()
        if self._timekeeper is not None:
            self._timekeeper.cancel()
            await asyncio.gather(self._timekeeper, return_exceptions=True)
            self._timekeeper = None
        if self._runner is not None:
            for socket in (*self.data.sockets, *self.trading.sockets):
                socket.close(1001)
            await self._runner.cleanup()
            self._runner = None

    async def refuse(self) -> None:
        """Takes no new connections until `listen`. Those that are open stay."""
        self.listening.clear()
        if self._site is not None:
            await self._site.stop()
            self._site = None

    async def listen(self) -> None:
        """Takes connections, on the same port as before."""
        assert self._runner is not None, "the exchange has not been started"
        self._site = web.TCPSite(self._runner, HOST, self.port, reuse_address=True)
        await self._site.start()
        self.port = self._runner.addresses[0][1]
        self.listening.set()

    def listen_soon(self) -> None:
        """The same from a timer; `listening` is set when it is so."""
        self._listener = asyncio.ensure_future(self.listen())

    async def go_down(self) -> None:
        """Breaks every connection, websockets and requests, and takes no new ones until `listen`."""
        await self.refuse()
        assert self._runner is not None, "the exchange has not been started"
        assert self._runner.server is not None
        for connection in self._runner.server.connections:
            if connection.transport is not None:
                connection.transport.abort()

    def cut(self) -> None:
        """Breaks every websocket without a goodbye."""
        for socket in (*self.data.sockets, *self.trading.sockets):
            socket.abort()

    @web.middleware
    async def _serve(self, request: web.Request, handler: _Handler) -> web.StreamResponse:
        self.requests.append((request.method, request.path_qs))
        if self.faults.take("refuse_tcp", path=request.path):
            return _broken(request)
        if request.path.startswith(CONTROL) or request.headers.get("Upgrade", "").lower() == "websocket":
            return await handler(request)
        self.under_way += 1
        try:
            return await self._respond(request, handler)
        finally:
            self.under_way -= 1

    async def _respond(self, request: web.Request, handler: _Handler) -> web.StreamResponse:
        rate = self.rates["data" if request.path.startswith(("/v2/stocks", "/v1beta3")) else "trading"]
        response = await self._answer(request, handler, rate)
        response.headers.update({**rate.headers(), **dict(response.headers)})
        response.headers["Date"] = formatdate(self.clock.now / 1000, usegmt=True)
        return await self._send(request, response)

    async def _answer(self, request: web.Request, handler: _Handler, rate: RateCounter) -> web.StreamResponse:
        key, secret = (request.headers.get(f"APCA-API-{name}", "") for name in ("KEY-ID", "SECRET-KEY"))
        if not secret or self._keys.get(key) != secret:
            return web.json_response({"message": "unauthorized."}, status=401)
        if not rate.count():
            return web.json_response({"message": "too many requests."}, status=429)
        if rule := self._fault(request, "delay"):
            await self.clock.wait(rule.number("seconds", 1.0))
        if self._fault(request, "stall"):
            await asyncio.Event().wait()
        if self._fault(request, "abort_before"):
            return _broken(request)
        if rule := self._fault(request, "500", "502", "503", "429", "302", "403"):
            return self._failure(rule)
        try:
            response = await handler(request)
        except Refusal as refusal:
            response = web.json_response(refusal.body, status=refusal.status)
        except web.HTTPException as error:
            response = web.json_response({"message": f"endpoint not found. {error.reason}"}, status=error.status)
        if self._fault(request, "504_after_accept"):
            return web.json_response({"message": "gateway timeout"}, status=504)
        if self._fault(request, "abort_after_accept"):
            return _broken(request)
        if self._fault(request, "bad_json"):
            return web.Response(text='{"id": "0', content_type="application/json")
        return response

    def _fault(self, request: web.Request, *names: str) -> Rule | None:
        return self.faults.take(*names, path=request.path, method=request.method)

    def _failure(self, rule: Rule) -> web.Response:
        status = int(rule.name)
        if status == 429:
            reset = self.clock.now // 1000 + round(rule.number("reset_in", 60))
            headers = {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": str(reset)}
            return web.json_response({"message": "too many requests."}, status=429, headers=headers)
        if status == 302:
            return web.Response(status=302, headers={"Location": f"{self.url}/elsewhere"})
        if status == 403:
            return web.json_response({"message": "forbidden."}, status=403)
        if rule.word("body", "json") == "html":
            return web.Response(status=status, text=f"<html><h1>{status}</h1></html>", content_type="text/html")
        return web.json_response({"code": status * 100_000, "message": "internal server error occurred"}, status=status)

    async def _send(self, request: web.Request, response: web.StreamResponse) -> web.StreamResponse:
        """What follows from a request happens when its answer has left."""
        if isinstance(response, web.Response) and self._fault(request, "truncated"):
            body = response.body if isinstance(response.body, bytes) else json.dumps({}).encode()
            response = web.StreamResponse(headers={"Content-Type": "application/json"})
            response.content_length = len(body)
            await response.prepare(request)
            await response.write(body[: len(body) // 2])
            _break(request)
        elif request.transport is not None and not request.transport.is_closing():
            await response.prepare(request)
            await response.write_eof()
        self.exchange.settle()
        return response

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()


async def _keep_time(clock: FakeClock, speed: float) -> None:
    """Against an absolute beginning, so that it does not fall behind by what each step takes."""
    loop = asyncio.get_running_loop()
    began, first = loop.time(), clock.now
    while True:
        await asyncio.sleep(STEP)
        clock.advance_to(max(clock.now, first + round((loop.time() - began) * speed * 1000)))


def _break(request: web.Request) -> None:
    if request.transport is not None:
        request.transport.abort()


def _broken(request: web.Request) -> web.StreamResponse:
    """No answer at all."""
    _break(request)
    return web.Response(status=500)


class ThreadedAlpaca:
    """The same server on a thread and loop of its own, for clients that block."""

    def __init__(self, exchange: FakeExchange | None = None) -> None:
        self.alpaca: Final = FakeAlpaca(exchange)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="local exchange", daemon=True)

    def call(self, action: Callable[[], _Answer]) -> _Answer:
        """Does something on the exchange's loop and waits for it, such as `lambda: alpaca.clock.advance(60)`."""

        async def done() -> _Answer:
            return action()

        return asyncio.run_coroutine_threadsafe(done(), self._loop).result()

    def __enter__(self) -> Self:
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self.alpaca.start(), self._loop).result()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        asyncio.run_coroutine_threadsafe(self.alpaca.stop(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
