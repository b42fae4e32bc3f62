"""The ladder's machine: its state is what it holds, and of its rules the first that applies decides."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentio_tui.machines import ladder as ladders
from sentio_tui.machines.ladder import STATES, LadderMachine
from sentio_tui.market.families import SPY
from sentio_tui.model.bars import Bar
from sentio_tui.model.decisions import Reason
from tests.machines.books import BAR, USUAL, Book, decide, holding, probabilities, signal


@pytest.mark.parametrize(
    ("probability", "book", "reason", "state", "detail"),
    [
        (0.52, Book(), Reason.NO_CHANGE, "CASH_ONLY", "p 0.520 ≥ 0.49 → CASH_ONLY (cash)"),
        (
            0.571,
            Book(),
            Reason.REBALANCE,
            "CASH_ONLY",
            "STATE_TRANSITION (prob=0.571): CASH_ONLY -> BASE_ONLY; p 0.571 ≥ 0.55 → BASE_ONLY (SPY 100 %)",
        ),
        (0.571, holding("SPY"), Reason.NO_CHANGE, "BASE_ONLY", "p 0.571 ≥ 0.55 → BASE_ONLY (SPY 100 %)"),
        (
            0.47,
            holding("SPY", bars_held={"SPY": 2}),
            Reason.MIN_HOLD,
            "BASE_ONLY",
            "MIN_HOLD_PERIOD (held 2 of 3 bars): p 0.470 ≥ 0.45 → BEAR_1X_ONLY (SH 100 %)",
        ),
        (
            0.52,
            holding("SPY", "SPXL"),
            Reason.REBALANCE,
            "BASE_BULL_3X",
            "STATE_TRANSITION (prob=0.520): BASE_BULL_3X -> CASH_ONLY; p 0.520 ≥ 0.49 → CASH_ONLY (cash)",
        ),
        (
            0.40,
            holding("SPY", prices={"SPY": 100.0, "SPXL": 50.0, "SH": 30.0}),
            Reason.NO_PRICE,
            "BASE_ONLY",
            "no price of SDS yet: p 0.400 ≥ 0.35 → BEAR_1X_NX (SH 50 %, SDS 50 %)",
        ),
        (0.9, Book(pending=frozenset({"SPY"})), Reason.ORDER_PENDING, "CASH_ONLY", "an order of SPY is under way"),
        (
            0.4,
            holding("SH", entry=101.6, pending=frozenset({"SDS"})),
            Reason.STOP_LOSS,
            "BEAR_1X_ONLY",
            "STOP_LOSS (-1.57%)",
        ),
        (
            0.4,
            holding("SH", entry=101.6, pending=frozenset({"SH"}), selling=True),
            Reason.ORDER_PENDING,
            "BEAR_1X_ONLY",
            "an order of SH is under way",
        ),
        (
            0.9,
            holding("SH", pending=frozenset({"SDS"})),
            Reason.ORDER_PENDING,
            "BEAR_1X_ONLY",
            "an order of SDS is under way",
        ),
        (None, holding("SH"), Reason.NEUTRAL, "BEAR_1X_ONLY", "the signal has no probability"),
        (0.9, holding("SH", entry=98.0), Reason.TAKE_PROFIT, "BEAR_1X_ONLY", "PROFIT_TARGET (+2.04%)"),
        (0.4, holding("SH", entry=101.6), Reason.STOP_LOSS, "BEAR_1X_ONLY", "STOP_LOSS (-1.57%)"),
        (0.4, holding("SH", entry=101.5), Reason.REBALANCE, "BEAR_1X_ONLY", "STATE_TRANSITION"),
    ],
)
def test_the_first_rule_that_applies_decides(
    probability: float | None, book: Book, reason: Reason, state: str, detail: str
) -> None:
    verdict = decide(probability, book)
    assert (verdict.reason, verdict.state) == (reason, state)
    assert verdict.detail.startswith(detail)
    assert bool(verdict.targets) == reason.trades


def test_a_transition_gives_every_member_a_weight_and_leaves_a_buffer() -> None:
    verdict = decide(0.62, holding("SH", "SDS"), LadderMachine(USUAL, cash_buffer=0.01))
    weights = {target.symbol: target.weight for target in verdict.targets}
    assert weights == {"SPY": 0.495, "SPXL": 0.495, "SH": 0.0, "SDS": 0.0}
    assert tuple(weights) == SPY.symbols


@pytest.mark.parametrize("state", STATES)
def test_t29_each_legal_set_is_one_state(state: str) -> None:
    symbols = tuple(ladders.weights_of(state, SPY))
    book = holding(*symbols) if symbols else Book()
    assert decide(0.5, book).state == state
    drifted = Book(dict(zip(symbols, (999.0, 1.0), strict=False)), cash=0.0)
    assert decide(0.5, drifted).state == state


def test_t29_a_drifted_pair_is_left_alone() -> None:
    drifted = Book({"SPY": 100.0, "SPXL": 900.0}, cash=5.0)
    assert decide(0.62, drifted).reason is Reason.NO_CHANGE


def test_t29_the_hold_is_that_of_the_newest_member() -> None:
    young = holding("SPY", "SPXL", bars_held={"SPY": 44, "SPXL": 1})
    assert decide(0.5, young).reason is Reason.MIN_HOLD
    old = holding("SPY", "SPXL", bars_held={"SPY": 44, "SPXL": 3})
    assert decide(0.5, old).reason is Reason.REBALANCE


@pytest.mark.parametrize(
    "mix", [("SPY", "SH"), ("SPXL", "SDS"), ("SPY", "SPXL", "SH"), ("SPY", "SDS"), ("SPXL", "SH"), SPY.symbols]
)
def test_t30_any_other_mix_is_invalid_and_sold(mix: tuple[str, ...]) -> None:
    for said in (signal(0.9), signal(None), signal(0.5, missing=99)):
        verdict = LadderMachine(USUAL).decide(said, BAR, holding(*mix, bars_held=dict.fromkeys(mix, 0)))
        assert (verdict.reason, verdict.state) == (Reason.LIQUIDATE, "INVALID")
        assert verdict.detail == f"INVALID: {' + '.join(mix)} is no legal state"
        assert [(target.symbol, target.weight) for target in verdict.targets] == [(each, 0.0) for each in SPY.symbols]
    selling = holding(*mix, pending=frozenset(mix))
    assert decide(0.9, selling).reason is Reason.ORDER_PENDING
    half = holding(*mix, pending=frozenset(mix[:1]))
    assert decide(0.9, half).reason is Reason.LIQUIDATE


def test_stops_and_targets_override_minimum_hold_and_warm_up() -> None:
    machine = LadderMachine(USUAL)
    for entry, reason in ((98.0, Reason.TAKE_PROFIT), (102.0, Reason.STOP_LOSS)):
        book = holding("SPXL", entry=entry, bars_held={"SPXL": 0})
        for said in (signal(0.9), signal(0.5, missing=5), signal(None)):
            verdict = machine.decide(said, BAR, book)
            assert verdict.reason is reason
            assert all(target.weight == 0.0 for target in verdict.targets)
    off = LadderMachine(USUAL, profit_target=0.0, stop_loss=0.0)
    for entry in (1.0, 1e6):
        assert off.decide(signal(0.9), BAR, holding("SPXL", entry=entry)).reason is Reason.NO_CHANGE


def test_profit_and_loss_are_the_accounts_since_entry_not_the_positions() -> None:
    half_in_cash = Book({"SPY": 500.0}, cash=50_000.0, entry=97.0)
    held = [one for one in (half_in_cash.holding("SPY"),) if one is not None]
    assert ladders.gained(held, half_in_cash) == pytest.approx(1_500.0 / 98_500.0)
    assert decide(0.56, half_in_cash).reason is Reason.NO_CHANGE


def test_t12_warming_up_is_its_own_reason() -> None:
    verdict = LadderMachine(USUAL).decide(signal(0.5, missing=7), BAR, Book())
    assert (verdict.reason, verdict.detail, verdict.targets) == (Reason.WARMING_UP, "7 more bars needed", ())


def test_t07_no_member_is_ordered_without_a_price_of_its_own() -> None:
    for p in (step / 100 for step in range(101)):
        verdict = decide(p, Book(prices={"SPY": 100.0}))
        if USUAL.state(p) in ("BASE_ONLY", "CASH_ONLY"):
            assert verdict.reason in (Reason.REBALANCE, Reason.NO_CHANGE)
        else:
            assert (verdict.reason, verdict.targets) == (Reason.NO_PRICE, ())
            assert all(symbol in verdict.detail for symbol in USUAL.row(p).weights if symbol != "SPY")


def test_t01_only_the_base_drives() -> None:
    with pytest.raises(ValueError, match="the ladder of SPY is driven by SPY, not by SPXL"):
        LadderMachine(USUAL).decide(signal(0.5), Bar("SPXL", 0, 1, 1, 1, 1, 1), Book())


@given(
    st.none() | probabilities,
    st.integers(0, 5),
    st.sets(st.sampled_from(SPY.symbols)),
    st.sets(st.sampled_from(SPY.symbols)),
    st.dictionaries(st.sampled_from(SPY.symbols), st.integers(0, 9)),
    st.floats(50.0, 200.0),
)
def test_every_bar_gets_exactly_one_verdict_that_keeps_to_its_kind(
    probability: float | None,
    missing: int,
    held: set[str],
    pending: set[str],
    bars: dict[str, int],
    entry: float,
) -> None:
    book = Book(dict.fromkeys(held, 100.0), entry=entry, pending=frozenset(pending), bars_held=bars)
    machine = LadderMachine(USUAL)
    verdict = machine.decide(signal(probability, missing), BAR, book)
    assert verdict == machine.decide(signal(probability, missing), BAR, book)
    assert bool(verdict.targets) == verdict.reason.trades
    assert verdict.state in {*STATES, "INVALID"}
    weights = [target.weight for target in verdict.targets]
    if weights:
        assert tuple(target.symbol for target in verdict.targets) == SPY.symbols
        assert sum(weight for weight in weights if weight is not None) <= 1.0
        goes_to = frozenset(target.symbol for target in verdict.targets if target.weight)
        assert goes_to in {frozenset(ladders.weights_of(state, SPY)) for state in STATES}


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"min_hold_bars": -1}, "min_hold_bars = -1"),
        ({"profit_target": -0.1}, "profit_target = -0.1"),
        ({"stop_loss": 1.5}, "stop_loss = 1.5"),
        ({"cash_buffer": 1.0}, "cash_buffer = 1.0"),
        ({"cash_buffer": float("nan")}, "cash_buffer = nan"),
    ],
)
def test_figures_out_of_range_are_named(changes: dict[str, float], words: str) -> None:
    with pytest.raises(ValueError, match=f"ladder: {words}"):
        LadderMachine(USUAL, **changes)  # type: ignore[arg-type]  # min_hold_bars is given as the int it is
