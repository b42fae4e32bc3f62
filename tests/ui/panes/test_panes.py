"""What all six panes have in common: they show any snapshot at any size, and paint only what changed."""

from collections.abc import Callable

import pytest
from msgspec.structs import replace
from rich.cells import cell_len
from textual.widgets import Input

from sentio_tui.model.snapshot import Snapshot
from sentio_tui.ui.panes import DecisionPane, EquityPane, LogPane, MetricsPane, Pane, PositionsPane, TradesPane
from sentio_tui.ui.panes.tables import TablePane
from tests.ui.samples import busy, empty, ended, hostile
from tests.ui.widgets.stage import Repaints, Stage, screen_text, text_of

PANES: tuple[Callable[[], Pane], ...] = (
    MetricsPane,
    EquityPane,
    PositionsPane,
    TradesPane,
    DecisionPane,
    LogPane,
)
TABLES: tuple[Callable[[], TablePane], ...] = (PositionsPane, TradesPane, LogPane)
SIZES = [(160, 8), (100, 20), (58, 20), (80, 10), (40, 6), (20, 4), (3, 3)]


def content(pane: Pane) -> list[str]:
    return text_of(pane.table if isinstance(pane, TablePane) else pane)


@pytest.mark.parametrize("make", PANES)
@pytest.mark.parametrize("sample", [busy, empty, ended, hostile])
async def test_any_snapshot_can_be_shown_at_any_size(make: Callable[[], Pane], sample: Callable[[], Snapshot]) -> None:
    pane = make()
    app = Stage(pane)
    async with app.run_test(size=SIZES[0]) as pilot:
        pane.show(sample())
        for size in SIZES:
            await pilot.resize_terminal(*size)
            await pilot.pause()
            lines = screen_text(app)
            assert len(lines) == size[1]
            assert all(cell_len(line) == size[0] for line in lines)
            assert all(line.isprintable() for line in lines)


@pytest.mark.parametrize("make", PANES)
async def test_text_from_outside_is_never_markup(make: Callable[[], Pane]) -> None:
    pane = make()
    app = Stage(pane)
    async with app.run_test(size=(160, 30)) as pilot:
        pane.show(hostile())
        await pilot.pause()
        shown = "\n".join(screen_text(app))
        assert "\x1b" not in shown
        if not isinstance(pane, MetricsPane | EquityPane):
            assert "[red]x" in shown
        metas = [part.style.meta for line in app.screen._compositor.render_strips() for part in line if part.style]
        assert not any("@click" in meta for meta in metas)


@pytest.mark.parametrize("make", PANES)
async def test_the_border_tells_number_and_name(make: Callable[[], Pane]) -> None:
    pane = make()
    app = Stage(pane)
    async with app.run_test(size=(60, 10)):
        assert f"{pane.NUMBER} {pane.TITLE}" in screen_text(app)[0]
        assert pane.id == pane.NAME
        assert pane.HELP


def test_numbers_and_names_are_those_of_the_actions() -> None:
    from sentio_tui.ui.actions import PANES as ORDER

    made = sorted((make() for make in PANES), key=lambda pane: pane.NUMBER)
    assert tuple(pane.NAME for pane in made) == ORDER
    assert [pane.NUMBER for pane in made] == [1, 2, 3, 4, 5, 6]


@pytest.mark.parametrize("make", PANES)
async def test_the_same_snapshot_again_paints_nothing(make: Callable[[], Pane]) -> None:
    pane = make()
    async with Stage(pane).run_test(size=(100, 20)) as pilot:
        pane.show(busy())
        await pilot.pause()
        repaints = Repaints(pane.table if isinstance(pane, TablePane) else pane)
        pane.show(busy())
        pane.show(replace(busy(), seq=busy().seq + 1))
        await pilot.pause()
        assert repaints.lines == set()
        assert repaints.layouts == 0


@pytest.mark.parametrize("make", PANES)
async def test_showing_before_there_is_a_size_is_kept_for_later(make: Callable[[], Pane]) -> None:
    pane = make()
    pane.show(busy())
    async with Stage(pane).run_test(size=(100, 20)) as pilot:
        await pilot.pause()
        assert "".join(content(pane)).strip()


@pytest.mark.parametrize("make", PANES)
async def test_focusing_a_pane_puts_the_focus_in_it(make: Callable[[], Pane]) -> None:
    pane = make()
    app = Stage(pane)
    async with app.run_test(size=(100, 20)) as pilot:
        pane.focus()
        await pilot.pause()
        assert app.focused is not None
        assert pane in app.focused.ancestors_with_self


@pytest.mark.parametrize("make", TABLES)
async def test_a_filter_is_typed_kept_and_given_up(make: Callable[[], TablePane]) -> None:
    pane = make()
    app = Stage(pane)
    async with app.run_test(size=(100, 20)) as pilot:
        pane.show(busy())
        pane.focus()
        pane.action_filter()
        await pilot.pause()
        assert isinstance(app.focused, Input)
        await pilot.press(*"ETH")
        await pilot.pause()
        total = pane.table.total
        shown = len(pane.table.rows)
        assert 0 < shown < total
        assert f"/ETH  {shown} of {total}" in screen_text(app)[-1]
        await pilot.press("enter")
        assert pane.table.has_focus
        assert not pane.filter_line.display
        assert len(pane.table.rows) == shown
        await pilot.press("escape")
        await pilot.pause()
        assert len(pane.table.rows) == total
        assert "/ETH" not in screen_text(app)[-1]


@pytest.mark.parametrize("make", TABLES)
async def test_escape_in_the_filter_gives_it_up(make: Callable[[], TablePane]) -> None:
    pane = make()
    app = Stage(pane)
    async with app.run_test(size=(100, 20)) as pilot:
        pane.show(busy())
        pane.action_filter()
        await pilot.pause()
        await pilot.press("!", "x", "escape")
        await pilot.pause()
        assert pane.table.filter_text == ""
        assert app.focused is pane.table


@pytest.mark.parametrize("make", TABLES)
async def test_a_filter_of_hostile_text_is_shown_as_it_is(make: Callable[[], TablePane]) -> None:
    pane = make()
    app = Stage(pane)
    async with app.run_test(size=(100, 20)) as pilot:
        pane.show(hostile())
        pane.table.set_filter("[/foo]")
        await pilot.pause()
        assert "/[/foo]" in screen_text(app)[-1]


@pytest.mark.parametrize("make", TABLES)
async def test_sorting_is_told_in_the_border(make: Callable[[], TablePane]) -> None:
    pane = make()
    app = Stage(pane)
    async with app.run_test(size=(100, 20)) as pilot:
        pane.show(busy())
        pane.action_sort()
        await pilot.pause()
        assert f"↕ {pane.COLUMNS[0].label}" in screen_text(app)[-1]
        pane.action_reverse()
        await pilot.pause()
        assert "▼" in screen_text(app)[-1]


@pytest.mark.parametrize("make", PANES)
async def test_another_theme_is_taken_at_once(make: Callable[[], Pane]) -> None:
    pane = make()
    app = Stage(pane)
    async with app.run_test(size=(100, 20)) as pilot:
        pane.show(busy())
        await pilot.pause()
        before = screen_colours(app)
        app.theme = "textual-light"
        await pilot.pause()
        await pilot.pause()
        after = screen_colours(app)
        assert before != after
        shared = before & after
        assert not {"#00ff00", "#ff0000", "#123456"} & shared


def screen_colours(app: Stage) -> set[str]:
    return {
        part.style.color.get_truecolor().hex
        for line in app.screen._compositor.render_strips()
        for part in line
        if part.style and part.style.color
    }
