"""A feed of history under stress: minutes that are missing, a wilder market, a crash. Seeded, the same every time."""

import re
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime, time, timedelta
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

from sentio_tui.feeds.base import Feed, FeedError, FeedItem, FeedWord
from sentio_tui.feeds.leveraged import after_bars
from sentio_tui.feeds.returns import stable_hash
from sentio_tui.market.calendar import Calendar
from sentio_tui.market.leverage import printed
from sentio_tui.market.validation import fault
from sentio_tui.model.bars import MINUTE, Bar, Millis
from sentio_tui.model.events import FeedStatus

CRASH_MINUTES: Final = 3
"""How long the fall takes."""

LEAST_LEFT: Final = 0.001
"""What a crash leaves of a leveraged fund at the least, as a fraction of its price: it stays a price."""

WILDEST: Final = 10.0
"""The largest volatility multiplier; beyond it a few days leave nothing that a float can hold."""

_DAYS_TRIED: Final = 15
"""Calendar days in which the crash must find an open market."""

_FINE: Final = (4, 0.01)
_FINEST: Final = (8, 1e-6)
"""Decimals and lowest price, for symbols that begin at 1 or above, and below."""


class StressedFeed:
    """Another feed of history, in which

    * a minute is missing with `gap_probability`, for all symbols alike;
    * every return is `volatility_multiplier` times as large: with P the symbol's first open, a price p becomes
      P * (p / P) ** multiplier. Log returns are multiplied, so a minute keeps its order and prices stay above zero;
    * at `crash_at`, on the first day of the data on which the exchange is open then, the price falls by
      `crash_fraction` in three minutes and stays down. A symbol in `leverage` falls, or rises, by that multiple.

    Members of a family that are made from the base belong around this feed, not inside: they then follow exactly. In
    a minute that became too wide to be believed, open, high and low are drawn in to the close. A bar that is bad
    already passes unchanged. Volume stays as it is. Backfilled bars, such as those to warm up on, have neither gaps
    nor the crash: that comes on the first day after them.
    """

    is_live: bool = False

    def __init__(
        self,
        feed: Feed,
        seed: int,
        calendar: Calendar,
        *,
        gap_probability: float = 0.0,
        volatility_multiplier: float = 1.0,
        crash_at: str = "",
        crash_fraction: float = 0.0,
        leverage: Mapping[str, float] | None = None,
        played: tuple[Millis, Millis] | None = None,
    ) -> None:
        """`crash_at` is HH:MM in the calendar's zone, empty for no crash. `played` are the first and the last minute
        that are not backfilled, where they are known. Raises FeedError with all that is wrong, also for a time of day
        at which the exchange is not open, and for a crash that would come after the last bar."""
        problems = []
        if feed.is_live:
            problems.append(f"the {feed.name} feed is live: only history can be put under stress")
        if seed < 0:
            problems.append(f"seed {seed} is negative")
        if not 0.0 <= gap_probability < 1.0:
            problems.append(f"gap_probability {gap_probability:g} must be at least 0 and below 1")
        if not 0.0 < volatility_multiplier <= WILDEST:
            problems.append(f"volatility_multiplier {volatility_multiplier:g} must be above 0 and at most {WILDEST:g}")
        if not 0.0 <= crash_fraction < 1.0:
            problems.append(f"crash_fraction {crash_fraction:g} must be at least 0 and below 1")
        if bool(crash_at) != bool(crash_fraction):
            problems.append("a crash needs both crash_at and crash_fraction")
        if crash_at and not re.fullmatch(r"([01]\d|2[0-3]):[0-5]\d", crash_at):
            problems.append(f"crash_at {crash_at!r} is not a time of day; write it as HH:MM")
        if problems:
            raise FeedError("stress: " + "; ".join(problems))
        self.name = feed.name
        self._feed = feed
        self._seed = seed
        self._calendar = calendar
        self._gap_probability = gap_probability
        self._multiplier = volatility_multiplier
        self._crash_at = time.fromisoformat(crash_at) if crash_at else None
        self._crash_fraction = crash_fraction
        self._leverage = dict(leverage or {})
        first = played[0] if played is not None else feed.begin
        start = None if first is None else self._crash_start(first)
        if played is not None and start is not None and start > played[1]:
            end = datetime.fromtimestamp((played[1] + MINUTE) / 1000, ZoneInfo(calendar.zone))
            raise FeedError(
                f"stress: the data end on {end:%Y-%m-%d %H:%M %Z}, before there can be a crash at {crash_at}; "
                "set another crash_at, or play other days"
            )

    @property
    def begin(self) -> Millis | None:
        return self._feed.begin

    @property
    def summary(self) -> str:
        """What the stress consists of, in words; empty for none."""
        parts = []
        if self._gap_probability:
            parts.append(f"{self._gap_probability:.1%} of the minutes missing")
        if self._multiplier != 1.0:
            parts.append(f"volatility x{self._multiplier:g}")
        if self._crash_at is not None:
            parts.append(f"crash of {self._crash_fraction:.0%} at {self._crash_at:%H:%M}")
        return ", ".join(parts)

    async def batches(self, skip: int = 0) -> AsyncIterator[Sequence[FeedItem]]:
        """`skip` counts bars that are left. The feed behind is read from its beginning, because the stressed prices
        follow from its first ones."""
        if self.summary and not skip:
            yield [FeedWord(FeedStatus.CONNECTING, f"under stress: {self.summary}")]
        shaker = _Shaker(self)
        async for batch in self._feed.batches():
            items, skip = after_bars(shaker.items(batch), skip)
            if items:
                yield items

    def _is_gap(self, at: Millis) -> bool:
        """Drawn from seed and minute alone, so that it does not depend on the symbols there are."""
        if not self._gap_probability:
            return False
        return stable_hash(f"gap {self._seed} {at // MINUTE}") < self._gap_probability * 2.0**64

    def _crash_start(self, first: Millis) -> Millis | None:
        """When the crash begins, for data that begin at `first`. Raises FeedError when the exchange is never open at
        that time of day."""
        if self._crash_at is None:
            return None
        zone = ZoneInfo(self._calendar.zone)
        today = datetime.fromtimestamp(first / 1000, zone).date()
        for ahead in range(_DAYS_TRIED):
            local = datetime.combine(today + timedelta(ahead), self._crash_at, tzinfo=zone)
            at = round(local.timestamp() * 1000)
            try:
                if at >= first and self._calendar.is_open(at):
                    return at
            except ValueError as error:
                raise FeedError(f"stress: {error}") from None
        raise FeedError(f"stress: the exchange is not open at {self._crash_at:%H:%M} {zone.key}; set another crash_at")


