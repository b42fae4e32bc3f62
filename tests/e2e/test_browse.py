"""`sentio-tui browse`, and the list of sessions in the cockpit, as a person uses them."""

import os
import re
import signal

from sentio_tui.journal.lock import holder
from tests.e2e.conftest import PROGRAM, SMALL, WIDE, Desk, answer, quit_by, shows
from tests.e2e.screen import Size
from tests.e2e.terminal import Terminal
from tests.ui.shelf import BROKEN_OFF, DAMAGED, LOSES, WINS, stock


def has_rows(terminal: Terminal, *names: str) -> bool:
    """Whether the list has these sessions, in this order, and no others."""
    found = re.findall(r"[│┃] [✓ ] (live_\d{8}_\d{6})", terminal.text)
    return found == list(names)


def open_list(desk: Desk, size: Size) -> Terminal:
    return desk.open_command(str(PROGRAM), "browse", "--sessions-dir", str(desk.sessions), size=size)


def browse(desk: Desk, size: Size) -> Terminal:
    stock(desk.sessions)
    terminal = open_list(desk, size)
    terminal.wait_for(lambda screen: has_rows(screen, WINS, LOSES, BROKEN_OFF, DAMAGED))
    return terminal


def test_the_list_is_filtered_compared_and_tidied_up(desk: Desk, size: Size) -> None:
    terminal = browse(desk, size)
    terminal.wait_for("‖ interrupted")
    terminal.press("/", "interr", "enter")
    terminal.wait_for(lambda screen: has_rows(screen, BROKEN_OFF))
    terminal.wait_for("r goes on with it")
    terminal.press("escape")
    terminal.wait_for(lambda screen: has_rows(screen, WINS, LOSES, BROKEN_OFF, DAMAGED))

    terminal.press("g", "space", "j", "c")
    terminal.wait_for("since the start of each")
    terminal.wait_for(re.compile(r"Return +\+\d\.\d\d% +-\d\.\d\d% +▼ -\d\.\d\d pp"))
    terminal.press("a")
    terminal.wait_for("by market date, UTC")
    terminal.press("escape")
    terminal.wait_for(f"✓ {WINS}")

    terminal.press("d")
    answer(terminal, f"Delete {LOSES} for good", "n")
    assert (desk.sessions / f"{LOSES}.jsonl").exists()
    terminal.press("d")
    answer(terminal, f"Delete {LOSES} for good", "y")
    terminal.wait_for(lambda screen: has_rows(screen, WINS, BROKEN_OFF, DAMAGED))
    assert not list(desk.sessions.glob(f"{LOSES}*"))

    terminal.press("q")
    assert terminal.wait_exit() == 0
    assert terminal.left_behind() == []


def test_a_session_that_trades_is_seen_in_the_list_and_not_ended_for_another(desk: Desk) -> None:
    stock(desk.sessions)
    terminal = desk.trading(size=WIDE)
    terminal.press("b")
    terminal.wait_for("● running")
    terminal.wait_for("■ ended")
    terminal.press("j", "enter")
    terminal.wait_for("Another session runs")
    terminal.press_until("escape", lambda screen: "Another session runs" not in screen.text)
    terminal.press("escape")
    terminal.wait_for("3 Positions")
    quit_by(terminal)
    assert terminal.wait_exit() == 0


def test_a_session_is_replayed_from_the_list_and_the_list_comes_back(desk: Desk, size: Size) -> None:
    terminal = browse(desk, size)
    terminal.press("enter")
    terminal.wait_for("REPLAY")
    terminal.wait_for("▶ playing")
    terminal.press("b")
    terminal.wait_for(lambda screen: has_rows(screen, WINS, LOSES, BROKEN_OFF, DAMAGED))
    terminal.press("G", "enter")
    terminal.wait_for("The session could not be opened")
    terminal.press_until("escape", lambda screen: "could not be opened" not in screen.text)
    terminal.press("escape")
    terminal.wait_for("3 Positions")
    terminal.press("q")
    assert terminal.wait_exit() == 0


def test_what_was_interrupted_is_resumed_from_the_list(desk: Desk) -> None:
    terminal = desk.trading(size=SMALL)
    (journal,) = desk.sessions.glob("live_*.jsonl")
    who = holder(journal.with_suffix(".lock"))
    assert who is not None
    os.kill(who.pid, signal.SIGKILL)
    terminal.wait_exit()
    terminal = open_list(desk, WIDE)
    terminal.wait_for("‖ interrupted")
    terminal.press("r")
    terminal.wait_for("● running")
    terminal.wait_for("3 Positions")
    quit_by(terminal)
    assert terminal.wait_exit() == 0
    assert [path.name for path in desk.sessions.glob("live_*.jsonl")] == [journal.name]
    (events,) = desk.journals()
    assert type(events[-1]).__name__ == "SessionEnded"


def test_a_session_of_another_process_is_looked_at_from_the_list_and_left_as_it_is(desk: Desk) -> None:
    stock(desk.sessions)
    runner = desk.open_command(str(PROGRAM), "run", "--sessions-dir", str(desk.sessions), *desk.rising(speed=60))
    runner.wait_for("Trade: BUY")
    (lock,) = desk.sessions.glob("live_*.lock")
    terminal = open_list(desk, WIDE)
    terminal.wait_for("● running")
    terminal.wait_for(f"{lock.stem} · replay")
    terminal.press("enter")
    terminal.wait_for(shows("3 Positions", "RISE-USD"))
    terminal.press("b")
    terminal.wait_for(lambda screen: has_rows(screen, lock.stem, WINS, LOSES, BROKEN_OFF, DAMAGED))
    terminal.press("d")
    terminal.wait_for(f"Delete: {lock.stem} runs.")
    terminal.press("q")
    assert terminal.wait_exit() == 0
    assert holder(lock) is not None
    assert not runner.has_ended
