"""Where no cache can be written, kernels are compiled all the same."""

from collections.abc import Callable

import pytest

from sentio_tui.strategies.online_ensemble import jit


def add(a: float, b: float) -> float:
    return a + b


@pytest.mark.parametrize("error", [RuntimeError("cannot cache function 'add': no locator"), OSError(28, "full")])
def test_without_a_place_for_the_cache_it_compiles_for_this_process(
    monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    compiled: list[dict[str, object]] = []

    def njit(signature: str, **options: object) -> Callable[[object], object]:
        def compile_(function: object) -> object:
            if options.get("cache"):
                raise error
            compiled.append(options)
            return function

        return compile_

    monkeypatch.setattr(jit, "njit", njit)
    assert jit.kernel("f8(f8, f8)")(add)(1.0, 2.0) == 3.0
    assert compiled == [{"error_model": "numpy"}]


def test_a_kernel_that_does_not_compile_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def njit(signature: str, **options: object) -> Callable[[object], object]:
        raise RuntimeError("out of order")

    monkeypatch.setattr(jit, "njit", njit)
    with pytest.raises(RuntimeError, match="out of order"):
        jit.kernel("f8(f8, f8)")(add)
