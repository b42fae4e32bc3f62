"""A recorded session in a terminal: every key of the transport, and looking back at one that runs."""

from sentio_tui.model.events import OrderFilled
from sentio_tui.sessions.recording import Recording
from tests.e2e.conftest import PROGRAM, Desk
from tests.e2e.screen import Size
from tests.e2e.terminal import Terminal
from tests.sessions.reels import swings, write

NAME = "live_20250106_000000"
FRAMES = ("--set", "ui.frames=20")


def replay(desk: Desk, size: Size, *options: str) -> Terminal:
    """Forty bars of a market that rises and falls, at the tenth."""
    desk.sessions.mkdir()
    write(desk.sessions / f"{NAME}.jsonl", swings())
    command = (str(PROGRAM), "replay", NAME, "--sessions-dir", str(desk.sessions), *FRAMES, *options)
    return desk.open_command(*command, size=size)


def press(terminal: Terminal, key: str, wanted: str) -> None:
    terminal.press(key)
    terminal.wait_for(wanted)


def test_every_key_of_the_transport(desk: Desk, size: Size) -> None:
    events = swings()
    recording = Recording(events)
    fills = [event.seq for event in events if isinstance(event, OrderFilled)]
    terminal = replay(desk, size, "--at", "00:10")

    def event(number: int) -> str:
        return f"event {number:>3}/{len(events)}"

    terminal.wait_for("bar 10/40")
    terminal.wait_for("REPLAY ‖")
    press(terminal, "]", "bar 11/40")
    press(terminal, "[", "bar 10/40")
    following = next(fill for fill in fills if fill > recording.end_of_bar(10))
    press(terminal, "n", event(following))
    press(terminal, "N", event(fills[fills.index(following) - 1]))
    press(terminal, ".", " 120× ")
    press(terminal, ",", " 60× ")
    press(terminal, "S", "Which time?")
    press(terminal, "25:00\r", "is no time")
    terminal.press(*["\x7f"] * 5)
    terminal.press("0:30\r")
    terminal.wait_for("bar 30/40")
    press(terminal, "m", "A note to 2025-01-06 00:30")
    terminal.press("the fall\r")
    terminal.wait_gone("A note to")
    press(terminal, "home", "bar  0/40")
    terminal.wait_for("◆")
    press(terminal, "}", "bar 30/40")
    press(terminal, "end", "bar 40/40")
    press(terminal, "{", "bar 30/40")
    press(terminal, "D", event(recording.deepest))
    press(terminal, "M", "the fall")
    terminal.press("enter")
    terminal.wait_for("bar 30/40")
    press(terminal, "x", "this is a recording")
    press(terminal, "L", "nothing")
    terminal.press(*"........")
    press(terminal, "space", "REPLAY ▶ 1000×")
    terminal.wait_for("bar 40/40")
    terminal.wait_for("REPLAY ‖")
    terminal.press("q")
    assert terminal.wait_exit() == 0
    assert terminal.left_behind() == []
    assert (desk.sessions / f"{NAME}.marks.json").is_file()


def test_looking_back_leaves_the_session_alone(desk: Desk, size: Size) -> None:
    terminal = desk.trading(*FRAMES, size=size)
    press(terminal, "N", "LOOKING BACK ‖")
    terminal.wait_for("● running")
    press(terminal, "space", "LOOKING BACK ▶ 60×")
    press(terminal, "f", "you are looking back")
    terminal.press("L")
    terminal.wait_gone("LOOKING BACK")
    terminal.wait_for("● running")
    terminal.press("x")
    terminal.wait_for("Sell 1 position")


def test_who_attaches_looks_back_alone(desk: Desk) -> None:
    """The screen that drives the session goes on showing it as it is."""
    driving = desk.trading(*FRAMES)
    watching = desk.open_command(str(PROGRAM), "attach", "--sessions-dir", str(desk.sessions))
    watching.wait_for("RISE-USD")
    press(watching, "N", "LOOKING BACK ‖")
    press(watching, "home", "bar ")
    watching.wait_for("was ready")
    assert "LOOKING BACK" not in driving.text
    driving.wait_for("● running")
    watching.press("L")
    watching.wait_gone("LOOKING BACK")
