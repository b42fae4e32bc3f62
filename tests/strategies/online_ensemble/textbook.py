"""Recursive least squares with forgetting as the books have it: three filters, each with its own covariance."""

from collections.abc import Sequence

import numpy as np

from tests.strategies.online_ensemble.market import Array

HORIZONS = (1, 5, 10)


class Filter:
    """One horizon. It takes the bars in in their order, each when it is known what its label is or that it has none:
    with a label coefficients and covariance move, without one the covariance alone."""

    def __init__(self, size: int, variance: float, regularisation: float) -> None:
        self.theta = np.zeros(size)
        self.p = np.eye(size) * variance
        self.regularisation = regularisation
        self.updates = 0

    def take(self, x: Array, label: float | None, forgetting: float) -> None:
        px = self.p @ x
        gain = px / (forgetting + self.regularisation + x @ px)
        if label is not None:
            self.theta += gain * (label - self.theta @ x)
            self.updates += 1
        p = (self.p - np.outer(gain, px)) / forgetting
        self.p = (p + p.T) / 2.0  # in exact arithmetic it is symmetric; what rounding adds would grow by 1/λ a bar


def labels(
    minutes: Sequence[int], closes: Sequence[float], ends: Sequence[int], horizon: int
) -> list[tuple[float | None, int]]:
    """By brute force, of every bar: the return over `horizon` minutes, and at which bar it is known.

    `ends` has, for every bar, the minute its stretch of trading ends. The return is to the bar exactly `horizon`
    minutes on, or to the last one before that when it is at most five minutes older; never to another stretch's.
    """
    out: list[tuple[float | None, int]] = []
    for i, minute in enumerate(minutes):
        due = minute + horizon
        known = next((j for j in range(i + 1, len(minutes)) if minutes[j] >= due or ends[j] != ends[i]), len(minutes))
        last = max(j for j in range(i, len(minutes)) if ends[j] == ends[i] and minutes[j] <= due)
        usable = known < len(minutes) and due < ends[i] and due - minutes[last] <= 5
        out.append((closes[last] / closes[i] - 1.0 if usable else None, known))
    return out
