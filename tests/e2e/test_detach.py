"""A session outlives its screen, its terminal and its shell's job; nothing of it is lost and nothing is left behind."""

import os
import re
import signal
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from sentio_tui.model.events import OrderFilled, SessionEnded
from tests.e2e.conftest import PROGRAM, SMALL, WIDE, Desk, answer, focuses, go_to, quit_by, wait_until
from tests.e2e.screen import Size
from tests.e2e.terminal import Terminal

BUSY = ("--feed", "simulated", "--speed", "6000", "--strategy", "momentum", "--preset", "aggressive")
"""A market in which fills come several times a second."""

TRADES = re.compile(r"Trades +(\d+) /")


def fills(desk: Desk) -> int:
    """How many there are on disk by now. The last line may be half written."""
    (journal,) = desk.sessions.glob("*.jsonl")
    return journal.read_text(encoding="utf-8").count('{"event":"order_filled"')


def go_on(desk: Desk, more: int = 2) -> None:
    """Wait until the session has traded further."""
    wanted = fills(desk) + more
    wait_until(lambda: fills(desk) >= wanted)


def stop(desk: Desk, terminal: Terminal) -> None:
    """End the session that nobody shows; return when its process is gone."""
    os.kill(desk.holder(), signal.SIGTERM)
    terminal.wait_exit()


def busy(desk: Desk, *options: str, size: Size = SMALL) -> Terminal:
    """A cockpit on the busy market, as soon as it has traded."""
    terminal = desk.open(*BUSY, *options, size=size)
    terminal.wait_for("▲ buy")
    return terminal


def is_stopped(pid: int) -> bool:
    return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0] == "T"


def by_key(terminal: Terminal) -> None:
    terminal.press("d")


def by_question(terminal: Terminal) -> None:
    terminal.press("q")
    answer(terminal, "Stop it and quit?", "d")


def by_signal(terminal: Terminal) -> None:
    terminal.send_signal(signal.SIGHUP)


@pytest.mark.parametrize("detach", [by_key, by_question, by_signal])
def test_detaching_gives_the_shell_back_and_the_session_goes_on(desk: Desk, detach: Callable[[Terminal], None]) -> None:
    terminal = busy(desk, size=WIDE)
    process = desk.holder()
    detach(terminal)
    assert terminal.wait_command() == 0
    assert terminal.left_behind() == []
    (name,) = [path.stem for path in desk.sessions.glob("*.jsonl")]
    words = f"session {name} goes on (process {process}). `sentio-tui attach` comes back to it."
    assert terminal.text.strip() == words, "nothing else is written, and the screen is gone"
    assert desk.holder() == process
    assert desk.states() == ["running"]
    go_on(desk)
    stop(desk, terminal)
    assert desk.is_complete()
    assert desk.states() == ["ended"]


