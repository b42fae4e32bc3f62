import math

import pytest
from msgspec.structs import replace

from sentio_tui.model.decisions import Reason
from sentio_tui.ui.panes import DecisionPane
from tests.ui.samples import busy, empty, hostile
from tests.ui.widgets.stage import Repaints, Stage, press, text_of


async def test_it_says_that_there_is_no_decision_yet() -> None:
    pane = DecisionPane()
    async with Stage(pane).run_test(size=(58, 20)) as pilot:
        pane.show(empty())
        await pilot.pause()
        assert text_of(pane)[0] == "no decision yet: waiting for the first bars"
        assert pane.selected is None


async def test_symbols_stand_in_order_of_their_distance_to_the_trigger() -> None:
    pane = DecisionPane()
    async with Stage(pane).run_test(size=(58, 20)) as pilot:
        pane.show(busy())
        await pilot.pause()
        lines = text_of(pane)
        assert [line.split()[0] for line in lines[:3]] == ["ETH-USD", "BTC-USD", "SOL-USD"]
        assert "▲ long" in lines[0]
        assert "0.59%" in lines[1]
        assert lines[0].count("━") > lines[1].count("━") > lines[2].count("━") > 0


async def test_the_detail_says_why_and_with_what_numbers() -> None:
    pane = DecisionPane()
    async with Stage(pane).run_test(size=(58, 24)) as pilot:
        pane.show(busy())
        pane.focus()
        await press(pilot, ["down"])
        shown = "\n".join(text_of(pane))
        assert "BTC-USD at 15:39" in shown
        assert "no trade: neutral · momentum +1.41 % is inside ±2.00 %" in shown
        assert "trigger buy above +2.00 %, sell below -2.00 %" in shown
        for name, value in (("momentum", "0.01413"), ("threshold", "0.02"), ("close", "101,412.83")):
            assert name in shown
            assert value in shown
        assert "state flat" in shown


async def test_the_reasons_of_the_session_are_counted() -> None:
    pane = DecisionPane()
    async with Stage(pane).run_test(size=(58, 30)) as pilot:
        pane.show(busy())
        await pilot.pause()
        lines = text_of(pane)
        start = next(number for number, line in enumerate(lines) if line.startswith("reasons in this session"))
        assert lines[start + 1].split()[0] == "neutral"
        assert lines[start + 1].split()[-2:] == ["842", "71.1%"]
        assert lines[start + 2].startswith("already held")


async def test_a_decision_that_trades_says_so() -> None:
    pane = DecisionPane()
    enters = tuple(replace(decision, reason=Reason.ENTER) for decision in busy().decisions)
    async with Stage(pane).run_test(size=(58, 20)) as pilot:
        pane.show(replace(busy(), decisions=enters))
        await pilot.pause()
        assert any(line.startswith("trades: enter") for line in text_of(pane))


async def test_warming_up_tells_how_many_bars_are_missing() -> None:
    pane = DecisionPane()
    first = busy().decisions[0]
    warming = replace(first, reason=Reason.WARMING_UP, signal=replace(first.signal, missing=12, distance=None))
    async with Stage(pane).run_test(size=(58, 20)) as pilot:
        pane.show(replace(busy(), decisions=(warming,)))
        await pilot.pause()
        shown = "\n".join(text_of(pane))
        assert "12 more bars until the first signal" in shown
        assert "—" in text_of(pane)[0]


async def test_a_small_pane_shows_the_chosen_symbol_and_how_many_there_are() -> None:
    pane = DecisionPane()
    async with Stage(pane).run_test(size=(80, 7)) as pilot:
        pane.show(busy())
        pane.focus()
        await press(pilot, ["down", "down"])
        lines = text_of(pane)
        assert lines[0].startswith("SOL-USD")
        assert "no trade: minimum hold · held 3 of 5 bars" in lines[1]
        assert pane.border_subtitle == "3 of 3"


async def test_the_chosen_symbol_stays_chosen_when_the_order_changes() -> None:
    pane = DecisionPane()
    async with Stage(pane).run_test(size=(58, 20)) as pilot:
        pane.show(busy())
        pane.focus()
        await press(pilot, ["down"])
        nearer = tuple(replace(d, signal=replace(d.signal, distance=0.001)) for d in busy().decisions[:1])
        farther = tuple(replace(d, signal=replace(d.signal, distance=0.04)) for d in busy().decisions[1:])
        pane.show(replace(busy(), decisions=(*farther, *nearer)))
        assert pane.selected is not None
        assert pane.selected.symbol == "BTC-USD"
        await pilot.click(pane, offset=(4, 3))
        assert pane.selected.symbol == text_of(pane)[2].split()[0]


@pytest.mark.parametrize("distance", [math.nan, math.inf, -1.0, 1e300, None])
async def test_any_distance_can_be_shown(distance: float | None) -> None:
    pane = DecisionPane()
    odd = tuple(replace(d, signal=replace(d.signal, distance=distance)) for d in busy().decisions)
    async with Stage(pane).run_test(size=(40, 6)) as pilot:
        pane.show(replace(busy(), decisions=odd))
        await pilot.pause()
        assert text_of(pane)[0].startswith("BTC-USD")


async def test_only_changed_lines_are_painted() -> None:
    pane = DecisionPane()
    async with Stage(pane).run_test(size=(58, 30)) as pilot:
        pane.show(busy())
        await pilot.pause()
        repaints = Repaints(pane)
        pane.show(replace(busy(), reasons={**busy().reasons, Reason.STOP_LOSS: 3}))
        assert 0 < len(repaints.lines) <= 2
        assert repaints.layouts == 0


async def test_hostile_decisions_keep_to_their_lines() -> None:
    pane = DecisionPane()
    async with Stage(pane).run_test(size=(58, 20)) as pilot:
        pane.show(hostile())
        await pilot.pause()
        assert all(line.text.isprintable() for line in pane.lines)
        assert any("[red]x[/foo]" in line.text for line in pane.lines)
