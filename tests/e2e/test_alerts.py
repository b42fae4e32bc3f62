"""Alerts of real programs: they reach a webhook, the terminal's bell and desktop, and go on after a detach."""

import json
import signal
from collections.abc import Iterator

import pytest

from tests.alerts.receiving import Receiver, receiver
from tests.e2e.conftest import PROGRAM, SMALL, WIDE, Desk, answer, quit_by, wait_until
from tests.e2e.screen import Size
from tests.e2e.terminal import Terminal
from tests.e2e.test_detach import stop

CONFIG = """
[alerts.targets.hook]
kind = "webhook"
url_env = "HOOK_URL"
interval = 0.0
[alerts.rules.fills]
on = "fill"
targets = ["hook", "screen", "bell", "desktop"]
[alerts.rules.end]
on = "session_ended"
targets = ["hook"]
"""


@pytest.fixture
def hook() -> Iterator[Receiver]:
    with receiver() as kept:
        yield kept


@pytest.fixture(autouse=True)
def _configured(desk: Desk) -> None:
    (desk.cwd / "config.toml").write_text(CONFIG, encoding="utf-8")


def opened(desk: Desk, hook: Receiver, size: Size) -> Terminal:
    """The cockpit on the rising market, with the address of the webhook in its environment."""
    return desk.open(*desk.rising(), size=size, HOOK_URL=f"{hook.url}/token-4f9a8b7c", NO_PROXY="127.0.0.1")


def ran(desk: Desk, **variables: str) -> str:
    """What a short session without a screen says."""
    done = desk.pipe("--speed", "0", "--duration", "30", command="run", NO_PROXY="127.0.0.1", **variables)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_an_alert_reaches_webhook_screen_bell_and_desktop(desk: Desk, hook: Receiver) -> None:
    terminal = opened(desk, hook, WIDE)
    terminal.wait_for("▌ BUY ")
    terminal.wait_for(lambda screen: b"\x1b]9;sentio-tui: live_" in screen.output)
    asked = terminal.output[terminal.output.index(b"\x1b]9;") :].split(b"\x1b\\")[0].decode()
    assert "(replay): fill: BUY " in asked
    terminal.wait_for(lambda screen: b"\x07" in screen.output)
    wait_until(lambda: hook.posts)
    assert hook.alerts()[0]["text"].startswith("BUY ")
    quit_by(terminal)
    assert terminal.wait_exit() == 0
    assert terminal.left_behind() == []
    assert hook.alerts()[-1]["kind"] == "session_ended"


def test_after_a_detach_the_terminal_is_silent_and_the_rest_goes_on(desk: Desk, hook: Receiver) -> None:
    terminal = opened(desk, hook, SMALL)
    terminal.wait_for("● running")
    terminal.press("d")
    assert terminal.wait_command() == 0
    ann = desk.attach(size=SMALL)
    ann.press("f")
    answer(ann, "and pause?", "y")
    ann.wait_for(lambda screen: b"\x1b]9;sentio-tui: live_" in screen.output)
    ann.press("q")
    assert ann.wait_exit() == 0
    written = len(terminal.output)
    stop(desk, terminal)
    assert not terminal.output[written:].strip(b"\0"), "the byte is the test's own"
    kinds = [each["kind"] for each in hook.alerts()]
    assert kinds[-1] == "session_ended"
    assert kinds.count("fill") >= 2
    (record,) = desk.sessions.glob("*.alerts.jsonl")
    rows = [json.loads(line) for line in record.read_text(encoding="utf-8").splitlines()]
    assert {row["state"] for row in rows} == {"sent"}


def test_the_end_of_a_session_without_a_screen_is_told(desk: Desk, hook: Receiver) -> None:
    ran(desk, HOOK_URL=hook.url)
    assert hook.alerts()[-1]["text"].startswith("Session ended: the configured duration is over; equity ")


def test_the_end_is_told_when_a_session_is_interrupted(desk: Desk, hook: Receiver) -> None:
    place = ("--sessions-dir", str(desk.sessions), *desk.rising())
    terminal = desk.open_command(str(PROGRAM), "run", *place, HOOK_URL=hook.url, NO_PROXY="127.0.0.1")
    terminal.wait_for("Trade: BUY")
    terminal.send_signal(signal.SIGINT)
    assert terminal.wait_exit() == 130
    assert hook.alerts()[-1]["text"].startswith("Session ended: by exit; equity ")


def test_a_variable_that_is_missing_is_told_and_ends_nothing(desk: Desk) -> None:
    assert "Warning: Alerts do not reach hook: the variable HOOK_URL is not set" in ran(desk)
