"""What a person must be able to read of a ladder, in every size there is."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from sentio_tui.model.decisions import Reason
from sentio_tui.model.events import LadderInfo
from sentio_tui.model.snapshot import LadderView, MarketClock, MarketEvent, Snapshot, Thresholds
from sentio_tui.ui.formatting import DOWN, UP
from sentio_tui.ui.panes import DecisionPane
from sentio_tui.ui.panes.ladder import ladder_lines
from sentio_tui.ui.panes.ladder_facts import HELD, PLACE
from sentio_tui.ui.panes.parts import Block, stacked
from sentio_tui.ui.widgets.line_board import Line, Span
from tests.engine.ladders import CALIBRATED, FIXED, decided, snapshot_of
from tests.ui.ladder_samples import climbing, unstarted
from tests.ui.samples import HOSTILE, busy
from tests.ui.widgets.stage import Stage, press, text_of

SIZES = [(40, 29), (36, 8), (36, 7), (76, 5), (76, 4), (76, 20), (76, 14), (156, 44), (36, 1)]


def lines_of(snapshot: Snapshot, width: int, height: int) -> list[str]:
    decision = snapshot.decisions[0] if snapshot.decisions else None
    lines = ladder_lines(snapshot, snapshot.ladders[0], decision, width, height)
    return [line.text for line in lines]


def changed(**fields: object) -> Snapshot:
    (view,) = climbing().ladders
    values = {name: getattr(view, name) for name in LadderView.__struct_fields__}
    return replace(climbing(), ladders=(LadderView(**{**values, **fields}),))


@given(st.floats(0.0, 1.0), st.sampled_from([CALIBRATED, FIXED]), st.sampled_from(SIZES))
def test_exactly_one_rung_is_marked_for_any_probability(
    probability: float, ladder: LadderInfo, size: tuple[int, int]
) -> None:
    width, height = size
    snapshot = snapshot_of(ladder, decided(2, probability, {"buy": 0.57, "sell": 0.41}))
    (view,) = snapshot.ladders
    assert view.place is not None
    lines = lines_of(snapshot, width, height)
    assert len(lines) <= height
    assert all(len(line) <= width for line in lines)
    standing = [line for line in lines if line.startswith(("  ≥", "  <", f"{PLACE} "))]
    if standing:
        assert len(standing) == len(view.rungs)
        (marked,) = [place for place, line in enumerate(standing) if line.startswith(PLACE)]
        assert marked == view.place
        assert view.target in standing[marked]
    elif height > 1 and width > 56:
        names, scale = lines[0], lines[1]
        assert scale.count(UP) == 1
        # The mark stands below the name of what its rung holds.
        bounds = [rung.bound for rung in reversed(view.rungs)]
        starts = [round(index * width / len(bounds)) for index in range(len(bounds))]
        at = scale.index(UP)
        assert starts[len(bounds) - 1 - view.place] - 1 <= at
        assert "cash" in names


def test_the_pane_of_a_large_screen_tells_all_of_it() -> None:
    shown = "\n".join(lines_of(climbing(), 40, 29))
    for words in (
        "SPY at 11:04 · p 0.571",
        f"  ≥ 0.605 {HELD} BASE_BULL_3X",
        f"{PLACE} ≥ 0.555   BASE_ONLY",
        f"state {HELD} BASE_BULL_3X {PLACE} BASE_ONLY",
        "no trade: minimum hold",
        "MIN_HOLD_PERIOD (held 0 of 3 bars)",
        "10 min ▼ 0.482",
        "1 of 3 bars by now",
        "gain  ▼ -0.28%",
        "● open · closes in 4h55 (16:00)",
        "liquidation in 4h53 (15:58)",
        f"buy   0.55 {PLACE} 0.555  ▲ +0.005",
        f"sell  0.45 {PLACE} 0.445  ▼ -0.005",
        "features that count, 11:00",
        "rogers satchell 20",
    ):
        assert words in shown


def test_a_low_pane_shows_place_state_and_why_first() -> None:
    names, scale, state, why, outlook = lines_of(climbing(), 76, 5)
    assert f"{HELD} SPY+SPXL" in names
    assert names.index("SPY ") < scale.index(UP) < names.index(f"{HELD} SPY+SPXL")
    assert f"{HELD} BASE_BULL_3X {PLACE} BASE_ONLY   p 0.571  held 1 of 3  gain -0.28%" in state
    assert why == "no trade: minimum hold · p 0.571 ≥ 0.555 → BASE_ONLY (SPY 100 %)"
    assert outlook == "1 min ▲ 0.508  5 min ▲ 0.557  10 min ▼ 0.482  closes in 4h55 · flat in 4h53"
    assert lines_of(climbing(), 76, 4) == [names, scale, state, why]


def test_before_the_first_bar_the_ladder_stands_without_a_mark() -> None:
    shown = lines_of(unstarted(), 40, 29)
    assert not any(line.startswith(PLACE) for line in shown)
    assert f"{HELD} CASH_ONLY" in "\n".join(shown)
    assert "no decision yet: waiting for the first bars" in " ".join(shown)
    assert any("not said yet" in line for line in shown)


def test_t12_warming_up_is_told_as_such_and_marks_no_rung() -> None:
    (decision,) = climbing().decisions
    signal = replace(decision.signal, probability=None, values={}, missing=41)
    warming = replace(decision, reason=Reason.WARMING_UP, signal=signal, detail="41 more bars needed", target="")
    snapshot = snapshot_of(CALIBRATED, replace(warming, seq=2))
    for width, height in SIZES:
        shown = "\n".join(lines_of(snapshot, width, height))
        assert "no trade: warming up" in shown
        assert not any(line.startswith(PLACE) for line in shown.splitlines())
    assert "41 more bars needed" in "\n".join(lines_of(snapshot, 40, 29))
    assert "41 more bars needed" in "\n".join(lines_of(snapshot, 76, 5))


@pytest.mark.parametrize(
    ("value", "mark", "left", "right"),
    [(0.5, "─", 0, 0), (0.51, UP, 0, 2), (0.95, UP, 0, 11), (0.49, DOWN, 2, 0), (0.05, DOWN, 11, 0)],
)
def test_horizons_lean_to_their_side_of_one_half(value: float, mark: str, left: int, right: int) -> None:
    (line,) = [line for line in lines_of(changed(horizons={5: value}), 40, 29) if line.startswith("  5 min")]
    assert line.split()[2] == mark
    before, after = line.rsplit(" ", 1)[-1].split("│")
    assert [len(side.strip("─")) for side in (before, after)] == [left, right]


def test_what_is_not_known_or_not_there_is_not_drawn_as_nothing() -> None:
    bare = replace(changed(model=None, configured=None, in_force=None, gain=None, bars_held=None), clock=None)
    shown = "\n".join(lines_of(bare, 40, 29))
    assert "held  nothing; a state is kept 3 bars" in shown
    assert "gain  —  stop -1.50%, target +2.00%" in shown
    for words in ("thresholds", "features", "hours", "liquidation"):
        assert words not in shown
    model = climbing().ladders[0].model
    assert model is not None
    nothing_learned = replace(model, report=replace(model.report, importance={}))
    assert "none yet: nothing was learned" in "\n".join(lines_of(changed(model=nothing_learned), 40, 29))
    assert "no stop, no target" in "\n".join(lines_of(changed(stop_loss=0.0, profit_target=0.0), 40, 29))


def test_t08_holdings_that_are_no_state_are_told_as_an_error() -> None:
    snapshot = changed(state="INVALID")
    lines = ladder_lines(snapshot, snapshot.ladders[0], snapshot.decisions[0], 40, 29)
    (state,) = [line for line in lines if line.text.startswith("state")]
    assert state.spans[1] == (f"{HELD} INVALID", "strong error")
    assert sum(HELD in line.text and "hours" not in line.text for line in lines) == 1


def test_at_the_end_of_the_day_it_says_that_all_is_being_sold() -> None:
    now = climbing().at
    hours = MarketClock("XNYS", True, MarketEvent.CLOSE, now + 60_000, now + 60_000, False, now - 60_000)
    shown = "\n".join(lines_of(replace(climbing(), clock=hours), 50, 29))
    assert "open · closes in 1m" in shown
    assert "liquidation now, no entries" in shown


@pytest.mark.parametrize("size", SIZES)
def test_hostile_text_and_figures_keep_to_their_lines(size: tuple[int, int]) -> None:
    (view,) = climbing().ladders
    model = view.model
    assert model is not None
    rungs = tuple(
        replace(rung, condition=HOSTILE, symbols=(HOSTILE, HOSTILE), holdings=HOSTILE, exposure=math.nan)
        for rung in view.rungs
    )
    odd = changed(
        book=HOSTILE,
        symbol=HOSTILE,
        rungs=rungs,
        explanation=HOSTILE,
        horizons={1: math.nan, 5: math.inf, 10: -1e300},
        in_force=Thresholds(math.nan, math.inf),
        gain=math.nan,
        bars_held=10**9,
        model=replace(model, report=replace(model.report, importance={HOSTILE: math.nan, "": 1e300})),
    )
    decision = replace(odd.decisions[0], reason=Reason.MIN_HOLD, detail=HOSTILE)
    hours = climbing().clock
    assert hours is not None
    lines = ladder_lines(replace(odd, clock=replace(hours, unknown=HOSTILE)), odd.ladders[0], decision, *size)
    assert len(lines) <= size[1]
    assert all(line.text.isprintable() for line in lines)


async def test_the_decision_pane_draws_the_ladder_of_a_book_on_one() -> None:
    pane = DecisionPane()
    async with Stage(pane).run_test(size=(80, 7)) as pilot:
        pane.show(climbing())
        await pilot.pause()
        assert text_of(pane) == [line.rstrip() for line in lines_of(climbing(), 76, 5)]
        assert pane.border_subtitle in (None, "")
        pane.show(unstarted())
        assert "no decision yet: waiting for the first bars" in text_of(pane)


async def test_beside_other_decisions_the_selected_one_is_drawn() -> None:
    pane = DecisionPane()
    both = replace(climbing(), decisions=(*climbing().decisions, *busy().decisions))
    async with Stage(pane).run_test(size=(60, 31)) as pilot:
        pane.show(both)
        pane.focus()
        await press(pilot, ["home"])
        shown = text_of(pane)
        assert any(line.startswith("ETH-USD") for line in shown[:4])
        names = [line.split()[0] for line in shown[:4]]
        pane.focus()
        await press(pilot, ["down"] * names.index("SPY") if "SPY" in names else ["end"])
        assert any(line.startswith(f"{PLACE} ≥ 0.555") for line in text_of(pane))


@given(
    st.lists(st.tuples(st.integers(0, 9), st.integers(1, 5), st.integers(0, 8)), max_size=6),
    st.integers(0, 30),
)
def test_blocks_share_the_room_by_their_rank(shapes: list[tuple[int, int, int]], height: int) -> None:
    blocks = [
        Block(rank, least, [Line((Span(f"{index} {number}"),)) for number in range(count)])
        for index, (rank, least, count) in enumerate(shapes)
    ]
    lines = [line.text for line in stacked(blocks, height)]
    assert len(lines) <= height
    assert lines == sorted(lines)
    sizes = [sum(line.startswith(f"{index} ") for line in lines) for index in range(len(blocks))]
    for size, (_, least, count) in zip(sizes, shapes, strict=True):
        assert size == 0 or size >= min(least, count)
    if shapes:
        first = min(range(len(shapes)), key=lambda index: shapes[index][0])
        _, least, count = shapes[first]
        assert sizes[first] == (min(count, height) if height >= min(least, count) else 0)


def test_the_mark_is_the_probabilitys_place_even_where_a_stop_leads_elsewhere() -> None:
    lines = lines_of(changed(target="CASH_ONLY"), 40, 29)
    assert [line for line in lines if line.startswith(f"{PLACE} ≥ 0.555   BASE_ONLY")]
    assert f"state {HELD} BASE_BULL_3X {PLACE} CASH_ONLY" in lines
