"""A session's engine brought through its market day by day, with what its strategies have learned by each morning."""

import asyncio
from collections.abc import Mapping, Sequence
from copy import deepcopy
from datetime import date

from msgspec import Struct
from msgspec.structs import replace

from sentio_tui.engine.engine import Engine
from sentio_tui.feeds.base import Feed
from sentio_tui.market.calendar import Calendar, leading
from sentio_tui.model.bars import MINUTE, Bar
from sentio_tui.model.decisions import Reason
from sentio_tui.model.events import AnyEvent, BookInfo, Decided, Mode, OrderFilled, OrderSubmitted, SessionInfo
from sentio_tui.model.orders import Side
from sentio_tui.sessions.assemble import Plan, plan_of
from sentio_tui.sessions.markets import feed_of
from sentio_tui.settings import Settings
from sentio_tui.strategies.base import Strategy


class Morning(Struct, frozen=True):
    """What there is before the first bar of a day: the strategies by symbol, and the equity."""

    strategies: Mapping[str, Strategy]
    equity: float


class Run(Struct, frozen=True):
    """A session over some days: its engine at the end, and of each day the morning, the bars and the events."""

    engine: Engine
    calendar: Calendar
    mornings: dict[date, Morning]
    bars: dict[date, list[Bar]]
    events: dict[date, list[AnyEvent]]

    def happened(self, day: date) -> list[object]:
        """Decisions, orders and fills of a day, without their numbers in the journal.

        On a day's first bar a fund has no price yet, or one of the evening before: neither can be bought at, and each
        is told in its own words.
        """
        return [
            replace(event, seq=0, reason=Reason.NO_PRICE, detail="")
            if isinstance(event, Decided) and event.reason in {Reason.NO_PRICE, Reason.FEED_STALE}
            else replace(event, seq=0)
            for event in self.events[day]
            if isinstance(event, Decided | OrderSubmitted | OrderFilled)
        ]

    def curve(self, day: date) -> list[tuple[int, float]]:
        """The equity of each minute of a day."""
        curve = self.engine.state.curve
        points = zip(curve.times, curve.equity, strict=True)
        return [(at, equity) for at, equity in points if self.calendar.day_of(at - 1) == day]

    def held(self, day: date) -> dict[str, float]:
        """The quantities held at the close of a day, from all fills known then."""
        hours = self.calendar.session(day)
        assert hours is not None
        held: dict[str, float] = {}
        for events in self.events.values():
            for event in events:
                if isinstance(event, OrderFilled) and event.at <= hours[1]:
                    fill = event.fill
                    change = fill.quantity if fill.side is Side.BUY else -fill.quantity
                    held[fill.symbol] = round(held.get(fill.symbol, 0.0) + change, 9)
        return {symbol: quantity for symbol, quantity in held.items() if quantity}


def market_of(settings: Settings) -> list[Bar]:
    """Every bar of the configured market."""
    plan = plan_of(settings)
    feed = feed_of(plan.settings, plan.instruments, plan.hours, plan.family)
    return asyncio.run(_all(feed))


async def _all(feed: Feed) -> list[Bar]:
    return [item async for batch in feed.batches() for item in batch if isinstance(item, Bar)]


def run(settings: Settings, bars: Sequence[Bar]) -> Run:
    """The configured session over bars, from the start."""
    return _through(plan_of(settings), bars)


def run_alone(settings: Settings, bars: Sequence[Bar], morning: Morning) -> Run:
    """The configured session over the bars of one day, with strategies that have learned, and all else new."""
    plan = plan_of(replace(settings, session=replace(settings.session, capital=morning.equity)))
    (book,) = plan.books
    return _through(replace(plan, books=[replace(book, strategies=morning.strategies)]), bars)


def _through(plan: Plan, bars: Sequence[Bar]) -> Run:
    calendar = leading(plan.hours.values())
    engine = plan.engine(_info(plan.settings, plan.infos, calendar), bars[0].time)
    (book,) = plan.books
    made = Run(engine, calendar, {}, {}, {})
    engine.open()
    for bar in bars:
        day = calendar.day_of(bar.time)
        if day not in made.bars:
            made.mornings[day] = Morning(deepcopy(dict(book.strategies)), engine.state.equity)
            made.bars[day], made.events[day] = [], []
        made.bars[day].append(bar)
        at = bar.time + MINUTE
        while engine.due < at:
            due = engine.due
            # A timer at the close is of the day that ends; one at the next open comes before that day's first bar.
            made.events[max(each for each in made.events if each <= calendar.day_of(due))].extend(engine.timer(due))
        made.events[day].extend(engine.bar(bar, at))
    return made


def _info(settings: Settings, books: tuple[BookInfo, ...], calendar: Calendar) -> SessionInfo:
    return SessionInfo(
        name="live_test",
        mode=Mode.SIM,
        started=0,
        capital=settings.session.capital,
        books=books,
        symbols=settings.feed.symbols,
        feed="test",
        broker="paper",
        clock_zone=calendar.zone,
        periods=calendar.periods,
        settings={},
        versions={},
    )
