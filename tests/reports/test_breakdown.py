"""Profit and loss taken apart: whatever the trades, each way adds up to the whole."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sentio_tui.journal.catalogue import SessionState
from sentio_tui.machines.slots import Slots
from sentio_tui.model.bars import Bar
from sentio_tui.model.decisions import Direction
from sentio_tui.reports.breakdown import STILL_OPEN, breakdowns, kind_of, whole
from sentio_tui.reports.study import Study
from tests.engine.scripts import COIN, OTHER, bar, engine, run
from tests.reports.test_study import Read

DIRECTIONS = st.lists(st.sampled_from(list(Direction)), max_size=40)
CHANGES = st.lists(st.floats(-0.04, 0.04), min_size=1, max_size=40)


def course(symbol: str, changes: list[float], step: int) -> list[Bar]:
    price, bars = 100.0, []
    for index, change in enumerate(changes):
        price *= 1.0 + change
        bars.append(bar(index * step, price, symbol))
    return bars


@settings(max_examples=60, deadline=None)
@given(DIRECTIONS, DIRECTIONS, CHANGES, CHANGES, st.sampled_from([1, 7, 45]))
def test_every_way_to_take_it_apart_adds_up(
    one: list[Direction], two: list[Direction], ups: list[float], downs: list[float], step: int
) -> None:
    bars = sorted([*course(COIN, ups, step), *course(OTHER, downs, step)], key=lambda each: each.time)
    machine = Slots(5, 0.3, "cash", 0.02, 0.03)
    made = Study(run(engine({COIN: one, OTHER: two}, slots=machine), bars), SessionState.INTERRUPTED)
    parts = whole(made)
    total = made.state.equity - made.info.capital
    assert parts.realised + parts.unrealised == pytest.approx(total, abs=1e-6)
    for breakdown in breakdowns(made):
        assert math.fsum(part.total for part in breakdown.parts) == pytest.approx(total, abs=1e-6)
        assert sum(part.trades for part in breakdown.parts) == len(made.trades)
        assert sum(part.won for part in breakdown.parts) == sum(trade.pnl > 0.0 for trade in made.trades)
        assert len({part.key for part in breakdown.parts}) == len(breakdown.parts)


@pytest.mark.parametrize("fixture", ["crypto", "several", "ladder", "quiet"])
def test_real_sessions_add_up_too(request: pytest.FixtureRequest, study: Read, fixture: str) -> None:
    made = study(request.getfixturevalue(fixture))
    names = [each.name for each in breakdowns(made)]
    assert names == ["hour", "symbol", "strategy", "exit_reason"] + (["book"] if fixture == "several" else [])
    for each in breakdowns(made):
        assert math.fsum(part.total for part in each.parts) == pytest.approx(made.snapshot.metrics.total_pnl, abs=1e-6)


def test_what_is_open_stands_with_its_symbol_and_by_itself_elsewhere() -> None:
    bars = [bar(minute, 100.0 + minute) for minute in range(5)]
    made = Study(run(engine({COIN: [Direction.LONG]}), bars), SessionState.RUNNING)
    by = {each.name: each.parts for each in breakdowns(made)}
    (position,) = made.snapshot.positions
    assert [(part.key, part.unrealised) for part in by["symbol"]] == [(COIN, position.pnl)]
    assert [(part.key, part.realised, part.unrealised) for part in by["hour"]] == [(STILL_OPEN, 0.0, position.pnl)]
    assert [part.key for part in by["exit_reason"]] == [STILL_OPEN]


def test_an_hour_is_one_of_the_exchange(study: Read, ladder: str) -> None:
    hours = next(each for each in breakdowns(study(ladder)) if each.name == "hour")
    assert {part.key for part in hours.parts} <= {f"{hour:02}:00" for hour in range(9, 16)}


@pytest.mark.parametrize(
    ("reason", "kind"),
    [
        ("Stop Loss (-5.04 %)", "Stop Loss"),
        ("Stop Loss (-4.90 %)", "Stop Loss"),
        ("Momentum Signal", "Momentum Signal"),
        ("STATE_TRANSITION (prob=0.468): BEAR_1X_NX -> CASH_ONLY; p 0.468 ≥ 0.45 → (cash)", "BEAR_1X_NX -> CASH_ONLY"),
        ("(all of it)", "(all of it)"),
        ("", ""),
    ],
)
def test_reasons_of_one_kind_are_one(reason: str, kind: str) -> None:
    assert kind_of(reason) == kind
