"""Who drives a session: at most one, and everyone knows who."""

import threading
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from sentio_tui.model.commands import Pause, Start
from sentio_tui.model.events import AnyEvent, CommandGiven, Level, Noted
from sentio_tui.sessions.assemble import assemble
from sentio_tui.sessions.base import must_be_told
from sentio_tui.sessions.live import LiveSession
from sentio_tui.sessions.wheel import READ_ONLY, WHEEL, Wheel, notice, who
from tests.sessions.places import simulated


def test_the_first_who_may_drives_and_the_wheel_is_free_when_it_goes() -> None:
    wheel = Wheel()
    wheel.join("watcher", READ_ONLY)
    assert wheel.driver == ""
    wheel.join("ann")
    wheel.join("bob")
    assert wheel.driver == "ann"
    wheel.leave("ann")
    assert wheel.driver == ""
    assert wheel.viewers == ("watcher", "bob")


def test_a_free_wheel_is_not_for_who_comes_while_others_watch() -> None:
    wheel = Wheel()
    for name in ("ann", "bob"):
        wheel.join(name)
    wheel.leave("ann")
    wheel.join("eve")
    assert wheel.driver == ""
    assert wheel.steer("bob") == ""
    assert wheel.steer("eve") == "bob drives; take the wheel first"
    wheel.leave("bob")
    wheel.leave("eve")
    wheel.join("watcher", READ_ONLY)
    wheel.join("ann")
    assert wheel.driver == "ann", "nobody else is there who could"


def test_who_watches_takes_the_wheel_before_it_commands() -> None:
    wheel = Wheel()
    wheel.join("ann")
    wheel.join("bob")
    assert wheel.steer("ann") == ""
    assert wheel.steer("bob") == "ann drives; take the wheel first"
    assert wheel.take("bob") == ""
    assert wheel.steer("ann") == "bob drives; take the wheel first"
    assert wheel.seat("bob").drives


def test_while_nobody_drives_who_commands_does() -> None:
    wheel = Wheel()
    wheel.join("ann")
    wheel.join("bob")
    wheel.leave("ann")
    assert wheel.steer("bob") == ""
    assert wheel.driver == "bob"


def test_who_only_watches_never_drives() -> None:
    wheel = Wheel()
    wheel.join("watcher", READ_ONLY)
    assert wheel.take("watcher") == READ_ONLY
    assert wheel.steer("watcher") == READ_ONLY
    assert wheel.seat("watcher").refusal == READ_ONLY
    assert wheel.driver == ""


def test_two_of_one_name_are_told_apart() -> None:
    wheel = Wheel()
    assert [wheel.join("ann"), wheel.join("ann"), wheel.join("ann")] == ["ann", "ann #2", "ann #3"]
    assert wheel.steer("ann #2")


_DEEDS = st.lists(st.tuples(st.sampled_from(["join", "bar", "leave", "take", "steer"]), st.integers(0, 5)), max_size=60)


@given(_DEEDS)
def test_at_most_one_drives_whatever_they_do(deeds: list[tuple[str, int]]) -> None:
    wheel = Wheel()
    told: list[str] = []
    wheel.listen(lambda: told.append(wheel.driver))
    for deed, number in deeds:
        here = wheel.viewers
        if deed in {"join", "bar"}:
            wheel.join("someone", READ_ONLY if deed == "bar" else "")
        elif number < len(here):
            {"leave": wheel.leave, "take": wheel.take, "steer": wheel.steer}[deed](here[number])
        seats = [wheel.seat(name) for name in wheel.viewers]
        if deed == "join" and any(not wheel.seat(name).barred for name in here):
            assert not wheel.seat(wheel.viewers[-1]).drives, "who comes takes nothing from those who could drive"
        assert sum(seat.drives for seat in seats) == bool(wheel.driver)
        assert not any(seat.drives and seat.barred for seat in seats)
        assert all(seat.driver == wheel.driver for seat in seats)
    if told:
        assert told[-1] == wheel.driver


class Here:
    """A session in this process, and a way to have something done on its thread."""

    def __init__(self, folder: Path) -> None:
        self.events: list[AnyEvent] = []
        self.session: LiveSession = assemble(simulated(speed=60.0, minutes=0.0), folder)
        self.session.listen(self.events.extend)
        self.session.start()

    def commands(self) -> list[CommandGiven]:
        return [event for event in self.events if isinstance(event, CommandGiven)]

    def settled(self) -> None:
        """What was asked for before is done."""
        done = threading.Event()
        self.session._call(done.set)
        assert done.wait(60.0)


def test_the_screen_of_the_process_is_a_viewer_like_any_other(tmp_path: Path) -> None:
    here = Here(tmp_path)
    session = here.session
    session.snapshot()
    here.settled()
    assert session.seat.driver == who()
    assert session.seat.drives
    session.send(Pause())
    here.settled()
    session._call(session.wheel.join, "bob@pts/9")
    session._call(session.wheel.take, "bob@pts/9")
    session.send(Start())
    here.settled()
    assert not session.seat.drives
    notices = [event.text for event in session.drain() if isinstance(event, Noted) and event.code == WHEEL]
    assert notices == ["Start: bob@pts/9 drives; take the wheel first"]
    session.take_wheel()
    session.send(Start())
    here.settled()
    assert session.seat.drives
    session.leave_screen()
    here.settled()
    assert session.wheel.driver == ""
    session.close()
    given = [(type(event.command), event.by) for event in here.commands()]
    assert given[:2] == [(Pause, "keyboard"), (Start, "keyboard")]
    assert [by for _, by in given[2:]] == ["exit"]


def test_notice_is_always_told_and_a_quiet_note_of_the_session_never() -> None:
    assert must_be_told(notice("The dashboard is at http://127.0.0.1:8888/", 0, Level.INFO))
    assert must_be_told(notice("Nobody can attach to this session", 0))
    assert not must_be_told(Noted(7, 0, Level.INFO, "c", "a line for the log"))
