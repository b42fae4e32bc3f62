"""The ladder: a table that is total and monotone, and a machine whose state is what it holds."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentio_tui.machines import ladder as ladders
from sentio_tui.machines.base import Holding
from sentio_tui.machines.ladder import DEFAULT_RUNGS, STATES, CalibratedLadder, Ladder, LadderMachine, Rung
from sentio_tui.market.families import FAMILIES, QQQ, SPY
from sentio_tui.model.bars import Bar
from sentio_tui.model.decisions import Direction, Reason, Signal, Verdict
from sentio_tui.model.events import LadderInfo
from sentio_tui.model.instruments import Family

USUAL = Ladder(DEFAULT_RUNGS, SPY)
FAMILY_OF = list(FAMILIES.values())
probabilities = st.floats(0.0, 1.0)


@dataclass
class Book:
    """A book as a machine sees it: bought at `entries`, priced at `prices`."""

    quantities: Mapping[str, float] = field(default_factory=dict)
    cash: float = 100_000.0
    entry: float = 100.0
    prices: Mapping[str, float] = field(default_factory=lambda: dict.fromkeys(SPY.symbols, 100.0))
    bars_held: Mapping[str, int] = field(default_factory=dict)
    pending: frozenset[str] = frozenset()
    selling: bool = False

    @property
    def equity(self) -> float:
        return self.cash + sum(quantity * self.prices[symbol] for symbol, quantity in self.quantities.items())

    @property
    def positions(self) -> int:
        return len(self.quantities)

    def holding(self, symbol: str) -> Holding | None:
        if symbol not in self.quantities:
            return None
        return Holding(symbol, self.quantities[symbol], self.entry, 0, self.bars_held.get(symbol, 9))

    def price(self, symbol: str) -> float | None:
        return self.prices.get(symbol)

    def has_open_order(self, symbol: str) -> bool:
        return symbol in self.pending

    def is_selling(self) -> bool:
        return self.selling


def holding(*symbols: str, **changes: object) -> Book:
    """A book all in these symbols, in equal parts."""
    quantities = {symbol: 1_000.0 / len(symbols) for symbol in symbols}
    return Book(quantities, cash=0.0, **changes)  # type: ignore[arg-type]  # fields of their own type, by name


def signal(probability: float | None, missing: int = 0, **values: float) -> Signal:
    return Signal("SPY", 0, Direction.NEUTRAL, values, missing=missing, probability=probability)


BAR = Bar("SPY", 0, 100.0, 100.0, 100.0, 100.0, 1.0)


def decide(probability: float | None, book: Book, machine: LadderMachine | None = None) -> Verdict:
    return (machine or LadderMachine(USUAL)).decide(signal(probability), BAR, book)


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


def test_t05_configured_thresholds_hold_for_a_signal_that_brings_none() -> None:
    info = LadderInfo(SPY, {}, 0.52, 0.47, 3, 0.02, 0.015, 0.002)
    machine = LadderMachine(ladders.ladders(info))
    assert machine.decide(signal(0.53), BAR, Book()).detail.endswith("p 0.530 ≥ 0.52 → BASE_ONLY (SPY 100 %)")
    assert machine.decide(signal(0.465), BAR, Book()).detail.endswith("p 0.465 ≥ 0.37 → BEAR_1X_NX (SH 50 %, SDS 50 %)")
