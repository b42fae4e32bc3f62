"""Keys and themes of one's own, and what happens where they are wrong."""

import os
import re
from pathlib import Path

from sentio_tui import paths
from tests.e2e.conftest import SMALL, Desk, quit_by
from tests.e2e.screen import Size


def test_a_key_of_the_configuration_takes_the_place_of_the_old_one(desk: Desk, size: Size) -> None:
    (desk.cwd / "config.toml").write_text('[keys]\nquit = "ctrl+g"\n', encoding="utf-8")
    terminal = desk.open("--speed", "60", size=size)
    terminal.wait_for("● running")
    terminal.wait_for("^g Quit")
    # Were `q` still to quit, its question would keep the pause from happening.
    terminal.press("q", "space")
    terminal.wait_for("‖ paused")
    assert "Stop it and quit?" not in terminal.text
    quit_by(terminal, "ctrl+g")
    assert terminal.wait_exit() == 0
    assert terminal.left_behind() == []


def test_wrong_keys_and_themes_fall_back_with_a_notice(desk: Desk) -> None:
    keys = '[keys]\nflatten = "nokey"\nzom = "w"\nstop = "q"\n'
    (desk.cwd / "config.toml").write_text(keys, encoding="utf-8")
    terminal = desk.open("--speed", "60", "--theme", "nosuch")
    terminal.wait_for("'nokey' is not a key")
    terminal.wait_for("no such action (did you mean 'zoom'?)")
    terminal.wait_for("'q' belongs to 'quit'; the default stays")
    terminal.wait_for("There is no theme 'nosuch'; sentio-dark is used.")
    terminal.wait_for("● running")
    assert "x Stop  f Flatten" in terminal.text
    terminal.press("f")
    terminal.wait_for("No position is open.")


def _write(theme: Path, text: str) -> None:
    """Replace a theme file at once, as editors do, so that no half of it is ever read."""
    other = theme.with_suffix(".part")
    other.write_text(text, encoding="utf-8")
    os.replace(other, theme)


def test_a_theme_is_read_again_when_its_file_is_saved(desk: Desk) -> None:
    folder = desk.cwd / "mine"
    folder.mkdir()
    theme = folder / "mine.toml"
    text = (paths.packaged_themes() / "sentio-dark.toml").read_text(encoding="utf-8").replace("sentio-dark", "mine")

    def with_background(colour: str) -> str:
        return re.sub(r'^background = "[^"]*"', f'background = "{colour}"', text, flags=re.MULTILINE)

    _write(theme, with_background("#010203"))
    terminal = desk.open("--speed", "60", "--theme", "mine", "--set", f"ui.themes_dir={folder}", size=SMALL)
    terminal.wait_for(lambda screen: "010203" in screen.colours())
    terminal.wait_for("● running")

    _write(theme, with_background("#040506"))
    terminal.wait_for(lambda screen: "040506" in screen.colours() and "010203" not in screen.colours())

    _write(theme, with_background("#nocolour"))
    terminal.wait_for("Theme file not taken: mine.toml")
    assert "040506" in terminal.colours()

    _write(theme, with_background("#070809"))
    terminal.wait_for(lambda screen: "070809" in screen.colours() and "040506" not in screen.colours())
