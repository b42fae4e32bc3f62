"""Keys that arrive in one read, as on a slow line or when a text is pasted, and bytes that are no keys."""

from tests.e2e.conftest import SMALL, Desk, answer, go_to, shows
from tests.e2e.terminal import Terminal


def _running(desk: Desk) -> Terminal:
    terminal = desk.open("--speed", "60", size=SMALL)
    terminal.wait_for("● running")
    return terminal


def test_what_comes_with_the_slash_is_typed_into_the_filter(desk: Desk) -> None:
    terminal = _running(desk)
    go_to(terminal, "6 Log")
    terminal.press("/flatten xsq")
    terminal.wait_for(lambda screen: "/flatten xsq " in screen.pane("6 Log") or "● running" not in screen.text)
    assert "● running" in terminal.text
    terminal.press("\x1b")
    terminal.wait_for(shows("6 Log", "Phase: running"))
    terminal.press("4q")
    terminal.wait_for("Stop it and quit?")
    answer(terminal, "Stop it and quit?", "n")
    terminal.press("6/Feed\r4")
    terminal.wait_for("4 Trades")
    terminal.press("6")
    terminal.wait_for(shows("6 Log", "/Feed "))


def test_what_comes_with_the_key_of_palette_help_or_question_goes_to_them(desk: Desk) -> None:
    terminal = _running(desk)
    terminal.press(":flatten\r")
    terminal.wait_for("Cancel open orders, close every position")
    assert "Find an action" not in terminal.text, "the text stands where the hint was"
    terminal.press_until("\r", "No position is open.")
    answer(terminal, "No position is open.", "n")
    terminal.press("?fx ")
    terminal.wait_for("─  Help")
    terminal.press("q")
    terminal.wait_gone("─  Help")
    terminal.press("fy\ry")
    terminal.wait_for("No position is open.")
    answer(terminal, "No position is open.", "n")
    assert "● running" in terminal.text


def test_pasted_text_never_steers(desk: Desk) -> None:
    terminal = _running(desk)
    terminal.paste("x\ns q\x1b[31m and what comes after an escape is pasted as well: x y q\x1b[0m")
    terminal.wait_for("Pasted text does nothing here")
    assert "● running" in terminal.text
    go_to(terminal, "6 Log")
    terminal.press("/")
    terminal.paste("Feed\nx")
    terminal.wait_for(shows("6 Log", "/Feed "))
    assert "● running" in terminal.text


def test_bytes_that_are_no_text_end_nothing(desk: Desk) -> None:
    terminal = _running(desk)
    go_to(terminal, "6 Log")
    terminal.send(b"\xff\xfe/\xc3(x\x80y")
    terminal.wait_for(shows("6 Log", "(x"))
    assert "● running" in terminal.text
