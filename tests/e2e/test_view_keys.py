"""The keys that change what is seen: focus, zoom, filter, sort, theme, help, palette, refresh."""

import tomllib
from functools import partial

import pytest

from sentio_tui import paths
from tests.e2e.conftest import SMALL, WIDE, Desk, filter_by, focuses, go_to, keep_filter, shows
from tests.e2e.screen import Place, Size
from tests.e2e.terminal import Terminal

TITLES = ("1 Metrics", "2 Equity", "3 Positions", "4 Trades", "5 Decision", "6 Log")
PLACE_OF = {"5 Decision": "2 Equity", "6 Log": "4 Trades"}
"""The panes that stand in the place of another on a small screen."""


def _theme(name: str) -> dict[str, dict[str, str]]:
    text = (paths.packaged_themes() / f"{name}.toml").read_text(encoding="utf-8")
    return {
        section: {key: colour.removeprefix("#") for key, colour in table.items()}
        for section, table in tomllib.loads(text).items()
        if isinstance(table, dict)
    }


def test_numbers_and_tab_focus_each_pane(desk: Desk, size: Size) -> None:
    terminal = desk.open("--speed", "60", size=size)
    terminal.wait_for("● running")
    focus = _theme("sentio-dark")["pane"]["focus"]
    for title in (*TITLES, *reversed(TITLES)):
        go_to(terminal, title)
        colours = terminal.title_colours
        assert [name for name, colour in colours.items() if colour == focus] == [title]
        if size == SMALL:
            assert PLACE_OF.get(title, "") not in colours
            assert len(colours) == 4
        else:
            assert set(colours) == set(TITLES)
    for title in (*TITLES[1:], TITLES[0]):
        terminal.press("tab")
        terminal.wait_for(focuses(title))
    terminal.press("shift+tab")
    terminal.wait_for(focuses("6 Log"))


def test_zoom_gives_the_screen_to_one_pane(desk: Desk, size: Size) -> None:
    terminal = desk.trading(size=size)
    go_to(terminal, "3 Positions")
    for back in ("escape", "z"):
        terminal.press("z")
        terminal.wait_for(lambda screen: screen.titles() == {"3 Positions"})
        terminal.wait_for(lambda screen: len(screen.pane("3 Positions").splitlines()) == size.rows - 2)
        assert "RISE-USD" in terminal.pane("3 Positions")
        terminal.press("4")
        terminal.wait_for(lambda screen: screen.titles() == {"4 Trades"})
        terminal.press("3")
        terminal.wait_for(lambda screen: screen.titles() == {"3 Positions"})
        terminal.press(back)
        terminal.wait_for(lambda screen: {"1 Metrics", "3 Positions"} < screen.titles())


def test_filter_and_sort(desk: Desk, size: Size) -> None:
    terminal = desk.trading(size=size)
    go_to(terminal, "6 Log")
    terminal.wait_for(shows("6 Log", "Trade: BUY"))
    filter_by(terminal, "6 Log", "Feed")
    terminal.wait_for(lambda screen: "Trade: BUY" not in screen.pane("6 Log"))
    assert "Feed: live" in terminal.pane("6 Log")
    terminal.press("zx")
    terminal.wait_for(shows("6 Log", "no row for “Feedzx”"))
    terminal.press("escape")
    terminal.wait_for(shows("6 Log", "Trade: BUY"))

    filter_by(terminal, "6 Log", "Feed")
    keep_filter(terminal, "6 Log", "Feed")
    assert "Trade: BUY" not in terminal.pane("6 Log")
    terminal.press("escape")
    terminal.wait_for(shows("6 Log", "Trade: BUY"))

    go_to(terminal, "3 Positions")
    for mark, label in (("Symbol▲", "↕ Symbol ▲"), ("▼Quantity", "↕ Quantity ▼")):
        terminal.press("o")
        terminal.wait_for(shows("3 Positions", mark))
        terminal.wait_for(shows("3 Positions", label))
    go_to(terminal, "1 Metrics")
    terminal.press("o")
    terminal.wait_for("Go to positions")