class _Shaker:
    """One reading of a stressed feed."""

    def __init__(self, stress: StressedFeed) -> None:
        self._is_gap = lru_cache(maxsize=4)(stress._is_gap)
        self._crash_start = stress._crash_start
        self._fraction = stress._crash_fraction
        self._multiplier = stress._multiplier
        self._leverage = stress._leverage
        self._start: Millis | None = None
        self._began = False
        self._anchors: dict[str, float] = {}
        self._previous: dict[str, Bar] = {}

    def items(self, batch: Sequence[FeedItem]) -> list[FeedItem]:
        result: list[FeedItem] = []
        for item in batch:
            if not isinstance(item, Bar) or fault(item, self._previous.get(item.symbol)) is not None:
                result.append(item)
            else:
                self._previous[item.symbol] = item
                if not self._began and not item.backfilled:
                    self._began = True
                    self._start = self._crash_start(item.time)
                bar = self._shaken(item)
                if item.backfilled or not self._is_gap(item.time):
                    result.append(bar)
        return result

    def _shaken(self, bar: Bar) -> Bar:
        anchor = self._anchors.setdefault(bar.symbol, bar.open)
        before, after = self._left(bar.symbol, bar.time), self._left(bar.symbol, bar.time + MINUTE)
        if self._multiplier == 1.0 and before == after == 1.0:
            return bar
        decimals, floor = _FINE if anchor >= 1.0 else _FINEST
        open_, high, low, close = printed(
            self._wild(bar.open, anchor) * before,
            self._wild(bar.high, anchor) * max(before, after),
            self._wild(bar.low, anchor) * min(before, after),
            self._wild(bar.close, anchor) * after,
            decimals,
            floor,
        )
        return Bar(bar.symbol, bar.time, open_, high, low, close, bar.volume, bar.synthetic, bar.backfilled)

    def _wild(self, price: float, anchor: float) -> float:
        multiplier = self._multiplier
        return price if multiplier == 1.0 else anchor * (price / anchor) ** multiplier

    def _left(self, symbol: str, at: Millis) -> float:
        """What the crash has left of the symbol's price at a time, as a factor."""
        if self._start is None or at <= self._start:
            return 1.0
        fallen = self._fraction * min(1.0, (at - self._start) / (CRASH_MINUTES * MINUTE))
        return max(LEAST_LEFT, 1.0 - self._leverage.get(symbol, 1.0) * fallen)
