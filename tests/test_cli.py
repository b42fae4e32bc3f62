"""The command line: usage, exit codes, and what each command hands on."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import TextIO

import pytest

from sentio_tui import __version__, cli, paths
from sentio_tui.config import ConfigError, Problem
from sentio_tui.feeds.base import FeedError
from sentio_tui.sessions.permit import NONE, Permit
from sentio_tui.sessions.recorder import SessionsFolderError
from sentio_tui.settings import Settings

COMMANDS: list[list[str]] = [[], *([name] for name in cli.COMMANDS)]


@pytest.fixture(autouse=True)
def _place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(paths, "user_config_dir", lambda: tmp_path / "config")
    monkeypatch.setattr(paths, "user_data_dir", lambda: tmp_path / "data")
    for name in os.environ:
        if name.startswith("SENTIO_"):
            monkeypatch.delenv(name)


class FakeSession:
    """Stands for a live session."""

    name = "live_20250106_000000"
    journal = Path("live_20250106_000000.jsonl")

    def __init__(self) -> None:
        self.started = 0
        self.services: list[object] = []
        self.listeners: list[object] = []

    def listen(self, listener: object) -> None:
        self.listeners.append(listener)

    def serve(self, service: object) -> None:
        self.services.append(service)

    def start(self) -> None:
        self.started += 1


class Handed:
    """Takes the place of `assemble` and of the headless runner, and keeps what it was given."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.settings: Settings | None = None
        self.folder: Path | None = None
        self.streams: tuple[TextIO, TextIO | None] | None = None
        self.error: Exception | None = None
        self.code = 0
        self.session = FakeSession()
        monkeypatch.setattr("sentio_tui.sessions.assemble.assemble", self._assemble)
        monkeypatch.setattr("sentio_tui.sessions.headless.run", self._run)

    def _assemble(self, settings: Settings, folder: Path, permit: Permit) -> FakeSession:
        if self.error is not None:
            raise self.error
        self.settings, self.folder = settings, folder
        return self.session

    def _run(self, session: FakeSession, *, log: TextIO, document: TextIO | None, on_hangup: str) -> int:
        assert session is self.session
        assert on_hangup == "detach"
        self.streams = (log, document)
        return self.code


@pytest.fixture
def handed(monkeypatch: pytest.MonkeyPatch) -> Handed:
    return Handed(monkeypatch)


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_help_of_every_command_has_an_example(command: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main([*command, "--help"]) == 0
    text = capsys.readouterr().out
    assert "example" in text
    assert " ".join(["sentio-tui", *command]) in text.partition("example")[2]


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["--version"]) == 0
    assert capsys.readouterr().out == f"sentio-tui {__version__}\n"


