"""Loading and compiling the kernels: when it happens, and what is told of it."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Literal

import numba
import pytest

from sentio_tui.strategies.online_ensemble import jit


def test_importing_it_loads_neither_numpy_nor_numba() -> None:
    code = (
        "import sys; from sentio_tui.strategies import registry; registry.find('online_ensemble');"
        "print([m for m in ('numpy', 'numba', 'pandas', 'exchange_calendars') if m in sys.modules])"
    )
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert printed.strip() == "[]"


def test_compiling_tells_its_progress() -> None:
    code = """if True:
        from sentio_tui.strategies.online_ensemble import OnlineEnsemble, compile_kernels
        compile_kernels(print)
        compile_kernels(print)
        print(OnlineEnsemble.is_prepared())
    """
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert printed.splitlines() == [
        "online ensemble: compiling the indicators (1 of 2)",
        "online ensemble: compiling the learner (2 of 2)",
        "True",
    ]


def test_asking_whether_it_is_prepared_compiles_nothing(tmp_path: Path) -> None:
    code = """if True:
        import sys
        from sentio_tui.strategies.online_ensemble import OnlineEnsemble
        print(OnlineEnsemble.is_prepared(), "sentio_tui.strategies.online_ensemble.indicators" in sys.modules)
    """
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path)}
    printed = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    ).stdout
    assert printed.split() == ["False", "False"]
    assert not list(tmp_path.rglob("*.nbc"))


def test_without_a_cache_there_is_nothing_to_make_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    def njit(signature: str, error_model: Literal["numpy"], cache: bool = False) -> object:
        if cache:
            raise RuntimeError("cannot cache function: no locator available")
        return numba.njit(signature, error_model=error_model)

    def twice(value: float) -> float:
        return 2.0 * value

    monkeypatch.setattr(jit, "njit", njit)
    with jit.from_cache_alone(), pytest.raises(jit.Uncompiled) as caught:
        jit.kernel("f8(f8)")(twice)
    assert "cannot cache" in str(caught.value.__context__)
    assert jit.kernel("f8(f8)")(twice)(4.0) == 8.0
