"""The streams of alpaca-py with what they lack, see `streams.py`. Importing this imports alpaca-py and pandas.

It overrides and uses private names of alpaca-py 0.44; `tests/exchange/test_contract.py` says which (T3).
"""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Final, Protocol

import msgspec
from alpaca.data.live.websocket import DataStream
from alpaca.trading.stream import TradingStream
from websockets.exceptions import ConnectionClosed, WebSocketException

from sentio_tui.alpaca.answers import their_symbol
from sentio_tui.alpaca.keys import Keys, guard_logs
from sentio_tui.alpaca.streams import GOODBYE_SECONDS, SOCKET, Message, StreamState, StreamWord, Subscriptions

OnMessage = Callable[[Message], object]
OnWord = Callable[[StreamWord], object]

STEADY_SECONDS: Final = 30.0
"""A connection that lasted this long was a good one: the next attempt comes soon."""

ADVICE: Final[Mapping[int, str]] = {
    400: "the request is not understood; this is a defect of ours",
    401: "it asks for the keys first; this is a defect of ours",
    402: "the keys are refused; check them with `sentio-tui doctor`",
    404: "authentication took too long",
    405: "too many symbols for this plan; trade fewer, or ask for bars only",
    406: "the connection is taken: another process uses these keys, or the last one ended less than 90 s ago",
    407: "this machine reads too slowly",
    408: "the account may not use this version of the stream",
    409: "the plan does not include this feed; choose another (feed.alpaca.feed)",
    410: "this feed does not have such messages",
    411: "the keys may not do this; check their scope",
    500: "Alpaca has trouble",
}
_FATAL: Final = frozenset({402, 408, 409, 411})
_CODES: Final[Mapping[str, int]] = {
    "auth failed": 402,
    "auth timeout": 404,
    "connection limit exceeded": 406,
    "v2 not enabled": 408,
    "insufficient subscription": 409,
    "insufficient scope": 411,
    "internal error": 500,
}
"""alpaca-py hands on the text of a refusal and drops its code."""

_TRADING_REFUSAL: Final = "failed to authenticate"


class _Socket(Protocol):
    """A connection of websockets' legacy client."""

    transport: asyncio.WriteTransport

    async def recv(self) -> str | bytes: ...

    async def close(self) -> None: ...

    def fail_connection(self, code: int) -> None: ...


