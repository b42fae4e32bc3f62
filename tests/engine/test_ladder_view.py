"""The ladder on the screen comes from the events alone, so that a session from last month shows what it showed."""

import random

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from sentio_tui.engine.state import State
from sentio_tui.engine.view import Viewer
from sentio_tui.machines.ladder import CASH_ONLY, INVALID, STATES, ladders
from sentio_tui.model.bars import MINUTE
from sentio_tui.model.decisions import Reason
from sentio_tui.model.events import AnyEvent, Decided, LadderInfo, SessionStarted
from sentio_tui.model.snapshot import LadderView, Snapshot, Thresholds
from tests.engine.ladders import CALIBRATED, FIXED, Probabilities, decided, engine, minutes, snapshot_of
from tests.engine.scripts import START, info


def view_of(ladder: LadderInfo, *decisions: Decided) -> LadderView:
    (view,) = snapshot_of(ladder, *decisions).ladders
    return view


def test_before_the_first_decision_the_configured_ladder_stands_without_a_mark() -> None:
    view = view_of(CALIBRATED)
    assert [rung.state for rung in view.rungs] == list(STATES)
    assert (view.probability, view.place, view.state, view.target) == (None, None, CASH_ONLY, "")
    assert (view.configured, view.in_force) == (Thresholds(0.55, 0.45), None)
    assert (view.bars_held, view.gain, view.model) == (None, None, None)


@given(st.floats(0.0, 1.0), st.sampled_from([CALIBRATED, FIXED]), st.floats(0.51, 0.70), st.floats(0.30, 0.49))
def test_t06_exactly_one_rung_is_marked_and_it_is_the_one_the_machine_climbs_to(
    probability: float, ladder: LadderInfo, buy: float, sell: float
) -> None:
    decision = decided(2, probability, {"buy": buy, "sell": sell})
    view = view_of(ladder, decision)
    assert view.place is not None
    bounds = [rung.bound for rung in view.rungs]
    assert view.place == min(place for place, bound in enumerate(bounds) if probability >= bound)
    expected = ladders(ladder).for_signal(decision.signal)
    assert view.target == view.rungs[view.place].state == expected.state(probability)
    assert view.explanation == expected.explain(probability)


def test_a_stop_goes_before_the_rung_of_the_probability() -> None:
    stopped = replace(decided(2, 0.7), reason=Reason.STOP_LOSS, state="BASE_ONLY", target=CASH_ONLY)
    view = view_of(CALIBRATED, stopped)
    assert view.place == 0
    assert view.target == CASH_ONLY


def test_thresholds_in_force_move_the_rungs_and_stand_beside_those_configured() -> None:
    view = view_of(CALIBRATED, decided(2, 0.556, {"buy": 0.56, "sell": 0.44, "prob_1": 0.5, "prob_10": 0.6}))
    assert view.in_force == Thresholds(0.56, 0.44)
    assert [rung.condition for rung in view.rungs[:3]] == ["≥ 0.69", "≥ 0.61", "≥ 0.56"]
    assert view.target == CASH_ONLY
    assert view.horizons == {1: 0.5, 10: 0.6}


def test_fixed_rungs_have_no_thresholds_to_drift() -> None:
    view = view_of(FIXED, decided(2, 0.7, {"buy": 0.51, "sell": 0.49}))
    assert (view.configured, view.in_force) == (None, None)
    assert [rung.bound for rung in view.rungs] == [0.6, 0.4, 0.0]


@pytest.mark.parametrize("probability", [None, -0.1, 1.1, float("nan")])
def test_what_is_no_probability_marks_nothing(probability: float | None) -> None:
    view = view_of(CALIBRATED, decided(2, probability, {"buy": 0.2, "sell": 0.9}))
    assert (view.place, view.target, view.explanation) == (None, "", "")
    assert view.rungs[2].bound == 0.55


def test_a_journal_from_before_ladders_were_recorded_still_opens() -> None:
    old = msgspec.to_builtins(SessionStarted(1, START, info()))
    for name in ("ladder", "flat_overnight"):
        del old["info"]["books"][0][name]
    for name in ("exchange", "before_close"):
        del old["info"][name]
    event = msgspec.json.decode(msgspec.json.encode(old), type=AnyEvent)
    assert isinstance(event, SessionStarted)
    shown = Viewer(State(event), 1.0, 120_000).snapshot()
    assert (shown.ladders, shown.clock) == ((), None)


def test_t08_a_replayed_session_shows_what_the_live_one_showed() -> None:
    dice = random.Random(7)
    made = engine(Probabilities([dice.uniform(0.3, 0.75) for _ in range(60)]))
    live = Viewer(made.state, 1.0, 120_000)
    shown: list[Snapshot] = []
    events = made.open()
    for bars in minutes(60, dice):
        for bar in bars:
            events += made.bar(bar, bar.time + MINUTE)
        shown.append(live.snapshot())
    states = {snapshot.ladders[0].state for snapshot in shown}
    assert len(states) > 3
    assert any(snapshot.ladders[0].bars_held not in (None, 0) for snapshot in shown)
    journal = [msgspec.json.decode(msgspec.json.encode(event), type=AnyEvent) for event in events]
    assert isinstance(journal[0], SessionStarted)
    state = State(journal[0])
    replay = Viewer(state, 1.0, 120_000)
    due = iter(shown)
    wanted = next(due)
    for event in journal[1:]:
        state.apply(event)
        if state.seq == wanted.seq:
            assert replay.snapshot() == wanted
            wanted = next(due, wanted)
    assert wanted is shown[-1]


def test_t08_holdings_that_are_no_state_are_shown_as_such() -> None:
    made = engine(Probabilities([0.7, 0.7]))
    made.open()
    for bars in minutes(3, random.Random(1)):
        for bar in bars:
            made.bar(bar, bar.time + MINUTE)
    account = made.state.accounts["main"]
    assert set(account.positions) == {"SPXL"}
    viewer = Viewer(made.state, 1.0, 120_000)
    assert viewer.snapshot().ladders[0].state == "BULL_3X_ONLY"
    account.positions["SH"] = account.positions["SPXL"]
    assert viewer.snapshot().ladders[0].state == INVALID
