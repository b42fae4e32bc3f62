"""One connection to Alpaca's market data, and what keeps its bars whole.

What a connection missed is fetched by REST from the same feed and handed on in order of time, marked as back-filled,
before the live bars that came meanwhile. A look at the history now and then finds what was lost without a word, and
tells a market in which nothing trades from a connection that says nothing any more.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from sentio_tui.alpaca.answers import our_symbol, read_bar
from sentio_tui.alpaca.http import AlpacaError
from sentio_tui.alpaca.streams import Message, Stream, StreamState, StreamWord
from sentio_tui.feeds.alpaca_health import Voice
from sentio_tui.feeds.alpaca_store import BarStore, Source, Taken, in_order, whole_minute
from sentio_tui.feeds.base import FeedItem
from sentio_tui.market.calendar import DAY, Calendar
from sentio_tui.market.validation import fault
from sentio_tui.model.bars import MINUTE, Bar, Millis
from sentio_tui.model.events import FeedStatus

OVERLAP: Final[Millis] = 2 * MINUTE
"""Fetched again before what was missed: the newest minutes may have been corrected since."""
HOLD: Final = 30.0
"""Seconds that live bars wait for those before them. Longer no stop could: then they go on, and the hole stays."""
SETTLED: Final[Millis] = 35_000
"""After a fetch: until then late trades may have changed its newest minute."""
LOOK_EVERY: Final[Millis] = 300_000
LOOK_BACK: Final[Millis] = 7 * MINUTE
GRACE: Final[Millis] = 20_000
"""How long after its end a minute is looked for in the history: its live bar may be on the way, and can be traded."""
LATE: Final[Millis] = 5_000
"""How long after the end of its minute a bar may come at the latest."""
LOST_IN_A_ROW: Final = 3
"""Bars of one symbol that a connection loses until it is opened anew."""
PAUSES: Final = (5.0, 15.0, 60.0)
"""Seconds until history that could not be fetched is asked for again."""
AGAIN: Final = 30.0
"""Seconds until a connection is opened again that Alpaca refused to serve, or that broke inside alpaca-py."""
CLOSED_AFTER: Final[Millis] = 10 * MINUTE
"""Without a bar, outside exchange hours, until a connection is quiet."""

_NO_RETRY: Final = frozenset({400, 401, 403, 405, 410})
"""Refusals of a subscription that would be the same again."""

OnMessage = Callable[[Message], object]
OnWord = Callable[[StreamWord], object]
History = Callable[[Sequence[str], Millis, Millis], Awaitable[Mapping[str, Sequence[Bar]]]]
"""Minute bars of symbols, from and to a time, both included. Raises AlpacaError."""


class Subject(Struct, frozen=True):
    """What a connection is about. Its bars come `delay` after their time; it has no `history` where that is None.

    `first` is the time from which bars are wanted. With `learns`, live bars wait for those before the first connection
    however long that takes: nothing is decided on before it has been learned.
    """

    symbols: Mapping[str, Calendar]
    open: Callable[[OnMessage, OnWord], Stream]
    history: History | None
    delay: Millis
    first: Millis
    learns: bool


class Line:
    """Keeps one connection, and hands on its bars and words."""

    def __init__(
        self,
        subject: Subject,
        store: BarStore,
        voice: Voice,
        hand: Callable[[Sequence[FeedItem]], None],
        *,
        patience: Millis,
        now: Callable[[], Millis],
        sleep: Callable[[float], Awaitable[object]],
    ) -> None:
        """`patience` is how long a symbol may be without a bar. `now` is the wall clock, `sleep` takes seconds."""
        self._subject = subject
        self._symbols = subject.symbols
        self._store = store
        self._voice = voice
        self._hand = hand
        self._patience = patience
        self._mute: Final = patience * 3 // 4
        """Silence that has to be explained: early enough to be so before the engine calls it stale."""
        self._tick: Final = min(max(patience / 24_000, 0.25), 5.0)
        self._now = now
        self._sleep = sleep
        self._stream: Stream | None = None
        self._is_over = False
        self._is_connected = False
        self._is_our_doing = False
        """Whether we closed the connection that is lost next."""
        self._is_new = True
        self._learns = subject.learns
        self._reached: Millis | None = None
        """The newest minute up to which nothing is known to be missing."""
        self._hole: Millis | None = None
        """Since when something is missing; None where nothing is."""
        self._is_wider = False
        self._holding = False
        self._held: dict[tuple[Millis, str], Bar] = {}
        self._letting_go: asyncio.Task[None] | None = None
        self._stirred = asyncio.Event()
        self._heard_at: Millis = 0
        self._looked_at: Millis = 0
        self._compared: Millis = subject.first
        """The newest minute at the last look that the history answered."""
        self._look_at: Millis = 0
        self._again_at: Millis | None = None

    async def run(self) -> None:
        """Until cancelled, or until Alpaca says that trying again would not help."""
        self._voice.begin()
        tasks = [asyncio.create_task(self._keep_connected()), asyncio.create_task(self._tend())]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
            for task in done:
                task.result()
        finally:
            if self._letting_go is not None:
                tasks.append(self._letting_go)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    # The connection.

    async def _keep_connected(self) -> None:
        symbols = list(self._symbols)
        while not self._is_over:
            stream = self._stream = self._subject.open(self._message, self._word)
            try:
                await stream.set_subs({"bars": symbols, "updatedBars": symbols})
                await stream.run_async()
            except Exception as error:  # alpaca-py's, whatever it is: a session with open positions has to go on
                self._is_connected = False
                self._voice.say(FeedStatus.DOWN, f"the connection broke: {type(error).__name__}: {error}")
            finally:
                await stream.astop()
            if not self._is_over:
                await self._sleep(AGAIN)

    def _word(self, word: StreamWord) -> None:
        match word.state:
            case StreamState.CONNECTED:
                pass
            case StreamState.SUBSCRIBED:
                self._is_connected = True
                self._is_our_doing = False
                self._heard_at = self._now()
                self._missing(f"fetching {'bars to learn from' if self._learns else 'what is missing'}")
            case StreamState.TROUBLE:
                self._missing(word.detail)
            case StreamState.LOST:
                self._is_connected = False
                if self._is_our_doing:
                    self._is_our_doing = False
                else:
                    self._voice.say(FeedStatus.DOWN, f"{word.detail}; it is tried again")
            case StreamState.REFUSED:
                self._is_connected = False
                if word.code not in _NO_RETRY:
                    self._again_at = self._now() + round(AGAIN * 1000)
                self._voice.say(FeedStatus.DOWN, word.detail)
            case StreamState.FATAL:
                self._is_connected = False
                self._is_over = True
                self._stirred.set()
                text = f"{word.detail}; it is not tried again: put it right, leave the session and resume it"
                self._voice.say(FeedStatus.DOWN, text)

    def _message(self, message: Message) -> None:
        """Raises BadAnswer, which the stream tells of as trouble."""
        kind, symbol = message.get("T"), our_symbol(str(message.get("S")))
        if kind not in ("b", "u") or symbol not in self._symbols:
            return
        bar = read_bar(message, symbol, backfilled=False)
        self._heard_at = self._now()
        if not self._take(bar, Source.STREAM if kind == "b" else Source.UPDATE):
            self._missing(f"a bar of {symbol} is not to be believed")

    # Bars, from wherever they come.

    def _take(self, bar: Bar, source: Source) -> Taken | None:
        """None for a bar that cannot be right: the engine says why, and drops it."""
        if fault(bar, None) is not None:
            self._hand([bar])
            return None
        self._reached = bar.time if self._reached is None else max(self._reached, bar.time)
        taken = self._store.take(bar, source)
        key = bar.time, bar.symbol
        held = self._held.get(key)
        if held is not None:
            # A minute that was heard live is live, however much better it is known by now.
            known = held if taken is Taken.KNOWN else bar
            self._held[key] = replace(known, backfilled=held.backfilled and bar.backfilled)
        elif taken is Taken.NEW and self._holding:
            self._held[key] = bar
        elif taken is Taken.NEW:
            self._give(bar)
        elif taken is Taken.CHANGED:
            self._hand([replace(bar, corrected=True)])
        return taken

    def _give(self, bar: Bar) -> None:
        if not bar.backfilled:
            if self._feed_time() - bar.time - MINUTE > self._patience:
                bar = replace(bar, backfilled=True)
            else:
                self._voice.spoke(bar.symbol)
        self._hand([bar])

    def _release(self, before: Millis | None = None) -> None:
        """Hand on what was held, all of it or that of the minutes before a time."""
        due = [bar for (time, _), bar in self._held.items() if before is None or time < before]
        for bar in in_order(due, self._symbols):
            del self._held[bar.time, bar.symbol]
            self._give(bar)

    # What is missing.

    def _missing(self, why: str) -> None:
        """Something since the newest bar may be. Live bars wait until it is there."""
        first = self._subject.first
        since = first if self._reached is None else max(first, self._reached - OVERLAP)
        self._hole = since if self._hole is None else min(self._hole, since)
        self._is_wider = True
        if not self._holding:
            self._holding = True
            if not self._learns:
                self._letting_go = asyncio.create_task(self._let_go())
        self._voice.say(FeedStatus.CONNECTING if self._is_new else FeedStatus.GAP, why)
        self._stirred.set()

    async def _let_go(self) -> None:
        await self._sleep(HOLD)
        self._holding = False
        for symbol in self._symbols:
            self._voice.say_of(symbol, FeedStatus.GAP, "live bars go on before those that are missing")
        self._release()

    async def _tend(self) -> None:
        failures = 0
        while not self._is_over:
            if self._hole is None:
                await self._wait(self._tick)
                if self._hole is None:
                    await self._look_around()
                continue
            try:
                await self._fill(self._hole)
                failures = 0
            except AlpacaError as error:
                if self._holding:
                    self._voice.say(FeedStatus.DOWN if self._learns else FeedStatus.GAP, f"history: {error}")
                await self._sleep(PAUSES[min(failures, len(PAUSES) - 1)])
                failures += 1

    async def _wait(self, seconds: float) -> None:
        """Until something happened, for some time at the most."""
        waits = [asyncio.ensure_future(self._sleep(seconds)), asyncio.ensure_future(self._stirred.wait())]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for each in waits:
                each.cancel()
        self._stirred.clear()

    async def _fill(self, since: Millis) -> None:
        """Fetch what is missing since a time, a day at once. Raises AlpacaError."""
        self._is_wider = False
        count = 0
        at = since
        while self._subject.history is not None and at <= self._complete():
            last = min(at + DAY - 1, self._complete())
            count += (await self._fetch(self._subject.history, at, last)).total()
            at = last + 1
            self._release(before=whole_minute(at))
            if not self._is_wider:
                self._hole = at
        if self._is_wider:
            return
        self._hole, self._holding, self._learns, self._is_new = None, False, False, False
        if self._letting_go is not None:
            self._letting_go.cancel()
            self._letting_go = None
        if self._is_connected:
            self._voice.say(FeedStatus.QUIET, f"connected; {count:,} bars fetched" if count else "connected")
        self._voice.filled()
        self._release()
        self._looked_at = self._now()
        self._look_at = self._looked_at + SETTLED

    async def _fetch(self, history: History, begin: Millis, end: Millis) -> Counter[str]:
        """How many bars of each symbol were not known before. Raises AlpacaError."""
        found = await history(list(self._symbols), begin, end)
        bars = in_order((bar for each in found.values() for bar in each), self._symbols)
        new = Counter(bar.symbol for bar in bars if self._take(bar, Source.HISTORY) is Taken.NEW)
        self._reached = end if self._reached is None else max(self._reached, end)
        return new

    # The watch.

    async def _look_around(self) -> None:
        """Ask the history whether something was lost; explain silence."""
        now = self._now()
        if self._again_at is not None and now >= self._again_at:
            self._again_at = None
            await self._reconnect()
        if not self._is_connected:
            return
        open_for = {symbol: silence for symbol in self._symbols if (silence := self._silence(symbol)) is not None}
        silence = now - self._heard_at
        if not open_for and silence > CLOSED_AFTER:
            self._voice.say(FeedStatus.QUIET, "the market is closed")
        is_mute = bool(open_for) and min(open_for.values()) > self._mute and silence > self._mute - LATE
        silent = [
            symbol for symbol, lasts in open_for.items() if lasts > self._mute and not self._voice.is_quiet(symbol)
        ]
        since = now - self._looked_at
        if now >= self._look_at or (silent and since >= self._mute // 4) or (is_mute and since >= self._mute):
            await self._look(is_mute, silent)

    async def _look(self, is_mute: bool, silent: Sequence[str]) -> None:
        """Fetch the last minutes again. What they have and the connection did not bring was lost on the way."""
        self._looked_at = self._now()
        self._look_at = self._looked_at + LOOK_EVERY
        history, reached = self._subject.history, self._reached
        if history is None or reached is None:
            if is_mute:
                await self._start_anew("there is no history to compare with")
            return
        try:
            begin = max(self._subject.first, min(reached, self._compared) - LOOK_BACK)
            lost = await self._fetch(history, begin, self._complete(GRACE))
        except AlpacaError as error:
            self._look_at = self._looked_at + SETTLED
            if is_mute:
                await self._start_anew(f"its history cannot be asked: {error}")
            return
        self._compared = reached
        if (is_mute and lost) or any(count >= LOST_IN_A_ROW for count in lost.values()):
            await self._start_anew("its history goes on")
            return
        if is_mute:
            self._voice.say(FeedStatus.QUIET, "connected; nothing trades, as its history says too")
        for symbol in silent:
            if symbol not in lost:
                self._voice.say_of(symbol, FeedStatus.QUIET)

    async def _start_anew(self, why: str) -> None:
        silence = max(self._silence(symbol) or 0 for symbol in self._symbols) // 1000
        self._voice.say(FeedStatus.STALE, f"connected, but nothing came for {silence} s, and {why}; connecting anew")
        await self._reconnect()

    async def _reconnect(self) -> None:
        self._is_connected = False
        if self._stream is not None and self._stream.is_connected:
            self._is_our_doing = True
            await self._stream.reconnect()

    def _silence(self, symbol: str) -> Millis | None:
        """For how long the symbol has had no bar while its market was open; None while that is closed."""
        at = self._feed_time()
        calendar = self._symbols[symbol]
        try:
            if not calendar.is_open(at - 1):
                return None
            hours = calendar.session(calendar.day_of(at - 1))
        except ValueError:  # hours nobody knows: the engine does not trade in them
            return None
        newest = self._store.newest(symbol)
        ended = self._subject.first if newest is None else newest + MINUTE
        return at - max(ended, at if hours is None else hours[0])

    def _feed_time(self) -> Millis:
        """Now, as far as this feed tells."""
        return self._now() - self._subject.delay

    def _complete(self, grace: Millis = 0) -> Millis:
        """The newest minute that has been over for some time."""
        return whole_minute(self._feed_time() - grace) - MINUTE
