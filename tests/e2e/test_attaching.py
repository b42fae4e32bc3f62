"""One session and several terminals: attach twice, drive, take the wheel, lose a terminal, attach again, stop."""

import json
import os
import re
import resource
import signal

import pytest

from sentio_tui.model.commands import Pause, Start, Stop
from sentio_tui.model.events import AnyEvent, CommandGiven, Phase, PhaseChanged, SessionEnded
from tests.e2e.conftest import PROGRAM, SMALL, WIDE, Desk, wait_until
from tests.e2e.screen import Size

DRIVES = re.compile(r"(\S+@pts/\d+) drives")


def commands(events: list[AnyEvent]) -> list[tuple[type, str]]:
    return [(type(event.command), event.by) for event in events if isinstance(event, CommandGiven)]


@pytest.mark.parametrize(("one", "other"), [(WIDE, SMALL), (SMALL, WIDE)], ids=["wide drives", "small drives"])
def test_two_look_at_one_session_and_hand_the_wheel_over(desk: Desk, one: Size, other: Size) -> None:
    running = desk.background(*desk.rising())
    ann = desk.attach(size=one)
    bob = desk.attach(size=other)
    ann.wait_for("you drive")
    bob.wait_for(DRIVES)
    bob.press("space")
    bob.wait_for("wheel first.")
    ann.press("space")
    for terminal in (ann, bob):
        terminal.wait_for("‖ paused")
    bob.press("w")
    ann.wait_for(DRIVES)
    bob.wait_for("you drive")
    bob.press("space")
    for terminal in (ann, bob):
        terminal.wait_for("● running")
    ann.press("x")
    ann.wait_for("Stop: ")
    for terminal in (ann, bob):
        terminal.press("q")
        assert terminal.wait_exit() == 0
        assert terminal.left_behind() == []
    assert running.poll() is None
    stopped = desk.pipe(command="stop")
    assert (stopped.returncode, stopped.stderr) == (0, "")
    assert running.wait() == 0
    (events,) = desk.journals()
    given = commands(events)
    assert [command for command, _ in given] == [Pause, Start, Stop]
    names = [by for _, by in given]
    assert all(name.startswith("socket:") for name in names)
    assert len(set(names)) == 3
    assert names[2].endswith(" (stop)")
    assert isinstance(events[-1], SessionEnded)
    assert desk.documents()[0].positions == {}


def test_who_only_watches_can_do_nothing_and_says_so(desk: Desk) -> None:
    desk.background(*desk.rising())
    watcher = desk.attach("--read-only")
    watcher.wait_for("only watching, nobody drives")
    watcher.press("space")
    watcher.wait_for("Pause: this screen only watches")
    watcher.press("w")
    watcher.wait_for("Drive: this screen only watches")
    watcher.press("q")
    assert watcher.wait_exit() == 0
    desk.pipe("--keep", command="stop")
    (events,) = desk.journals()
    assert not any(isinstance(event, PhaseChanged) and event.phase is Phase.PAUSED for event in events)


def test_the_cockpit_s_own_screen_is_a_viewer_like_any_other(desk: Desk) -> None:
    cockpit = desk.trading()
    ann = desk.attach()
    ann.wait_for(DRIVES)
    ann.press("w")
    cockpit.wait_for(DRIVES)
    cockpit.press("space")
    cockpit.wait_for("take the wheel first")
    cockpit.press("w")
    cockpit.wait_for("you drive, 1 watches")
    cockpit.press("space")
    ann.wait_for("‖ paused")
    assert desk.pipe(command="stop").returncode == 0
    for terminal in (cockpit, ann):
        terminal.wait_for("■ ended: by socket:")
    ann.press("s")
    ann.wait_for("only looks at a session")
    ann.press("q")
    assert ann.wait_exit() == 0
    cockpit.press("q")
    assert cockpit.wait_exit() == 0
    (events,) = desk.journals()
    assert commands(events)[0] == (Pause, "keyboard")


def test_a_viewer_that_loses_its_terminal_or_is_killed_is_no_loss(desk: Desk) -> None:
    running = desk.background(*desk.rising())
    ann, bob, eve = desk.attach(), desk.attach(), desk.attach()
    ann.hang_up()
    wait_until(lambda: ann.has_ended)
    bob.send_signal(signal.SIGTERM)
    assert bob.wait_exit() == 130
    assert bob.left_behind() == []
    eve.send_signal(signal.SIGKILL)
    wait_until(lambda: eve.has_ended)
    again = desk.attach()
    again.wait_for(lambda screen: "RISE-USD" in screen.pane("3 Positions"))
    assert "drives" not in again.text
    assert running.poll() is None
    assert desk.pipe(command="stop").returncode == 0


def test_a_killed_session_is_said_to_be_gone_and_how_to_go_on(desk: Desk) -> None:
    running = desk.background(*desk.rising())
    ann = desk.attach()
    running.kill()
    ann.wait_for("✖ failed")
    ann.wait_for(lambda screen: "its process is gone; `sentio-tui resume live_" in screen.pane("6 Log"))
    ann.press("q")
    assert ann.wait_exit() == 0
    refused = desk.pipe(command="stop")
    assert refused.returncode == 1
    assert "no session runs in" in refused.stderr


