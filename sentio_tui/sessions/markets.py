"""From settings to the market of a session: which feed, with what around it."""

import asyncio
import time
from collections.abc import Collection, Mapping, Sequence
from datetime import date as Day
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec.structs import replace

from sentio_tui.config import ConfigError, Problem
from sentio_tui.config_values import near
from sentio_tui.feeds.base import Feed, FeedError
from sentio_tui.feeds.joined import JoinedFeed
from sentio_tui.feeds.leveraged import LeveragedFeed
from sentio_tui.feeds.stress import StressedFeed
from sentio_tui.feeds.warm_up import WarmUp
from sentio_tui.market.calendar import (
    DAY,
    AlwaysOpen,
    Calendar,
    exchange_of,
    expect_exchange,
    for_asset,
    leading,
    sessions_before,
)
from sentio_tui.market.families import FAMILIES, missing_members
from sentio_tui.market.leverage import FLOOR, DatedRates, FundTerms, usual_rates
from sentio_tui.model.bars import MINUTE, Millis
from sentio_tui.model.instruments import Family, Instrument
from sentio_tui.settings import FeedSettings, FundSettings, Settings
from sentio_tui.toml_lines import join_key

if TYPE_CHECKING:
    from sentio_tui.alpaca.preflight import Plan as AlpacaPlan
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


def alpaca_plan(settings: Settings, family: Family | None) -> "AlpacaPlan":
    """What a session of these settings would do at Alpaca, for the checks before it."""
    from sentio_tui.alpaca.lanes import Place
    from sentio_tui.alpaca.preflight import Plan

    feed, broker = settings.feed.alpaca, settings.broker.alpaca
    symbols = family.symbols if family is not None else settings.feed.symbols
    place = Place(broker.mode, broker.url, feed.data_url)
    return Plan(symbols, place, feed.feed, feed.stream_url, settings.feed.warm_up_days)


def on_exchanges(instruments: Mapping[str, Instrument], family: Family | None) -> dict[str, Instrument]:
    """The instruments, the members of the family on the exchange of its base where none is configured for them."""
    base = instruments.get(family.base) if family is not None else None
    if family is None or base is None:
        return dict(instruments)
    return {
        symbol: replace(known, exchange=base.exchange) if symbol in family.symbols and not known.exchange else known
        for symbol, known in instruments.items()
    }


def patience_of(feed: FeedSettings) -> Millis:
    """How long after the end of a symbol's newest bar it counts as stale. What a feed is late by comes on top."""
    delay = 0
    if feed.kind == "alpaca":
        from sentio_tui.feeds.alpaca import delay_of

        delay = delay_of(feed.alpaca.feed)
    return round(feed.stale_after * 1000) + delay


def hours_of(settings: Settings, instruments: Mapping[str, Instrument]) -> dict[str, Calendar]:
    """The hours of each symbol's market. Raises ConfigError for unknown exchanges, those of idle symbols included."""
    problems = []
    for symbol, configured in settings.instruments.items():
        try:
            if configured.exchange:
                expect_exchange(configured.exchange)
        except ValueError as error:
            problems.append(_wrong_exchange(symbol, error))
    if problems:
        raise ConfigError(problems)
    made: dict[str, Calendar] = {}
    hours: dict[str, Calendar] = {}
    for symbol, known in instruments.items():
        exchange = exchange_of(known.asset_class, known.exchange)
        try:
            if exchange not in made:
                made[exchange] = for_asset(known.asset_class, exchange)
        except ValueError as error:
            raise ConfigError([_wrong_exchange(symbol, error)]) from None
        hours[symbol] = made[exchange]
    return hours


def _wrong_exchange(symbol: str, error: ValueError) -> Problem:
    return Problem("instruments", join_key(("instruments", symbol, "exchange")), str(error))


def _recorded(settings: Settings, calendar: Calendar, date: str) -> "RecordedFeed":
    from sentio_tui.feeds.recorded import RecordedFeed, files_in

    wanted = settings.feed
    files = files_in([Path(name).expanduser() for name in wanted.data])
    feed = RecordedFeed(files, wanted.symbols, date, wanted.data_symbol, calendar, wanted.warm_up_days)
    feed.load()
    return feed


def feed_of(
    settings: Settings,
    instruments: Mapping[str, Instrument],
    hours: Mapping[str, Calendar],
    family: Family | None,
    since: Mapping[str, Millis] | None = None,
) -> Feed:
    """The feed as configured: with stress on it, the family's missing members made, and its bars in the order in which
    they are decided on. `since`, for a live feed of a session that goes on, is the time of the newest bar it took of
    each symbol. Raises FeedError, and ConfigError for the terms of the funds."""
    _expect_sound_funds(settings)
    calendar = leading(hours.values())
    feed, found, played = _market(settings, instruments, hours, family, since or {})
    stress = settings.feed.stress
    if is_stressed(settings):
        feed = StressedFeed(
            feed,
            settings.feed.seed,
            calendar,
            gap_probability=stress.gap_probability,
            volatility_multiplier=stress.volatility_multiplier,
            crash_at=stress.crash_at,
            crash_fraction=stress.crash_fraction,
            leverage=family.leverage if family else None,
            played=played,
        )
    if family is not None:
        try:
            missing = missing_members(family, found)
        except ValueError as error:
            raise FeedError(str(error)) from None
        if missing:
            begins = None if feed.begin is None else calendar.day_of(feed.begin)
            feed = LeveragedFeed(feed, family, missing, calendar, terms=_terms(settings, family, missing, begins))
        if len(missing) < len(family.symbols) - 1:
            feed = JoinedFeed(feed, family, time.monotonic, asyncio.sleep)
    return feed


