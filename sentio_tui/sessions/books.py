"""From settings to books: strategies, machines, families."""

from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import Protocol, runtime_checkable

import msgspec

from sentio_tui.config import ConfigError, Problem
from sentio_tui.engine.book import BookParts
from sentio_tui.machines.base import Machine
from sentio_tui.machines.ladder import LadderMachine, Ladders, ladders
from sentio_tui.machines.slots import Slots
from sentio_tui.market.calendar import ROUND_THE_CLOCK, exchange_of
from sentio_tui.market.families import FAMILIES, family
from sentio_tui.model.events import BookInfo, LadderInfo
from sentio_tui.model.instruments import Family, Instrument
from sentio_tui.settings import BookSettings, LadderSettings, MachineSettings, Settings, StrategySettings
from sentio_tui.strategies import registry
from sentio_tui.strategies.base import Parameters, Strategy
from sentio_tui.toml_lines import join_key


def books_of(settings: Settings, instruments: Mapping[str, Instrument]) -> tuple[list[BookParts], tuple[BookInfo, ...]]:
    """Every book with its strategies and its machine. Raises ConfigError with all problems."""
    wanted = settings.books or (
        BookSettings(name=settings.strategy.name, share=1.0, strategy=settings.strategy, machine=settings.machine),
    )
    problems = _book_problems(settings, wanted)
    parts, infos = [], []
    for index, book in enumerate(wanted):
        prefix = f"books[{index}]." if settings.books else ""
        try:
            members = _family(settings, book.machine)
            symbols = members.symbols if members else book.symbols or settings.feed.symbols
            driving = (members.base,) if members else symbols
            parameters = registry.effective(book.strategy.name, book.strategy.preset, book.strategy.params)
            strategies = {
                symbol: _strategy(book.strategy, parameters, instruments[symbol])
                for symbol in driving
                if symbol in instruments
            }
        except registry.StrategyError as error:
            problems.append(Problem("strategy", f"{prefix}strategy.{error.key}", str(error)))
            continue
        except ValueError as error:
            problems.append(Problem("machine", _place_of_family(settings, book.machine, prefix), str(error)))
            continue
        try:
            ladder = _ladder(book.machine.ladder, members, parameters) if members else None
            rungs = ladders(ladder) if ladder is not None else None
        except ValueError as error:
            problems.append(Problem("machine", f"{prefix}machine.ladder.rungs", str(error)))
            continue
        try:
            machine = _machine(book.machine, rungs)
        except ValueError as error:
            problems.append(Problem("machine", f"{prefix}machine.{book.machine.kind}", str(error)))
            continue
        traded = [instruments[symbol] for symbol in symbols if symbol in instruments]
        if book.machine.flat_overnight and traded and not any(_closes(each) for each in traded):
            text = f"has no effect: the market of {', '.join(symbols)} never closes; set it to false"
            problems.append(Problem("machine", f"{prefix}machine.flat_overnight", text))
        parts.append(BookParts(book.name, machine, strategies, book.machine.flat_overnight))
        infos.append(
            BookInfo(
                name=book.name,
                strategy=book.strategy.name,
                preset=book.strategy.preset,
                machine=machine.name,
                symbols=symbols,
                driving=driving,
                capital=book.share * settings.session.capital,
                parameters=msgspec.to_builtins(parameters),
                ladder=ladder,
                flat_overnight=book.machine.flat_overnight,
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


def _closes(known: Instrument) -> bool:
    return exchange_of(known.asset_class, known.exchange) != ROUND_THE_CLOCK


def _strategy(settings: StrategySettings, parameters: Parameters, driving: Instrument) -> Strategy:
    """A strategy that keeps an exchange's hours keeps those of the symbol that drives it, unless it is told its own."""
    own = dict(settings.params)
    if isinstance(parameters, KeepsHours) and not parameters.exchange:
        own["exchange"] = exchange_of(driving.asset_class, driving.exchange)
    return registry.build(settings.name, settings.preset, own, driving.symbol)


def _machine(settings: MachineSettings, rungs: Ladders | None) -> Machine:
    """Raises ValueError for figures that make no sense."""
    if rungs is None:
        slots = settings.slots
        return Slots(slots.max_positions, slots.position_size, slots.sizing, slots.stop_loss, slots.take_profit)
    ladder = settings.ladder
    return LadderMachine(
        rungs,
        min_hold_bars=ladder.min_hold_bars,
        profit_target=ladder.profit_target,
        stop_loss=ladder.stop_loss,
        cash_buffer=ladder.cash_buffer,
    )


def _ladder(settings: LadderSettings, family: Family, parameters: Parameters) -> LadderInfo:
    """The configured rungs; without any, the strategy's own thresholds, for a ladder that follows where they move."""
    thresholds = parameters if isinstance(parameters, HasThresholds) else None
    return LadderInfo(
        family=family,
        rungs=dict(sorted(settings.rungs.items(), key=lambda rung: -rung[1])),
        buy=thresholds.buy if thresholds is not None else None,
        sell=thresholds.sell if thresholds is not None else None,
        min_hold_bars=settings.min_hold_bars,
        profit_target=settings.profit_target,
        stop_loss=settings.stop_loss,
        cash_buffer=settings.cash_buffer,
    )


@runtime_checkable
class KeepsHours(Protocol):
    """Parameters with the exchange whose hours a strategy learns in; empty is that of its symbol."""

    exchange: str


@runtime_checkable
class HasThresholds(Protocol):
    """Parameters with probabilities above which to buy and below which to sell."""

    buy: float
    sell: float


def _family(settings: Settings, machine: MachineSettings) -> Family | None:
    """The family of a ladder. Raises ValueError for an unknown or impossible one."""
    if machine.kind != "ladder":
        return None
    name = machine.ladder.family
    own = settings.families.get(name)
    if own is not None:
        return family(name, own.base, own.bull, own.bear, own.bear_leveraged, own.leverage)
    if name not in FAMILIES:
        known = [*FAMILIES, *settings.families]
        near = get_close_matches(name, known, n=1, cutoff=0.5)
        hint = f"did you mean {near[0]}?" if near else f"there is {', '.join(known)}"
        raise ValueError(f"unknown family {name!r}: {hint}")
    return FAMILIES[name]


def family_of(settings: Settings) -> Family | None:
    """The family whose ladder the session is about, if it is about one. Raises ConfigError."""
    try:
        return _family(settings, settings.machine) if not settings.books else None
    except ValueError as error:
        raise ConfigError([Problem("machine", _place_of_family(settings, settings.machine, ""), str(error))]) from None


def _place_of_family(settings: Settings, machine: MachineSettings, prefix: str) -> str:
    """The key to blame for a family: its own entry, or the name where nobody has made one."""
    name = machine.ladder.family
    return join_key(("families", name)) if name in settings.families else f"{prefix}machine.ladder.family"