class _Hardened(ABC):
    """What data streams and the trading stream have in common. Stands before alpaca-py's class."""

    if TYPE_CHECKING:
        _ws: _Socket | None
        _should_run: bool
        _running: bool
        _data_received: bool
        _reconnect_min_backoff: float
        _reconnect_max_backoff: float
        _stop_stream_event: asyncio.Event | None

        async def _run_forever(self) -> None: ...

    def _prepare(
        self, keys: Keys, on_message: OnMessage, on_word: OnWord, backoff: tuple[float, float], greeting: float
    ) -> None:
        guard_logs(keys)
        self._reconnect_min_backoff, self._reconnect_max_backoff = backoff
        self._on_message = on_message
        self._on_word = on_word
        self._greeting = greeting
        self._generation = 0
        self._reason = ""
        self._code = 0
        self._since = 0.0
        self._is_over = False
        self._asked = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    @property
    def is_connected(self) -> bool:
        return self._running

    @property
    def generation(self) -> int:
        return self._generation

    async def run_async(self) -> None:
        await self._asked.wait()
        if self._is_over:
            return
        self._task = asyncio.create_task(self._run_forever())
        try:
            await asyncio.wait({self._task})
        finally:
            self._task.cancel()
            await asyncio.wait({self._task})
            await self.close()
        if not self._task.cancelled():
            self._task.result()

    async def reconnect(self) -> None:
        self._reason = "closed to connect anew"
        await self.close()

    async def astop(self) -> None:
        self._is_over = True
        self._end()
        self._asked.set()
        if self._task is None:
            return
        self._task.cancel()
        await asyncio.wait({self._task})
        await self.close()

    async def close(self) -> None:
        """Close the socket with a goodbye, or without one where nobody answers it."""
        socket, self._ws = self._ws, None
        self._running = False
        if socket is None:
            return
        # A task: legacy websockets goes on waiting when its `close` is cancelled, until the transport is gone.
        goodbye = asyncio.ensure_future(socket.close())
        done, _ = await asyncio.wait({goodbye}, timeout=GOODBYE_SECONDS)
        if not done:
            socket.transport.abort()
        with suppress(OSError, WebSocketException):
            await goodbye

    async def _start_ws(self) -> None:
        """Connect and authenticate, in a bounded time."""
        self._reason, self._code = "", 0
        try:
            async with asyncio.timeout(self._greeting):
                await self._open()
        except TimeoutError:
            self._reason = f"no greeting within {self._greeting:g} s"
            raise
        except ValueError as error:
            self._refused(str(error))
            raise
        except (OSError, WebSocketException) as error:
            self._reason = self._reason or f"no connection: {error}"
            raise
        self._since = asyncio.get_running_loop().time()
        self._generation += 1
        self._say(StreamState.CONNECTED)

    def _refused(self, text: str) -> None:
        """Told apart by its text: a reason to give up, or to try again later."""
        self._code = next((code for words, code in _CODES.items() if words in text), 0)
        self._reason = f"{text}: {ADVICE[self._code]}" if self._code else text
        if self._code in _FATAL:
            self._give_up()

    def _give_up(self) -> None:
        self._say(StreamState.FATAL, self._reason, self._code)
        self._end()

    def _end(self) -> None:
        self._should_run = False
        if self._stop_stream_event is not None:
            self._stop_stream_event.set()

    async def _consume(self) -> bool:
        """Hand on what comes, each message for itself, until the connection ends."""
        self._data_received = False
        try:
            while self._should_run and (socket := self._ws) is not None:
                frame = await socket.recv()
                try:
                    messages = self._unpack(frame)
                except ValueError as error:
                    self._say(StreamState.TROUBLE, f"a frame that cannot be read was lost: {error}")
                    continue
                for message in messages:
                    await self._dispatch(message)
        except ConnectionClosed as error:
            self._reason = self._reason or f"the connection broke: {error}"
            raise
        finally:
            self._data_received |= asyncio.get_running_loop().time() - self._since > STEADY_SECONDS
        return False

    async def _wait_before_reconnect(self, retries: int) -> None:
        if self._should_run:
            self._say(StreamState.LOST, self._reason or "the connection broke", self._code)
        await self._pause(retries)

    async def _dispatch(self, msg: object) -> None:
        """One message. Whatever is wrong with it, the next ones are heard."""
        try:
            if not isinstance(msg, Mapping):
                raise ValueError(f"not a message: {str(msg)[:80]}")
            self._take(msg)
        except Exception as error:  # the callback's: it costs this message and no other
            self._say(StreamState.TROUBLE, f"a message was lost: {type(error).__name__}: {error}")

    def _say(self, state: StreamState, detail: str = "", code: int = 0) -> None:
        self._on_word(StreamWord(state, self._generation, detail, code))

    @abstractmethod
    async def _open(self) -> None:
        """Connect and authenticate as alpaca-py does, without limit of time."""

    @abstractmethod
    async def _pause(self, retries: int) -> None:
        """Wait before the next attempt, as alpaca-py does; a stop ends it."""

    @abstractmethod
    def _unpack(self, frame: str | bytes) -> Iterable[object]:
        """The messages of a frame. Raises ValueError."""

    @abstractmethod
    def _take(self, message: Message) -> None: ...


