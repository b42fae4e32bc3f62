"""What a newcomer sees: the cockpit trades, fits every size, and shows text from outside as it is."""

import re
from functools import partial
from pathlib import Path

import pytest

from sentio_tui.model.events import OrderFilled
from tests.e2e.conftest import SMALL, WIDE, Desk, filter_by, go_to, keep_filter, quit_by, shows
from tests.e2e.screen import Size
from tests.e2e.terminal import Terminal

ALL = {"1 Metrics", "2 Equity", "3 Positions", "4 Trades", "5 Decision", "6 Log"}
IN_SIGHT = {WIDE: ALL, Size(100, 30): ALL - {"6 Log"}, SMALL: ALL - {"5 Decision", "6 Log"}}

DATA = Path(__file__).parents[3] / "shared" / "data"

_STYLE = re.compile(rb"\x1b\[([0-9;]*)m")
_COLOURS = {*range(30, 39), *range(40, 49), *range(90, 98), *range(100, 108)}


def test_the_default_market_is_traded(desk: Desk, size: Size) -> None:
    terminal = desk.open("--speed", "600", "--seed", "18", size=size)
    terminal.wait_for("● running")
    terminal.wait_for(shows("1 Metrics", "10,000.00"))
    status, *_, keys = terminal.lines
    assert status.startswith(" SIM ")
    assert " UTC " in status
    assert terminal.titles() == IN_SIGHT[size]
    for title in ALL:
        assert title in terminal.text
    for hint in ("q Quit", "d Detach", "? Help", "space Pause", "s Start", "x Stop", "f Flatten", ": Commands"):
        assert hint in keys
    for hint in ("z Zoom", "1-6 Panes", "/ Filter", "o Sort", "t Theme", "r Refresh"):
        assert (hint in keys) == (size == WIDE)

    terminal.wait_for(lambda screen: re.search(r"▲ buy +(BTC|ETH|SOL)-USD", screen.pane("4 Trades")))
    terminal.wait_for(lambda screen: re.search(r"(BTC|ETH|SOL)-USD +[\d.]+ +[\d,.]+", screen.pane("3 Positions")))
    terminal.wait_for(lambda screen: "10,000.00" not in screen.pane("1 Metrics"))
    terminal.wait_for(lambda screen: re.search(r"[⠁-⣿]{8}", screen.pane("2 Equity")))
    go_to(terminal, "6 Log")
    terminal.wait_for(shows("6 Log", "Trade: BUY"))
    go_to(terminal, "5 Decision")
    terminal.wait_for(shows("5 Decision", "momentum"))


def test_every_size_is_filled_and_one_too_small_says_so(desk: Desk) -> None:
    terminal = desk.open("--speed", "60")
    terminal.wait_for("● running")
    terminal.wait_for(partial(_stands, size=WIDE))
    for size in (Size(100, 30), SMALL):
        terminal.resize(size)
        terminal.wait_for(partial(_stands, size=size))
    terminal.resize(Size(60, 20))
    terminal.wait_for("80 × 24 cells are needed")
    terminal.wait_for("60 × 20 are there")
    assert not terminal.titles()
    assert "Quit" not in terminal.text
    terminal.resize(WIDE)
    terminal.wait_for(partial(_stands, size=WIDE))


def _stands(terminal: Terminal, size: Size) -> bool:
    """Whether the layout for a size is there."""
    return terminal.titles() == IN_SIGHT[size] and _fills(terminal, size)


def _fills(terminal: Terminal, size: Size) -> bool:
    """Whether the panes cover the screen between status line and key bar, each box whole."""
    lines = terminal.lines
    whole = all(sum(line.count(corner) for line in lines) == len(terminal.titles()) for corner in "╭╮╰╯")
    edges = all(line[0] in "╭│╰" and line[-1] in "╮│╯" for line in lines[1:-1])
    return len(lines) == size.rows and "● running" in lines[0] and " q Quit" in lines[-1] and whole and edges


