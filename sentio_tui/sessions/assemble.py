"""From settings to a session: the one place that decides which feed, strategies, machine and broker are used."""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from sentio_tui.brokers.base import Broker, OutsideBroker
from sentio_tui.brokers.costs import Cost, CostSchedule
from sentio_tui.brokers.matching import NextOpen, SameClose
from sentio_tui.brokers.paper import PaperBroker
from sentio_tui.brokers.silent import SilentBroker
from sentio_tui.config import ConfigError, Problem
from sentio_tui.engine.book import BookParts
from sentio_tui.engine.engine import Engine, Rules
from sentio_tui.engine.risk import Limits
from sentio_tui.engine.view import Viewer
from sentio_tui.feeds.base import Feed
from sentio_tui.feeds.pacing import Pacer
from sentio_tui.market.calendar import AlwaysOpen, Calendar, leading
from sentio_tui.model.bars import Millis
from sentio_tui.model.events import AnyEvent, BookInfo, SessionInfo
from sentio_tui.model.instruments import AssetClass, Family, Instrument
from sentio_tui.sessions.books import books_of, family_of
from sentio_tui.sessions.inputs import BEGINNING, Position
from sentio_tui.sessions.live import LiveSession
from sentio_tui.sessions.markets import (
    alpaca_plan,
    feed_of,
    hours_of,
    is_stressed,
    on_exchanges,
    patience_of,
    with_symbols,
)
from sentio_tui.sessions.permit import NONE, Permit, expect_permitted
from sentio_tui.sessions.recorder import Recorder
from sentio_tui.sessions.summary import Terms
from sentio_tui.sessions.versions import data_of, versions_of
from sentio_tui.settings import BookSettings, Settings

if TYPE_CHECKING:
    from sentio_tui.sessions.at_alpaca import HeldAccount

T = TypeVar("T")

_ANSWERED: Final = 30.0
"""Seconds in which an order at a broker in another place has filled, or its lost answer has been looked up."""

_CRYPTO_DEFAULT: Final = (0.000001, 0.01)
_EQUITY_DEFAULT: Final = (1.0, 0.01)


def assemble(settings: Settings, folder: Path, permit: Permit = NONE) -> LiveSession:
    """A session ready to start. Everything that can be wrong with the configuration is found here, before any file;
    with an account at Alpaca, also what is wrong there, and whether `permit` allows it.

    Raises ConfigError with all problems, FeedError where the data cannot be read, NotPermitted, NotOpened where Alpaca
    cannot be traded with, SessionsFolderError where the folder cannot be written.
    """
    started = time.time_ns() // 1_000_000
    plan = plan_of(_findable(settings))
    with ExitStack() as undone:
        held = outside(plan, started, permit)
        if held is not None:
            undone.callback(held.release)
            plan = _with_capital(plan, held.capital(plan.settings.feed.symbols))
        feed = feed_of(plan.settings, plan.instruments, plan.hours, plan.family)
        recorder = Recorder.create(folder, started)
        info = _info(plan, recorder.name, started, feed, "" if held is None else held.mark)
        silent = SilentBroker()
        engine = plan.engine(info, started if feed.begin is None else feed.begin, silent)
        session = session_of(plan, engine, feed, recorder, engine.open, BEGINNING, held=held, silent=silent)
        undone.pop_all()
    return session


def outside(plan: "Plan", started: Millis, permit: Permit, *, goes_on: bool = False) -> "HeldAccount | None":
    """What a session needs of Alpaca, looked at: the account, held, where it trades one. One that `goes_on` broke off
    before. Raises NotPermitted, NotOpened."""
    expect_permitted(plan.settings, permit.live)
    if plan.settings.feed.kind != "alpaca":
        return None
    from sentio_tui.sessions import at_alpaca

    wanted = replace(alpaca_plan(plan.settings, plan.family), goes_on=goes_on)
    if plan.settings.broker.kind == "alpaca":
        return at_alpaca.hold(wanted, started, permit)
    at_alpaca.look_at(wanted, permit)
    return None


def _with_capital(plan: "Plan", capital: float) -> "Plan":
    """What an account has is the capital, whatever is configured."""
    settings = plan.settings
    return plan_of(replace(settings, session=replace(settings.session, capital=capital)))


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

    def engine(self, info: SessionInfo, at: Millis, silent: SilentBroker | None = None) -> Engine:
        """The engine of a session that begins at the market time `at`, with the paper broker it starts with. A broker
        elsewhere is represented by `silent`, which can hand over to it."""
        if self.settings.broker.kind == "paper":
            broker: Broker = _paper(self.settings, self.infos, self.instruments, self.hours)
        else:
            broker = silent or SilentBroker()
        return Engine(info, self.books, broker, self.instruments, self.hours, self.rules, at)


def plan_of(settings: Settings) -> Plan:
    """Raises ConfigError with all problems, FeedError where only the data could tell the symbols and cannot be read."""
    _expect_sound_broker(settings)
    family = family_of(settings)
    settings = with_symbols(settings, family)
    if settings.feed.kind == "alpaca":
        settings = replace(settings, feed=replace(settings.feed, speed=1.0))  # the present has no other
    instruments = on_exchanges({symbol: instrument(settings, symbol) for symbol in settings.feed.symbols}, family)
    hours = hours_of(settings, instruments)
    books, infos = books_of(settings, instruments)
    rules = Rules(
        duration=round(settings.session.duration * 60_000),
        patience=patience_of(settings.feed),
        limits=Limits(settings.risk.daily_loss, settings.risk.drawdown, settings.risk.orders_per_minute),
        account_first=settings.broker.kind != "paper",
    )
    return Plan(settings, family, instruments, hours, books, infos, rules)