def test_a_detached_process_holds_nothing_of_the_terminal(desk: Desk) -> None:
    terminal = busy(desk)
    terminal.press("d")
    terminal.wait_command()
    shown = terminal.text
    process = Path(f"/proc/{desk.holder()}")
    streams = {os.readlink(process / "fd" / number) for number in "012"}
    assert streams == {os.devnull}
    assert not [path for path in (process / "fd").iterdir() if os.readlink(path).startswith(("/dev/pts", "/dev/tty"))]
    fields = (process / "stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    session, terminal_number = fields[3:5]
    assert (session, terminal_number) == (process.name, "0")
    stop(desk, terminal)
    assert terminal.text == shown, "it wrote nothing more"


def test_what_was_detached_is_attached_driven_lost_again_and_stopped(desk: Desk) -> None:
    terminal = busy(desk)
    process = desk.holder()
    terminal.press("d")
    assert terminal.wait_command() == 0
    ann = desk.attach()
    bob = desk.attach(size=SMALL)
    ann.wait_for("you drive, 1 watches")  # the screen that was first is gone, and does not drive
    bob.press("w")
    bob.wait_for("you drive")
    bob.press("space")
    for viewer in (ann, bob):
        viewer.wait_for("‖ paused")
    bob.press("space")
    for viewer in (ann, bob):
        viewer.wait_for("● running")
    bob.hang_up()
    ann.press("d")
    assert ann.wait_exit() == 0
    assert ann.left_behind() == []
    wait_until(lambda: bob.has_ended)
    go_on(desk)
    again = desk.attach()
    assert desk.holder() == process
    assert desk.pipe(command="stop").returncode == 0
    again.wait_for("■ ended")
    terminal.wait_exit()
    again.press("q")
    assert again.wait_exit() == 0
    assert desk.is_complete()
    (events,) = desk.journals()
    assert sum(isinstance(event, SessionEnded) for event in events) == 1


def hang_up(terminal: Terminal) -> None:
    terminal.hang_up()


def stop_then_hang_up(terminal: Terminal) -> None:
    """The shell's job is suspended, and its terminal is closed."""
    terminal.send_group(signal.SIGTSTP)
    wait_until(lambda: is_stopped(terminal.pid))
    terminal.hang_up()


def kill_parent(terminal: Terminal) -> None:
    terminal.send_signal(signal.SIGKILL)


@pytest.mark.parametrize("lose", [hang_up, stop_then_hang_up, kill_parent])
def test_a_session_outlives_its_terminal(desk: Desk, lose: Callable[[Terminal], None]) -> None:
    terminal = busy(desk)
    process = desk.holder()
    lose(terminal)
    go_on(desk)
    wait_until(lambda: terminal.process_ended)
    assert desk.holder() == process
    stop(desk, terminal)
    assert desk.is_complete()


def test_a_terminal_that_goes_away_without_a_signal_is_noticed(desk: Desk) -> None:
    terminal = desk.open(*BUSY, size=SMALL, controls=False)
    terminal.wait_for("▲ buy")
    terminal.hang_up()
    wait_until(lambda: terminal.process_ended)
    go_on(desk)
    stop(desk, terminal)
    assert desk.is_complete()


@pytest.mark.parametrize("on_hangup", ["detach", "stop"])
def test_a_session_without_a_screen_does_the_same_on_a_hang_up(desk: Desk, on_hangup: str) -> None:
    place = ("--sessions-dir", str(desk.sessions), "--set", f"session.on_hangup={on_hangup}")
    terminal = desk.open_command(str(PROGRAM), "run", *place, *BUSY)
    terminal.wait_for("Trade: BUY")
    terminal.hang_up()
    if on_hangup == "detach":
        go_on(desk)
        terminal.send_signal(signal.SIGTERM)
    assert terminal.wait_exit() == 130
    assert desk.is_complete()


def test_a_detached_session_ends_by_itself(desk: Desk) -> None:
    terminal = desk.trading("--duration", "120", size=SMALL)
    terminal.press("d")
    assert terminal.wait_command() == 0
    terminal.wait_exit()
    assert desk.is_complete()


def test_a_second_signal_takes_the_last_prices_of_a_detached_session(desk: Desk) -> None:
    market = desk.rising(minutes=12, speed=240)
    terminal = desk.open(*market, "--set", "session.patience=600", size=SMALL)
    terminal.wait_for(lambda screen: "│ 0:12:00 │" in screen.text and "RISE-USD" in screen.pane("3 Positions"))
    terminal.press("d")
    terminal.wait_command()
    process = desk.holder()

    def ask() -> bool:
        with suppress(ProcessLookupError):
            os.kill(process, signal.SIGTERM)
        return terminal.has_ended

    wait_until(ask)
    assert desk.is_complete()
    assert desk.documents()[0].positions == {}


def test_detaching_from_a_session_that_has_ended_says_so(desk: Desk) -> None:
    terminal = desk.trading("--duration", "20", size=SMALL)
    terminal.wait_for("ended")
    terminal.press("d")
    terminal.wait_for("Detach: the session has ended.")
    terminal.press("q")
    assert terminal.wait_exit() == 0


@pytest.mark.parametrize("whom", ["group", "parent", "child"])
def test_job_control_passes_through(desk: Desk, whom: str) -> None:
    terminal = desk.trading(size=SMALL)
    process = desk.holder()
    pid = {"group": -terminal.pid, "parent": terminal.pid, "child": process}[whom]
    for title in ("3 Positions", "4 Trades"):
        os.kill(pid, signal.SIGTSTP)
        wait_until(lambda: is_stopped(terminal.pid) and is_stopped(process))
        terminal.wait_gone("3 Positions")
        assert terminal.left_behind() == []
        terminal.send_group(signal.SIGCONT)
        terminal.wait_for("3 Positions")
        go_to(terminal, title)
        assert focuses(title)(terminal)
    quit_by(terminal)
    assert terminal.wait_exit() == 0
    assert terminal.left_behind() == []
    assert desk.is_complete()


def test_being_stopped_without_a_word_leaves_the_screen_as_it_was(desk: Desk) -> None:
    terminal = desk.trading(size=SMALL)
    terminal.send_group(signal.SIGSTOP)
    wait_until(lambda: is_stopped(terminal.pid) and is_stopped(desk.holder()))
    terminal.send_group(signal.SIGCONT)
    go_to(terminal, "3 Positions")
    quit_by(terminal)
    assert terminal.wait_exit() == 0
    assert terminal.left_behind() == []


def test_a_process_that_is_killed_leaves_a_terminal_that_works(desk: Desk) -> None:
    terminal = desk.trading()
    process = desk.holder()
    os.kill(process, signal.SIGKILL)
    assert terminal.wait_exit() == 128 + signal.SIGKILL
    assert terminal.left_behind() == []
    assert f"process {process}, the screen with its session, was ended by a signal: Killed." in terminal.text
    assert desk.states() == ["interrupted"]
    (events,) = desk.journals()
    assert any(isinstance(event, OrderFilled) for event in events)


def test_a_terminal_that_takes_nothing_for_a_while_shows_the_newest_then(desk: Desk) -> None:
    terminal = busy(desk)
    terminal.freeze()
    go_on(desk, more=5)
    terminal.thaw()
    newest = fills(desk)
    terminal.wait_for(lambda screen: (shown := TRADES.search(screen.text)) and int(shown[1]) >= newest)
    quit_by(terminal)
    assert terminal.wait_exit() == 0
    assert terminal.left_behind() == []


def test_a_terminal_that_takes_nothing_more_holds_nobody_up(desk: Desk) -> None:
    """As over a line that is dead and not yet given up."""
    terminal = busy(desk)
    process = desk.holder()
    terminal.freeze()
    (journal,) = desk.sessions.glob("*.jsonl")
    enough = journal.stat().st_size + 1_000_000  # bytes; seconds, and more frames than may wait
    wait_until(lambda: journal.stat().st_size > enough)
    os.kill(process, signal.SIGTERM)
    wait_until(lambda: terminal.process_ended)
    assert desk.is_complete()
