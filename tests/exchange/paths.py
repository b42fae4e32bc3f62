"""Made-up minutes of one symbol and day, from a seed alone: nothing depends on what was asked before.

A day is drawn relative to the last close, which is 1. So a fund's day is its base's, times its leverage, and the
levels of the days follow from one another forwards and backwards from the day the exchange begins on.
"""

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from functools import lru_cache
from itertools import pairwise
from math import exp, sqrt
from random import Random
from typing import Final

from msgspec import Struct

from sentio_tui.market.calendar import ROUND_THE_CLOCK, AlwaysOpen, Calendar, for_asset
from sentio_tui.model.bars import MINUTE, Millis
from sentio_tui.model.instruments import AssetClass
from tests.exchange.listings import Listing

BEFORE_OPEN: Final = 90 * MINUTE
AFTER_CLOSE: Final = 60 * MINUTE
"""How long there are sparse trades around the regular session, as on IEX (08:00 to 17:00)."""
QUIET: Final = 0.85, 0.6
"""Share of minutes without a trade out of hours, on IEX and on all exchanges together."""
IEX_SHARE: Final = 0.03
"""Of the volume of all exchanges."""
LATE: Final = 0.02
"""Share of minutes that get an updated bar for a trade that was reported late."""


class MinuteBar(Struct, frozen=True):
    """Prices, volume, number of trades and their average price, as the API has them."""

    o: float
    h: float
    l: float  # noqa: E741 - the API's letter
    c: float
    v: float
    n: int
    vw: float


class Minute(Struct, frozen=True):
    """What a tape says of a minute: at its end, and after a late trade if there was one. A silent one has neither."""

    first: MinuteBar | None
    final: MinuteBar | None = None

    @property
    def truth(self) -> MinuteBar | None:
        return self.final or self.first


HISTORY: Final = timedelta(days=400)
"""There are no prices earlier than that before the day the exchange begins on."""
_A_DAY: Final = timedelta(days=1)

Shape = dict[Millis, tuple[float, float, float, float]]
"""Open, high, low and close of a day's minutes, relative to the last close."""


class Hours:
    """When a listing's day begins and ends."""

    def __init__(self, equities: Calendar) -> None:
        self.equities: Final = equities
        self._always = AlwaysOpen()

    def of(self, listing: Listing) -> Calendar:
        return self._always if listing.never_closes else self.equities

    def day_of(self, listing: Listing, at: Millis) -> date:
        """The day an instant belongs to."""
        return self.of(listing).day_of(at)

    def minutes(self, listing: Listing, day: date) -> Iterator[tuple[Millis, bool]]:
        """The minutes of a day, and whether each is in the regular session."""
        session = self.of(listing).session(day)
        if session is None:
            return
        begin, end = session
        closes = self.of(listing).name != ROUND_THE_CLOCK
        around = (BEFORE_OPEN, AFTER_CLOSE) if closes else (0, 0)
        for at in range(begin - around[0], end + around[1], MINUTE):
            yield at, begin <= at < end


def draw(listing: Listing, day: date, seed: int, hours: Hours) -> Shape:
    """The shape of a day of a symbol that follows no other."""
    random = Random(f"{seed} {listing.symbol} {day}")
    minutes = (365 * 1_440) if listing.never_closes else (252 * 390)
    size = listing.volatility / sqrt(minutes)
    level = 1.0 if listing.never_closes else exp(random.gauss(0.0, 5 * size))
    shape: Shape = {}
    for at, regular in hours.minutes(listing, day):
        step = size if regular else size / 3
        opening = level * (1 + random.gauss(0.0, 0.1 * step))
        level *= exp(random.gauss(0.0, step))
        above, below = abs(random.gauss(0.0, 0.5 * step)), abs(random.gauss(0.0, 0.5 * step))
        shape[at] = opening, max(opening, level) * (1 + above), min(opening, level) * (1 - below), level
    return shape


def follow(base: Shape, leverage: float) -> Shape:
    """The day of a fund, from its base's. A negative multiple swaps high and low."""

    def value(relative: float) -> float:
        return max(1 + leverage * (relative - 1), 0.01)

    shape: Shape = {}
    for at, (opening, high, low, close) in base.items():
        ends = sorted((value(high), value(low)))
        shape[at] = value(opening), ends[1], ends[0], value(close)
    return shape


def tapes(
    listing: Listing, day: date, seed: int, hours: Hours, shape: Shape, level: float
) -> tuple[dict[Millis, Minute], dict[Millis, Minute]]:
    """The day in prices, on all exchanges together (SIP) and on IEX, where a few per cent of it trade."""
    random = Random(f"{seed} {listing.symbol} {day} tapes")
    regular = dict(hours.minutes(listing, day))
    sip: dict[Millis, Minute] = {}
    iex: dict[Millis, Minute] = {}
    lots = 1.0 if not listing.never_closes else 10_000.0
    for at, relative in shape.items():
        opening, high, low, close = (max(round(level * each, 2), 0.01) for each in relative)
        usual = listing.volume if regular[at] else listing.volume / 50
        volume = max(round(usual * exp(random.gauss(-0.125, 0.5)) * lots), 1) / lots
        chance, late, inner, other = random.random(), random.random(), random.random(), random.random()
        quiet = (listing.silent, listing.silent / 20) if regular[at] else QUIET
        if chance >= quiet[1]:
            sip[at] = _minute(opening, high, low, close, volume, late)
        if chance >= quiet[0]:
            top, bottom = max(opening, close), min(opening, close)
            mine = max(round(volume * IEX_SHARE * (0.5 + other) * lots), 1) / lots
            iex[at] = _minute(
                opening,
                round(top + (high - top) * inner, 2),
                round(bottom - (bottom - low) * inner, 2),
                close,
                mine,
                late,
            )
    return sip, iex


