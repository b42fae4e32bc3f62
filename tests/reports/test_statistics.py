"""Figures of samples: right where they are given, and refused where the sample is too small."""

import empyrical
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentio_tui.engine.figures import FIGURES
from sentio_tui.engine.metrics import DAYS_NEEDED
from sentio_tui.model.snapshot import Figure, Unknown
from sentio_tui.reports.statistics import TRADES_NEEDED, payoff, returns, told, volatility, wilson
from sentio_tui.reports.study import Study
from tests.reports.test_study import Read


def values(study: Study) -> dict[str, Figure]:
    return {each.known.name: each.value for each in told(study)}


def test_a_sample_that_is_large_enough_is_told_of(study: Read, crypto: str) -> None:
    made = study(crypto)
    found = values(made)
    gains = returns(made.trades)
    pnls = [trade.pnl for trade in made.trades]
    assert len(pnls) >= TRADES_NEEDED
    assert found["median_return"] == pytest.approx(np.median(gains))
    assert found["return_p05"] == pytest.approx(np.quantile(gains, 0.05))
    assert (found["best_trade"], found["worst_trade"]) == (max(pnls), min(pnls))
    low, high = found["expectancy_low"], found["expectancy_high"]
    assert isinstance(low, float)
    assert isinstance(high, float)
    assert low < np.mean(pnls) < high
    spread = 1.96 * np.std(pnls, ddof=1) / np.sqrt(len(pnls))
    assert high - low == pytest.approx(2 * spread, rel=0.25)
    assert values(study(crypto)) == found


def test_t22_what_a_sample_cannot_carry_is_refused_with_its_size(study: Read, crypto: str, quiet: str) -> None:
    days = values(study(crypto))
    for name in ("sharpe", "sortino", "volatility"):
        figure = days[name]
        assert isinstance(figure, Unknown)
        assert figure.why.endswith(f", needs {DAYS_NEEDED}")
    nothing = values(study(quiet))
    assert nothing["win_rate"] == nothing["best_trade"] == Unknown("no closed trades")
    assert nothing["median_return"] == nothing["expectancy_low"] == Unknown(f"0 trades, needs {TRADES_NEEDED}")


def test_every_figure_says_what_it_stands_on(study: Read, crypto: str) -> None:
    made = study(crypto)
    samples = {each.known.name: each.sample for each in told(made)}
    assert samples["win_rate"] == samples["expectancy_low"] == f"{len(made.trades)} trades"
    assert samples["exposure"] == f"{len(made.state.curve.times):,} minutes"
    assert samples["fees"] == f"{len(made.entries)} fills"
    assert samples["equity"] == ""
    assert all(each.known.definition for each in told(made))
    assert [each.known for each in told(made)][: len(FIGURES)] == list(FIGURES)


def test_wilson_is_that_of_the_textbook() -> None:
    assert wilson(0, TRADES_NEEDED - 1) == (Unknown("29 trades, needs 30"),) * 2
    low, high = wilson(40, 100)
    assert low == pytest.approx(0.30940, abs=1e-5)
    assert high == pytest.approx(0.49800, abs=1e-5)
    none, few = wilson(0, 50)
    assert none == pytest.approx(0.0, abs=1e-12)
    assert few == pytest.approx(0.07135, abs=1e-5)


@given(st.lists(st.floats(-0.2, 0.2), min_size=DAYS_NEEDED, max_size=60))
def test_volatility_is_that_of_empyrical(daily: list[float]) -> None:
    assert volatility(daily, 252) == pytest.approx(empyrical.annual_volatility(np.asarray(daily)), abs=1e-12)


def test_payoff_needs_both_sides() -> None:
    assert payoff(30.0, -20.0) == 1.5
    assert payoff(30.0, Unknown("no losing trades")) == Unknown("no losing trades")
    assert payoff(Unknown("no winning trades"), -1.0) == Unknown("no winning trades")