@pytest.mark.parametrize(
    "arguments",
    [
        ["--nonsense"],
        ["nonsense"],
        ["run", "--speed"],
        ["run", "--spee", "1"],
        ["--speed", "0", "run"],
        ["sessions", "x"],
    ],
    ids=" ".join,
)
def test_wrong_usage(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(arguments) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert "--help" in err


@pytest.mark.parametrize("flag", ["--config", "--profile", "--data", "--date", "--capital", "--set", "--sessions-dir"])
def test_t39_option_with_an_empty_value_is_refused(flag: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["run", flag, ""]) == 2
    assert f"{flag}: the value is empty" in capsys.readouterr().err


def test_run_hands_on_every_option(handed: Handed, tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text("[profiles.mine.risk]\ndrawdown = 0.5\n")
    arguments = (
        "run --config mine.toml --profile mine --feed recorded --data a.csv --data b.csv --data-symbol SPY "
        "--date 2018-04-04 --strategy breakout --preset balanced --symbols SPY,QQQ --capital 5000 --duration 30 "
        "--speed 0 --seed 3 --set broker.slippage=0 --set strategy.params.threshold=0.5 --sessions-dir kept"
    )
    assert cli.main(arguments.split()) == 0
    settings = handed.settings
    assert settings is not None
    assert (settings.feed.kind, settings.feed.data, settings.feed.data_symbol) == (
        "recorded", ("a.csv", "b.csv"), "SPY",
    )  # fmt: skip
    assert (settings.feed.date, settings.feed.symbols) == ("2018-04-04", ("SPY", "QQQ"))
    assert (settings.feed.speed, settings.feed.seed) == (0, 3)
    assert (settings.session.capital, settings.session.duration) == (5000, 30)
    assert (settings.strategy.name, settings.strategy.preset) == ("breakout", "balanced")
    assert settings.strategy.params == {"threshold": 0.5}
    assert (settings.broker.slippage, settings.risk.drawdown) == (0, 0.5)
    assert handed.folder == tmp_path / "kept"


def test_run_writes_lines_to_stdout(handed: Handed) -> None:
    assert cli.main(["run"]) == 0
    assert handed.streams == (sys.stdout, None)


def test_run_json_writes_only_the_document_to_stdout(handed: Handed) -> None:
    assert cli.main(["run", "--json"]) == 0
    assert handed.streams == (sys.stderr, sys.stdout)


@pytest.mark.parametrize("code", [0, 1, 130])
def test_run_passes_the_exit_code_on(handed: Handed, code: int) -> None:
    handed.code = code
    assert cli.main(["run"]) == code


def test_run_without_a_start_is_left_to_the_runner(handed: Handed) -> None:
    cli.main(["run"])
    assert handed.session.started == 0


@pytest.mark.parametrize("command", ["run", "sessions", "config"])
def test_t39_bad_configuration_is_refused(command: str, capsys: pytest.CaptureFixture[str], handed: Handed) -> None:
    assert cli.main([command, "--set", "feed.speed=fast", "--set", "fed.speed=1"]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert "2 problems" in err
    assert "--set feed.speed: feed.speed:" in err
    assert handed.settings is None


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (
            ConfigError([Problem("", "strategy.name", "there is no such strategy")]),
            "--strategy: strategy.name: there is",
        ),
        (FeedError("bars.csv: no such file"), "bars.csv: no such file"),
        (SessionsFolderError("sessions cannot be kept in /x"), "sessions cannot be kept in /x"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_cannot_be_assembled_is_refused(
    handed: Handed, capsys: pytest.CaptureFixture[str], error: Exception, says: str
) -> None:
    handed.error = error
    assert cli.main(["run", "--strategy", "nonsense", "--json"]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert says in err


def test_interrupt_has_its_own_code(handed: Handed) -> None:
    handed.error = KeyboardInterrupt()  # type: ignore[assignment]  # raised as it is, though no Exception
    assert cli.main(["run"]) == 130


# The cockpit


class Terminal:
    """Pretends there is a terminal, and keeps what the cockpit was given instead of opening it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("sentio_tui.cli.session.why_no_screen", lambda: "")
        monkeypatch.setattr("sentio_tui.process.divide", lambda screen: screen(self))
        self.settings: Settings | None = None
        self.theme_dirs: Sequence[Path] = ()
        self.opening: object = None
        self.launches = 1
        self.told: list[str] = []
        monkeypatch.setattr("sentio_tui.ui.app.Cockpit", self._cockpit)
        monkeypatch.setattr("sentio_tui.ui.app.run", self._run)

    def _cockpit(
        self,
        launch: object,
        settings: Settings,
        theme_dirs: Sequence[Path],
        shell: object,
        *,
        opening: object,
        live: bool,
        accompanied: Callable[[FakeSession], object],
    ) -> object:
        assert shell is self
        assert not live
        resumed = FakeSession()
        assert accompanied(resumed) is resumed
        assert resumed.services, "one that is resumed from the list has the same around it"
        self.settings, self.theme_dirs, self.opening = settings, theme_dirs, opening
        launching = SimpleNamespace(tell=self.told.append, permit=NONE)
        return SimpleNamespace(launch=launch, goes_on=False, is_leaving=False, launching=launching)

    def _run(self, cockpit: SimpleNamespace) -> int:
        for _ in range(self.launches):
            try:
                cockpit.launch()
            except (ConfigError, FeedError):
                continue  # the screen stays and says it
        return 0


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    return Terminal(monkeypatch)


def test_cockpit_without_a_terminal_points_to_run(capsys: pytest.CaptureFixture[str], handed: Handed) -> None:
    assert cli.main([]) == 2
    assert "`sentio-tui run`" in capsys.readouterr().err
    assert handed.settings is None


def test_cockpit_starts_a_session(handed: Handed, terminal: Terminal) -> None:
    assert cli.main(["--theme", "sentio-light", "--speed", "120"]) == 0
    assert terminal.settings is not None
    assert terminal.settings.ui.theme == "sentio-light"
    assert terminal.settings == handed.settings
    assert terminal.theme_dirs[-1] == paths.packaged_themes()
    assert handed.session.started == 1


def test_cockpit_that_could_not_start_says_it_after_the_screen(
    handed: Handed, terminal: Terminal, capsys: pytest.CaptureFixture[str]
) -> None:
    handed.error = FeedError("bars.csv: empty")
    assert cli.main([]) == 2
    assert "bars.csv: empty" in capsys.readouterr().err


def test_browse_opens_the_list_and_starts_nothing(handed: Handed, terminal: Terminal) -> None:
    terminal.launches = 0
    assert cli.main(["browse", "--theme", "sentio-light"]) == 0
    assert terminal.settings is not None
    assert terminal.settings.ui.theme == "sentio-light"
    assert callable(terminal.opening)
    assert handed.session.started == 0


def test_browse_without_a_terminal_points_to_the_table(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["browse"]) == 2
    assert "`sentio-tui sessions`" in capsys.readouterr().err


# Lists


def test_sessions_of_an_empty_folder(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert cli.main(["sessions"]) == 0
    assert capsys.readouterr().out == f"No sessions in {tmp_path / 'data' / 'sessions'}\n"
    assert cli.main(["sessions", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == []


def test_t39_a_named_folder_must_be_there(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert cli.main(["sessions", "--sessions-dir", "absent"]) == 2
    assert f"{tmp_path / 'absent'}: no such folder (from --sessions-dir)" in capsys.readouterr().err


def test_sessions_that_cannot_be_read_are_listed(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "live_20250106_093100.json").write_text("{")
    (tmp_path / "notes.json").write_text("{}")
    assert cli.main(["sessions", "--sessions-dir", "."]) == 0
    header, row = capsys.readouterr().out.splitlines()
    assert header.split()[0] == "session"
    assert row.startswith("live_20250106_093100  unreadable  n/a")
    assert "cannot be read" in row
    assert cli.main(["sessions", "--sessions-dir", ".", "--json"]) == 0
    (listed,) = json.loads(capsys.readouterr().out)
    assert listed["state"] == "unreadable"


def test_strategies(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["strategies"]) == 0
    text = capsys.readouterr().out
    for name in ("momentum", "mean_reversion", "breakout", "ma_crossover", "volatility"):
        assert f"{name}: " in text
    assert cli.main(["strategies", "--json"]) == 0
    listed = json.loads(capsys.readouterr().out)
    momentum = next(entry for entry in listed if entry["name"] == "momentum")
    threshold = next(row for row in momentum["parameters"] if row["name"] == "threshold")
    assert threshold["values"] == {"conservative": 0.02, "balanced": 0.015, "aggressive": 0.01}
    assert threshold["description"]
    assert threshold["bounds"]


def test_config_shows_values_places_and_keys(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["config", "--speed", "0", "--set", "keys.flatten=F,nonsense+x"]) == 0
    out, err = capsys.readouterr()
    lines = {line.split()[0]: line for line in out.splitlines() if line}
    assert lines["feed.speed"].split() == ["feed.speed", "=", "0.0", "#", "--speed"]
    assert "(packaged, profile crypto)" in lines["strategy.preset"]
    assert '= "q"' in lines["keys.quit"]
    assert "keys.flatten" in err


def test_output_cut_off_by_its_reader_is_no_crash() -> None:
    command = f"{sys.executable} -m sentio_tui config | head -n 1"
    done = subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("# Profile")
    assert done.stderr == ""


def test_who_runs_a_session_opens_it_to_viewers(handed: Handed) -> None:
    assert cli.main(["run"]) == 0
    assert [type(service).__name__ for service in handed.session.services] == ["Host", "Alerts"]
    assert len(handed.session.listeners) == 1
