"""The keys that steer a session: pause, stop, start, flatten, quit."""

import re

import pytest

from sentio_tui.model.commands import Flatten, Pause, Start, Stop
from sentio_tui.model.events import AnyEvent, CommandGiven, SessionEnded
from tests.e2e.conftest import SMALL, WIDE, Desk, answer, focuses, quit_by, shows
from tests.e2e.screen import Size
from tests.e2e.terminal import Terminal


def _commands(events: list[AnyEvent]) -> list[type]:
    return [type(event.command) for event in events if isinstance(event, CommandGiven)]


def _equity(terminal: Terminal) -> str:
    found = re.search(r"\d[\d,]*\.\d\d", terminal.pane("1 Metrics"))
    assert found, terminal.text
    return found[0]


def _has_position(terminal: Terminal) -> bool:
    return "RISE-USD" in terminal.pane("3 Positions")


def test_space_pauses_and_resumes_and_so_does_s(desk: Desk, size: Size) -> None:
    terminal = desk.trading(size=size)
    for resume in ("space", "s"):
        terminal.press("space")
        terminal.wait_for("‖ paused")
        terminal.wait_for("space Resume")
        terminal.press(resume)
        terminal.wait_for("● running")
        terminal.wait_for("space Pause")
    quit_by(terminal)
    assert terminal.wait_exit() == 0
    (events,) = desk.journals()
    assert _commands(events) == [Pause, Start, Pause, Start, Stop]


def test_stop_asks_and_keeps_the_numbers_and_start_begins_anew(desk: Desk, size: Size) -> None:
    terminal = desk.trading(size=size)
    terminal.press("x")
    answer(terminal, "Sell 1 position and end the session?", "n")
    assert "● running" in terminal.text
    assert _has_position(terminal)

    # Too soon after the first press, another counts as the same key held down.
    terminal.press_until("x", "Sell 1 position and end the session?")
    answer(terminal, "Sell 1 position and end the session?", "y")
    terminal.wait_for("■ ended")
    terminal.wait_for(shows("3 Positions", "no open positions"))
    terminal.wait_for(shows("4 Trades", "▼ sell"))
    terminal.press("space")
    terminal.wait_for("Pause: the session has ended.")
    (events,) = desk.journals()
    assert isinstance(events[-1], SessionEnded)
    assert _equity(terminal) == f"{desk.documents()[0].metrics.equity:,.2f}" != "10,000.00"

    terminal.press("s")
    terminal.wait_for("● running")
    terminal.wait_for(lambda screen: "▼ sell" not in screen.pane("4 Trades"))
    terminal.wait_for(_has_position)
    quit_by(terminal)
    assert terminal.wait_exit() == 0
    assert [type(events[-1]) for events in desk.journals()] == [SessionEnded, SessionEnded]


def test_flatten_asks_sells_and_pauses(desk: Desk, size: Size) -> None:
    terminal = desk.trading(size=size)
    terminal.press("f")
    answer(terminal, "Sell 1 position, and pause?", "escape")
    assert _has_position(terminal)
    terminal.press("f")
    answer(terminal, "Sell 1 position, and pause?", "y")
    terminal.wait_for("‖ paused")
    terminal.wait_for(shows("3 Positions", "no open positions"))
    terminal.press("f")
    answer(terminal, "No position is open.", "n")
    terminal.press("space")
    terminal.wait_for("● running")
    terminal.wait_for(_has_position)
    (events,) = desk.journals()
    assert _commands(events) == [Flatten, Start]


@pytest.mark.parametrize(("key", "size"), [("q", WIDE), ("q", SMALL), ("ctrl+c", SMALL), ("ctrl+q", WIDE)], ids=str)
def test_quitting_asks_while_a_session_runs(desk: Desk, size: Size, key: str) -> None:
    terminal = desk.trading(size=size)
    terminal.press(key)
    terminal.wait_for("1 position will be sold first.")
    answer(terminal, "Stop it and quit?", "escape")
    assert "● running" in terminal.text
    quit_by(terminal, key)
    assert terminal.wait_exit() == 0
    assert terminal.left_behind() == []
    assert terminal.text.strip() == ""
    (events,) = desk.journals()
    assert isinstance(events[-1], SessionEnded)
    (document,) = desk.documents()
    assert document.is_ended
    assert document.positions == {}
    assert sorted(path.suffix for path in desk.sessions.iterdir()) == [".json", ".jsonl"]


def test_the_mouse_presses_the_keys_of_the_key_bar(desk: Desk, size: Size) -> None:
    terminal = desk.trading(size=size)
    hint = terminal.find("space Pause")
    assert hint is not None
    terminal.click(hint)
    terminal.wait_for("‖ paused")
    pane = terminal.find("4 Trades")
    assert pane is not None
    terminal.click(pane._replace(row=pane.row + 2))
    terminal.wait_for(focuses("4 Trades"))
