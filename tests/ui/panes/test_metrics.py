import pytest
from msgspec.structs import replace

from sentio_tui.ui.panes import MetricsPane
from tests.ui.samples import busy, empty, hostile
from tests.ui.widgets.stage import Repaints, Stage, text_of

CORE = ("Equity", "Return", "Cash", "Win rate", "Drawdown", "Trades", "Positions")


@pytest.mark.parametrize("size", [(160, 8), (160, 7), (120, 6), (80, 4), (80, 6), (40, 6)])
async def test_the_core_figures_are_always_there(size: tuple[int, int]) -> None:
    pane = MetricsPane()
    async with Stage(pane).run_test(size=size) as pilot:
        pane.show(busy())
        await pilot.pause()
        shown = "\n".join(text_of(pane))
        assert all(label in shown for label in CORE)
        assert "Pos value" in shown or "Positions value" in shown
        for figure in ("10,215.11", "+2.15%", "6,177.31", "4,03", "71.4%", "30", "1.7"):
            assert figure in shown
        assert "…" not in shown


async def test_a_large_pane_shows_everything_and_says_why_a_figure_is_unknown() -> None:
    pane = MetricsPane()
    async with Stage(pane).run_test(size=(150, 30)) as pilot:
        pane.show(busy())
        await pilot.pause()
        shown = "\n".join(text_of(pane))
        for label in ("P&L", "Profit factor", "Expectancy", "Avg win / loss", "Exposure", "Turnover", "Fees"):
            assert label in shown
        for label in ("Trades/h", "Losing streak", "Sharpe", "Sortino", "MAE / MFE", "Drawdown/max"):
            assert label in shown
        assert "n/a (needs 20 days of returns" in shown
        assert "▁" in shown


async def test_an_unknown_figure_is_never_nought() -> None:
    pane = MetricsPane()
    async with Stage(pane).run_test(size=(80, 4)) as pilot:
        pane.show(empty())
        await pilot.pause()
        line = next(line for line in text_of(pane) if "Win rate" in line)
        assert line.split("Win rate")[1].split()[0] == "n/a"


async def test_what_is_no_number_reads_not_available() -> None:
    pane = MetricsPane()
    async with Stage(pane).run_test(size=(80, 4)) as pilot:
        pane.show(hostile())
        await pilot.pause()
        first = text_of(pane)[0].split()
        assert first[:4] == ["Equity", "n/a", "Return", "n/a"]


async def test_only_the_lines_of_changed_figures_are_painted() -> None:
    pane = MetricsPane()
    async with Stage(pane).run_test(size=(80, 4)) as pilot:
        pane.show(busy())
        await pilot.pause()
        repaints = Repaints(pane)
        pane.show(replace(busy(), metrics=replace(busy().metrics, equity=10_300.0)))
        assert repaints.lines == {0}
        assert repaints.layouts == 0


async def test_gain_and_loss_have_their_sign_and_glyph() -> None:
    pane = MetricsPane()
    async with Stage(pane).run_test(size=(80, 4)) as pilot:
        pane.show(replace(busy(), metrics=replace(busy().metrics, total_return=-0.031)))
        await pilot.pause()
        assert "▼ -3.10%" in text_of(pane)[0]