def test_status_says_what_runs(desk: Desk) -> None:
    nothing = desk.pipe(command="status")
    assert (nothing.returncode, nothing.stdout) == (0, f"No session runs in {desk.sessions}\n")
    assert json.loads(desk.pipe("--json", command="status").stdout) == []
    running = desk.background(*desk.rising())
    ann = desk.attach()
    ann.wait_for(lambda screen: "RISE-USD" in screen.pane("3 Positions"))
    (told,) = json.loads(desk.pipe("--json", command="status").stdout)
    assert told["pid"] == running.pid
    assert (told["mode"], told["phase"], told["problem"]) == ("replay", "running", "")
    assert [held["symbol"] for held in told["positions"]] == ["RISE-USD"]
    assert told["equity"] > 0
    assert told["viewers"] == [told["driver"]]
    words = desk.pipe(command="status").stdout
    assert told["session"] in words
    assert f"process      {running.pid}, since " in words
    assert f"viewers      {told['driver']} (drives)" in words
    running.send_signal(signal.SIGSTOP)
    silent = desk.pipe(command="status")
    running.send_signal(signal.SIGCONT)
    assert silent.returncode == 1
    assert "it does not answer: no answer for 5 s" in silent.stdout


def test_attach_takes_the_only_one_or_says_which_there_are(desk: Desk) -> None:
    nothing = desk.open_command(str(PROGRAM), "attach", "--sessions-dir", str(desk.sessions))
    assert nothing.wait_exit() == 1
    assert "no session runs in" in nothing.text
    names = []
    for _ in range(2):
        desk.background(*desk.rising())
        names = [told["session"] for told in json.loads(desk.pipe("--json", command="status").stdout)]
    assert len(names) == 2
    several = desk.open_command(str(PROGRAM), "attach", "--sessions-dir", str(desk.sessions))
    assert several.wait_exit() == 2
    assert all(name in several.text.replace("\n", "") for name in names)
    unknown = desk.pipe(names[0] + "9", command="stop")
    assert unknown.returncode == 2
    assert names[0] in unknown.stderr
    attached = desk.attach(names[1])
    attached.press("q")
    assert attached.wait_exit() == 0
    for name in names:
        assert desk.pipe(name, command="stop").returncode == 0
    assert desk.pipe(names[0], command="stop").returncode == 2


def test_t51_stop_ends_what_does_not_answer_by_its_own_process_alone(desk: Desk) -> None:
    running, other = desk.background(*desk.rising()), desk.background(*desk.rising())
    told = json.loads(desk.pipe("--json", command="status").stdout)
    (name,) = [each["session"] for each in told if each["pid"] == running.pid]
    (socket,) = [each["socket"] for each in told if each["pid"] == running.pid]
    os.unlink(socket)
    kept = desk.pipe(name, "--keep", command="stop")
    assert kept.returncode == 1
    assert "cannot be told to keep its positions" in kept.stderr
    stopped = desk.pipe(name, command="stop")
    assert stopped.returncode == 0
    assert f"Sending SIGTERM to process {running.pid}" in stopped.stdout
    assert running.wait() == 130
    assert other.poll() is None


def test_stop_says_what_it_waits_for_and_the_second_takes_the_last_prices(desk: Desk) -> None:
    running = desk.background(*desk.rising(minutes=12, speed=240))
    ann = desk.attach()
    ann.wait_for(lambda screen: "RISE-USD" in screen.pane("3 Positions") and "0:12:00" in screen.text)
    waits = desk.pipe("--timeout", "1", command="stop")
    assert waits.returncode == 1
    assert "has not ended after 1 s, it waits for the next price of RISE-USD" in waits.stderr
    ann.wait_for("◐ stopping")
    assert desk.pipe(command="stop").returncode == 0
    assert running.wait() == 0
    assert desk.documents()[0].positions == {}


def test_without_a_terminal_attach_points_to_status(desk: Desk) -> None:
    refused = desk.pipe(command="attach")
    assert refused.returncode == 2
    assert "`sentio-tui status`" in refused.stderr


def test_who_attaches_to_a_detached_session_drives_it(desk: Desk) -> None:
    cockpit = desk.trading()
    cockpit.press("d")
    cockpit.wait_command()
    wait_until(lambda: json.loads(desk.pipe("--json", command="status").stdout)[0]["viewers"] == [])
    ann = desk.attach()
    ann.wait_for("│ attached │")
    ann.press("space")
    ann.wait_for("‖ paused")
    ann.press("d")
    assert ann.wait_exit() == 0
    assert desk.states() == ["running"]
    assert desk.pipe("--keep", command="stop").returncode == 0
    assert list(desk.documents()[0].positions) == ["RISE-USD"]


def test_stop_says_that_the_end_of_a_session_is_not_on_a_disk_that_takes_nothing(desk: Desk) -> None:
    running = desk.background(*desk.rising())
    desk.attach().press("q")
    resource.prlimit(running.pid, resource.RLIMIT_FSIZE, (1, 1))
    stopped = desk.pipe(command="stop")
    assert stopped.returncode == 1
    assert "has ended, but not all of the session is on disk: " in stopped.stderr
    assert "has ended." not in stopped.stdout
