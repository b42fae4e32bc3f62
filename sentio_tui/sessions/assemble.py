"""From settings to a session: the one place that decides which feed, strategies, machine and broker are used."""

import asyncio
import platform
import time
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar

import msgspec
from msgspec.structs import replace

from sentio_tui import __version__
from sentio_tui.brokers.base import Broker
from sentio_tui.brokers.costs import Cost, CostSchedule
from sentio_tui.brokers.matching import NextOpen, SameClose
from sentio_tui.brokers.paper import PaperBroker
from sentio_tui.config import ConfigError, Problem
from sentio_tui.engine.book import BookParts
from sentio_tui.engine.engine import Engine, Rules
from sentio_tui.engine.risk import Limits
from sentio_tui.engine.view import Viewer
from sentio_tui.feeds.base import Feed, FeedError
from sentio_tui.feeds.pacing import Pacer
from sentio_tui.feeds.warm_up import WarmUp
from sentio_tui.machines.base import Machine
from sentio_tui.machines.slots import Slots
from sentio_tui.market.calendar import DAY, AlwaysOpen, Calendar, for_asset
from sentio_tui.model.bars import MINUTE, Millis
from sentio_tui.model.events import BookInfo, Mode, SessionInfo
from sentio_tui.model.instruments import AssetClass, Instrument
from sentio_tui.sessions.live import LiveSession
from sentio_tui.sessions.recorder import Recorder
from sentio_tui.sessions.summary import Terms
from sentio_tui.settings import BookSettings, MachineSettings, Settings, StrategySettings
from sentio_tui.strategies import registry
from sentio_tui.strategies.base import Strategy

if TYPE_CHECKING:
    from sentio_tui.feeds.recorded import RecordedFeed

T = TypeVar("T")

SCHEMA: Final = "1"
"""Version of the journal's events."""

_CRYPTO_DEFAULT: Final = (0.000001, 0.01)
_EQUITY_DEFAULT: Final = (1.0, 0.01)


def assemble(settings: Settings, folder: Path) -> LiveSession:
    """A session ready to start. Everything that can be wrong with the configuration is found here, before any file.

    Raises ConfigError with all problems, FeedError where the data cannot be read, SessionsFolderError where the
    folder cannot be written.
    """
    started = time.time_ns() // 1_000_000
    if settings.feed.kind == "recorded" and not settings.feed.symbols:
        settings = _with_symbols_of_data(settings)
    instruments = {symbol: instrument(settings, symbol) for symbol in settings.feed.symbols}
    hours = calendars(instruments)
    books, infos = _books(settings)
    feed = _feed(settings, instruments, hours)
    broker = _broker(settings, infos, instruments, hours)
    rules = Rules(
        duration=round(settings.session.duration * 60_000),
        patience=round(settings.feed.stale_after * 1000),
        limits=Limits(settings.risk.daily_loss, settings.risk.drawdown, settings.risk.orders_per_minute),
    )
    recorder = Recorder.create(folder, started)
    info = _info(settings, recorder.name, started, infos, hours, feed)
    engine = Engine(info, books, broker, instruments, hours, rules, started if feed.begin is None else feed.begin)
    recorder.attach(engine.state, _terms(settings))
    return LiveSession(
        engine,
        feed,
        Pacer(settings.feed.speed, time.monotonic, asyncio.sleep),
        recorder,
        Viewer(engine.state, settings.feed.speed, rules.patience),
        at_exit=settings.session.at_exit,
        patience=settings.session.patience,
    )


def instrument(settings: Settings, symbol: str) -> Instrument:
    """What the configuration knows of a symbol. Without an entry, a dash in it means crypto."""
    known = settings.instruments.get(symbol)
    if known is not None:
        return Instrument(symbol, AssetClass(known.asset_class), known.quantity_step, known.price_step)
    asset_class = AssetClass.CRYPTO if "-" in symbol else AssetClass.EQUITY
    steps = _CRYPTO_DEFAULT if asset_class is AssetClass.CRYPTO else _EQUITY_DEFAULT
    return Instrument(symbol, asset_class, *steps)


