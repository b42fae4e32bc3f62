"""No edge where there can be none, and one where there is: what a leak of the future would give away (T-13).

The whole trader, from the feed to the ledger, on minute bars made to measure. A random walk can be known by nobody:
directions are right by chance, and what is won before costs is chance too. A wave under the noise can be learned.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import pairwise
from math import sqrt
from pathlib import Path

import numpy as np
import pytest
from msgspec import Struct

from sentio_tui.model.bars import Bar
from sentio_tui.model.events import Decided
from sentio_tui.settings import (
    BrokerSettings,
    CostSettings,
    FeedSettings,
    LadderSettings,
    MachineSettings,
    SessionSettings,
    Settings,
    StrategySettings,
)
from tests.sessions.days import Run, market_of, run
from tests.strategies.online_ensemble.market import bars_of, session_minutes

CAPITAL = 100_000.0
DAYS = 28
WARM_UP_DAYS = 3
HORIZONS = (1, 5, 10)
SIGMA = 3e-4
WAVE = 90
"""Minutes from crest to crest, as many of which are no whole number of days."""
FREE = ()
USUAL = (CostSettings("equity", sec_rate=0.0000278, taf_per_share=0.000166, taf_maximum=8.30),)


def closes(times: Sequence[int], height: float, seed: int) -> list[float]:
    """Prices whose minute returns are noise around a wave of this height; 0 is a random walk."""
    rng = np.random.default_rng(seed)
    returns = height * np.sin(2 * np.pi * np.arange(len(times)) / WAVE) + rng.normal(0, SIGMA, len(times))
    prices: list[float] = (170.0 * np.cumprod(1 + returns)).tolist()
    return prices


def traded(folder: Path, height: float, seed: int, costs: tuple[CostSettings, ...], slippage: float) -> Run:
    """The Sentio trader on such a market; its funds are made from the base."""
    times = [time for day in session_minutes(DAYS) for time in day]
    path = folder / "bars.csv"
    header = "timestamp,symbol,open,high,low,close,volume"
    path.write_text("\n".join([header, *map(line, bars_of(times, closes(times, height, seed), seed))]) + "\n")
    settings = Settings(
        session=SessionSettings(capital=CAPITAL),
        feed=FeedSettings(kind="recorded", data=(str(path),)),
        strategy=StrategySettings("online_ensemble"),
        machine=MachineSettings("ladder", flat_overnight=True, ladder=LadderSettings(family="SPY")),
        broker=BrokerSettings(slippage=slippage),
        costs=costs,
    )
    return run(settings, market_of(settings))


def line(bar: Bar) -> str:
    prices = ",".join(repr(value) for value in (bar.open, bar.high, bar.low, bar.close, bar.volume))
    return f"{datetime.fromtimestamp(bar.time / 1000, UTC).isoformat()},{bar.symbol},{prices}"


class Hits(Struct, frozen=True):
    """How often a horizon's probability had the direction of its own return, of how many."""

    right: int
    count: int

    @property
    def deviations(self) -> float:
        """From one half, in binomial standard deviations, for labels that do not overlap."""
        return (self.right / self.count - 0.5) / (0.5 / sqrt(self.count))


def hits(made: Run, horizon: int) -> Hits:
    """Of every `horizon`-th decision, so that no two returns share a minute, within its day."""
    right = count = 0
    for day, events in made.events.items():
        bars = [bar for bar in made.bars[day] if bar.symbol == "SPY"]
        decided = [event for event in events if isinstance(event, Decided)]
        assert len(decided) == len(bars)
        for index in range(0, len(bars) - horizon, horizon):
            signal = decided[index].signal
            move = bars[index + horizon].close - bars[index].close
            if signal.probability is not None and move:
                count += 1
                right += (signal.values[f"prob_{horizon}"] > 0.5) == (move > 0.0)
    return Hits(right, count)


def daily_returns(made: Run) -> list[float]:
    """Of the days on which it was warm."""
    ends = [CAPITAL, *(equity for _, equity in made.engine.state.curve.daily())]
    return [end / start - 1.0 for start, end in pairwise(ends)][WARM_UP_DAYS:]


def standing(returns: Sequence[float]) -> float:
    """The mean in its standard errors."""
    return float(np.mean(returns) / (np.std(returns, ddof=1) / sqrt(len(returns))))


@pytest.mark.parametrize("seed", [1, 2])
def test_t13_on_a_random_walk_nothing_is_known_and_nothing_is_won_before_costs(seed: int, tmp_path: Path) -> None:
    made = traded(tmp_path, 0.0, seed, FREE, 0.0)
    for horizon in HORIZONS:
        found = hits(made, horizon)
        assert found.count > (DAYS - WARM_UP_DAYS - 1) * 380 // horizon
        assert abs(found.deviations) < 4.0, (horizon, found)
    assert len(made.engine.state.trades) > 300
    assert abs(standing(daily_returns(made))) < 4.0


@pytest.mark.parametrize("seed", [1, 2])
def test_t13_on_a_random_walk_costs_are_lost(seed: int, tmp_path: Path) -> None:
    made = traded(tmp_path, 0.0, seed, USUAL, 0.0001)
    assert len(made.engine.state.trades) > 300
    assert made.engine.state.equity < CAPITAL


@pytest.mark.parametrize("seed", [1, 2])
def test_a_wave_under_the_noise_is_learned_and_won_from(seed: int, tmp_path: Path) -> None:
    made = traded(tmp_path, SIGMA, seed, FREE, 0.0)
    for horizon in HORIZONS:
        assert hits(made, horizon).deviations > 8.0, horizon
    assert standing(daily_returns(made)) > 5.0
