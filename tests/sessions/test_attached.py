"""A session seen over its socket: the same figures, nothing missed, and one who drives."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from sentio_tui.journal.reader import read_all
from sentio_tui.model.commands import Pause, Start, Stop
from sentio_tui.model.events import CommandGiven, Phase, SessionEnded
from sentio_tui.sessions import wire
from sentio_tui.sessions.attached import NotAttached, glance
from sentio_tui.sessions.base import must_be_told
from sentio_tui.sessions.wheel import READ_ONLY
from tests.sessions.places import simulated
from tests.sessions.serving import PATIENCE, Stage, Told, stage, until


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Stage]:
    with stage(tmp_path / "sessions") as made:
        yield made


def test_a_viewer_sees_what_the_session_is(served: Stage) -> None:
    session = served.run()
    attached = served.attach()
    first = attached.snapshot()
    assert first is not None
    assert attached.name == session.name == first.info.name
    assert attached.journal == session.journal.absolute()
    assert not attached.ends_with_screen
    until(lambda: (now := attached.snapshot()) is not None and now.seq > first.seq)
    attached.close()
    assert not session.is_over
    until(lambda: session.wheel.viewers == ())


def test_the_last_snapshot_is_that_of_the_ended_session(served: Stage) -> None:
    session = served.run()
    attached = served.attach()
    session.close()
    until(lambda: attached.is_over)
    assert attached.failure == ""
    assert attached.snapshot() == session.snapshot()
    last = attached.snapshot()
    assert last is not None
    assert last.phase is Phase.ENDED


def test_every_event_that_must_not_be_missed_is_told_once_and_in_order(served: Stage) -> None:
    session = served.run(simulated(minutes=2000.0, speed=60_000.0))
    attached = served.attach()
    told, seen = Told(attached), attached.snapshot()
    assert seen is not None
    assert session.wait(PATIENCE)
    until(lambda: attached.is_over)
    events = told.pull()
    first = min(events[0].seq, seen.seq + 1)
    wanted = [event for event in read_all(session.journal).events if must_be_told(event) and event.seq >= first]
    assert events == wanted
    assert isinstance(events[-1], SessionEnded)
    assert len(events) > 10


def test_the_socket_is_for_this_user_alone_and_goes_with_the_session(served: Stage) -> None:
    session = served.run()
    path = Path(served.found().socket)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert path.parent.stat().st_uid == os.getuid()
    session.close()
    assert not path.exists()


def test_one_drives_and_another_takes_the_wheel(served: Stage) -> None:
    session = served.run()
    ann, bob = served.attach("ann@pts/1"), served.attach("bob@pts/2")
    until(lambda: ann.seat.viewers == 2 == bob.seat.viewers)
    assert ann.seat.drives
    assert bob.seat.driver == "ann@pts/1"
    told = Told(bob)
    bob.send(Pause())
    until(lambda: told.notices() == ["Pause: ann@pts/1 drives; take the wheel first"])
    bob.take_wheel()
    until(lambda: bob.seat.drives and ann.seat.driver == "bob@pts/2")
    bob.send(Pause())
    until(lambda: (now := ann.snapshot()) is not None and now.phase is Phase.PAUSED)
    heard = Told(ann)
    ann.send(Start())
    until(lambda: heard.notices() == ["Start: bob@pts/2 drives; take the wheel first"])
    session.close()
    given = [event for event in read_all(session.journal).events if isinstance(event, CommandGiven)]
    assert [(type(event.command), event.by) for event in given] == [(Pause, "socket:bob@pts/2"), (Stop, "exit")]


def test_the_screen_here_and_one_over_the_socket_share_the_wheel(served: Stage) -> None:
    session = served.run()
    session.snapshot()
    until(lambda: session.seat.driver)
    ann = served.attach()
    assert not ann.seat.drives
    assert ann.seat.driver == session.seat.driver
    ann.take_wheel()
    until(lambda: not session.seat.drives)
    assert session.seat.driver == "ann@pts/1"
    told = Told(session)
    session.send(Pause())
    until(lambda: told.notices() == ["Pause: ann@pts/1 drives; take the wheel first"])
    ann.close()
    until(lambda: session.seat.driver == "")
    session.send(Pause())
    until(lambda: session.seat.drives)


def test_who_only_watches_can_do_nothing(served: Stage) -> None:
    session = served.run()
    watcher = served.attach("watcher", read_only=True)
    assert watcher.seat.barred == READ_ONLY
    assert session.wheel.driver == ""
    told = Told(watcher)
    watcher.take_wheel()
    watcher.send(Stop())
    until(lambda: told.notices() == [f"Drive: {READ_ONLY}", f"Stop: {READ_ONLY}"])
    assert session.wheel.driver == ""
    session.close()
    given = [event for event in read_all(session.journal).events if isinstance(event, CommandGiven)]
    assert [event.by for event in given] == ["exit"]


def test_a_glance_tells_how_it_is_and_is_no_viewer(served: Stage) -> None:
    session = served.run()
    ann = served.attach()
    seen = glance(served.found())
    assert seen.welcome.process == os.getpid()
    assert seen.seated.viewers == ("ann@pts/1",)
    assert seen.seated.seat.driver == "ann@pts/1"
    assert seen.snapshot.info.name == session.name
    assert ann.seat.viewers == 1


def test_a_session_that_is_gone_cannot_be_attached(served: Stage) -> None:
    session = served.run()
    found = served.found()
    session.close()
    with pytest.raises(NotAttached, match=session.name):
        served.attach(found=found)
    with pytest.raises(NotAttached, match=session.name):
        glance(found)


def test_a_host_whose_words_cannot_be_read_is_named_with_its_version(
    served: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    served.run()
    monkeypatch.setattr("sentio_tui.sessions.host.__version__", "9.9")
    real = wire.encode

    def other(message: wire.FromViewer | wire.FromHost) -> bytes:
        return b"\x00" if isinstance(message, wire.Shown) else real(message)

    monkeypatch.setattr(wire, "encode", other)
    with pytest.raises(NotAttached, match=r"cannot be read.*served by sentio-tui 9\.9.*attach with that one"):
        served.attach()
