"""Synthetic bars of a leveraged fund, made from its base's.

A fund promises a multiple L of its base's return of one day and sets itself up anew at each close. So during a day

    price = start * (1 + L * (base / base_at_last_close - 1))

where `start` is the fund's own last close less the costs of the days since then. Expense and financing are charged
there and nowhere else, once a day, actual days over 365; there is no decay within the day (T-41). What several days
give is what compounding gives.
"""

from datetime import date, timedelta
from math import isfinite
from typing import Final

from msgspec import Struct

from sentio_tui.market.validation import WIDEST
from sentio_tui.model.bars import Bar

YEAR: Final = 365.0
"""Days over which an annual rate is spread."""

FLOOR: Final = 0.01
"""The lowest price of a fund."""

DECIMALS: Final = 4
"""A synthetic price is rounded to these, as the finest prints of a US tape are; the series behind it is not."""

DRAWN_IN: Final = 1.2
"""How far open, high and low may lie from the close, as a factor, in a minute too wide to be believed."""


class DatedRates(Struct, frozen=True, gc=False):
    """What a fund costs from a day on. Both are fractions of the fund's value a year.

    `expense` is the expense ratio. `financing` is what its swaps and loans cost on balance; below 0 where the fund
    earns more interest than it pays.
    """

    since: date
    expense: float
    financing: float


class FundTerms(Struct, frozen=True):
    """How a fund's synthetic series begins and what it costs. Without a `start_price` it begins at its base's.

    `rates` in any order, the newest whose `since` has come is in force; empty is free of charge.
    """

    start_price: float | None = None
    rates: tuple[DatedRates, ...] = ()


USUAL_EXPENSE: Final = 0.0095
"""Expense ratio of a fund nobody has told the terms of."""

USUAL_FINANCING: Final = 0.05, 0.02
"""Financing of a fund with a multiple above 1 either way, and of one without."""


def usual_rates(leverage: float) -> tuple[DatedRates, ...]:
    """Rates for a fund nobody has told the terms of, the same on all days."""
    multiple, single = USUAL_FINANCING
    return (DatedRates(date.min, USUAL_EXPENSE, multiple if abs(leverage) > 1.0 else single),)


class LeveragedSeries:
    """One fund's bars, from its base's in order of time.

    High and low change places when the leverage is negative, so that OHLC stays ordered. In a minute so wide that bar
    validation would refuse it, open, high and low are drawn in towards the close: the close is the price.

    A fund whose close reaches the floor of 0.01 is wiped out, as after a fall of the base by 1 / L within a day.
    `wiped_out` says so from then on, and every later bar stands at the floor: it does not come back to life.

    Volume is the base's over the size of the leverage, as the same exposure takes fewer shares.
    """

    def __init__(self, symbol: str, leverage: float, terms: FundTerms | None = None) -> None:
        """Raises ValueError, naming the fund, for a leverage of 0 or a figure that makes no sense."""
        terms = terms or FundTerms()
        _check(symbol, leverage, terms)
        self.symbol = symbol
        self.leverage = leverage
        self.wiped_out = False
        self._start_price = terms.start_price
        self._rates = sorted(terms.rates, key=lambda rates: rates.since)
        self._day: date | None = None
        self._base_reference = 0.0
        self._reference = 0.0
        self._base_close = 0.0
        self._close = 0.0

    def bar(self, base: Bar, day: date) -> Bar:
        """The fund's bar of the same minute. `base` must be a valid bar; `day` is the fund's day it belongs to, which
        ends at the exchange's close. The first bar opens at the start price.

        Raises ValueError for a day before the last one, or before the first known rates.
        """
        if day != self._day:
            self._begin(base, day)
        open_, high = self._value(base.open), self._value(base.high)
        low, close = self._value(base.low), self._value(base.close)
        if self.leverage < 0.0:
            high, low = low, high
        self._base_close = base.close
        if close <= FLOOR:
            self.wiped_out = True
        self._close = FLOOR if self.wiped_out else close
        prices = printed(open_, high, low, close)
        volume = round(base.volume / abs(self.leverage), DECIMALS)
        return Bar(self.symbol, base.time, *prices, volume, True, base.backfilled)

    def _value(self, base: float) -> float:
        if self.wiped_out:
            return FLOOR
        return self._reference * (1.0 + self.leverage * (base / self._base_reference - 1.0))

    def _begin(self, base: Bar, day: date) -> None:
        if self._day is None:
            self._base_reference = base.open
            self._reference = base.open if self._start_price is None else self._start_price
        elif day < self._day:
            raise ValueError(f"{self.symbol}: a bar of {day} after one of {self._day}")
        else:
            self._base_reference = self._base_close
            self._reference = self._close * (1.0 - self._costs(self._day, day))
        self._day = day

    def _costs(self, after: date, until: date) -> float:
        """The costs of the days after `after` up to and including `until`, as a fraction."""
        total = 0.0
        for ahead in range(1, (until - after).days + 1):
            rates = self._in_force(after + timedelta(ahead))
            total += rates.expense + rates.financing if rates is not None else 0.0
        return total / YEAR

    def _in_force(self, day: date) -> DatedRates | None:
        if not self._rates:
            return None
        for rates in reversed(self._rates):
            if rates.since <= day:
                return rates
        raise ValueError(
            f"{self.symbol}: no expense and financing are known on {day}, the first begin on {self._rates[0].since}: "
            "add an earlier entry"
        )


def printed(
    open_: float, high: float, low: float, close: float, decimals: int = DECIMALS, floor: float = FLOOR
) -> tuple[float, float, float, float]:
    """Ordered prices as a bar bears them: rounded, not below `floor`, and no wider than a bar that is believed.

    In a wider one open, high and low are drawn in to the close, a factor of `DRAWN_IN` away at most.
    """
    lowest, highest = round(low, decimals), round(high, decimals)
    if max(floor, highest) > WIDEST * max(floor, lowest):
        centre = max(floor, close)
        nearest, farthest = centre / DRAWN_IN, centre * DRAWN_IN
        lowest, highest = round(max(low, nearest), decimals), round(min(high, farthest), decimals)
        open_ = min(max(open_, nearest), farthest)
    return (
        max(floor, round(open_, decimals)),
        max(floor, highest),
        max(floor, lowest),
        max(floor, round(close, decimals)),
    )


def _check(symbol: str, leverage: float, terms: FundTerms) -> None:
    if not isfinite(leverage) or leverage == 0.0:
        raise ValueError(f"{symbol}: a leverage of {leverage:g} follows nothing")
    start = terms.start_price
    if start is not None and not FLOOR < start < float("inf"):
        raise ValueError(f"{symbol}: start price {start:g} must be above {FLOOR}")
    days = [rates.since for rates in terms.rates]
    twice = sorted({day for day in days if days.count(day) > 1})
    if twice:
        raise ValueError(f"{symbol}: two entries of expense and financing since {twice[0]}: keep one")
    for rates in terms.rates:
        if not 0.0 <= rates.expense < 1.0:
            raise ValueError(
                f"{symbol}: expense since {rates.since} must be at least 0 and below 1, not {rates.expense}"
            )
        if not -1.0 < rates.financing < 1.0:
            raise ValueError(f"{symbol}: financing since {rates.since} must be between -1 and 1, not {rates.financing}")
