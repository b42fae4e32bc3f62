"""`doctor`: this machine, and what it prints."""

import json
import os
import socket
import sys
from importlib import metadata
from pathlib import Path

import pytest

from sentio_tui import paths
from sentio_tui.alpaca.keys import KEY_ID, SECRET
from sentio_tui.alpaca.preflight import Outcome
from sentio_tui.cli import checkup, main
from sentio_tui.journal.lock import SessionLock
from sentio_tui.sessions.books import family_of
from sentio_tui.sessions.markets import alpaca_plan
from sentio_tui.settings import LadderSettings, MachineSettings, Settings
from tests.exchange.server import ThreadedAlpaca


@pytest.fixture(autouse=True)
def _no_sockets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paths, "socket_dirs", lambda: (tmp_path / "sockets",))


@pytest.fixture
def half_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    """Half of the keys, so that no keyring of this machine is asked."""
    monkeypatch.setenv(KEY_ID, "PKHALF")
    monkeypatch.delenv(SECRET, raising=False)


@pytest.mark.usefixtures("half_keys")
def test_without_keys_it_warns_and_looks_at_the_machine(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor"]) == 0
    out = capsys.readouterr().out
    for name in ("python", "packages", "terminal", "sessions", "disk", "locks", "sockets"):
        assert f"✓ {name}" in out
    assert "! keys" in out
    assert out.splitlines()[-1].endswith("1 warning, 0 failed")


@pytest.mark.usefixtures("half_keys")
def test_a_smoke_test_without_keys_fails(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor", "--smoke", "--json"]) == 1
    (failure,) = [each for each in json.loads(capsys.readouterr().out) if each["outcome"] == "failed"]
    assert failure["name"] == "keys"
    assert failure["advice"]


def test_with_keys_it_asks_the_account(
    threaded_exchange: ThreadedAlpaca, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    alpaca = threaded_exchange.alpaca
    monkeypatch.setenv(KEY_ID, alpaca.key)
    monkeypatch.setenv(SECRET, alpaca.secret)
    settings = {
        "broker.alpaca.url": alpaca.url,
        "feed.alpaca.data_url": alpaca.url,
        "feed.alpaca.stream_url": alpaca.ws_url,
    }
    options = [option for key, value in settings.items() for option in ("--set", f'{key}="{value}"')]
    # The exchange's clock stands in 2025: that, and nothing else that this machine decides, must fail.
    assert main(["doctor", "--profile", "spy", "--symbols", "SPY", "--json", *options]) == 1
    found = {each["name"]: each for each in json.loads(capsys.readouterr().out)}
    assert found["account"]["outcome"] == "ok"
    assert found["clock"]["outcome"] == "failed"
    assert found["symbols"]["outcome"] == "ok"
    assert found["feed iex"]["outcome"] == "ok"
    assert alpaca.secret not in str(found)


def test_the_symbols_are_those_that_a_session_would_trade() -> None:
    settings = Settings(machine=MachineSettings(kind="ladder", ladder=LadderSettings(family="QQQ")))
    assert alpaca_plan(settings, family_of(settings)).symbols == ("QQQ", "TQQQ", "PSQ", "SQQQ")
    assert alpaca_plan(Settings(), None).coins == ["BTC-USD", "ETH-USD", "SOL-USD"]


def test_a_wrong_configuration_is_exit_2(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor", "--set", "broker.alpaca.mode=real"]) == 2
    assert "broker.alpaca.mode" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("requirement", "problem"),
    [
        ("textual==8.2.8", ""),
        ("textual<8,>=7", "textual is 9.1.0rc1, <8 is needed"),
        ("textual>=9.1", ""),
        ("textual<9.1.1,>=9", ""),
        ("nothing-of-that-name>=1", "nothing-of-that-name is missing"),
    ],
)
def test_packages_are_held_against_what_is_asked_for(
    monkeypatch: pytest.MonkeyPatch, requirement: str, problem: str
) -> None:
    real = metadata.version
    version = "8.2.8" if "==" in requirement else "9.1.0rc1"
    monkeypatch.setattr(metadata, "requires", lambda _: [requirement, "ruff>=99; extra == 'dev'"])
    monkeypatch.setattr(metadata, "version", lambda name: version if name == "textual" else real(name))
    (check,) = checkup.packages()
    assert (check.outcome is Outcome.OK) == (not problem)
    assert not problem or check.found == problem


@pytest.mark.parametrize(
    ("environ", "size", "outcomes"),
    [
        ({"TERM": "xterm-256color", "COLORTERM": "truecolor"}, (160, 48), ["ok", "ok"]),
        ({"TERM": "xterm-256color"}, (160, 48), ["ok", "warning"]),
        ({"TERM": "xterm-256color", "COLORTERM": "24bit"}, (60, 48), ["warning", "ok"]),
        ({"TERM": "dumb"}, (160, 48), ["failed", "warning"]),
    ],
)
def test_the_terminal_is_looked_at(
    monkeypatch: pytest.MonkeyPatch, environ: dict[str, str], size: tuple[int, int], outcomes: list[str]
) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setattr("shutil.get_terminal_size", lambda: os.terminal_size(size))
    found = [check.outcome.value for check in checkup.terminal(environ)]
    assert found[:2] == outcomes


def test_a_folder_nobody_may_write_in_fails(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def refuse(**_: object) -> None:
        raise PermissionError(13, "Permission denied")

    assert checkup.writable("sessions", tmp_path / "new" / "one").outcome is Outcome.OK
    assert not (tmp_path / "new").exists()
    monkeypatch.setattr("tempfile.TemporaryFile", refuse)
    check = checkup.writable("sessions", tmp_path)
    assert check.outcome is Outcome.FAILED
    assert f"{tmp_path}: Permission denied" in check.found


@pytest.mark.parametrize(("free", "outcome"), [(10**10, "ok"), (10**8, "warning"), (10**6, "failed")])
def test_a_full_disk_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, free: int, outcome: str) -> None:
    monkeypatch.setattr("shutil.disk_usage", lambda _: type("Usage", (), {"free": free}))
    assert checkup.disk(tmp_path / "not yet").outcome.value == outcome


def test_t23_who_trades_an_account_is_told(tmp_path: Path) -> None:
    accounts = tmp_path / "accounts"
    accounts.mkdir()
    with SessionLock(accounts / "alpaca-paper-abc.lock", "live_20250107_000000", 0):
        (held,) = checkup.locks(tmp_path / "none", accounts)
    assert held.found == f"held: alpaca-paper-abc (session live_20250107_000000, process {os.getpid()})"


def test_t51_locks_that_are_held_and_locks_that_were_left_are_told_apart(tmp_path: Path) -> None:
    (tmp_path / "live_20250106_000000.lock").write_text("{}")
    with SessionLock(tmp_path / "live_20250107_000000.lock", "live_20250107_000000", 0):
        left, held = checkup.locks(tmp_path)
    assert left.outcome is Outcome.WARNING
    assert "live_20250106_000000.lock was left" in left.found
    assert held.found == f"held: live_20250107_000000 (process {os.getpid()})"


def test_sockets_that_answer_and_sockets_that_were_left_are_told_apart(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as dead, socket.socket(socket.AF_UNIX) as alive:
        dead.bind(str(tmp_path / "dead.sock"))
        alive.bind(str(tmp_path / "alive.sock"))
        alive.listen()
        (left,) = checkup.sockets([tmp_path, tmp_path / "nowhere"])
        assert left.outcome is Outcome.WARNING
        assert "dead.sock was left" in left.found
        (tmp_path / "dead.sock").unlink()
        (fine,) = checkup.sockets([tmp_path])
    assert fine.found == "1 in use"
