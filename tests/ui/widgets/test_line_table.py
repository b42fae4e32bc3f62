import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from textual.events import MouseScrollDown
from textual.pilot import Pilot

from sentio_tui.ui.widgets.line_table import Cell, Column, LineTable, Row
from tests.ui.samples import HOSTILE
from tests.ui.widgets.stage import Repaints, Stage, press, text_of

COLUMNS = (
    Column("name", "Name", 8),
    Column("size", "Size", 8, priority=2, numeric=True),
    Column("pnl", "P&L", 8, priority=1, numeric=True),
    Column("note", "Note", 10, priority=3, grow=True),
)


def row(number: int, size: float | None = None, note: str = "") -> Row:
    value = float(number * 7 % 11) if size is None else size
    cells = (Cell(f"row{number}"), Cell(f"{value:.2f}", "", value), Cell(f"{-value:.1f}", "loss", -value), Cell(note))
    return Row(str(number), cells)


def rows(count: int) -> list[Row]:
    return [row(number) for number in range(count)]


def make(newest: str = "") -> LineTable:
    return LineTable(COLUMNS, empty="nothing here", newest=newest)


def names(table: LineTable) -> list[str]:
    """The names in view, from the top."""
    return [line.split()[0] for line in text_of(table)[1:] if line.strip(" │┃")]


async def focused(pilot: Pilot[None], table: LineTable, given_rows: list[Row]) -> None:
    table.set_rows(given_rows)
    table.focus()
    await pilot.pause()


async def test_header_and_rows_stand_in_fixed_columns() -> None:
    table = make()
    async with Stage(table).run_test(size=(60, 6)):
        table.set_rows([row(1), row(2)])
        assert text_of(table)[:3] == [
            "Name          Size       P&L  Note",
            "row1          7.00      -7.0",
            "row2          3.00      -3.0",
        ]


async def test_without_rows_it_says_so() -> None:
    table = make()
    async with Stage(table).run_test(size=(60, 6)):
        table.set_rows([row(1)])
        table.set_rows([])
        assert text_of(table)[1] == "nothing here"
        assert table.selected is None


@pytest.mark.parametrize(
    ("width", "labels"),
    [
        (60, ["Name", "Size", "P&L", "Note"]),
        (34, ["Name", "Size", "P&L"]),
        (24, ["Name", "P&L"]),
        (14, ["Name"]),
        (5, ["Na…"]),
    ],
)
async def test_columns_of_low_priority_give_way_whole(width: int, labels: list[str]) -> None:
    table = make()
    async with Stage(table).run_test(size=(width, 6)):
        table.set_rows(rows(3))
        assert text_of(table)[0].split() == labels


async def test_numbers_are_never_cut_off() -> None:
    table = make()
    async with Stage(table).run_test(size=(60, 6)):
        wide = Row("1", (Cell("x"), Cell("1,234,567.89", "", 1.0, "1.23M"), Cell("12,345,678.9"), Cell("")))
        table.set_rows([wide])
        assert text_of(table)[1].split() == ["x", "1.23M", "…"]


async def test_the_keys_move_the_cursor_and_the_view() -> None:
    table = make()
    async with Stage(table).run_test(size=(60, 6)) as pilot:
        await focused(pilot, table, rows(20))
        assert table.selected == "0"
        await press(pilot, ["down", "down", "up"])
        assert table.selected == "1"
        await press(pilot, ["pagedown"])
        assert table.selected == "5"
        assert names(table) == ["row1", "row2", "row3", "row4", "row5"]
        await press(pilot, ["end"])
        assert (table.selected, names(table)[-1]) == ("19", "row19")
        await press(pilot, ["down"])
        assert table.selected == "19"
        await press(pilot, ["home", "pageup"])
        assert (table.selected, names(table)[0]) == ("0", "row0")


async def test_the_cursor_is_seen_where_the_focus_is() -> None:
    table = make()
    async with Stage(table).run_test(size=(60, 6)) as pilot:
        table.set_rows(rows(3))
        await pilot.pause()
        assert [line.ground for line in table.lines] == ["", "", "", ""]
        table.focus()
        await pilot.pause()
        assert [line.ground for line in table.lines] == ["", "cursor", "", ""]


async def test_only_the_row_that_changed_is_painted_again() -> None:
    table = make()
    async with Stage(table).run_test(size=(60, 12)) as pilot:
        before = rows(10)
        await focused(pilot, table, before)
        repaints = Repaints(table)
        table.set_rows(list(before))
        table.set_rows(rows(10))
        assert repaints.lines == set()
        table.set_rows([*before[:4], row(4, size=99.0), *before[5:]])
        assert repaints.lines == {5}
        await press(pilot, ["down"])
        assert repaints.lines == {1, 2, 5}
        assert repaints.layouts == 0


async def test_new_rows_ask_for_no_layout() -> None:
    table = make("bottom")
    async with Stage(table).run_test(size=(60, 12)) as pilot:
        table.set_rows(rows(3))
        await pilot.pause()
        repaints = Repaints(table)
        for count in range(4, 40):
            table.set_rows(rows(count))
        await pilot.pause()
        assert repaints.layouts == 0
        assert names(table)[-1] == "row38"


