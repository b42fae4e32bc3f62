"""alpaca-py's streams, hardened, on the loop they are run on.

Bare they keep wrong keys to themselves and retry them for ever, wait without limit for a mute server, lose the rest of
a frame with one bad message, freeze a loop that subscribes on it, and leave sockets open that Alpaca counts for another
90 seconds. `hardened.py` has the classes; making the first stream imports it, and alpaca-py with it, which takes a
third of a second: whoever minds calls `prepare` in a thread before.
"""

from collections.abc import Callable, Mapping, Sequence
from enum import Enum
from typing import Final, Literal, Protocol

from msgspec import Struct

from sentio_tui.alpaca.keys import Keys
from sentio_tui.alpaca.lanes import Place

StockFeed = Literal["iex", "sip", "delayed_sip", "test"]
Message = Mapping[str, object]
Subscriptions = Mapping[str, Sequence[str]]
"""Channel (bars, updatedBars, trades, quotes, ...) to our symbols; "*" is all."""

GREETING_SECONDS: Final = 15.0
"""Seconds for connecting, the greeting and the keys together."""
BACKOFF: Final = (1.0, 30.0)
"""Seconds before the first new attempt and before the latest; half of it is chance."""
GOODBYE_SECONDS: Final = 0.3
"""How long the server has to answer a goodbye; then the connection is cut."""
SOCKET: Final = {"ping_interval": 10, "ping_timeout": 20, "max_queue": 1024, "close_timeout": GOODBYE_SECONDS}
"""Of `websockets`: a dead peer is noticed within 30 seconds."""

_DATA_URL: Final = "wss://stream.data.alpaca.markets"
_TRADING_URLS: Final = {"paper": "wss://paper-api.alpaca.markets", "live": "wss://api.alpaca.markets"}


class StreamState(Enum):
    CONNECTED = "connected"
    """`generation` counts them from 1. What was sent in between is lost: fetch it."""
    SUBSCRIBED = "subscribed"
    """The server said what it sends from now on; for the trading stream, that it listens."""
    LOST = "lost"
    """It is tried again by itself."""
    REFUSED = "refused"
    """The server refuses a subscription or cannot go on; the connection may stay."""
    TROUBLE = "trouble"
    """A message could not be taken; the others are."""
    FATAL = "fatal"
    """It has ended, and trying again would not help."""


class StreamWord(Struct, frozen=True):
    """What a stream says of itself, in words fit for a person. `code` is Alpaca's, 0 where there is none."""

    state: StreamState
    generation: int
    detail: str = ""
    code: int = 0


class Stream(Protocol):
    """One socket that is kept open. `run_async` and `set_subs` are awaited on the same loop."""

    @property
    def is_connected(self) -> bool: ...

    @property
    def generation(self) -> int: ...

    async def run_async(self) -> None:
        """Be connected until stopped, cancelled, or a refusal that trying again would not change. However it ends, the
        socket is closed."""
        ...

    async def set_subs(self, wanted: Subscriptions) -> None:
        """What is wanted from now on, instead of what was. The trading stream has nothing to choose."""
        ...

    async def reconnect(self) -> None:
        """Close the socket, for instance a mute one; `run_async` opens another."""
        ...

    async def astop(self) -> None:
        """End `run_async`, in whatever state it is."""
        ...


def prepare() -> None:
    """Import alpaca-py's streams. Takes a third of a second the first time."""
    import sentio_tui.alpaca.hardened  # noqa: F401 - for what importing it does


def stock_stream(
    keys: Keys,
    feed: StockFeed,
    on_message: Callable[[Message], object],
    on_word: Callable[[StreamWord], object],
    *,
    url: str = "",
    backoff: tuple[float, float] = BACKOFF,
    greeting: float = GREETING_SECONDS,
) -> Stream:
    """Bars, quotes and trades of shares, raw. `url` is the stream's host, empty for Alpaca's.

    The callbacks are called on the loop and must not block; what `on_message` raises loses this message alone.
    """
    from sentio_tui.alpaca.hardened import Data

    return Data(keys, f"{_wss(url or _DATA_URL)}/v2/{feed}", on_message, on_word, backoff, greeting)


def crypto_stream(
    keys: Keys,
    on_message: Callable[[Message], object],
    on_word: Callable[[StreamWord], object],
    *,
    url: str = "",
    backoff: tuple[float, float] = BACKOFF,
    greeting: float = GREETING_SECONDS,
) -> Stream:
    """The same of crypto; its messages bear Alpaca's symbols, BTC/USD."""
    from sentio_tui.alpaca.hardened import Data

    return Data(keys, f"{_wss(url or _DATA_URL)}/v1beta3/crypto/us", on_message, on_word, backoff, greeting)


def trading_stream(
    keys: Keys,
    place: Place,
    on_message: Callable[[Message], object],
    on_word: Callable[[StreamWord], object],
    *,
    backoff: tuple[float, float] = BACKOFF,
    greeting: float = GREETING_SECONDS,
) -> Stream:
    """What happens to the account's orders: the `data` of each trade update. There is no replay of what was missed."""
    from sentio_tui.alpaca.hardened import Trading

    base = place.url or _TRADING_URLS[place.mode]
    return Trading(keys, f"{_wss(base)}/stream", on_message, on_word, backoff, greeting)


def _wss(url: str) -> str:
    """A host's address, given for REST or for websockets."""
    return url.rstrip("/").replace("http", "ws", 1) if url.startswith("http") else url.rstrip("/")
