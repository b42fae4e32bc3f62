"""A simulated market: seeded, endless if wanted, the same bars to the byte for the same settings.

The return of a symbol in a minute is

    r = v * season * (loading * M + sqrt(1 - loading^2) * X) + gap

* M is the common source of all symbols of an asset class, X the symbol's own (see `returns.py`: clustering volatility,
  trends, ranges, bursts and jumps); two symbols of a class correlate by the product of their loadings.
* v is the annual volatility as that of one minute: over sqrt(365 * 1,440) for crypto; for equities over
  sqrt(252 * 390), less the OVERNIGHT share of the variance, which comes as a gap at the open.
* season is the time of day: the U of exchange hours for equities (Wood, McInish & Ord 1985, Journal of Finance 40), a
  mild afternoon high (UTC) for crypto. Its mean square is 1.
* High and low are drawn from the exact law of the extremes of a Brownian bridge from open to close (Glasserman 2004,
  Monte Carlo Methods in Financial Engineering, 6.4), one independent of the other.
* Volume grows with the absolute return and has noise of its own (mixture of distributions: Clark 1973,
  Econometrica 41).
* The level is pulled to the start price with a half-life of HALF_LIFE days, so that years of it stay believable.

Every symbol and purpose has a random stream of its own, so that a further symbol changes no other symbol's bars.
Bars are made in blocks of a day from the start; nothing depends on how they are read.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from itertools import repeat
from math import log, sqrt
from operator import attrgetter
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from sentio_tui.feeds.base import FeedError, FeedItem
from sentio_tui.feeds.returns import ReturnSource, stable_hash, stream
from sentio_tui.market.calendar import ROUND_THE_CLOCK, Calendar, exchange_of, for_asset
from sentio_tui.model.bars import MINUTE, Bar, Millis
from sentio_tui.model.instruments import AssetClass

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Minutes = NDArray[np.int64]

BATCH: Final = 256
DAY_MINUTES: Final = 1_440
SESSION_MINUTES: Final = 390
OVERNIGHT: Final = 0.25
"""Share of an equity's daily variance that comes as a gap (compare French & Roll 1986: little while closed)."""
HALF_LIFE: Final = 120.0
LARGEST_BODY: Final = 0.12
LARGEST_SHADOW: Final = 0.08
"""Bounds of a minute's log return and of what high and low add to it, inside those of a believable bar."""
FEWEST_TICKS: Final = 1_000
"""The start price in ticks, at least; a coarser tick would make bars of one step."""


class SimulatedSymbol(Struct, frozen=True):
    """A symbol of the simulated market.

    `volatility` is annual, a fraction. `loading` is the correlation with the class's common source, 0 to 1.
    `turnover` is the money traded in an average minute. `exchange` is whose hours it keeps; empty is the usual one.
    """

    symbol: str
    asset_class: AssetClass
    price: float
    volatility: float
    loading: float
    turnover: float
    price_step: float = 0.01
    exchange: str = ""

    @property
    def place(self) -> tuple[AssetClass, str]:
        """What it shares with others: a common source and hours."""
        return self.asset_class, exchange_of(self.asset_class, self.exchange)


_KNOWN: Final = {
    "BTC-USD": (97_000.0, 0.70, 0.90, 900_000.0),
    "ETH-USD": (3_600.0, 0.90, 0.88, 450_000.0),
    "SOL-USD": (215.0, 1.20, 0.80, 250_000.0),
    "LTC-USD": (103.0, 0.95, 0.80, 60_000.0),
    "SPY": (590.0, 0.16, 0.97, 75_000_000.0),
    "QQQ": (515.0, 0.20, 0.93, 45_000_000.0),
    "IBM": (220.0, 0.22, 0.60, 2_400_000.0),
}


def simulated_symbol(
    symbol: str, asset_class: AssetClass, price_step: float = 0.01, exchange: str = ""
) -> SimulatedSymbol:
    """A symbol at a realistic level. One that is not known gets its figures from its name, the same every time."""
    if symbol in _KNOWN:
        price, volatility, loading, turnover = _KNOWN[symbol]
    else:
        number = stable_hash(symbol)
        high, wide = (number & 0xFFFF) / 0x10000, (number >> 16 & 0xFFFF) / 0x10000
        price = round(20.0 * 20.0**high, 2)
        if asset_class is AssetClass.CRYPTO:
            volatility, loading, turnover = 0.8 + 0.5 * wide, 0.75, 60_000.0
        else:
            volatility, loading, turnover = 0.2 + 0.3 * wide, 0.55, 1_500_000.0
    return SimulatedSymbol(symbol, asset_class, price, volatility, loading, turnover, price_step, exchange)


