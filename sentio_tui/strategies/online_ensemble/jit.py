"""Compiling a function for every bar: numba without fast-math and without threads, so that the same input gives the
same bits every time, cached on disk beside this package or, where that is read-only, in the user's cache. Division by
zero gives infinity, as in numpy: what is not finite is found at the end, by name.

A cached kernel is thrown away when its own file changes, not when another does: a kernel, what it calls and the
constants it reads therefore stand in one file, and after a change of this one the caches (`__pycache__/*.nb?`) have to
be removed by hand.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar, cast

import numpy as np
from numba import njit
from numba.core import event
from numpy.typing import NDArray

Array = NDArray[np.float64]
Ohlcv = tuple[float, float, float, float, float]
Clock = tuple[float, float, float]
F = TypeVar("F", bound=Callable[..., object])


def kernel(signature: str) -> Callable[[F], F]:
    """Compile for this numba signature at once. Where no cache can be written it is compiled for each process."""

    def compile_(function: F) -> F:
        try:
            compiled = njit(signature, cache=True, error_model="numpy")(function)
        except (RuntimeError, OSError) as error:
            if isinstance(error, RuntimeError) and "cannot cache" not in str(error):
                raise
            compiled = njit(signature, error_model="numpy")(function)
        return cast(F, compiled)

    return compile_


def inline(function: F) -> F:
    """A part of a kernel, compiled into it. It stands in the file of the kernel."""
    return cast(F, njit(error_model="numpy")(function))


class Uncompiled(Exception):
    """A kernel would have to be compiled. Its context is the error of the cache where none can be had."""


@contextmanager
def from_cache_alone() -> Iterator[None]:
    """Within it no kernel is compiled: importing one that is not in the cache raises Uncompiled."""
    with event.install_listener("numba:compile", _Refusal()):
        yield


class _Refusal(event.Listener):
    def on_start(self, _event: object) -> None:
        raise Uncompiled

    def on_end(self, _event: object) -> None:
        """Nothing was begun."""
