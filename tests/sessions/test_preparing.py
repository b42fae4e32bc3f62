"""What is made before a session: in another process, told as it goes, given up when nobody waits."""

import sys
from collections.abc import Callable, Sequence

import pytest

from sentio_tui.sessions import preparing
from sentio_tui.sessions.preparing import NotWanted, prepare, run_elsewhere
from sentio_tui.settings import BookSettings, Settings, StrategySettings
from sentio_tui.strategies import registry


def script(code: str) -> list[str]:
    return [sys.executable, "-c", code]


def test_lines_are_told_as_they_come() -> None:
    told: list[str] = []
    code = (
        "import sys; print('one', flush=True); sys.stdout.write('tw'); sys.stdout.flush(); print('o'); print('three')"
    )
    assert run_elsewhere(script(code), told.append, lambda: True) == ""
    assert told == ["one", "two", "three"]


def test_a_failure_is_its_last_word() -> None:
    assert run_elsewhere(script("raise SystemExit('out of memory')"), print, lambda: True) == "out of memory"
    assert run_elsewhere(script("import os; os._exit(3)"), print, lambda: True) == "exit code 3"
    assert "No such file" in run_elsewhere(["/nowhere/python"], print, lambda: True)


def test_what_nobody_waits_for_is_killed() -> None:
    told: list[str] = []
    endless = script("import time; print('begun', flush=True)\nwhile True: time.sleep(60)")
    with pytest.raises(NotWanted):
        run_elsewhere(endless, told.append, lambda: not told)
    assert told == ["begun"]


def test_the_other_process_prepares_the_strategy_it_is_told() -> None:
    told: list[str] = []
    command = [sys.executable, "-P", "-m", preparing.__name__, "online_ensemble"]
    assert run_elsewhere(command, told.append, lambda: True) == ""
    assert [line.rpartition("(")[2] for line in told] == ["1 of 2)", "2 of 2)"]


class Slow:
    """Stands for a strategy class that has something to prepare."""

    prepared = False
    calls: tuple[str, ...] = ()

    @classmethod
    def is_prepared(cls) -> bool:
        cls.calls += ("asked",)
        return cls.prepared

    @classmethod
    def prepare(cls, progress: Callable[[str], None]) -> None:
        cls.calls += ("prepared",)
        progress("the rest, here")


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> type[Slow]:
    """Is found under the name "slow", beside the strategies there are."""

    class Fresh(Slow):
        pass

    find = registry.find
    monkeypatch.setattr(registry, "find", lambda name: Fresh if name == "slow" else find(name))
    return Fresh


def settings(*names: str) -> Settings:
    books = tuple(BookSettings(f"book {index}", 0.1, StrategySettings(name)) for index, name in enumerate(names))
    return Settings(books=books)


@pytest.mark.parametrize(
    ("trouble", "kept", "wanted"),
    [
        ("", True, ["elsewhere", "the rest, here"]),
        ("", False, ["elsewhere", "slow: what was made could not be kept; it is made again here", "the rest, here"]),
        ("no memory", True, ["elsewhere", "slow: making it ready in another process failed (no memory); it is tried"
                             " here", "the rest, here"]),
    ],
)  # fmt: skip
def test_each_strategy_that_needs_it_is_prepared_elsewhere_once_and_loaded_here(
    slow: type[Slow], monkeypatch: pytest.MonkeyPatch, trouble: str, kept: bool, wanted: list[str]
) -> None:
    commands: list[Sequence[str]] = []

    def elsewhere(command: Sequence[str], tell: Callable[[str], None], is_wanted: Callable[[], bool]) -> str:
        commands.append(command)
        tell("elsewhere")
        slow.prepared = kept
        return trouble

    monkeypatch.setattr(preparing, "run_elsewhere", elsewhere)
    told: list[str] = []
    prepare(settings("momentum", "slow", "no such strategy", "slow"), told.append)
    assert told == wanted
    assert [command[-1] for command in commands] == ["slow"]
    assert slow.calls[-1] == "prepared"


def test_what_is_prepared_starts_no_process(slow: type[Slow], monkeypatch: pytest.MonkeyPatch) -> None:
    def elsewhere(*_: object) -> str:
        raise AssertionError("another process was started")

    monkeypatch.setattr(preparing, "run_elsewhere", elsewhere)
    slow.prepared = True
    prepare(settings("slow", "momentum"), lambda line: None)
    prepare(Settings(), lambda line: None)
    assert slow.calls == ("asked", "prepared")
