"""However the program ends, the terminal is as it was, and what the session did is on disk."""

import os
import signal
import sys

import pytest

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


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=["SIGTERM", "SIGINT"])
def test_a_signal_ends_the_session_in_order(desk: Desk, number: signal.Signals) -> None:
    terminal = desk.trading()
    terminal.send_signal(number)
    assert terminal.wait_exit() == 130
    assert terminal.left_behind() == []
    assert terminal.text.strip() == ""
    assert desk.is_complete()
    (document,) = desk.documents()
    assert document.positions == {}
    assert [trade.side for trade in document.trades] == ["buy", "sell"]


def test_a_signal_keeps_the_positions_where_that_is_configured(desk: Desk) -> None:
    terminal = desk.trading("--set", "session.at_exit=keep", size=SMALL)
    terminal.send_signal(signal.SIGTERM)
    assert terminal.wait_exit() == 130
    assert terminal.left_behind() == []
    assert desk.is_complete()
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
    assert desk.is_complete()
    assert desk.documents()[0].positions == {}


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
    terminal.send_group(number)
    terminal.wait_stopped()
    terminal.erase()
    terminal.send_group(signal.SIGCONT)
    terminal.wait_for(lambda screen: len(screen.titles()) == 4 and "q Quit" in screen.lines[-1])
    terminal.wait_for("● running")
    quit_by(terminal)
    assert terminal.wait_exit() == 0
    assert terminal.left_behind() == []


@pytest.mark.parametrize("on_hangup", ["stop", "detach"])
def test_a_crash_of_the_screen_is_told_on_a_terminal_that_works(desk: Desk, on_hangup: str) -> None:
    command = (sys.executable, "-c", CRASHING, "--sessions-dir", str(desk.sessions), *desk.rising())
    terminal = desk.open_command(*command, "--set", f"session.on_hangup={on_hangup}")
    assert terminal.wait_command() == 1
    assert terminal.left_behind() == []
    assert "a [red]pane[/foo] broke" in terminal.text
    if on_hangup == "detach":
        assert f"goes on (process {desk.holder()})" in terminal.text
        os.kill(desk.holder(), signal.SIGTERM)
    terminal.wait_exit()
    assert desk.is_complete()


def test_a_terminal_that_goes_away_ends_the_session_where_that_is_configured(desk: Desk) -> None:
    terminal = desk.trading("--set", "session.on_hangup=stop", size=SMALL)
    terminal.hang_up()
    assert terminal.wait_exit() == 130
    assert desk.is_complete()
    assert desk.documents()[0].positions == {}