def bar(opening: float, high: float, low: float, close: float, volume: float, trades: int = 0) -> MinuteBar:
    """A bar with an average price that lies in it and a believable number of trades."""
    average = round((opening + high + low + close) / 4, 6)
    return MinuteBar(opening, high, low, close, volume, trades or max(int(volume / 60), 1), average)


def _minute(opening: float, high: float, low: float, close: float, volume: float, late: float) -> Minute:
    first = bar(opening, high, low, close, volume)
    if late >= LATE:
        return Minute(first)
    wider = (high + 0.02, low) if late < LATE / 2 else (high, max(low - 0.02, 0.01))
    more = volume + (1.0 if volume >= 1 else 0.001)
    return Minute(first, bar(opening, round(wider[0], 2), round(wider[1], 2), close, round(more, 4), first.n + 1))


def path(of: MinuteBar, count: int) -> list[float]:
    """The prices of `count` trades (4 at least) that make the bar: open, the nearer extreme, the other one, close."""
    corners = [of.o, of.l, of.h, of.c] if of.c >= of.o else [of.o, of.h, of.l, of.c]
    prices: list[float] = []
    spare = count - 4
    legs = list(pairwise(corners))
    for index, (begin, end) in enumerate(legs):
        between = spare // 3 + (index < spare % 3)
        prices += [round(begin + (end - begin) * step / (between + 1), 2) for step in range(between + 1)]
    return [*prices, corners[-1]]


class Day(Struct, frozen=True):
    """A day of a symbol: its minutes in order of time, and what both tapes say of them."""

    times: list[Millis]
    sip: dict[Millis, Minute]
    iex: dict[Millis, Minute]


class MadeUp:
    """The minutes of a seed, a first day and some listings, made when they are asked for. Nothing else changes them,
    so all exchanges of a process that begin alike share one."""

    def __init__(self, seed: int, begin: Millis, listings: tuple[Listing, ...], exchange: str) -> None:
        self.hours: Final = Hours(for_asset(AssetClass.EQUITY, exchange))
        self._seed = seed
        self._begin = begin
        self._listings = {each.symbol: each for each in listings}
        self._shapes: dict[tuple[str, date], Shape] = {}
        self._days: dict[tuple[str, date], Day] = {}
        self._levels: dict[str, dict[date, float]] = {}

    def trading_days(self, listing: Listing, first: date, last: date) -> Sequence[date]:
        earliest = self.hours.day_of(listing, self._begin) - HISTORY
        if last < earliest:
            return ()
        return self.hours.of(listing).sessions_between(max(first, earliest), last)

    def day(self, listing: Listing, day: date) -> Day | None:
        """None where the market is closed all day, or there is no history."""
        key = (listing.symbol, day)
        if key not in self._days:
            if not self.trading_days(listing, day, day):
                return None
            shape = self._shape(listing, day)
            sip, iex = tapes(listing, day, self._seed, self.hours, shape, self.level(listing, day))
            self._days[key] = Day(sorted(shape), sip, iex)
        return self._days[key]

    def level(self, listing: Listing, day: date) -> float:
        """The close before a day, from the listed price before the first day of the exchange."""
        levels = self._levels.setdefault(listing.symbol, {self.hours.day_of(listing, self._begin): listing.price})
        if day not in levels:
            calendar = self.hours.of(listing)
            first, last = min(levels), max(levels)
            level = levels[last]
            for each in calendar.sessions_between(last, day - _A_DAY):
                level *= self._growth(listing, each)
                levels[each + _A_DAY] = level
            level = levels[first]
            for each in reversed(calendar.sessions_between(day, first - _A_DAY)):
                level /= self._growth(listing, each)
                levels[each] = level
            # A day without a session has the level of the day before it.
            levels[day] = levels[max((each for each in levels if each <= day), default=min(levels))]
        return levels[day]

    def _growth(self, listing: Listing, day: date) -> float:
        return next(reversed(self._shape(listing, day).values()))[3]

    def _shape(self, listing: Listing, day: date) -> Shape:
        key = (listing.symbol, day)
        if key not in self._shapes:
            base = self._listings.get(listing.base)
            self._shapes[key] = (
                draw(listing, day, self._seed, self.hours)
                if base is None
                else follow(self._shape(base, day), listing.leverage)
            )
        return self._shapes[key]


@lru_cache(maxsize=8)
def made_up(seed: int, begin: Millis, listings: tuple[Listing, ...], exchange: str) -> MadeUp:
    """The one that all with the same beginning share."""
    return MadeUp(seed, begin, listings, exchange)
