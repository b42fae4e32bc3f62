"""In a replay: what would have fired is told when it comes there, and only then."""

from pathlib import Path

import pytest

from sentio_tui import cli
from sentio_tui.alerts.replaying import remind
from sentio_tui.model.events import Level, Mode, Noted, OrderFilled
from sentio_tui.sessions.base import ALERT
from sentio_tui.sessions.recorded import RecordedSession
from sentio_tui.ui.monitor import Monitor
from tests.alerts.reels import rule
from tests.cli.test_replay import NAME, Screen, screen
from tests.engine.scripts import of
from tests.sessions.reels import Wall, recorded, swings, write
from tests.sessions.serving import until

__all__ = ["screen"]

RULES = {"fills": rule("fill")}


def replayed(tmp_path: Path, wall: Wall) -> RecordedSession:
    session = recorded(swings(), tmp_path, wall)
    thread = remind(session, RULES)
    assert thread is not None
    thread.join()
    return session


def told(session: RecordedSession) -> list[Noted]:
    session.snapshot()
    return of(session.drain(), Noted)


def test_it_is_told_as_the_replay_comes_there(tmp_path: Path) -> None:
    wall = Wall()
    session = replayed(tmp_path, wall)
    session.set_speed(60.0)  # a bar a second
    session.play()
    fills = of(swings(), OrderFilled)
    assert told(session) == []
    notices: list[Noted] = []
    while session.place.is_playing:
        wall.now += 1.0
        notices += told(session)
    assert len(notices) == len(fills)
    assert notices[0].text.startswith("Would have fired: BUY ")
    assert {(note.seq, note.code, note.level) for note in notices} == {(0, ALERT, Level.INFO)}
    assert [note.at for note in notices] == [event.at for event in fills]


def test_what_comes_together_is_one_notice_on_the_screen(tmp_path: Path) -> None:
    wall = Wall()
    session = replayed(tmp_path, wall)
    session.play()
    wall.now += 1e6
    monitor = Monitor(Mode.REPLAY)
    monitor.follow(session)
    monitor.pull()
    (toast,) = monitor.pull().toasts
    assert toast.text.startswith("Would have fired: 16 fills: BUY ")


def test_stepping_bars_tells_it_and_going_back_or_far_does_not(tmp_path: Path) -> None:
    session = replayed(tmp_path, Wall())
    while not told(session):
        session.step_bar(1)
    assert session.place.bar == session.fills[0].bar
    session.step_bar(-1)
    assert told(session) == []
    session.step_bar(1)
    assert len(told(session)) == 1
    session.seek(session.place.events)
    session.seek(1)
    session.step_fill(1)
    assert told(session) == []


def test_without_a_rule_that_is_on_nothing_is_looked_at(tmp_path: Path) -> None:
    session = recorded(swings(), tmp_path)
    assert remind(session, {}) is None
    assert remind(session, {"fills": rule("fill")}) is not None


def test_the_command_replays_with_the_rules_in_force(
    screen: Screen, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write(tmp_path / f"{NAME}.jsonl", swings())
    options = ["--set", "alerts.rules.x.on=fill", "--set", "alerts.rules.x.targets=screen"]
    assert cli.main(["replay", "--sessions-dir", str(tmp_path), NAME, *options]) == 0
    session = screen.session
    assert session is not None
    session.pause()

    def stepped() -> list[Noted]:
        session.seek(1)
        found: list[Noted] = []
        while session.step_bar(1):
            found += told(session)
        return found

    until(lambda: any("Would have fired: BUY" in note.text for note in stepped()))