def test_without_colour_nothing_is_coloured(desk: Desk, size: Size) -> None:
    terminal = desk.open("--speed", "600", size=size, NO_COLOR="1")
    terminal.wait_for("● running")
    terminal.wait_for(shows("4 Trades", "▲ buy"))
    terminal.wait_for(lambda screen: "▼" in screen.pane("1 Metrics") or "▲" in screen.pane("1 Metrics"))
    terminal.press("3", "?")
    terminal.wait_for("─  Help")
    terminal.press("escape")
    terminal.wait_gone("─  Help")
    terminal.press("t")
    terminal.wait_for("NO_COLOR is set")
    terminal.press("q")
    terminal.wait_for("Stop it and quit?")
    assert terminal.colours() == {"default"}
    styles = {bytes(style) for style in _STYLE.findall(terminal.output)}
    assert styles
    assert not [style for style in styles if _COLOURS & {int(part or 0) for part in style.split(b";")}]


@pytest.mark.skipif(not DATA.is_dir(), reason="the folder of real bars, ../shared/data, is not there")
def test_real_bars_are_replayed_to_their_end_and_the_numbers_stay(desk: Desk, size: Size) -> None:
    files = [str(DATA / f"{symbol}_1min_2018-04-04_2018-04-05.csv") for symbol in ("BTC-USD", "ETH-USD")]
    options = ("--feed", "recorded", "--data", files[0], "--data", files[1], "--strategy", "mean_reversion")
    terminal = desk.open(*options, "--speed", "0", size=size)
    terminal.wait_for("■ ended")
    assert terminal.lines[0].startswith(" REPLAY ")
    (events,) = desk.journals()
    (document,) = desk.documents()
    assert document.state == "ended"
    fills = sum(isinstance(event, OrderFilled) for event in events)
    assert document.metrics.num_trades == fills > 0
    metrics = terminal.pane("1 Metrics")
    assert f"{document.metrics.equity:,.2f}" in metrics
    assert f"{fills} / {document.metrics.closed_trades}" in metrics
    terminal.press("x")
    terminal.wait_for("Stop: the session has ended.")
    terminal.press("q")
    assert terminal.wait_exit() == 0
    assert terminal.left_behind() == []


def test_markup_in_a_symbol_is_shown_as_it_is(desk: Desk, size: Size) -> None:
    symbol = "[red]x-[/foo]"
    terminal = desk.open(*desk.rising(symbol=symbol), size=size)
    terminal.wait_for(shows("3 Positions", "[red]x-["))
    terminal.wait_for(shows("4 Trades", "[red]x-["))
    go_to(terminal, "5 Decision")
    terminal.wait_for(shows("5 Decision", "[red]x-["))
    go_to(terminal, "6 Log")
    terminal.wait_for(shows("6 Log", f"{symbol} @"))
    terminal.wait_for(partial(_fills, size=size))
    filter_by(terminal, "6 Log", symbol)
    keep_filter(terminal, "6 Log", symbol)
    assert f"{symbol} @" in terminal.pane("6 Log")
    quit_by(terminal)
    assert terminal.wait_exit() == 0
    assert terminal.left_behind() == []
    (events,) = desk.journals()
    assert symbol in {event.fill.symbol for event in events if isinstance(event, OrderFilled)}


def test_compiling_is_told_and_keys_stay_alive(desk: Desk) -> None:
    """As on a machine where it never ran: with an empty cache."""
    terminal = desk.open("--profile", "spy", size=SMALL, NUMBA_CACHE_DIR=str(desk.home / "numba"))
    terminal.wait_for("◌ starting: online ensemble: compiling the indicators (1 of 2)")
    terminal.press("?")
    terminal.wait_for("─  Help")
    terminal.press("q")
    terminal.wait_gone("─  Help")
    assert "compiling the indicators (1 of 2)" in terminal.text
    terminal.press("q")
    assert terminal.wait_exit() == 0
    assert terminal.left_behind() == []
    assert not list(desk.home.rglob("*.nbc")), "quitting did not wait for the compiler"
