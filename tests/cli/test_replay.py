"""`replay`: what it refuses, and what it opens."""

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from sentio_tui import cli
from sentio_tui.model.events import Mode
from sentio_tui.sessions.recorded import RecordedSession
from sentio_tui.sessions.recording import NoRecording
from sentio_tui.settings import Settings
from tests.sessions.reels import swings, write

NAME = "live_20250106_000000"


class Screen:
    """Stands in for the cockpit: opens the session and keeps it."""

    def __init__(self) -> None:
        self.session: RecordedSession | None = None
        self.mode: Mode | None = None
        self.theme = ""

    def cockpit(
        self, launch: Callable[[], RecordedSession], settings: Settings, theme_dirs: object, *, mode: Mode | None
    ) -> Callable[[], RecordedSession]:
        self.mode, self.theme = mode, settings.ui.theme
        return launch

    def run(self, launch: Callable[[], RecordedSession]) -> int:
        with suppress(NoRecording, ValueError):  # the screen stays and says it
            self.session = launch()
        return 0


@pytest.fixture
def screen(monkeypatch: pytest.MonkeyPatch) -> Screen:
    made = Screen()
    monkeypatch.setattr("sentio_tui.cli.replay.why_no_screen", lambda: "")
    monkeypatch.setattr("sentio_tui.ui.app.Cockpit", made.cockpit)
    monkeypatch.setattr("sentio_tui.ui.app.run", made.run)
    return made


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write(tmp_path / f"{NAME}.jsonl", swings())
    return tmp_path


def replay(folder: Path, *options: str) -> int:
    return cli.main(["replay", "--sessions-dir", str(folder), *options])


def test_it_opens_at_the_start_and_plays(screen: Screen, folder: Path) -> None:
    assert replay(folder, NAME, "--theme", "sentio-light") == 0
    assert screen.session is not None
    place = screen.session.place
    assert (place.bar, place.speed, place.is_playing) == (0, 60.0, True)
    assert (screen.mode, screen.theme) == (Mode.REPLAY, "sentio-light")


def test_it_opens_at_a_time_and_stands_still(screen: Screen, folder: Path) -> None:
    assert replay(folder, NAME, "--at", "0:20", "--speed", "250") == 0
    assert screen.session is not None
    place = screen.session.place
    assert (place.bar, place.speed, place.is_playing) == (20, 250.0, False)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("live_20250106_000001",), f"Did you mean {NAME}?"),
        ((), "the following arguments are required: SESSION"),
        ((NAME, "--at", "noon"), "'noon' is no time; write HH:MM or YYYY-MM-DD HH:MM"),
        ((NAME, "--at", "25:00"), "'25:00' is no time"),
        ((NAME, "--at", "23:00"), "23:00 is not in this session, which runs from 2025-01-06 00:00 to"),
        ((NAME, "--speed", "0"), "'0' is no speed from 0.25 to 1000"),
        ((NAME, "--speed", "nan"), "'nan' is no speed"),
        ((NAME, "--speed", "fast"), "'fast' is no speed"),
    ],
)
def test_what_is_wrong_is_told(
    screen: Screen, folder: Path, capsys: pytest.CaptureFixture[str], options: tuple[str, ...], told: str
) -> None:
    assert replay(folder, *options) == 2
    assert told in capsys.readouterr().err
    assert screen.session is None


def test_a_session_with_nothing_but_a_summary_is_told(
    screen: Screen, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "live_20200101_000000.json").write_text("{}")
    assert replay(folder, "live_20200101_000000") == 2
    assert "It has no journal, so it cannot be replayed" in capsys.readouterr().err


def test_an_empty_journal_is_told(screen: Screen, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / f"{NAME}.jsonl").write_bytes(b"")
    assert replay(folder, NAME) == 2
    assert "has no events" in capsys.readouterr().err


def test_without_a_terminal_it_says_so(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert replay(folder, NAME) == 2
    assert "needs a terminal" in capsys.readouterr().err