def calendars(instruments: Mapping[str, Instrument]) -> dict[str, Calendar]:
    """The hours of each symbol's market."""
    by_class = {
        asset_class: for_asset(asset_class) for asset_class in {each.asset_class for each in instruments.values()}
    }
    return {symbol: by_class[known.asset_class] for symbol, known in instruments.items()}


def _books(settings: Settings) -> tuple[list[BookParts], tuple[BookInfo, ...]]:
    wanted = settings.books or (
        BookSettings(name=settings.strategy.name, share=1.0, strategy=settings.strategy, machine=settings.machine),
    )
    problems = _book_problems(settings, wanted)
    parts, infos = [], []
    for index, book in enumerate(wanted):
        symbols = book.symbols or settings.feed.symbols
        try:
            strategies = {symbol: _strategy(book.strategy, symbol) for symbol in symbols}
            parameters = registry.effective(book.strategy.name, book.strategy.preset, book.strategy.params)
        except registry.StrategyError as error:
            key = f"books[{index}].strategy.{error.key}" if settings.books else f"strategy.{error.key}"
            problems.append(Problem("strategy", key, str(error)))
            continue
        machine = _machine(book.machine)
        parts.append(BookParts(book.name, machine, strategies, book.machine.flat_overnight))
        infos.append(
            BookInfo(
                name=book.name,
                strategy=book.strategy.name,
                preset=book.strategy.preset,
                machine=machine.name,
                symbols=symbols,
                driving=symbols,
                capital=book.share * settings.session.capital,
                parameters=msgspec.to_builtins(parameters),
            )
        )
    if problems:
        raise ConfigError(problems)
    return parts, tuple(infos)


def _book_problems(settings: Settings, books: Sequence[BookSettings]) -> list[Problem]:
    problems = []
    names = [book.name for book in books]
    if len(set(names)) != len(names):
        problems.append(Problem("books", "books.name", f"two books have the same name: {', '.join(names)}"))
    share = sum(book.share for book in books)
    if share > 1.0 + 1e-9:
        problems.append(Problem("books", "books.share", f"the shares add up to {share:g}, at most 1 can be given away"))
    if not settings.feed.symbols:
        problems.append(Problem("feed", "feed.symbols", "names no symbol"))
    if len(set(settings.feed.symbols)) != len(settings.feed.symbols):
        problems.append(Problem("feed", "feed.symbols", f"names a symbol twice: {', '.join(settings.feed.symbols)}"))
    for book in books:
        foreign = [symbol for symbol in book.symbols if symbol not in settings.feed.symbols]
        if foreign:
            text = f"book {book.name} trades {', '.join(foreign)}, which the feed does not bring: add to feed.symbols"
            problems.append(Problem("books", "books.symbols", text))
    return problems


def _strategy(settings: StrategySettings, symbol: str) -> Strategy:
    return registry.build(settings.name, settings.preset, settings.params, symbol)


def _machine(settings: MachineSettings) -> Machine:
    slots = settings.slots
    return Slots(slots.max_positions, slots.position_size, slots.sizing, slots.stop_loss, slots.take_profit)


def _with_symbols_of_data(settings: Settings) -> Settings:
    found = _recorded(settings, AlwaysOpen(), date="").symbols_found
    return replace(settings, feed=replace(settings.feed, symbols=found))


def _recorded(settings: Settings, calendar: Calendar, date: str) -> "RecordedFeed":
    from sentio_tui.feeds.recorded import RecordedFeed

    wanted = settings.feed
    files = [Path(name).expanduser() for name in wanted.data]
    feed = RecordedFeed(files, wanted.symbols, date, wanted.data_symbol, calendar, wanted.warm_up_days)
    feed.load()
    return feed


