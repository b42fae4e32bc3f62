"""However the program ends, the terminal is as it was, and what the session did is on disk."""

import signal
import sys

import pytest

from sentio_tui.model.events import OrderFilled, SessionEnded
from tests.e2e.conftest import SMALL, Desk, quit_by

CRASHING = """\
import sys
from sentio_tui import cli
from sentio_tui.ui import app

def crash(cockpit):
    snapshot = cockpit.monitor.snapshot
    if snapshot is not None and snapshot.positions:
        raise RuntimeError("a [red]pane[/foo] broke")

app.Cockpit.session_moved = crash
sys.exit(cli.main(sys.argv[1:]))
"""
"""The program with a screen that breaks while it shows the first open position."""


def _is_complete(desk: Desk) -> bool:
    """Whether one session is on disk, its journal and its document whole, and nothing else."""
    (events,) = desk.journals()
    (document,) = desk.documents()
    fills = sum(isinstance(event, OrderFilled) for event in events)
    files = sorted(path.suffix for path in desk.sessions.iterdir())
    return (
        isinstance(events[-1], SessionEnded)
        and document.is_ended
        and document.last_seq == events[-1].seq
        and len(document.trades) == fills
        and files == [".json", ".jsonl"]
    )


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=["SIGTERM", "SIGINT"])
def test_a_signal_ends_the_session_in_order(desk: Desk, number: signal.Signals) -> None:
    terminal = desk.trading()
    terminal.send_signal(number)
    assert terminal.wait_exit() == 130
    assert terminal.left_behind() == []
    assert terminal.text.strip() == ""
    assert _is_complete(desk)
    (document,) = desk.documents()
    assert document.positions == {}
    assert [trade.side for trade in document.trades] == ["buy", "sell"]


def test_a_signal_keeps_the_positions_where_that_is_configured(desk: Desk) -> None:
    terminal = desk.trading("--set", "session.at_exit=keep", size=SMALL)
    terminal.send_signal(signal.SIGTERM)
    assert terminal.wait_exit() == 130
    assert terminal.left_behind() == []
    assert _is_complete(desk)
    (document,) = desk.documents()
    assert list(document.positions) == ["RISE-USD"]
    assert [trade.side for trade in document.trades] == ["buy"]


@pytest.mark.parametrize("hurry", ["signal", "key"])
def test_who_does_not_wait_for_prices_gets_the_last_ones(desk: Desk, hurry: str) -> None:
    market = desk.rising(minutes=12, speed=240)
    terminal = desk.open(*market, "--set", "session.patience=600", size=SMALL)
    terminal.wait_for(lambda screen: "│ 0:12:00 │" in screen.text and "RISE-USD" in screen.pane("3 Positions"))
    terminal.send_signal(signal.SIGTERM)
    terminal.wait_for("Closing 1 position")
    terminal.wait_for("the next price of RISE-USD")
    if hurry == "signal":
        terminal.send_signal(signal.SIGTERM)
    else:
        terminal.press_until("x", lambda screen: screen.has_ended)
    assert terminal.wait_exit() == 130
    assert terminal.left_behind() == []
    assert _is_complete(desk)
    assert desk.documents()[0].positions == {}


@pytest.mark.xfail(reason="signals are caught only once the screen stands", strict=False)
def test_a_signal_at_the_first_byte_of_the_screen_restores_the_terminal(desk: Desk) -> None:
    terminal = desk.open(size=SMALL)
    terminal.wait_for(lambda screen: b"\x1b[?1049h" in screen.output)
    terminal.send_signal(signal.SIGTERM)
    assert terminal.wait_exit() == 130
    assert terminal.left_behind() == []


@pytest.mark.parametrize("number", [signal.SIGTSTP, signal.SIGSTOP], ids=["SIGTSTP", "SIGSTOP"])
def test_after_a_stop_the_whole_screen_comes_back(desk: Desk, number: signal.Signals) -> None:
    terminal = desk.open("--speed", "1", size=SMALL)
    terminal.wait_for("● running")
    terminal.send_signal(number)
    terminal.wait_stopped()
    terminal.erase()
    terminal.send_signal(signal.SIGCONT)
    terminal.wait_for(lambda screen: len(screen.titles()) == 4 and "q Quit" in screen.lines[-1])
    terminal.wait_for("● running")
    quit_by(terminal)
    assert terminal.wait_exit() == 0
    assert terminal.left_behind() == []


def test_a_crash_of_the_screen_is_told_on_a_terminal_that_works(desk: Desk) -> None:
    command = (sys.executable, "-c", CRASHING, "--sessions-dir", str(desk.sessions), *desk.rising())
    terminal = desk.open_command(*command)
    assert terminal.wait_exit() == 1
    assert terminal.left_behind() == []
    assert "a [red]pane[/foo] broke" in terminal.text
    assert _is_complete(desk)


def test_a_terminal_that_goes_away_ends_the_session_and_the_process(desk: Desk) -> None:
    terminal = desk.trading(size=SMALL)
    terminal.hang_up()
    assert terminal.wait_exit() == 130
    assert _is_complete(desk)
    assert desk.documents()[0].positions == {}
