"""What the parts of the Alpaca broker share: the orders, the ways to Alpaca and to the session, and the time."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

from sentio_tui.alpaca.answers import BrokerOrder, TradeUpdate
from sentio_tui.alpaca.rest import Rest
from sentio_tui.brokers.alpaca_orders import Orders, Placed, Stage
from sentio_tui.brokers.base import BrokerNews, BrokerWord
from sentio_tui.model.bars import Millis
from sentio_tui.model.events import Answer, Level, OrderFilled

Sleep = Callable[[float], Awaitable[object]]
"""Takes seconds."""

_UNCERTAIN: Final = frozenset({Stage.SENT, Stage.UNKNOWN})


class Line:
    """Lives on the session's loop."""

    def __init__(self, rest: Rest, now: Callable[[], Millis], sleep: Sleep) -> None:
        self.rest: Final = rest
        self.now: Final = now
        self.orders: Final = Orders()
        self.tell: Callable[[BrokerNews], None] = _nobody
        self.moves = 0
        """Counts what happened to orders."""
        self.ends = 0
        """Counts the orders of which something filled and that have ended."""
        self.accounts = 0
        """Counts how often the account was told."""
        self.bought: Final[dict[str, float]] = {}
        """By symbol, what has filled since the account was last told; sales count below zero."""
        self.strays: Final[list[Placed]] = []
        """Orders that are there although their end has been told."""
        self.is_asked = True
        """Orders and account are to be looked at now."""
        self.is_closing = False
        self._sleep = sleep
        self._pulse = asyncio.Event()

    def say(self, level: Level, code: str, text: str) -> None:
        self.tell(BrokerWord(level, code, text))

    def take(self, found: BrokerOrder, update: TradeUpdate | None = None) -> Placed | None:
        """Tell what is new in an order of ours. None for one that is not known here."""
        placed = self.orders.by_identity(found.client_order_id)
        if placed is None:
            return None
        was_open = placed.is_open
        self.answer(*placed.take(found, self.now(), update))
        if placed.denied and not found.is_done and placed not in self.strays:
            self.strays.append(placed)
        if was_open and not placed.is_open and placed.filled:
            self.ends += 1
        self.changed()
        return placed

    def answer(self, *answers: Answer) -> None:
        for answer in answers:
            self.moves += 1
            if isinstance(answer, OrderFilled):
                fill = answer.fill
                sign = 1.0 if fill.side == "buy" else -1.0
                self.bought[fill.symbol] = self.bought.get(fill.symbol, 0.0) + sign * fill.quantity
            self.tell(answer)

    @property
    def is_uncertain(self) -> bool:
        """Whether the outcome of a request is not known: then the account may hold what nobody has told."""
        return any(placed.stage in _UNCERTAIN for placed in self.orders.open())

    def ask(self) -> None:
        """Let orders and account be looked at soon."""
        self.is_asked = True
        self.changed()

    def changed(self) -> None:
        """Let everybody who waits look again."""
        pulse, self._pulse = self._pulse, asyncio.Event()
        pulse.set()

    async def until(self, condition: Callable[[], bool], seconds: float) -> None:
        """Until it is so, or the time is over."""
        timer = asyncio.ensure_future(self._sleep(seconds))
        try:
            while not condition() and not timer.done():
                change = asyncio.ensure_future(self._pulse.wait())
                try:
                    await asyncio.wait({timer, change}, return_when=asyncio.FIRST_COMPLETED)
                finally:
                    change.cancel()
        finally:
            timer.cancel()


def _nobody(news: BrokerNews) -> None:
    raise RuntimeError(f"nobody hears this yet: {news}")