def is_stressed(settings: Settings) -> bool:
    """Whether trouble is to be put upon the market."""
    stress = settings.feed.stress
    return bool(
        stress.gap_probability or stress.volatility_multiplier != 1.0 or stress.crash_fraction or stress.crash_at
    )


def _terms(settings: Settings, family: Family, missing: Sequence[str], begins: Day | None) -> dict[str, FundTerms]:
    """The terms of the funds to be made, as configured. Raises ConfigError for rates that are not known from the day
    on on which the market begins."""
    problems, terms = [], {}
    for symbol in missing:
        own = settings.funds.get(symbol, FundSettings())
        rates = tuple(DatedRates(Day.fromisoformat(each.since), each.expense, each.financing) for each in own.rates)
        if rates and begins is not None and begins < (first := min(each.since for each in rates)):
            text = f"the first entry is since {first}, but the market begins on {begins}: add an earlier one"
            problems.append(Problem("funds", join_key(("funds", symbol, "rates")), text))
        terms[symbol] = FundTerms(own.start_price or None, rates or usual_rates(family.leverage[symbol]))
    if problems:
        raise ConfigError(problems)
    return terms


def _expect_sound_funds(settings: Settings) -> None:
    """Raises ConfigError for funds nobody knows, start prices that are none, and two entries for one day."""
    owned = [(each.bull, each.bear, each.bear_leveraged) for each in settings.families.values()]
    known = {symbol: None for each in FAMILIES.values() for symbol in each.symbols if symbol != each.base}
    known |= {symbol: None for symbols in owned for symbol in symbols}
    problems = []
    for symbol, fund in settings.funds.items():
        if symbol not in known:
            text = f"{symbol} is in no family{near(symbol, known)}; the funds are {', '.join(known)}"
            problems.append(Problem("funds", join_key(("funds", symbol)), text))
        if fund.start_price and not fund.start_price > FLOOR:
            text = f"{fund.start_price:g} must be above {FLOOR}, or 0 for the price of its base"
            problems.append(Problem("funds", join_key(("funds", symbol, "start_price")), text))
        days = [each.since for each in fund.rates]
        for index, day in enumerate(days):
            if day in days[:index]:
                text = f"a second entry since {day}: keep one"
                problems.append(Problem("funds", join_key(("funds", symbol, "rates", index, "since")), text))
    if problems:
        raise ConfigError(problems)


def _market(
    settings: Settings,
    instruments: Mapping[str, Instrument],
    hours: Mapping[str, Calendar],
    family: Family | None,
    since: Mapping[str, Millis],
) -> tuple[Feed, Collection[str], tuple[Millis, Millis] | None]:
    """The bare feed, the symbols it has bars of, and the first and last minute to trade on, where they are known."""
    wanted = settings.feed
    if wanted.kind == "alpaca":
        return _alpaca(settings, hours, since), tuple(hours), None
    calendar = leading(hours.values())
    if wanted.kind == "recorded":
        recorded = _recorded(settings, calendar, wanted.date)
        ends = [*{bar.symbol: bar for bar in recorded.bars}.values()]
        ends += {bar.symbol: bar for bar in reversed(recorded.bars)}.values()
        for bar in ends:
            _expect_known(hours[bar.symbol], bar.time + MINUTE, f"bars of {bar.symbol}")
        feed: Feed = WarmUp(recorded, recorded.bars[0].time) if wanted.warm_up_days else recorded
        return feed, recorded.symbols_found, (recorded.bars[0].time, recorded.bars[-1].time)
    from sentio_tui.feeds.simulated import SimulatedFeed, simulated_symbol

    start = round(datetime.fromisoformat(wanted.start).timestamp() * 1000)
    for symbol, known in hours.items():
        _expect_known(known, start, f"feed.start = {wanted.start} with {symbol}")
    made = [each for each in instruments.values() if family is None or each.symbol == family.base]
    symbols = [simulated_symbol(each.symbol, each.asset_class, each.price_step, each.exchange) for each in made]
    names = [each.symbol for each in symbols]
    played = (start, start + wanted.days * DAY - MINUTE) if wanted.days else None
    if not wanted.warm_up_days:
        return SimulatedFeed(symbols, wanted.seed, start, wanted.days), names, played
    try:
        earlier = sessions_before(calendar, start, wanted.warm_up_days)
    except ValueError as error:
        raise FeedError(f"feed.warm_up_days = {wanted.warm_up_days} before feed.start: {error}") from None
    days = wanted.days + -(-(start - earlier) // DAY) if wanted.days else 0
    return WarmUp(SimulatedFeed(symbols, wanted.seed, earlier, days), start), names, played


def _alpaca(settings: Settings, hours: Mapping[str, Calendar], since: Mapping[str, Millis]) -> Feed:
    from sentio_tui.alpaca.keys import KeysError, find_keys
    from sentio_tui.alpaca.lanes import Place
    from sentio_tui.feeds.alpaca import AlpacaFeed, AlpacaSource

    wanted, mode = settings.feed, settings.broker.alpaca.mode
    try:
        keys = find_keys(mode)
    except KeysError as error:
        raise FeedError(str(error)) from None
    return AlpacaFeed(
        keys,
        Place(mode, settings.broker.alpaca.url, wanted.alpaca.data_url),
        AlpacaSource(wanted.alpaca.feed, wanted.alpaca.stream_url),
        hours,
        wanted.warm_up_days,
        patience=round(wanted.stale_after * 1000),
        since=since,
    )


def _expect_known(calendar: Calendar, at: Millis, what: str) -> None:
    """Raises FeedError for a time whose hours nobody knows."""
    try:
        calendar.is_open(at)
    except ValueError as error:
        raise FeedError(f"{what}: {error}") from None
