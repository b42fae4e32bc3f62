"""What it learns: nothing where there is nothing to learn, and something where there is."""

from math import sqrt

import numpy as np
import pytest

from sentio_tui.model.bars import Bar
from sentio_tui.strategies.online_ensemble.parameters import HORIZONS
from tests.strategies.online_ensemble.market import ensemble, run, trading_days

DAYS = 30
WARM_UP = 3 * 390


def accuracy(bars: list[Bar]) -> tuple[dict[int, float], int]:
    """The share of right directions of each horizon's own probability after three days, and of how many bars."""
    signals = run(ensemble(exchange="XNYS", warm_up_bars=WARM_UP), bars)
    right: dict[int, list[bool]] = {horizon: [] for horizon in HORIZONS}
    for i, signal in enumerate(signals):
        for horizon in HORIZONS:
            if signal.probability is None or i % 390 + horizon >= 390:
                continue
            move = bars[i + horizon].close - bars[i].close
            right[horizon].append((signal.values[f"prob_{horizon}"] > 0.5) == (move > 0))
    return {horizon: float(np.mean(hits)) for horizon, hits in right.items()}, len(right[1])


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_t13_on_a_random_walk_the_direction_is_right_by_chance(seed: int) -> None:
    """A leak of the label into the features would be right almost always. Of labels of h minutes that overlap, one in
    h counts as independent."""
    shares, n = accuracy(trading_days(DAYS, seed))
    for horizon, share in shares.items():
        assert abs(share - 0.5) < 4 * 0.5 / sqrt(n / horizon), (horizon, share)


@pytest.mark.parametrize("seed", [1, 2])
def test_on_returns_that_carry_on_it_learns_that_they_do(seed: int) -> None:
    """r = 0.3 · r before + noise: whoever knows it is right in 1/2 + asin(0.3)/π = 59.7 % of minutes."""
    shares, n = accuracy(trading_days(DAYS, seed, phi=0.3))
    assert shares[1] > 0.5 + 8 * 0.5 / sqrt(n)
    assert shares[1] < 0.62


@pytest.mark.parametrize("seed", [1, 2])
def test_what_lasts_longer_is_seen_on_a_longer_horizon_too(seed: int) -> None:
    shares, n = accuracy(trading_days(DAYS, seed, phi=0.6))
    assert shares[1] > 0.62
    assert shares[5] > 0.5 + 3 * 0.5 / sqrt(n / 5)


def test_on_returns_that_turn_back_it_learns_that_too() -> None:
    shares, n = accuracy(trading_days(DAYS, 4, phi=-0.3))
    assert shares[1] > 0.5 + 8 * 0.5 / sqrt(n)
