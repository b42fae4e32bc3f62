from rich.color import Color
from rich.segment import Segment

from sentio_tui.ui.widgets.line_board import Line, LineBoard, Span
from tests.ui.samples import HOSTILE
from tests.ui.widgets.stage import Repaints, Stage, text_of

LINES = tuple(Line((Span(f"line {number} "), Span("up", "gain"))) for number in range(5))


def segment(board: LineBoard, y: int, text: str) -> Segment:
    return next(part for part in board.render_line(y) if part.text == text)


def colour(board: LineBoard, y: int, text: str) -> Color | None:
    style = segment(board, y, text).style
    return style.color if style else None


async def test_lines_are_drawn_to_the_full_width() -> None:
    board = LineBoard()
    async with Stage(board).run_test(size=(30, 8)):
        board.set_lines(LINES)
        assert text_of(board)[:6] == ["line 0 up", "line 1 up", "line 2 up", "line 3 up", "line 4 up", ""]
        assert all(board.render_line(y).cell_length == 30 for y in range(8))


async def test_only_lines_that_changed_are_painted_again() -> None:
    board = LineBoard()
    async with Stage(board).run_test(size=(30, 8)) as pilot:
        board.set_lines(LINES)
        await pilot.pause()
        repaints = Repaints(board)
        board.set_lines(tuple(Line(line.spans) for line in LINES))
        assert repaints.lines == set()
        board.set_lines((*LINES[:2], Line((Span("other"),)), *LINES[3:]))
        assert repaints.lines == {2}
        board.set_lines(LINES[:2])
        assert repaints.lines == {2, 3, 4}
        assert repaints.layouts == 0


async def test_another_theme_colours_the_lines_anew() -> None:
    board = LineBoard()
    app = Stage(board)
    async with app.run_test(size=(30, 8)) as pilot:
        board.set_lines(LINES)
        await pilot.pause()
        assert colour(board, 0, "up") == Color.parse("#00ff00")
        app.theme = "repainted"
        await pilot.pause()
        assert colour(board, 0, "up") == Color.parse("#00aaff")


async def test_the_ground_of_a_line_reaches_its_end() -> None:
    board = LineBoard()
    async with Stage(board).run_test(size=(30, 8)):
        board.set_lines([Line((Span("chosen", "gain"),), "cursor")])
        assert {part.style.bgcolor for part in board.render_line(0) if part.style} == {Color.parse("#0000aa")}
        assert colour(board, 0, "chosen") == Color.parse("#00ff00")


async def test_text_that_looks_like_markup_is_text() -> None:
    board = LineBoard()
    async with Stage(board).run_test(size=(60, 3)) as pilot:
        board.set_lines([Line((Span("[red]x[/foo]"),)), Line((Span(HOSTILE.split(" ")[0]),))])
        await pilot.pause()
        assert text_of(board)[0] == "[red]x[/foo]"
