"""The Alpaca broker: orders out by REST; answers in by the trading stream, by what requests tell, and by polls."""

import asyncio
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Final

from sentio_tui.alpaca.answers import TradeUpdate, read_update
from sentio_tui.alpaca.http import AlpacaError
from sentio_tui.alpaca.keys import Keys
from sentio_tui.alpaca.lanes import Place
from sentio_tui.alpaca.rest import Rest
from sentio_tui.alpaca.streams import BACKOFF, Message, StreamState, StreamWord, prepare, trading_stream
from sentio_tui.brokers.alpaca_account import SETTLE, Look
from sentio_tui.brokers.alpaca_line import Line, Sleep
from sentio_tui.brokers.alpaca_orders import Placed, Stage
from sentio_tui.brokers.alpaca_requests import NotSent, client_id, request, session_mark, trouble
from sentio_tui.brokers.alpaca_sending import Sender
from sentio_tui.brokers.base import BrokerFault, BrokerNews, OpenIntent
from sentio_tui.model.bars import Bar, Millis
from sentio_tui.model.events import Answer, Level
from sentio_tui.model.instruments import Instrument
from sentio_tui.model.orders import Fill, Order

POLL: Final = 30.0
"""Seconds between two looks at the open orders: an event that was lost is made up for within a minute."""
POLL_BLIND: Final = 5.0
"""The same while the trading stream is down, Alpaca does not answer, or the outcome of an order is not known."""
RECONCILE: Final[Millis] = 180_000
"""Milliseconds between two comparisons with the account. It is also compared at the start, at each connection of the
trading stream, and when an order has ended."""
LEAST: Final = 1.0
"""Seconds between two looks, however often one is asked for."""
GREETING: Final = 20.0
"""Seconds that the trading stream has at the start before the account is looked at without it."""


class Cancel:
    """A cancel in the outbox."""

    def __init__(self, order_id: str) -> None:
        self.order_id: Final = order_id


