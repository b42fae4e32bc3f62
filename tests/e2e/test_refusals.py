"""What cannot be done is told in words on a terminal that works, with exit code 2, and leaves nothing on disk."""

from pathlib import Path

import pytest

from tests.e2e.conftest import SMALL, Desk
from tests.e2e.terminal import Terminal

HEADER = "timestamp,symbol,open,high,low,close,volume\n"


def _refused(terminal: Terminal) -> str:
    """What stands on the terminal once the program, refusing, has ended. Where it shows the refusal on its screen
    first, that is left like any other."""
    terminal.wait_for(lambda screen: screen.has_ended or "enter  Close" in screen.text)
    if not terminal.has_ended:
        terminal.press_until("escape", lambda screen: "enter  Close" not in screen.text)
        terminal.press("q")
    assert terminal.wait_exit() == 2
    assert terminal.left_behind() == []
    assert terminal.text.startswith("sentio-tui: ")
    return " ".join(terminal.text.split())


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--strategy", "momentun"), "--strategy: strategy.name: unknown strategy 'momentun': did you mean momentum?"),
        (("--preset", "agressive"), "aggressive"),
        (("--set", "machine.slotz.max_positions=3"), 'machine.slotz: unknown key; did you mean "slots"?'),
        (("--set", "strategy.params.treshold=0.1"), "threshold"),
        (("--feed", "simulatd"), "simulated"),
        (("--profile", "cripto"), "crypto"),
        (("--capital", "0"), "--capital"),
        (("--stratgy", "momentum"), "--stratgy"),
        (("--feed", "recorded", "--data", "nope.csv"), "nope.csv: no such file"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_wrong_options_are_named_with_the_nearest_right_one(desk: Desk, options: tuple[str, ...], message: str) -> None:
    assert message in _refused(desk.open(*options))
    assert not desk.sessions.exists()


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ("", "bars.csv"),
        (HEADER, "bars.csv"),
        ("time,price\n2025-01-06T00:00:00Z,1\n", "bars.csv"),
        (f"{HEADER}2025-01-06T00:00:00Z,BTC-USD,1,2,1,two,3\n", "bars.csv, line 2"),
        (f"{HEADER}2025-01-06T00:00:00Z,BTC-USD,1,1,2,1,3\n", "bars.csv, line 2"),
    ],
    ids=["empty", "no rows", "header", "no number", "high below low"],
)
def test_data_that_cannot_be_traded_is_named_by_its_place(desk: Desk, rows: str, message: str) -> None:
    (desk.cwd / "bars.csv").write_text(rows, encoding="utf-8")
    assert message in _refused(desk.open("--feed", "recorded", "--data", "bars.csv"))
    assert not desk.sessions.exists()


def test_a_wrong_file_of_settings_is_named_by_file_and_line(desk: Desk) -> None:
    (desk.cwd / "config.toml").write_text('[feed]\nspeed = "fast"\nsymbls = ["A"]\n', encoding="utf-8")
    text = _refused(desk.open(size=SMALL))
    for part in ("config.toml", "feed.speed", "feed.symbls", '"symbols"'):
        assert part in text
    assert not desk.sessions.exists()


def test_a_folder_that_cannot_be_written_to_is_named(desk: Desk) -> None:
    file = desk.cwd / "file"
    file.write_text("in the way", encoding="utf-8")
    for folder in (file / "sessions", Path("/proc/sentio")):
        text = _refused(desk.open("--sessions-dir", str(folder)))
        assert f"sessions cannot be kept in {folder}" in text
        assert not folder.exists()


def test_without_a_terminal_the_way_without_a_screen_is_named(desk: Desk) -> None:
    done = desk.pipe()
    assert done.returncode == 2
    assert "`sentio-tui run`" in done.stderr
    assert done.stdout == ""
    assert not desk.sessions.exists()


def test_a_terminal_that_cannot_place_text_is_refused(desk: Desk) -> None:
    terminal = desk.open(size=SMALL, TERM="dumb")
    terminal.wait_for(lambda screen: screen.has_ended or "running" in screen.text or len(screen.output) > 150_000)
    assert terminal.has_ended
    assert "`sentio-tui run`" in _refused(terminal)
