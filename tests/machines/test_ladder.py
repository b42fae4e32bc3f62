"""The ladder: a table that is total and monotone."""

from collections.abc import Sequence

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentio_tui.machines import ladder as ladders
from sentio_tui.machines.ladder import DEFAULT_RUNGS, CalibratedLadder, Ladder, LadderMachine, Rung
from sentio_tui.market.families import FAMILIES, QQQ, SPY
from sentio_tui.model.decisions import Reason
from sentio_tui.model.events import LadderInfo
from sentio_tui.model.instruments import Family
from tests.machines.books import BAR, USUAL, Book, decide, probabilities, signal

FAMILY_OF = list(FAMILIES.values())


@pytest.mark.parametrize(
    ("probability", "state", "words"),
    [
        (1.0, "BULL_3X_ONLY", "p 1.000 ≥ 0.68 → BULL_3X_ONLY (SPXL 100 %)"),
        (0.68, "BULL_3X_ONLY", "p 0.680 ≥ 0.68 → BULL_3X_ONLY (SPXL 100 %)"),
        (0.6799999, "BASE_BULL_3X", "p 0.6799999 ≥ 0.6 → BASE_BULL_3X (SPY 50 %, SPXL 50 %)"),
        (0.60, "BASE_BULL_3X", "p 0.600 ≥ 0.6 → BASE_BULL_3X (SPY 50 %, SPXL 50 %)"),
        (0.5714, "BASE_ONLY", "p 0.571 ≥ 0.55 → BASE_ONLY (SPY 100 %)"),
        (0.55, "BASE_ONLY", "p 0.550 ≥ 0.55 → BASE_ONLY (SPY 100 %)"),
        (0.5499, "CASH_ONLY", "p 0.5499 ≥ 0.49 → CASH_ONLY (cash)"),
        (0.49, "CASH_ONLY", "p 0.490 ≥ 0.49 → CASH_ONLY (cash)"),
        (0.4899, "BEAR_1X_ONLY", "p 0.4899 ≥ 0.45 → BEAR_1X_ONLY (SH 100 %)"),
        (0.45, "BEAR_1X_ONLY", "p 0.450 ≥ 0.45 → BEAR_1X_ONLY (SH 100 %)"),
        (0.40, "BEAR_1X_NX", "p 0.400 ≥ 0.35 → BEAR_1X_NX (SH 50 %, SDS 50 %)"),
        (0.35, "BEAR_1X_NX", "p 0.350 ≥ 0.35 → BEAR_1X_NX (SH 50 %, SDS 50 %)"),
        (0.33, "BEAR_NX_ONLY", "p 0.330 < 0.35 → BEAR_NX_ONLY (SDS 100 %)"),  # the original's hole
        (0.0, "BEAR_NX_ONLY", "p 0.000 < 0.35 → BEAR_NX_ONLY (SDS 100 %)"),
    ],
)
def test_t06_the_table_and_its_words(probability: float, state: str, words: str) -> None:
    assert USUAL.state(probability) == state
    assert USUAL.explain(probability) == words


def test_the_rows_of_the_screen_are_the_table() -> None:
    assert [(row.bound, row.state, row.holdings, row.exposure) for row in USUAL.rows()] == [
        (0.68, "BULL_3X_ONLY", "SPXL 100 %", 3.0),
        (0.60, "BASE_BULL_3X", "SPY 50 %, SPXL 50 %", 2.0),
        (0.55, "BASE_ONLY", "SPY 100 %", 1.0),
        (0.49, "CASH_ONLY", "cash", 0.0),
        (0.45, "BEAR_1X_ONLY", "SH 100 %", -1.0),
        (0.35, "BEAR_1X_NX", "SH 50 %, SDS 50 %", -1.5),
        (0.0, "BEAR_NX_ONLY", "SDS 100 %", -2.0),
    ]


@pytest.mark.parametrize("family", FAMILY_OF, ids=lambda family: family.name)
def test_t06_ladder_is_total_and_monotone(family: Family) -> None:
    ladder = Ladder(DEFAULT_RUNGS, family)
    exposures = [ladder.row(step / 10_000).exposure for step in range(10_001)]
    assert exposures == sorted(exposures)
    assert set(exposures) == {row.exposure for row in ladder.rows()}


@given(st.floats(0.491, 0.87), st.floats(0.101, 0.49), probabilities, probabilities)
def test_t06_any_thresholds_give_a_total_and_monotone_ladder(buy: float, sell: float, p: float, q: float) -> None:
    ladder = Ladder.from_thresholds(buy, sell, QQQ)
    low, high = sorted((p, q))
    assert ladder.row(low).exposure <= ladder.row(high).exposure


@given(probabilities)
def test_t06_what_is_explained_is_what_is_decided(probability: float) -> None:
    verdict = decide(probability, Book())
    target = USUAL.state(probability)
    assert verdict.detail.endswith(USUAL.explain(probability))
    assert f"→ {target} (" in verdict.detail
    weights = {each.symbol: each.weight for each in verdict.targets}
    held = {symbol for symbol, weight in weights.items() if weight}
    assert held == (set() if verdict.reason is Reason.NO_CHANGE else set(USUAL.row(probability).weights))
    # The number shown stands on the same rung as the number meant.
    assert USUAL.state(float(USUAL.shown(probability))) == target