class AlpacaBroker:
    """Implements `brokers.base.OutsideBroker` for one session on one account.

    Nothing leaves before the account was looked at: then it is known what the session has there already. From then on
    the account's orders are looked at every half minute, whatever the trading stream says.
    """

    name = "alpaca"

    def __init__(
        self,
        rest: Rest,
        keys: Keys,
        place: Place,
        instruments: Mapping[str, Instrument],
        session: str,
        now: Callable[[], Millis] = lambda: time.time_ns() // 1_000_000,
        *,
        sleep: Sleep = asyncio.sleep,
        backoff: tuple[float, float] = BACKOFF,
    ) -> None:
        """`instruments` are the symbols of the session, `session` is its name, `now` the wall clock in milliseconds.
        `sleep` takes seconds, `backoff` is the trading stream's."""
        self._rest = rest
        self._keys = keys
        self._place = place
        self._instruments = dict(instruments)
        self._session = session
        self._backoff = backoff
        self._line = Line(rest, now, sleep)
        self._prices: dict[str, float] = {}
        self._held: list[Placed | Cancel] = []
        """Not on disk yet."""
        self._refused: dict[str, str] = {}
        """Why orders in the outbox are not to be sent, by their ids."""
        self._outbox: asyncio.Queue[Placed | Cancel] = asyncio.Queue()
        self._heard: asyncio.Queue[TradeUpdate | StreamWord] = asyncio.Queue()
        self._is_ready = False
        self._has_stream_spoken = False
        self._is_stream_up = False
        self._faults: dict[str, str] = {}

    # What the engine calls.

    def submit(self, order: Order, at: Millis) -> None:
        """An id that was given before is passed over in silence."""
        if order.id in self._line.orders:
            return
        identity = client_id(self._session, order.id)
        instrument = self._instruments[order.symbol]
        wanted = None
        try:
            wanted = request(order, instrument, identity, self._prices.get(order.symbol))
        except NotSent as error:
            self._refused[order.id] = str(error)
        placed = Placed(order, instrument, identity, wanted, Stage.WAITING, at)
        self._line.orders.add(placed)
        self._held.append(placed)

    def cancel(self, order_id: str, at: Millis) -> None:
        """What becomes of it is told by the order's end."""
        self._held.append(Cancel(order_id))

    def on_bar(self, bar: Bar, at: Millis) -> None:
        self._prices[bar.symbol] = bar.close

    def at_last_price(self, order_id: str, at: Millis) -> None:
        """Prices are made elsewhere."""

    def end_of_data(self, at: Millis) -> None:
        """Prices are made elsewhere."""

    def answers(self) -> Sequence[Answer]:
        return ()

    def release(self) -> None:
        """Everything submitted or cancelled so far is on disk and may leave the process."""
        if not self._held:
            return
        now = self._line.now()
        for item in self._held:
            if isinstance(item, Placed):
                item.sent_at = now
            self._outbox.put_nowait(item)
        self._held.clear()

    def adopt(self, intents: Iterable[OpenIntent], fills: Iterable[Fill] = ()) -> None:
        """Go on with a session's open orders, which an earlier process may have sent: each is looked for at Alpaca, and
        none is sent again. `fills` are those the session knows. Before `run`; what was submitted since is forgotten, as
        a rerun submits everything once more.
        """
        spent: dict[str, float] = {}
        for fill in fills:
            spent[fill.order_id] = spent.get(fill.order_id, 0.0) + fill.value
        asked = {item.order_id for item in self._held if isinstance(item, Cancel)}
        self._held.clear()
        self._refused.clear()
        self._line.orders.clear()
        for intent in intents:
            order = intent.order
            identity = client_id(self._session, order.id)
            placed = Placed(order, self._instruments[order.symbol], identity, None, Stage.UNKNOWN, order.time)
            placed.filled, placed.value = intent.filled, spent.get(order.id, 0.0)
            placed.broker_id, placed.is_accepted = intent.broker_id, bool(intent.broker_id)
            placed.cancel = order.id in asked
            self._line.orders.add(placed)

    # Being connected.

    async def run(self, tell: Callable[[BrokerNews], None]) -> None:
        """Be connected until cancelled. Orders on their way then come to their end, and what was released is sent,
        but for buys."""
        self._line.tell = tell
        await asyncio.to_thread(prepare)
        sender = self._sender = Sender(self._line)
        look = Look(self._line, sender, self._instruments, session_mark(self._session))
        stream = trading_stream(self._keys, self._place, self._take, self._heard.put_nowait, backoff=self._backoff)
        listening = asyncio.create_task(stream.run_async())
        hearing = asyncio.create_task(self._hear())
        working = [asyncio.create_task(self._look(look)), asyncio.create_task(self._leave())]
        vital: list[asyncio.Future[None]] = [hearing, *working, sender.failed]
        try:
            await asyncio.wait({*vital, listening}, return_when=asyncio.FIRST_COMPLETED)
            if listening.done() and listening.exception() is None:
                # It ends by itself where trying again would not help: that has been told, and polls go on.
                await asyncio.wait(vital, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in working:
                task.cancel()
            while not self._outbox.empty():
                self._go(self._outbox.get_nowait())
            await sender.finish()
            await stream.astop()
            hearing.cancel()
            await asyncio.gather(*working, hearing, listening, return_exceptions=True)
        for ended in (*vital, listening):
            if not ended.cancelled():
                ended.result()

    def _take(self, message: Message) -> None:
        """A message of the trading stream. One that cannot be read is told by the stream, and made up for by a poll."""
        self._heard.put_nowait(read_update(message))

    async def _leave(self) -> None:
        """Send what is released, once it is known what is there."""
        line = self._line
        while not self._is_ready:
            await line.until(lambda: self._is_ready, POLL)
        while True:
            self._go(await self._outbox.get())

    def _go(self, item: Placed | Cancel) -> None:
        line = self._line
        if isinstance(item, Cancel):
            placed = line.orders.by_order(item.order_id)
            if placed is not None and placed.is_open:
                self._sender.cancel(placed)
        elif (why := self._refused.pop(item.order.id, "")) or item.request is None:
            line.answer(item.deny(why, line.now()))
        else:
            self._sender.send(item)

    async def _hear(self) -> None:
        """The trading stream, one message or word after the other."""
        while True:
            match await self._heard.get():
                case StreamWord() as word:
                    self._spoke(word)
                case update:
                    self._updated(update)

    def _updated(self, update: TradeUpdate) -> None:
        line = self._line
        placed = line.take(update.order, update)
        if placed is None or not placed.is_open:
            return
        if update.event == "order_cancel_rejected":
            placed.cancel = placed.cancelling = False
            line.say(Level.WARNING, "cancel_refused", f"order {placed.order.id} cannot be cancelled any more")
        elif update.order.is_done:
            line.ask()  # at which price it filled is not known yet

    async def _look(self, look: Look) -> None:
        """Orders and account, again and again."""
        line = self._line
        await line.until(lambda: self._has_stream_spoken, GREETING)
        due, ends = line.now(), line.ends
        while True:
            if line.ends != ends:
                await line.until(lambda: line.is_asked, SETTLE)
            is_due = line.is_asked or line.ends != ends or line.now() >= due
            line.is_asked, ends = False, line.ends
            is_told = False
            try:
                if is_due:
                    is_told = await look.account()
                else:
                    await look.orders()
            except AlpacaError as error:
                self._fault("requests", trouble(error))
            else:
                self._fault("requests", "")
                self._fault("account", look.blocked)
            if is_told:
                due = line.now() + RECONCILE
                self._become_ready()
            elif is_due:
                due = line.now()
            is_blind = due <= line.now() or line.is_uncertain or not self._is_stream_up
            await line.until(_never, LEAST)
            await line.until(partial(self._is_wanted, ends), POLL_BLIND if is_blind else POLL)

    def _become_ready(self) -> None:
        """What is released may leave. A fault of the process before this one is over."""
        if not self._is_ready:
            self._is_ready = True
            self._tell_faults()
            self._line.changed()

    def _is_wanted(self, ends: int) -> bool:
        """Whether the account is to be looked at before its time: somebody asked, or further orders have ended."""
        return self._line.is_asked or self._line.ends != ends

    def _spoke(self, word: StreamWord) -> None:
        """What the trading stream says of itself."""
        line = self._line
        match word.state:
            case StreamState.CONNECTED:
                return
            case StreamState.SUBSCRIBED:
                if self._has_stream_spoken and not self._is_stream_up:
                    line.say(Level.INFO, "stream", "the trading stream is back; orders and account are compared")
                self._is_stream_up = True
            case StreamState.LOST:
                if self._is_stream_up or not self._has_stream_spoken:
                    text = f"the trading stream is down: {word.detail}; orders are looked up every {POLL_BLIND:.0f} s"
                    line.say(Level.WARNING, "stream", text)
                self._is_stream_up = False
            case StreamState.FATAL:
                self._is_stream_up = False
                self._fault("stream", f"the trading stream ends: {word.detail}")
            case _:
                line.say(Level.WARNING, "stream", f"the trading stream: {word.detail}; the orders are looked up")
        self._has_stream_spoken = True
        self._line.ask()

    def _fault(self, part: str, text: str) -> None:
        """Something of Alpaca does not work, or does again (`text` empty). The first words of an outage stand."""
        if bool(text) == (part in self._faults):
            return
        if text:
            self._faults[part] = text
        else:
            del self._faults[part]
        self._tell_faults()

    def _tell_faults(self) -> None:
        self._line.tell(BrokerFault("; ".join(self._faults.values())))


def _never() -> bool:
    return False
