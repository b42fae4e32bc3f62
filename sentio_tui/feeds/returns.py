"""One source of simulated returns: the market's common one, or a symbol's own.

A minute's return, in units of the long-run volatility of a minute, is

    x = SCALE * (sqrt(h) * level * z + drift - pull * d + jump)

* z is standard normal and h a GARCH(1,1) variance (Bollerslev 1986, Journal of Econometrics 31): h' = (1 - ALPHA -
  BETA) + (ALPHA * z^2 + BETA) * h. Volatility clusters with a half-life of 70 minutes and returns have fat tails.
* level, drift and pull are those of the regime in force (regime switching after Hamilton 1989, Econometrica 57). A
  regime lasts SHORTEST minutes and then an exponential time, so tens of minutes to a few hours. A trend drifts up or
  down; a range pulls back to where it began (d is the distance walked since); a burst only shakes harder.
* jump is a compound Poisson process (Merton 1976, Journal of Financial Economics 3).

SCALE is such that the variance of a day of 1,440 such minutes is 1,440. Because ranges take back what they gave, single
minutes are 1.2 times as volatile as that, as real ones are.
"""

from __future__ import annotations

from hashlib import blake2b
from math import sqrt
from typing import TYPE_CHECKING, Final

from msgspec import Struct

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

ALPHA: Final = 0.06
BETA: Final = 0.93
CALMEST: Final = 1.0 - ALPHA - BETA
WILDEST: Final = 25.0
"""The largest GARCH variance, so that no minute leaves the bounds of a believable bar."""

JUMPS: Final = 1.0 / 360.0
"""Jumps a minute."""
JUMP_SIZE: Final = 5.0
"""Standard deviation of a jump, in minutes' volatility."""

SHORTEST: Final = 20.0
MEAN_REST: Final = 75.0
"""Minutes of a regime: at least the first, then exponential with the second as its mean."""

SCALE: Final = 1.08
"""Found by simulation of eight years of days; a test holds it."""


class _Regime(Struct, frozen=True):
    weight: float
    level: float
    drift: float
    pull: float


_REGIMES: Final = (
    _Regime(weight=0.64, level=0.9, drift=0.0, pull=0.10),
    _Regime(weight=0.10, level=1.0, drift=0.05, pull=0.0),
    _Regime(weight=0.10, level=1.0, drift=-0.05, pull=0.0),
    _Regime(weight=0.16, level=1.7, drift=0.0, pull=0.0),
)


def stable_hash(text: str) -> int:
    """64 bits of a text, the same in every process and on every machine."""
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "little")


def stream(seed: int, purpose: str, name: str) -> np.random.Generator:
    """A random stream of its own for one purpose of one name, unmoved by whatever else there is."""
    import numpy as np

    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(stable_hash(purpose), stable_hash(name))))


class ReturnSource:
    """Returns in the order of time, from where the last call ended. `name` picks the random streams."""

    def __init__(self, seed: int, name: str) -> None:
        self._noise = stream(seed, "noise", name)
        self._regimes = stream(seed, "regimes", name)
        self._jumps = stream(seed, "jumps", name)
        self._jump_sizes = stream(seed, "jump sizes", name)
        self._variance = 1.0
        self._walked = 0.0
        self._regime = _REGIMES[0]
        self._left = 0

    def take(self, minutes: int) -> tuple[Floats, Floats]:
        """The returns of the next minutes, and the volatility of the continuous part of each."""
        import numpy as np

        z = self._noise.standard_normal(minutes)
        happens = self._jumps.random(minutes) < JUMPS
        jumps = happens * self._jump_sizes.standard_normal(minutes) * JUMP_SIZE
        level, drift, pull = self._in_force(minutes)
        returns: list[float] = []
        volatility: list[float] = []
        variance, walked = self._variance, self._walked
        for shock, lift, lean, back in zip(z.tolist(), level, drift, pull, strict=True):
            size = sqrt(variance) * lift
            step = size * shock + lean - back * walked
            walked = walked + step if back else 0.0
            variance = min(CALMEST + (ALPHA * shock * shock + BETA) * variance, WILDEST)
            returns.append(step)
            volatility.append(size)
        self._variance, self._walked = variance, walked
        return (np.array(returns) + jumps) * SCALE, np.array(volatility) * SCALE

    def _in_force(self, minutes: int) -> tuple[list[float], list[float], list[float]]:
        level: list[float] = []
        drift: list[float] = []
        pull: list[float] = []
        while len(level) < minutes:
            if not self._left:
                self._regime = self._draw()
                self._left = int(SHORTEST + self._regimes.exponential(MEAN_REST))
            stretch = min(self._left, minutes - len(level))
            self._left -= stretch
            level += [self._regime.level] * stretch
            drift += [self._regime.drift] * stretch
            pull += [self._regime.pull] * stretch
        return level, drift, pull

    def _draw(self) -> _Regime:
        ball = self._regimes.random()
        for regime in _REGIMES:
            ball -= regime.weight
            if ball < 0:
                return regime
        return _REGIMES[-1]
