from msgspec.structs import replace
from textual.app import App

from sentio_tui.model.bars import MINUTE
from sentio_tui.model.snapshot import Curve, Snapshot
from sentio_tui.ui.panes import EquityPane
from sentio_tui.ui.theming import ChartColours
from tests.ui.samples import busy, empty
from tests.ui.widgets.stage import Stage, screen_text, text_of

PLAIN = ChartColours(None, None, None, None)


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def plain(app: App[object]) -> ChartColours:
    return PLAIN


def longer(snapshot: Snapshot, value: float) -> Snapshot:
    """With one more point at the end of the curve."""
    curve = snapshot.curve
    times = (*curve.times, curve.times[-1] + MINUTE)
    return replace(snapshot, curve=Curve(times, (*curve.equity, value), (*curve.drawdown, 0.0)))


async def test_it_waits_for_the_first_bars() -> None:
    pane = EquityPane()
    async with Stage(pane).run_test(size=(80, 12)) as pilot:
        pane.show(empty())
        await pilot.pause()
        assert "waiting for the first bars" in "\n".join(text_of(pane))
        pane.show(busy())
        assert "waiting" not in "\n".join(text_of(pane))


async def test_the_border_tells_last_high_and_low() -> None:
    pane = EquityPane(colours=plain)
    app = Stage(pane)
    async with app.run_test(size=(80, 12)) as pilot:
        pane.show(busy())
        await pilot.pause()
        assert "last 10,215.11 ▲ +2.15% · high 10,230.26 · low 9,994.06" in screen_text(app)[-1]


async def test_it_is_drawn_once_in_its_time_and_the_last_state_is_not_lost() -> None:
    clock = Clock()
    pane = EquityPane(chart_seconds=2.0, colours=plain, clock=clock)
    drawn: list[float] = []
    async with Stage(pane).run_test(size=(80, 12)) as pilot:
        pane.show(busy())
        await pilot.pause()
        original = pane.set_lines
        pane.set_lines = lambda lines: (drawn.append(clock.now), original(lines))[1]  # type: ignore[method-assign,func-returns-value]  # counts the drawings
        clock.now = 100.5
        first = longer(busy(), 10_300.0)
        pane.show(first)
        pane.show(longer(first, 10_400.0))
        assert drawn == []
        assert pane._due is not None
        clock.now = 102.0
        pane.paint()
        assert drawn == [102.0]
        assert pane._due is None
        assert pane.snapshot is not None
        assert pane.snapshot.curve.equity[-1] == 10_400.0
        pane.show(longer(first, 10_400.0))
        clock.now = 104.5
        pane.show(longer(first, 10_400.0))
        assert drawn == [102.0]
        pane.show(longer(first, 10_500.0))
        assert drawn == [102.0, 104.5]


async def test_another_theme_draws_with_its_colours() -> None:
    pane = EquityPane()
    app = Stage(pane)
    async with app.run_test(size=(80, 12)) as pilot:
        pane.show(busy())
        await pilot.pause()
        assert "#123456" in {span.style for line in pane.lines for span in line.spans}
        app.theme = "repainted"
        await pilot.pause()
        await pilot.pause()
        assert "#654321" in {span.style for line in pane.lines for span in line.spans}


async def test_a_change_of_size_draws_at_once() -> None:
    pane = EquityPane(colours=plain, clock=Clock())
    async with Stage(pane).run_test(size=(80, 12)) as pilot:
        pane.show(busy())
        await pilot.resize_terminal(100, 20)
        await pilot.pause()
        assert len(pane.lines) == 18
        assert "-1.7%" in "\n".join(text_of(pane))