@pytest.mark.parametrize("newest", ["top", "bottom"])
async def test_the_newest_row_stays_in_view_until_someone_looks_elsewhere(newest: str) -> None:
    def given_rows(count: int) -> list[Row]:
        return rows(count) if newest == "bottom" else rows(count)[::-1]

    def newest_shown() -> str:
        return names(table)[-1 if newest == "bottom" else 0]

    table = make(newest)
    async with Stage(table).run_test(size=(60, 6)) as pilot:
        await focused(pilot, table, given_rows(20))
        assert newest_shown() == "row19"
        table.set_rows(given_rows(21))
        assert (newest_shown(), table.selected) == ("row20", "20")
        await press(pilot, ["up" if newest == "bottom" else "down"])
        assert table.selected == "19"
        before = names(table)
        table.set_rows(given_rows(25))
        assert table.selected == "19"
        assert names(table) == before
        await press(pilot, ["end" if newest == "bottom" else "home"])
        table.set_rows(given_rows(26))
        assert (newest_shown(), table.selected) == ("row25", "25")


async def test_the_wheel_scrolls_and_a_click_selects() -> None:
    table = make("top")
    async with Stage(table).run_test(size=(60, 6)) as pilot:
        await focused(pilot, table, rows(20))
        await pilot._post_mouse_events([MouseScrollDown], table, offset=(3, 3))
        assert names(table)[0] == "row3"
        await pilot.click(table, offset=(3, 2))
        assert table.selected == "4"
        assert names(table)[0] == "row3"


async def test_the_selected_row_is_kept_when_rows_come_and_go() -> None:
    table = make()
    async with Stage(table).run_test(size=(60, 12)) as pilot:
        await focused(pilot, table, rows(6))
        await press(pilot, ["down", "down", "down"])
        table.set_rows([row(9), row(8), *rows(6)])
        assert table.selected == "3"
        table.set_rows([row(0), row(1)])
        assert table.selected == "1"


async def test_sorting_goes_through_the_columns_and_back() -> None:
    table = make()
    async with Stage(table).run_test(size=(60, 8)) as pilot:
        await focused(pilot, table, rows(5))
        table.action_sort()
        assert (table.sorted_by, names(table)) == ("Name ▲", ["row0", "row1", "row2", "row3", "row4"])
        table.action_sort()
        assert (table.sorted_by, names(table)) == ("Size ▼", ["row3", "row1", "row4", "row2", "row0"])
        assert "▼Size" in text_of(table)[0]
        table.action_reverse()
        assert (table.sorted_by, names(table)) == ("Size ▲", ["row0", "row2", "row4", "row1", "row3"])
        for _ in range(3):
            table.action_sort()
        assert (table.sorted_by, names(table)) == ("", ["row0", "row1", "row2", "row3", "row4"])


async def test_a_click_on_a_header_sorts_and_another_reverses() -> None:
    table = make()
    async with Stage(table).run_test(size=(60, 8)) as pilot:
        await focused(pilot, table, rows(5))
        await pilot.click(table, offset=(14, 0))
        assert table.sorted_by == "Size ▼"
        await pilot.click(table, offset=(14, 0))
        assert table.sorted_by == "Size ▲"


async def test_values_that_are_no_numbers_sort_lowest() -> None:
    table = make()
    async with Stage(table).run_test(size=(60, 8)):
        table.set_rows([row(1, math.nan), row(2, 1.0), row(3, -math.inf), row(4, math.inf)])
        table.sort_by("size")
        assert names(table)[:2] == ["row4", "row2"]


async def test_a_filter_shows_what_holds_it_or_with_a_mark_what_does_not() -> None:
    table = make()
    async with Stage(table).run_test(size=(60, 20)) as pilot:
        await focused(pilot, table, [row(n, note="Stop loss" if n % 2 else "enter") for n in range(6)])
        table.set_filter("STOP")
        assert names(table) == ["row1", "row3", "row5"]
        table.set_filter("!stop")
        assert names(table) == ["row0", "row2", "row4"]
        table.set_filter("[red]")
        assert text_of(table)[1] == "no row for “[red]” (esc clears the filter)"
        table.set_filter("")
        assert len(names(table)) == 6


async def test_left_and_right_bring_hidden_columns_into_view() -> None:
    table = make()
    async with Stage(table).run_test(size=(34, 6)) as pilot:
        await focused(pilot, table, [row(1, note="why")])
        assert "Note" not in text_of(table)[0]
        await press(pilot, ["right", "right", "right"])
        assert text_of(table)[0].split() == ["Name", "P&L", "Note"]
        await press(pilot, ["left"])
        assert text_of(table)[0].split() == ["Name", "Size", "P&L"]


async def test_another_size_draws_anew() -> None:
    table = make()
    async with Stage(table).run_test(size=(60, 6)) as pilot:
        await focused(pilot, table, rows(20))
        await press(pilot, ["end"])
        await pilot.resize_terminal(34, 10)
        await pilot.pause()
        assert len(names(table)) == 9
        assert names(table)[-1] == "row19"
        assert text_of(table)[0].split() == ["Name", "Size", "P&L"]


@given(st.lists(st.text(max_size=30) | st.just(HOSTILE), min_size=1, max_size=4), st.integers(1, 80))
def test_any_text_at_any_width_stays_in_its_columns(texts: list[str], width: int) -> None:
    table = make()
    cells = tuple(Cell(texts[index % len(texts)]) for index in range(4))
    table._size = table.size.with_width(width).with_height(5)  # no application is needed to draw lines
    placed = table._place()
    line = table._line(Row("1", cells), placed)
    assert cell_len(line.text) <= max(width - 1, 0) or not placed
    assert line.text.isprintable()
