"""From settings to a session: the one place that decides which feed, strategies, machine and broker are used."""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Final, TypeVar

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from sentio_tui.brokers.base import Broker
from sentio_tui.brokers.costs import Cost, CostSchedule
from sentio_tui.brokers.matching import NextOpen, SameClose
from sentio_tui.brokers.paper import PaperBroker
from sentio_tui.engine.book import BookParts
from sentio_tui.engine.engine import Engine, Rules
from sentio_tui.engine.risk import Limits
from sentio_tui.engine.view import Viewer
from sentio_tui.feeds.base import Feed
from sentio_tui.feeds.pacing import Pacer
from sentio_tui.market.calendar import AlwaysOpen, Calendar, leading
from sentio_tui.model.bars import Millis
from sentio_tui.model.events import AnyEvent, BookInfo, Mode, SessionInfo
from sentio_tui.model.instruments import AssetClass, Family, Instrument
from sentio_tui.sessions.books import books_of, family_of
from sentio_tui.sessions.inputs import BEGINNING, Position
from sentio_tui.sessions.live import LiveSession
from sentio_tui.sessions.markets import feed_of, hours_of, on_exchanges, with_symbols
from sentio_tui.sessions.recorder import Recorder
from sentio_tui.sessions.summary import Terms
from sentio_tui.sessions.versions import data_of, versions_of
from sentio_tui.settings import BookSettings, Settings

T = TypeVar("T")

_CRYPTO_DEFAULT: Final = (0.000001, 0.01)
_EQUITY_DEFAULT: Final = (1.0, 0.01)


def assemble(settings: Settings, folder: Path) -> LiveSession:
    """A session ready to start. Everything that can be wrong with the configuration is found here, before any file.

    Raises ConfigError with all problems, FeedError where the data cannot be read, SessionsFolderError where the
    folder cannot be written.
    """
    started = time.time_ns() // 1_000_000
    plan = plan_of(_findable(settings))
    feed = feed_of(plan.settings, plan.instruments, plan.hours, plan.family)
    recorder = Recorder.create(folder, started)
    info = _info(plan, recorder.name, started, feed)
    engine = plan.engine(info, started if feed.begin is None else feed.begin)
    return session_of(plan, engine, feed, recorder, engine.open, BEGINNING)


def _findable(settings: Settings) -> Settings:
    """The settings with whole paths of the data, file by file: the journal keeps them, and who resumes may be in
    another folder, and find more files there. Raises FeedError."""
    from sentio_tui.feeds.recorded import files_in

    data = tuple(str(path) for path in files_in([Path(name).expanduser().absolute() for name in settings.feed.data]))
    return replace(settings, feed=replace(settings.feed, data=data))


class Plan(Struct, frozen=True):
    """What follows from the settings alone, before any file and any bar. Its parts make one engine."""

    settings: Settings
    family: Family | None
    instruments: Mapping[str, Instrument]
    hours: Mapping[str, Calendar]
    books: Sequence[BookParts]
    infos: tuple[BookInfo, ...]
    rules: Rules

    def engine(self, info: SessionInfo, at: Millis) -> Engine:
        """The engine of a session that begins at the market time `at`, with the paper broker it starts with."""
        broker = _broker(self.settings, self.infos, self.instruments, self.hours)
        return Engine(info, self.books, broker, self.instruments, self.hours, self.rules, at)


def plan_of(settings: Settings) -> Plan:
    """Raises ConfigError with all problems, FeedError where only the data could tell the symbols and cannot be read."""
    family = family_of(settings)
    settings = with_symbols(settings, family)
    instruments = on_exchanges({symbol: instrument(settings, symbol) for symbol in settings.feed.symbols}, family)
    hours = hours_of(settings, instruments)
    books, infos = books_of(settings, instruments)
    rules = Rules(
        duration=round(settings.session.duration * 60_000),
        patience=round(settings.feed.stale_after * 1000),
        limits=Limits(settings.risk.daily_loss, settings.risk.drawdown, settings.risk.orders_per_minute),
    )
    return Plan(settings, family, instruments, hours, books, infos, rules)


def session_of(
    plan: Plan,
    engine: Engine,
    feed: Feed,
    recorder: Recorder,
    opening: Callable[[], Sequence[AnyEvent]],
    done: Position,
    past: Sequence[AnyEvent] = (),
) -> LiveSession:
    """The session of an engine that has taken in the feed up to `done`, with the events `past`; `opening` is its first
    turn."""
    settings = plan.settings
    exchange = leading(plan.hours.values())
    closes = settings.session.close_summary and not isinstance(exchange, AlwaysOpen)
    recorder.attach(engine.state, terms_of(settings), exchange if closes else None, past)
    return LiveSession(
        engine,
        feed,
        Pacer(settings.feed.speed, time.monotonic, asyncio.sleep),
        recorder,
        Viewer(engine.state, settings.feed.speed, plan.rules.patience),
        at_exit=settings.session.at_exit,
        patience=settings.session.patience,
        opening=opening,
        done=done,
    )


def instrument(settings: Settings, symbol: str) -> Instrument:
    """What the configuration knows of a symbol. Without an entry, a dash in it means crypto."""
    known = settings.instruments.get(symbol)
    if known is not None:
        asset_class, exchange = AssetClass(known.asset_class), known.exchange
        return Instrument(symbol, asset_class, known.quantity_step, known.price_step, exchange=exchange)
    asset_class = AssetClass.CRYPTO if "-" in symbol else AssetClass.EQUITY
    steps = _CRYPTO_DEFAULT if asset_class is AssetClass.CRYPTO else _EQUITY_DEFAULT
    return Instrument(symbol, asset_class, *steps)


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
        is_open=lambda known, at: hours[known.symbol].is_open(at),
        fill=NextOpen() if broker.fill == "next_open" else SameClose(),
    )


def terms_of(settings: Settings) -> Terms:
    """What the summary document repeats of a configuration in force."""
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


def _info(plan: Plan, name: str, started: Millis, feed: Feed) -> SessionInfo:
    settings = plan.settings
    calendar = leading(plan.hours.values())
    return SessionInfo(
        name=name,
        mode=Mode.SIM if settings.feed.kind == "simulated" else Mode.REPLAY,
        started=started,
        capital=settings.session.capital,
        books=plan.infos,
        symbols=settings.feed.symbols,
        feed=feed.name,
        broker=settings.broker.kind,
        clock_zone=calendar.zone,
        # The equity of a mixed session has a close for each day of the market that trades on most of them.
        periods=max(each.periods for each in plan.hours.values()),
        settings=msgspec.to_builtins(settings),
        versions=versions_of([book.strategy for book in plan.infos]),
        exchange=calendar.name,
        before_close=plan.rules.before_close,
        data=data_of(settings.feed.data) if settings.feed.kind == "recorded" else {},
    )