class Data(_Hardened, DataStream):  # type: ignore[misc]  # alpaca-py gives `_ws` no type
    """Bars, quotes and trades, of shares or crypto: `endpoint` says which."""

    def __init__(
        self,
        keys: Keys,
        endpoint: str,
        on_message: OnMessage,
        on_word: OnWord,
        backoff: tuple[float, float],
        greeting: float,
    ) -> None:
        DataStream.__init__(self, endpoint, keys.key_id, keys.secret, raw_data=True, websocket_params=dict(SOCKET))
        self._prepare(keys, on_message, on_word, backoff, greeting)

    async def _open(self) -> None:
        await DataStream._start_ws(self)

    async def _pause(self, retries: int) -> None:
        await DataStream._wait_before_reconnect(self, retries)

    async def set_subs(self, wanted: Subscriptions) -> None:
        unknown = [channel for channel in wanted if channel not in self._handlers]
        if unknown:
            raise ValueError(f"no channel of a stream: {', '.join(unknown)}")
        gone: dict[str, list[str]] = {}
        for channel, handlers in self._handlers.items():
            symbols = {their_symbol(symbol) for symbol in wanted.get(channel, ())}
            gone[channel] = sorted(handlers.keys() - symbols)
            self._handlers[channel] = dict.fromkeys(sorted(symbols), _nothing)
        if any(self._handlers.values()):
            self._asked.set()
        elif self._task is None:
            self._asked.clear()  # alpaca-py's loop takes a whole processor while nothing is wanted
        if not self._running:
            return
        with suppress(ConnectionClosed):  # the next connection asks for all of it
            await self._send_subscribe_msg()
            for channel, dropped in gone.items():
                await self._send_unsubscribe_msg(channel, dropped)

    async def _send_subscribe_msg(self) -> None:
        """Again, if what is wanted changed while it was sent."""
        while True:
            asked = {channel: set(handlers) for channel, handlers in self._handlers.items()}
            await DataStream._send_subscribe_msg(self)
            if all(asked[channel] == handlers.keys() for channel, handlers in self._handlers.items()):
                return

    def _unpack(self, frame: str | bytes) -> Iterable[object]:
        messages = msgspec.json.decode(frame) if isinstance(frame, str) else msgspec.msgpack.decode(frame)
        if not isinstance(messages, list):
            raise ValueError(f"not an array of messages: {str(messages)[:80]}")
        return messages

    def _take(self, message: Message) -> None:
        match message.get("T"):
            case "subscription":
                self._say(StreamState.SUBSCRIBED)
            case "error":
                self._error(message)
            case "success":
                pass
            case _:
                self._data_received = True
                self._on_message(message)

    def _error(self, message: Message) -> None:
        code = message.get("code")
        self._code = code if isinstance(code, int) else 0
        text = str(message.get("msg"))
        self._reason = f"{text}: {ADVICE[self._code]}" if self._code in ADVICE else text
        if self._code not in _FATAL:
            self._say(StreamState.REFUSED, self._reason, self._code)
            return
        self._give_up()
        if self._ws is not None:
            self._ws.fail_connection(1000)  # wakes `_consume`, which waits for the next message


class Trading(_Hardened, TradingStream):  # type: ignore[misc]  # alpaca-py gives `_ws` no type
    """What happens to the account's orders."""

    def __init__(
        self,
        keys: Keys,
        endpoint: str,
        on_message: OnMessage,
        on_word: OnWord,
        backoff: tuple[float, float],
        greeting: float,
    ) -> None:
        TradingStream.__init__(
            self, keys.key_id, keys.secret, raw_data=True, websocket_params=dict(SOCKET), url_override=endpoint
        )
        self._prepare(keys, on_message, on_word, backoff, greeting)
        self.subscribe_trade_updates(_nothing)
        self._asked.set()

    async def _open(self) -> None:
        await TradingStream._start_ws(self)  # type: ignore[no-untyped-call]  # it has no types

    async def _pause(self, retries: int) -> None:
        await TradingStream._wait_before_reconnect(self, retries)

    async def set_subs(self, wanted: Subscriptions) -> None:
        """There is one channel, and it is always on."""

    def _refused(self, text: str) -> None:
        super()._refused("auth failed" if "failed to authenticate" in text else text)

    def _unpack(self, frame: str | bytes) -> Iterable[object]:
        return (msgspec.json.decode(frame),)

    def _take(self, message: Message) -> None:
        data = message.get("data")
        if not isinstance(data, Mapping):
            raise ValueError(f"a message without data: {message.get('stream')}")
        match message.get("stream"):
            case "trade_updates":
                self._data_received = True
                self._on_message(data)
            case "listening" if "trade_updates" in (data.get("streams") or ()):
                self._say(StreamState.SUBSCRIBED)
            case "listening" | "authorization":
                self._say(StreamState.REFUSED, f"the trading stream says {dict(data)}", 401)


async def _nothing(_: object) -> None:
    """Stands for a handler of alpaca-py: that there is one means that the messages are wanted."""