def _feed(settings: Settings, instruments: Mapping[str, Instrument], hours: Mapping[str, Calendar]) -> Feed:
    wanted = settings.feed
    calendar = next(iter(hours.values()))
    if wanted.kind == "recorded":
        recorded = _recorded(settings, calendar, wanted.date)
        ends = [*{bar.symbol: bar for bar in recorded.bars}.values()]
        ends += {bar.symbol: bar for bar in reversed(recorded.bars)}.values()
        for bar in ends:
            _expect_known(hours[bar.symbol], bar.time + MINUTE, f"bars of {bar.symbol}")
        return WarmUp(recorded, recorded.bars[0].time) if wanted.warm_up_days else recorded
    from sentio_tui.feeds.simulated import SimulatedFeed, simulated_symbol

    start = round(datetime.fromisoformat(wanted.start).timestamp() * 1000)
    for symbol, known in hours.items():
        _expect_known(known, start, f"feed.start = {wanted.start} with {symbol}")
    symbols = [simulated_symbol(each.symbol, each.asset_class, each.price_step) for each in instruments.values()]
    if not wanted.warm_up_days:
        return SimulatedFeed(symbols, wanted.seed, start, wanted.days)
    earlier = _sessions_before(calendar, start, wanted.warm_up_days)
    days = wanted.days + -(-(start - earlier) // DAY) if wanted.days else 0
    return WarmUp(SimulatedFeed(symbols, wanted.seed, earlier, days), start)


def _sessions_before(calendar: Calendar, start: Millis, count: int) -> Millis:
    """The opening of the exchange day that is `count` sessions before the one `start` is in or before."""
    day = calendar.day_of(start)
    sessions = calendar.sessions_between(day - timedelta(days=2 * count + 10), day - timedelta(days=1))
    hours = calendar.session(sessions[-count])
    return start if hours is None else hours[0]


def _expect_known(calendar: Calendar, at: Millis, what: str) -> None:
    """Raises FeedError for a time whose hours nobody knows."""
    try:
        calendar.is_open(at)
    except ValueError as error:
        raise FeedError(f"{what}: {error}") from None


def _broker(
    settings: Settings,
    books: Sequence[BookInfo],
    instruments: Mapping[str, Instrument],
    hours: Mapping[str, Calendar],
) -> Broker:
    broker = settings.broker
    return PaperBroker(
        {book.name: book.capital for book in books},
        instruments,
        CostSchedule(
            Cost(
                AssetClass(cost.asset_class),
                _midnight(cost.since),
                cost.commission_rate,
                cost.commission_per_share,
                cost.sec_rate,
                cost.taf_per_share,
                cost.taf_maximum,
            )
            for cost in settings.costs
        ),
        slippage=broker.slippage,
        participation=broker.participation,
        expires=lambda known, at: hours[known.symbol].next_close(at),
        fill=NextOpen() if broker.fill == "next_open" else SameClose(),
    )


def _terms(settings: Settings) -> Terms:
    books = settings.books or (BookSettings("", 1.0, settings.strategy, settings.machine),)
    slots = [book.machine.slots for book in books]
    classes = {instrument(settings, symbol).asset_class for symbol in settings.feed.symbols}
    rates = {cost.commission_rate for cost in settings.costs if cost.asset_class in classes}
    return Terms(
        preset=_common([book.strategy.preset for book in books]),
        overrides=_common([book.strategy.params for book in books]) or {},
        position_size=_common([each.position_size for each in slots]),
        max_positions=_common([each.max_positions for each in slots]),
        stop_loss=_common([each.stop_loss for each in slots]),
        take_profit=_common([each.take_profit for each in slots]),
        commission_rate=rates.pop() if len(rates) == 1 else None,
        slippage=settings.broker.slippage,
    )


def _common(values: Sequence[T]) -> T | None:
    """The value of all books; None where they differ."""
    return values[0] if all(value == values[0] for value in values) else None


def _midnight(day: str) -> Millis:
    return round(datetime.fromisoformat(f"{day}T00:00:00+00:00").timestamp() * 1000)


def _info(
    settings: Settings,
    name: str,
    started: Millis,
    books: tuple[BookInfo, ...],
    hours: Mapping[str, Calendar],
    feed: Feed,
) -> SessionInfo:
    calendar = next(iter(hours.values()))
    return SessionInfo(
        name=name,
        mode=Mode.SIM if settings.feed.kind == "simulated" else Mode.REPLAY,
        started=started,
        capital=settings.session.capital,
        books=books,
        symbols=settings.feed.symbols,
        feed=feed.name,
        broker=settings.broker.kind,
        clock_zone=calendar.zone,
        periods=calendar.periods,
        settings=msgspec.to_builtins(settings),
        versions={"sentio-tui": __version__, "schema": SCHEMA, "python": platform.python_version()},
    )
