"""The tests' own terminal: it sees what a program leaves behind, and what it draws."""

import sys

import pytest

from tests.e2e.conftest import SMALL, Desk
from tests.e2e.screen import Place


def _writes(text: str, then: str = "") -> tuple[str, ...]:
    return (sys.executable, "-c", f"import sys, termios, tty; sys.stdout.write({text!r}); sys.stdout.flush(); {then}")


@pytest.mark.parametrize(
    ("text", "then", "complaint"),
    [
        ("\x1b[?1049h", "", "the alternate screen: on"),
        ("\x1b[?25l", "", "the cursor: off"),
        ("\x1b[?1000;1006h\x1b[?1000l", "", "mouse reports (SGR): on"),
        ("\x1b[>25u", "", "keyboard protocol: pushed 1 times, popped 0 times"),
        ("", "tty.setraw(0)", "the line settings (termios)"),
        ("\x1b[?1049h\x1b[?25l\x1b[?25h\x1b[?1049l", "", None),
    ],
)
def test_what_is_left_behind_is_told(desk: Desk, text: str, then: str, complaint: str | None) -> None:
    terminal = desk.open_command(*_writes(text, then), size=SMALL)
    assert terminal.wait_exit() == 0
    assert terminal.left_behind() == ([complaint] if complaint else [])


def test_what_stood_there_comes_back_from_behind_the_alternate_screen(desk: Desk) -> None:
    terminal = desk.open_command(
        *_writes("before\x1b[?1049h\x1b[2;3H\x1b[1;38;2;1;2;255mthere", "input(); sys.stdout.write('\\x1b[?1049l')"),
        size=SMALL,
    )
    terminal.wait_for("there")
    assert terminal.find("there") == Place(2, 1)
    assert "before" not in terminal.text
    assert terminal.cell(Place(2, 1)).fg == "0102ff"
    assert terminal.cell(Place(2, 1)).bold
    terminal.press("enter")
    assert terminal.wait_exit() == 0
    assert "before" in terminal.text
    assert "there" not in terminal.text


def test_what_never_comes_fails_with_the_screen_as_it_is(desk: Desk) -> None:
    terminal = desk.open_command(*_writes("only this"), size=SMALL)
    with pytest.raises(AssertionError, match=r"(?s)not on the screen.*: something else.*only this"):
        terminal.wait_for("something else")