def _expect_sound_broker(settings: Settings) -> None:
    """Raises ConfigError for orders that would go to an account by prices of another market, and for trouble that
    nobody can put upon the present."""
    problems = []
    if settings.broker.kind == "alpaca" and settings.feed.kind != "alpaca":
        text = f"alpaca trades by the prices of now, not by those of a {settings.feed.kind} feed: use --feed alpaca too"
        problems.append(Problem("broker", "broker.kind", text))
    elif settings.broker.kind == "alpaca" and settings.feed.alpaca.feed == "delayed_sip":
        text = "orders would be filled at the prices of now, decided on those of 15 minutes ago: use the broker paper"
        problems.append(Problem("feed", "feed.alpaca.feed", text))
    if settings.feed.kind == "alpaca" and is_stressed(settings):
        text = "the market of now takes no stress; leave it out, or use a simulated or recorded feed"
        problems.append(Problem("feed", "feed.stress", text))
    if problems:
        raise ConfigError(problems)


def session_of(
    plan: Plan,
    engine: Engine,
    feed: Feed,
    recorder: Recorder,
    opening: Callable[[], Sequence[AnyEvent]],
    done: Position,
    past: Sequence[AnyEvent] = (),
    *,
    held: "HeldAccount | None",
    silent: SilentBroker,
) -> LiveSession:
    """The session of an engine that has taken in the feed up to `done`, with the events `past`; `opening` is its first
    turn. With an account it is traded by its broker from now on, in the place of the engine's `silent` one."""
    settings = plan.settings
    exchange = leading(plan.hours.values())
    closes = settings.session.close_summary and not isinstance(exchange, AlwaysOpen)
    recorder.attach(engine.state, terms_of(settings), exchange if closes else None, past)
    broker = None
    if held is not None:
        broker = held.broker(plan.instruments, recorder.name)
        fills = [execution.fill for execution in engine.state.executions]
        silent.hand_over(broker, engine.state.orders.values(), fills)
    session = LiveSession(
        engine,
        feed,
        Pacer(settings.feed.speed, time.monotonic, asyncio.sleep),
        recorder,
        Viewer(engine.state, settings.feed.speed, plan.rules.patience),
        at_exit=settings.session.at_exit,
        patience=closing_patience(settings.session.patience, broker),
        opening=opening,
        done=done,
        outside=broker,
    )
    if held is not None:
        session.at_end(held.release)
    return session


def closing_patience(configured: float, broker: OutsideBroker | None) -> float:
    """Seconds to wait at exit for what closes the positions. There are no last prices to take at a broker in another
    place, and a fill that comes when the session has ended is in no journal."""
    return configured if broker is None else max(configured, _ANSWERED)


def instrument(settings: Settings, symbol: str) -> Instrument:
    """What the configuration knows of a symbol. Without an entry, a dash in it means crypto."""
    known = settings.instruments.get(symbol)
    if known is not None:
        asset_class, exchange = AssetClass(known.asset_class), known.exchange
        return Instrument(symbol, asset_class, known.quantity_step, known.price_step, exchange=exchange)
    asset_class = AssetClass.CRYPTO if "-" in symbol else AssetClass.EQUITY
    steps = _CRYPTO_DEFAULT if asset_class is AssetClass.CRYPTO else _EQUITY_DEFAULT
    return Instrument(symbol, asset_class, *steps)


def _paper(
    settings: Settings,
    books: Sequence[BookInfo],
    instruments: Mapping[str, Instrument],
    hours: Mapping[str, Calendar],
) -> PaperBroker:
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
        commission_rate=rates.pop() if len(rates) == 1 and settings.broker.kind == "paper" else None,
        slippage=settings.broker.slippage if settings.broker.kind == "paper" else None,
    )


def _common(values: Sequence[T]) -> T | None:
    """The value of all books; None where they differ."""
    return values[0] if all(value == values[0] for value in values) else None


def _midnight(day: str) -> Millis:
    return round(datetime.fromisoformat(f"{day}T00:00:00+00:00").timestamp() * 1000)


def _info(plan: Plan, name: str, started: Millis, feed: Feed, account: str) -> SessionInfo:
    settings = plan.settings
    broker = settings.broker
    calendar = leading(plan.hours.values())
    return SessionInfo(
        name=name,
        mode=settings.mode,
        started=started,
        capital=settings.session.capital,
        books=plan.infos,
        symbols=settings.feed.symbols,
        feed=feed.name,
        broker=broker.kind if broker.kind == "paper" else f"{broker.kind} {broker.alpaca.mode}",
        clock_zone=calendar.zone,
        # The equity of a mixed session has a close for each day of the market that trades on most of them.
        periods=max(each.periods for each in plan.hours.values()),
        settings=msgspec.to_builtins(settings),
        versions=versions_of([book.strategy for book in plan.infos]),
        exchange=calendar.name,
        before_close=plan.rules.before_close,
        data=data_of(settings.feed.data) if settings.feed.kind == "recorded" else {},
        account=account,
    )
