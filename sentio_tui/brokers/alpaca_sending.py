"""Orders and cancels on their way to Alpaca: each once, whatever happens on the way."""

import asyncio
from collections.abc import Coroutine
from functools import partial
from typing import Final

from sentio_tui.alpaca.http import AlpacaError
from sentio_tui.alpaca.rest import LONGEST_WAIT
from sentio_tui.brokers.alpaca_line import Line
from sentio_tui.brokers.alpaca_orders import Placed, Stage
from sentio_tui.brokers.alpaca_requests import carried, refusal
from sentio_tui.model.bars import Millis
from sentio_tui.model.events import Level
from sentio_tui.model.orders import Side

FRESH: Final[Millis] = 90_000
"""Milliseconds for which an order may wait to be sent. Later the market is another one."""
AGAIN: Final = 2.0
"""Seconds before another attempt where there was no connection."""
NOT_LANDED: Final[Millis] = 60_000
"""Milliseconds after which an order that Alpaca does not know has not arrived and will not."""
GONE: Final = 10.0
"""Seconds a sell waits for the end of a buy of its symbol that was cancelled, and the other way round: the two could
trade with each other, which Alpaca refuses."""
COMPARED: Final = 30.0
"""Seconds a sale that is made smaller waits for the account to be told."""
GOODBYE: Final = 15.0
"""Seconds that orders under way have when the session ends."""

_THERE: Final = frozenset({Stage.SENT, Stage.UNKNOWN, Stage.PLACED})


class Sender:
    """Every order and cancel is a task of its own, so that none waits for another one's look-ups. Requests leave in the
    order in which they were given."""

    def __init__(self, line: Line) -> None:
        self._line = line
        self._tasks: set[asyncio.Task[None]] = set()
        self.failed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        """Has an exception when there was one that nobody foresaw."""

    def send(self, placed: Placed) -> None:
        self._start(self._send(placed))

    def cancel(self, placed: Placed) -> None:
        """An order that is on its way or unknown is cancelled once it is known to be there."""
        placed.cancel = True
        self._line.changed()
        if placed.stage is Stage.PLACED:
            self._start(self._cancel(placed))

    def remove(self, placed: Placed) -> None:
        """End an order that is there although its end has been told."""
        placed.cancel = True
        self._line.say(
            Level.ALARM,
            "stray_order",
            f"order {placed.order.id}, which did not seem to have arrived, is at Alpaca after all; it is cancelled",
        )
        self._start(self._cancel(placed))

    async def finish(self) -> None:
        """What is under way comes to its end. Buys that still wait are not sent any more."""
        self._line.is_closing = True
        self._line.changed()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=GOODBYE)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if not self.failed.done():
            self.failed.cancel()

    def _start(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        error = None if task.cancelled() else task.exception()
        if error is not None and not self.failed.done():
            self.failed.set_exception(error)

    async def _send(self, placed: Placed) -> None:
        line = self._line
        await line.until(lambda: not self._is_opposed(placed), GONE)
        released = placed.sent_at
        while placed.stage is Stage.WAITING:
            now = line.now()
            if placed.cancel:
                line.answer(placed.drop(now))
            elif now - released > FRESH:
                line.answer(placed.deny(f"it waited {(now - released) // 1000} s for Alpaca, too long", now))
            elif line.is_closing and placed.order.side is Side.BUY:
                return
            else:
                pause = await self._post(placed)
                if pause is None or (pause and line.is_closing and not placed.is_shrunk):
                    break
                if pause:
                    await line.until(partial(self._need_not_wait, placed, line.accounts), pause)
        line.changed()
        if placed.cancel and placed.stage is Stage.PLACED:
            await self._cancel(placed)

    async def _post(self, placed: Placed) -> float | None:
        """One round of the submit protocol. Seconds after which another one is allowed; None where there is none to
        come."""
        line = self._line
        assert placed.request is not None, "an order of another process is never sent"
        placed.stage, placed.sent_at = Stage.SENT, line.now()
        try:
            found = await line.rest.submit(placed.request)
        except AlpacaError as error:
            if placed.stage is not Stage.SENT:
                return None  # an event has told meanwhile that it is there
            return self._refused(placed, error)
        line.take(found)
        return None

    def _refused(self, placed: Placed, error: AlpacaError) -> float | None:
        line, order = self._line, placed.order
        if error.unknown:
            placed.stage = Stage.UNKNOWN
            text = f"it is not known whether order {order.id} reached Alpaca ({error.message}); it is looked up"
            line.say(Level.WARNING, "order_unknown", text)
            line.ask()
            return None
        placed.stage = Stage.WAITING
        if error.retry_at is not None:
            seconds = min(max((error.retry_at - line.now()) / 1000, 0.05), LONGEST_WAIT)
            line.say(Level.WARNING, "order_waits", f"order {order.id} waits {seconds:.0f} s: too many requests")
            return seconds
        if error.status == 0 and error.transient:
            return AGAIN
        smaller = None if placed.is_shrunk else carried(placed.order, placed.request, placed.instrument, error)
        if smaller is not None:
            placed.request, placed.is_shrunk = smaller, True
            if order.side is Side.BUY:
                return 0.0
            line.ask()  # first the books learn of the fee: what is sold then is all they hold
            return COMPARED
        line.answer(placed.deny(refusal(error), line.now()))
        return None

    def _need_not_wait(self, placed: Placed, accounts: int) -> bool:
        """`accounts` is how often the account had been told when the wait began."""
        line = self._line
        return placed.cancel or line.is_closing or (placed.is_shrunk and line.accounts != accounts)

    def _is_opposed(self, placed: Placed) -> bool:
        """Whether an order on the other side of the symbol is about to go."""
        order = placed.order
        return any(
            each.cancel and each.order.symbol == order.symbol and each.order.side is not order.side
            for each in self._line.orders.open()
            if each.stage in _THERE
        )

    async def _cancel(self, placed: Placed) -> None:
        line = self._line
        if placed.cancelling:
            return
        placed.cancelling = True
        try:
            await line.rest.cancel(placed.broker_id)
        except AlpacaError as error:
            placed.cancelling = False
            if error.status not in (404, 422):
                line.say(Level.WARNING, "cancel_failed", f"{error.told}; it is tried again")
                return
            await self._see(placed)

    async def _see(self, placed: Placed) -> None:
        """What became of an order that cannot be cancelled. Where Alpaca cannot be asked, the next poll tells."""
        try:
            found = await self._line.rest.order(placed.identity)
        except AlpacaError:
            return
        if found is not None:
            self._line.take(found)
