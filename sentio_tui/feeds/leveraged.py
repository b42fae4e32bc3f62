"""A feed with the members of a family that have no bars of their own, made from the base's."""

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import date
from typing import Final

from sentio_tui.feeds.base import Feed, FeedError, FeedItem, FeedWord
from sentio_tui.market.calendar import Calendar
from sentio_tui.market.leverage import FLOOR, FundTerms, LeveragedSeries, usual_rates
from sentio_tui.market.validation import fault
from sentio_tui.model.bars import Bar, Millis
from sentio_tui.model.events import FeedStatus
from sentio_tui.model.instruments import Family

_NEVER: Final = -1


class LeveragedFeed:
    """Another feed, in which before every bar of the base there is one of each missing member, with the same time and
    in the family's order: what is decided on the base's bar knows their prices of its minute. All else passes
    unchanged.

    A fund's day ends at the exchange's close, as the funds' own does: what trades after hours belongs to the next.
    Each member is announced once, by a word before its first bar. A bad bar of the base passes and makes none. A real
    member that misses a minute has no bar in it: filling forward is the work of `feeds.joined`.

    `terms` by symbol; a fund without them begins at its base's price and has the usual rates. `history` are bars from
    before the feed begins; those of the base carry the series on to where it begins, so that a day has the prices it
    would have in a run of many days.
    """

    def __init__(
        self,
        feed: Feed,
        family: Family,
        missing: Sequence[str],
        calendar: Calendar,
        *,
        terms: Mapping[str, FundTerms] | None = None,
        history: Sequence[Bar] = (),
    ) -> None:
        """Raises FeedError for a missing member that the family does not have, or for its base; and for terms that
        make no sense."""
        self.name = feed.name
        self.is_live = feed.is_live
        self._feed = feed
        self._family = family
        self._calendar = calendar
        self._history = history
        usual = {symbol: FundTerms(rates=usual_rates(leverage)) for symbol, leverage in family.leverage.items()}
        self._terms = usual | dict(terms or {})
        foreign = [symbol for symbol in missing if symbol not in family.symbols]
        if foreign:
            raise FeedError(f"family {family.name} has no {', '.join(foreign)}; it has {', '.join(family.symbols)}")
        if family.base in missing:
            raise FeedError(f"family {family.name}: no bars of its base {family.base}, which all others are made from")
        self.missing: Final = tuple(symbol for symbol in family.symbols if symbol in missing)
        self._maker()

    @property
    def begin(self) -> Millis | None:
        return self._feed.begin

    async def batches(self, skip: int = 0) -> AsyncIterator[Sequence[FeedItem]]:
        """`skip` counts all bars, the made ones too. The feed behind is read from its beginning, because the series
        are made of all that came before."""
        maker = self._maker()
        maker.learn(self._history)
        async for batch in self._feed.batches():
            items, skip = after_bars(maker.items(batch), skip)
            if items:
                yield items

    def _maker(self) -> "_Maker":
        leverage = self._family.leverage
        try:
            series = [LeveragedSeries(symbol, leverage[symbol], self._terms[symbol]) for symbol in self.missing]
        except ValueError as error:
            raise FeedError(f"family {self._family.name}: {error}") from None
        return _Maker(self._family, series, self._calendar)


class _Maker:
    """The series of one reading of the feed."""

    def __init__(self, family: Family, series: Sequence[LeveragedSeries], calendar: Calendar) -> None:
        self._base = family.base
        self._series = series
        self._made = {each.symbol for each in series}
        self._calendar = calendar
        self._previous: Bar | None = None
        self._announced = False
        self._closed: set[str] = set()
        self._begins: Millis = _NEVER
        self._ends: Millis = _NEVER
        self._day = date.min

    def learn(self, history: Sequence[Bar]) -> None:
        for bar in history:
            if bar.symbol == self._base:
                self._bars(bar)

    def items(self, batch: Sequence[FeedItem]) -> list[FeedItem]:
        result: list[FeedItem] = []
        for item in batch:
            if not isinstance(item, Bar):
                result.append(item)
            elif item.symbol == self._base:
                made = self._bars(item)
                if made and not self._announced:
                    self._announced = True
                    result += [self._announcement(each) for each in self._series]
                result += made
                result.append(item)
                result += self._wiped_out()
            elif item.symbol in self._made:
                raise FeedError(f"{item.symbol} is to be made from {self._base}, but has bars of its own; use those")
            else:
                result.append(item)
        return result

    def _bars(self, base: Bar) -> list[Bar]:
        if not self._series or fault(base, self._previous) is not None:
            return []
        self._previous = base
        try:
            day = self._fund_day(base.time)
            return [each.bar(base, day) for each in self._series]
        except ValueError as error:
            raise FeedError(f"synthetic bars from {self._base}: {error}") from None

    def _fund_day(self, at: Millis) -> date:
        if not self._begins <= at < self._ends:
            self._begins, self._ends = at, self._calendar.next_close(at)
            self._day = self._calendar.day_of(self._ends - 1)
        return self._day

    def _announcement(self, series: LeveragedSeries) -> FeedWord:
        return FeedWord(FeedStatus.LIVE, f"synthetic, made from {self._base} at {series.leverage:+g}x", series.symbol)

    def _wiped_out(self) -> list[FeedWord]:
        words = []
        for each in self._series:
            if each.wiped_out and each.symbol not in self._closed:
                self._closed.add(each.symbol)
                text = f"wiped out: {self._base} moved against its {each.leverage:+g}x; it stays at {FLOOR}"
                words.append(FeedWord(FeedStatus.DOWN, text, each.symbol))
        return words


def after_bars(items: Sequence[FeedItem], skip: int) -> tuple[Sequence[FeedItem], int]:
    """What follows the first `skip` bars, words before them left out too; and how many bars are still to be skipped."""
    if not skip:
        return items, 0
    for index, item in enumerate(items):
        if isinstance(item, Bar):
            skip -= 1
            if not skip:
                return items[index + 1 :], 0
    return (), skip
