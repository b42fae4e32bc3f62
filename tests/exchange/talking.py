"""A websocket client of its own for the tests of the server, as raw as the protocols allow."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any, Final

import msgspec
from aiohttp import ClientSession, ClientWebSocketResponse, WSMessage, WSMsgType

from tests.exchange.conditions import LONGEST
from tests.exchange.server import FakeAlpaca

MSGPACK: Final = {"Content-Type": "application/msgpack"}


class Talk:
    """One connection. Answers are read within a time that nothing takes."""

    def __init__(self, ws: ClientWebSocketResponse, *, msgpack: bool) -> None:
        self.ws: Final = ws
        self._msgpack = msgpack

    async def frame(self) -> WSMessage:
        """The next frame as it came, or the end."""
        async with asyncio.timeout(LONGEST):
            return await self.ws.receive()

    async def hear(self) -> Any:
        """What the next frame says. Raises AssertionError at the end of the connection."""
        frame = await self.frame()
        assert frame.type in (WSMsgType.TEXT, WSMsgType.BINARY), f"the connection ended: {frame}"
        if self._msgpack and frame.type is WSMsgType.BINARY:
            return msgspec.msgpack.decode(frame.data)
        return json.loads(frame.data)

    async def hear_one(self) -> Any:
        """The one message of the next frame."""
        (message,) = await self.hear()
        return message

    async def say(self, message: Mapping[str, object]) -> None:
        if self._msgpack:
            await self.ws.send_bytes(msgspec.msgpack.encode(message))
        else:
            await self.ws.send_str(json.dumps(message))

    async def ask(self, message: Mapping[str, object]) -> Any:
        await self.say(message)
        return await self.hear_one()

    async def end(self) -> int | None:
        """The code that the connection was closed with; 1006 where it broke."""
        while True:
            frame = await self.frame()
            if frame.type not in (WSMsgType.TEXT, WSMsgType.BINARY):
                return self.ws.close_code

    def abort(self) -> None:
        """Breaks the connection without a goodbye."""
        response = self.ws._response
        assert response.connection is not None
        assert response.connection.transport is not None
        response.connection.transport.abort()


@asynccontextmanager
async def connected(url: str, headers: Mapping[str, str] | None = None) -> AsyncIterator[Talk]:
    given = dict(headers or {})
    async with (
        ClientSession() as session,
        session.ws_connect(url, headers=given, max_msg_size=0, compress=15) as ws,
    ):
        yield Talk(ws, msgpack=given.get("Content-Type") == "application/msgpack")


@asynccontextmanager
async def authenticated(
    exchange: FakeAlpaca, url: str | None = None, headers: Mapping[str, str] | None = None, **channels: list[str]
) -> AsyncIterator[Talk]:
    """A data stream that has been greeted and let in, with subscriptions."""
    async with connected(url or exchange.stock_stream_url(), headers) as talk:
        assert (await talk.hear_one())["msg"] == "connected"
        answer = await talk.ask({"action": "auth", "key": exchange.key, "secret": exchange.secret})
        assert answer == {"T": "success", "msg": "authenticated"}
        if channels:
            assert (await talk.ask({"action": "subscribe", **channels}))["T"] == "subscription"
        yield talk


@asynccontextmanager
async def listening(exchange: FakeAlpaca) -> AsyncIterator[Talk]:
    """A trading stream that listens to trade updates."""
    async with connected(exchange.trading_stream_url) as talk:
        await talk.say({"action": "authenticate", "data": {"key_id": exchange.key, "secret_key": exchange.secret}})
        assert (await talk.hear())["data"]["status"] == "authorized"
        await talk.say({"action": "listen", "data": {"streams": ["trade_updates"]}})
        assert (await talk.hear())["stream"] == "listening"
        yield talk
