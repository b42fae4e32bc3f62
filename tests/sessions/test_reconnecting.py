"""A line that breaks: the screen says so, comes back, and is told everything it missed."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from sentio_tui.journal.names import journal_path
from sentio_tui.journal.reader import read_all
from sentio_tui.model.commands import Pause, Stop
from sentio_tui.model.events import AnyEvent, CommandGiven, Noted, OrderFilled, SessionEnded
from sentio_tui.sessions import attached as attaching
from sentio_tui.sessions import host as hosting
from sentio_tui.sessions.attached import AttachedSession
from sentio_tui.sessions.base import must_be_told
from sentio_tui.sessions.resume import resume
from sentio_tui.sessions.running import NotRunning
from tests.sessions.places import simulated
from tests.sessions.serving import Stage, Told, stage, until

FAST = simulated(minutes=0.0, speed=60_000.0)


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Stage]:
    with stage(tmp_path / "sessions") as made:
        yield made


@contextmanager
def process(served: Stage) -> Iterator[subprocess.Popen[bytes]]:
    """`sentio-tui run` in a process of its own, as soon as it can be attached. It gets no mercy in the end."""
    program = Path(sys.executable).parent / "sentio-tui"
    command = [
        str(program),
        "run",
        "--sessions-dir",
        str(served.folder),
        "--feed",
        "simulated",
        "--speed",
        "6000",
    ]
    environment = {**os.environ, "XDG_RUNTIME_DIR": str(served.sockets.parent)}
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, env=environment) as running:
        try:
            until(lambda: running.poll() is not None or _is_served(served), "the session")
            assert running.poll() is None
            yield running
        finally:
            running.kill()


def _is_served(served: Stage) -> bool:
    try:
        return bool(served.found().socket)
    except NotRunning:
        return False


def wanted(path: Path, events: list[AnyEvent]) -> list[AnyEvent]:
    """What must have been told since the first event that was, notices to the viewer apart."""
    return [event for event in read_all(path).events if must_be_told(event) and event.seq >= events[0].seq]


def told_by(session: AttachedSession, told: Told) -> list[AnyEvent]:
    until(lambda: session.is_over)
    return [event for event in told.pull() if event.seq]


def until_more(told: Told) -> None:
    seen = len(told.pull())
    until(lambda: len(told.pull()) > seen)


def test_a_viewer_that_was_cut_comes_back_and_has_missed_nothing(served: Stage) -> None:
    session = served.run(FAST)
    ann = served.attach()
    told = Told(ann)
    for _ in range(3):
        until_more(told)
        until(lambda: session.wheel.viewers == ("ann@pts/1",))
        served.cut("ann@pts/1", "test")
        until(lambda: ann.seat.cut_off == "test; trying again")
        until(lambda: ann.seat.cut_off == "" and ann.seat.drives)
    session.close()
    events = told_by(ann, told)
    assert events == wanted(session.journal, events)
    assert isinstance(events[-1], SessionEnded)


def test_what_the_host_has_forgotten_is_read_from_the_journal(served: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hosting, "KEPT", 2)
    monkeypatch.setattr(attaching, "PAUSE", 0.5)
    session = served.run(FAST)
    ann = served.attach()
    told = Told(ann)
    until(lambda: any(isinstance(event, OrderFilled) for event in told.pull()))
    seen = told.events[-1].seq
    served.cut("ann@pts/1", "test")
    until(lambda: served.hosts[-1]._forgotten > seen)
    until(lambda: any(event.seq > served.hosts[-1]._forgotten for event in told.pull()))
    session.close()
    events = told_by(ann, told)
    assert events == wanted(session.journal, events)


def test_what_neither_has_is_said_to_be_missing(served: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hosting, "KEPT", 1)
    monkeypatch.setattr(attaching, "PAUSE", 0.5)
    monkeypatch.setattr(attaching, "read_all", lambda path: read_all(path.with_suffix(".nowhere")))
    session = served.run(FAST)
    ann = served.attach()
    told = Told(ann)
    until(lambda: any(isinstance(event, OrderFilled) for event in told.pull()))
    served.cut("ann@pts/1", "test")
    until(lambda: any(isinstance(event, Noted) and event.code == "not_told" for event in told.pull()))
    missing = next(event for event in told.events if isinstance(event, Noted) and event.code == "not_told")
    assert re.match(rf"What happened from event \d+ to {missing.seq} could not be told", missing.text)
    assert str(session.journal) in missing.text


def test_an_end_that_was_not_seen_is_read_from_the_journal(served: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attaching, "PAUSE", 1.0)
    session = served.run(FAST)
    ann = served.attach()
    told = Told(ann)
    until(lambda: told.pull())
    served.cut("ann@pts/1", "test")
    until(lambda: ann.seat.cut_off)
    session.close()
    events = told_by(ann, told)
    assert events == wanted(session.journal, events)
    assert isinstance(events[-1], SessionEnded)
    assert ann.failure == ""
    assert "it ended unseen" in ann.seat.cut_off


def test_a_command_is_never_kept_for_later(served: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attaching, "PAUSE", 1.0)
    session = served.run()
    ann = served.attach()
    told = Told(ann)
    served.cut("ann@pts/1", "test")
    until(lambda: ann.seat.cut_off)
    ann.send(Stop())
    until(lambda: told.notices() == ["Stop: not sent, test; trying again"])
    until(lambda: ann.seat.drives and not ann.seat.cut_off)
    ann.send(Pause())
    session.close()
    until(lambda: ann.is_over)
    given = [event for event in read_all(session.journal).events if isinstance(event, CommandGiven)]
    assert [(type(event.command), event.by) for event in given if event.by != "exit"] in (
        [],
        [(Pause, "socket:ann@pts/1")],
    )


def test_a_killed_process_is_told_from_an_end_in_order(served: Stage) -> None:
    with process(served) as running:
        ann = served.attach()
        running.kill()
        until(lambda: ann.is_over)
        assert ann.failure == f"its process is gone; `sentio-tui resume {ann.name}` goes on with it"


def test_one_that_was_killed_and_resumed_is_looked_at_again(served: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attaching, "PAUSE", 4.0)
    with process(served) as running:
        ann = served.attach()
        told = Told(ann)
        until(lambda: any(isinstance(event, OrderFilled) for event in told.pull()))
        running.kill()
        running.wait()
    until(lambda: ann.seat.cut_off)
    session = served.start(resume(served.folder, ann.name))
    until(lambda: ann.seat.drives and not ann.seat.cut_off)
    session.close()
    events = told_by(ann, told)
    assert events == wanted(journal_path(served.folder, ann.name), events)


def test_a_process_that_does_not_answer_is_noticed(served: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attaching, "PING", 0.5)
    with process(served) as running:
        ann = served.attach()
        running.send_signal(signal.SIGSTOP)
        until(lambda: ann.seat.cut_off)
        assert not ann.is_over
        running.send_signal(signal.SIGCONT)
        until(lambda: ann.seat.drives and not ann.seat.cut_off)


def test_patience_ends(served: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attaching, "PING", 0.5)
    with process(served) as running:
        ann = served.attach(patience=0.5)
        monkeypatch.setattr(attaching, "ANSWER", 0.2)
        running.send_signal(signal.SIGSTOP)
        until(lambda: ann.is_over)
        assert f"no answer for 0.5 s, though process {running.pid} runs it" in ann.failure