def _has_cursor_on(terminal: Terminal, title: str, text: str) -> bool:
    """Whether the one row of a pane with another ground than the rest holds the text."""
    corner = terminal.find(title)
    if corner is None:
        return False
    rows = range(corner.row + 2, corner.row + len(terminal.pane(title).splitlines()) - 1)
    common = _theme("sentio-dark")["base"]["background"]
    different = [row for row in rows if terminal.cell(Place(corner.column + 1, row)).bg != common]
    return len(different) == 1 and text in terminal.lines[different[0]]


def test_letters_and_arrows_move_through_rows(desk: Desk, size: Size) -> None:
    terminal = desk.trading(size=size)
    go_to(terminal, "6 Log")
    for key, text in (
        ("g", "Session live_"),
        ("j", "Phase: running"),
        ("down", "Feed: live"),
        ("k", "Phase: running"),
        ("up", "Session live_"),
        ("G", "Trade: BUY"),
    ):
        terminal.press(key)
        terminal.wait_for(partial(_has_cursor_on, title="6 Log", text=text))


def _has_colours(terminal: Terminal, wanted: set[str]) -> bool:
    return wanted <= terminal.colours()


def test_theme_changes_the_colours(desk: Desk, size: Size) -> None:
    terminal = desk.trading(size=size)
    for name in ("sentio-dark", "sentio-light", "sentio-mono", "sentio-cvd", "sentio-dark"):
        if name == "sentio-mono":
            terminal.wait_for(lambda screen: screen.colours() == {"default"})
        else:
            theme = _theme(name)
            wanted = {theme["base"]["background"], theme["pane"]["focus"], theme["mode"]["replay"]}
            terminal.wait_for(partial(_has_colours, wanted=wanted))
        terminal.press("t")


@pytest.mark.parametrize(("key", "size"), [("?", WIDE), ("f1", SMALL)], ids=str)
def test_help_tells_of_the_focused_pane_and_all_keys(desk: Desk, size: Size, key: str) -> None:
    terminal = desk.open("--speed", "60", size=size)
    terminal.wait_for("● running")
    go_to(terminal, "1 Metrics")
    terminal.press(key)
    terminal.wait_for("─  Help")
    terminal.wait_for("The figures of the session.")
    terminal.press("G")
    terminal.wait_for("Explain the pane that has the focus")
    terminal.press(key)
    terminal.wait_gone("─  Help")
    terminal.press(key)
    terminal.wait_for("─  Help")
    terminal.press("escape")
    terminal.wait_gone("─  Help")
    assert terminal.focused() == "1 Metrics"


@pytest.mark.parametrize(("key", "size"), [("ctrl+p", WIDE), (":", SMALL)], ids=str)
def test_the_palette_finds_an_action_by_name(desk: Desk, size: Size, key: str) -> None:
    terminal = desk.open("--speed", "60", size=size)
    terminal.wait_for("● running")
    go_to(terminal, "3 Positions")
    terminal.press(key)
    terminal.wait_for("Find an action or a theme")
    terminal.wait_for("Open nothing new; stops and profit targets go on.")
    terminal.press("zoo")
    terminal.wait_for(lambda screen: "Give the whole screen" in screen.text and "Open nothing new" not in screen.text)
    terminal.press("enter")
    terminal.wait_for(lambda screen: screen.titles() == {"3 Positions"})
    terminal.press(key)
    terminal.wait_for("Find an action or a theme")
    terminal.press("escape")
    terminal.wait_gone("Find an action or a theme")


def test_refresh_repaints_what_another_program_spoiled(desk: Desk) -> None:
    terminal = desk.open("--speed", "1", size=WIDE)
    terminal.wait_for("● running")
    terminal.erase()
    terminal.press("r")
    terminal.wait_for(lambda screen: screen.titles() == set(TITLES) and "q Quit" in screen.text)
    terminal.wait_for("● running")
