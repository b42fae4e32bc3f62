"""The signals of a whole data set without trading: what a strategy says after each bar of its driving symbol."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from msgspec import Struct
from msgspec.structs import replace

from sentio_tui.feeds.base import Feed, FeedError
from sentio_tui.market.validation import fault
from sentio_tui.model.bars import MINUTE, Bar, Millis
from sentio_tui.sessions.assemble import plan_of
from sentio_tui.sessions.books import family_of
from sentio_tui.sessions.export import Row, signal_row
from sentio_tui.sessions.markets import feed_of, with_symbols
from sentio_tui.settings import MachineSettings, Settings
from sentio_tui.strategies.base import Strategy


class SignalsFailed(Exception):
    """The strategy failed; names the bar and the failure."""


class DataSet(Struct, frozen=True):
    """A strategy and the bars it is given. `dropped` counts those that a session would not have taken either."""

    book: str
    symbol: str
    strategy: Strategy
    bars: list[Bar]
    dropped: int
    zone: ZoneInfo

    def rows(self) -> Iterator[Row]:
        """One row a bar, as in the log `signals_` of a session. To be gone through once: the strategy learns.

        Raises SignalsFailed.
        """
        for bar in self.bars:
            at = bar.time + MINUTE
            try:
                signal = self.strategy.on_bar(bar)
            except Exception as error:  # anybody's code; the person is told what it was
                raise SignalsFailed(
                    f"{self.strategy.name} failed on the bar of {self._time(bar.time)}: {type(error).__name__}: {error}"
                ) from error
            yield signal_row(signal, at, self.book, self.zone)

    def _time(self, at: Millis) -> str:
        return f"{datetime.fromtimestamp(at / 1000, UTC).astimezone(self.zone):%Y-%m-%d %H:%M %Z}"


def data_set(settings: Settings, symbol: str | None) -> DataSet:
    """The configured strategy on every bar of the recorded data, whatever days, slots and books are configured.

    `symbol` is the driving one; without it it is the base of the configured family, or the only symbol of the data.
    Raises ConfigError, and FeedError where the data cannot be read or does not have the symbol.
    """
    symbol = symbol or _only(settings)
    settings = replace(
        settings,
        feed=replace(settings.feed, symbols=(symbol,), date="", warm_up_days=0),
        machine=MachineSettings(),
        books=(),
    )
    plan = plan_of(settings)
    (book,) = plan.books
    feed = feed_of(plan.settings, plan.instruments, plan.hours, None)
    bars, dropped = _believed(asyncio.run(_all(feed)))
    return DataSet(book.name, symbol, book.strategies[symbol], bars, dropped, ZoneInfo(plan.hours[symbol].zone))


def _only(settings: Settings) -> str:
    family = family_of(settings)
    if family is not None:
        return family.base
    symbols = with_symbols(settings, None).feed.symbols
    if len(symbols) != 1:
        raise FeedError(f"there are bars of {', '.join(symbols)}: choose the symbol with --symbol")
    return symbols[0]


async def _all(feed: Feed) -> list[Bar]:
    return [item async for batch in feed.batches() for item in batch if isinstance(item, Bar)]


def _believed(bars: list[Bar]) -> tuple[list[Bar], int]:
    """The bars that a session would take, and the number of the others."""
    good: list[Bar] = []
    previous = None
    for bar in bars:
        if fault(bar, previous) is None:
            good.append(bar)
            previous = bar
    return good, len(bars) - len(good)
