"""Bars to measure with, and an engine that trades a moving-average crossover on them."""

import csv
from pathlib import Path
from typing import Final

from sentio_tui.brokers.costs import Cost, CostSchedule
from sentio_tui.brokers.paper import PaperBroker
from sentio_tui.engine.book import BookParts
from sentio_tui.engine.engine import Engine, Rules
from sentio_tui.feeds.simulated import SimulatedFeed, simulated_symbol
from sentio_tui.machines.slots import Slots
from sentio_tui.market.calendar import AlwaysOpen
from sentio_tui.model.bars import MINUTE, Bar, Millis
from sentio_tui.model.events import AnyEvent, BookInfo, Mode, SessionInfo
from sentio_tui.model.instruments import AssetClass, Instrument
from sentio_tui.settings import CostSettings, FeedSettings, SessionSettings, Settings, StrategySettings
from sentio_tui.strategies import registry

ROOT: Final = Path(__file__).parents[1]
"""The checkout."""

SYMBOL: Final = "BTC-USD"
START: Final[Millis] = 1_736_121_600_000
"""2025-01-06T00:00:00Z."""
CAPITAL: Final = 10_000.0
FAST: Final = 20
SLOW: Final = 50
COMMISSION: Final = 0.001
SLIPPAGE: Final = 0.0005

_REAL: Final = ROOT.parent / "shared" / "data" / "BTC-USD_1min_2018-04-04_2018-04-05.csv"
_PRICES: Final = ("open", "high", "low", "close", "volume")


def source() -> str:
    """Which bars `bars` gives."""
    return "real minutes, chained" if _REAL.is_file() else "simulated minutes"


def bars(count: int) -> list[Bar]:
    """A minute each, without gaps: the recorded ones over and over, or simulated ones where there are none."""
    if not _REAL.is_file():
        feed = SimulatedFeed([simulated_symbol(SYMBOL, AssetClass.CRYPTO)], 18, START, 0)
        return _first(feed, count)
    with _REAL.open(encoding="utf-8") as lines:
        rows = [tuple(float(row[name]) for name in _PRICES) for row in csv.DictReader(lines)]
    found = []
    for index in range(count):
        open_, high, low, close, volume = rows[index % len(rows)]
        found.append(Bar(SYMBOL, START + index * MINUTE, open_, high, low, close, volume))
    return found


def _first(feed: SimulatedFeed, count: int) -> list[Bar]:
    import asyncio

    async def collect() -> list[Bar]:
        found: list[Bar] = []
        async for batch in feed.batches():
            found.extend(item for item in batch if isinstance(item, Bar))
            if len(found) >= count:
                break
        return found[:count]

    return asyncio.run(collect())


def crossover(symbols: tuple[str, ...] = (SYMBOL,)) -> Engine:
    """A fresh engine: one book, all in or flat, paper fills at the next open with costs and slippage."""
    windows: dict[str, float | int | str | bool] = {"fast_minutes": FAST, "slow_minutes": SLOW}
    strategies = {symbol: registry.build("ma_crossover", "conservative", windows, symbol) for symbol in symbols}
    instruments = {symbol: Instrument(symbol, AssetClass.CRYPTO, 0.000001, 0.01) for symbol in symbols}
    hours = AlwaysOpen()
    broker = PaperBroker(
        {"main": CAPITAL},
        instruments,
        CostSchedule([Cost(AssetClass.CRYPTO, commission_rate=COMMISSION)]),
        slippage=SLIPPAGE,
        expires=lambda instrument, at: hours.next_close(at),
    )
    machine = Slots(len(symbols), 1.0 / len(symbols), "equity", 0.0, 0.0)
    book = BookParts("main", machine, strategies)
    return Engine(_info(symbols), [book], broker, instruments, dict.fromkeys(symbols, hours), Rules(), START)


def events(count: int) -> list[AnyEvent]:
    """The first events of a session of that engine."""
    engine = crossover()
    made = list(engine.open())
    for bar in bars(count // 2):
        made.extend(engine.bar(bar, bar.time + MINUTE))
    return made[:count]


def session_settings(minutes: int) -> Settings:
    """A simulated session of three symbols at full speed that trades often; 0 minutes are without end."""
    return Settings(
        session=SessionSettings(duration=float(minutes)),
        feed=FeedSettings(speed=0.0),
        strategy=StrategySettings(name="ma_crossover", preset="aggressive"),
        costs=(CostSettings("crypto", commission_rate=COMMISSION),),
    )


def _info(symbols: tuple[str, ...]) -> SessionInfo:
    book = BookInfo("main", "ma_crossover", "conservative", "slots", symbols, symbols, CAPITAL, {})
    return SessionInfo(
        name="live_benchmark",
        mode=Mode.REPLAY,
        started=START,
        capital=CAPITAL,
        books=(book,),
        symbols=symbols,
        feed="benchmark",
        broker="paper",
        clock_zone="UTC",
        periods=365,
        settings={},
        versions={},
    )
