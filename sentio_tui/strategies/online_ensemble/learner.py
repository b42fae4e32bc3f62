"""The kernel that learns and predicts: recursive least squares with forgetting, three horizons, one covariance.

The covariance matrix does not depend on the labels. It is updated when a bar's features arrive, and the gain vector of
that update is kept until the labels of its bar are known, at most ten minutes: exactly what three separate filters do
that take (features, label) in when the label is known. P = scale · (M − pending · pendingᵀ): the update of one bar is
subtracted in the same pass over the matrix that multiplies it by the features of the next.
"""

from typing import Final

import numpy as np

from sentio_tui.strategies.online_ensemble.jit import Array, inline, kernel

HORIZONS: Final = (1, 5, 10)
"""Minutes."""
FILL: Final = 5
"""The longest time, in minutes, that a close stands in for later ones that are missing."""
RING: Final = 11
"""Bars whose gains are kept: the longest horizon and one."""
LABELS: Final = 100
"""Labels whose deviation is the volatility."""
UNKNOWN_VOLATILITY: Final = 0.001
"""The volatility before there are 20 labels."""

(FORGETTING, CONFIGURED, REGULARISATION, LOWEST, HIGHEST, ADAPTIVE, INITIAL, LIMIT, SCALE) = range(9)
"""Where the scalars stand: the forgetting factor in force, then the parameters, then the scale of M."""
UPDATES: Final = 9
"""Three counts of labels learned from."""
VOLATILITY: Final = 12
"""Three deviations."""
RESETS: Final = 15
_HEAD, _LAST, _CLOSE, _END = 16, 17, 18, 19
_MINUTE = 20
_PRICE = _MINUTE + RING
_DUE = _PRICE + RING
SCALARS: Final = _DUE + 3 * RING

_N, _WIDTH = 126, 128
SHAPE: Final = (_WIDTH, _WIDTH)
"""Of M: 126 rows and columns, padded with zeros like the features."""

THETA: Final = 0
"""The rows of `memory`: three of coefficients, then rings of gains and of features, labels by horizon, and so on."""
GAINS: Final = THETA + 3
INPUTS: Final = GAINS + RING
RECENT: Final = INPUTS + RING
DIAGONAL: Final = RECENT + 3
PENDING: Final = DIAGONAL + 1
FEATURES: Final = PENDING + 1
_PRODUCT = FEATURES + 1
MEMORY: Final = (_PRODUCT + 1, _WIDTH)


@inline
def _dot(a: Array, b: Array) -> float:
    s0, s1, s2, s3, s4, s5, s6, s7 = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
    for j in range(0, _WIDTH, 8):
        s0 += a[j] * b[j]
        s1 += a[j + 1] * b[j + 1]
        s2 += a[j + 2] * b[j + 2]
        s3 += a[j + 3] * b[j + 3]
        s4 += a[j + 4] * b[j + 4]
        s5 += a[j + 5] * b[j + 5]
        s6 += a[j + 6] * b[j + 6]
        s7 += a[j + 7] * b[j + 7]
    return float(((s0 + s1) + (s2 + s3)) + ((s4 + s5) + (s6 + s7)))


@inline
def _times(cov: Array, memory: Array) -> None:
    """Subtract what is still to be subtracted and multiply M by the features, in one pass over M.

    The diagonal is read off M each time: kept on its own, its rounding errors would grow by 1/λ a bar.
    """
    pending, x, product, diagonal = memory[PENDING], memory[FEATURES], memory[_PRODUCT], memory[DIAGONAL]
    product[:] = 0.0
    for i in range(_N):
        a, b = pending[i], x[i]
        for j in range(_WIDTH):
            m = cov[i, j] - a * pending[j]
            cov[i, j] = m
            product[j] += m * b
        diagonal[i] = cov[i, i]


@inline
def _subtract(cov: Array, memory: Array) -> None:
    pending = memory[PENDING]
    for i in range(_N):
        a = pending[i]
        for j in range(_WIDTH):
            cov[i, j] -= a * pending[j]


@inline
def _put_off(memory: Array, vector: Array, factor: float) -> None:
    """M ← M − factor · vector · vectorᵀ, of which only the diagonal changes at once.

    The root goes into the vector because a product of two numbers is the same either way round: M stays symmetric to
    the bit.
    """
    root = np.sqrt(factor)
    pending, diagonal = memory[PENDING], memory[DIAGONAL]
    for j in range(_WIDTH):
        pending[j] = root * vector[j]
        diagonal[j] -= pending[j] * pending[j]


@inline
def _hold(s: Array, cov: Array, memory: Array) -> None:
    """Where a coefficient's variance is beyond the limit, bring the largest down to half the limit.

    This is the update by an observation that the coefficient is still what it is, as precise as it has to be: P stays
    positive definite, no coefficient moves, and the directions that are excited go on forgetting. One coefficient a
    bar, so that none is ever beyond limit / λ^126.
    """
    diagonal = memory[DIAGONAL]
    limit = s[LIMIT] / s[SCALE]
    over = 0
    for i in range(_N):
        over += diagonal[i] > limit
    if over == 0:
        return
    k = 0
    for i in range(1, _N):
        if diagonal[i] > diagonal[k]:
            k = i
    _subtract(cov, memory)
    _put_off(memory, cov[k], (1.0 - 0.5 * limit / cov[k, k]) / cov[k, k])


