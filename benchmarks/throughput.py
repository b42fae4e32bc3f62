"""The whole engine against backtesting.py: the same bars and the same crossover, one after the other."""

import gc
import importlib.metadata
import importlib.util
import time
import warnings
from collections.abc import Callable, Sequence
from statistics import median
from typing import TYPE_CHECKING, Final

from benchmarks import market
from benchmarks.table import Result, Size, alternate, median_ratio
from sentio_tui.engine.metrics import metrics
from sentio_tui.model.bars import MINUTE, Bar

if TYPE_CHECKING:
    import pandas as pd

AT_LEAST: Final = 3.0
PEER_CAPITAL: Final = 10_000_000.0
"""backtesting.py buys whole units only, so it needs more money to be all in."""


def throughput(size: Size) -> Sequence[Result]:
    """Validation, strategy, machine, paper broker with costs, decisions, equity curve and metrics; no journal."""
    bars = market.bars(size.bars)

    def ours() -> float:
        engine = market.crossover()
        engine.open()
        turn = engine.bar
        gc.collect()
        begun = time.perf_counter()
        for bar in bars:
            turn(bar, bar.time + MINUTE)
        metrics(engine.state)
        return time.perf_counter() - begun

    mine, theirs = alternate(size.rounds, ours, _backtesting(bars))
    ratio = median_ratio(theirs, mine)
    version = importlib.metadata.version("backtesting")
    return [
        Result(
            f"engine, SMA {market.FAST}/{market.SLOW}, {len(bars):,} bars ({market.source()})",
            _speed(median(mine), len(bars)),
            f">= {AT_LEAST:g}x backtesting.py",
            ratio >= AT_LEAST,
            f"backtesting.py {version}: {_speed(median(theirs), len(bars))}",
            f"{ratio:.2f}x",
        ),
        _nautilus(),
    ]


def _speed(seconds: float, count: int) -> str:
    return f"{seconds / count * 1e6:.2f} µs/bar"


def _nautilus() -> Result:
    installed = importlib.util.find_spec("nautilus_trader") is not None
    why = "installed, but no comparison is written" if installed else "not installed"
    return Result("engine, the same run", "", ">= 10x nautilus_trader", None, f"nautilus_trader: {why}")


def _backtesting(bars: Sequence[Bar]) -> Callable[[], float]:
    """Runs of backtesting.py on the same bars, long or flat as the engine is; without its progress bar."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import backtesting
        import pandas as pd
        from backtesting.lib import crossover

    def average(values: Sequence[float], minutes: int) -> "pd.Series[float]":
        return pd.Series(values).rolling(minutes).mean()

    class Crossover(backtesting.Strategy):  # type: ignore[misc]  # backtesting.py has no types
        def init(self) -> None:
            self.fast = self.I(average, self.data.Close, market.FAST)
            self.slow = self.I(average, self.data.Close, market.SLOW)

        def next(self) -> None:
            if crossover(self.fast, self.slow):
                if not self.position:
                    self.buy()
            elif crossover(self.slow, self.fast) and self.position:
                self.position.close()

    frame = pd.DataFrame(
        {
            "Open": [bar.open for bar in bars],
            "High": [bar.high for bar in bars],
            "Low": [bar.low for bar in bars],
            "Close": [bar.close for bar in bars],
            "Volume": [bar.volume for bar in bars],
        },
        index=pd.to_datetime([bar.time for bar in bars], unit="ms"),
    )
    # Drawing a progress bar is no part of the work.
    backtesting.backtesting._tqdm = lambda items, **_: items

    def run() -> float:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            test = backtesting.Backtest(
                frame,
                Crossover,
                cash=PEER_CAPITAL,
                commission=market.COMMISSION,
                spread=market.SLIPPAGE,
                finalize_trades=True,
            )
            gc.collect()
            begun = time.perf_counter()
            test.run()
            return time.perf_counter() - begun

    return run
