"""The market as it happens: trades, quotes and bars at their times."""

from collections.abc import Callable
from functools import partial
from typing import Final

from msgspec import Struct

from sentio_tui.model.bars import MINUTE, Millis
from tests.exchange.clock import FakeClock
from tests.exchange.market import IEX, PUBLISHED, SIP, UPDATED, Market, Quote
from tests.exchange.paths import MinuteBar, path

TRADES: Final = 4
"""Trades in a minute that has any; fewer could not make its bar."""


class Trade(Struct, frozen=True):
    """A trade, and the quote around it. `tapes` are those that show it."""

    symbol: str
    at: Millis
    price: float
    size: float
    number: int
    quote: Quote
    tapes: tuple[str, ...]


class BarOut(Struct, frozen=True):
    """A bar that is published: `kind` is b for a new one, u for an updated one."""

    kind: str
    tape: str
    symbol: str
    at: Millis
    bar: MinuteBar


class Ticker:
    """Moves with the clock. `on_price` hears of each trade on any exchange before `on_trade` tells it to the streams.

    `trades` in a minute may be set to more than four.
    """

    def __init__(self, clock: FakeClock, market: Market) -> None:
        self.on_price: Final[list[Callable[[str, float], None]]] = []
        self.on_trade: Final[list[Callable[[Trade], None]]] = []
        self.on_bar: Final[list[Callable[[BarOut], None]]] = []
        self.trades = TRADES
        self._clock = clock
        self._market = market
        self._last: dict[str, tuple[float, Millis]] = {}
        self._count = 0
        at = clock.now - clock.now % MINUTE
        # The minute that the exchange begins in is told in full if it begins with it; else only what it came to.
        if at == clock.now:
            clock.at(at, self._minute)
        else:
            self._come_to(at)
            clock.at(at + MINUTE, self._minute)

    def last(self, symbol: str) -> float:
        """The price of the last trade."""
        if symbol not in self._last:
            self._last[symbol] = self._market.price(symbol, self._clock.now), self._clock.now
        return self._last[symbol][0]

    def quote(self, symbol: str) -> Quote:
        return self._market.quote(symbol, self.last(symbol))

    def set_price(self, symbol: str, price: float) -> None:
        """A trade at that price, now, which is in no bar."""
        self._trade(symbol, price, 100.0, ())

    def _minute(self) -> None:
        at = self._clock.now
        at -= at % MINUTE
        trading: list[tuple[str, list[float], float, tuple[str, ...]]] = []
        for symbol in self._market.listings:
            minute = self._market.minute(symbol, at)
            if minute is not None and minute.first is not None:
                on_iex = self._market.minute(symbol, at, IEX)
                tapes = (SIP, IEX) if on_iex is not None and on_iex.first is not None else (SIP,)
                trading.append((symbol, path(minute.first, self.trades), minute.first.v / self.trades, tapes))
        if trading:
            for index in range(self.trades):
                due = at + 500 + index * 59_000 // (self.trades - 1)
                self._clock.at(due, partial(self._tick, trading, index))
        self._come_to(at)
        self._clock.at(at + MINUTE, self._minute)

    def _come_to(self, at: Millis) -> None:
        """Publish the bars of a minute when they are due."""
        self._clock.at(at + MINUTE + PUBLISHED, lambda: self._publish("b", at))
        self._clock.at(at + MINUTE + UPDATED, lambda: self._publish("u", at))

    def _tick(self, trading: list[tuple[str, list[float], float, tuple[str, ...]]], index: int) -> None:
        for symbol, prices, size, tapes in trading:
            self._trade(symbol, prices[index], size, tapes)

    def _trade(self, symbol: str, price: float, size: float, tapes: tuple[str, ...]) -> None:
        self._count += 1
        self._last[symbol] = price, self._clock.now
        for hear in self.on_price:
            hear(symbol, size)
        if self.on_trade:
            trade = Trade(symbol, self._clock.now, price, size, self._count, self._market.quote(symbol, price), tapes)
            for tell in self.on_trade:
                tell(trade)

    def _publish(self, kind: str, at: Millis) -> None:
        if not self.on_bar:
            return
        for symbol in self._market.listings:
            for tape in (SIP, IEX):
                minute = self._market.minute(symbol, at, tape)
                bar = None if minute is None else minute.first if kind == "b" else minute.final
                if bar is not None:
                    for tell in self.on_bar:
                        tell(BarOut(kind, tape, symbol, at, bar))
