"""Our clients and streams, pointed at the local exchange."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Final

from sentio_tui.alpaca.keys import Keys
from sentio_tui.alpaca.lanes import Place
from sentio_tui.alpaca.rest import Rest
from sentio_tui.alpaca.streams import Stream, StreamState, StreamWord, crypto_stream, stock_stream, trading_stream
from tests.exchange.server import FakeAlpaca

SOON: Final = (0.01, 0.02)
"""Backoff of a stream in tests."""


def keys_of(exchange: FakeAlpaca) -> Keys:
    return Keys(exchange.key, exchange.secret)


def place_of(exchange: FakeAlpaca) -> Place:
    return Place("paper", exchange.url, exchange.url)


class Pauses:
    """A sleep that takes no time: the exchange's clock goes on instead."""

    def __init__(self, exchange: FakeAlpaca) -> None:
        self.seconds: Final[list[float]] = []
        self._exchange = exchange

    async def __call__(self, seconds: float) -> None:
        self.seconds.append(seconds)
        await asyncio.sleep(0)
        self._exchange.clock.advance(seconds)


@asynccontextmanager
async def rest(exchange: FakeAlpaca, pauses: Pauses | None = None) -> AsyncIterator[Rest]:
    made = Rest(keys_of(exchange), place_of(exchange), now=lambda: exchange.clock.now, sleep=pauses or Pauses(exchange))
    try:
        yield made
    finally:
        made.close()


class Heard:
    """What a stream said."""

    def __init__(self) -> None:
        self.messages: Final[list[Mapping[str, object]]] = []
        self.words: Final[list[StreamWord]] = []

    def states(self) -> list[StreamState]:
        return [word.state for word in self.words]

    def count(self, state: StreamState) -> int:
        return self.states().count(state)

    def last(self, state: StreamState) -> StreamWord:
        return next(word for word in reversed(self.words) if word.state is state)

    def kinds(self) -> list[object]:
        return [message.get("T") for message in self.messages]


def stocks(
    exchange: FakeAlpaca,
    heard: Heard,
    *,
    on_message: Callable[[Mapping[str, object]], object] | None = None,
    greeting: float = 15.0,
    backoff: tuple[float, float] = SOON,
) -> Stream:
    take = on_message or heard.messages.append
    return stock_stream(
        keys_of(exchange), "iex", take, heard.words.append, url=exchange.ws_url, backoff=backoff, greeting=greeting
    )


def coins(exchange: FakeAlpaca, heard: Heard) -> Stream:
    return crypto_stream(
        keys_of(exchange), heard.messages.append, heard.words.append, url=exchange.ws_url, backoff=SOON
    )


def orders(
    exchange: FakeAlpaca, heard: Heard, *, greeting: float = 15.0, backoff: tuple[float, float] = SOON
) -> Stream:
    return trading_stream(
        keys_of(exchange),
        place_of(exchange),
        heard.messages.append,
        heard.words.append,
        greeting=greeting,
        backoff=backoff,
    )


@asynccontextmanager
async def running(stream: Stream, **wanted: list[str]) -> AsyncIterator["asyncio.Task[None]"]:
    if wanted:
        await stream.set_subs(wanted)
    task = asyncio.create_task(stream.run_async())
    try:
        yield task
    finally:
        await stream.astop()
        await task
