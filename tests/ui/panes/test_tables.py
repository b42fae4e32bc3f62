from msgspec.structs import replace

from sentio_tui.model.bars import MINUTE
from sentio_tui.model.events import BookInfo, Level, Noted
from sentio_tui.ui.panes import LogPane, PositionsPane, TradesPane
from tests.ui.sample_parts import NOW
from tests.ui.samples import busy, ended
from tests.ui.widgets.stage import Repaints, Stage, text_of


async def test_positions_tell_profit_by_sign_and_glyph() -> None:
    pane = PositionsPane()
    async with Stage(pane).run_test(size=(120, 8)) as pilot:
        pane.show(busy())
        await pilot.pause()
        lines = text_of(pane.table)
        assert lines[0].split() == [
            "Symbol",
            "Quantity",
            "Entry",
            "Current",
            "P&L",
            "P&L",
            "%",
            "Value",
            "Age",
            "Strategy",
        ]
        assert lines[1].split() == [
            "ETH-USD", "0.546957", "3,656.59", "3,741.06", "▲", "+44.20", "+2.21%", "2,046.20", "56m", "momentum",
        ]  # fmt: skip
        assert "▼ -10.40" in lines[2]


async def test_a_stale_price_says_so_and_a_synthetic_one_is_marked() -> None:
    pane = PositionsPane()
    first, second = busy().positions
    async with Stage(pane).run_test(size=(120, 8)) as pilot:
        pane.show(replace(busy(), positions=(replace(first, stale=True), replace(second, synthetic=True))))
        await pilot.pause()
        lines = text_of(pane.table)
        assert "stale 3,741.06" in lines[1]
        assert "~217.52" in lines[2]
        styles = {span.text.strip(): span.style for span in pane.table.lines[1].spans}
        assert styles["stale 3,741.06"] == "stale"
        assert styles["▲ +44.20"] == "muted"


async def test_a_stale_price_fits_a_narrow_pane() -> None:
    pane = PositionsPane()
    positions = (replace(busy().positions[0], stale=True, price=101_412.83),)
    async with Stage(pane).run_test(size=(80, 5)) as pilot:
        pane.show(replace(busy(), positions=positions))
        await pilot.pause()
        assert "stale 101.4K" in text_of(pane.table)[1]


async def test_only_the_position_that_moved_is_painted() -> None:
    pane = PositionsPane()
    first, second = busy().positions
    async with Stage(pane).run_test(size=(120, 8)) as pilot:
        pane.show(busy())
        await pilot.pause()
        repaints = Repaints(pane.table)
        pane.show(replace(busy(), at=NOW + 1_000, positions=(first, replace(second, price=218.0))))
        assert repaints.lines == {2}
        pane.show(replace(busy(), at=NOW + 2 * MINUTE, positions=(first, second)))
        assert repaints.lines == {1, 2}


async def test_with_several_books_a_row_names_its_own() -> None:
    pane = PositionsPane()
    book = busy().info.books[0]
    other = BookInfo(**{**{name: getattr(book, name) for name in book.__struct_fields__}, "name": "second"})
    info = replace(busy().info, books=(book, other))
    async with Stage(pane).run_test(size=(140, 8)) as pilot:
        pane.show(replace(busy(), info=info))
        await pilot.pause()
        assert "main momentum" in text_of(pane.table)[1]


async def test_trades_are_newest_first_and_have_profit_only_where_they_close() -> None:
    pane = TradesPane()
    async with Stage(pane).run_test(size=(120, 20)) as pilot:
        pane.show(busy())
        await pilot.pause()
        lines = text_of(pane.table)
        assert lines[1].split(None, 1)[0] == "15:08:00"
        buy = next(line for line in lines if "buy" in line)
        sell = next(line for line in lines if "sell" in line)
        assert buy.split()[1:] == ["▲", "buy", "SOL-USD", "9.15594", "218.44", "enter", "momentum", "┃"]
        assert sell.split()[1:3] == ["▼", "sell"]
        assert "▲ +51.10" in sell
        assert "take profit" in sell
        assert pane.table.total == 30


async def test_a_new_trade_comes_in_at_the_top() -> None:
    pane = TradesPane()
    async with Stage(pane).run_test(size=(120, 8)) as pilot:
        pane.show(busy())
        await pilot.pause()
        pane.show(ended())
        await pilot.pause()
        assert "liquidate" in text_of(pane.table)[1]
        assert pane.table.total == 32


async def test_trades_sort_by_profit_with_the_closing_ones_first() -> None:
    pane = TradesPane()
    async with Stage(pane).run_test(size=(120, 40)) as pilot:
        pane.show(busy())
        pane.table.sort_by("pnl")
        await pilot.pause()
        marks = ["▲ +" in line or "▼ -" in line for line in text_of(pane.table)[1:31]]
        assert marks == sorted(marks, reverse=True)
        assert sum(marks) == 14


async def test_trades_have_every_essential_column_at_80_cells() -> None:
    pane = TradesPane()
    async with Stage(pane).run_test(size=(80, 8)) as pilot:
        pane.show(busy())
        await pilot.pause()
        assert text_of(pane.table)[0].split() == ["Time", "Side", "Symbol", "Quantity", "Price", "P&L", "Reason"]
        assert "…" not in "\n".join(text_of(pane.table))


async def test_the_log_shows_the_newest_at_the_bottom_with_its_level_in_words() -> None:
    pane = LogPane()
    alarm = Noted(seq=9_000, at=NOW, level=Level.ALARM, code="stop", text="[b]everything[/b] stopped")
    async with Stage(pane).run_test(size=(100, 9)) as pilot:
        pane.show(replace(busy(), notes=(*busy().notes, alarm)))
        await pilot.pause()
        assert text_of(pane.table)[-1].split()[:3] == ["15:40:00", "✖", "alarm"]
        assert "[b]everything[/b] stopped" in text_of(pane.table)[-1]
        pane.table.set_filter("warning")
        assert len(pane.table.rows) == 2


async def test_notes_of_one_number_are_both_shown() -> None:
    pane = LogPane()
    notes = tuple(Noted(seq=7, at=NOW, level=Level.INFO, code="x", text=text) for text in ("one", "two"))
    async with Stage(pane).run_test(size=(100, 9)) as pilot:
        pane.show(replace(busy(), notes=notes))
        await pilot.pause()
        assert [row.cells[2].text for row in pane.table.rows] == ["one", "two"]


async def test_the_log_stays_where_it_was_scrolled_to() -> None:
    pane = LogPane()
    async with Stage(pane).run_test(size=(100, 9)) as pilot:
        pane.show(busy())
        pane.focus()
        await pilot.press("pageup", "pageup")
        before = text_of(pane.table)[1:]
        pane.show(ended())
        await pilot.pause()
        assert [line.rstrip("│┃ ") for line in text_of(pane.table)[1:]] == [line.rstrip("│┃ ") for line in before]
        await pilot.press("end")
        await pilot.pause()
        assert "session ended" in text_of(pane.table)[-1]
