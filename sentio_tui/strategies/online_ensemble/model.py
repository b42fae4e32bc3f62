"""What stands between the strategy and its kernels: the arrays, and their views for people and tests."""

import sys
from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING, Final

from sentio_tui.strategies.online_ensemble.parameters import OnlineEnsembleParameters
from sentio_tui.strategies.online_ensemble.schema import FEATURES

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

SLOTS: Final = len(FEATURES)

Ohlcv = tuple[float, float, float, float, float]
Clock = tuple[float, float, float]


_KERNELS: Final = {
    "indicators": "sentio_tui.strategies.online_ensemble.indicators",
    "learner": "sentio_tui.strategies.online_ensemble.learner",
}


def compile_kernels(progress: Callable[[str], None] = lambda text: None) -> None:
    """Load both kernels, compiling what no earlier process left in the cache: some ten seconds, once a machine.

    May be called from any thread, and again. `progress` gets a line before each that is not loaded yet.
    """
    for number, (part, module) in enumerate(_KERNELS.items(), 1):
        if module not in sys.modules:
            progress(f"online ensemble: compiling the {part} ({number} of {len(_KERNELS)})")
            import_module(module)


def load_kernels() -> bool:
    """Load both kernels as far as no compiling is needed; whether compiling could still put one into the cache."""
    from sentio_tui.strategies.online_ensemble.jit import Uncompiled, from_cache_alone

    try:
        with from_cache_alone():
            compile_kernels()
    except Uncompiled as missing:
        return missing.__context__ is None
    return False


class Model:
    """Features and learner of one symbol. A copy (`copy.deepcopy`) learns on by itself from the same state."""

    def __init__(self, parameters: OnlineEnsembleParameters) -> None:
        """Raises nothing of its own; the kernels are compiled where that was not done before."""
        self._bind()
        s, at = self._learned, self._layout
        s[at.FORGETTING] = s[at.CONFIGURED] = parameters.forgetting
        s[at.REGULARISATION] = parameters.regularisation
        s[at.LOWEST] = parameters.forgetting_min
        s[at.HIGHEST] = parameters.forgetting_max
        s[at.ADAPTIVE] = float(parameters.adaptive_forgetting)
        s[at.INITIAL] = parameters.initial_variance
        s[at.LIMIT] = parameters.initial_variance * parameters.variance_limit
        s[at.SCALE] = 1.0
        s[at.VOLATILITY : at.VOLATILITY + 3] = at.UNKNOWN_VOLATILITY
        self._period = parameters.bollinger_period
        for i in range(SLOTS):
            self._matrix[i, i] = self._memory[at.DIAGONAL, i] = parameters.initial_variance

    def _bind(self) -> None:
        from sentio_tui.strategies.online_ensemble import indicators, learner

        self._layout = learner
        self._features = indicators.features
        self._step = learner.step
        self._running = _aligned(indicators.SCALARS)
        self._history = _aligned(*indicators.HISTORY)
        self._learned = _aligned(learner.SCALARS)
        self._matrix = _aligned(*learner.SHAPE)
        self._memory = _aligned(*learner.MEMORY)
        self._x = self._memory[learner.FEATURES]

    def __getstate__(self) -> tuple[int, tuple["Array", ...]]:
        return self._period, (self._running, self._history, self._learned, self._matrix, self._memory)

    def __setstate__(self, state: tuple[int, tuple["Array", ...]]) -> None:
        self._bind()
        self._period, arrays = state
        for own, other in zip(self.__getstate__()[1], arrays, strict=True):
            own[...] = other

    def see(self, bar: Ohlcv, clock: Clock, begins: int) -> tuple[int, float, float]:
        """Take a bar (open, high, low, close, volume) in; see `indicators.features`."""
        return self._features(self._running, self._history, self._x, bar, clock, begins, self._period)

    def step(
        self, minute: int, close: float, begins: int, end: int
    ) -> tuple[float, float, float, float, float, float, float]:
        """Learn, and predict from the features of the bar seen last; see `learner.step`."""
        return self._step(self._learned, self._matrix, self._memory, minute, close, begins, end)

    @property
    def updates(self) -> tuple[int, int, int]:
        """How many labels each horizon has learned from."""
        first = self._layout.UPDATES
        one, five, ten = self._learned[first : first + 3].tolist()
        return int(one), int(five), int(ten)

    @property
    def forgetting(self) -> float:
        """The forgetting factor in force."""
        return float(self._learned[self._layout.FORGETTING])

    @property
    def regularisation(self) -> float:
        return float(self._learned[self._layout.REGULARISATION])

    @property
    def resets(self) -> int:
        """How often rounding made the covariance useless, and it began anew."""
        return int(self._learned[self._layout.RESETS])

    @property
    def features(self) -> "Array":
        """A copy of the features seen last, shape (126,)."""
        x: Array = self._x[:SLOTS].copy()
        return x

    @features.setter
    def features(self, x: "Array") -> None:
        self._x[:SLOTS] = x

    @property
    def coefficients(self) -> "Array":
        """A copy of the coefficients by horizon, shape (3, 126)."""
        first = self._layout.THETA
        theta: Array = self._memory[first : first + 3, :SLOTS].copy()
        return theta

    @property
    def covariance(self) -> "Array":
        """A copy of the covariance matrix, shape (126, 126)."""
        import numpy as np

        pending = self._memory[self._layout.PENDING]
        whole = self._matrix - np.outer(pending, pending)
        covariance: Array = (whole * self._learned[self._layout.SCALE])[:SLOTS, :SLOTS]
        return covariance

    @property
    def variances(self) -> "Array":
        """A copy of the covariance's diagonal, shape (126,)."""
        diagonal: Array = self._memory[self._layout.DIAGONAL, :SLOTS]
        variances: Array = diagonal * self._learned[self._layout.SCALE]
        return variances


def _aligned(*shape: int) -> "Array":
    """Zeros that start on a cache line: rows that straddle two cost half as much again."""
    import numpy as np

    size = int(np.prod(shape))
    raw = np.zeros(size + 8)
    first = (-raw.ctypes.data % 64) // 8
    return raw[first : first + size].reshape(shape)