@inline
def _rescale(s: Array, cov: Array, memory: Array) -> None:
    """Put the scale into M, long before the two grow apart."""
    cov *= s[SCALE]
    memory[DIAGONAL] *= s[SCALE]
    memory[PENDING] *= np.sqrt(s[SCALE])
    s[SCALE] = 1.0


@inline
def _reset(s: Array, cov: Array, memory: Array) -> None:
    cov[:, :] = 0.0
    memory[PENDING] = 0.0
    memory[DIAGONAL] = 0.0
    for i in range(_N):
        cov[i, i] = s[INITIAL]
        memory[DIAGONAL, i] = s[INITIAL]
    s[SCALE] = 1.0


@inline
def _learn(s: Array, memory: Array, slot: int, h: int, y: float) -> None:
    """One label of horizon `h` for the bar in `slot`."""
    theta, labels = memory[THETA + h], memory[RECENT + h]
    error = y - _dot(theta, memory[INPUTS + slot])
    if not np.isfinite(error):
        return
    for j in range(_WIDTH):
        theta[j] += memory[GAINS + slot, j] * error
    count = int(s[UPDATES + h])
    labels[count % LABELS] = y
    count += 1
    s[UPDATES + h] = count
    if count % 10 != 0:
        return
    n = min(count, LABELS)
    if n >= 20:
        mean = 0.0
        for k in range(n):
            mean += labels[k]
        mean /= n
        squares = 0.0
        for k in range(n):
            squares += (labels[k] - mean) ** 2
        s[VOLATILITY + h] = np.sqrt(squares / n)
    if h == 0 and s[ADAPTIVE] != 0.0:
        # The log of no movement at all is taken at a billionth; it ends at the bound all the same.
        target = s[CONFIGURED] - 0.005 * np.log(max(s[VOLATILITY], 1e-9) / 0.001)
        target = min(max(target, s[LOWEST]), s[HIGHEST])
        s[FORGETTING] = 0.9 * s[FORGETTING] + 0.1 * target


@inline
def _mature(s: Array, memory: Array, minute: int, close: float, begins: int) -> None:
    """Learn from every label that is known now, the oldest bar's first."""
    last = int(s[_LAST])
    for back in range(RING - 1, -1, -1):
        slot = (int(s[_HEAD]) - back + RING) % RING
        for h in range(3):
            waiting = _DUE + 3 * slot + h
            if s[waiting] == 0.0:
                continue
            due = int(s[_MINUTE + slot]) + HORIZONS[h]
            if begins == 0 and due > minute:
                continue
            s[waiting] = 0.0
            if begins == 0 and due == minute:
                _learn(s, memory, slot, h, close / s[_PRICE + slot] - 1.0)
            elif due - last <= FILL and due < s[_END]:
                _learn(s, memory, slot, h, s[_CLOSE] / s[_PRICE + slot] - 1.0)


@kernel("UniTuple(f8, 7)(f8[::1], f8[:,::1], f8[:,::1], i8, f8, i8, i8)")
def step(
    s: Array, cov: Array, memory: Array, minute: int, close: float, begins: int, end: int
) -> tuple[float, float, float, float, float, float, float]:
    """Learn from what this bar's close makes known, predict from its features, and take them in.

    The features stand in the row FEATURES of `memory`. `minute` and `end` (of the stretch of trading, excluded) count
    from the epoch; `begins` is above 0 on the first bar of a stretch, across which no label reaches. Returns the
    predicted returns over 1, 5 and 10 minutes, xᵀPx as it was before the bar, and the volatilities of the horizons.
    """
    _mature(s, memory, minute, close, begins)
    s[_END] = end
    x, product = memory[FEATURES], memory[_PRODUCT]
    _times(cov, memory)
    spread = s[SCALE] * _dot(x, product)
    if not spread >= 0.0:
        _reset(s, cov, memory)
        s[RESETS] += 1.0
        _times(cov, memory)
        spread = s[SCALE] * _dot(x, product)
    denominator = s[FORGETTING] + s[REGULARISATION] + spread

    head = (int(s[_HEAD]) + 1) % RING
    s[_HEAD], s[_LAST], s[_CLOSE] = head, minute, close
    s[_MINUTE + head], s[_PRICE + head] = minute, close
    for j in range(_WIDTH):
        memory[GAINS + head, j] = s[SCALE] * product[j] / denominator
        memory[INPUTS + head, j] = x[j]
    for h in range(3):
        s[_DUE + 3 * head + h] = 1.0

    _put_off(memory, product, s[SCALE] / denominator)
    s[SCALE] /= s[FORGETTING]
    _hold(s, cov, memory)
    if s[SCALE] > 1000.0:
        _rescale(s, cov, memory)
    one, five, ten = _dot(memory[THETA], x), _dot(memory[THETA + 1], x), _dot(memory[THETA + 2], x)
    return one, five, ten, spread, s[VOLATILITY], s[VOLATILITY + 1], s[VOLATILITY + 2]
