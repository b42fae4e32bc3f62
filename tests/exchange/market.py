"""Prices on the local exchange: made up from a seed, or put there by a test."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from typing import Final

from msgspec import Struct

from sentio_tui.model.bars import MINUTE, Millis
from tests.exchange.listings import LISTINGS, Listing
from tests.exchange.paths import Minute, MinuteBar, bar, made_up

SIP: Final = "sip"
IEX: Final = "iex"
PUBLISHED: Final = 50
"""Milliseconds after the end of a minute at which its bar is out."""
UPDATED: Final = 30_000
"""Milliseconds after the end of a minute at which its updated bar is out."""


class Quote(Struct, frozen=True):
    """Best bid and ask. Sizes are shares or coins."""

    bid: float
    ask: float
    size: float = 300.0


class Market:
    """Minutes by symbol, tape and time. `seed` and `begin` fix everything that was not put there by hand. `exchange` is
    whose hours equities keep: "24/7" for a market that can be watched at any time of the day.

    Methods raise KeyError for a symbol that is not listed.
    """

    def __init__(
        self, seed: int, begin: Millis, listings: Iterable[Listing] = LISTINGS, exchange: str = "XNYS"
    ) -> None:
        self.seed: Final = seed
        self.begin: Final = begin
        listed = tuple(listings)
        self.listings: Final = {each.symbol: each for each in listed}
        self._made = made_up(seed, begin, listed, exchange)
        self.hours: Final = self._made.hours
        self._put: dict[str, dict[Millis, Minute]] = {}

    def put(
        self,
        symbol: str,
        at: Millis,
        prices: tuple[float, float, float, float] | float | None,
        volume: float = 10_000,
        *,
        updated: tuple[float, float, float, float] | None = None,
    ) -> None:
        """Sets a minute on both tapes: open, high, low and close, or one price; None is a silent minute. `updated` is
        what an updated bar says 30 seconds after its end; with `prices` None it is the only bar."""
        if isinstance(prices, float | int):
            prices = (prices,) * 4
        first = None if prices is None else bar(*prices, volume)
        known = self._put.setdefault(self.listings[symbol].symbol, {})
        known[at] = Minute(first, None if updated is None else bar(*updated, volume + 1))

    def silence(self, symbol: str, begin: Millis, end: Millis) -> None:
        """No trade in the minutes from `begin` on and before `end`."""
        for at in range(begin, end, MINUTE):
            self.put(symbol, at, None)

    def minute(self, symbol: str, at: Millis, tape: str = SIP) -> Minute | None:
        """None where nothing traded, or the market is closed."""
        put = self._put.get(symbol, {}).get(at)
        if put is None:
            listing = self.listings[symbol]
            day = self._made.day(listing, self.hours.day_of(listing, at))
            put = None if day is None else (day.iex if tape == IEX else day.sip).get(at)
        return put if put is not None and put.truth is not None else None

    def known(self, symbol: str, at: Millis, now: Millis, tape: str = SIP) -> MinuteBar | None:
        """The bar of a minute as far as it is out at `now`."""
        minute = self.minute(symbol, at, tape)
        if minute is None or now < at + MINUTE + PUBLISHED:
            return None
        return minute.truth if now >= at + MINUTE + UPDATED else minute.first

    def bars(
        self, symbol: str, begin: Millis, end: Millis, now: Millis, tape: str = SIP
    ) -> list[tuple[Millis, MinuteBar]]:
        """The bars that begin from `begin` to `end`, both included, and are out at `now`."""
        found = []
        for at in self._times(symbol, begin, min(end, now)):
            known = self.known(symbol, at, now, tape)
            if known is not None:
                found.append((at, known))
        return found

    def price(self, symbol: str, now: Millis) -> float:
        """The close of the last minute that ended by then."""
        listing = self.listings[symbol]
        day = self.hours.day_of(listing, now)
        for _ in range(10):
            found = self._last_close(listing, day, now)
            if found is not None:
                return found
            day -= timedelta(days=1)
        return self._made.level(listing, self.hours.day_of(listing, now))

    def last_close(self, symbol: str, now: Millis) -> float:
        """The price at the end of the exchange day before the one of `now`."""
        calendar = self.hours.of(self.listings[symbol])
        day = calendar.day_of(now)
        before = calendar.sessions_between(day - timedelta(days=10), day - timedelta(days=1))
        session = calendar.session(before[-1])
        assert session is not None
        return self.price(symbol, session[1])

    def quote(self, symbol: str, price: float) -> Quote:
        """Around a price: a hundredth of a per cent wide, a cent at least."""
        half = max(price * 0.00005, 0.005)
        bid = max(round(price - half, 2), 0.01)
        return Quote(bid, max(round(price + half, 2), round(bid + 0.01, 2)))

    def is_open(self, symbol: str, now: Millis) -> bool:
        """Whether orders for the symbol match without asking for extended hours."""
        return self.hours.of(self.listings[symbol]).is_open(now)

    def trades_in_extended_hours(self, symbol: str, now: Millis) -> bool:
        """From 04:00 to 20:00 of the exchange's time, or always for what never closes."""
        if self.listings[symbol].never_closes:
            return True
        session = self.hours.equities.session(self.hours.equities.day_of(now))
        # The session opens at 09:30; half days close early and so do their extended hours.
        return session is not None and session[0] - 330 * MINUTE <= now < session[1] + 240 * MINUTE

    def _times(self, symbol: str, begin: Millis, end: Millis) -> list[Millis]:
        listing = self.listings[symbol]
        first, last = self.hours.day_of(listing, begin), self.hours.day_of(listing, end)
        times: set[Millis] = {at for at in self._put.get(symbol, ()) if begin <= at <= end}
        for day in self._made.trading_days(listing, first, last):
            made = self._made.day(listing, day)
            if made is not None:
                times.update(made.times[bisect_left(made.times, begin) : bisect_right(made.times, end)])
        return sorted(times)

    def _last_close(self, listing: Listing, day: date, now: Millis) -> float | None:
        made = self._made.day(listing, day)
        times = {*(made.times if made else ()), *self._put.get(listing.symbol, ())}
        for at in sorted((each for each in times if each + MINUTE <= now), reverse=True):
            minute = self.minute(listing.symbol, at)
            if minute is not None and minute.truth is not None:
                return minute.truth.c
        return None


def aggregated(bars: Sequence[tuple[Millis, MinuteBar]]) -> MinuteBar:
    """One bar of several in a row."""
    volume = sum(each.v for _, each in bars)
    average = sum(each.vw * each.v for _, each in bars) / volume if volume else bars[-1][1].c
    return MinuteBar(
        bars[0][1].o,
        max(each.h for _, each in bars),
        min(each.l for _, each in bars),
        bars[-1][1].c,
        round(volume, 4),
        sum(each.n for _, each in bars),
        round(average, 6),
    )
