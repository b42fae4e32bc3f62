"""Engines on scripted strategies, for tests."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import ClassVar, Self, TypeVar

from sentio_tui.brokers.costs import Cost, CostSchedule
from sentio_tui.brokers.paper import PaperBroker
from sentio_tui.engine.book import BookParts
from sentio_tui.engine.engine import Engine, Rules
from sentio_tui.machines.slots import Slots
from sentio_tui.market.calendar import AlwaysOpen, Calendar
from sentio_tui.model.bars import MINUTE, Bar, Millis
from sentio_tui.model.decisions import Direction, Signal
from sentio_tui.model.events import AnyEvent, BookInfo, Event, Mode, SessionInfo
from sentio_tui.model.instruments import AssetClass, Instrument
from sentio_tui.strategies.base import Parameters, Strategy

E = TypeVar("E", bound=Event)

START: Millis = 1_736_121_600_000
"""2025-01-06T00:00:00Z, a Monday."""

COIN = "BTC-USD"
OTHER = "ETH-USD"


class Scripted:
    """Says at each bar what a list tells it to; NEUTRAL when the list is over. `None` in the list raises. Keeps what it
    is told of closed trades."""

    name: ClassVar[str] = "scripted"
    summary: ClassVar[str] = "a script"
    parameters: ClassVar[type[Parameters]] = Parameters
    presets: ClassVar[Mapping[str, Parameters]] = {}

    def __init__(self, directions: Iterable[Direction | None]) -> None:
        self._directions = iter(directions)
        self.pnls: list[float] = []

    @classmethod
    def create(cls, symbol: str, parameters: Parameters) -> Self:
        return cls(())

    @property
    def lookback(self) -> int:
        return 1

    def on_trade(self, pnl: float) -> None:
        self.pnls.append(pnl)

    def on_bar(self, bar: Bar) -> Signal:
        direction = next(self._directions, Direction.NEUTRAL)
        if direction is None:
            raise ZeroDivisionError("the script says so")
        return Signal(bar.symbol, bar.time, direction, {"close": bar.close})


def bar(
    minute: int,
    price: float,
    symbol: str = COIN,
    *,
    open: float | None = None,  # noqa: A002  # named as the field of a bar
    high: float | None = None,
    low: float | None = None,
    volume: float = 1_000.0,
) -> Bar:
    """A bar around one price: open and close at it, a little room above and below."""
    return Bar(
        symbol,
        START + minute * MINUTE,
        price if open is None else open,
        price * 1.001 if high is None else high,
        price * 0.999 if low is None else low,
        price,
        volume,
    )


def info(symbols: Sequence[str] = (COIN,), capital: float = 10_000.0, name: str = "live_test") -> SessionInfo:
    book = BookInfo("main", "scripted", "", "slots", tuple(symbols), tuple(symbols), capital, {})
    return SessionInfo(
        name=name,
        mode=Mode.SIM,
        started=START,
        capital=capital,
        books=(book,),
        symbols=tuple(symbols),
        feed="test",
        broker="paper",
        clock_zone="UTC",
        periods=365,
        settings={},
        versions={"schema": "1"},
    )


def engine(
    scripts: Mapping[str, Sequence[Direction | None]],
    rules: Rules | None = None,
    slots: Slots | None = None,
    calendar: Calendar | Mapping[str, Calendar] | None = None,
    commission: float = 0.006,
    slippage: float = 0.001,
    capital: float = 10_000.0,
    flat_overnight: bool = False,
    make: Callable[[Sequence[Direction | None]], Strategy] = Scripted,
    quantity_step: float = 0.000001,
) -> Engine:
    """An engine with one book that drives each symbol by its script, of which `make` makes the strategy. A `calendar`
    is that of all symbols, or by symbol."""
    symbols = tuple(scripts)
    by_symbol = calendar if isinstance(calendar, Mapping) else dict.fromkeys(symbols, calendar or AlwaysOpen())
    instruments = {symbol: Instrument(symbol, AssetClass.CRYPTO, quantity_step, 0.01) for symbol in symbols}
    broker = PaperBroker(
        {"main": capital},
        instruments,
        CostSchedule([Cost(AssetClass.CRYPTO, commission_rate=commission)]),
        slippage=slippage,
        expires=lambda instrument, at: by_symbol[instrument.symbol].next_close(at),
    )
    machine = slots or Slots(5, 0.2, "equity", 0.05, 0.10)
    book = BookParts("main", machine, {symbol: make(script) for symbol, script in scripts.items()}, flat_overnight)
    return Engine(info(symbols, capital), [book], broker, instruments, by_symbol, rules or Rules(), START)


def run(made: Engine, bars: Iterable[Bar]) -> list[AnyEvent]:
    """Open the session and bring it the bars, each when it is complete; all events."""
    events = list(made.open())
    for one in bars:
        at = one.time + MINUTE
        while made.due < at:
            events.extend(made.timer(made.due))
        events.extend(made.bar(one, at))
    return events


def of(events: Iterable[AnyEvent], kind: type[E]) -> list[E]:
    return [event for event in events if isinstance(event, kind)]
