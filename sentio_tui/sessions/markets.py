"""From settings to the market of a session: which feed, with what around it."""

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec.structs import replace

from sentio_tui.feeds.base import Feed, FeedError
from sentio_tui.feeds.leveraged import LeveragedFeed
from sentio_tui.feeds.stress import StressedFeed
from sentio_tui.feeds.warm_up import WarmUp
from sentio_tui.market.calendar import DAY, AlwaysOpen, Calendar
from sentio_tui.market.families import missing_members
from sentio_tui.model.bars import MINUTE, Millis
from sentio_tui.model.instruments import Family, Instrument
from sentio_tui.settings import Settings

if TYPE_CHECKING:
    from sentio_tui.feeds.recorded import RecordedFeed


def with_symbols(settings: Settings, family: Family | None) -> Settings:
    """The settings with the symbols to follow: those of the family, or of the data where none are named. Raises
    FeedError."""
    if family is not None:
        return replace(settings, feed=replace(settings.feed, symbols=family.symbols))
    if settings.feed.kind != "recorded" or settings.feed.symbols:
        return settings
    found = _recorded(settings, AlwaysOpen(), date="").symbols_found
    return replace(settings, feed=replace(settings.feed, symbols=found))


def _recorded(settings: Settings, calendar: Calendar, date: str) -> "RecordedFeed":
    from sentio_tui.feeds.recorded import RecordedFeed

    wanted = settings.feed
    files = [Path(name).expanduser() for name in wanted.data]
    feed = RecordedFeed(files, wanted.symbols, date, wanted.data_symbol, calendar, wanted.warm_up_days)
    feed.load()
    return feed


def feed_of(
    settings: Settings, instruments: Mapping[str, Instrument], hours: Mapping[str, Calendar], family: Family | None
) -> Feed:
    """The feed as configured, with stress on it and the family's missing members made. Raises FeedError."""
    calendar = next(iter(hours.values()))
    feed, found = _market(settings, instruments, hours, family)
    stress = settings.feed.stress
    if stress.gap_probability or stress.volatility_multiplier != 1.0 or stress.crash_fraction:
        feed = StressedFeed(
            feed,
            settings.feed.seed,
            calendar,
            gap_probability=stress.gap_probability,
            volatility_multiplier=stress.volatility_multiplier,
            crash_at=stress.crash_at,
            crash_fraction=stress.crash_fraction,
            leverage=family.leverage if family else None,
        )
    if family is not None:
        try:
            missing = missing_members(family, found)
        except ValueError as error:
            raise FeedError(str(error)) from None
        if missing:
            feed = LeveragedFeed(feed, family, missing, calendar)
    return feed


def _market(
    settings: Settings, instruments: Mapping[str, Instrument], hours: Mapping[str, Calendar], family: Family | None
) -> tuple[Feed, Collection[str]]:
    """The bare feed, and the symbols it has bars of."""
    wanted = settings.feed
    calendar = next(iter(hours.values()))
    if wanted.kind == "recorded":
        recorded = _recorded(settings, calendar, wanted.date)
        ends = [*{bar.symbol: bar for bar in recorded.bars}.values()]
        ends += {bar.symbol: bar for bar in reversed(recorded.bars)}.values()
        for bar in ends:
            _expect_known(hours[bar.symbol], bar.time + MINUTE, f"bars of {bar.symbol}")
        feed: Feed = WarmUp(recorded, recorded.bars[0].time) if wanted.warm_up_days else recorded
        return feed, recorded.symbols_found
    from sentio_tui.feeds.simulated import SimulatedFeed, simulated_symbol

    start = round(datetime.fromisoformat(wanted.start).timestamp() * 1000)
    for symbol, known in hours.items():
        _expect_known(known, start, f"feed.start = {wanted.start} with {symbol}")
    played = [each for each in instruments.values() if family is None or each.symbol == family.base]
    symbols = [simulated_symbol(each.symbol, each.asset_class, each.price_step) for each in played]
    names = [each.symbol for each in symbols]
    if not wanted.warm_up_days:
        return SimulatedFeed(symbols, wanted.seed, start, wanted.days), names
    earlier = _sessions_before(calendar, start, wanted.warm_up_days)
    days = wanted.days + -(-(start - earlier) // DAY) if wanted.days else 0
    return WarmUp(SimulatedFeed(symbols, wanted.seed, earlier, days), start), names


def _sessions_before(calendar: Calendar, start: Millis, count: int) -> Millis:
    """The opening of the exchange day that is `count` sessions before the one `start` is in or before."""
    day = calendar.day_of(start)
    try:
        sessions = calendar.sessions_between(day - timedelta(days=2 * count + 10), day - timedelta(days=1))
    except (ValueError, OverflowError) as error:
        raise FeedError(f"feed.warm_up_days = {count} before feed.start: {error}") from None
    hours = calendar.session(sessions[-count])
    return start if hours is None else hours[0]


def _expect_known(calendar: Calendar, at: Millis, what: str) -> None:
    """Raises FeedError for a time whose hours nobody knows."""
    try:
        calendar.is_open(at)
    except ValueError as error:
        raise FeedError(f"{what}: {error}") from None
