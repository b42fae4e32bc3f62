"""The online ensemble: it learns on every bar, on three horizons, from 126 features. `docs/online-ensemble.md`.

numpy and numba are loaded by `compile_kernels` or with the first instance, not by importing this package.
"""

from sentio_tui.strategies.online_ensemble.model import compile_kernels
from sentio_tui.strategies.online_ensemble.parameters import OnlineEnsembleParameters
from sentio_tui.strategies.online_ensemble.strategy import OnlineEnsemble

__all__ = ["OnlineEnsemble", "OnlineEnsembleParameters", "compile_kernels"]