def test_t05_changing_buy_and_sell_changes_decisions() -> None:
    usual, eager = Ladder.from_thresholds(0.55, 0.45, SPY), Ladder.from_thresholds(0.52, 0.47, SPY)
    assert usual.rows() == USUAL.rows()
    grid = [step / 1_000 for step in range(1_001)]
    changed = {p for p in grid if usual.state(p) != eager.state(p)}
    assert {0.52, 0.549, 0.57, 0.65, 0.45, 0.36} <= changed
    for p in grid:
        made = decide(p, Book(), LadderMachine(eager))
        assert (made.reason is Reason.NO_CHANGE) == (eager.state(p) == "CASH_ONLY")


def test_t05_thresholds_that_a_strategy_calibrated_move_the_ladder() -> None:
    machine = LadderMachine(CalibratedLadder(0.55, 0.45, SPY))
    assert machine.decide(signal(0.56), BAR, Book()).reason is Reason.REBALANCE
    moved = signal(0.56, buy=0.565, sell=0.435)
    assert machine.decide(moved, BAR, Book()).detail == "p 0.560 ≥ 0.49 → CASH_ONLY (cash)"
    fixed = LadderMachine(USUAL)
    assert fixed.decide(moved, BAR, Book()).reason is Reason.REBALANCE


@pytest.mark.parametrize("buy", [0.51, 0.55, 0.70])
@pytest.mark.parametrize("sell", [0.30, 0.45, 0.485, 0.49])
def test_t05_every_threshold_that_calibration_can_reach_makes_a_ladder(buy: float, sell: float) -> None:
    ladder = Ladder.from_thresholds(buy, sell, SPY)
    assert (ladder.state(buy), ladder.state(0.49)) == ("BASE_ONLY", "CASH_ONLY")
    assert ladder.state(0.4899) == ("BEAR_1X_ONLY" if sell < 0.4899 else "BEAR_1X_NX")


@pytest.mark.parametrize(("buy", "sell"), [(0.49, 0.45), (0.9, 0.45), (0.55, 0.5), (0.55, 0.1), (float("nan"), 0.4)])
def test_thresholds_a_ladder_cannot_stand_on_are_refused(buy: float, sell: float) -> None:
    with pytest.raises(ValueError, match=r"ladder: (buy|sell) "):
        Ladder.from_thresholds(buy, sell, SPY)


@pytest.mark.parametrize(
    ("rungs", "words"),
    [
        ([], "has no rungs"),
        (DEFAULT_RUNGS[:-1], "not total: nothing below 0.35"),
        ([*DEFAULT_RUNGS[:3], Rung(0.5, "SQQQ_ONLY"), Rung(0.0, "BEAR_NX_ONLY")], "unknown state 'SQQQ_ONLY'"),
        ([Rung(0.5, "CASH_ONLY"), Rung(0.5, "BEAR_1X_ONLY"), Rung(0.0, "BEAR_NX_ONLY")], "bounds must fall"),
        ([Rung(0.3, "BASE_ONLY"), Rung(0.5, "CASH_ONLY"), Rung(0.0, "BEAR_NX_ONLY")], "bounds must fall"),
        ([Rung(0.5, "CASH_ONLY"), Rung(0.2, "BASE_ONLY"), Rung(0.0, "BEAR_NX_ONLY")], "not monotone: BASE_ONLY"),
        # The hole of the original: cash below the leveraged bear.
        ([Rung(0.35, "BEAR_1X_NX"), Rung(0.32, "CASH_ONLY"), Rung(0.0, "BEAR_NX_ONLY")], "not monotone: CASH_ONLY"),
        ([Rung(1.5, "BASE_ONLY"), Rung(0.0, "CASH_ONLY")], "a bound is from 0 to 1"),
        ([Rung(float("nan"), "BASE_ONLY"), Rung(0.0, "CASH_ONLY")], "a bound is from 0 to 1"),
    ],
)
def test_t06_a_ladder_with_a_fault_is_refused(rungs: Sequence[Rung], words: str) -> None:
    with pytest.raises(ValueError, match="ladder: ") as caught:
        Ladder(rungs, SPY)
    assert words in str(caught.value)


def test_all_faults_of_a_ladder_are_told_together() -> None:
    with pytest.raises(ValueError, match=r"unknown state 'X'.*must fall.*not total"):
        Ladder([Rung(0.5, "X"), Rung(0.6, "CASH_ONLY")], SPY)


def test_a_rung_is_written_as_from_and_state() -> None:
    assert msgspec.convert([{"from": 0.5, "state": "CASH_ONLY"}], list[Rung]) == [Rung(0.5, "CASH_ONLY")]


@pytest.mark.parametrize("probability", [-0.01, 1.01, float("nan")])
def test_what_is_no_probability_is_an_error(probability: float) -> None:
    with pytest.raises(ValueError, match="not from 0 to 1"):
        decide(probability, Book())


def test_t05_configured_thresholds_hold_for_a_signal_that_brings_none() -> None:
    info = LadderInfo(SPY, {}, 0.52, 0.47, 3, 0.02, 0.015, 0.002)
    machine = LadderMachine(ladders.ladders(info))
    assert machine.decide(signal(0.53), BAR, Book()).detail.endswith("p 0.530 ≥ 0.52 → BASE_ONLY (SPY 100 %)")
    assert machine.decide(signal(0.465), BAR, Book()).detail.endswith("p 0.465 ≥ 0.37 → BEAR_1X_NX (SH 50 %, SDS 50 %)")