class SimulatedFeed:
    """Bars of made-up markets from `start` on, for `days` times 24 hours, or without end for 0.

    A symbol trades in its exchange's sessions only, crypto round the clock. Raises FeedError for symbols, a start or a
    number of days it cannot simulate, ValueError for an unknown exchange.
    """

    name: str = "simulated"
    is_live: bool = False

    def __init__(
        self,
        symbols: Sequence[SimulatedSymbol],
        seed: int,
        start: Millis,
        days: int = 0,
        *,
        batch: int = BATCH,
    ) -> None:
        _check(symbols, seed, start, days)
        self._symbols = tuple(symbols)
        self._seed = seed
        self._start = start
        self._days = days
        self._batch = batch
        self._calendars = {place: for_asset(*place) for place in dict.fromkeys(each.place for each in symbols)}

    @property
    def begin(self) -> Millis:
        return self._start

    async def batches(self, skip: int = 0) -> AsyncIterator[Sequence[FeedItem]]:
        markets = {place: _Market(*place, calendar, self._seed) for place, calendar in self._calendars.items()}
        walks = [_Walk(each, self._seed) for each in self._symbols]
        block = 0
        while not self._days or block < self._days:
            begin = self._start + block * DAY_MINUTES * MINUTE
            block += 1
            try:
                days = {place: market.day(begin) for place, market in markets.items()}
            except ValueError as error:
                raise FeedError(f"simulated market: {error}; set feed.start and feed.days to end before that") from None
            tables = [walk.day(days[walk.symbol.place]) for walk in walks]
            bars_of_day = sum(len(table.times) for table in tables)
            if skip >= bars_of_day:
                skip -= bars_of_day
                continue
            # Sorting by time alone keeps the order of the symbols within a minute, because sorting is stable.
            bars = sorted((bar for table in tables for bar in table.bars()), key=attrgetter("time"))
            for index in range(skip, bars_of_day, self._batch):
                yield bars[index : index + self._batch]
            skip = 0


class _Day(Struct, frozen=True):
    """What the symbols of an asset class and exchange share on one day: arrays of one entry for each open minute.

    `first` are the minutes that open a session, `season` and `activity` the time of day's factors of volatility and
    volume, `returns` and `volatility` those of the common source, `gaps` its part of the opening gaps.
    """

    times: Minutes
    first: NDArray[np.bool_]
    season: Floats
    activity: Floats
    returns: Floats
    volatility: Floats
    gaps: Floats


class _Table(Struct, frozen=True):
    """A symbol's bars of a day as columns."""

    symbol: str
    times: list[Millis]
    columns: tuple[list[float], list[float], list[float], list[float], list[float]]

    def bars(self) -> list[Bar]:
        return list(map(Bar, repeat(self.symbol), self.times, *self.columns))


class _Market:
    """The common source of an asset class on an exchange, its hours and its time of day."""

    def __init__(self, asset_class: AssetClass, exchange: str, calendar: Calendar, seed: int) -> None:
        self._closes = exchange != ROUND_THE_CLOCK
        self._calendar = calendar
        name = f"market {asset_class.value}" + ("" if exchange == exchange_of(asset_class) else f" {exchange}")
        self._source = ReturnSource(seed, name)
        self._gaps = stream(seed, "gaps", name)

    def day(self, begin: Millis) -> _Day:
        import numpy as np

        end = begin + DAY_MINUTES * MINUTE
        times: list[Minutes] = [np.empty(0, np.int64)]
        share: list[Floats] = [np.empty(0)]
        days = self._calendar.sessions_between(self._calendar.day_of(begin), self._calendar.day_of(end))
        for day in days:
            hours = self._calendar.session(day)
            if hours is None:
                continue
            minutes = np.arange(max(hours[0], begin), min(hours[1], end), MINUTE, dtype=np.int64)
            times.append(minutes)
            share.append((minutes - hours[0]) / (hours[1] - hours[0]))
        at, passed = np.concatenate(times), np.concatenate(share)
        season, activity = _exchange_day(passed) if self._closes else _round_the_clock(passed)
        returns, volatility = self._source.take(len(at))
        first = (passed == 0.0) & self._closes
        gaps = np.zeros(len(at))
        gaps[first] = self._gaps.standard_normal(int(first.sum()))
        return _Day(at, first, season, activity, returns, volatility, gaps)


