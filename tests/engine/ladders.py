"""A book on the ladder of the SPY family, driven by scripted probabilities, for tests."""

import random
from collections.abc import Mapping, Sequence
from typing import ClassVar, Final, Self

from msgspec.structs import replace

from sentio_tui.brokers.costs import Cost, CostSchedule
from sentio_tui.brokers.matching import FillModel, NextOpen
from sentio_tui.brokers.paper import PaperBroker
from sentio_tui.engine.book import BookParts
from sentio_tui.engine.engine import Engine, Rules
from sentio_tui.engine.state import State
from sentio_tui.engine.view import Viewer
from sentio_tui.machines.ladder import LadderMachine, ladders
from sentio_tui.market.calendar import AlwaysOpen, Calendar
from sentio_tui.market.families import SPY
from sentio_tui.market.leverage import LeveragedSeries
from sentio_tui.model.bars import MINUTE, Bar, Millis
from sentio_tui.model.decisions import Direction, Reason, Signal
from sentio_tui.model.events import BookInfo, Decided, LadderInfo, SessionInfo, SessionStarted
from sentio_tui.model.instruments import AssetClass, Instrument
from sentio_tui.model.snapshot import Snapshot
from sentio_tui.strategies.base import Parameters, Strategy
from tests.engine.scripts import START, info

CAPITAL: Final = 100_000.0
CALIBRATED: Final = LadderInfo(SPY, {}, 0.55, 0.45, 3, 0.02, 0.015, 0.002)
FIXED: Final = replace(CALIBRATED, rungs={"BASE_ONLY": 0.6, "CASH_ONLY": 0.4, "BEAR_1X_ONLY": 0.0})


class Probabilities:
    """Says a listed probability at each bar; 0.5 when the list is over."""

    name: ClassVar[str] = "probabilities"
    summary: ClassVar[str] = "a script"
    parameters: ClassVar[type[Parameters]] = Parameters
    presets: ClassVar[Mapping[str, Parameters]] = {}

    def __init__(self, listed: Sequence[float]) -> None:
        self._listed = iter(listed)

    @classmethod
    def create(cls, symbol: str, parameters: Parameters) -> Self:
        return cls(())

    @property
    def lookback(self) -> int:
        return 1

    def on_bar(self, bar: Bar) -> Signal:
        return Signal(bar.symbol, bar.time, Direction.NEUTRAL, {}, probability=next(self._listed, 0.5))


def session(ladder: LadderInfo = CALIBRATED) -> SessionInfo:
    book = BookInfo("main", "probabilities", "", "ladder", SPY.symbols, (SPY.base,), CAPITAL, {}, ladder)
    return replace(info(SPY.symbols, CAPITAL), books=(book,))


def decided(seq: int, probability: float | None, values: dict[str, float] | None = None) -> Decided:
    signal = Signal("SPY", START, Direction.NEUTRAL, values or {}, probability=probability)
    return Decided(seq, START + MINUTE, "main", "SPY", Reason.NO_CHANGE, signal)


def snapshot_of(ladder: LadderInfo, *decisions: Decided) -> Snapshot:
    """What the screen shows of a session with these decisions and nothing else."""
    state = State(SessionStarted(1, START, session(ladder)))
    for decision in decisions:
        state.apply(decision)
    return Viewer(state, 1.0, 2 * MINUTE).snapshot()


def engine(
    strategy: Strategy,
    about: SessionInfo | None = None,
    *,
    ladder: LadderInfo = CALIBRATED,
    fill: FillModel | None = None,
    participation: float = 1.0,
    calendar: Calendar | None = None,
    flat_overnight: bool = False,
    at: Millis = START,
) -> Engine:
    """One book on the ladder, by default of a market that never closes. Trading costs a cent a share and a tenth of a
    percent."""
    calendar = calendar or AlwaysOpen()
    instruments = {
        symbol: Instrument(symbol, AssetClass.EQUITY, 1.0, 0.01, SPY.leverage[symbol]) for symbol in SPY.symbols
    }
    broker = PaperBroker(
        {"main": CAPITAL},
        instruments,
        CostSchedule([Cost(AssetClass.EQUITY, commission_per_share=0.01)]),
        slippage=0.001,
        participation=participation,
        expires=lambda known, now: calendar.next_close(now),
        fill=fill or NextOpen(),
    )
    machine = LadderMachine(ladders(ladder), min_hold_bars=ladder.min_hold_bars)
    parts = BookParts("main", machine, {SPY.base: strategy}, flat_overnight)
    hours = dict.fromkeys(SPY.symbols, calendar)
    return Engine(about or session(ladder), [parts], broker, instruments, hours, Rules(), at)


def minutes(count: int, dice: random.Random, start: Millis = START) -> list[list[Bar]]:
    """The family's bars of some minutes, members made from the base."""
    series = [LeveragedSeries(symbol, SPY.leverage[symbol]) for symbol in SPY.symbols[1:]]
    day = AlwaysOpen().day_of(start)
    price, result = 100.0, []
    for minute in range(count):
        close = price * dice.gauss(1.0, 0.001)
        base = Bar("SPY", start + minute * MINUTE, price, max(price, close), min(price, close), close, 50_000.0)
        result.append([base, *(each.bar(base, day) for each in series)])
        price = close
    return result
