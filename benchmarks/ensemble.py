"""The online ensemble on a bar, beside the textbook's three filters in numpy and features recomputed in pandas, and the
whole Sentio trader with its journal."""

import gc
import time
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median
from typing import Final

from benchmarks import market
from benchmarks.disk import folder, session_speed
from benchmarks.table import Result, Size, alternate, median_ratio
from sentio_tui.config import load
from sentio_tui.model.bars import Bar
from sentio_tui.sessions.assemble import assemble
from sentio_tui.strategies.online_ensemble import OnlineEnsemble, OnlineEnsembleParameters, compile_kernels

BUDGET: Final = 10e-6
"""Seconds a bar."""
LEAST: Final = 1_000
"""Bars a second of the whole trader with its journal."""
WARM_UP: Final = 100
WINDOW: Final = 250
"""Bars over which pandas makes the features anew on each bar."""
STEPS: Final = 200
WINDOWS: Final = 10
"""Bars of one run of a peer: they are slow."""


def ensemble(size: Size) -> Sequence[Result]:
    """One bar with warm kernels: features, three horizons, decision; the features alone; the whole trader."""
    compile_kernels()
    bars = market.bars(size.bars)
    whole, textbook, features, windowed = alternate(
        size.rounds, _whole(bars), _textbook(bars), _features(bars), _windowed(bars)
    )
    took, alone = median(whole), median(features)
    return [
        Result(
            f"online ensemble, {len(bars):,} bars: features, 3 horizons, decision",
            f"{took * 1e6:.2f} µs/bar",
            f"<= {BUDGET * 1e6:g} µs",
            took <= BUDGET,
            f"numpy, three covariances, no features: {median(textbook) * 1e6:,.0f} µs/bar",
            f"{median_ratio(textbook, whole):.1f}x",
        ),
        Result(
            "  of which the 126 features",
            f"{alone * 1e6:.2f} µs/bar",
            "",
            None,
            f"pandas over the last {WINDOW} bars: {median(windowed) * 1e6:,.0f} µs/bar",
            f"{median_ratio(windowed, features):,.0f}x",
        ),
        _trader(size),
    ]


def _parameters() -> OnlineEnsembleParameters:
    return OnlineEnsembleParameters(exchange="24/7", warm_up_bars=WARM_UP)


def _a_bar(work: Callable[[], object], count: int) -> float:
    gc.collect()
    begun = time.perf_counter()
    work()
    return (time.perf_counter() - begun) / count


def _whole(bars: Sequence[Bar]) -> Callable[[], float]:
    def run() -> float:
        take = OnlineEnsemble.create(market.SYMBOL, _parameters()).on_bar

        def work() -> None:
            for bar in bars:
                take(bar)

        return _a_bar(work, len(bars))

    return run


def _features(bars: Sequence[Bar]) -> Callable[[], float]:
    """The features' kernel as the strategy calls it; the time of day stands still."""
    rows = [(bar.open, bar.high, bar.low, bar.close, bar.volume) for bar in bars]

    def run() -> float:
        see = OnlineEnsemble.create(market.SYMBOL, _parameters()).model.see

        def work() -> None:
            for row in rows:
                see(row, (0.0, 0.0, 0.0), 0)

        return _a_bar(work, len(rows))

    return run


def _textbook(bars: Sequence[Bar]) -> Callable[[], float]:
    """Each horizon with a covariance matrix of its own, on the features there are; a label on every bar."""
    from tests.strategies.online_ensemble.textbook import HORIZONS, Filter

    parameters = _parameters()
    strategy = OnlineEnsemble.create(market.SYMBOL, parameters)
    xs = []
    for bar in bars[: WARM_UP + STEPS]:
        strategy.on_bar(bar)
        xs.append(strategy.model.features)
    xs = xs[-STEPS:]

    def run() -> float:
        size = len(xs[0])
        filters = [Filter(size, parameters.initial_variance, parameters.regularisation) for _ in HORIZONS]

        def work() -> None:
            for x in xs:
                for each in filters:
                    each.take(x, 1e-4, parameters.forgetting)

        return _a_bar(work, len(xs))

    return run


def _windowed(bars: Sequence[Bar]) -> Callable[[], float]:
    from tests.strategies.online_ensemble.batch import batch

    windows = [bars[end - WINDOW : end] for end in range(len(bars) - WINDOWS, len(bars))]

    def work() -> None:
        for window in windows:
            batch(window, "UTC")

    def run() -> float:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # slots that need more bars than the window are divided by nothing
            return _a_bar(work, len(windows))

    return run


def _trader(size: Size) -> Result:
    """A simulated session of the profile spy on its own thread: four symbols, three of them made from the first."""
    figures = []
    count = 0
    minutes = max(size.bars // 20, 30)
    for _ in range(size.rounds):
        with folder() as name:
            options = {"feed.speed": 0.0, "session.duration": float(minutes)}
            settings = load(options, profile="spy", environ={}, cwd=Path(name), user_dir=Path(name)).settings
            count, speed = session_speed(assemble(settings, Path(name)))
            figures.append(speed)
    speed = median(figures)
    return Result(
        f"whole Sentio trader (ensemble, ladder, journal), {count:,} bars",
        f"{speed:,.0f} bars/s",
        f">= {LEAST:,}",
        speed >= LEAST,
    )