class _Walk:
    """The price of one symbol, from where the last day ended."""

    def __init__(self, symbol: SimulatedSymbol, seed: int) -> None:
        self.symbol = symbol
        self._source = ReturnSource(seed, f"symbol {symbol.symbol}")
        self._gaps = stream(seed, "gaps", f"symbol {symbol.symbol}")
        self._shape = stream(seed, "shape", f"symbol {symbol.symbol}")
        self._volumes = stream(seed, "volumes", f"symbol {symbol.symbol}")
        self._level = self._home = log(symbol.price)
        closes = symbol.place[1] != ROUND_THE_CLOCK
        days, minutes = (252, SESSION_MINUTES) if closes else (365, DAY_MINUTES)
        daily = symbol.volatility / sqrt(days)
        self._minute = daily * sqrt((1 - OVERNIGHT if closes else 1.0) / minutes)
        self._gap = daily * sqrt(OVERNIGHT)
        self._own = sqrt(1 - symbol.loading**2)
        self._lot = 1.0 if symbol.asset_class is AssetClass.EQUITY else 0.0001

    def day(self, day: _Day) -> _Table:
        import numpy as np

        count = len(day.times)
        if not count:
            return _Table(self.symbol.symbol, [], ([], [], [], [], []))
        loading = self.symbol.loading
        returns, volatility = self._source.take(count)
        unit = self._minute * day.season
        noise = self._shape.standard_normal(count)
        upward, downward = self._shape.random(count), self._shape.random(count)
        size = unit * np.sqrt((loading * day.volatility) ** 2 + (self._own * volatility) ** 2)
        body = np.clip(unit * (loading * day.returns + self._own * returns), -LARGEST_BODY, LARGEST_BODY)
        body += (self._home - self._level) * (1 - 0.5 ** (1 / HALF_LIFE)) / count
        # Trades do not open where the last minute closed: a little of each minute's move lies between the bars.
        step = 0.05 * size * noise
        gaps = np.zeros(count)
        own_gaps = self._gaps.standard_normal(int(day.first.sum()))
        gaps[day.first] = self._gap * (loading * day.gaps[day.first] + self._own * own_gaps)
        closes = self._level + np.cumsum(body + gaps)
        opens = closes - body + step
        self._level = float(closes[-1])
        moved = closes - opens
        above = np.sqrt(moved**2 - 2 * size**2 * np.log1p(-upward))
        below = np.sqrt(moved**2 - 2 * size**2 * np.log1p(-downward))
        top, bottom = np.maximum(opens, closes), np.minimum(opens, closes)
        highs = np.minimum(np.maximum((opens + closes + above) / 2, top), top + LARGEST_SHADOW)
        lows = np.maximum(np.minimum((opens + closes - below) / 2, bottom), bottom - LARGEST_SHADOW)
        prices = [self._rounded(np.exp(levels)) for levels in (opens, highs, lows, closes)]
        activity = day.activity * (0.3 + 0.7 * np.abs(body) / self._minute)
        usual = self.symbol.turnover / self.symbol.price
        volume = usual * activity * np.exp(0.5 * self._volumes.standard_normal(count) - 0.125)
        lots = np.maximum(np.rint(volume / self._lot), 1.0)
        volumes = (lots / round(1 / self._lot)).tolist()
        return _Table(self.symbol.symbol, day.times.tolist(), (prices[0], prices[1], prices[2], prices[3], volumes))

    def _rounded(self, prices: Floats) -> list[float]:
        """To the tick, as the decimal numbers they are: 97000.07, not 97000.07000000001."""
        import numpy as np

        tick = self.symbol.price_step
        ticks = np.maximum(np.rint(prices / tick), 1.0)
        a_unit = round(1 / tick)
        rounded: list[float] = (ticks / a_unit if a_unit and abs(a_unit * tick - 1) < 1e-9 else ticks * tick).tolist()
        return rounded


def _exchange_day(passed: Floats) -> tuple[Floats, Floats]:
    """The U of exchange hours: factors of volatility (mean square 1) and volume (mean 1) by the share of the session
    that has passed."""
    import numpy as np

    season = 0.80 + 1.1 * np.exp(-passed / 0.08) + 0.45 * np.exp((passed - 1) / 0.06)
    activity = 0.78 + 1.6 * np.exp(-passed / 0.06) + 2.4 * np.exp((passed - 1) / 0.05)
    return season / 0.97, activity


def _round_the_clock(passed: Floats) -> tuple[Floats, Floats]:
    """The day of a market that never closes: busiest at 15:00 UTC, when Europe and America are awake."""
    import numpy as np

    wave = np.cos(2 * np.pi * (passed - 15 / 24))
    return (1 + 0.15 * wave) / sqrt(1 + 0.15**2 / 2), 1 + 0.3 * wave


def _check(symbols: Sequence[SimulatedSymbol], seed: int, start: Millis, days: int) -> None:
    if not symbols:
        raise FeedError("simulated market: no symbols; set feed.symbols")
    names = [each.symbol for each in symbols]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise FeedError(f"simulated market: {', '.join(twice)} given more than once in feed.symbols")
    if seed < 0:
        raise FeedError(f"simulated market: seed {seed} is negative; set feed.seed to 0 or more")
    if start % MINUTE:
        raise FeedError(f"simulated market: start {start} ms is not a whole minute; set feed.start to one")
    if days < 0:
        raise FeedError(f"simulated market: {days} days; set feed.days to 0 (without end) or more")
    for each in symbols:
        where = f"simulated market: {each.symbol or 'a symbol without a name'}"
        if not each.symbol:
            raise FeedError(f"{where}; set feed.symbols")
        if not each.price_step > 0 or not each.price >= FEWEST_TICKS * each.price_step:
            raise FeedError(
                f"{where} at {each.price} with a tick of {each.price_step} has fewer than {FEWEST_TICKS} ticks; "
                "set a smaller price_step"
            )
        if not 0 < each.volatility <= 3:
            raise FeedError(f"{where} has an annual volatility of {each.volatility}; 0 to 3 can be simulated")
        if not 0 <= each.loading <= 1 or not each.turnover > 0:
            raise FeedError(f"{where} needs a loading from 0 to 1 and a turnover above 0")
